"""The API of exchange rings: those of a call, the price of one, and proposing it."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request

from services.matching.filters import COORDINATORS
from services.matching.interventions.actions import rings
from services.matching.lifecycle.store import rings as lifecycle_rings
from services.matching.parameters import BusDep, receipt_effort
from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.scope import reach

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class RingPair(BaseModel):
    """One leg of a ring: the application, and the offer that it takes."""

    application_id: UUID
    offer_id: UUID


class RingToPropose(BaseModel):
    """A ring of two or three legs, each going to the agency of another."""

    call_id: UUID
    pairs: Annotated[list[RingPair], Field(min_length=2, max_length=3)]

    def by_application(self) -> dict[UUID, UUID]:
        """The offer of each application."""
        return {pair.application_id: pair.offer_id for pair in self.pairs}


@router.get("/rings")
async def listed(bus: BusDep, who: Coordinator, call_id: UUID) -> dict[str, Any]:
    """The rings of a call: those proposed, and for the programme coordinator those possible now.

    No set of possible rings has a sum of points above `bound`. A leg outside the reader's reach shows only its state.
    """
    async with bus.read() as session:
        legs = await lifecycle_rings.legs(session, reach(who), call_id)
    answer: dict[str, Any] = {
        "proposed": [
            {"ring_id": ring_id, "legs": [_leg(leg) for leg in ring]}
            for ring_id, ring in groupby(legs, lambda leg: leg.ring_id)
        ]
    }
    if who.has(Role.PROGRAMME_COORDINATOR):
        found = await rings.possible(bus, call_id)
        answer |= {
            "total": found.total,
            "bound": found.bound,
            "possible": [
                {
                    "points": ring.weight,
                    "legs": [
                        {
                            "application_id": leg.candidate_id,
                            "offer_id": leg.seat_id,
                            "organisation_id": leg.agency,
                            "host_organisation_id": leg.host_agency,
                            "score": leg.gain,
                            "host_score": leg.preference,
                        }
                        for leg in ring.legs
                    ],
                }
                for ring in found.rings
            ],
        }
    return answer


@router.post("/rings/price")
async def price(bus: BusDep, _: Programme, ring: RingToPropose) -> dict[str, Any]:
    """What making a ring changes: who gains, loses or changes a provisional place, points, blocking pairs."""
    cost = await rings.price(bus, ring.call_id, ring.by_application())
    return {
        "gain": cost.gain,
        "lose": cost.lose,
        "move": cost.move,
        "points": cost.points,
        "blocking_pairs": cost.blocking_pairs,
    }


@router.post("/rings", status_code=201)
async def propose(request: Request, bus: BusDep, who: Programme, ring: RingToPropose) -> dict[str, Any]:
    """Propose all matches of a ring, or none."""
    done = await rings.propose(bus, who.subject, ring.call_id, ring.by_application(), effort=receipt_effort(request))
    return {"ring_id": done.ring_id, "run_id": done.run_id, "matches": dict(done.matches)}


def _leg(leg: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"place": leg.place, "state": leg.state, "stands": leg.stands}
    if leg.within:
        values |= {
            "match_id": leg.match_id,
            "application_id": leg.application_id,
            "reference": leg.reference,
            "offer": leg.seat_reference,
            "country": leg.country,
            "host_country": leg.host_country,
        }
    return values
