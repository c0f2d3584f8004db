"""Records are taken in an unbroken row, and nothing is lost or doubled where a batch or the driver fails."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException
from sqlalchemy import text

from shared.bus import Consumers
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.dead_letters import letters
from shared.bus.inbox import intake
from shared.bus.inbox.admission import Standing
from shared.bus.inbox.intake import Intake
from shared.bus.inbox.reader import Reader
from shared.bus.log import kafka, offsets
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, _count, _is, endorsed, running, until
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
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
    kept = fails = 0
    looks = Intake.look_ahead
    applied: list[tuple[str, int]] = []
    tried: list[tuple[str, int]] = []
    advances = offsets.advance

    async def look_ahead(taking: Intake, given: int) -> None:
        nonlocal kept
        await looks(taking, given)
        kept += bool(taking._batch)

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

    monkeypatch.setattr(Intake, "look_ahead", look_ahead)
    monkeypatch.setattr(offsets, "advance", advance)
    consumers = Consumers("matching")
    consumers.topic(TOPIC, evolve=evolve)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "outbox"), 0))
    async with running(Reader(bus, consumers).run):
        await until(lambda: _is(_length(applied), 12), 40)
    assert (fails, kept > 0) == (4, True)
    for subject in subjects:
        assert [number for each, number in applied if each == subject] == [1, 2, 3, 4]


async def _length(found: Sequence[object]) -> int:
    return len(found)


@asynccontextmanager
async def _consumer(
    owner: Bus, places: Sequence[TopicPartition], **options: Any
) -> AsyncIterator[tuple[AIOKafkaConsumer, Intake]]:
    """A consumer of `places` outside of any group, and what takes its records."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(owner.settings), enable_auto_commit=False, auto_offset_reset="earliest", **options
    )
    await consumer.start()
    try:
        consumer.assign(places)
        taking = Intake(lambda: consumer, most=100, gathers=0)
        taking.assigned(places)
        yield consumer, taking
    finally:
        await consumer.stop()


async def _highwater(consumer: AIOKafkaConsumer, place: TopicPartition) -> bool:
    """Return whether records of `place` have been fetched."""
    return consumer.highwater(place) is not None


async def _take(consumer: AIOKafkaConsumer, taking: Intake) -> tuple[ReadRecord, ...]:
    """Do what FastStream and the reader's handler do."""
    handed = await consumer.getmany(timeout_ms=1000, max_records=1)
    return await taking.take(chain(*handed.values()))


@pytest.mark.parametrize("when", ["handed over", "taken", "read ahead"])
@pytest.mark.parametrize("left", [True, False], ids=["the group shares out", "no sharing out"])
async def test_a_seek_while_records_are_taken_gives_each_of_them_once_from_there(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, *, when: str, left: bool
) -> None:
    """Somebody goes back in the log between the few records that are taken at a time: what was taken is forgotten."""
    owner = await new_bus("applications", kafka=topics)
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        for _ in range(9):
            await tx.record(endorsed(), subject)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "outbox"), 0))
    monkeypatch.setattr(intake, "FEW", 2)
    place = TopicPartition(TOPIC, partition_of(TOPIC, subject))
    async with _consumer(owner, [place]) as (consumer, taking):
        first = (await consumer.end_offsets([place]))[place] - 9
        taking.seek(place, first)
        sleeps, turns = asyncio.sleep, 0

        def go_back() -> None:
            if left:  # it is told later from where to go on
                taking.revoked()
                taking.assigned([place])
                asyncio.get_running_loop().call_later(0.2, taking.seek, place, first + 1)
            else:
                taking.seek(place, first + 1)

        async def sleep(seconds: float) -> None:
            """Ordinary, but in the second turn that others have meanwhile, one of them goes back."""
            nonlocal turns
            turns += seconds == 0
            if seconds == 0 and turns == 2:
                go_back()
            await sleeps(seconds)

        found: list[ReadRecord] = []
        if when == "handed over":
            handed = await consumer.getmany(timeout_ms=1000, max_records=3)
            assert [each.offset for each in handed[place]] == [first, first + 1, first + 2]
            go_back()
            assert await taking.take(handed[place]) == ()
        else:
            monkeypatch.setattr(asyncio, "sleep", sleep)
            if when == "read ahead":
                await until(lambda: _highwater(consumer, place))
                await taking.look_ahead(100)
            else:
                found += await _take(consumer, taking)
            assert turns >= 2
        found += await taking.follow()
        while len(found) < 8:
            found += await _take(consumer, taking)
        assert [each.offset for each in found] == list(range(first + 1, first + 9))
        assert [each.event.sequence for each in found] == list(range(2, 10))


async def test_odd_subjects_keep_their_standing(new_bus: NewBus) -> None:
    """The progress of a subject is found again whatever characters its name has, or none."""
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
            count = (await session.execute(text("SELECT count(*) FROM applied_sequence"))).scalar_one()
        assert (count, any_waits) == (len(some), False)
        assert {key: (at.sequence, at.ce_id, at.reacted) for key, at in found.items()} == {
            key: (standings[key].sequence, standings[key].ce_id, standings[key].sequence) for key in some
        }


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "in hand"])
@pytest.mark.parametrize("few", [2, 64])
@pytest.mark.parametrize("wrong", [CorruptRecordException, UnicodeDecodeError])
async def test_records_beside_a_broken_one_are_not_passed_over(
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
        await until(lambda: _is(_count(owner, "outbox"), 0))
    monkeypatch.setattr(intake, "FEW", few)
    failed = 0
    seen: set[bytes] = set()

    def unpack(key: bytes) -> bytes:
        """Fail at the first record of the partition that comes second."""
        nonlocal failed
        if seen and key not in seen and not failed:
            failed += 1
            raise wrong("utf-8", b"", 0, 1, "damaged") if wrong is UnicodeDecodeError else wrong("damaged")
        seen.add(key)
        return key

    async with _consumer(owner, places, key_deserializer=unpack) as (consumer, taking):
        first = {place: end - 5 for place, end in (await consumer.end_offsets(places)).items()}
        for place in places:
            taking.seek(place, first[place])
        await asyncio.sleep(1)  # both are fetched
        found: dict[TopicPartition, list[int]] = {place: [] for place in places}
        async with asyncio.timeout(PATIENCE):
            while any(len(each) < 5 for each in found.values()):
                with suppress(wrong):
                    if ahead:
                        await taking.look_ahead(100)
                    for each in await taking.follow() or await _take(consumer, taking):
                        found[TopicPartition(each.topic, each.partition)].append(each.offset)
        assert failed == 1
        assert found == {place: list(range(first[place], first[place] + 5)) for place in places}
