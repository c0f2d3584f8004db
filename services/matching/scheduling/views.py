"""Read the plans of a call's visits, and the visits that can be moved."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.facts import views as facts
from services.matching.facts.views import CallSummary
from services.matching.scheduling import store
from services.matching.scheduling.model import PlannedChange, PlanState
from services.matching.words import stage
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.read_models import ReadModel

MOST = 500
"""So many changes of a plan stand on the page; all of a larger one are proposed by the API."""


class PlanCost(ReadModel):
    """The cost of a plan; plans are compared by the first number, then by the second, and so on."""

    unscheduled: Annotated[int, Field(description="Visits without dates.")]
    short_days: Annotated[int, Field(description="Days fewer than wanted.")]
    moved_visits: Annotated[int, Field(description="Announced visits with other dates.")]
    waiting_weeks: Annotated[int, Field(description="Weeks of waiting.")]


class MovedVisits(ReadModel):
    """The number of announced visits that move, and the total of calendar days by which they move."""

    visits: int
    days: int


class DatePlan(ReadModel):
    """A plan of the dates of a call's visits; it has no effect until its moves are proposed.

    No plan costs less than `bound`; `first_cost` is the cost of the first plan. `done` of `units` visits and groups
    have been looked at.
    """

    id: UUID
    call_id: UUID
    state: PlanState
    proven: Annotated[bool, Field(description="No other plan is better.")]
    asked_at: AwareDatetime
    finished_at: AwareDatetime | None
    input_version: Annotated[int, Field(description="Version of the call's facts that was planned.")]
    seconds: Annotated[int, Field(description="How long the best plan is searched for, in seconds.")]
    visits: int
    units: int
    done: int
    first_cost: PlanCost
    cost: PlanCost
    bound: PlanCost
    moved: MovedVisits
    changes: tuple[PlannedChange, ...]


class LawfulWeek(ReadModel):
    """A week in which a visit, and its group, can take place, and its cost; `days` are in the order of matches."""

    week: Annotated[date, Field(description="Its Monday.")]
    days: tuple[tuple[date, ...], ...]
    moved_visits: int
    moved_days: int
    short_days: Annotated[int, Field(description="Days fewer than wanted.")]


class LawfulWeeks(ReadModel):
    """The possible weeks of a visit, or of a group together, with the dates announced so far."""

    matches: tuple[UUID, ...]
    announced: tuple[tuple[date, ...], ...]
    weeks: tuple[LawfulWeek, ...]


class ProposedDates(ReadModel):
    """New dates of a visit: guest and host are `asked`, or it is `scheduled` since it had none."""

    match_id: UUID
    days: tuple[date, ...]
    state: Literal["asked", "scheduled"]


class ProposedMoves(ReadModel):
    """The result of a request for other dates."""

    visits: tuple[ProposedDates, ...]
    moved: MovedVisits


@dataclass(frozen=True, slots=True)
class VisitToMove:
    """A visit as the pages of dates show it, with the word for its `state`.

    `answers_awaited` says that guest and host are asked about other dates.
    """

    match_id: UUID
    application_id: UUID
    reference: str
    country: str
    host_country: str
    seat_reference: str
    seat_title: str
    start: date | None
    end: date | None
    state: str
    answers_awaited: bool


@dataclass(frozen=True, slots=True)
class PlanPage:
    """The page of a call's newest plan: its first changes, each with its visit, and how many more there are.

    `overtaken` says that the facts have changed since.
    """

    call: CallSummary
    plan: DatePlan | None
    changes: Sequence[tuple[PlannedChange, VisitToMove]]
    more: int
    overtaken: bool

    @property
    def searching(self) -> bool:
        """Return whether the plan is still improved."""
        return self.plan is not None and self.plan.state is PlanState.SEARCHING


def plan_view(row: store.DatePlan) -> DatePlan:
    """Return the view of a plan."""
    changes = row.changes
    moved = [change for change in changes if change.before and change.after]
    return DatePlan(
        id=row.id,
        call_id=row.call_id,
        state=PlanState(row.state),
        proven=row.state == PlanState.PROVEN,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        input_version=row.input_version,
        seconds=row.seconds,
        visits=row.visits,
        units=row.units,
        done=row.done,
        first_cost=_cost(row.first_cost),
        cost=_cost(row.cost),
        bound=_cost(row.bound),
        moved=MovedVisits(visits=len(moved), days=sum(change.moved_days for change in moved)),
        changes=changes,
    )


def _cost(numbers: Sequence[int]) -> PlanCost:
    return PlanCost(**dict(zip(PlanCost.model_fields, numbers, strict=True)))


async def newest_plan(session: AsyncSession, call_id: UUID) -> DatePlan:
    """Return the newest plan of a call. Raises `Refused` (404) if none was made."""
    newest = await store.newest(session, call_id)
    if newest is None:
        raise Refused(gettext("There is no plan for this call."), 404)
    return plan_view(newest)


async def plan_of_call(session: AsyncSession, call_id: UUID, plan_id: UUID) -> DatePlan:
    """Return one plan of a call. Raises `Refused` (404) if it is of another call, or unknown."""
    found = await store.plan(session, plan_id)
    if found is None or found.call_id != call_id:
        raise Refused(gettext("There is no such plan for this call."), 404)
    return plan_view(found)


async def plan_page(session: AsyncSession, call_id: UUID) -> PlanPage:
    """Return the page of a call's newest plan. Raises `Refused` (404) for an unknown call."""
    call, _ = await facts.known_call(session, call_id)
    newest = await store.newest(session, call_id)
    if newest is None:
        return PlanPage(call, None, (), 0, overtaken=False)
    plan = plan_view(newest)
    listed = {change.match_id: change for change in plan.changes[:MOST]}
    visits = await visits_to_move(session, listed)
    version, _ = await facts.versions(session, call_id)
    return PlanPage(
        call=call,
        plan=plan,
        changes=[(listed[visit.match_id], visit) for visit in visits],
        more=len(plan.changes) - len(listed),
        overtaken=version is not None and version != plan.input_version,
    )


async def visits_to_move(session: AsyncSession, match_ids: Collection[UUID]) -> list[VisitToMove]:
    """Return the visits of these matches, by reference."""
    return [_visit(row) for row in await store.with_references(session, list(match_ids))]


def _visit(row: Any) -> VisitToMove:
    return VisitToMove(
        match_id=row.match_id,
        application_id=row.application_id,
        reference=row.reference,
        country=row.country,
        host_country=row.host_country,
        seat_reference=row.seat_reference,
        seat_title=row.seat_title,
        start=row.start,
        end=row.end_day,
        state=stage("visit", row.state).word,
        answers_awaited=row.asked,
    )
