"""Locks between a commit and arriving events: one order for all, and retries that people do not notice."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.matching.app import create_app
from services.matching.background.retries import retry_write
from services.matching.cohorts.actions import commit
from services.matching.facts.store import pools as store
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.settings import Settings
from shared.contracts import participation
from shared.contracts.codes import Party, Reason, Side
from tests.support import settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.matching.cohorts.actions.plan import CohortPlan
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions
    from tests.integration.matching.conftest import World


async def _reserve(world: World) -> tuple[UUID, UUID]:
    """Return a reserve that is still in the pool: its application and its match."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    for country in ("MD", "GE"):
        await world.officer(country)
    await commit.commit_cohort(world.bus, "carla", world.call_id, effort=0, reserves=True)
    ((match_id, application_id),) = await world.rows("SELECT id, application_id FROM match WHERE reserve")
    await world.offer("DE", places=1)
    return application_id, match_id


@asynccontextmanager
async def _another(store_address: str) -> AsyncIterator[Bus]:
    """Another instance's bus."""
    bus = create_app(Settings(**settings_for(store_address)), background=False).state.service.bus
    try:
        yield bus
    finally:
        await bus.close()


async def _waits(world: World, task: asyncio.Task[Any]) -> None:
    """Wait until some transaction waits for another's lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    await until(lambda: world.rows(query), "somebody waits", unless=task)


def _commit(bus: Bus, world: World) -> asyncio.Task[commit.Committed]:
    return asyncio.create_task(commit.commit_cohort(bus, "carla", world.call_id, effort=0))


async def test_a_commit_holds_nothing_that_a_withdrawal_of_a_reserve_wants(world: World, store_address: str) -> None:
    """A withdrawal locks the call and then the reserve's match; a commit that waits for the call has not locked it."""
    application_id, match_id = await _reserve(world)
    async with _another(store_address) as bus:
        async with world.bus.transaction("test") as tx:
            await store.touch(tx.session, [world.call_id])
            task = _commit(bus, world)
            await _waits(world, task)
            at_once = "SELECT id FROM match WHERE id = :id FOR UPDATE NOWAIT"
            assert (await tx.session.execute(text(at_once), {"id": match_id})).one()
            cases = await Transitions.load(tx, [match_id])
            await cases.cancel(match_id, Party.GUEST, Reason.OTHER, None)
            await cases.save()
        committed = await task
    assert committed.matches.keys() == {application_id}


async def test_a_clearance_holds_the_call_before_its_match(world: World, store_address: str) -> None:
    """While a transaction has locked the call, an arriving clearance waits for it, and its match is still free."""
    application_id, match_id = await _reserve(world)
    cleared = participation.ClearanceGiven(application_id=application_id, side=Side.HOME, country="MD")
    record = world.feed.record(cleared, match_id)
    async with _another(store_address) as bus:
        async with bus.transaction("test") as tx:
            await store.hold(tx.session, calls=[world.call_id])
            task = asyncio.create_task(world.feed.apply([record]))
            await _waits(world, task)
            at_once = "SELECT home_cleared FROM match WHERE id = :id FOR UPDATE NOWAIT"
            assert (await tx.session.execute(text(at_once), {"id": match_id})).scalar_one() is False
        await task
    (row,) = await world.rows("SELECT home_cleared FROM match WHERE id = :id", id=match_id)
    assert row.home_cleared


async def test_the_register_holds_all_calls_in_their_order(world: World, store_address: str) -> None:
    """An update of all calls waits for the first and locks none of the others meanwhile, in any order of the rows."""
    first, second = UUID(int=1), UUID(int=2)
    for match_ in (second, first):  # the second lies before the first
        async with world.bus.transaction("test") as tx:
            await store.touch(tx.session, [match_])

    async def touch(bus: Bus) -> None:
        async with bus.transaction("test") as tx:
            await store.touch_all(tx.session)

    async with _another(store_address) as bus:
        async with world.bus.transaction("test") as tx:
            await store.hold(tx.session, calls=[first])
            task = asyncio.create_task(touch(bus))
            await _waits(world, task)
            at_once = "SELECT input_version FROM pool WHERE call_id = :id FOR UPDATE NOWAIT"
            assert (await tx.session.execute(text(at_once), {"id": second})).scalar_one() == 1
        await task
    assert [row.input_version for row in await world.rows("SELECT input_version FROM pool")] == [2, 2]


async def test_a_commit_ended_for_anothers_sake_is_written_again(
    world: World, store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database ends a commit because of a deadlock, the cohort is committed later."""
    application_id, match_id = await _reserve(world)
    write, tried, locked = commit.write, 0, asyncio.Event()

    async def slowly(tx: Tx, plan: CohortPlan, read: ReadVersions | None = None) -> commit.Committed | None:
        nonlocal tried
        tried += 1
        await store.hold(tx.session, calls=[world.call_id])
        locked.set()
        if tried == 1:
            await _waits(world, other)
        return await write(tx, plan, read)

    async def crosswise(bus: Bus) -> None:
        """Take the match first, then the call; patient, so that the database ends the commit instead."""
        async with bus.transaction("test") as tx:
            await tx.session.execute(text("SET LOCAL deadlock_timeout = '5min'"))
            await tx.session.execute(text("SELECT id FROM match WHERE id = :id FOR UPDATE"), {"id": match_id})
            await locked.wait()
            await store.hold(tx.session, calls=[world.call_id])

    monkeypatch.setattr(commit, "write", slowly)
    async with _another(store_address) as bus:
        other = asyncio.create_task(crosswise(bus))
        committed = await _commit(world.bus, world)
        await other
    assert tried == 2
    assert committed.matches.keys() == {application_id}


async def test_only_deadlocks_are_retried(world: World) -> None:
    """Only a deadlock is retried; any other error is raised the first time."""
    tried = 0

    async def wrong(tx: Tx) -> None:
        nonlocal tried
        tried += 1
        await tx.session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        await retry_write(world.bus, "carla", wrong)
    assert tried == 1
