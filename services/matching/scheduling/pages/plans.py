"""The pages on which the programme coordinator plans a call's visits together and proposes the moves."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.filters import number_of
from services.matching.parameters import BusDep
from services.matching.scheduling import views
from services.matching.scheduling.actions import plans
from services.matching.scheduling.model import PlannedChange, PlanState
from services.matching.scheduling.views import DatePlan, PlanCost, VisitToMove
from shared.bus import Bus
from shared.contracts.codes import Reason, Role
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.confirmations import rest_on
from shared.ids import read_id
from shared.time import dates
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

REASONS = (Reason.TIMETABLE_CONFLICT, Reason.NOT_AVAILABLE, Reason.OPERATIONAL_DUTY, Reason.FORCE_MAJEURE, Reason.OTHER)
_COSTS = (
    N_("Visits without dates"),
    N_("Days fewer than wanted"),
    N_("Announced visits with other dates"),
    N_("Weeks of waiting"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One change of a plan as the page shows it."""

    match_id: UUID
    application_id: UUID
    reference: str
    way: tuple[str, str]
    seat: str
    before: str | None
    after: str | None
    moves: str
    note: str | None


@router.get("/plans/{call_id}")
async def plan(request: Request, bus: BusDep, _: Programme, call_id: UUID) -> Response:
    """Show the newest plan of a call's visits, with its actions."""
    return await _page(request, bus, call_id)


@router.post("/plans/{call_id}")
async def start(bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Plan the visits again."""
    await plans.plan_visits(bus, principal.subject, call_id)
    return see_other(f"/matching/plans/{call_id}")


@router.post("/plans/{call_id}/stop")
async def stop(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Stop the search for the plan that the page showed; what was found stays."""
    plan_id = read_id(str((await sent(request)).get("plan", "")))
    await plans.cancel_plan(bus, principal.subject, await _plan_of(bus, call_id, plan_id))
    return see_other(f"/matching/plans/{call_id}")


@router.post("/plans/{call_id}/propose")
async def propose(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Propose the selected moves to guests and hosts."""
    form = await sent(request)
    plan_id = read_id(str(form.get("plan", "")))
    chosen = [match_id for value in form.getlist("visit") if (match_id := read_id(str(value))) is not None]
    reason = str(form.get("reason", ""))
    if plan_id is None or reason not in REASONS:
        raise Refused(gettext("Select a reason from the list."), 422, {"reason": gettext("Choose a reason")})
    if not chosen:
        return await _page(request, bus, call_id, gettext("Select at least one visit"), status=422)
    found = await _plan_of(bus, call_id, plan_id)
    done = await plans.propose_plan(bus, principal.subject, found, chosen, Reason(reason))
    rest_on(request, "match_id", *done.days)
    return see_other(f"/matching/plans/{call_id}?done={len(done.days)}")


async def _plan_of(bus: Bus, call_id: UUID, plan_id: UUID | None) -> UUID:
    """Return the id of a plan of this call. Raises `Refused`: 404 for another one, 422 where a form names none."""
    if plan_id is None:
        raise Refused(gettext("The form does not show which plan it belongs to. Open the page again."), 422)
    async with bus.read() as session:
        return (await views.plan_of_call(session, call_id, plan_id)).id


async def _page(
    request: Request, bus: Bus, call_id: UUID, problem: str | None = None, *, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await views.plan_page(session, call_id)
    rows = [_row(change, visit) for change, visit in view.changes]
    return render(
        request,
        "scheduling/plan.html",
        status,
        call=view.call,
        plan=view.plan,
        state=_state(view.plan) if view.plan is not None else None,
        searching=view.searching,
        overtaken=view.overtaken,
        costs=_costs(view.plan) if view.plan is not None else [],
        moves=[row for row in rows if row.before and row.after],
        found=[row for row in rows if not row.before and row.after],
        lost=[row for row in rows if not row.after],
        more=view.more,
        reasons=REASONS,
        problem=problem,
        done=number_of(request.query_params.get("done", "")),
    )


def _row(change: PlannedChange, visit: VisitToMove) -> Row:
    before, after = change.before, change.after
    note = None
    if visit.answers_awaited:
        note = gettext("Waiting for guest and host")
    elif (visit.start, visit.end) == ((after[0], after[-1]) if after else None):
        note = gettext("Done")
    elif before and visit.start != before[0]:
        note = gettext("Already has other dates")
    return Row(
        match_id=visit.match_id,
        application_id=visit.application_id,
        reference=visit.reference,
        way=(visit.country, visit.host_country),
        seat=visit.seat_reference,
        before=dates.span(before[0], before[-1]) if before else None,
        after=dates.span(after[0], after[-1]) if after else None,
        moves=days_later((after[0] - before[0]).days) if before and after else "",
        note=note,
    )


def days_later(days: int) -> str:
    """Return in words how far a start moves."""
    if days >= 0:
        return ngettext("%(num)d day later", "%(num)d days later", days) % {"num": days}
    return ngettext("%(num)d day earlier", "%(num)d days earlier", -days) % {"num": -days}


def _state(plan: DatePlan) -> tuple[str, str]:
    """Return the state of a plan: a word, and a sentence."""
    count = {"done": plan.done, "units": plan.units, "seconds": plan.seconds, "visits": plan.visits}
    if plan.state == PlanState.SEARCHING:
        sentence = gettext(
            "This is a first plan of %(visits)d visits. We search for the best plan for at most %(seconds)d s."
        )
        return gettext("Searching"), sentence % count
    if plan.state == PlanState.PROVEN:
        return gettext("Best plan"), gettext(
            "No other plan of these %(visits)d visits is better. This is proven."
        ) % count
    if plan.state == PlanState.CANCELLED:
        return gettext("Stopped"), gettext("The search was stopped. This is the plan found so far.")
    sentence = gettext("This is the best plan of %(visits)d visits found in %(seconds)d s. A better plan may exist.")
    return gettext("Time limit reached"), sentence % count


def _costs(plan: DatePlan) -> list[tuple[str, int, int, int | None]]:
    """Return each cost of the first plan and of this one.

    Below each is its lower bound while all costs before it are at their best.
    """
    rows = []
    tight = True
    for name, field in zip(_COSTS, PlanCost.model_fields, strict=True):
        first, cost, bound = (getattr(each, field) for each in (plan.first_cost, plan.cost, plan.bound))
        rows.append((gettext(name), first, cost, bound if tight else None))
        tight = tight and cost == bound
    return rows
