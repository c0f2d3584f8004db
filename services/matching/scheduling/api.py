"""The API of dates: lawful weeks, moves and plans, as JSON over the same actions as the pages."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.matching.parameters import BusDep
from services.matching.scheduling import store
from services.matching.scheduling.actions import plans
from services.matching.scheduling.actions.plans import MOST_SECONDS, SECONDS, Proposed
from services.matching.scheduling.store import DatePlan, PlanState
from shared.bus import Bus
from shared.contracts.codes import Reason, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class SearchTime(BaseModel):
    """How long to search for the best plan, in seconds."""

    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS)] = SECONDS


class Chosen(BaseModel):
    """The moves of a plan to propose: those of these matches, or all; and why."""

    plan_id: UUID
    matches: Annotated[list[UUID] | None, Field(min_length=1, max_length=10_000)] = None
    reason: Reason = Reason.TIMETABLE_CONFLICT


class Wanted(BaseModel):
    """The wanted week of a visit (any of its days), and why."""

    week: date
    reason: Reason = Reason.TIMETABLE_CONFLICT


@router.post("/calls/{call_id}/plan", status_code=202)
async def plan_json(bus: BusDep, who: Programme, call_id: UUID, body: SearchTime | None = None) -> dict[str, Any]:
    """Plan the visits of a call again: the first plan is in the answer, the best is searched in the background."""
    made = await plans.plan_visits(bus, who.subject, call_id, seconds=(body or SearchTime()).seconds)
    return _plain(made)


@router.get("/calls/{call_id}/plan")
async def newest_json(bus: BusDep, _: Programme, call_id: UUID) -> dict[str, Any]:
    """The newest plan of a call: state, costs, a bound that no plan beats, and every visit that it would move."""
    return _plain(await _newest(bus, call_id))


@router.post("/calls/{call_id}/plan/stop")
async def stop_json(bus: BusDep, who: Programme, call_id: UUID) -> dict[str, Any]:
    """Stop the search for the best plan; what was found stays."""
    newest = await _newest(bus, call_id)
    await plans.cancel_plan(bus, who.subject, newest.id)
    return _plain(await _newest(bus, call_id))


@router.post("/calls/{call_id}/plan/propose")
async def propose_json(bus: BusDep, who: Programme, call_id: UUID, chosen: Chosen) -> dict[str, Any]:
    """Propose moves of a plan to guests and hosts, if they are still lawful; the old dates stand until both accept."""
    async with bus.read() as session:
        found = await store.plan(session, chosen.plan_id)
    if found is None or found.call_id != call_id:
        raise Refused(gettext("There is no such plan of this call."), 404)
    return _proposed(await plans.propose_plan(bus, who.subject, found.id, chosen.matches, chosen.reason))


@router.get("/visits/{match_id}/weeks")
async def weeks_json(bus: BusDep, _: Programme, match_id: UUID) -> dict[str, Any]:
    """The lawful weeks of a match's visit, with its group where it has one, and what each costs."""
    async with bus.read() as session:
        weeks = await plans.lawful_weeks(session, match_id)
    return {
        "matches": weeks.matches,
        "announced": weeks.announced,
        "weeks": [
            {
                "week": one.week,
                "days": one.days,
                "moved_visits": one.cost.moved,
                "moved_days": weeks.moved_days(one),
                "short_days": one.cost.short_days,
            }
            for one in weeks.choices
        ],
    }


@router.post("/visits/{match_id}/move")
async def move_json(bus: BusDep, who: Programme, match_id: UUID, wanted: Wanted) -> dict[str, Any]:
    """Propose another week of a visit, and of its group; the old dates stand until guest and host accept."""
    return _proposed(await plans.propose_move(bus, who.subject, match_id, wanted.week, wanted.reason))


def _plain(plan: DatePlan) -> dict[str, Any]:
    """Return a plan as JSON; costs by name."""
    names = ("unscheduled", "short_days", "moved_visits", "waiting_weeks")
    values = plan.model_dump(mode="json")
    for key in ("first_cost", "cost", "bound"):
        values[key] = dict(zip(names, values[key], strict=True))
    moved = [one for one in plan.changes if one["before"] and one["after"]]
    return values | {
        "proven": plan.state == PlanState.PROVEN,
        "moved": {"visits": len(moved), "days": sum(one["moved_days"] for one in moved)},
    }


def _proposed(done: Proposed) -> dict[str, Any]:
    return {
        "visits": [
            {"match_id": one, "days": days, "state": "asked" if one in done.asked_about else "scheduled"}
            for one, days in sorted(done.days.items())
        ],
        "moved": {"visits": len(done.asked_about), "days": done.moved_days},
    }


async def _newest(bus: Bus, call_id: UUID) -> DatePlan:
    async with bus.read() as session:
        newest = await store.newest(session, call_id)
    if newest is None:
        raise Refused(gettext("No plan was made for this call."), 404)
    return newest
