"""The pages of what-ifs: list, request, progress and result; nothing of them is published."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.cohorts.store import runs as cohorts_runs
from services.matching.facts.store import facts as store
from services.matching.facts.store.facts import Call
from services.matching.filters import COORDINATORS, call_filter, call_of, page_of
from services.matching.interventions import store as interventions_store
from services.matching.interventions import views
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.forms import SIDES, checked, initial, read, side_name, terms_of
from services.matching.interventions.model import Basis, OtherTerms, Outcome, in_full
from services.matching.interventions.store import WhatIf
from services.matching.overview.store import board
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.calls import CallTerms
from shared.contracts.codes import Criterion, Role
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.ids import read_id
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching/what-ifs", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

_SHOWN = 50


@router.get("")
async def listed(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the what-ifs, the newest first."""
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        rows = await interventions_store.listed(session, call.id if call else None)
    by_id = {what_if_page.id: what_if_page for what_if_page in calls}
    return render(
        request,
        "interventions/what_ifs.html",
        rows=[(row, by_id.get(row.call_id), views.changes(*views.compared(row))) for row in rows],
        state=views.state,
        result=views.result,
        call=call,
        call_filter=call_filter(calls, call),
        may_ask=who.has(Role.PROGRAMME_COORDINATOR) and call is not None,
    )


@router.get("/new")
async def new(request: Request, bus: BusDep, _: Programme) -> Response:
    """Show the call's terms in a form, or with `from` those of an earlier what-if."""
    call, earlier = await _asked_about(bus, request)
    own = in_full(CallTerms.model_validate(call.terms))
    first = Basis.START if call.state == "closed" else Basis.NOW
    known = initial(OtherTerms.model_validate(earlier.other), Basis(earlier.basis)) if earlier else initial(own, first)
    return _form(request, call, await read(request, known))


@router.post("/new")
async def ask(request: Request, bus: BusDep, who: Programme) -> Response:
    """Request a what-if under the terms sent; the work begins at once, and its page shows the progress."""
    await sent(request)
    call, _ = await _asked_about(bus, request)
    form = await read(request)
    if await form.rows_changed(request):
        return _form(request, call, form)
    if not checked(form):
        return _form(request, call, form, 422)
    basis, other = terms_of(form)
    try:
        what_if_id = await what_ifs.ask(bus, who.subject, call.id, basis, other)
    except Refused as refused:
        for name, sentence in (refused.fields or {"": refused.detail}).items():
            form.refuse(name, sentence)
        return _form(request, call, form, refused.status_code)
    return see_other(f"/matching/what-ifs/{what_if_id}")


@router.get("/{what_if_id}")
async def what_if_page(request: Request, bus: BusDep, who: Coordinator, what_if_id: UUID) -> Response:
    """Show the progress of a what-if, and once it is done its result."""
    within, page = reach(who), page_of(request)
    async with bus.read() as session:
        row = await interventions_store.what_if(session, what_if_id)
        if row is None:
            raise Refused(gettext("There is no such what-if."), 404)
        call = (await store.calls(session, [row.call_id])).get(row.call_id)
        outcome = Outcome.model_validate(row.outcome) if row.outcome else None
        runs = [RunFinished.model_validate(run.told) for run in await cohorts_runs.runs(session, row.call_id)]
        moved = outcome.moved if outcome else ()
        mine = await board.within(session, within, [each.application_id for each in moved])
        people = [each for each in moved if each.application_id in mine]
        page = min(page, max(1, -(-len(people) // _SHOWN)))
        some = people[(page - 1) * _SHOWN : page * _SHOWN]
        places = {seat for each in some for seat in (each.before, each.after) if seat}
        seats = await store.seats(session, places)
    own, other = views.compared(row)
    return render(
        request,
        "interventions/what_if.html",
        row=row,
        call=call,
        state=views.state(row.state),
        changes=views.changes(own, other),
        outcome=outcome,
        sides=views.sides(outcome) if outcome else [],
        finding=views.finding(outcome) if outcome else None,
        ranks=views.ranks(outcome) if outcome else [],
        groups=views.groups(outcome) if outcome else [],
        people=[views.person(each, mine, seats) for each in some],
        people_in_all=len(people),
        page=page,
        size=_SHOWN,
        reason=cohorts_views.reason,
        runs=views.cohorts(runs),
        step=views.step(row),
        may_change=who.has(Role.PROGRAMME_COORDINATOR),
        everything=within.everything,
    )


@router.post("/{what_if_id}/cancel")
async def cancel(request: Request, bus: BusDep, who: Programme, what_if_id: UUID) -> Response:
    """Cancel the what-if."""
    await sent(request)
    await what_ifs.cancel(bus, who.subject, what_if_id)
    return see_other(f"/matching/what-ifs/{what_if_id}")


async def _asked_about(bus: Bus, request: Request) -> tuple[Call, WhatIf | None]:
    """Return the call in the address, and the what-if from which to begin. Raises `Refused` (404)."""
    what_if_id, call_id = read_id(request.query_params.get("from")), read_id(request.query_params.get("call"))
    async with bus.read() as session:
        earlier = await interventions_store.what_if(session, what_if_id) if what_if_id else None
        call_id = earlier.call_id if earlier else call_id
        call = (await store.calls(session, [call_id])).get(call_id) if call_id else None
    if call is None:
        raise Refused(gettext("There is no such call: go to the board and choose one."), 404)
    return call, earlier


def _form(request: Request, call: Call, form: Any, status: int = 200) -> Response:
    weights = [
        (labels.label(criterion), [(form[f"{criterion.value}_{side}"], side_name(side)) for side in SIDES])
        for criterion in Criterion
    ]
    return render(request, "interventions/what_if_form.html", status, call=call, form_=form, weights=weights)
