"""An instance of matching that stands still for longer than its lease writes nothing when it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from services.matching.app import create_app
from services.matching.background import jobs, processes
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis
from services.matching.lifecycle.actions import deadlines
from services.matching.options import actions as options
from services.matching.provisional import worker
from services.matching.scheduling.actions import planner
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.time import clock
from tests.integration.matching.scheduling.test_planning import offered_weeks, revise
from tests.integration.matching.test_set_aside import OTHER_TERMS
from tests.stalls import LEASE_SECONDS, stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any
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


@dataclass(frozen=True, slots=True)
class Job:
    """A stored job: its table, who requests it, who works on it, and where that stops."""

    table: str
    ask: Callable[[Bus, UUID], Awaitable[UUID]]
    work: Callable[[Bus], Awaitable[bool]]
    at: str


JOBS = {
    "work_what_ifs": Job(
        "what_if",
        lambda bus, call_id: what_ifs.ask(bus, "carla", call_id, Basis.NOW, OTHER_TERMS),
        what_ifs.work_once,
        "interventions.actions.what_ifs:_over",
    ),
    "work_options": Job(
        "option_set",
        lambda bus, call_id: options.ask(bus, "carla", call_id),
        options.work_once,
        "options.actions:_over",
    ),
    "work_cohorts": Job(
        "cohort_job",
        lambda bus, call_id: cohorts_job.ask(bus, "carla", call_id),
        cohorts_job.work_once,
        "cohorts.actions.job:write",
    ),
}


async def _in_thread(work: Callable[..., Any], *parts: Any, watch: object) -> Any:
    """Do the work of a process of its own in a thread, which stops with the instance."""
    del watch
    return await processes.run_in_thread(work, *parts)


async def do_job(address: str, name: str) -> None:
    """Do the jobs of a kind that wait."""
    vars(jobs)["_LEASE_SECONDS"] = LEASE_SECONDS
    vars(processes)["run_in_process"] = _in_thread
    await JOBS[name].work(_bus(address))


@pytest.mark.parametrize("name", JOBS)
async def test_an_instance_that_slept_ends_no_job_twice(
    world: World, store_address: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It stops before or while it writes the result; another instance does the job, and the first adds nothing."""
    monkeypatch.setattr(processes, "run_in_process", _in_thread)
    await world.call()
    await world.offer()
    await world.officer()
    await world.match_calls()
    job, table = JOBS[name], JOBS[name].table
    await job.ask(world.bus, world.call_id)

    async def results() -> tuple[list[Any], list[Any]]:
        rows = await world.rows(f"SELECT * FROM {table}")
        events = await world.rows("SELECT aggregatetype, aggregateid, sequence, type FROM journal ORDER BY 1, 2, 3")
        return rows, events

    async with stalled(__name__, do_job, store_address, name, at=f"services.matching.{job.at}") as process:
        while (await world.rows(f"SELECT state FROM {table}"))[0].state != "done":
            if not await job.work(world.bus):
                await asyncio.sleep(0.1)
        done = await results()
        await process.go_on()
    assert await results() == done
    assert [row.state for row in done[0]] == ["done"]
    assert len(await world.facts("MatchProposed")) == (name == "work_cohorts")
    assert not await job.work(world.bus)
