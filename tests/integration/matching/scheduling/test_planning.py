"""Planning a call's visits, moving one, and retrying visits without dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.matching.engine.problem.weeks import monday
from services.matching.scheduling.actions import planner
from services.matching.scheduling.actions import plans as scheduling_plans
from shared.bus.db import leases
from shared.contracts import offers, participation
from shared.contracts.codes import Party, Reason
from shared.errors import Refused
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import is_working_day

if TYPE_CHECKING:
    from shared.bus import Lease
    from tests.integration.matching.conftest import World

_ALL = ("VisitScheduled", "VisitUnschedulable", "VisitMoveProposed", "VisitMoved", "VisitMoveDropped")


async def _visit_events(world: World) -> list[Any]:
    return [event for _, event in await world.facts(*_ALL)]


async def _lease(world: World) -> Lease:
    await world.lease_ends(planner.LEASE)  # of the round before
    lease = await leases.acquire(world.bus, planner.LEASE)
    assert lease is not None
    return lease


async def revise(world: World, offer_id: UUID, **terms: Any) -> None:
    """Change the placement as its host."""
    row = (await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer_id))[0]
    event = offers.OfferRevised.model_validate(dict(offers.OfferRevised.example) | {"terms": row.terms | terms})
    await world.feed.deliver((event, offer_id))


def _quiet(count: int) -> int:
    """Return in how many weeks (10 or more) so many begin in which neither guest nor host has a public holiday."""

    def works(week: int) -> bool:
        first = monday(clock.today() + timedelta(weeks=week))
        return all(is_working_day(first + timedelta(days=day), country) for country in ("MD", "FR") for day in range(5))

    return next(week for week in range(10, 35) if all(works(week + more) for more in range(count)))


def offered_weeks(world: World, first: int, last: int, places: int = 1) -> list[dict[str, Any]]:
    """Return a period given in weeks from today, with so many places a week."""
    return [period | {"places_per_week": places} for period in world.period(first, last)]


async def _two(world: World, *, places: int = 1) -> tuple[UUID, list[UUID]]:
    """Return an offer with so many places a week and two confirmed guests: the offer and the matches."""
    await world.call()
    begins = _quiet(4)
    offer_id = await world.offer(periods=offered_weeks(world, begins, begins + 20, places), places=4)
    return offer_id, [(await world.confirmed())[1] for _ in range(2)]


async def _improved(world: World, call_id: UUID, **options: Any) -> Any:
    plan = await scheduling_plans.plan_visits(world.bus, "carla", call_id, **options)
    assert plan.state == "searching"
    assert await planner.improve(world.bus, await _lease(world), plan.id)
    return (await world.rows("SELECT * FROM date_plan WHERE id = :id", id=plan.id))[0]


async def test_a_visit_is_moved_by_the_programme_when_both_accept(world: World) -> None:
    """Lawful weeks show their cost; the chosen one is proposed, and the old dates stand until both accept."""
    _, (first, second) = await _two(world)
    starts = [event.plan.start for event in await _visit_events(world)]
    async with world.bus.read() as session:
        weeks = await scheduling_plans.lawful_weeks(session, first)
    free = {choice.week for choice in weeks.choices}
    assert monday(starts[0]) in free
    assert monday(starts[1]) not in free
    assert all(choice.week >= monday(clock.today() + timedelta(weeks=2)) for choice in weeks.choices)
    wanted = max(free)
    done = await scheduling_plans.propose_move(world.bus, "carla", first, wanted + timedelta(days=2))
    assert (set(done.asked_about), done.moved_days) == ({first}, (done.days[first][0] - starts[0]).days)
    proposed = (await _visit_events(world))[-1]
    assert (proposed.by, proposed.reason, monday(proposed.start)) == ("programme", "timetable_conflict", wanted)
    assert proposed.plan.start == starts[0]
    visit = (await world.rows("SELECT id, application_id FROM visit WHERE match_id = :id", id=first))[0]
    for by in (Party.GUEST, Party.HOST):
        said = participation.MoveAccepted(application_id=visit.application_id, visit_id=visit.id, by=by, move=1)
        await world.feed.deliver((said, first))
    moved = (await _visit_events(world))[-1]
    assert (moved.type, monday(moved.plan.start)) == ("VisitMoved", wanted)
    assert second != first


async def test_a_week_that_is_not_lawful_is_refused(world: World) -> None:
    """A full week, the present week, an unknown visit, and a visit that waits for answers are each refused."""
    _, (first, second) = await _two(world)
    starts = {event.plan.match_id: event.plan.start for event in await _visit_events(world)}
    for week, status in ((starts[second], 422), (starts[first], 422), (clock.today(), 422)):
        with pytest.raises(Refused) as refused:
            await scheduling_plans.propose_move(world.bus, "carla", first, week)
        assert refused.value.status_code == status
    with pytest.raises(Refused) as unknown:
        await scheduling_plans.propose_move(world.bus, "carla", new_id(), starts[first])
    assert unknown.value.status_code == 404
    await scheduling_plans.propose_move(world.bus, "carla", first, starts[first] + timedelta(weeks=5))
    with pytest.raises(Refused) as waits:
        await scheduling_plans.propose_move(world.bus, "carla", first, starts[first] + timedelta(weeks=6))
    assert waits.value.status_code == 409
    assert [event.type for event in await _visit_events(world)] == ["VisitScheduled"] * 2 + ["VisitMoveProposed"]


async def test_a_plan_keeps_what_was_announced(world: World) -> None:
    """If nothing has changed, the best plan is proven, moves nobody, and publishes nothing."""
    await _two(world)
    plan = await _improved(world, world.call_id)
    assert (plan.state, plan.changes, plan.cost, plan.done) == ("proven", [], [0, 0, 0, 0], 2)
    assert len(await _visit_events(world)) == 2


async def test_a_closed_week_moves_who_is_in_it_and_nobody_else(world: World) -> None:
    """The host closes a week: the plan moves the visit in it, says by how many days, and proposes it on request."""
    offer_id, matches = await _two(world)
    starts = {event.plan.match_id: event.plan.start for event in await _visit_events(world)}
    hit = matches[0]
    opens = monday(starts[hit]) + timedelta(weeks=1)
    periods = [{"start": str(opens), "end": str(opens + timedelta(weeks=15)), "places_per_week": 1}]
    await revise(world, offer_id, periods=periods)
    plan = await _improved(world, world.call_id)
    (change,) = plan.changes
    assert (UUID(change["match_id"]), plan.cost[:3]) == (hit, [0, 0, 1])
    assert plan.cost == plan.bound
    after = date.fromisoformat(change["after"][0])
    assert change["moved_days"] == (after - starts[hit]).days > 0
    done = await scheduling_plans.propose_plan(world.bus, "carla", plan.id, [hit])
    assert (set(done.asked_about), done.moved_days) == ({hit}, change["moved_days"])
    proposed = (await _visit_events(world))[-1]
    assert (proposed.type, proposed.start, proposed.plan.start) == ("VisitMoveProposed", after, starts[hit])
    assert await scheduling_plans.propose_plan(world.bus, "carla", plan.id) == done
    with pytest.raises(Refused, match="The guest and host of MD-2026-0002 must accept or refuse") as again:
        await scheduling_plans.propose_plan(world.bus, "bruno", plan.id)
    assert again.value.status_code == 409
    assert len([event for event in await _visit_events(world) if event.type == "VisitMoveProposed"]) == 1


async def test_a_plan_that_was_overtaken_is_refused(world: World) -> None:
    """If the weeks of a plan are closed before it is proposed, nobody is asked.

    Nor for a visit that it does not move.
    """
    offer_id, (hit, other) = await _two(world)
    start = {event.plan.match_id: event.plan.start for event in await _visit_events(world)}[hit]
    later = [{"start": str(start + timedelta(weeks=2)), "end": str(start + timedelta(weeks=9)), "places_per_week": 2}]
    await revise(world, offer_id, periods=later)
    plan = await _improved(world, world.call_id)
    assert {UUID(change["match_id"]) for change in plan.changes} == {hit, other}
    with pytest.raises(Refused) as unknown:
        await scheduling_plans.propose_plan(world.bus, "carla", plan.id, [new_id()])
    assert unknown.value.status_code == 422
    await revise(world, offer_id, periods=[period | {"start": str(start + timedelta(weeks=5))} for period in later])
    with pytest.raises(Refused) as refused:
        await scheduling_plans.propose_plan(world.bus, "carla", plan.id)
    assert refused.value.status_code == 409
    assert [event.type for event in await _visit_events(world)] == ["VisitScheduled"] * 2


async def _chain(world: World) -> tuple[dict[UUID, UUID], UUID, UUID]:
    """Propose two moves: the first visit's into the week of the second, the second's into a free one.

    Returns the visit of each match, and the two matches.
    """
    await world.call()
    first = monday(clock.today() + timedelta(weeks=_quiet(3)))

    def weeks(begin: int, end: int, **places: int) -> list[dict[str, Any]]:
        last = first + timedelta(weeks=end, days=4)
        return [{"start": str(first + timedelta(weeks=begin)), "end": str(last), **places}]

    offer_id = await world.offer(periods=weeks(0, 2, places_per_week=1), places=4)
    tied = (await world.confirmed(periods=weeks(0, 1)))[1]
    other = (await world.confirmed())[1]
    await revise(world, offer_id, periods=weeks(1, 2, places_per_week=1))
    plan = await _improved(world, world.call_id)
    assert plan.cost[:3] == [0, 0, 2]
    done = await scheduling_plans.propose_plan(world.bus, "carla", plan.id)
    assert done.asked_about == {tied, other}
    rows = await world.rows("SELECT id, match_id FROM visit")
    return {row.match_id: row.id for row in rows}, tied, other


async def _answered(world: World, visit_ids: dict[UUID, UUID], match_id: UUID, *, yes: bool = True) -> None:
    (row,) = await world.rows("SELECT application_id FROM visit WHERE match_id = :id", id=match_id)
    ids = {"application_id": row.application_id, "visit_id": visit_ids[match_id], "move": 1}
    for by in (Party.GUEST, Party.HOST):
        if yes:
            said: Any = participation.MoveAccepted(by=by, **ids)
        else:
            said = participation.MoveRefused(by=by, reason=Reason.NOT_AVAILABLE, **ids)
        await world.feed.deliver((said, match_id))


async def test_a_move_waits_for_the_week_that_another_leaves(world: World) -> None:
    """A move accepted while its week is full waits, and happens once the other visit has moved away."""
    visit_ids, tied, other = await _chain(world)
    await _answered(world, visit_ids, tied)
    lease = await _lease(world)
    assert await planner.settle(world.bus, lease) == 0
    assert [event.type for event in await _visit_events(world)][-1] == "VisitMoveProposed"
    await _answered(world, visit_ids, other)
    assert await planner.settle(world.bus, lease) == 1
    moved = (await _visit_events(world))[-2:]
    assert [(event.type, event.plan.match_id) for event in moved] == [("VisitMoved", other), ("VisitMoved", tied)]
    assert moved[1].plan.start < moved[0].plan.start
    assert await planner.settle(world.bus, lease) == 0


async def test_a_move_is_dropped_when_nobody_leaves_the_week(world: World) -> None:
    """If the second visit stays, the first keeps its dates, and the reason is published."""
    visit_ids, tied, other = await _chain(world)
    await _answered(world, visit_ids, tied)
    await _answered(world, visit_ids, other, yes=False)
    assert await planner.settle(world.bus, await _lease(world)) == 1
    dropped = (await _visit_events(world))[-2:]
    assert [(event.plan.match_id, event.cause) for event in dropped] == [(other, "refused"), (tied, "no_lawful_week")]


async def test_a_search_can_be_stopped_and_taken_over(world: World) -> None:
    """A stopped plan keeps its first answer; a search whose process is lost is started again by the next one."""
    await _two(world)
    plan = await scheduling_plans.plan_visits(world.bus, "carla", world.call_id)
    await scheduling_plans.cancel_plan(world.bus, "carla", plan.id)
    assert not await planner.improve(world.bus, await _lease(world), plan.id)
    rows = await world.rows("SELECT state, changes FROM date_plan")
    assert [tuple(row) for row in rows] == [("cancelled", [])]
    again = await scheduling_plans.plan_visits(world.bus, "carla", world.call_id)
    assert await planner.improve(world.bus, await _lease(world), again.id)
    with pytest.raises(Refused) as unknown:
        await scheduling_plans.plan_visits(world.bus, "carla", new_id())
    assert unknown.value.status_code == 404


async def test_visits_without_dates_are_tried_again_when_facts_change(world: World) -> None:
    """A host that adds weeks gives a visit its dates; without a change nothing is published twice."""
    await world.call()
    offer_id = await world.offer(periods=offered_weeks(world, 1, 4, 1))
    await world.confirmed(periods=[])
    tried: dict[UUID, int] = {}
    lease = await _lease(world)
    assert await planner.retry(world.bus, lease, tried) == 0
    assert await planner.retry(world.bus, lease, tried) == 0
    assert [event.type for event in await _visit_events(world)] == ["VisitUnschedulable"]
    await revise(world, offer_id, periods=offered_weeks(world, 9, 14, 1))
    assert await planner.retry(world.bus, lease, tried) == 1
    scheduled = (await _visit_events(world))[-1]
    assert scheduled.type == "VisitScheduled"
    assert scheduled.plan.start >= clock.today() + timedelta(weeks=9)
    assert await planner.retry(world.bus, lease, tried) == 0


async def test_days_that_the_call_closes_have_no_visit(world: World) -> None:
    """A day that the call closes in the guest's country moves the visit, at its start and in a plan alike."""
    first = monday(clock.today() + timedelta(weeks=10))
    closed = [{"country": "MD", "day": str(first + timedelta(days=day))} for day in (1, 3)]
    await world.call(closed_days=closed)
    periods = {"start": str(first), "end": str(first + timedelta(days=11)), "places_per_week": 2}
    await world.offer(periods=[periods], places=4)
    match_id = (await world.confirmed())[1]
    (scheduled,) = await _visit_events(world)
    assert scheduled.plan.start >= first + timedelta(weeks=1)
    async with world.bus.read() as session:
        weeks = await scheduling_plans.lawful_weeks(session, match_id)
    assert first not in {choice.week for choice in weeks.choices}


async def test_a_group_starts_together_in_a_week_with_places_for_all(world: World) -> None:
    """The first confirmed member waits for a week with places for all, and the week is kept for the others."""
    await world.call()
    today = clock.today()
    periods = [
        {"start": str(today + timedelta(weeks=a)), "end": str(today + timedelta(weeks=b)), "places_per_week": places}
        for a, b, places in ((10, 12, 1), (13, 20, 2))
    ]
    await world.offer(periods=periods, places=3, group_size=3)
    group = str(new_id())
    mates = [await world.officer(group_id=group, mode="group") for _ in range(2)]
    committed = await world.commit()
    for mate in mates:
        match_id = committed.matches[mate]
        await world.clear(match_id, mate)
        for by in (Party.GUEST, Party.HOST):
            await world.answer(match_id, mate, by)
        if mate is mates[0]:
            _, alone = await world.confirmed()
    plans = {event.plan.application_id: event.plan for event in await _visit_events(world)}
    assert plans[mates[0]].start == plans[mates[1]].start
    assert plans[mates[0]].start >= today + timedelta(weeks=13)
    other = next(plan for plan in plans.values() if plan.match_id == alone)
    assert monday(other.start) != monday(plans[mates[0]].start)
    async with world.bus.read() as session:
        weeks = await scheduling_plans.lawful_weeks(session, committed.matches[mates[0]])
    assert set(weeks.matches) == {committed.matches[mate] for mate in mates}
    choice = weeks.choices[-1]
    done = await scheduling_plans.propose_move(
        world.bus, "carla", committed.matches[mates[1]], choice.week, Reason.OPERATIONAL_DUTY
    )
    assert set(done.asked_about) == set(weeks.matches)
    proposed = [event for event in await _visit_events(world) if event.type == "VisitMoveProposed"]
    assert {event.start for event in proposed} == {choice.days[0][0]}
    assert len(proposed) == 2
