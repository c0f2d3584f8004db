"""The pages of a visit's costs: the list by payer, a page for each line, and the sender's confirmation.

A line is added on the page of the list, so it is answered here and not by a `Decision`.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import refuse
from services.applications.guards import Anyone
from services.applications.parameters import BusDep
from services.applications.preparation.actions import costs as actions
from services.applications.preparation.forms import ChangeCostForm, CostForm
from services.applications.preparation.model import costs as model
from services.applications.preparation.views.costs import Cost, CostList, CostToChange, cost_list, cost_to_change
from services.applications.visits.views.names import visit_path
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.form_pages import show_facts
from shared.web.render import render, see_other
from shared.web.stale_forms import Beside, outdated_by, stale_page

_LINES = "cost lines"
router = APIRouter(prefix="/applications/visits", include_in_schema=False)


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount with its currency; empty for none."""
    return "" if amount is None else f"{amount:,.2f} {currency}"


@router.get("/{visit_id}/costs")
async def show(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Show the list, its totals by payer, and a form for one more line."""
    return await _page(request, principal, bus, visit_id, CostForm())


async def _page(
    request: Request, principal: Principal, bus: Bus, visit_id: UUID, form: CostForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        costs = await cost_list(session, principal, visit_id)
    show_facts(request, _LINES, _facts(costs))
    return render(
        request,
        "preparation/costs.html",
        status,
        form_=form,
        costs=costs,
        rows=[_row(visit_id, line, own=line.id in costs.own) for line in costs.lines],
        totals=[
            [
                labels.label(total.payer),
                money(total.planned, total.currency),
                money(total.actual, total.currency) if total.actual else None,
            ]
            for total in costs.totals
        ],
        borne=[labels.label(cost_borne) for cost_borne in costs.borne],
        done=request.query_params.get("done"),
    )


def _facts(costs: CostList) -> list[tuple[str, str]]:
    """Return the lines and the totals of the list in words, for a form that rests on an older one."""
    lines = [(_purpose(line), _amounts(line.payer, line.planned, line.actual, line.currency)) for line in costs.lines]
    total = gettext("Total by %(payer)s in %(currency)s")
    return lines + [
        (
            total % {"payer": labels.label(each.payer), "currency": each.currency},
            _amounts(None, each.planned, each.actual or None, each.currency),
        )
        for each in costs.totals
    ]


def _amounts(payer: model.Payer | None, planned: Decimal, actual: Decimal | None, currency: str) -> str:
    """Return who pays, and the amounts, in words."""
    words = [] if payer is None else [gettext("Paid by: %(payer)s") % {"payer": labels.label(payer)}]
    words.append(gettext("Planned: %(amount)s") % {"amount": money(planned, currency)})
    if actual is not None:
        words.append(gettext("Actual: %(amount)s") % {"amount": money(actual, currency)})
    return ". ".join(words)


def _purpose(line: Cost) -> str:
    """Return what a line is for."""
    return labels.label(line.item) + (f": {line.note}" if line.note else "")


def _row(visit_id: UUID, line: Cost, *, own: bool) -> list[Any]:
    what = _purpose(line)
    return [
        {"text": what, "href": visit_path(visit_id, f"costs/{line.id}")} if own else what,
        labels.label(line.payer),
        money(line.planned, line.currency),
        money(line.actual, line.currency) or None,
    ]


@router.post("/{visit_id}/costs")
async def add(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Add a line."""
    form = await CostForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, visit_id, form, 422)
    planned = form.amount("planned")
    assert planned is not None
    try:
        await actions.add(
            bus,
            principal,
            visit_id,
            model.CostItem(form.item.data),
            model.Payer(form.payer.data),
            form.currency.data,
            planned,
            note=form.note.data or "",
        )
    except Refused as refused:
        refuse(form, refused)
        return await _page(request, principal, bus, visit_id, form, refused.status_code)
    return see_other(visit_path(visit_id, "costs") + "?done=added")


@router.post("/{visit_id}/costs-settled")
async def settle(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Confirm as sender that the list is complete; where it has changed, show both lists and ask again."""
    digest = str((await request.form()).get("lines", ""))
    try:
        await actions.settle(bus, principal, visit_id, digest)
    except (Outdated, Refused) as refused:
        outdated = outdated_by(refused)
        async with bus.read() as session:
            costs = await cost_list(session, principal, visit_id)
        return await stale_page(request, outdated, Beside(_LINES, gettext("Costs"), _facts(costs)))
    return see_other(visit_path(visit_id, "costs") + "?done=settled")


async def _line(request: DecisionRequest[ChangeCostForm]) -> CostToChange:
    async with request.bus.read() as session:
        return await cost_to_change(session, request.principal, request.id, request.ids["cost_id"])


async def _written_line(request: DecisionRequest[ChangeCostForm]) -> ChangeCostForm:
    return ChangeCostForm(data=(await _line(request)).cost.model_dump())


async def _ask_line(request: DecisionRequest[ChangeCostForm]) -> Question:
    line = await _line(request)
    return Question(
        labels.label(line.cost.item),
        gettext("Save cost"),
        visit_path(request.id, "costs"),
        caption=line.reference or "",
        template="preparation/cost.html",
        more={"remove": visit_path(request.id, f"costs/{line.cost.id}/remove") if line.may_remove else ""},
    )


async def _change(request: DecisionRequest[ChangeCostForm]) -> str:
    form = request.form
    planned = form.amount("planned")
    assert planned is not None
    await actions.change(
        request.bus,
        request.principal,
        request.id,
        request.ids["cost_id"],
        payer=model.Payer(form.payer.data),
        currency=form.currency.data,
        planned=planned,
        actual=form.amount("actual"),
        note=form.note.data or "",
    )
    return visit_path(request.id, "costs") + "?done=changed"


add_decision(
    router, Anyone, Decision("/{visit_id}/costs/{cost_id}", ChangeCostForm, _ask_line, _change, new=_written_line)
)


@router.post("/{visit_id}/costs/{cost_id}/remove")
async def remove(visit_id: UUID, cost_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Remove the line."""
    await actions.remove(bus, principal, visit_id, cost_id)
    return see_other(visit_path(visit_id, "costs") + "?done=removed")
