"""How does an event look on the log, and how is it read back without ever raising?

CloudEvents 1.0 in Kafka's binary mode (CloudEvents Kafka Protocol Binding, section 3.2): attributes are headers named
`ce_...`, the value is the event's JSON. `ce_time` is domain time; the record's own timestamp is real time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asyncpg.pgproto.pgproto import UUID as QUICK_UUID
from pydantic import ValidationError

from shared.contracts import EVENTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.contracts.base import Event

CONTENT_TYPE = b"application/json"
SPEC_VERSION = b"1.0"
SOURCE = "urn:tandem:{service}"
SCHEMA = "urn:tandem:schema:{type}"

NUL, BACKSLASH, ESCAPED_NUL = b"\0", b"\\", b"\\u0000"

Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """What is read of a Kafka record; aiokafka's `ConsumerRecord` fits."""

    @property
    def topic(self) -> str: ...  # noqa: D102 - Kafka's own words
    @property
    def partition(self) -> int: ...  # noqa: D102 - as above
    @property
    def offset(self) -> int: ...  # noqa: D102 - as above
    @property
    def key(self) -> bytes | None: ...  # noqa: D102 - as above
    @property
    def value(self) -> bytes | None: ...  # noqa: D102 - as above
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102 - as above


class Envelope(NamedTuple):
    """One event with what the log says about it.

    `subject` is the aggregate's id and the record's key; `sequence` counts the aggregate's events from 1; `time` is
    domain time; `correlationid` names the story (mostly an application) that the event belongs to. A tuple, since a
    batch makes thousands and a frozen dataclass takes several times as long to make.
    """

    id: UUID
    type: str
    source: str
    subject: str
    topic: str
    time: datetime
    sequence: int
    correlationid: str
    causationid: UUID | None
    traceparent: str | None
    data: Event


@dataclass(frozen=True, slots=True)
class Faulty:
    """A record that is no event: `reason` is `undecodable`, `contract`, `unknown` or `tombstone`; `detail` says more.

    What could be read is kept, so that the subject can be held back and the sequence can advance.
    """

    reason: str
    detail: str
    subject: str
    source: str = ""
    sequence: int | None = None
    id: UUID | None = None
    type: str | None = None


def headers_of(
    service: str,
    id: UUID,  # noqa: A002 - the word CloudEvents uses
    type: str,  # noqa: A002 - as above
    subject: str,
    time: datetime,
    sequence: int,
    correlationid: str,
    causationid: UUID | None,
    traceparent: str | None,
) -> Headers:
    """The headers of an event's record, all of them UTF-8."""
    key = subject.encode()
    ce_type, source, schema = _names_of(service, type)
    headers: Headers = [
        ("ce_specversion", SPEC_VERSION),
        ("ce_id", str(id).encode()),
        ("ce_type", ce_type),
        ("ce_source", source),
        ("ce_time", time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", key),
        ("ce_dataschema", schema),
        ("ce_partitionkey", key),
        ("ce_correlationid", correlationid.encode()),
        ("ce_sequence", b"%d" % sequence),
        ("content-type", CONTENT_TYPE),
    ]
    if causationid is not None:
        headers.append(("ce_causationid", str(causationid).encode()))
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers


@cache
def _names_of(service: str, type_: str) -> tuple[bytes, bytes, bytes]:
    """Type, source and schema: the same for all events of a type."""
    return type_.encode(), SOURCE.format(service=service).encode(), SCHEMA.format(type=type_).encode()


def read(record: Record) -> Envelope | Faulty:  # noqa: PLR0911 - one return for each way to be wrong
    """The event in `record`, or what is wrong with it. Never raises, whatever bytes the record holds."""
    value, topic = record.value, record.topic
    headers: dict[str, bytes] = dict(record.headers)  # type: ignore[arg-type]  # as the next lines see to
    if None in headers.values():  # Kafka lets a header have no value; ours have one
        headers = {name: text or b"" for name, text in headers.items()}
    if value is None:
        return Faulty("tombstone", "The record has no value.", _subject(record, headers))
    # Most payloads escape nothing, and one byte is found twenty times as fast as six.
    if NUL in b"".join(headers.values()) or (BACKSLASH in value and ESCAPED_NUL in value):
        return Faulty("undecodable", "A NUL character, which no table can hold as text.", _subject(record, headers))
    try:
        named, ce_type, told_by = headers["ce_subject"], headers["ce_type"], headers["ce_source"]
        # What comes again and again is looked up, since a load decodes a million of each.
        type_, model = _KNOWN.get(ce_type) or (ce_type.decode(), None)
        source = _OWNERS.get(told_by) or told_by.decode()
        ce_id = QUICK_UUID(headers["ce_id"].decode())
        subject = named.decode()
        sequence = int(headers["ce_sequence"])
        time = datetime.fromisoformat(headers["ce_time"].decode())
        causation = headers.get("ce_causationid")
        causationid = QUICK_UUID(causation.decode()) if causation else None
        story = headers["ce_correlationid"]
        correlationid = subject if story == named else story.decode()
        trace = headers.get("traceparent")
        traceparent = trace.decode() if trace else None
    except (KeyError, ValueError) as wrong:
        return Faulty("undecodable", f"A header is missing or cannot be read: {wrong!r}.", _subject(record, headers))
    if headers.get("ce_specversion") != SPEC_VERSION or time.tzinfo is None or sequence < 1:
        return Faulty("undecodable", "Not CloudEvents 1.0, or a time without a zone, or a sequence below 1.", subject)
    if record.key != named:
        return Faulty("undecodable", "The record's key is not the event's subject.", subject)
    if model is None or model.topic != topic:
        detail = "This reader does not know the type." if model is None else f"The type belongs to {model.topic}."
        return Faulty("unknown", detail, subject, source, sequence, ce_id, type_)
    try:
        data = model.read(value)
    except ValidationError as wrong:
        return Faulty("contract", _against_contract(wrong), subject, source, sequence, ce_id, type_)
    return Envelope(ce_id, type_, source, subject, topic, time, sequence, correlationid, causationid, traceparent, data)


_KNOWN = {name.encode(): (name, model) for name, model in EVENTS.items()}
_OWNERS = {(source := SOURCE.format(service=topic.owner)).encode(): source for topic in TOPICS.values()}


def _against_contract(wrong: ValidationError) -> str:
    """Which fields are wrong and why, without the values: they may concern a person."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'payload'}: {each['msg']}"
        for each in wrong.errors(include_url=False, include_input=False, include_context=False)[:5]
    )


def _subject(record: Record, headers: dict[str, bytes]) -> str:
    """The subject by which a broken record holds back its successors: its header, its key or, failing both, itself."""
    for candidate in (headers.get("ce_subject"), record.key):
        if candidate and NUL not in candidate:
            try:
                return candidate.decode()
            except UnicodeDecodeError:
                continue
    return f"{record.topic}/{record.partition}/{record.offset}"
