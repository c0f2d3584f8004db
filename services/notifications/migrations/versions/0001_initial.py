"""Create the tables of notifications.

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
    _create_deadlines()
    _create_messages()
    _create_mail()
    _create_calendars()
    _create_webhooks()


def downgrade() -> None:
    """Drop all tables, in the reverse order."""
    _drop("webhook_attempt", "webhook_delivery", "webhook_content", "webhook_secret", "webhook_endpoint")
    _drop("feed", "appointment")
    _drop("digest", "mail_preference", "unreachable_recipient", "bounce")
    _drop("resending", "inbox_case", "notification", "message")
    _drop("deputyship", "announcement", "deadline")
    _drop("country_pause", "organisation", "call", "case")
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
    """Cases, and the names by which messages call their parts."""
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("host_country", sa.String(), nullable=True),
        sa.Column("host_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("mentor_id", sa.Uuid(), nullable=True),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column("guest", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="case_pkey"),
    )
    op.create_index("case_reference", "case", ["reference"])
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("timers", postgresql.JSONB(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="call_pkey"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="organisation_pkey"),
    )
    op.create_table(
        "country_pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="country_pause_pkey"),
    )


def _create_deadlines() -> None:
    """Deadlines, which of them were announced, and deputies."""
    op.create_table(
        "deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminder", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder_key", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="deadline_pkey"),
    )
    op.create_index("deadline_case_id", "deadline", ["case_id"])
    op.create_index("deadline_country", "deadline", ["country", "due", "id"], postgresql_where=sa.text("open"))
    op.create_index("deadline_due", "deadline", ["due", "id"], postgresql_where=sa.text("open"))
    op.create_index("deadline_look_at", "deadline", ["look_at", "id"], postgresql_where=sa.text("look_at IS NOT NULL"))
    op.create_index("deadline_set_at", "deadline", ["set_at"])
    op.create_index("deadline_unplaced", "deadline", ["id"], postgresql_where=sa.text("open AND holder_key IS NULL"))
    op.create_index("deadline_holder_key", "deadline", ["holder_key", "due", "id"], postgresql_where=sa.text("open"))
    op.create_table(
        "announcement",
        sa.Column("deadline_id", sa.Uuid(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("deadline_id", "due", "kind", name="announcement_pkey"),
    )
    op.create_table(
        "deputyship",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("subject", "place", "since", name="deputyship_pkey"),
    )
    op.create_index("deputyship_place", "deputyship", ["place", "since"])


def _create_messages() -> None:
    """Messages, one notification for each recipient, and messages that were sent again."""
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("audience_key", sa.String(), nullable=False),
        sa.Column("audience", postgresql.JSONB(), nullable=False),
        sa.Column("case", postgresql.JSONB(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="message_pkey"),
    )
    op.create_index("message_about", "message", ["about", "id"])
    op.create_index("message_application_id", "message", ["application_id", "at", "id"])
    op.create_index("message_at", "message", ["at", "id"])
    op.create_index("message_country_at", "message", ["country", "at", "id"])
    op.create_index(
        "message_next_at", "message", ["next_at", "at", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index("message_reference", "message", ["reference", "at", "id"])
    op.create_index("message_rule", "message", ["rule", "at", "id"])
    op.create_index("message_state_at", "message", ["state", "at", "id"])
    op.create_index(
        "message_audience_key", "message", ["audience_key", "next_at", "at", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("open_attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="notification_pkey"),
    )
    op.create_index(
        "notification_mail_id", "notification", ["mail_id", "id"], postgresql_where=sa.text("mail_id IS NOT NULL")
    )
    op.create_index("notification_message_id", "notification", ["message_id", "id"])
    op.create_index("notification_case_id", "notification", ["recipient", "case_id", "at", "id"])
    op.create_index(
        "notification_unread",
        "notification",
        ["recipient", "case_id", "at", "id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        "notification_added_at", "notification", ["recipient", "added_at"], postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_index(
        "notification_sent_at",
        "notification",
        ["recipient", "sent_at"],
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_table(
        "inbox_case",
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("has_unread", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", "case_id", name="inbox_case_pkey"),
    )
    op.create_index("inbox_case_place", "inbox_case", ["recipient", "has_unread", "newest_at", "case_id"])
    op.create_table(
        "resending",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "generation", name="resending_pkey"),
    )


def _create_mail() -> None:
    """Bounced mail, unreachable people, what people choose to be sent, and daily digests."""
    op.create_table(
        "bounce",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="bounce_pkey"),
    )
    op.create_index("bounce_at", "bounce", ["at", "id"])
    op.create_table(
        "unreachable_recipient",
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("recipient", name="unreachable_recipient_pkey"),
    )
    op.create_index("unreachable_recipient_country", "unreachable_recipient", ["country", "since", "recipient"])
    op.create_index(
        "unreachable_recipient_open", "unreachable_recipient", ["since", "recipient"], postgresql_where=sa.text("settled_at IS NULL")
    )
    op.create_table(
        "mail_preference",
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quiet", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("recipient", name="mail_preference_pkey"),
    )
    op.create_index("mail_preference_quiet", "mail_preference", ["recipient"], postgresql_where=sa.text("quiet IS NOT NULL"))
    op.create_table(
        "digest",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", name="digest_pkey"),
    )


def _create_calendars() -> None:
    """Dates in people's calendars, and private calendar addresses."""
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("seen_by", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name="appointment_pkey"),
    )
    op.create_index("appointment_case_id", "appointment", ["case_id", "kind"])
    op.create_index("appointment_seen_by", "appointment", ["seen_by"], postgresql_using="gin", postgresql_where=sa.text("NOT over"))
    op.create_index("appointment_unplaced", "appointment", ["id"], postgresql_where=sa.text("seen_by IS NULL"))
    op.create_table(
        "feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="feed_pkey"),
        sa.UniqueConstraint("key_hash", name="feed_key_hash_key"),
        sa.UniqueConstraint("person", name="feed_person_key"),
    )
    op.create_index("feed_subject", "feed", ["subject"])


def _create_webhooks() -> None:
    """Endpoints with their secrets, deliveries and attempts."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="webhook_endpoint_pkey"),
    )
    op.create_index("webhook_endpoint_created_at", "webhook_endpoint", ["created_at", "id"])
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name="webhook_secret_endpoint_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="webhook_secret_pkey"),
    )
    op.create_index("webhook_secret_endpoint_id", "webhook_secret", ["endpoint_id", "created_at", "id"])
    op.create_table(
        "webhook_content",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="webhook_content_pkey"),
    )
    op.create_index("webhook_content_kept_at", "webhook_content", ["kept_at", "id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name="webhook_delivery_endpoint_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="webhook_delivery_pkey"),
    )
    op.create_index("webhook_delivery_about", "webhook_delivery", ["about"])
    op.create_index("webhook_delivery_endpoint", "webhook_delivery", ["endpoint_id", "position"])
    op.create_index(
        "webhook_delivery_next_at",
        "webhook_delivery",
        ["endpoint_id", "next_at", "position"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("webhook_delivery_queued_at", "webhook_delivery", ["queued_at", "position"])
    op.create_index("webhook_delivery_state", "webhook_delivery", ["endpoint_id", "state", "position"])
    op.create_index(
        "webhook_delivery_test",
        "webhook_delivery",
        ["endpoint_id"],
        postgresql_where=sa.text("state = 'waiting' AND test"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_delivery.id"], name="webhook_attempt_delivery_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="webhook_attempt_pkey"),
    )


def _drop(*tables: str) -> None:
    for table in tables:
        op.drop_table(table)
