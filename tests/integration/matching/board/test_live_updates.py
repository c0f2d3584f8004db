"""Notifications that tell open pages to reload when facts arrive."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from services.matching.facts.store import pools as store
from shared.bus.db.transaction import CHANGED_CHANNEL
from shared.contracts.codes import Answer, Party
from shared.time import clock
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.matching.conftest import World


_LAST = "nothing more"


@asynccontextmanager
async def _heard(world: World) -> AsyncIterator[list[str]]:
    """Return the notifications of transactions, in order."""
    names: list[str] = []
    connection = await asyncpg.connect(world.bus.settings.direct_url)
    try:
        await connection.add_listener(CHANGED_CHANNEL, lambda *message: names.append(str(message[-1])))
        yield names
    finally:
        await connection.close()


async def _all(world: World, names: list[str]) -> list[str]:
    """Return all notifications so far, sorted; later ones are collected from new.

    PostgreSQL notifies in the order of the commits: once the last notification has arrived, so have all before it.
    """
    async with world.bus.transaction("test") as tx:
        await tx.changed(_LAST)
    await until(lambda: _LAST in names, "the last word is heard")
    announced = sorted(name for name in names if name != _LAST)
    names.clear()
    return announced


async def test_the_board_waits_for_the_matching_that_follows(world: World) -> None:
    """Unmatched facts notify the board at once; matched ones notify it together with the provisional match."""
    await world.call()
    await world.offer()
    await world.match_calls()
    async with _heard(world) as names:
        await world.officer(eligible=False)
        assert set(await _all(world, names)) == {"board"}
        await world.officer("GE")
        assert set(await _all(world, names)) == {"board", "board+", "matching"}
        await world.match_calls()
        assert await _all(world, names) == ["board"]


async def test_a_transaction_notifies_once(world: World) -> None:
    """A transaction that both changes facts and asks for a matching notifies once."""
    async with _heard(world) as names:
        async with world.bus.transaction("test") as tx:
            await tx.changed("board", more=True)
            await tx.changed("board")
            await tx.changed("plans", more=True)
        assert await _all(world, names) == ["board", "plans+"]


async def test_a_call_with_a_free_place_says_so(world: World) -> None:
    """The query for calls to match also says which have a free place, without a second query."""
    await world.call()
    await world.offer(places=1)
    officer = await world.officer()
    async with world.bus.read() as session:
        assert await store.behind(session, clock.today()) == {world.call_id: False}
    ((application, match_id),) = (await world.commit()).matches.items()
    assert application == officer
    await world.clear(match_id, officer)
    await world.answer(match_id, officer, Party.GUEST, Answer.DECLINE)
    async with world.bus.read() as session:
        assert await store.behind(session, clock.today()) == {world.call_id: True}
