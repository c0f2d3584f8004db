"""The pages on which a coordinator decides on several placements: preview, confirmation and result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.bulk import MOST, BulkRow
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.placements.actions import bulk
from services.applications.placements.forms import EndorseAllForm, ReturnAllForm
from services.applications.placements.views.placement import Placement
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts.codes import Section
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.web.forms import Form
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
Ticked = Annotated[list[UUID], Query(max_length=MOST)]
HERE = "/applications/offers"


@dataclass(frozen=True, slots=True)
class Act:
    """A decision on several placements: its form, its button, the question, what happens, what was done."""

    form: type[Form]
    button: str
    question: str
    happens: str
    done: str


ACTS: dict[str, Act] = {
    "endorse": Act(
        EndorseAllForm,
        N_("Endorse"),
        N_("Endorse these placements?"),
        N_("It is endorsed; its host can publish it."),
        N_("Endorsed"),
    ),
    "return": Act(
        ReturnAllForm,
        N_("Ask for more"),
        N_("Ask these hosts for more?"),
        N_("It goes back to its host with your question."),
        N_("Sent back with your question"),
    ),
}


def _bulk_row(placement: Placement, text: str) -> BulkRow:
    return BulkRow(placement.id, placement.reference, placement.title, tag("offer", placement.state), text)


def _act(act: str) -> Act:
    if act not in ACTS:
        raise not_found()
    return ACTS[act]


@router.get("/decide")
async def ask(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    offer: Ticked = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Show every selected placement: what will happen to it, or why nothing can."""
    return await _page(request, bus, principal, _act(act), offer, _act(act).form())


async def _page(
    request: Request,
    bus: Bus,
    principal: Principal,
    what: Act,
    ticked: Sequence[UUID],
    form: Form,
    status: int = 200,
) -> Response:
    async with bus.read() as session:
        items = await bulk.bulk_items(session, principal, ticked)
    return render(
        request,
        "placements/decide.html",
        status if ticked else 422,
        what=what,
        able=[_bulk_row(item.placement, gettext(what.happens)) for item in items if item.obstacle is None],
        unable=[_bulk_row(item.placement, item.obstacle) for item in items if item.obstacle is not None],
        form_=form,
        ticked=ticked,
    )


@router.post("/decide")
async def decide(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    offer: Ticked = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Decide on all that can be decided, in one transaction; the next page shows which, and why not the others."""
    what = _act(act)
    form = await what.form.read(request)
    if not offer or not form.validate():
        return await _page(request, bus, principal, what, offer, form, 422)
    remarks = {Section(form.data["section"]): form.data["remark"]} if act == "return" else None
    outcome = await bulk.decide_all(bus, principal, offer, remarks)
    query = {
        "act": act,
        "done": [placement.id for placement in outcome.done],
        "left": [not_done.id for not_done, _ in outcome.left],
    }
    return see_other(f"{HERE}/decided?{urlencode(query, doseq=True)}")


@router.get("/decided")
async def decided(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    done: Ticked = [],  # noqa: B006 - FastAPI copies it
    left: Ticked = [],  # noqa: B006 - as above
) -> Response:
    """Show what was done, placement by placement, and what was not, with the reason."""
    what = _act(act)
    async with bus.read() as session:
        done_items = await bulk.bulk_items(session, principal, done)
        left_items = await bulk.bulk_items(session, principal, left)
    changed = gettext("It has changed since you opened it. Look at it as it is now, then decide.")
    return render(
        request,
        "placements/decided.html",
        title=ngettext("%(num)d placement is done", "%(num)d placements are done", len(done_items))
        % {"num": len(done_items)},
        able=[_bulk_row(item.placement, gettext(what.done)) for item in done_items],
        unable=[_bulk_row(item.placement, item.obstacle or changed) for item in left_items],
    )
