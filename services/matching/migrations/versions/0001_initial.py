"""Create the tables of matching.

Revision: 0001, after: none
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.bus.db.erasure import CLOSED, FUNCTION, GONE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables, one subject after the other."""
    _create_event_bus()
    _create_identity()
    _create_register()
    _create_calls()
    _create_provisional_matches()
    _create_runs()
    _create_matches()
    _create_visits()
    _create_mentorships()
    _create_board()


def downgrade() -> None:
    """Drop all tables, in the reverse order."""
    _drop("activity")
    _drop("session", "goal", "signature", "mentorship")
    _drop("date_plan", "stay", "case_record", "attendance", "visit")
    _drop("replacement", "ring_leg", "match")
    _drop("option_set", "what_if", "cohort_draft", "cohort_job", "receipt", "cohort", "run_inputs", "run")
    _drop("vacancy", "standing", "pool")
    _drop("seat", "candidate", "call")
    _drop("need", "exclusion", "fund", "organisation", "partner")
    _drop("used_ticket", "suspension", "access")
    _drop(
        "request_key",
        "lease",
        "unknown_type",
        "set_aside",
        "deferred_reaction",
        "dead_letter",
        "applied_sequence",
        "read_position",
        "sent_record",
        "outbox",
        "erasure",
        "journal",
        "aggregate",
    )
    op.execute(GONE)


def _create_event_bus() -> None:
    """What was done and is to be sent, what was read, and what was set aside (`shared/bus`)."""
    op.create_table(
        "aggregate",
        sa.Column("aggregatetype", sa.Text(), nullable=False, comment="The topic that tells of it"),
        sa.Column("aggregateid", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="Of the newest event; 0 before the first"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="Head of the chain over the digests"),
        sa.Column("correlationid", sa.Text(), nullable=False, comment="Whose story it belongs to"),
        sa.PrimaryKeyConstraint("aggregatetype", "aggregateid", name="aggregate_pkey"),
        comment="One row an aggregate: locked before an event is added, so that its events have one order",
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("aggregatetype", sa.Text(), nullable=False),
        sa.Column("aggregateid", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False, comment="Text, because jsonb would change its bytes"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False, comment="Domain time"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("correlationid", sa.Text(), nullable=False),
        sa.Column("causationid", sa.Uuid(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the payload as it was written"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the hash before it and the digest"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="journal_pkey"),
        sa.UniqueConstraint("aggregatetype", "aggregateid", "sequence", name="journal_sequence_key"),
        comment="What was done: insert-only, the lasting record",
    )
    op.create_index("journal_correlation", "journal", ["correlationid"])
    op.create_table(
        "erasure",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("digest_after", sa.LargeBinary(), nullable=False, comment="SHA-256 of the shortened payload"),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False, comment="By the key of erasures, which no database knows"),
        sa.PrimaryKeyConstraint("journal_id", name="erasure_pkey"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="erasure_journal_id_fkey"),
        comment="Which payloads of the journal were cut; written by erase_payload only",
    )
    op.execute(FUNCTION)
    op.execute(CLOSED)
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("aggregatetype", sa.Text(), nullable=False),
        sa.Column("aggregateid", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlationid", sa.Text(), nullable=False),
        sa.Column("causationid", sa.Uuid(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name="outbox_pkey"),
        comment="The outbox: what the relay has still to send; columns named as Debezium's outbox router names them",
    )
    op.create_table(
        "sent_record",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name="sent_record_pkey"),
        comment="Where the log acknowledged an event; kept a day, to notice and mend a log that lost records",
    )
    op.create_index("sent_record_age", "sent_record", ["sent_at"])
    op.create_table(
        "read_position",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column(
            "last_ce_id",
            sa.Uuid(),
            nullable=True,
            comment="The record before next_offset: tells whether the log is still the same",
        ),
        sa.PrimaryKeyConstraint("topic", "partition", name="read_position_pkey"),
        comment="How far each partition was read: the truth, and the fence between two instances",
    )
    op.create_table(
        "applied_sequence",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="Of the newest event that the state holds"),
        sa.Column("ce_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reacted", sa.BigInteger(), nullable=False, comment="Of the newest event reacted to; a rebuild keeps it"
        ),
        sa.PrimaryKeyConstraint("subject", "topic", "source", name="applied_sequence_pkey"),
        comment="What was applied, by subject: what comes again is dropped",
        postgresql_with={"fillfactor": 60},
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True, comment="Empty where it cannot be read"),
        sa.Column("ce_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=False, comment="Pairs of name and base64 of the bytes"),
        sa.Column("reason", sa.Text(), nullable=False, comment="undecodable, contract, source, failed, fork, gap or behind"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Empty while it waits for a person or for what is missing",
        ),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True, comment="redriven, skipped or healed"),
        sa.Column("settled_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dead_letter_pkey"),
        comment="Events that could not be applied, whole, until a person or the missing event settles them",
    )
    op.create_index(
        "dead_letter_event_once",
        "dead_letter",
        ["topic", "ce_id"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL AND ce_id IS NOT NULL"),
    )
    op.create_index(
        "dead_letter_once",
        "dead_letter",
        ["topic", "partition", "offset"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index("dead_letter_open", "dead_letter", ["topic", "subject", "id"], postgresql_where=sa.text("settled_at IS NULL"))
    op.create_table(
        "deferred_reaction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("for_topic", sa.Text(), nullable=False),
        sa.Column("for_subject", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("ce_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="deferred_reaction_pkey"),
        sa.UniqueConstraint("ce_id", "for_topic", "for_subject", name="deferred_reaction_once"),
        comment="Reactions whose subject has not arrived",
    )
    op.create_index("deferred_reaction_for", "deferred_reaction", ["for_topic", "for_subject"])
    op.create_table(
        "set_aside",
        sa.Column("work", sa.Text(), nullable=False, comment="Which worker left it out"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False, comment="What the worker looks at in one go, such as a call"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("work", "subject", name="set_aside_pkey"),
        comment="What a worker left out because it fails, so that the rest goes on; gone once it succeeds",
    )
    op.create_table(
        "request_key",
        sa.Column("sender", sa.Text(), nullable=False, comment="Who sent the request"),
        sa.Column("key", sa.Text(), nullable=False, comment="Its Idempotency-Key"),
        sa.Column("request", sa.LargeBinary(), nullable=False, comment="SHA-256 of method, address and body"),
        sa.Column("rights", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the sender was allowed to do"),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.SmallInteger(), comment="Empty until it is answered"),
        sa.Column("headers", postgresql.JSONB()),
        sa.Column("body", sa.Text(), comment="Sealed, since an answer may contain a secret"),
        sa.PrimaryKeyConstraint("sender", "key", name="request_key_pkey"),
        comment="Requests of the last day that had a key, with their answers: a repeat acts no second time",
    )
    op.create_index("request_key_since", "request_key", ["since"])
    op.create_table(
        "unknown_type",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", "type", name="unknown_type_pkey"),
        comment="Types that this reader does not know yet: rebuild once it has learnt them",
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="Grows with each new holder; a commit checks it"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="lease_pkey"),
        comment="What is done by one at a time",
    )


def _create_identity() -> None:
    """Who has which grants, which countries are suspended, which sign-in tickets are used (`shared/identity`)."""
    op.create_table(
        "access",
        sa.Column("subject", sa.Text(), nullable=False, comment="Sign-in subject"),
        sa.Column("grants", postgresql.JSONB(), nullable=False, comment="All grants, past and future ones too"),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="Domain time of the AccessChanged"),
        sa.PrimaryKeyConstraint("subject", name="access_pkey"),
    )
    op.create_index(
        "access_grants", "access", ["grants"], postgresql_ops={"grants": "jsonb_path_ops"}, postgresql_using="gin"
    )
    op.create_table(
        "suspension",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column(
            "since",
            sa.Date(),
            nullable=True,
            comment="From this day on no grant for the country counts; none: it is reinstated",
        ),
        sa.Column(
            "cut_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Real time: sign-ins and tokens from before it count no more, after a reinstatement neither",
        ),
        sa.PrimaryKeyConstraint("country", name="suspension_pkey"),
    )
    op.create_table(
        "used_ticket",
        sa.Column("id", sa.Text(), nullable=False, comment="jti of a ticket that was exchanged for a cookie"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="Real time; then forgotten"),
        sa.PrimaryKeyConstraint("id", name="used_ticket_pkey"),
    )
    op.create_index("used_ticket_until", "used_ticket", ["until"])


def _create_register() -> None:
    """What matching needs of the register."""
    op.create_table(
        "partner",
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("country", name="partner_pkey"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="organisation_pkey"),
    )
    op.create_table(
        "fund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="fund_pkey"),
    )
    op.create_table(
        "exclusion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="exclusion_pkey"),
    )
    op.create_table(
        "need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="need_pkey"),
    )


def _create_calls() -> None:
    """Calls, their applications, and the places that can be taken."""
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="call_pkey"),
    )
    op.create_table(
        "candidate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("profile", postgresql.JSONB(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="candidate_pkey"),
    )
    op.create_index("candidate_changed_at", "candidate", ["changed_at"])
    op.create_index("candidate_country", "candidate", ["country", "reference"])
    op.create_index("candidate_due", "candidate", ["due"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_index("candidate_pool", "candidate", ["call_id", "state", "id"])
    op.create_index("candidate_reference", "candidate", ["reference"])
    op.create_table(
        "seat",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="seat_pkey"),
    )
    op.create_index("seat_call", "seat", ["call_id", "kind", "id"])
    op.create_index("seat_country", "seat", ["country", "reference"])


def _create_provisional_matches() -> None:
    """How far each call is matched, where each application stands, and places that fell free."""
    op.create_table(
        "pool",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("input_version", sa.Integer(), nullable=False),
        sa.Column("matched_version", sa.Integer(), nullable=False),
        sa.Column("matched_on", sa.Date(), nullable=True),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pool_pkey"),
    )
    op.create_table(
        "standing",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("host_score", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("feasible", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="standing_pkey"),
    )
    op.create_index("standing_call", "standing", ["call_id", "kind", "seat_id"])
    op.create_index("standing_since", "standing", ["since"])
    op.create_table(
        "vacancy",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="vacancy_pkey"),
    )
    op.create_index("vacancy_call", "vacancy", ["call_id", "match_id"])


def _create_runs() -> None:
    """Committed runs with their inputs and receipts, cohorts committed by a job, and what-if runs."""
    op.create_table(
        "run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_by", sa.String(), nullable=False),
        sa.Column("event", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="run_pkey"),
    )
    op.create_index("run_call", "run", ["call_id", "finished_at"])
    op.create_index("run_finished_at", "run", ["finished_at"])
    op.create_table(
        "run_inputs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("problem", sa.LargeBinary(), nullable=False),
        sa.Column("pairs", sa.LargeBinary(), nullable=False),
        sa.Column("overrides", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="run_inputs_pkey"),
    )
    op.create_table(
        "cohort",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("committed_by", sa.String(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ring", sa.Uuid(), nullable=True),
        sa.Column("pairs", postgresql.JSONB(), nullable=False),
        sa.Column("matches", postgresql.JSONB(), nullable=False),
        sa.Column("runs", postgresql.JSONB(), nullable=False),
        sa.Column("unmatched", sa.Integer(), nullable=False),
        sa.Column("reserves", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", "number", name="cohort_pkey"),
    )
    op.create_table(
        "receipt",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="receipt_pkey"),
    )
    op.create_table(
        "cohort_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen", postgresql.JSONB(), nullable=True),
        sa.Column("effort", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=True),
        sa.Column("runs", postgresql.JSONB(), nullable=True),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("unmatched", sa.Integer(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("reserves", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("option", postgresql.JSONB(), nullable=True),
        sa.Column("choices", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="cohort_job_pkey"),
    )
    op.create_table(
        "cohort_draft",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="cohort_draft_pkey"),
    )
    op.create_index("cohort_job_call", "cohort_job", ["call_id", "id"])
    op.create_index(
        "cohort_job_open",
        "cohort_job",
        ["call_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'running', 'writing')"),
    )
    op.create_table(
        "what_if",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("own", postgresql.JSONB(), nullable=False),
        sa.Column("other", postgresql.JSONB(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="what_if_pkey"),
    )
    op.create_index("what_if_call", "what_if", ["call_id", "id"])
    op.create_index("what_if_open", "what_if", ["id"], postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.create_index("what_if_since", "what_if", ["since"])
    op.create_table(
        "option_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="option_set_pkey"),
    )
    op.create_index("option_set_call", "option_set", ["call_id", "id"])
    op.create_index(
        "option_set_open",
        "option_set",
        ["call_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )


def _create_matches() -> None:
    """Matches, the exchange rings they form, and replacements for visits that did not take place."""
    op.create_table(
        "match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pairing", postgresql.JSONB(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("next_in_line", postgresql.JSONB(), nullable=False),
        sa.Column("home_cleared", sa.Boolean(), nullable=False),
        sa.Column("host_cleared", sa.Boolean(), nullable=False),
        sa.Column("applicant_accepted", sa.Boolean(), nullable=False),
        sa.Column("host_accepted", sa.Boolean(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("silent", postgresql.JSONB(), nullable=False),
        sa.Column("reserve", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="match_pkey"),
    )
    op.create_index("match_application", "match", ["application_id", "since"])
    op.create_index("match_call", "match", ["call_id", "state", "due"])
    op.create_index("match_countries", "match", ["country", "state"])
    op.create_index("match_due", "match", ["due"], postgresql_where=sa.text("state = 'offered'"))
    op.create_index(
        "match_held_once",
        "match",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'cleared', 'offered', 'confirmed') AND NOT reserve"),
    )
    op.create_index("match_hosts", "match", ["host_country", "state"])
    op.create_index(
        "match_reserve_once",
        "match",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'cleared') AND reserve"),
    )
    op.create_index("match_seat", "match", ["seat_id", "state"])
    op.create_index("match_since", "match", ["since"])
    op.create_table(
        "ring_leg",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("ring_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="ring_leg_pkey"),
    )
    op.create_index("ring_leg_call", "ring_leg", ["call_id", "ring_id"])
    op.create_index("ring_leg_ring", "ring_leg", ["ring_id", "place"])
    op.create_table(
        "replacement",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("visit_id", name="replacement_pkey"),
    )
    op.create_index("replacement_match", "replacement", ["match_id"])


def _create_visits() -> None:
    """Visits, their attendance, the days that count for reciprocity, and plans of dates."""
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("required_days", sa.Integer(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("agenda_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("moves", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("proposal", postgresql.JSONB(), nullable=True),
        sa.Column("move_due", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="visit_pkey"),
    )
    op.create_index("visit_application", "visit", ["application_id"])
    op.create_index("visit_call", "visit", ["call_id", "state", "start"])
    op.create_index("visit_match", "visit", ["match_id"])
    op.create_index("visit_move_due", "visit", ["move_due"], postgresql_where=sa.text("move_due IS NOT NULL"))
    op.create_index("visit_running", "visit", ["end_day"], postgresql_where=sa.text("state = 'under_way'"))
    op.create_index("visit_since", "visit", ["since"])
    op.create_index(
        "visit_weeks",
        "visit",
        ["offer_id", "start"],
        postgresql_where=sa.text("state IN ('scheduled', 'under_way', 'ended', 'completed')"),
    )
    op.create_index("visit_without_dates", "visit", ["call_id"], postgresql_where=sa.text("state = 'unschedulable'"))
    op.create_table(
        "attendance",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "day", name="attendance_pkey"),
    )
    op.create_table(
        "case_record",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "party", name="case_record_pkey"),
    )
    op.create_table(
        "stay",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name="stay_pkey"),
    )
    op.create_index("stay_agency", "stay", ["organisation_id"])
    op.create_index("stay_between", "stay", ["country", "host_country"], postgresql_include=["days"])
    op.create_index("stay_host", "stay", ["host_country"])
    op.create_index("stay_host_agency", "stay", ["host_organisation_id"])
    op.create_table(
        "date_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("input_version", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("first_cost", postgresql.JSONB(), nullable=False),
        sa.Column("cost", postgresql.JSONB(), nullable=False),
        sa.Column("bound", postgresql.JSONB(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="date_plan_pkey"),
    )
    op.create_index("date_plan_call", "date_plan", ["call_id", "asked_at"])
    op.create_index("date_plan_searching", "date_plan", ["asked_at"], postgresql_where=sa.text("state = 'searching'"))


def _create_mentorships() -> None:
    """Mentorships: signatures, goals and sessions."""
    op.create_table(
        "mentorship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", postgresql.JSONB(), nullable=False),
        sa.Column("sessions_to_complete", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="mentorship_pkey"),
    )
    op.create_index("mentorship_application", "mentorship", ["application_id"])
    op.create_index("mentorship_call", "mentorship", ["call_id", "state", "id"])
    op.create_index("mentorship_due", "mentorship", ["due"], postgresql_where=sa.text("state = 'opened'"))
    op.create_index("mentorship_match", "mentorship", ["match_id"])
    op.create_index("mentorship_mentor", "mentorship", ["mentor_id"])
    op.create_index("mentorship_since", "mentorship", ["since"])
    op.create_index(
        "mentorship_until", "mentorship", ["until"], postgresql_where=sa.text("state IN ('active', 'paused')")
    )
    op.create_table(
        "signature",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("mentorship_id", "party", "version", name="signature_pkey"),
    )
    op.create_table(
        "goal",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("mentorship_id", "goal_id", name="goal_pkey"),
    )
    op.create_table(
        "session",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("mentorship_id", "session_id", name="session_pkey"),
    )


def _create_board() -> None:
    """Recent activity on the coordinators' board."""
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("seat_id", sa.Uuid(), nullable=True),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column("about", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="activity_pkey"),
    )
    op.create_index("activity_application", "activity", ["application_id", "at"])
    op.create_index("activity_call", "activity", ["call_id", "at"])
    op.create_index("activity_cause", "activity", ["cause_id"])
    op.create_index("activity_when", "activity", ["at", "id"])


def _drop(*tables: str) -> None:
    for table in tables:
        op.drop_table(table)
