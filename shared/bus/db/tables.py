"""Define the tables that every service's database has for the bus.

`bus_tables(metadata)` adds them to a service's own metadata, so that its migrations create them. All times in these
tables but `journal.occurred_at` are the database's real time.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.bus.db.erasure import CLOSED, FUNCTION

NOW = text("now()")


def bus_tables(metadata: MetaData) -> None:
    """Add the bus's tables to `metadata`: the journal, the outbox, how far was read, and the keys of requests."""
    _written(metadata)
    _sent(metadata)
    _read(metadata)
    _set_aside(metadata)
    request_key_table(metadata)


def _written(metadata: MetaData) -> None:
    Table(
        "aggregate",
        metadata,
        Column("aggregatetype", Text, primary_key=True, comment="The topic that tells of it"),
        Column("aggregateid", Text, primary_key=True),
        Column("sequence", BigInteger, nullable=False, comment="Of the newest event; 0 before the first"),
        Column("hash", LargeBinary, nullable=False, comment="Head of the chain over the digests"),
        Column("correlationid", Text, nullable=False, comment="Whose story it belongs to"),
        comment="One row an aggregate: locked before an event is added, so that its events have one order",
    )
    Table(
        "journal",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", Text, nullable=False, comment="Text, because jsonb would change its bytes"),
        Column("occurred_at", DateTime(timezone=True), nullable=False, comment="Domain time"),
        Column("actor", Text, nullable=False),
        Column("correlationid", Text, nullable=False),
        Column("causationid", Uuid),
        Column("traceparent", Text),
        Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the payload as it was written"),
        Column("hash", LargeBinary, nullable=False, comment="SHA-256 of the hash before it and the digest"),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=NOW),
        UniqueConstraint("aggregatetype", "aggregateid", "sequence", name="journal_sequence_key"),
        Index("journal_correlation", "correlationid"),
        comment="What was done: insert-only, the lasting record",
    )
    erasure = Table(
        "erasure",
        metadata,
        Column("journal_id", Uuid, ForeignKey("journal.id"), primary_key=True),
        Column("digest_after", LargeBinary, nullable=False, comment="SHA-256 of the shortened payload"),
        Column("erased_at", DateTime(timezone=True), nullable=False),
        Column("erased_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("signature", LargeBinary, nullable=False, comment="By the key of erasures, which no database knows"),
        comment="Which payloads of the journal were cut; written by erase_payload only",
    )
    for statement in (FUNCTION, CLOSED):
        event.listen(erasure, "after_create", DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy has no types
    Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("id", Uuid, nullable=False),
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("correlationid", Text, nullable=False),
        Column("causationid", Uuid),
        Column("traceparent", Text),
        comment="The outbox: what the relay has still to send; columns named as Debezium's outbox router names them",
    )


def _sent(metadata: MetaData) -> None:
    Table(
        "sent_record",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("partition", SmallInteger, primary_key=True),
        Column("offset", BigInteger, primary_key=True),
        Column("journal_id", Uuid, nullable=False),
        Column("sent_at", DateTime(timezone=True), nullable=False, server_default=NOW),
        Index("sent_record_age", "sent_at"),
        comment="Where the log acknowledged an event; kept a day, to notice and mend a log that lost records",
    )
    Table(
        "lease",
        metadata,
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("epoch", BigInteger, nullable=False, comment="Grows with each new holder; a commit checks it"),
        Column("until", DateTime(timezone=True), nullable=False),
        comment="What is done by one at a time",
    )


def _read(metadata: MetaData) -> None:
    Table(
        "read_position",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("partition", SmallInteger, primary_key=True),
        Column("next_offset", BigInteger, nullable=False),
        Column("last_ce_id", Uuid, comment="The record before next_offset: tells whether the log is still the same"),
        comment="How far each partition was read: the truth, and the fence between two instances",
    )
    Table(
        "applied_sequence",
        metadata,
        Column("topic", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False, comment="Of the newest event that the state holds"),
        Column("ce_id", Uuid),
        Column("reacted", BigInteger, nullable=False, comment="Of the newest event reacted to; a rebuild keeps it"),
        # The column that tells rows apart comes first, and pages keep room for the next version of their rows: this
        # table is read and written for every event of every batch (docs/decisions/0011-what-the-bus-costs.md).
        PrimaryKeyConstraint("subject", "topic", "source"),
        postgresql_with={"fillfactor": 60},
        comment="What was applied, by subject: what comes again is dropped",
    )
    Table(
        "unknown_type",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("type", Text, primary_key=True),
        Column("count", BigInteger, nullable=False),
        Column("first_seen", DateTime(timezone=True), nullable=False, server_default=NOW),
        Column("last_seen", DateTime(timezone=True), nullable=False, server_default=NOW),
        comment="Types that this reader does not know yet: rebuild once it has learnt them",
    )


def _set_aside(metadata: MetaData) -> None:
    Table(
        "dead_letter",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("source", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, comment="Empty where it cannot be read"),
        Column("ce_id", Uuid),
        Column("type", Text),
        Column("key", LargeBinary),
        Column("value", LargeBinary),
        Column("headers", JSONB, nullable=False, comment="Pairs of name and base64 of the bytes"),
        Column("reason", Text, nullable=False, comment="undecodable, contract, source, failed, fork, gap or behind"),
        Column("detail", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="1"),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=NOW),
        Column(
            "settled_at", DateTime(timezone=True), comment="Empty while it waits for a person or for what is missing"
        ),
        Column("settled_by", Text),
        Column("settlement", Text, comment="redriven, skipped or healed"),
        Column("settled_reason", Text),
        Index(
            "dead_letter_open",
            "topic",
            "subject",
            "id",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "dead_letter_once",
            "topic",
            "partition",
            "offset",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "dead_letter_event_once",
            "topic",
            "ce_id",
            unique=True,
            postgresql_where=text("settled_at IS NULL AND ce_id IS NOT NULL"),
        ),
        comment="Events that could not be applied, whole, until a person or the missing event settles them",
    )
    Table(
        "deferred_reaction",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("for_topic", Text, nullable=False),
        Column("for_subject", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary),
        Column("value", LargeBinary),
        Column("headers", JSONB, nullable=False),
        Column("ce_id", Uuid, nullable=False),
        Column("since", DateTime(timezone=True), nullable=False, server_default=NOW),
        UniqueConstraint("ce_id", "for_topic", "for_subject", name="deferred_reaction_once"),
        Index("deferred_reaction_for", "for_topic", "for_subject"),
        comment="Reactions whose subject has not arrived",
    )
    Table(
        "set_aside",
        metadata,
        Column("work", Text, primary_key=True, comment="Which worker left it out"),
        Column("subject", Text, primary_key=True),
        Column("scope", Text, nullable=False, comment="What the worker looks at in one go, such as a call"),
        Column("reason", Text, nullable=False),
        Column("since", DateTime(timezone=True), nullable=False, server_default=NOW),
        comment="What a worker left out because it fails, so that the rest goes on; gone once it succeeds",
    )


def request_key_table(metadata: MetaData) -> Table:
    """Add the table of the keys of requests (`request_keys.py`) to `metadata` and return it."""
    return Table(
        "request_key",
        metadata,
        Column("sender", Text, primary_key=True, comment="Who sent the request"),
        Column("key", Text, primary_key=True, comment="Its Idempotency-Key"),
        Column("request", LargeBinary, nullable=False, comment="SHA-256 of method, address and body"),
        Column("rights", LargeBinary, nullable=False, comment="SHA-256 of what the sender was allowed to do"),
        Column("since", DateTime(timezone=True), nullable=False, server_default=NOW),
        Column("status", SmallInteger, comment="Empty until it is answered"),
        Column("headers", JSONB),
        Column("body", Text, comment="Sealed, since an answer may contain a secret"),
        Index("request_key_since", "since"),
        comment="Requests of the last day that had a key, with their answers: a repeat acts no second time",
    )
