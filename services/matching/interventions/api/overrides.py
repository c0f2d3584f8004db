"""The API of overrides: the price of one, and putting an application to a place by hand."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.matching.interventions.actions import overrides
from services.matching.interventions.actions.reasons import LONGEST, OverrideReason, words_of
from services.matching.interventions.views.overrides import OverrideMatch, OverridePrice
from services.matching.parameters import BusDep
from shared.contracts.codes import Reason, Role
from shared.identity import Principal, allow
from shared.identity.versions import expect_in_body
from shared.runtime.service import service_of
from shared.web.items import RecordVersion, needed

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class WantedOverride(BaseModel):
    """An application as it was read, to be put to a place for a reason; `instead` is the match that yields.

    The portal stores `text`, the reason in words; coordinators of the case and auditors read it.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra=needed)

    application_id: UUID
    version: RecordVersion = ""
    seat_id: UUID
    reason: Reason
    text: Annotated[str, Field(min_length=1, max_length=LONGEST, examples=["The host asked for this officer."])]
    instead: UUID | None = None


@router.get("/overrides/price")
async def price(
    bus: BusDep, principal: Programme, application_id: UUID, seat_id: UUID, instead: UUID | None = None
) -> OverridePrice:
    """Return the price of putting an application to a place: rules set aside or in the way, points, and losses."""
    found = await overrides.weighed(bus, principal.subject, application_id, seat_id, instead)
    return OverridePrice(
        forbidden=found.price.forbidden,
        waived=found.price.waived,
        points_lost=found.price.points,
        blocking_pairs_made=found.price.blocking,
        lose_a_place=tuple(UUID(application) for application in found.price.losers),
        get_another_place=tuple(UUID(application) for application in found.price.movers),
        supersedes=tuple(match.id for match in (found.own, found.instead) if match is not None),
        may_give_way=tuple(match.id for match in found.may_yield),
    )


@router.post("/overrides", status_code=201)
async def put(request: Request, bus: BusDep, principal: Programme, override: WantedOverride) -> OverrideMatch:
    """Assign an application to a place manually; both countries are asked to clear the new match."""
    expect_in_body(request, "application_id", override.application_id, override.version, "/version")
    wanted = overrides.WantedOverride(
        override.application_id,
        override.seat_id,
        OverrideReason(override.reason, words_of(override.text)),
        override.instead,
    )
    match_id = await overrides.put(bus, service_of(request).settings, principal.subject, wanted)
    return OverrideMatch(match_id=match_id)
