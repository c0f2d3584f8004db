"""The pages on which the programme coordinator plans a call's visits together and proposes the moves."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from shared.contracts import labels
from shared.contracts.codes import Reason, Role
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.confirmations import rest_on
from shared.ids import read_id
from shared.time import dates
from shared.web.forms import sent
from shared.web.render import render, see_other
from shared.web.several import (
    ChangedRecord,
    Comparison,
    Facts,
    about_several,
    compared,
    comparison_page,
    seen_by_reader,
    seen_text,
)

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
    state: str

    @property
    def facts(self) -> Facts:
        """Return it in words."""
        return (
            (gettext("Application"), self.reference),
            (gettext("From and to"), " → ".join(map(labels.country, self.way))),
            (gettext("Placement"), self.seat),
            (gettext("State"), self.state),
            (gettext("Announced"), self.before or ""),
            (gettext("New dates"), self.after or ""),
            (gettext("Note"), self.note or ""),
        )


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
@about_several
async def propose(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Propose the selected moves to guests and hosts, or none where one is not possible now: the page shows why."""
    form = await sent(request)
    plan_id = read_id(str(form.get("plan", "")))
    chosen = [match_id for value in form.getlist("visit") if (match_id := read_id(str(value))) is not None]
    reason = str(form.get("reason", ""))
    if plan_id is None or reason not in REASONS:
        raise Refused(gettext("Select a reason from the list."), 422, {"reason": gettext("Choose a reason")})
    if not chosen:
        return await _page(request, bus, call_id, gettext("Select at least one visit"), status=422)
    found = await _plan_of(bus, call_id, plan_id)
    try:
        done = await plans.propose_plan(bus, principal.subject, found, chosen, Reason(reason))
    except Refused as refused:
        if refused.code is not ProblemCode.EDIT_CONFLICT:
            raise
        return await _changed_page(request, bus, call_id, found, chosen, reason, refused)
    rest_on(request, "match_id", *done.days)
    return see_other(f"/matching/plans/{call_id}?done={len(done.days)}")


async def _changed_page(
    request: Request, bus: Bus, call_id: UUID, plan_id: UUID, chosen: Sequence[UUID], reason: str, refused: Refused
) -> Response:
    """Show the selected moves that are not possible now beside what is true of their visits.

    The others can be proposed without them, or all visits planned again. Raises the refusal where all are possible.
    """
    seen = await seen_by_reader(request)
    async with bus.read() as session:
        unfit = await plans.unfit(session, plan_id, chosen)
        changes = {change.match_id: change for change in (await views.plan_of_call(session, call_id, plan_id)).changes}
        visits = {visit.match_id: visit for visit in await views.visits_to_move(session, unfit)}
    if not unfit:
        raise refused
    others = [match_id for match_id in chosen if match_id not in unfit]
    nothing = ngettext(
        "Nothing was proposed, because the new dates of %(num)d visit are no longer possible.",
        "Nothing was proposed, because the new dates of %(num)d visits are no longer possible.",
        len(unfit),
    )
    comparison = Comparison(
        gettext("Check what has changed"),
        (nothing % {"num": len(unfit)}, refused.detail),
        [_changed(changes[match_id], visits[match_id], seen.get(match_id)) for match_id in sorted(unfit)],
        gettext("Propose the other changes") if others else "",
        f"/matching/plans/{call_id}/propose",
        f"/matching/plans/{call_id}",
        seen_text({match_id: seen[match_id] for match_id in others if match_id in seen}),
        fields=[("plan", str(plan_id)), ("reason", reason), *(("visit", str(match_id)) for match_id in others)],
        again=(f"/matching/plans/{call_id}", gettext("Plan the visits again")),
    )
    return comparison_page(request, comparison)


def _changed(change: PlannedChange, visit: VisitToMove, seen: Facts | None) -> ChangedRecord:
    """Return a planned change that is not possible now; no new dates stand beside those of the plan."""
    announced = dates.span(visit.start, visit.end) if visit.start and visit.end else None
    now = replace(_row(change, visit), before=announced, after=gettext("No longer possible"))
    return compared(
        visit.match_id,
        visit.reference,
        seen,
        now.facts,
        href=f"/matching/applications/{visit.application_id}",
        sentences=[gettext("This change is left out.")],
    )


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
        seen=seen_text({row.match_id: row.facts for row in rows if row.after and not row.note}),
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
        state=visit.state,
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
