"""The pages of exchange rings: those possible now, those proposed, and proposing one."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.engine.interventions.manual import Price
from services.matching.engine.interventions.rings import Rings
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.interventions.actions import rings
from services.matching.lifecycle.store import rings as lifecycle_rings
from services.matching.parameters import BusDep, receipt_effort
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.ids import read_id
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/rings")
async def show(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """Show the rings that could be made now (for the programme coordinator), and those that were proposed."""
    within = reach(who)
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        legs = await lifecycle_rings.legs(session, within, call.id if call else None)
    shown: list[Any] = []
    found = None
    may_propose = who.has(Role.PROGRAMME_COORDINATOR)
    if may_propose and call is not None:
        found = await rings.possible(bus, call.id)
        shown = await _possible_rings(bus, call.id, found)
    done = request.query_params.get("done", "")
    return render(
        request,
        "interventions/rings.html",
        call=call,
        call_filter=call_filter(calls, call),
        possible=shown,
        found=found,
        may_propose=may_propose,
        proposed=[list(ring) for _, ring in groupby(legs, lambda leg: leg.ring_id)],
        done=int(done) if done in {"2", "3"} else None,
        stage=cohorts_views.stage,
        reason=cohorts_views.reason,
    )


@router.post("/rings/{call_id}")
async def confirm(request: Request, bus: BusDep, _: Programme, call_id: UUID) -> Response:
    """Show a ring with each of its matches and its cost to others; nothing is done yet."""
    pairs = await _pairs(request)
    cost = await rings.price(bus, call_id, pairs)
    async with bus.read() as session:
        calls = await store.calls(session, [call_id])
        people = await store.candidates(session, {*pairs, *_touched(cost)})
        seats = await store.seats(session, set(pairs.values()))
    lists = {name: [people[UUID(one)].reference for one in getattr(cost, name)] for name in ("gain", "lose", "move")}
    return render(
        request,
        "interventions/ring_confirm.html",
        call=calls[call_id],
        legs=[(people[one], seats[seat]) for one, seat in pairs.items()],
        pairs=[f"{one}/{seat}" for one, seat in pairs.items()],
        cost=cost,
        others=lists | {"gain": [one for one in lists["gain"] if one not in {people[own].reference for own in pairs}]},
    )


@router.post("/rings/{call_id}/propose")
async def propose(request: Request, bus: BusDep, who: Programme, call_id: UUID) -> Response:
    """Propose all matches of the ring."""
    done = await rings.propose(bus, who.subject, call_id, await _pairs(request), effort=receipt_effort(request))
    return see_other(f"/matching/rings?call={call_id}&done={len(done.matches)}")


async def _possible_rings(bus: Bus, call_id: UUID, found: Rings) -> list[dict[str, Any]]:
    """Return possible rings with the references of their legs and why each has no place now."""
    legs = [leg for ring in found.rings for leg in ring.legs]
    async with bus.read() as session:
        people = await store.candidates(session, {UUID(leg.candidate_id) for leg in legs})
        seats = await store.seats(session, {UUID(leg.seat_id) for leg in legs})
        standings = await pools.standings(session, call_id)
        agencies = await store.organisation_names(session, {UUID(leg.agency) for leg in legs})
    return [
        {
            "points": ring.weight,
            "legs": [
                {
                    "candidate": people[UUID(leg.candidate_id)],
                    "seat": seats[UUID(leg.seat_id)],
                    "agency": agencies.get(UUID(leg.agency)),
                    "host": agencies.get(UUID(leg.host_agency)),
                    "gain": leg.gain,
                    "preference": leg.preference,
                    "standing": standings.get(UUID(leg.candidate_id)),
                }
                for leg in ring.legs
            ],
            "pairs": [f"{leg.candidate_id}/{leg.seat_id}" for leg in ring.legs],
        }
        for ring in found.rings
    ]


async def _pairs(request: Request) -> dict[UUID, UUID]:
    """The legs that a form names."""
    form = await sent(request)
    pairs: dict[UUID, UUID] = {}
    for value in form.getlist("pair"):
        one, _, seat = str(value).partition("/")
        application_id, offer_id = read_id(one), read_id(seat)
        if application_id is None or offer_id is None:
            raise Refused(gettext("This is not a pair."), 422)
        pairs[application_id] = offer_id
    return pairs


def _touched(cost: Price) -> set[UUID]:
    return {UUID(one) for one in (*cost.gain, *cost.lose, *cost.move)}
