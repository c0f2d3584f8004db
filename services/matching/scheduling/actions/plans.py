"""Move one visit, plan a call's visits together, and propose the moves of a plan.

Announced dates never change by this alone: guest and host are asked, and the old dates stay until both accept. Only a
visit without dates gets them at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.matching.background.retries import retry_write
from services.matching.engine.problem.weeks import monday
from services.matching.engine.schedule import Choice, Draft, Plan, Scheduled, choices
from services.matching.facts.store import pools as store
from services.matching.lifecycle.actions import moves
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import matches
from services.matching.lifecycle.store import visits as lifecycle_visits
from services.matching.scheduling import store as scheduling_store
from services.matching.scheduling.actions import repeats
from services.matching.scheduling.actions.requests import Batch, answer_due, read_batch
from services.matching.scheduling.model import PlannedChange, PlanState, Proposed
from services.matching.scheduling.store import DatePlan
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import Party, Reason, VisitState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx

SECONDS = 30
"""The usual time for which the best plan of a call is searched, in seconds."""
MOST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Weeks:
    """The lawful weeks of a visit, or of a group together: `matches` in the order of each choice's days."""

    matches: tuple[UUID, ...]
    announced: tuple[tuple[date, ...], ...]
    choices: tuple[Choice, ...]

    def moved_days(self, choice: Choice) -> int:
        """Return by how many calendar days the starts move in total; first dates count as no move."""
        return sum(
            abs((after[0] - before[0]).days)
            for before, after in zip(self.announced, choice.days, strict=True)
            if before
        )


async def lawful_weeks(session: AsyncSession, match_id: UUID) -> Weeks:
    """Return the possible weeks of a visit, each with its cost; with its group if it has one.

    Raises `Refused`: 404 if there is no such visit, 409 if its dates cannot be changed now.
    """
    return _weeks(await _batch_of(session, match_id))


async def propose_move(
    bus: Bus, by: str, match_id: UUID, week: date, reason: Reason = Reason.TIMETABLE_CONFLICT
) -> Proposed:
    """Propose the week of a day to guest and host of a visit, and of its group; the old dates stay until both accept.

    A visit without dates gets them at once. Somebody who asks again for the same is answered as the first time. Raises
    `Refused`: 404 if there is no such visit, 409 if its dates cannot be changed now, 422 for a week that is not lawful
    or no change.
    """
    try:
        return await retry_write(bus, by, _propose_week, match_id, week, reason)
    except (Refused, Outdated) as refusal:
        async with bus.read() as session:
            done = await repeats.moved_before(session, by, match_id, week, reason)
            if done is None:
                raise await repeats.with_state(session, match_id, refusal) from refusal
        return done


async def _propose_week(tx: Tx, match_id: UUID, week: date, reason: Reason) -> Proposed:
    # The call is held first, as by whoever fills a week of its placements: it stays free from the look to the proposal.
    await store.hold(tx.session, [match_id])
    weeks = _weeks(await _batch_of(tx.session, match_id))
    choice = next((choice for choice in weeks.choices if choice.week == monday(week)), None)
    if choice is None:
        raise Refused(gettext("The visit cannot be in that week. Choose one of its possible weeks."), 422)
    wanted = {
        each: days
        for each, before, days in zip(weeks.matches, weeks.announced, choice.days, strict=True)
        if before != days
    }
    if not wanted:
        raise Refused(gettext("The visit is already in that week. Choose another week."), 422)
    asked_about = await _propose(await Transitions.load(tx, list(wanted)), wanted, reason)
    return Proposed(wanted, asked_about, weeks.moved_days(choice))


async def plan_visits(bus: Bus, by: str, call_id: UUID, *, seconds: int = SECONDS) -> DatePlan:
    """Plan the visits of a call again: return the first plan at once; the best is searched in the background.

    It ends the search of a plan from older facts. Somebody who asks again while their search goes on gets that plan.
    Raises `Refused`: 404 for an unknown call, 409 while another search on the same facts goes on, 422 if no visit could
    have other dates.
    """
    async with bus.read() as session:
        found = await read_batch(session, call_id)
    if found is None:
        raise Refused(gettext("This call does not exist."), 404)
    if not found.visits:
        raise Refused(gettext("No visit of this call could have other dates now, because none is still to come."), 422)
    first = (await asyncio.to_thread(Draft.of, found.requests, found.policy)).first
    plan = DatePlan(
        id=new_id(),
        call_id=call_id,
        state=PlanState.SEARCHING.value,
        asked_by=by,
        asked_at=clock.now(),
        input_version=found.version,
        seconds=min(max(seconds, 1), MOST_SECONDS),
        visits=len(found.visits),
        units=first.given.units,
        first_cost=list(first.cost),
        cost=list(first.cost),
        bound=list(first.bound),
        changes=changes(found, first),
    )
    async with bus.transaction(by) as tx:
        # The call is held, so that of two who ask at the same time one sees the other's plan.
        await store.hold(tx.session, calls=[call_id])
        for other in await scheduling_store.searched(tx.session, call_id, lock=True):
            if other.input_version >= plan.input_version:
                if (other.asked_by, other.seconds) == (by, plan.seconds):
                    return other
                raise Refused(_searched_already(other, by), code=ProblemCode.IN_PROGRESS)
            other.state, other.finished_at = PlanState.CANCELLED.value, clock.now()
        await scheduling_store.add(tx.session, plan)
        await tx.changed("plans")
        await tx.changed("board")
    return plan


def _searched_already(plan: DatePlan, by: str) -> str:
    values = {"seconds": plan.seconds, "moment": dates.moment(plan.asked_at)}
    if plan.asked_by == by:
        sentence = gettext("Your search of %(seconds)d s, started on %(moment)s, is still running.")
    else:
        sentence = gettext("Another coordinator's search of %(seconds)d s, started on %(moment)s, is still running.")
    return f"{sentence % values} {gettext('Wait until it ends, or stop it.')}"


async def cancel_plan(bus: Bus, by: str, plan_id: UUID) -> None:
    """Stop the search; what was found stays. Raises `Refused` (404) for an unknown plan."""
    async with bus.transaction(by) as tx:
        plan = await scheduling_store.plan(tx.session, plan_id, lock=True)
        if plan is None:
            raise Refused(gettext("There is no such plan."), 404)
        if plan.state == PlanState.SEARCHING:
            plan.state, plan.finished_at = PlanState.CANCELLED.value, clock.now()
            await tx.changed("board")


async def propose_plan(
    bus: Bus, by: str, plan_id: UUID, chosen: Collection[UUID] | None = None, reason: Reason = Reason.TIMETABLE_CONFLICT
) -> Proposed:
    """Propose the moves of a plan (all, or those of the chosen matches) to guests and hosts, if they are still lawful.

    The moves are taken as one: a week that one visit leaves is free for another only when both are proposed and
    accepted. Somebody who proposes the same again is answered as the first time. Raises `Refused`: 404 for an unknown
    plan, 409 while the search goes on or if the facts have changed, 422 if there is nothing to do.
    """
    try:
        return await retry_write(bus, by, _propose_planned, plan_id, chosen, reason)
    except Refused:
        async with bus.read() as session:
            done = await _planned_before(session, by, plan_id, chosen, reason)
        if done is None:
            raise
        return done


async def unfit(session: AsyncSession, plan_id: UUID, chosen: Collection[UUID]) -> set[UUID]:
    """Return which of the chosen moves of a plan cannot be proposed now, with those of the same groups.

    They are those of visits that are not as the plan saw them, or else those to days that are not lawful now.
    """
    plan = await scheduling_store.plan(session, plan_id)
    now = None if plan is None else await read_batch(session, plan.call_id)
    if plan is None or now is None:
        return set()
    moved = {change.match_id: change.after for change in plan.changes if change.after}
    wanted = _with_mates(now, {match_id: moved[match_id] for match_id in chosen if match_id in moved}, moved)
    found = {match_id: wanted[match_id] for match_id in _unfit(now, plan, wanted)}
    return set(_with_mates(now, found, wanted))


async def _planned_before(
    session: AsyncSession, by: str, plan_id: UUID, chosen: Collection[UUID] | None, reason: Reason
) -> Proposed | None:
    plan = await scheduling_store.plan(session, plan_id)
    moved = {} if plan is None else {change.match_id: change.after for change in plan.changes if change.after}
    picked = moved.keys() if chosen is None else set(chosen)
    if not picked <= moved.keys():
        return None
    visits_of = await lifecycle_visits.of_matches(session, moved)
    groups = {visit.of.group_id for match_id, visit in visits_of.items() if match_id in picked} - {None}
    with_mates = {
        match_id: days
        for match_id, days in moved.items()
        if match_id in picked or (match_id in visits_of and visits_of[match_id].of.group_id in groups)
    }
    return await repeats.planned_before(session, by, with_mates, reason)


async def _propose_planned(tx: Tx, plan_id: UUID, chosen: Collection[UUID] | None, reason: Reason) -> Proposed:
    plan = await scheduling_store.plan(tx.session, plan_id, lock=True)
    if plan is None:
        raise Refused(gettext("There is no such plan."), 404)
    if plan.state == PlanState.SEARCHING:  # its changes may still become others than somebody has read
        raise Refused(gettext("You can propose changes when the search has ended."), code=ProblemCode.TOO_EARLY)
    moved = {change.match_id: change.after for change in plan.changes if change.after}
    unknown = set(chosen or ()) - moved.keys()
    if unknown:
        raise Refused(gettext("The plan has no other dates for the visit %(id)s.") % {"id": min(unknown)}, 422)
    await store.hold(tx.session, calls=[plan.call_id])
    now = await read_batch(tx.session, plan.call_id)
    assert now is not None
    wanted = moved if chosen is None else {match_id: moved[match_id] for match_id in chosen}
    wanted = _with_mates(now, wanted, moved)
    if not wanted:
        raise Refused(gettext("Select at least one visit"), 422)
    if unfit := _unfit(now, plan, wanted):
        raise await repeats.overtaken(tx.session, unfit)
    asked_about = await _propose(await Transitions.load(tx, list(wanted)), wanted, reason)
    return Proposed(wanted, asked_about, sum(change.moved_days for change in plan.changes if change.match_id in wanted))


def changes(found: Batch, plan: Plan) -> tuple[PlannedChange, ...]:
    """Return what a plan would change: moves of announced visits first, then first dates."""
    rows = []
    for visit, request, days in zip(found.visits, found.requests, plan.days, strict=True):
        if days == request.announced:
            continue
        moved = abs((days[0] - request.announced[0]).days) if days and request.announced else 0
        rows.append(
            PlannedChange(
                match_id=visit.of.match_id,
                application_id=visit.of.application_id,
                before=request.announced,
                after=days,
                moved_days=moved,
            )
        )
    return tuple(sorted(rows, key=lambda row: (not row.before, row.match_id)))


async def _batch_of(session: AsyncSession, match_id: UUID) -> Batch:
    """Return a visit and its group as a batch of their own. Raises `Refused`."""
    match = (await matches.by_id(session, [match_id])).get(match_id)
    found = await read_batch(session, match.pairing.call_id, [match_id]) if match is not None else None
    if found is None:
        raise Refused(gettext("There is no such visit."), 404)
    if match_id not in found.matches:
        raise await repeats.cannot_move(session, match_id)
    return found


def _weeks(found: Batch) -> Weeks:
    return Weeks(
        tuple(visit.of.match_id for visit in found.visits),
        tuple(request.announced for request in found.requests),
        tuple(choices(found.requests, found.policy)),
    )


async def _propose(cases: Transitions, wanted: Mapping[UUID, tuple[date, ...]], reason: Reason) -> frozenset[UUID]:
    """Ask guests and hosts; visits without dates get them. Return the matches that were asked about."""
    now = clock.now()
    asked_about = set()
    for match_id, days in sorted(wanted.items()):
        match, visit = cases.matches[match_id], cases.visits[match_id]
        answer = Scheduled(days, len(days) < visit.required_days)
        if visit.state is VisitState.UNSCHEDULABLE:
            agenda = moves.agenda_due(cases, match, days[0])
            step = visits.find_dates(visit, answer, days=visit.required_days, agenda_due=agenda, now=now)
        else:
            due = answer_due(match, cases.terms(match))
            step = visits.propose_move(visit, answer, Party.PROGRAMME, reason, due=due, now=now)
            asked_about.add(match_id)
        if not step[1]:
            raise await repeats.overtaken(cases.tx.session, [match_id])
        await cases.take_in(step, None)
    await cases.save()
    return frozenset(asked_about)


def _with_mates(
    now: Batch, wanted: Mapping[UUID, tuple[date, ...]], moved: Mapping[UUID, tuple[date, ...]]
) -> dict[UUID, tuple[date, ...]]:
    """Return the chosen moves, and those that the plan has for others of the same groups: they start together."""
    group = {visit.of.match_id: request.group_id for visit, request in zip(now.visits, now.requests, strict=True)}
    groups = {group.get(match_id) for match_id in wanted} - {None}
    return dict(wanted) | {match_id: days for match_id, days in moved.items() if group.get(match_id) in groups}


def _unfit(now: Batch, plan: DatePlan, wanted: Mapping[UUID, tuple[date, ...]]) -> list[UUID]:
    """Return the chosen visits that are not as the plan saw them, or else those whose new days are not lawful now."""
    stands = {visit.of.match_id: request for visit, request in zip(now.visits, now.requests, strict=True)}
    before = {change.match_id: change.before for change in plan.changes}
    changed = [
        match_id
        for match_id, days in wanted.items()
        if (request := stands.get(match_id)) is None
        or request.announced != before[match_id]
        or days[0] < request.confirmed_on
    ]
    if changed:
        return changed
    # As if the chosen days had been announced, and all others stayed: lawful if the engine can keep them.
    as_announced = {
        match_id: replace(request, announced=wanted.get(match_id, request.announced))
        for match_id, request in stands.items()
    }
    announced = {match_id: request for match_id, request in as_announced.items() if request.announced}
    days_kept = Draft.of(list(announced.values()), now.policy).first.days
    return [
        match_id
        for match_id, days in zip(announced, days_kept, strict=True)
        if match_id in wanted and days != wanted[match_id]
    ]
