"""How does a program confirm access once a year, and name deputies?"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.applications.access.actions import addresses, deputies, yearly_confirmation
from services.applications.guards import Decider, Holder
from services.applications.parameters import REGISTER_API, Body, BusDep, Portal
from services.applications.register.store import people
from services.applications.register.views.confirmation import access_year, grants_to_confirm, may_confirm
from services.applications.register.views.deputies import Deputy, deputies_of, deputised_by
from services.applications.register.views.scope import scope_of
from shared.contracts.codes import Role
from shared.identity import Principal, signed_in
from shared.time import clock

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class Confirmed(Body):
    """Whose access is confirmed, by opaque ids."""

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=yearly_confirmation.MOST_AT_ONCE)]


class NamedDeputy(Body):
    """A deputy for an office of one's own; `holder_id` is for the programme, which names them for others too."""

    deputy_id: UUID
    role: Role
    since: date
    until: date
    holder_id: UUID | None = None


class EndedDeputy(Body):
    """Which deputy stands in no more."""

    deputy_id: UUID
    role: Role
    since: date


@router.get("/access")
async def to_confirm(
    principal: Decider, bus: BusDep, settings: Portal, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> dict[str, Any]:
    """One page (50) of the people whose access is to be confirmed or has lapsed, the oldest first."""
    times, today = access_year(settings), clock.today()
    async with bus.read() as session:
        found, total = await people.to_confirm(
            session, scope_of(principal), until=times.asked_before(today), today=today, page=page
        )
        grants = await people.grants(session, [one.subject for one in found])
    return {
        "people": [
            {
                "id": one.id,
                "name": one.name,
                "country": one.country,
                "confirmed_on": one.confirmed_on,
                "due": times.due(one.confirmed_on),
                "lapses": times.lapses(one.confirmed_on),
                "lapsed_on": one.lapsed_on,
                "yours": may_confirm(principal, one, grants_to_confirm(one, grants.get(one.subject, ()))),
            }
            for one in found
        ],
        "total": total,
    }


@router.post("/access/confirm")
async def confirm(body: Confirmed, principal: Decider, bus: BusDep) -> dict[str, list[UUID]]:
    """Confirm access for another year, and give back what lapsed; `left` is somebody else's to confirm."""
    done, left = await yearly_confirmation.confirm(bus, principal, body.ids)
    return {"confirmed": [one.id for one in done], "left": [one.id for one in left]}


@router.get("/deputies")
async def read_deputies(principal: Holder, bus: BusDep) -> dict[str, Any]:
    """Who stands in for the caller, and for whom the caller stands in."""
    async with bus.read() as session:
        own = await deputies_of(session, principal.subject)
        others = await deputised_by(session, principal.subject)
    return {"deputies": [_shown(one) for one in own], "stands_in_for": [_shown(one) for one in others]}


def _shown(pair: Deputy) -> dict[str, Any]:
    return {
        "deputy_id": pair.deputy.id,
        "deputy": pair.deputy.name,
        "holder_id": pair.holder.id,
        "holder": pair.holder.name,
        "grant": pair.grant.model_dump(mode="json", exclude={"deputy_for"}),
    }


@router.post("/deputies", status_code=201)
async def name_deputy(body: NamedDeputy, principal: Holder, bus: BusDep) -> dict[str, Any]:
    """Name a deputy for an office from one day until another."""
    return _shown(await deputies.name_deputy(bus, principal, **dict(body)))


@router.post("/deputies/end")
async def end_deputy(body: EndedDeputy, principal: Holder, bus: BusDep) -> dict[str, bool]:
    """End a deputy before the time, at once."""
    await deputies.end(bus, principal, **dict(body))
    return {"ended": True}


@router.post("/own-address", status_code=202)
async def ask_own(principal: Annotated[Principal, Depends(signed_in())], bus: BusDep) -> dict[str, bool]:
    """Have the mail sent anew by which the caller confirms the own address."""
    await addresses.ask_own(bus, principal)
    return {"asked": True}


@router.post("/people/{person_id}/address", status_code=202)
async def ask_for_person(person_id: UUID, principal: Decider, bus: BusDep) -> dict[str, bool]:
    """Have the mail sent anew by which the person confirms the address."""
    await addresses.ask_for(bus, principal, person_id)
    return {"asked": True}
