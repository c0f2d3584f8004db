"""Write events as records of the log, and read records without ever raising.

CloudEvents 1.0 in Kafka's binary mode (CloudEvents Kafka Protocol Binding, section 3.2): attributes are headers named
`ce_...`, the value is the event's JSON. `ce_time` is domain time; the record's own timestamp is real time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from asyncpg.pgproto.pgproto import UUID as QUICK_UUID
from pydantic import ValidationError

from shared.contracts import EVENTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from shared.contracts.base import Event

CONTENT_TYPE = b"application/json"
SPEC_VERSION = b"1.0"
SOURCE = "urn:tandem:{service}"
SCHEMA = "urn:tandem:schema:{type}"

NOT_THE_OWNER = "source"
"""The fault of a record whose source is not the owner of its topic. It holds nothing back."""
LONGEST = 512
"""The most bytes of a subject, a source or a type: an index cannot hold more."""
_NUMBERS = 2**63
NUL, BACKSLASH, ESCAPED_NUL = b"\0", b"\\", b"\\u0000"

Headers = list[tuple[str, bytes]]

Key = tuple[str, str, str]
"""The key under which a subject's progress is stored: topic, source, subject."""


class Record(Protocol):
    """The fields that are read of a Kafka record; aiokafka's `ConsumerRecord` fits."""

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
    """One event with its attributes on the log.

    `subject` is the aggregate's id and the record's key; `sequence` counts the aggregate's events from 1; `time` is
    domain time; `correlationid` names the story (mostly an application) that the event belongs to. A tuple, since a
    batch makes thousands and a frozen dataclass is slower to make.
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
    """A record that is no event: `reason` says how, `detail` says more.

    `reason` is `undecodable`, `contract`, `unknown`, `tombstone` or `source`. Readable parts are kept, so that the
    subject can be held back and the sequence can advance. A record with another source than the owner of its topic
    keeps neither its id nor its number: it must not take the place of the owner's event.
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
    """Return the headers of an event's record, all of them UTF-8."""
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
    """Return type, source and schema: the same for all events of a type."""
    return type_.encode(), SOURCE.format(service=service).encode(), SCHEMA.format(type=type_).encode()


class ReadRecord(NamedTuple):
    """A record with the event that was read from it, or its fault; a `Record` itself.

    A record's headers take more memory than the rest of it. Joined in one piece they let a batch stay within the
    processor's caches, which makes all work on it faster.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    names: tuple[str, ...] | None
    """The headers' names, or None where the headers were left as they came."""
    packed: bytes | Sequence[tuple[str, bytes | None]]
    """The headers' values, with a NUL between two of them; or the headers as they came."""
    event: Envelope | Faulty
    whose: Key

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The headers as they came."""
        if isinstance(self.packed, bytes):
            return list(zip(self.names or (), self.packed.split(NUL), strict=True))
        return self.packed


class _Order(NamedTuple):
    """The order of headers as our relay writes them, and which values to pick; one None stands behind the values."""

    names: tuple[str, ...]
    pick: Callable[[tuple[bytes | None, ...]], tuple[bytes | None, ...]]


_WANTED = (
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "ce_subject",
    "ce_correlationid",
    "ce_sequence",
    "ce_causationid",
    "traceparent",
)
_NEEDED = 8
"""The number of headers, from the first, that an event must have."""
_SUBJECT = _WANTED.index("ce_subject")


def _order(causationid: UUID | None, traceparent: str | None) -> _Order:
    headers = headers_of("", QUICK_UUID(bytes(16)), "", "", datetime.now(UTC), 1, "", causationid, traceparent)
    names = tuple(name for name, _ in headers)
    return _Order(names, itemgetter(*(names.index(name) if name in names else len(names) for name in _WANTED)))


_ORDERS = {
    (len(order.names), order.names[-1]): order
    for order in (_order(cause, trace) for cause in (None, QUICK_UUID(bytes(16))) for trace in (None, "-"))
}


def take(record: Record) -> ReadRecord:
    """Return `record` with its event, itself if it has one. Never raises, whatever bytes the record holds."""
    if isinstance(record, ReadRecord):
        return record
    headers = record.headers
    names: tuple[str, ...] | None = None
    packed: bytes | Sequence[tuple[str, bytes | None]] = headers
    found: tuple[str, ...]
    values: tuple[bytes, ...]
    try:
        found, values = zip(*headers, strict=True)
        pieces = NUL.join(values)
    except (TypeError, ValueError):  # Kafka lets a header have no value, and a record no header
        event = _read_odd(record)
    else:
        usual = _ORDERS.get((len(found), found[-1]))
        if pieces.count(NUL) >= len(found):
            event = _read_odd(record)
        elif usual is not None and usual.names == found:
            names, packed = usual.names, pieces  # the same names object for all, so that the record's own can be freed
            event = _read(record, usual.pick((*values, None)))
        else:
            names, packed = found, pieces
            event = _read(record, tuple(map(dict(zip(found, values, strict=True)).get, _WANTED)))
    topic = record.topic
    whose = topic, event.source, event.subject
    # As the class itself would do, but faster: this runs for each record.
    return tuple.__new__(
        ReadRecord,
        (topic, record.partition, record.offset, record.key, record.value, names, packed, event, whose),
    )


def read(record: Record) -> Envelope | Faulty:
    """Return the event in `record`, or its fault. Never raises, whatever bytes the record holds."""
    return take(record).event


def _read_odd(record: Record) -> Envelope | Faulty:
    """Read a record where a header holds a NUL or has no value, or where there is none."""
    headers = {name: text or b"" for name, text in record.headers}
    if record.value is not None and NUL in b"".join(headers.values()):
        return Faulty("undecodable", _HOLDS_NUL, _subject(record, headers.get("ce_subject")))
    return _read(record, tuple(map(headers.get, _WANTED)))


def _read(record: Record, wanted: tuple[bytes | None, ...]) -> Envelope | Faulty:  # noqa: PLR0911 - ways to be wrong
    """Return the event in a record whose headers have the values `wanted`."""
    value, topic = record.value, record.topic
    if value is None:
        return Faulty("tombstone", "The record has no value.", _subject(record, wanted[_SUBJECT]))
    needed, (causation, trace) = wanted[:_NEEDED], wanted[_NEEDED:]
    if None in needed:
        missing = ", ".join(name for name, text in zip(_WANTED, needed, strict=False) if text is None)
        return Faulty("undecodable", f"Headers are missing: {missing}.", _subject(record, wanted[_SUBJECT]))
    version, ce_id, ce_type, told_by, ce_time, named, story, number = cast("tuple[bytes, ...]", needed)
    # Most payloads escape nothing, and one byte is found much faster than six.
    if BACKSLASH in value and ESCAPED_NUL in value:
        return Faulty("undecodable", _HOLDS_NUL, _subject(record, named))
    try:
        # Repeated values are cached, since a load decodes a million of each.
        type_, home, check = _KNOWN.get(ce_type) or (ce_type.decode(), None, None)
        id_ = QUICK_UUID(ce_id.decode())
        subject = named.decode()
        sequence = int(number)
        time = datetime.fromisoformat(ce_time.decode())
        causationid = QUICK_UUID(causation.decode()) if causation else None
        correlationid = subject if story == named else story.decode()
        traceparent = trace.decode() if trace else None
    except ValueError as wrong:
        return Faulty("undecodable", f"A header cannot be read: {wrong!r}.", _subject(record, named))
    if len(named) > LONGEST or len(told_by) > LONGEST or len(ce_type) > LONGEST:
        return Faulty("undecodable", "A subject, source or type longer than any table keeps.", _subject(record, named))
    if version != SPEC_VERSION or time.tzinfo is None or not 0 < sequence < _NUMBERS:
        return Faulty("undecodable", "Not CloudEvents 1.0, or a time without a zone, or no such sequence.", subject)
    if record.key != named:
        return Faulty("undecodable", "The record's key is not the event's subject.", subject)
    claimed, source = _OWNERS.get(topic, (None, ""))
    if check is None or home != topic or told_by != claimed:
        return _foreign(Faulty("unknown", "", subject, source, sequence, id_, type_), topic, told_by)
    try:
        data = check(value)
    except ValidationError as wrong:
        return Faulty("contract", _against_contract(wrong), subject, source, sequence, id_, type_)
    return tuple.__new__(
        Envelope,
        (id_, type_, source, subject, topic, time, sequence, correlationid, causationid, traceparent, data),
    )


_KNOWN = {name.encode(): (name, model.topic, model.read) for name, model in EVENTS.items()}
_OWNERS = {name: ((source := SOURCE.format(service=topic.owner)).encode(), source) for name, topic in TOPICS.items()}
"""The only source of each topic, as bytes and as text."""
_HOLDS_NUL = "A NUL character, which no table can hold as text."


def _foreign(found: Faulty, topic: str, source: bytes) -> Faulty:
    """Return the fault of a record whose source or type does not belong to its topic; `found` is what else it says."""
    if source != found.source.encode():
        return Faulty(
            NOT_THE_OWNER, f"Its source is not {topic}'s owner: {source[:60]!r}.", found.subject, type=found.type
        )
    home = _KNOWN.get((found.type or "").encode())
    detail = "This reader does not know the type." if home is None else f"The type belongs to {home[1]}."
    return replace(found, detail=detail)


def _against_contract(wrong: ValidationError) -> str:
    """Return which fields are wrong and why, without the values: they may concern a person."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'payload'}: {each['msg']}"
        for each in wrong.errors(include_url=False, include_input=False, include_context=False)[:5]
    )


def _subject(record: Record, named: bytes | None) -> str:
    """Return the subject by which a broken record holds back others: its header, its key, or the record itself."""
    for candidate in (named, record.key):
        if candidate and NUL not in candidate and len(candidate) <= LONGEST:
            try:
                return candidate.decode()
            except UnicodeDecodeError:
                continue
    return f"{record.topic}/{record.partition}/{record.offset}"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record read back from `dead_letter` or `deferred_reaction`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def headers_to_json(record: Record) -> str:
    """Return the headers as JSON, pairs of name and base64 (null for a header without a value), in their order."""
    return json.dumps([[name, value if value is None else b64encode(value).decode()] for name, value in record.headers])


class StoredRow(Protocol):
    """A row of `dead_letter` or `deferred_reaction`, with the columns of `StoredRecord`, however it was read."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""


def stored(row: StoredRow) -> StoredRecord:
    """Return the record in a row of `dead_letter` or `deferred_reaction`."""
    headers = row["headers"]
    pairs = json.loads(headers) if isinstance(headers, str) else headers
    return StoredRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        value=row["value"],
        headers=[(name, value if value is None else b64decode(value)) for name, value in pairs],
    )
