"""The pages of what-ifs: list, request, progress and result; nothing of them is published.

A result is a report that ends with its cases, so it is no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.facts.views import CallSummary, all_calls
from services.matching.filters import COORDINATORS, ChosenCall, PageNumber, call_caption, call_filter, call_of
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.forms import SIDES, TermsForm, WhatIfForm, filled, side_name, terms_of
from services.matching.interventions.views import what_ifs as views
from services.matching.interventions.views.what_ifs import Beginning, WhatIfLine
from services.matching.parameters import BusDep
from services.matching.words import reason
from shared.contracts import labels
from shared.contracts.codes import Criterion, Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.ids import read_id
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import sent
from shared.web.lists import PAGE, Cell, Column, Empty, Link, Listing, list_page, tag
from shared.web.query import IdText, declared
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching/what-ifs", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
_CHANGES = 3
"""So many changes of a what-if are named in the list."""
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("")
async def listed(request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "") -> Response:
    """List the what-ifs, the newest first."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        rows = await views.what_if_lines(session, calls, call.id if call else None)
    names = (gettext("Requested"), gettext("Call"), gettext("Changed terms"), gettext("State"))
    listing = Listing(
        gettext("What-if with different terms"),
        "/matching/what-ifs",
        [Column(name) for name in (*names, gettext("Results"))],
        [_row(line) for line in rows],
        len(rows),
        Empty(
            gettext("No what-ifs yet."),
            gettext("Each what-if is kept here with its own address, so you can open it again."),
        ),
        size=max(PAGE, len(rows)),
        caption=call_caption(call),
        filters=[call_filter(calls, call)],
        live=("/matching/live", "what-ifs"),
    )
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    may_ask = programme and call is not None
    return list_page(request, listing, "interventions/what_ifs.html", call=call, may_ask=may_ask, programme=programme)


def _row(line: WhatIfLine) -> list[Cell]:
    changes = "; ".join(f"{name}: {own} → {other}" for name, own, other in line.changes[:_CHANGES])
    more = len(line.changes) - _CHANGES
    if more > 0:
        changes += " " + ngettext("and %(num)d more", "and %(num)d more", more) % {"num": more}
    return [
        Link(dates.moment(line.what_if.asked_at), f"/matching/what-ifs/{line.what_if.id}"),
        line.call.reference if line.call else None,
        changes,
        tag(views.state(line.what_if.state)),
        line.result or None,
    ]


async def _beginning(request: DecisionRequest[WhatIfForm]) -> Beginning:
    """Return from where the what-if in the address begins. Raises `Refused` (404)."""
    call, earlier = request.http.query_params.get("call"), request.http.query_params.get("from")
    async with request.bus.read() as session:
        return await views.beginning(session, read_id(call), read_id(earlier))


async def _terms(request: DecisionRequest[WhatIfForm]) -> WhatIfForm:
    """Return a form with the call's terms, or with `from` those of an earlier what-if."""
    beginning = await _beginning(request)
    form = filled(beginning.terms, beginning.basis)
    _set_call(form, beginning.call)
    return form


def _set_call(form: WhatIfForm, call: CallSummary) -> None:
    form.call_id = call.id
    form.call_name = f"{call.reference} – {call.title}"  # noqa: RUF001 - a dash between two names


async def _find_call(request: DecisionRequest[WhatIfForm]) -> None:
    if request.form.call_id is None:
        _set_call(request.form, (await _beginning(request)).call)


async def _ask(request: DecisionRequest[WhatIfForm]) -> Question:
    form = request.form
    weights = [
        (labels.label(criterion), [(form[f"{criterion.value}_{side}"], side_name(side)) for side in SIDES])
        for criterion in Criterion
    ]
    return Question(
        gettext("Try different terms"),
        gettext("Run what-if"),
        f"/matching/what-ifs?call={form.call_id}",
        back_text=gettext("What-if"),
        caption=form.call_name,
        text=gettext(
            "The form shows the terms of the call. Change what you want to try. The rest stays the same. Here "
            "you cannot change who must not be matched with each other."
        ),
        template="interventions/what_if_form.html",
        more={"weights": weights},
    )


async def _begin(request: DecisionRequest[WhatIfForm]) -> str:
    """Request a what-if under the terms sent; the work begins at once, and its page shows the progress."""
    assert request.form.call_id is not None
    basis, other = terms_of(request.form)
    what_if_id = await what_ifs.ask(request.bus, request.principal.subject, request.form.call_id, basis, other)
    return f"/matching/what-ifs/{what_if_id}"


_BEGINNING = declared({"call": IdText, "from": IdText})
add_decision(
    router,
    Programme,
    Decision("/new", TermsForm, _ask, _begin, new=_terms, prepare=_find_call, query=(_BEGINNING,)),
)


@router.get("/{what_if_id}")
async def what_if_page(
    request: Request, bus: BusDep, principal: Coordinator, what_if_id: UUID, page: PageNumber = 1
) -> Response:
    """Show the progress of a what-if, and once it is done its result."""
    within = reach(principal)
    async with bus.read() as session:
        view = await views.what_if_page(session, within, what_if_id, page=page)
    what_if = view.what_if
    outcome = what_if.outcome
    return render(
        request,
        "interventions/what_if.html",
        view=view,
        row=what_if,
        outcome=outcome,
        facts_day=date.fromisoformat(outcome.day) if outcome else None,
        state=views.state(what_if.state),
        step=views.step(what_if),
        changes=views.changes(what_if.own, what_if.other),
        warnings=views.warnings(what_if.other),
        notes=views.order_notes(what_if.own, what_if.other),
        sides=views.sides(outcome) if outcome else [],
        finding=views.finding(outcome) if outcome else None,
        ranks=views.ranks(outcome) if outcome else [],
        groups=views.groups(outcome) if outcome else [],
        size=views.SHOWN,
        reason=reason,
        may_change=principal.has(Role.PROGRAMME_COORDINATOR),
    )


@router.post("/{what_if_id}/cancel")
async def cancel(request: Request, bus: BusDep, principal: Programme, what_if_id: UUID) -> Response:
    """Cancel the what-if."""
    await sent(request)
    await what_ifs.cancel(bus, principal.subject, what_if_id)
    return see_other(f"/matching/what-ifs/{what_if_id}")
