"""Create the tables of the portal.

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
    _create_partners()
    _create_calls()
    _create_applications()
    _create_placements_and_mentors()
    _create_matches()
    _create_visits()
    _create_mentorships()
    _create_certificates_and_outcomes()
    _create_oversight()


def downgrade() -> None:
    """Drop all tables, in the reverse order."""
    _drop("incident_note", "incident", "attempt", "access_log")
    _drop("published_figure", "line_manager_link", "test_request", "outcome_record", "certificate_document", "certificate_issue", "certificate")
    _drop("pair_visit", "pause", "meeting", "session", "goal_note", "goal", "signature", "agreement", "mentorship")
    _drop(
        "letter",
        "cost",
        "sheet",
        "preparation_rule",
        "move_answer",
        "move_request",
        "statement",
        "attendance",
        "agenda_agreement",
        "agenda",
        "visit",
    )
    _drop("override_reason", "release", "answer", "clearance", "match")
    _drop("candidate_choice", "availability_question", "mentor", "offer")
    _drop(
        "appeal", "receipt", "standing", "message_count", "counter", "companion", "application_change", "application_step", "application"
    )
    _drop("call_draft", "call_revision", "call")
    _drop("partner_case", "partner_decision")
    _drop(
        "register_change",
        "proposal",
        "address_check",
        "former_person",
        "person",
        "need_import",
        "need",
        "exclusion",
        "fund",
        "organisation",
        "partner",
    )
    _drop("saved_view", "sign_in_session", "used_ticket", "suspension", "access")
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
    op.execute("DROP FUNCTION note_former_person")


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
    op.create_table(
        "sign_in_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("id_token", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="sign_in_session_pkey"),
        sa.UniqueConstraint("id", name="sign_in_session_id_key"),
    )
    op.create_index("sign_in_session_subject", "sign_in_session", ["subject", "begun_at", "id"])
    op.create_index("sign_in_session_over_at", "sign_in_session", ["over_at"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="saved_view_pkey"),
        sa.UniqueConstraint("subject", "name", name="saved_view_subject_name_key"),
    )


def _create_register() -> None:
    """Partners, organisations, funds, exclusions, needs and people, with proposed and past changes."""
    op.create_table(
        "partner",
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("country", "since", name="partner_pkey"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("domains", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="organisation_pkey"),
    )
    op.create_index("organisation_country", "organisation", ["country"])
    op.create_table(
        "fund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="fund_pkey"),
    )
    op.create_table(
        "exclusion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("countries", postgresql.JSONB(), nullable=True),
        sa.Column("organisations", postgresql.JSONB(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="exclusion_pkey"),
    )
    op.create_table(
        "need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("topic_code", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="need_pkey"),
        sa.UniqueConstraint("country", "scheme", "topic_code", "area", "level", "since", "until", name="need_once"),
    )
    op.create_index("need_changed_at", "need", ["changed_at"])
    op.create_index("need_topic_code", "need", ["topic_code", "country"])
    op.create_table(
        "need_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="need_import_pkey"),
    )
    op.create_index("need_import_expires_at", "need_import", ["expires_at"])
    op.create_index("need_import_subject", "need_import", ["subject", "uploaded_at"])
    op.create_table(
        "person",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("own_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("rank_group", sa.String(), nullable=True),
        sa.Column("national_rank", sa.String(), nullable=False),
        sa.Column("years_in_field", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_wanted", sa.String(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column("lapsed_on", sa.Date(), nullable=True),
        sa.Column("lapsed_grants", postgresql.JSONB(), nullable=False),
        sa.Column("moves_on", sa.Date(), nullable=True),
        sa.Column("moves_to", sa.Uuid(), nullable=True),
        sa.Column("mail_language", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name="person_pkey"),
        sa.UniqueConstraint("id", name="person_id_key"),
    )
    op.create_index("person_changed_at", "person", ["changed_at"])
    op.create_index("person_confirmed_on", "person", ["confirmed_on"], postgresql_where=sa.text("lapsed_on IS NULL"))
    op.create_index("person_country", "person", ["country"])
    op.create_index("person_email_key", "person", [sa.text("lower(email)")], unique=True)
    op.create_index("person_moves_on", "person", ["moves_on"], postgresql_where=sa.text("moves_on IS NOT NULL"))
    op.create_index("person_name", "person", ["name"])
    op.create_index("person_organisation_id", "person", ["organisation_id"])
    op.create_index(
        "person_words",
        "person",
        [
            sa.text(
                "to_tsvector('simple'::regconfig, translate("
                "(((name || ' '::text) || own_name) || ' '::text) || email, '@.-_'::text, '    '::text))"
            )
        ],
        postgresql_using="gin",
    )
    op.create_table(
        "former_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="former_person_pkey"),
    )
    # A service that still holds the id of somebody who was deleted is told so (410), not that the id is unknown.
    op.execute("""
        CREATE FUNCTION note_former_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO former_person (id, at) VALUES (OLD.id, now()) ON CONFLICT DO NOTHING;
            RETURN OLD;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER person_taken_out AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION note_former_person()"
    )
    op.create_table(
        "address_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="address_check_pkey"),
    )
    op.create_index("address_check_address", "address_check", [sa.text("lower(address)"), "asked_at"])
    op.create_index("address_check_subject", "address_check", ["subject", "asked_at"])
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="proposal_pkey"),
    )
    op.create_index("proposal_about", "proposal", ["about"], unique=True, postgresql_where=sa.text("state = 'waits'"))
    op.create_index("proposal_country", "proposal", ["country", "state"])
    op.create_index("proposal_organisation_id", "proposal", ["organisation_id", "state"])
    op.create_index("proposal_proposed_at", "proposal", ["proposed_at"])
    op.create_index("proposal_settled_at", "proposal", ["settled_at"])
    op.create_index("proposal_state", "proposal", ["state", "proposed_at"])
    op.create_table(
        "register_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="register_change_pkey"),
    )
    op.create_index("register_change_actor", "register_change", ["actor", "id"])
    op.create_index("register_change_at", "register_change", ["at", "id"])
    op.create_index("register_change_entry", "register_change", ["kind", "key", "id"])


def _create_partners() -> None:
    """Suspensions of partner countries, and what was done about the cases that they touch."""
    op.create_table(
        "partner_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("preview", postgresql.JSONB(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="partner_decision_pkey"),
    )
    op.create_index("partner_decision_at", "partner_decision", ["decided_at", "id"])
    op.create_index("partner_decision_country", "partner_decision", ["country", "decided_at"])
    op.create_index(
        "partner_decision_waiting", "partner_decision", ["since"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "partner_case",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("other", sa.String(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "id", name="partner_case_pkey"),
    )
    op.create_index("partner_case_application", "partner_case", ["application_id"])
    op.create_index("partner_case_match", "partner_case", ["match_id"])
    op.create_index("partner_case_notice", "partner_case", ["ends_on"], postgresql_where=sa.text("state = 'notice'"))


def _create_calls() -> None:
    """Calls as they are published, their revisions and drafts."""
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="call_pkey"),
        sa.UniqueConstraint("reference", name="call_reference_key"),
    )
    op.create_index("call_closed_at", "call", ["closed_at"])
    op.create_table(
        "call_revision",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("touches", postgresql.JSONB(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        sa.Column("favour", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "revision", name="call_revision_pkey"),
        sa.UniqueConstraint("draft_id", name="call_revision_draft_id_key"),
    )
    op.create_index("call_revision_at", "call_revision", ["at"])
    op.create_table(
        "call_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry", postgresql.JSONB(), nullable=False),
        sa.Column("section_changes", postgresql.JSONB(), nullable=False),
        sa.Column("revises", sa.Uuid(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("copied", sa.Uuid(), nullable=True),
        sa.Column("omitted", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="call_draft_pkey"),
        sa.UniqueConstraint("revises", name="call_draft_revises_key"),
    )
    op.create_index("call_draft_saved_at", "call_draft", ["saved_at"])


def _create_applications() -> None:
    """Applications, their history and companions, and what others decide about them."""
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("profile", postgresql.JSONB(), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earlier_id", sa.Uuid(), nullable=True),
        sa.Column("managers_notified", postgresql.JSONB(), nullable=False),
        sa.Column("managers_confirmed", postgresql.JSONB(), nullable=False),
        sa.Column("returned_answers", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="application_pkey"),
        sa.UniqueConstraint("reference", name="application_reference_key"),
    )
    op.create_index("application_call_state", "application", ["call_id", "state"])
    op.create_index("application_country_state", "application", ["country", "state"])
    op.create_index(
        "application_line_manager",
        "application",
        [sa.text("((managers_confirmed -> '-1'::integer) ->> 'address'::text)")],
    )
    op.create_index(
        "application_one_draft",
        "application",
        ["subject", "call_id", "kind"],
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_index("application_organisation_id", "application", ["organisation_id"])
    op.create_index(
        "application_returned_due",
        "application",
        ["due"],
        postgresql_where=sa.text("state = 'returned_for_information'"),
    )
    op.create_index("application_saved_at", "application", ["saved_at"])
    op.create_index("application_since", "application", ["since"])
    op.create_index("application_subject", "application", ["subject"])
    op.create_index(
        "application_submitted_due", "application", ["due"], postgresql_where=sa.text("state = 'submitted'")
    )
    op.create_table(
        "application_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("acting_as", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("remarks", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="application_step_pkey"),
    )
    op.create_index("application_step_story", "application_step", ["application_id", "id"])
    op.create_table(
        "application_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tasks", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="application_change_pkey"),
    )
    op.create_index("application_change_story", "application_change", ["application_id", "id"])
    op.create_table(
        "companion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("named_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mismatch", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="companion_pkey"),
    )
    op.create_index("companion_application", "companion", ["application_id", "id"])
    op.create_index("companion_live", "companion", ["id"], postgresql_where=sa.text("state IN ('asked', 'confirmed')"))
    op.create_index("companion_named", "companion", ["named_id"])
    op.create_index(
        "companion_one_group",
        "companion",
        ["named_id"],
        unique=True,
        postgresql_where=sa.text("mode = 'group' AND state = 'confirmed'"),
    )
    op.create_index("companion_organisation", "companion", ["organisation_id", "id"])
    op.create_index("companion_subject", "companion", ["subject", "id"])
    op.create_table(
        "counter",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="counter_pkey"),
    )
    op.create_table(
        "message_count",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "on", name="message_count_pkey"),
    )
    op.create_table(
        "standing",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column("cleared_ahead", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="standing_pkey"),
    )
    op.create_index("standing_match_id", "standing", ["match_id"])
    op.create_index("standing_since", "standing", ["since"])
    op.create_index("standing_state", "standing", ["state"])
    op.create_table(
        "receipt",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("event", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="receipt_pkey"),
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("against", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="appeal_pkey"),
    )
    op.create_index("appeal_application", "appeal", ["application_id", "filed_at"])
    op.create_index("appeal_closed_at", "appeal", ["closed_at"])
    op.create_index("appeal_filed_at", "appeal", ["filed_at"])
    op.create_index("appeal_open", "appeal", ["due", "id"], postgresql_where=sa.text("outcome IS NULL"))


def _create_placements_and_mentors() -> None:
    """What hosts and mentors offer, and the question whether it is still available."""
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry", postgresql.JSONB(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=True),
        sa.Column("remarks", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="offer_pkey"),
        sa.UniqueConstraint("reference", name="offer_reference_key"),
    )
    op.create_index("offer_asked", "offer", ["due"], postgresql_where=sa.text("state = 'published'"))
    op.create_index("offer_saved_at", "offer", ["saved_at"])
    op.create_index("offer_call_state", "offer", ["call_id", "state", "reference"])
    op.create_index("offer_country_state", "offer", ["country", "state"])
    op.create_index(
        "offer_last_day",
        "offer",
        ["last_day"],
        postgresql_where=sa.text(
            "state NOT IN ('draft', 'submitted', 'returned', 'endorsed', 'closed', 'withdrawn', 'voided')"
        ),
    )
    op.create_index("offer_organisation_state", "offer", ["organisation_id", "state"])
    op.create_table(
        "mentor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="mentor_pkey"),
        sa.UniqueConstraint("reference", name="mentor_reference_key"),
    )
    op.create_index("mentor_asked", "mentor", ["due"], postgresql_where=sa.text("state = 'published'"))
    op.create_index("mentor_saved_at", "mentor", ["saved_at"])
    op.create_index("mentor_call_state", "mentor", ["call_id", "state", "reference"])
    op.create_index("mentor_country", "mentor", ["country"])
    op.create_index(
        "mentor_last_day", "mentor", ["last_day"], postgresql_where=sa.text("state NOT IN ('draft', 'closed')")
    )
    op.create_index("mentor_one_a_call", "mentor", ["subject", "call_id"], unique=True)
    op.create_table(
        "candidate_choice",
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seat_id", name="candidate_choice_pkey"),
    )
    op.create_table(
        "availability_question",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="availability_question_pkey"),
    )
    op.create_index("availability_question_about", "availability_question", ["about"])


def _create_matches() -> None:
    """Matches, their clearance by both sides, answers to offers, and whose identity is shown to whom."""
    op.create_table(
        "match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("mentor_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("late", postgresql.JSONB(), nullable=False),
        sa.Column("pairing", postgresql.JSONB(), nullable=False),
        sa.Column("cancelled_in", sa.String(), nullable=True),
        sa.Column("reserve", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="match_pkey"),
    )
    op.create_index("match_application", "match", ["application_id", "proposed_at"])
    op.create_index("match_country_state", "match", ["country", "state"])
    op.create_index("match_host_country_state", "match", ["host_country", "state"])
    op.create_index("match_host_organisation_state", "match", ["host_organisation_id", "state"])
    op.create_index("match_mentor_id", "match", ["mentor_id"])
    op.create_index("match_offer_id", "match", ["offer_id"])
    op.create_index("match_since", "match", ["since"])
    op.create_table(
        "clearance",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("acting_as", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("host_due", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("match_id", "side", name="clearance_pkey"),
    )
    op.create_table(
        "override_reason",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="override_reason_pkey"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name="override_reason_application_id_fkey", ondelete="CASCADE"
        ),
    )
    op.create_index("override_reason_at", "override_reason", ["at", "match_id"])
    op.create_index("override_reason_application", "override_reason", ["application_id", "at"])
    op.create_table(
        "answer",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("match_id", "party", name="answer_pkey"),
    )
    op.create_table(
        "release",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("match_id", "party", "recipient", "purpose", name="release_pkey"),
    )
    op.create_index("release_at", "release", ["at", "match_id"])


def _create_visits() -> None:
    """Visits: agenda, attendance, other dates, preparation, costs and letters."""
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("mentorship_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("host_country", sa.String(), nullable=False),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("required_days", sa.Integer(), nullable=False),
        sa.Column("agenda_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposal", postgresql.JSONB(), nullable=True),
        sa.Column("attended", postgresql.JSONB(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("moves", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("drop_cause", sa.String(), nullable=True),
        sa.Column("guest", sa.String(), server_default="guest", nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="visit_pkey"),
    )
    op.create_index("visit_application_id", "visit", ["application_id"])
    op.create_index("visit_country_start", "visit", ["country", "start"])
    op.create_index("visit_host_country_start", "visit", ["host_country", "start"])
    op.create_index("visit_host_organisation_start", "visit", ["host_organisation_id", "start"])
    op.create_index("visit_match_id", "visit", ["match_id"])
    op.create_index("visit_mentorship_id", "visit", ["mentorship_id"])
    op.create_index("visit_offer_id", "visit", ["offer_id"])
    op.create_index("visit_replaces", "visit", ["replaces"])
    op.create_index("visit_since", "visit", ["since"])
    op.create_table(
        "agenda",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "version", name="agenda_pkey"),
    )
    op.create_table(
        "agenda_agreement",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "party", name="agenda_agreement_pkey"),
    )
    op.create_table(
        "attendance",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_from", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("visit_id", "day", name="attendance_pkey"),
    )
    op.create_table(
        "statement",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("match_id", "kind", "party", name="statement_pkey"),
    )
    op.create_table(
        "move_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("periods", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("asked_in", sa.String(), nullable=False),
        sa.Column("after_move", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="move_request_pkey"),
    )
    op.create_index("move_request_visit", "move_request", ["visit_id", "id"])
    op.create_table(
        "move_answer",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("move", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "move", "party", name="move_answer_pkey"),
    )
    op.create_table(
        "preparation_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("host_country", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="preparation_rule_pkey"),
    )
    op.create_index(
        "preparation_rule_once",
        "preparation_rule",
        ["item", "call_id", "country", "host_country"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "sheet",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "item", name="sheet_pkey"),
    )
    op.create_table(
        "cost",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("planned", sa.Numeric(12, 2), nullable=False),
        sa.Column("actual", sa.Numeric(12, 2), nullable=True),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="cost_pkey"),
    )
    op.create_index("cost_visit", "cost", ["visit_id", "id"])
    op.create_table(
        "letter",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="letter_pkey"),
    )
    op.create_index("letter_visit", "letter", ["visit_id", "kind", "version"], unique=True)


def _create_mentorships() -> None:
    """Mentorships: agreement, goals, sessions, pauses and visits of the pair."""
    op.create_table(
        "mentorship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("mentor_country", sa.String(), nullable=False),
        sa.Column("mentor_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("plan", postgresql.JSONB(), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="mentorship_pkey"),
    )
    op.create_index("mentorship_application_id", "mentorship", ["application_id"])
    op.create_index("mentorship_country", "mentorship", ["country", "started_on"])
    op.create_index("mentorship_match_id", "mentorship", ["match_id"])
    op.create_index("mentorship_mentor_country", "mentorship", ["mentor_country", "started_on"])
    op.create_index("mentorship_mentor_id", "mentorship", ["mentor_id"])
    op.create_index("mentorship_since", "mentorship", ["since"])
    op.create_table(
        "agreement",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mentorship_id", "version", name="agreement_pkey"),
    )
    op.create_table(
        "signature",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mentorship_id", "version", "party", name="signature_pkey"),
    )
    op.create_table(
        "goal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("target", sa.Date(), nullable=True),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="goal_pkey"),
    )
    op.create_index("goal_number", "goal", ["mentorship_id", "number"], unique=True)
    op.create_table(
        "goal_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="goal_note_pkey"),
    )
    op.create_index("goal_note_of_mentorship", "goal_note", ["mentorship_id", "goal_id", "at"])
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispute", sa.String(), server_default="", nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="session_pkey"),
    )
    op.create_index("session_of_mentorship", "session", ["mentorship_id", "held_on"])
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="meeting_pkey"),
    )
    op.create_index(
        "meeting_stands", "meeting", ["mentorship_id", "begins_at"], postgresql_where=sa.text("cancelled_at IS NULL")
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_by", sa.String(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pause_pkey"),
    )
    op.create_index("pause_of_mentorship", "pause", ["mentorship_id", "at"])
    op.create_table(
        "pair_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("guest", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("periods", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pair_visit_pkey"),
    )
    op.create_index("pair_visit_of_mentorship", "pair_visit", ["mentorship_id", "at"])


def _create_certificates_and_outcomes() -> None:
    """Certificates, what was answered after a visit, links for line managers, and published figures."""
    op.create_table(
        "certificate",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("attended_days", sa.Integer(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="certificate_pkey"),
    )
    op.create_index("certificate_application_id", "certificate", ["application_id"])
    op.create_index("certificate_visit_id", "certificate", ["visit_id"])
    op.create_table(
        "certificate_issue",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("granted", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("own_name", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="certificate_issue_pkey"),
    )
    op.create_index("certificate_issue_granted", "certificate_issue", ["granted", "version"], unique=True)
    op.create_table(
        "certificate_document",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", "language", "revoked", name="certificate_document_pkey"),
    )
    op.create_index("certificate_document_digest", "certificate_document", ["digest"])
    op.create_table(
        "outcome_record",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "respondent", name="outcome_record_pkey"),
    )
    op.create_index("outcome_record_application_id", "outcome_record", ["application_id"])
    op.create_table(
        "test_request",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "form", name="test_request_pkey"),
    )
    op.create_table(
        "line_manager_link",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("matter", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="line_manager_link_pkey"),
    )
    op.create_index("line_manager_link_application_id", "line_manager_link", ["application_id"])
    op.create_table(
        "published_figure",
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("indicator", "period", "part", name="published_figure_pkey"),
    )


def _create_oversight() -> None:
    """Who was given data about people, refused requests, and incidents."""
    op.create_table(
        "access_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("people", postgresql.JSONB(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="access_log_pkey"),
    )
    op.create_index("access_log_at", "access_log", ["at", "id"])
    op.create_index("access_log_case", "access_log", ["case_id", "at"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("record_ids", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="attempt_pkey"),
    )
    op.create_index("attempt_at", "attempt", ["at", "id"])
    op.create_index("attempt_subject", "attempt", ["subject", "at"])
    op.create_index("attempt_reason", "attempt", ["reason", "at"])
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("mentorship_id", sa.Uuid(), nullable=True),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("readers", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="incident_pkey"),
        sa.UniqueConstraint("reference", name="incident_reference_key"),
    )
    op.create_index("incident_match", "incident", ["match_id", "id"])
    op.create_index(
        "incident_readers",
        "incident",
        ["readers"],
        postgresql_ops={"readers": "jsonb_path_ops"},
        postgresql_using="gin",
    )
    op.create_index("incident_reporter", "incident", ["reporter", "id"])
    op.create_index("incident_since", "incident", ["since"])
    op.create_table(
        "incident_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="incident_note_pkey"),
    )
    op.create_index("incident_note_of", "incident_note", ["incident_id", "id"])


def _drop(*tables: str) -> None:
    for table in tables:
        op.drop_table(table)
