"""The API of dates: lawful weeks, moves and plans, as JSON over the same actions as the pages."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.matching.parameters import BusDep
from services.matching.scheduling import views
from services.matching.scheduling.actions import plans
from services.matching.scheduling.actions.plans import MOST_SECONDS, SECONDS
from services.matching.scheduling.model import Proposed
from services.matching.scheduling.views import (
    DatePlan,
    LawfulWeek,
    LawfulWeeks,
    MovedVisits,
    ProposedDates,
    ProposedMoves,
)
from shared.bus import Bus
from shared.contracts.base import Day
from shared.contracts.codes import Reason, Role
from shared.identity import Principal, allow

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class SearchTime(BaseModel):
    """The time to search for the best plan, in seconds."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS)] = SECONDS


class SearchToStop(BaseModel):
    """The plan whose search is to be stopped."""

    model_config = ConfigDict(extra="forbid")

    plan_id: UUID


class ChosenMoves(BaseModel):
    """The moves of a plan to propose: those of these matches, or all; and why."""

    model_config = ConfigDict(extra="forbid")

    plan_id: UUID
    matches: Annotated[list[UUID] | None, Field(min_length=1, max_length=10_000)] = None
    reason: Reason = Reason.TIMETABLE_CONFLICT


class WantedWeek(BaseModel):
    """The wanted week of a visit (any of its days), and why."""

    model_config = ConfigDict(extra="forbid")

    week: Day
    reason: Reason = Reason.TIMETABLE_CONFLICT


@router.post("/calls/{call_id}/plan", status_code=202)
async def plan_json(bus: BusDep, principal: Programme, call_id: UUID, body: SearchTime | None = None) -> DatePlan:
    """Plan the visits of a call again: the first plan is in the answer, the best is searched in the background."""
    made = await plans.plan_visits(bus, principal.subject, call_id, seconds=(body or SearchTime()).seconds)
    return views.plan_view(made)


@router.get("/calls/{call_id}/plan")
async def newest_json(bus: BusDep, _: Programme, call_id: UUID) -> DatePlan:
    """Return the newest plan of a call: state, costs, a bound that no plan beats, and every visit to be moved."""
    return await _newest(bus, call_id)


@router.post("/calls/{call_id}/plan/stop")
async def stop_json(bus: BusDep, principal: Programme, call_id: UUID, search: SearchToStop) -> DatePlan:
    """Stop the search for the best plan; what was found stays. A search that is over is left as it ended."""
    await _plan(bus, call_id, search.plan_id)
    await plans.cancel_plan(bus, principal.subject, search.plan_id)
    return await _plan(bus, call_id, search.plan_id)


@router.post("/calls/{call_id}/plan/propose")
async def propose_json(bus: BusDep, principal: Programme, call_id: UUID, chosen: ChosenMoves) -> ProposedMoves:
    """Propose moves of a plan to guests and hosts, if they are still possible; the old dates stay until both accept."""
    found = await _plan(bus, call_id, chosen.plan_id)
    return _proposed(await plans.propose_plan(bus, principal.subject, found.id, chosen.matches, chosen.reason))


@router.get("/visits/{match_id}/weeks", responses={409: {}})
async def weeks_json(bus: BusDep, _: Programme, match_id: UUID) -> LawfulWeeks:
    """Return the possible weeks of a match's visit, with its group where it has one, and what each costs."""
    async with bus.read() as session:
        weeks = await plans.lawful_weeks(session, match_id)
    return LawfulWeeks(
        matches=weeks.matches,
        announced=weeks.announced,
        weeks=tuple(
            LawfulWeek(
                week=choice.week,
                days=tuple(choice.days),
                moved_visits=choice.cost.moved,
                moved_days=weeks.moved_days(choice),
                short_days=choice.cost.short_days,
            )
            for choice in weeks.choices
        ),
    )


@router.post("/visits/{match_id}/move")
async def move_json(bus: BusDep, principal: Programme, match_id: UUID, week: WantedWeek) -> ProposedMoves:
    """Propose another week of a visit, and of its group; the old dates stay until guest and host accept."""
    return _proposed(await plans.propose_move(bus, principal.subject, match_id, week.week, week.reason))


def _proposed(done: Proposed) -> ProposedMoves:
    return ProposedMoves(
        visits=tuple(
            ProposedDates(match_id=match_id, days=days, state="asked" if match_id in done.asked_about else "scheduled")
            for match_id, days in sorted(done.days.items())
        ),
        moved=MovedVisits(visits=len(done.asked_about), days=done.moved_days),
    )


async def _plan(bus: Bus, call_id: UUID, plan_id: UUID) -> DatePlan:
    async with bus.read() as session:
        return await views.plan_of_call(session, call_id, plan_id)


async def _newest(bus: Bus, call_id: UUID) -> DatePlan:
    async with bus.read() as session:
        return await views.newest_plan(session, call_id)
