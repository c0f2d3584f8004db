"""The pages of exchange rings: those possible now, those proposed, and proposing one.

Each ring is a table of its officers with buttons of its own, so they are no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_filter, call_of
from services.matching.interventions.actions import rings
from services.matching.interventions.views.rings import possible_rings, ring_confirmation
from services.matching.lifecycle.views import proposed_rings
from services.matching.parameters import BusDep, receipt_effort
from services.matching.words import reason, stage
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.confirmations import rest_on
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.ids import read_id
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/rings")
async def show(request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "") -> Response:
    """Show the rings that could be made now (for the programme coordinator), and those that were proposed."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        proposed = await proposed_rings(session, reach(principal), call.id if call else None)
    may_propose = principal.has(Role.PROGRAMME_COORDINATOR)
    found = await rings.possible(bus, call.id) if may_propose and call is not None else None
    async with bus.snapshot() as session:
        possible = await possible_rings(session, call.id, found) if call is not None and found is not None else ()
        legs = {leg.application_id for ring in possible for leg in ring.legs}
        versions = await item_versions(request, session, "application_id", legs)
    done = request.query_params.get("done", "")
    return render(
        request,
        "interventions/rings.html",
        call=call,
        call_filter=call_filter(calls, call),
        possible=possible,
        versions=versions,
        found=found,
        may_propose=may_propose,
        proposed=proposed,
        done=int(done) if done in {"2", "3"} else None,
        stage=stage,
        reason=reason,
    )


@router.post("/rings/{call_id}")
async def confirm(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Show a ring with each of its matches and its cost to others; nothing is done yet."""
    pairs, seen = await _pairs(request)
    cost = await rings.price(bus, principal.subject, call_id, pairs)
    async with bus.read() as session:
        view = await ring_confirmation(session, call_id, pairs, cost)
    return render(request, "interventions/ring_confirm.html", view=view, versions=list(seen.values()))


@router.post("/rings/{call_id}/propose")
async def propose(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Propose all matches of the ring."""
    pairs, seen = await _pairs(request)
    read = versions_in_body(request, "application_id", seen, {})
    done = await rings.propose(bus, principal.subject, call_id, pairs, read, effort=receipt_effort(request))
    rest_on(request, "application_id", *done.matches)
    return see_other(f"/matching/rings?call={call_id}&done={len(done.matches)}")


async def _pairs(request: Request) -> tuple[dict[UUID, UUID], dict[UUID, str]]:
    """Return the legs that a form names, and the versions in which the applications were read."""
    form = await sent(request)
    pairs: dict[UUID, UUID] = {}
    seen: dict[UUID, str] = {}
    for value in form.getlist("pair"):
        application, offer, version, *_ = [*str(value).split("/"), "", ""]
        application_id, offer_id = read_id(application), read_id(offer)
        if application_id is None or offer_id is None:
            raise Refused(gettext("This is not a pair."), 422)
        pairs[application_id], seen[application_id] = offer_id, version
    return pairs, seen
