"""Test that the reader pauses where going on would drain a topic into dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiokafka.structs import TopicPartition
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.bus.dead_letters import letters, redrive
from shared.bus.dead_letters.letters import open_events
from shared.bus.inbox import reader as reader_module
from shared.bus.inbox.failures import TooManyDeadLetters
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed, open_dead_letters, withdrawn
from tests.integration.shared.bus.test_forgery import forged
from tests.simulation.world import Log, Member
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus
    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]


def against_contract(record: StoredRecord) -> StoredRecord:
    """Return the same record with a payload that breaks its contract."""
    return replace(record, value=b'{"due": "never"}')


def undecodable(record: StoredRecord) -> StoredRecord:
    """Return the same record with a header that cannot be read."""
    return replace(record, headers=[(name, b"\xff" if name == "ce_id" else old) for name, old in record.headers])


def empty(record: StoredRecord) -> StoredRecord:
    """Return the same record without a value."""
    return replace(record, value=None)


BAD = [against_contract, undecodable, empty]


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("batch", [1, 500])
async def test_three_hundred_bad_events_in_a_row_pause_the_reader(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[StoredRecord], StoredRecord], batch: int
) -> None:
    """After nineteen subjects the twentieth is no dead letter: the reader pauses, whatever the size of its batches."""
    monkeypatch.setattr(reader_module, "PAUSE_SECONDS", 0.0)
    bus, handlers, log = await new_bus("matching", reader_batch=batch), Handlers(), Log()
    feed = Feed(bus, handlers.consumers)
    for _ in range(300):
        record = spoil(feed.record(endorsed(), str(new_id())))
        log.append(TOPIC, 0, record.key, record.value, list(record.headers))
    member = Member(bus, handlers.consumers, log)
    await member.assign({TopicPartition(TOPIC, 0)})
    for _ in range(40):
        member.take(batch)
        await member.handle()
    assert member.reader.paused is not None
    assert "20 subjects in a row failed" in member.reader.paused
    async with bus.read() as session:
        assert len(await open_events(session, limit=1000)) == (19 if batch == 1 else 0)


async def test_the_reader_goes_on_once_its_release_is_mended(new_bus: NewBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that paused because all its handlers failed applies everything once they do not."""
    monkeypatch.setattr(reader_module, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(reader_module, "AGAIN_SECONDS", 0.0)
    bus, handlers, log = await new_bus("matching", reader_batch=1, reader_failing_subjects=3), Handlers(), Log()
    feed = Feed(bus, handlers.consumers)
    subjects = [str(new_id()) for _ in range(5)]
    handlers.poison = set(subjects)
    for subject in subjects:
        record = feed.record(endorsed(), subject)
        log.append(TOPIC, 0, record.key, record.value, list(record.headers))
    member = Member(bus, handlers.consumers, log)
    await member.assign({TopicPartition(TOPIC, 0)})
    for _ in range(8):
        member.take(1)
        await member.handle()
    assert member.reader.paused is not None
    assert [await open_dead_letters(bus, subject) for subject in subjects] == [["failed"], ["failed"], [], [], []]
    handlers.poison = set()
    for _ in range(8):
        member.take(1)
        await member.handle()
    assert member.reader.paused is None
    assert [subject for subject, _ in await applied(bus)] == subjects[2:]


@pytest.mark.parametrize("one_by_one", [False, True])
async def test_an_applied_event_in_between_ends_the_row(new_bus: NewBus, one_by_one: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Bad events among good ones become dead letters, as many as there are, also where handlers fail among them."""
    bus, handlers = await new_bus("matching", reader_failing_subjects=3), Handlers()
    feed = Feed(bus, handlers.consumers)
    records = []
    for _ in range(4):
        records += [against_contract(feed.record(endorsed(), str(new_id()))) for _ in range(2)]
        records.append(feed.record(endorsed(), str(new_id())))
    await feed.apply(records, one_by_one=one_by_one)
    assert len(await applied(bus)) == 4


async def test_bad_events_and_failing_handlers_count_together(new_bus: NewBus) -> None:
    """Two events against their contract and one whose handler raises are three in a row."""
    bus, handlers = await new_bus("matching", reader_failing_subjects=3), Handlers()
    feed = Feed(bus, handlers.consumers)
    bad = str(new_id())
    handlers.poison = {bad}
    records = [against_contract(feed.record(endorsed(), str(new_id()))) for _ in range(2)]
    failing = feed.record(endorsed(), bad)
    for order in ([*records, failing], [failing, *records]):
        with pytest.raises(TooManyDeadLetters, match="3 subjects in a row"):
            await feed.apply(order, one_by_one=True)


async def test_faults_of_single_subjects_do_not_count(new_bus: NewBus) -> None:
    """Gaps, many bad events of one subject, and forged events become dead letters without a pause."""
    bus, handlers = await new_bus("matching", reader_failing_subjects=3), Handlers()
    feed = Feed(bus, handlers.consumers)
    subject = str(new_id())
    await feed.apply([feed.record(withdrawn(), str(new_id()), sequence=2) for _ in range(5)])
    await feed.apply([against_contract(feed.record(endorsed(), subject)) for _ in range(5)])
    await feed.apply([forged(feed.record(endorsed(), str(new_id()))) for _ in range(5)])
    assert len(await open_dead_letters(bus, subject)) == 5


async def test_more_dead_letters_of_a_subject_than_the_limit_pause_the_reader(new_bus: NewBus) -> None:
    """The one beyond the limit is no dead letter, and other subjects do not count."""
    bus, handlers, subject = await new_bus("matching", dead_letters_of_subject=3), Handlers(), str(new_id())
    feed = Feed(bus, handlers.consumers)
    await feed.apply([feed.record(withdrawn(), subject, sequence=number) for number in (2, 3, 4)])
    await feed.apply([feed.record(withdrawn(), str(new_id()), sequence=2) for _ in range(4)])
    with pytest.raises(TooManyDeadLetters, match=f"4 events of {subject} on {TOPIC} are dead letters, more than 3"):
        await feed.apply([feed.record(withdrawn(), subject, sequence=5)])
    assert await open_dead_letters(bus, subject) == ["gap", "behind", "behind"]


async def test_more_dead_letters_in_all_than_the_limit_pause_the_reader(new_bus: NewBus) -> None:
    """The limit counts what nobody has settled, over all subjects."""
    bus, handlers = await new_bus("matching", dead_letters_in_all=3), Handlers()
    feed = Feed(bus, handlers.consumers)
    gaps = [feed.record(withdrawn(), str(new_id()), sequence=2) for _ in range(5)]
    await feed.apply(gaps[:3])
    with pytest.raises(TooManyDeadLetters, match="4 events are dead letters, more than 3"):
        await feed.apply(gaps[3:4])
    async with bus.transaction("test") as tx:
        await tx.session.execute(
            text("UPDATE dead_letter SET settled_at = now() WHERE id = (SELECT min(id) FROM dead_letter)")
        )
    await feed.apply(gaps[3:4])
    with pytest.raises(TooManyDeadLetters):
        await feed.apply(gaps[4:])


async def test_forged_records_never_pause_the_reader(new_bus: NewBus) -> None:
    """More records of a wrong source than each limit are kept without a pause; the owner's own still count alone."""
    bus, handlers = await new_bus("matching", dead_letters_in_all=3, dead_letters_of_subject=2), Handlers()
    feed, subject = Feed(bus, handlers.consumers), str(new_id())
    await feed.apply([forged(feed.record(endorsed(), subject)) for _ in range(5)])
    await feed.apply([forged(feed.record(endorsed(), str(new_id()))) for _ in range(5)])
    assert await open_dead_letters(bus, subject) == ["source"] * 5
    await feed.apply([feed.record(withdrawn(), subject, sequence=number) for number in (2, 3)])
    with pytest.raises(TooManyDeadLetters, match=f"3 events of {subject}"):
        await feed.apply([feed.record(withdrawn(), subject, sequence=4)])
    await feed.apply([feed.record(withdrawn(), str(new_id()), sequence=2)])
    with pytest.raises(TooManyDeadLetters, match="4 events are dead letters, more than 3"):
        await feed.apply([feed.record(withdrawn(), str(new_id()), sequence=2)])


async def test_a_flood_of_forged_records_does_not_fill_the_table(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a number they are only counted, until somebody has settled some; events of the owner are applied."""
    monkeypatch.setattr(letters, "MOST_OF_OTHERS", 4)
    bus, handlers = await new_bus("matching"), Handlers()
    feed, subject = Feed(bus, handlers.consumers), str(new_id())
    metric = ("tandem_reader_dead_letters_total", {"service": "matching", "topic": TOPIC, "reason": "source"})
    before = REGISTRY.get_sample_value(*metric) or 0
    for _ in range(3):
        await feed.apply([forged(feed.record(endorsed(), str(new_id()))) for _ in range(3)])
    await feed.apply([feed.record(endorsed(), subject)])
    assert await applied(bus) == [(subject, "ApplicationEndorsed")]
    assert REGISTRY.get_sample_value(*metric) == before + 9
    async with bus.read() as session:
        kept = await open_events(session)
    assert [each.reason for each in kept] == ["source"] * 4
    await redrive.skip(bus, handlers.consumers, kept[0].id, "coordinator", "forged")
    last = str(new_id())
    await feed.apply([forged(feed.record(endorsed(), last))])
    assert await open_dead_letters(bus, last) == ["source"]
