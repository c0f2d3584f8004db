"""Is the next batch read while the database writes the one before, and nothing lost or doubled where that fails?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from sqlalchemy import text

from shared.bus import Consumers
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.dead_letters import letters
from shared.bus.inbox import fetched
from shared.bus.inbox.admission import Standing
from shared.bus.inbox.fetched import Ahead, Waiting
from shared.bus.inbox.reader import Reader
from shared.bus.log import kafka, offsets
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, _count, _is, endorsed, running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from shared.bus import Bus, Envelope, Tx
    from shared.bus.log.envelope import ReadRecord

    NewBus = Callable[..., Awaitable[Bus]]


async def test_a_batch_read_ahead_of_one_that_fails_comes_again_in_its_turn(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of a long backlog fail at their very end with the next one in hand: all is applied once, in order."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics, reader_batch=3)
    subjects = [str(new_id()) for _ in range(3)]
    for _ in range(4):
        async with owner.transaction("coordinator") as tx:
            for subject in subjects:
                await tx.record(endorsed(), subject)
    kept = taken = fails = 0
    applied: list[tuple[str, int]] = []
    tried: list[tuple[str, int]] = []
    keeps, takes, advances = Ahead.keep, Ahead.take, offsets.advance

    def keep(ahead: Ahead[Any], records: dict[Any, Any]) -> None:
        nonlocal kept
        kept += bool(records)
        keeps(ahead, records)

    def take(ahead: Ahead[Any], assigned: Any) -> dict[Any, Any]:
        nonlocal taken
        found = takes(ahead, assigned)
        taken += bool(found)
        return found

    async def advance(*given: Any) -> dict[offsets.Partition, int]:
        """Fail twice with a batch of ours in hand, each time event by event too."""
        nonlocal fails
        if tried and kept and fails < 4:
            fails += 1
            tried.clear()
            raise ArithmeticError("the store cannot take it")
        come = await advances(*given)
        applied.extend(dict.fromkeys(tried))
        tried.clear()
        return come

    async def evolve(_: Tx, events: Sequence[Envelope]) -> None:
        tried.extend((each.subject, each.sequence) for each in events if each.subject in subjects)

    monkeypatch.setattr(Ahead, "keep", keep)
    monkeypatch.setattr(Ahead, "take", take)
    monkeypatch.setattr(offsets, "advance", advance)
    consumers = Consumers("matching")
    consumers.topic(TOPIC, evolve=evolve)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "pending"), 0))
    async with running(Reader(bus, consumers).run):
        await until(lambda: _is(_length(applied), 12), 40)
    assert (fails, kept > 0, taken > 0) == (4, True, True)
    for subject in subjects:
        assert [number for each, number in applied if each == subject] == [1, 2, 3, 4]


async def _length(found: Sequence[object]) -> int:
    return len(found)


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "in hand"])
@pytest.mark.parametrize("left", [True, False], ids=["the group shares out", "no sharing out"])
async def test_a_seek_while_records_are_taken_gives_each_of_them_once_from_there(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, *, ahead: bool, left: bool
) -> None:
    """Somebody goes back in the log between the few records that are taken at a time: what was taken is forgotten."""
    owner = await new_bus("applications", kafka=topics)
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        for _ in range(9):
            await tx.record(endorsed(), subject)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "pending"), 0))
    monkeypatch.setattr(fetched, "FEW", 2)
    place = TopicPartition(TOPIC, partition_of(TOPIC, subject))
    consumer = Waiting(
        gathers=0, **kafka.client_options(owner.settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign([place])
    try:
        first = (await consumer.end_offsets([place]))[place] - 9
        consumer.seek(place, first)
        assert [each.offset for each in (await consumer.getmany(timeout_ms=1000, max_records=1))[place]] == [first]
        sleeps, turns = asyncio.sleep, 0

        async def sleep(seconds: float) -> None:
            """Ordinary, but in the second turn that others have meanwhile, one of them goes back."""
            nonlocal turns
            turns += seconds == 0
            if seconds == 0 and turns == 2:
                if left:  # it is told later from where to go on
                    consumer.leave()
                    asyncio.get_running_loop().call_later(0.2, consumer.seek, place, first + 1)
                else:
                    consumer.seek(place, first + 1)
            await sleeps(seconds)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        if ahead:
            await consumer.look_ahead(100)
        found: list[ReadRecord] = []
        while len(found) < 8:
            found += (await consumer.getmany(timeout_ms=1000, max_records=100))[place]
        assert turns > 2
        assert [each.offset for each in found] == list(range(first + 1, first + 9))
        assert [each.event.sequence for each in found] == list(range(2, 10))
    finally:
        await consumer.stop()


async def test_odd_subjects_keep_their_standing(new_bus: NewBus) -> None:
    """Whatever characters a subject has, also none, what was noted of it is what is found."""
    bus = await new_bus("matching")
    keys = sorted((TOPIC, "urn:x", subject) for subject in ("", "a\x1fb", "\x1f", "c,{}\"'\\", "Łódź", "\n", "\u2028"))
    standings = {key: Standing(place + 1, new_id()) for place, key in enumerate(keys)}
    for some in (keys[:1], keys):
        async with bus.transaction("test") as tx:
            connection = await driver(tx.session)
            await letters.advance(connection, [(key, standings[key]) for key in some])
        async with bus.read() as session:
            connection = await driver(session)
            found, any_waits = await letters.standings(connection, some)
            count = (await session.execute(text("SELECT count(*) FROM applied"))).scalar_one()
        assert (count, any_waits) == (len(some), False)
        assert {key: (at.sequence, at.ce_id, at.reacted) for key, at in found.items()} == {
            key: (standings[key].sequence, standings[key].ce_id, standings[key].sequence) for key in some
        }


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "in hand"])
@pytest.mark.parametrize("few", [2, 64])
@pytest.mark.parametrize("wrong", [CorruptRecordException, UnicodeDecodeError])
async def test_what_came_beside_a_record_that_the_driver_cannot_unpack_is_not_passed_over(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, *, ahead: bool, few: int, wrong: type[Exception]
) -> None:
    """The driver fails at one partition's record and drops what it has taken of another: all comes, once, in order."""
    owner = await new_bus("applications", kafka=topics)
    subjects = {partition_of(TOPIC, each): each for each in (str(new_id()) for _ in range(100))}
    places = [TopicPartition(TOPIC, number) for number in sorted(subjects)[:2]]
    async with owner.transaction("coordinator") as tx:
        for place in places:
            for _ in range(5):
                await tx.record(endorsed(), subjects[place.partition])
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "pending"), 0))
    monkeypatch.setattr(fetched, "FEW", few)
    consumer = Waiting(
        gathers=0, **kafka.client_options(owner.settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign(places)
    try:
        first = {place: end - 5 for place, end in (await consumer.end_offsets(places)).items()}
        unpacks, failed = PartitionRecords._consumer_record, 0
        seen: set[TopicPartition] = set()

        def unpack(records: PartitionRecords, partition: TopicPartition, record: Any) -> Any:
            nonlocal failed
            if seen and partition not in seen and not failed:
                failed += 1
                raise wrong("utf-8", b"", 0, 1, "damaged") if wrong is UnicodeDecodeError else wrong("damaged")
            seen.add(partition)
            return unpacks(records, partition, record)

        for place in places:
            consumer.seek(place, first[place])
        await asyncio.sleep(1)  # both are fetched
        monkeypatch.setattr(PartitionRecords, "_consumer_record", unpack)
        found: dict[TopicPartition, list[int]] = {place: [] for place in places}
        async with asyncio.timeout(15):
            while any(len(each) < 5 for each in found.values()):
                with suppress(wrong):
                    if ahead:
                        await consumer.look_ahead(100)
                    for place, records in (await consumer.getmany(timeout_ms=1000, max_records=100)).items():
                        found[place] += [each.offset for each in records]
        assert failed == 1
        assert found == {place: list(range(first[place], first[place] + 5)) for place in places}
    finally:
        await consumer.stop()
