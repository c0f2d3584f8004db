"""Is the next batch unpacked while the database writes the one before, and nothing lost or doubled where that fails?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus import Consumers, offsets, parked
from shared.bus.admission import Standing
from shared.bus.fetched import Ahead
from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.bus.transaction import driver
from shared.ids import new_id
from tests.integration.bus.test_chain import TOPIC, _count, _is, endorsed, running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    import pytest

    from shared.bus import Bus, Envelope, Tx

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

    async def advance(*given: Any) -> None:
        """Fail twice with a batch of ours in hand, each time event by event too."""
        nonlocal fails
        if tried and kept and fails < 4:
            fails += 1
            tried.clear()
            raise ArithmeticError("the store cannot take it")
        await advances(*given)
        applied.extend(dict.fromkeys(tried))
        tried.clear()

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


async def test_odd_subjects_keep_their_standing(new_bus: NewBus) -> None:
    """Whatever characters a subject has, also none, what was noted of it is what is found."""
    bus = await new_bus("matching")
    keys = sorted((TOPIC, "urn:x", subject) for subject in ("", "a\x1fb", "\x1f", "c,{}\"'\\", "Łódź", "\n", "\u2028"))
    standings = {key: Standing(place + 1, new_id()) for place, key in enumerate(keys)}
    for some in (keys[:1], keys):
        async with bus.transaction("test") as tx:
            connection = await driver(tx.session)
            await parked.advance(connection, [(key, standings[key]) for key in some])
        async with bus.read() as session:
            connection = await driver(session)
            found = await parked.standings(connection, some)
            count = (await session.execute(text("SELECT count(*) FROM applied"))).scalar_one()
        assert count == len(some)
        assert {key: (at.sequence, at.ce_id, at.reacted) for key, at in found.items()} == {
            key: (standings[key].sequence, standings[key].ce_id, standings[key].sequence) for key in some
        }
