"""An instance of matching that stands still for longer than its lease writes nothing when it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from services.matching.app import create_app
from services.matching.lifecycle.actions import deadlines
from services.matching.provisional import worker
from services.matching.scheduling.actions import planner
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.time import clock
from tests.integration.matching.scheduling.test_planning import offered_weeks, revise
from tests.stalls import stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from tests.integration.matching.conftest import World


def _bus(address: str) -> Bus:
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    return bus


async def match_call(address: str, call_id: UUID) -> None:
    """Match a call; as the loop does, it goes on where another has taken over."""
    await worker.match_under_lease(_bus(address), call_id, {})


async def sweep(address: str) -> None:
    """End what has run out of time."""
    bus = _bus(address)
    async with leases.hold(bus, deadlines.LEASE) as lease:
        await deadlines.sweep(bus, lease)


async def date_visits(address: str) -> None:
    """Try visits without dates again."""
    bus = _bus(address)
    async with leases.hold(bus, planner.LEASE) as lease:
        await planner.retry(bus, lease, {})


@pytest.mark.parametrize("at", ["worker:_write", "worker:store.keep_standings"])
async def test_the_matching_of_a_call_that_slept_writes_nothing(world: World, store_address: str, at: str) -> None:
    """It stops before or in its transaction; what it found is older than what another instance has written."""
    await world.call(kinds=["study_visit"])
    await world.offer(places=1, group_size=1)
    await world.officer()
    where = f"services.matching.provisional.{at}"
    async with stalled(__name__, match_call, store_address, world.call_id, at=where) as process:
        await world.officer("GE")
        calls: dict[UUID, worker.HeldCall] = {}
        while not calls:
            await worker.match_under_lease(world.bus, world.call_id, calls)
        board = await world.rows("SELECT * FROM standing ORDER BY application_id")
        assert len(board) == 2
        assert await process.go_on() in {"done", "DBAPIError", "InterfaceError"}
    assert await world.rows("SELECT * FROM standing ORDER BY application_id") == board


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("at", ["_end", "Transitions.load"])
async def test_a_sweep_of_deadlines_that_slept_ends_nothing_twice(world: World, store_address: str, at: str) -> None:
    """It stops before or in its transaction; another sweep ends each state once."""
    await world.call(kinds=["study_visit"])
    await world.offer()
    application = await world.officer()
    match_id = (await world.commit()).matches[application]
    await world.clear(match_id, application)
    where = f"services.matching.lifecycle.actions.deadlines:{at}"
    clock.move(timedelta(days=30))
    async with stalled(__name__, sweep, store_address, at=where) as process:
        assert await world.sweep() == 1
        assert len(await world.facts("MatchExpired")) == 1
        assert await process.go_on() != "done"
    assert len(await world.facts("MatchExpired")) == 1


@pytest.mark.parametrize("at", ["_hopeful", "Transitions.load"])
async def test_a_search_for_dates_that_slept_gives_no_dates_twice(world: World, store_address: str, at: str) -> None:
    """It stops before or in its transaction; another one dates the visit, which then has these dates."""
    await world.call()
    offer_id = await world.offer(periods=offered_weeks(world, 1, 4))
    await world.confirmed(periods=[])
    await revise(world, offer_id, periods=offered_weeks(world, 9, 14))
    where = f"services.matching.scheduling.actions.planner:{at}"
    async with stalled(__name__, date_visits, store_address, at=where) as process:
        async with leases.hold(world.bus, planner.LEASE) as lease:
            assert await planner.retry(world.bus, lease, {}) == 1
        dates = await world.facts("VisitScheduled")
        assert len(dates) == 1
        assert await process.go_on() != "done"
    assert await world.facts("VisitScheduled") == dates
