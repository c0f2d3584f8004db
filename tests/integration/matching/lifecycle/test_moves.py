"""Moving a visit to other dates: both accept, or the old ones stand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import participation
from shared.contracts.codes import Party, Reason
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN

if TYPE_CHECKING:
    from uuid import UUID

    from shared.contracts import visits
    from tests.integration.matching.conftest import World

_ALL = ("VisitScheduled", "VisitUnschedulable", "VisitMoveProposed", "VisitMoved", "VisitMoveDropped")


async def _visit(world: World) -> tuple[UUID, UUID, UUID]:
    """Application, match and visit of an officer whose visit has its dates."""
    await world.call()
    await world.offer()
    application_id, match_id = await world.confirmed()
    return application_id, match_id, (await world.rows("SELECT id FROM visit"))[0].id


async def _deliver(world: World, event: type[participation.VisitParticipation], ids: Any, **values: Any) -> None:
    application_id, match_id, visit_id = ids
    made = event.model_validate({"application_id": application_id, "visit_id": visit_id, **values})
    await world.feed.deliver((made, match_id))


async def _ask(world: World, ids: Any, by: Party = Party.GUEST, first: int = 20, last: int = 24) -> None:
    await _deliver(
        world,
        participation.MoveRequested,
        ids,
        by=by,
        periods=world.period(first, last) if first else [],
        reason=Reason.OPERATIONAL_DUTY,
    )


async def _visit_events(world: World) -> list[Any]:
    return [event for _, event in await world.facts(*_ALL)]


async def test_both_accept_and_the_visit_moves(world: World) -> None:
    """Dates in the requested periods are proposed.

    The second acceptance moves the visit, with a new agenda deadline.
    """
    ids = await _visit(world)
    await _ask(world, ids)
    await _ask(world, ids, Party.HOST)
    scheduled, proposed = await _visit_events(world)
    assert (proposed.move, proposed.by, proposed.reason) == (1, Party.GUEST, Reason.OPERATIONAL_DUTY)
    assert clock.today() + timedelta(weeks=20) <= proposed.start <= proposed.end <= clock.today() + timedelta(weeks=24)
    assert proposed.plan == scheduled.plan
    await _deliver(world, participation.MoveAccepted, ids, by=Party.HOST, move=1)
    assert len(await _visit_events(world)) == 2
    await _deliver(world, participation.MoveAccepted, ids, by=Party.GUEST, move=1)
    moved: visits.VisitMoved = (await _visit_events(world))[-1]
    assert moved.type == "VisitMoved"
    assert (moved.plan.start, moved.previous_start) == (proposed.start, scheduled.plan.start)
    assert moved.agenda_due.date() <= moved.plan.start - timedelta(days=13)
    rows = await world.rows("SELECT start, moves, proposal, move_due FROM visit")
    assert [tuple(row) for row in rows] == [(proposed.start, 1, None, None)]
    await _ask(world, ids, Party.PROGRAMME, first=0)
    assert (await _visit_events(world))[-1].move == 2


async def test_a_refusal_leaves_the_old_dates(world: World) -> None:
    """One refusal ends the proposal with its reason; a later acceptance moves nothing."""
    ids = await _visit(world)
    await _ask(world, ids)
    await _deliver(world, participation.MoveRefused, ids, by=Party.HOST, move=1, reason=Reason.NOT_AVAILABLE)
    await _deliver(world, participation.MoveAccepted, ids, by=Party.GUEST, move=1)
    scheduled, _, dropped = await _visit_events(world)
    assert (dropped.cause, dropped.by, dropped.reason) == ("refused", Party.HOST, Reason.NOT_AVAILABLE)
    assert dropped.plan == scheduled.plan


async def test_silence_leaves_the_old_dates(world: World, moving_clock: None) -> None:
    """Once all that arrived in time is answered, and after the grace, the sweep ends the proposal; not before."""
    ids = await _visit(world)
    await _ask(world, ids)
    due = (await _visit_events(world))[-1].due
    clock.move(due - clock.now() + ANSWERED_WITHIN)
    await world.sweep()
    assert len(await _visit_events(world)) == 2
    clock.move(timedelta(minutes=3))
    assert await world.sweep() == 1
    assert ((await _visit_events(world))[-1].cause, await world.sweep()) == ("expired", 0)


async def test_a_visit_keeps_its_dates_without_a_lawful_week(world: World) -> None:
    """If the host takes nobody in the guest's periods, nothing is found, and an event says so."""
    ids = await _visit(world)
    await _ask(world, ids, first=50, last=52)
    dropped = (await _visit_events(world))[-1]
    assert (dropped.type, dropped.cause, dropped.by) == ("VisitMoveDropped", "no_lawful_week", Party.GUEST)
    await _ask(world, ids, Party.HOST, first=30, last=31)
    assert (await _visit_events(world))[-1].move == 2


async def test_a_week_that_was_taken_meanwhile_is_not_filled_twice(world: World) -> None:
    """Two guests are proposed the same week with one place; the second to accept keeps the old dates."""
    await world.call()
    periods = [period | {"places_per_week": 1} for period in world.period()]
    await world.offer(periods=periods, places=4)
    both = []
    for _ in range(2):
        application_id, match_id = await world.confirmed()
        row = await world.rows("SELECT id FROM visit WHERE application_id = :id", id=application_id)
        both.append((application_id, match_id, row[0].id))
    for ids in both:
        await _ask(world, ids, first=20, last=22)
    proposed = [event for event in await _visit_events(world) if event.type == "VisitMoveProposed"]
    assert proposed[0].start == proposed[1].start
    for ids in both:
        for by in (Party.GUEST, Party.HOST):
            await _deliver(world, participation.MoveAccepted, ids, by=by, move=1)
    assert [event.type for event in (await _visit_events(world))[-2:]] == ["VisitMoved", "VisitMoveDropped"]


async def test_further_periods_give_dates_to_a_visit_without_any(world: World) -> None:
    """A confirmed match without a common week gets dates once a side offers another period."""
    await world.call()
    await world.offer(periods=[period | {"places_per_week": 1} for period in world.period(1, 4)])
    application_id, match_id = await world.confirmed(periods=[])
    ids = (application_id, match_id, (await world.rows("SELECT id FROM visit"))[0].id)
    assert [event.type for event in await _visit_events(world)] == ["VisitUnschedulable"]
    await _ask(world, ids, Party.HOST, first=3, last=4)
    assert [event.type for event in await _visit_events(world)] == ["VisitUnschedulable"] * 2
    await _ask(world, ids, Party.HOST, first=10, last=14)
    assert (await _visit_events(world))[-1].type == "VisitScheduled"
