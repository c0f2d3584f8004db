"""A subject that a worker of matching fails at is set aside and named; all others are served, and it comes back."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.matching.cohorts.actions import job as cohorts_job
from services.matching.engine.layers import run_layers
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, OtherTerms
from services.matching.options import actions as options
from services.matching.provisional import worker
from services.matching.scheduling.actions import planner
from shared.bus import set_aside
from shared.bus.db import leases
from shared.contracts.calls import CountryQuota
from shared.contracts.codes import Role
from shared.time import clock
from tests.impossible import impossible
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from services.matching.engine.problem.problem import Problem
    from tests.integration.matching.conftest import World

OTHER_TERMS = OtherTerms(quotas=(CountryQuota(country="MD", ceiling=0),))
ALL_YEARS = [{"start": "0001-01-01", "end": "9999-12-31"}]


async def write(world: World, table: str, column: str, id_: UUID, **values: Any) -> dict[str, Any]:
    """Write values into a row's JSON, as no event could; return what was there."""
    async with world.bus.transaction("system:tests") as tx:
        found = await tx.session.execute(text(f"SELECT {column} FROM {table} WHERE id = :id"), {"id": id_})
        before: dict[str, Any] = found.scalar_one()
        change = f"UPDATE {table} SET {column} = CAST(:new AS json) WHERE id = :id"
        await tx.session.execute(text(change), {"new": json.dumps(before | values), "id": id_})
        await tx.session.execute(text("UPDATE pool SET input_version = input_version + 1"))
    return before


async def page(browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]) -> str:
    """Return the page of problems, as the programme coordinator reads it."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    answer = await browser.get("/matching/dead-letters")
    assert answer.status_code == 200
    return answer.text


async def matched(world: World) -> set[UUID]:
    """Return the applications that have a place on the board."""
    rows = await world.rows("SELECT application_id FROM standing WHERE seat_id IS NOT NULL")
    return {row.application_id for row in rows}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once what was set aside."""
    monkeypatch.setattr(set_aside, "AGAIN_AFTER", 0.0)


@pytest.mark.parametrize("changes", [{"periods": ALL_YEARS}, {"topics": ["nonsense"]}, {"years_in_field": "many"}])
async def test_an_impossible_application_is_left_out_of_the_matching(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]], changes: dict[str, Any]
) -> None:
    """The others are matched and committed, the page names it with the reason, and it returns with its facts."""
    await world.call()
    await world.offer(places=5)
    good, bad = await world.officer(), await world.officer("GE")
    before = await write(world, "candidate", "profile", bad, **changes)
    await world.match_calls()
    assert await matched(world) == {good}
    shown = await page(browser, sign_in)
    assert str(bad) in shown
    assert next(iter(changes)) in shown
    assert str(good) not in shown
    assert (await browser.get(f"/matching/?call={world.call_id}")).status_code == 200
    await write(world, "candidate", "profile", bad, **before)
    await world.match_calls()
    assert await matched(world) == {good, bad}
    assert str(bad) not in await page(browser, sign_in)


async def test_a_cohort_is_committed_without_an_impossible_application(world: World) -> None:
    """The cohort is that of the others."""
    await world.call()
    await world.offer(places=5)
    good, bad = await world.officer(), await world.officer("GE")
    await write(world, "candidate", "profile", bad, periods=ALL_YEARS)
    assert (await world.commit()).matches.keys() == {good}


async def test_an_impossible_place_is_left_out_of_the_matching(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """An officer gets the other place, and the page names the impossible one."""
    await world.call()
    good, bad = await world.offer(places=1), await world.offer("DE", places=1)
    officer = await world.officer()
    await write(world, "seat", "terms", bad, periods=[ALL_YEARS[0] | {"places_per_week": 2}])
    await world.match_calls()
    assert [row.seat_id for row in await world.rows("SELECT seat_id FROM standing")] == [good]
    assert await matched(world) == {officer}
    assert str(bad) in await page(browser, sign_in)


async def test_a_subject_at_which_the_engine_fails_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five applications one makes the engine fail: it is found and left out, and the other four are matched."""
    await world.call()
    await world.offer(places=9)
    officers = [await world.officer(country) for country in ("MD", "GE", "UA", "AM", "AZ")]
    bad, engine = str(officers[2]), run_layers

    def fail(posed: Problem) -> Any:
        if any(candidate.id == bad for candidate in posed.candidates):
            raise OverflowError("date value out of range")
        return engine(posed)

    monkeypatch.setattr("services.matching.provisional.model.problem.run_layers", fail)
    await world.match_calls()
    assert await matched(world) == {*officers} - {officers[2]}
    found = await world.rows("SELECT subject, reason FROM set_aside")
    assert [tuple(row) for row in found] == [(bad, "OverflowError: date value out of range")]


async def test_a_call_that_cannot_be_matched_holds_up_no_other(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """The loop goes on with the other call, names the impossible one, and takes it up again by itself."""
    await world.call()
    await world.offer()
    officer, bad_call = await world.officer(), world.call_id
    before = await write(world, "call", "terms", bad_call, visit_periods=ALL_YEARS)
    world.call_id = type(bad_call)(int=bad_call.int + 1)
    await world.call(reference="TC-2026-2")
    await world.offer()
    other = await world.officer()
    task = asyncio.create_task(worker.match_live(world.app.state.service))
    try:
        await until(lambda: named(world, bad_call))
        assert await matched(world) == {other}
        assert str(bad_call) in await page(browser, sign_in)
        await write(world, "call", "terms", bad_call, **before)
        await until(lambda: gone(world))
        assert await matched(world) == {officer, other}
    finally:
        task.cancel()
        await asyncio.wait([task])


async def named(world: World, subject: UUID) -> bool:
    """Return whether a subject is set aside."""
    return bool(await world.rows("SELECT 1 FROM set_aside WHERE subject = :subject", subject=str(subject)))


async def gone(world: World) -> bool:
    """Return whether nothing is set aside."""
    return not await world.rows("SELECT 1 FROM set_aside")


async def test_an_impossible_match_holds_up_no_deadline(world: World, moving_clock: None) -> None:
    """Of two offers whose time is over one cannot be looked at: the other expires, and the first is named."""
    await world.call()
    await world.offer(places=5)
    officers = [await world.officer(), await world.officer("GE")]
    committed = await world.commit()
    for application_id in officers:
        await world.clear(committed.matches[application_id], application_id)
    good, bad = (committed.matches[application_id] for application_id in officers)
    async with world.bus.transaction("system:tests") as tx:
        impossible = "UPDATE match SET next_in_line = CAST('[\"nobody\"]' AS json) WHERE id = :id"
        await tx.session.execute(text(impossible), {"id": bad})
    clock.move(timedelta(days=40))
    assert await world.sweep() == 1
    states = {row.id: row.state for row in await world.rows("SELECT id, state FROM match")}
    assert (states[good], states[bad]) == ("expired", "offered")
    assert await named(world, bad)


def weeks(first: int, last: int, places: int) -> list[dict[str, Any]]:
    """Return a host's period, in weeks from today."""
    start, end = (clock.today() + timedelta(weeks=week) for week in (first, last))
    return [{"start": start.isoformat(), "end": end.isoformat(), "places_per_week": places}]


async def test_an_impossible_visit_gets_no_dates_and_holds_up_no_other(world: World) -> None:
    """Of two visits without dates one has an impossible guest: the other gets its week when the host adds some."""
    await world.call()
    placement = await world.offer(places=5, periods=weeks(1, 4, 5))
    _, good = await world.confirmed(periods=[])
    bad_guest, bad = await world.confirmed(periods=[])
    assert {row.state for row in await world.rows("SELECT state FROM visit")} == {"unschedulable"}
    before = await write(world, "candidate", "profile", bad_guest, years_in_field="many")
    await write(world, "seat", "terms", placement, periods=weeks(9, 14, 5))
    lease = await leases.acquire(world.bus, planner.LEASE)
    assert lease is not None
    aside, tried = set_aside.SetAside[UUID](world.bus, planner.WITHOUT_DATES), dict[UUID, int]()
    assert await planner.retry(world.bus, lease, tried, aside) == 1
    states = {row.match_id: row.state for row in await world.rows("SELECT match_id, state FROM visit")}
    assert states == {good: "scheduled", bad: "unschedulable"}
    assert await named(world, bad)
    await write(world, "candidate", "profile", bad_guest, **before)
    assert await planner.retry(world.bus, lease, tried, aside) == 1
    assert await gone(world)


async def test_an_impossible_what_if_holds_up_no_other(world: World) -> None:
    """Of two what-ifs the older cannot be read: the other is worked out, and the first once its terms are right."""
    await world.call()
    await world.offer()
    await world.officer()
    await world.match_calls()
    askers = ("carla", "cora")
    bad, good = [await what_ifs.ask(world.bus, who, world.call_id, Basis.NOW, OTHER_TERMS) for who in askers]
    before = await write(world, "what_if", "other", bad, quotas="none")
    assert await what_ifs.work_once(world.bus)
    assert await states(world, "what_if") == {bad: "waiting", good: "done"}
    assert await named(world, bad)
    await write(world, "what_if", "other", bad, **before)
    assert await what_ifs.work_once(world.bus)
    assert await states(world, "what_if") == {bad: "done", good: "done"}
    assert await gone(world)


async def test_an_impossible_cohort_job_holds_up_no_other(world: World) -> None:
    """Of the cohorts of two calls the older cannot be changed: the other is committed, and then the first."""
    jobs = []
    for number in (1, 2):
        world.call_id = UUID(int=number)
        await world.call(reference=f"TC-2026-{number}")
        await world.offer()
        await world.officer()
        await world.match_calls()
        jobs.append(await cohorts_job.ask(world.bus, "carla", world.call_id))
    bad, good = jobs
    async with impossible(world.bus, "cohort_job", f"OLD.id = '{bad}'"):
        await until(lambda: committed(world, good))
        assert await states(world, "cohort_job") == {bad: "waiting", good: "done"}
        assert await named(world, bad)
    await until(lambda: committed(world, bad))
    assert await gone(world)


async def test_impossible_options_hold_up_no_others(world: World) -> None:
    """Of the options of two calls the older cannot be changed: the other is calculated, and then the first."""
    made = []
    for number in (1, 2):
        world.call_id = UUID(int=number)
        await world.call(reference=f"TC-2026-{number}")
        await world.offer()
        await world.officer()
        made.append(await options.ask(world.bus, "carla", world.call_id))
    bad, good = made
    async with impossible(world.bus, "option_set", f"OLD.id = '{bad}'"):
        await until(lambda: calculated(world, good))
        assert await states(world, "option_set") == {bad: "waiting", good: "done"}
        assert await named(world, bad)
    await until(lambda: calculated(world, bad))
    assert await gone(world)


async def calculated(world: World, options_id: UUID) -> bool:
    """Work on the options; return whether some are done."""
    await options.work_once(world.bus, apart=False)
    return (await states(world, "option_set"))[options_id] == "done"


async def committed(world: World, job: UUID) -> bool:
    """Work on the cohorts; return whether one is done."""
    await cohorts_job.work_once(world.bus)
    return (await states(world, "cohort_job"))[job] == "done"


async def states(world: World, table: str) -> dict[UUID, str]:
    """Return the state of each row of a table."""
    return {row.id: row.state for row in await world.rows(f"SELECT id, state FROM {table}")}
