"""Test that records are CloudEvents, and that any record is read without an exception."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.log.envelope import Envelope, Faulty, StoredRecord, headers_of, headers_to_json, read, stored, take
from shared.contracts import EVENTS, TOPICS, Event
from shared.contracts.applications import ApplicationEndorsed
from shared.ids import new_id

if TYPE_CHECKING:
    from random import Random
    from uuid import UUID

WHEN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def record_of(event: Event, subject: str, *, sequence: int = 1) -> StoredRecord:
    """Return the record of an event as the relay would send it."""
    headers = headers_of(
        TOPICS[event.topic].owner,
        new_id(),
        event.type,
        subject,
        WHEN,
        sequence,
        "story",
        new_id(),
        "00-" + "a" * 32 + "-bbbbbbbbbbbbbbbb-01",
    )
    return StoredRecord(event.topic, 3, 7, subject.encode(), event.write(), headers)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_is_a_cloudevent_to_the_official_sdk(name: str) -> None:
    """The CloudEvents SDK reads our records in binary mode and finds the same attributes and data."""
    event = EVENTS[name].model_validate(dict(EVENTS[name].example))
    record = record_of(event, "subject-1", sequence=4)
    headers = {name: value or b"" for name, value in record.headers}
    seen = from_binary_event(KafkaMessage(headers=headers, key=record.key, value=record.value or b""))
    source = f"urn:tandem:{TOPICS[event.topic].owner}"
    assert (seen.get_type(), seen.get_subject(), seen.get_source()) == (name, "subject-1", source)
    assert (seen.get_time(), seen.get_datacontenttype()) == (WHEN, "application/json")
    assert (seen.get_extension("sequence"), seen.get_extension("correlationid")) == ("4", "story")
    assert seen.get_data() == event.model_dump(mode="json")


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_comes_back_as_it_was(name: str) -> None:
    """Reading gives the same event, and all that the headers say."""
    event = EVENTS[name].model_validate(dict(EVENTS[name].example))
    back = read(record_of(event, "subject-1", sequence=4))
    assert isinstance(back, Envelope)
    assert (back.data, back.time, back.sequence, back.correlationid) == (event, WHEN, 4, "story")
    assert back.traceparent is not None


texts = st.binary(max_size=40)
ours = ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_correlationid", "ce_sequence"]
headers = st.lists(st.tuples(st.sampled_from(ours) | st.text(max_size=8), st.none() | texts), max_size=12)
true = record_of(ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example)), "subject-1")


@given(key=st.none() | texts, value=st.none() | texts, headers=headers)
def test_no_bytes_make_the_reader_raise(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """Any record is an event, or a fault that names a subject which a table can hold."""
    found = read(StoredRecord("exchange.applications", 0, 0, key, value, headers))
    assert isinstance(found, Envelope | Faulty)
    assert found.subject
    assert "\0" not in found.subject


@given(spoiled=st.sampled_from(ours), value=st.none() | texts)
def test_one_spoiled_header_is_a_fault_or_still_an_event(spoiled: str, value: bytes | None) -> None:
    """A true record with one header exchanged never raises, and never claims another key than the record's."""
    headers = [(name, value if name == spoiled else old) for name, old in true.headers]
    found = read(StoredRecord(true.topic, 3, 7, true.key, true.value, headers))
    if isinstance(found, Envelope):
        assert found.subject.encode() == true.key


@given(key=st.none() | texts, value=st.none() | texts, headers=headers)
def test_a_dead_letter_keeps_every_byte(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """A stored record comes back the same, headers in their order and doubles included."""
    record = StoredRecord("exchange.applications", 1, 2, key, value, headers)
    row = {
        "topic": record.topic,
        "partition": 1,
        "offset": 2,
        "key": key,
        "value": value,
        "headers": headers_to_json(record),
    }
    assert stored(row) == record


@given(key=st.none() | texts, value=st.none() | texts, headers=headers)
def test_a_record_that_was_read_keeps_every_byte(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """A record is stored as it came, whatever its headers hold, also the bytes that separate them."""
    record = StoredRecord("exchange.applications", 1, 2, key, value, headers)
    kept = take(record)
    assert (kept.topic, kept.partition, kept.offset, kept.key, kept.value) == (
        "exchange.applications",
        1,
        2,
        key,
        value,
    )
    assert list(kept.headers) == headers
    assert headers_to_json(kept) == headers_to_json(record)
    assert kept.event == read(record)


@given(
    cause=st.none() | st.just(new_id()),
    trace=st.none() | st.just("00-" + "a" * 32 + "-bbbbbbbbbbbbbbbb-01"),
    more=st.lists(st.tuples(st.text(max_size=8), texts), max_size=2),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_the_headers_says_nothing(
    cause: UUID | None, trace: str | None, more: list[tuple[str, bytes]], random: Random
) -> None:
    """The relay's own order, which is read faster, and any other one, with foreign headers among them, say the same."""
    own = headers_of("applications", new_id(), "ApplicationEndorsed", "subject-1", WHEN, 3, "story", cause, trace)
    event = read(StoredRecord(true.topic, 3, 7, true.key, true.value, own))
    assert isinstance(event, Envelope)
    assert (event.causationid, event.traceparent, event.sequence) == (cause, trace, 3)
    foreign = [(name, value.replace(b"\0", b"")) for name, value in more if name not in dict(own)]
    for headers in ([*own, *foreign], random.sample([*own, *foreign], len(own) + len(foreign))):
        assert read(StoredRecord(true.topic, 3, 7, true.key, true.value, headers)) == event


@pytest.mark.parametrize("missing", ours)
def test_a_missing_header_is_named(missing: str) -> None:
    """The fault of a dead letter names the header that it lacks."""
    found = read(
        StoredRecord(
            true.topic, 3, 7, true.key, true.value, [header for header in true.headers if header[0] != missing]
        )
    )
    assert isinstance(found, Faulty)
    assert found.reason == "undecodable"
    assert missing in found.detail


def test_the_reason_against_a_contract_holds_no_value() -> None:
    """The reason names each wrong field, without the value: it may concern a person."""
    found = read(StoredRecord(true.topic, 3, 7, true.key, b'{"due": "Ani Petrosyan"}', true.headers))
    assert isinstance(found, Faulty)
    assert found.reason == "contract"
    assert "due" in found.detail
    assert "Petrosyan" not in found.detail


@pytest.mark.parametrize("source", [b"urn:tandem:matching", b"urn:tandem:applications ", b"", b"\xff", b"x" * 200])
def test_an_event_of_another_source_than_the_owner_of_its_topic_is_a_fault(source: bytes) -> None:
    """Nobody but the owner of a topic can say anything there, and such a record keeps neither id nor number."""
    headers = [(name, source if name == "ce_source" else value) for name, value in true.headers]
    found = read(StoredRecord(true.topic, 3, 7, true.key, true.value, headers))
    assert isinstance(found, Faulty)
    assert (found.reason, found.source, found.id, found.sequence) == ("source", "", None, None)
    assert (found.subject, found.type) == ("subject-1", "ApplicationEndorsed")


def test_a_type_of_another_topic_is_not_known_there() -> None:
    """The owner's event of a type that belongs to another of its topics is listed with the topic that it belongs to."""
    found = read(StoredRecord("exchange.offers", 3, 7, true.key, true.value, true.headers))
    assert isinstance(found, Faulty)
    assert (found.reason, found.detail, found.sequence) == ("unknown", "The type belongs to exchange.applications.", 1)
