"""The API of exchange rings: those of a call, the price of one, and proposing it."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.matching.filters import COORDINATORS
from services.matching.interventions.actions import rings
from services.matching.interventions.views.rings import RingMatches, RingPrice, Rings, possible_rings
from services.matching.lifecycle.views import proposed_rings
from services.matching.parameters import BusDep, receipt_effort
from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.identity.versions import versions_in_body
from shared.web.items import RecordVersion, needed
from shared.web.problem_documents import pointer

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class RingPair(BaseModel):
    """One leg of a ring: the application, and the offer that it takes."""

    model_config = ConfigDict(extra="forbid")

    application_id: UUID
    offer_id: UUID


class ReadRingPair(RingPair):
    """The same, with the version in which the application was read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=needed)

    version: RecordVersion = ""


class RingToPrice(BaseModel):
    """A ring of two or three legs, each going to the agency of another."""

    model_config = ConfigDict(extra="forbid")

    call_id: UUID
    pairs: Annotated[Sequence[RingPair], Field(min_length=2, max_length=3)]

    def by_application(self) -> dict[UUID, UUID]:
        """Return the offer of each application."""
        return {pair.application_id: pair.offer_id for pair in self.pairs}


class RingToPropose(RingToPrice):
    """The same, with the versions in which the applications were read."""

    pairs: Annotated[Sequence[ReadRingPair], Field(min_length=2, max_length=3)]


@router.get("/rings")
async def listed(bus: BusDep, principal: Coordinator, call_id: UUID) -> Rings:
    """Return the rings of a call: those proposed, and for the programme coordinator those possible now.

    No set of possible rings has a sum of points above `bound`. A leg outside the reader's reach shows only its state.
    """
    found = await rings.possible(bus, call_id) if principal.has(Role.PROGRAMME_COORDINATOR) else None
    async with bus.read() as session:
        return Rings(
            proposed=await proposed_rings(session, reach(principal), call_id),
            possible=await possible_rings(session, call_id, found) if found else (),
            total=found.total if found else None,
            bound=found.bound if found else None,
        )


@router.post("/rings/price")
async def price(bus: BusDep, principal: Programme, ring: RingToPrice) -> RingPrice:
    """Return what making a ring changes: who gains, loses or changes a provisional place, points, blocking pairs."""
    cost = await rings.price(bus, principal.subject, ring.call_id, ring.by_application())
    return RingPrice(
        gain=tuple(UUID(application) for application in cost.gain),
        lose=tuple(UUID(application) for application in cost.lose),
        move=tuple(UUID(application) for application in cost.move),
        points=cost.points,
        blocking_pairs=cost.blocking_pairs,
    )


@router.post("/rings", operation_id="propose_ring", status_code=201)
async def propose(request: Request, bus: BusDep, principal: Programme, ring: RingToPropose) -> RingMatches:
    """Propose all matches of a ring, or none."""
    read = versions_in_body(
        request,
        "application_id",
        {pair.application_id: pair.version for pair in ring.pairs},
        {pair.application_id: pointer(["pairs", place, "version"]) for place, pair in enumerate(ring.pairs)},
    )
    effort = receipt_effort(request)
    done = await rings.propose(bus, principal.subject, ring.call_id, ring.by_application(), read, effort=effort)
    return RingMatches(ring_id=done.ring_id, run_id=done.run_id, matches=dict(done.matches))
