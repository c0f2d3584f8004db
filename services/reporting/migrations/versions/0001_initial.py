"""Create the tables of reporting.

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
    _create_cases()
    _create_answers()
    _create_knowledge_tests()
    _create_facts()
    _create_figures()
    _create_feeds()


def downgrade() -> None:
    """Drop all tables, in the reverse order."""
    _drop("pull_day", "pull_token", "manifest", "feed_file", "blob")
    _drop("target", "grouping", "release", "restatement", "proof", "stated_figure", "current_figure", "period")
    _drop("flaw", "fact_count", "fact")
    _drop("sitting", "test_item", "knowledge_test", "question")
    _drop(
        "free_text_log",
        "cascade",
        "wave_closing",
        "closed_answer",
        "answer_reminder",
        "received_answer",
        "submission",
        "answer_draft",
    )
    _drop("need", "certificate", "case", "application", "call")
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


def _create_cases() -> None:
    """Visits and mentorships with their applications, calls and certificates, and training needs."""
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("timers", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="call_pkey"),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("objectives", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="application_pkey"),
    )
    op.create_index("application_reference", "application", ["reference"])
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("attended_days", sa.Integer(), nullable=False),
        sa.Column("required_days", sa.Integer(), nullable=False),
        sa.Column("goals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="case_pkey"),
    )
    op.create_index("case_application", "case", ["application_id"])
    op.create_index("case_ended", "case", ["ended_on"])
    op.create_index("case_call_ended", "case", ["call_id", "ended_on"])
    op.create_table(
        "certificate",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name="certificate_pkey"),
        sa.UniqueConstraint("number", name="certificate_number_key"),
    )
    op.create_table(
        "need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="need_pkey"),
    )
    op.create_index("need_until", "need", ["until"])


def _create_answers() -> None:
    """Forms that are filled in and handed in, reminders, closed waves, cascade sessions, and access to free text."""
    op.create_table(
        "answer_draft",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "form", "respondent", name="answer_draft_pkey"),
    )
    op.create_index("answer_draft_application_id", "answer_draft", ["application_id"])
    op.create_index("answer_draft_at", "answer_draft", ["at"])
    op.create_table(
        "submission",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "form", "respondent", name="submission_pkey"),
    )
    op.create_index("submission_application_id", "submission", ["application_id"])
    op.create_table(
        "received_answer",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "form", "respondent", name="received_answer_pkey"),
    )
    op.create_table(
        "answer_reminder",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "form", "respondent", name="answer_reminder_pkey"),
    )
    op.create_table(
        "closed_answer",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "form", "respondent", name="closed_answer_pkey"),
    )
    op.create_index("closed_answer_call_id", "closed_answer", ["call_id"])
    op.create_table(
        "wave_closing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("due_until", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_by", sa.String(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="wave_closing_pkey"),
    )
    op.create_index("wave_closing_call_id", "wave_closing", ["call_id"])
    op.create_table(
        "cascade",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("attendees", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=True),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="cascade_pkey"),
    )
    op.create_index("cascade_application_id", "cascade", ["application_id"])
    op.create_index("cascade_case_id", "cascade", ["case_id"])
    op.create_index(
        "cascade_waiting",
        "cascade",
        ["reported_at"],
        postgresql_where=sa.text("state = 'reported' AND reminded_at IS NULL"),
    )
    op.create_table(
        "free_text_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="free_text_log_pkey"),
    )
    op.create_index("free_text_log_application", "free_text_log", ["application_id", "id"])


def _create_knowledge_tests() -> None:
    """The bank of questions, tests made of them, and what guests answered."""
    op.create_table(
        "question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("right", postgresql.JSONB(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", "version", name="question_pkey"),
    )
    op.create_index("question_at", "question", ["at"])
    op.create_index("question_bank", "question", ["newest", "topic", "id"])
    op.create_table(
        "knowledge_test",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="knowledge_test_pkey"),
    )
    op.create_table(
        "test_item",
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("test_id", "phase", "place", name="test_item_pkey"),
    )
    op.create_index("test_item_question", "test_item", ["question_id"])
    op.create_table(
        "sitting",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "phase", name="sitting_pkey"),
    )
    op.create_index("sitting_test", "sitting", ["test_id"])


def _create_facts() -> None:
    """Facts that figures are counted from, and flaws of events."""
    op.create_table(
        "fact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("story", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="fact_pkey"),
    )
    op.create_index("fact_story", "fact", ["story", "occurred_at"])
    op.create_index("fact_type", "fact", ["type", "day"])
    op.create_table(
        "fact_count",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "shard", name="fact_count_pkey"),
    )
    op.create_table(
        "flaw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flaw", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", "flaw", name="flaw_pkey"),
    )
    op.create_index("flaw_occurred_at", "flaw", ["occurred_at"])
    op.create_index("flaw_subject", "flaw", ["subject"])


def _create_figures() -> None:
    """Figures by period, what they were counted from, restatements, releases, groupings and targets."""
    op.create_table(
        "period",
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=True),
        sa.Column("figures", sa.Integer(), nullable=False),
        sa.Column("figures_digest", sa.String(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("label", name="period_pkey"),
    )
    op.create_table(
        "current_figure",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fact_changes", sa.BigInteger(), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", postgresql.JSONB(), nullable=False),
        sa.Column("breakdowns", postgresql.JSONB(), nullable=False),
        sa.Column("notes", postgresql.JSONB(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("period", "indicator", name="current_figure_pkey"),
    )
    op.create_table(
        "stated_figure",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", postgresql.JSONB(), nullable=False),
        sa.Column("breakdowns", postgresql.JSONB(), nullable=False),
        sa.Column("notes", postgresql.JSONB(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("period", "indicator", "statement", name="stated_figure_pkey"),
    )
    op.create_table(
        "proof",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("period", "indicator", "statement", "dimension", "value", name="proof_pkey"),
    )
    op.create_table(
        "restatement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="restatement_pkey"),
    )
    op.create_index("restatement_period", "restatement", ["period", "proposed_at"])
    op.create_table(
        "release",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.Column("pattern", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period", "statement", name="release_pkey"),
    )
    op.create_table(
        "grouping",
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dimension", name="grouping_pkey"),
    )
    op.create_table(
        "target",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="target_pkey"),
    )


def _create_feeds() -> None:
    """Published files with their manifests, and tokens to fetch them."""
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="blob_pkey"),
    )
    op.create_table(
        "feed_file",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period", "statement", "name", name="feed_file_pkey"),
    )
    op.create_table(
        "manifest",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("key", postgresql.JSONB(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="manifest_pkey"),
    )
    op.create_table(
        "pull_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_minute", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pull_token_pkey"),
        sa.UniqueConstraint("digest", name="pull_token_digest_key"),
    )
    op.create_table(
        "pull_day",
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token", "day", "period", "name", name="pull_day_pkey"),
    )


def _drop(*tables: str) -> None:
    for table in tables:
        op.drop_table(table)
