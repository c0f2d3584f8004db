"""Serve the yearly confirmation of access, deputies, and mails that confirm an address."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.applications.access.actions import addresses, deputies, yearly_confirmation
from services.applications.guards import Decider, Holder
from services.applications.parameters import REGISTER_API, Body, BusDep, Portal
from services.applications.register.store import people
from services.applications.register.views.confirmation import confirmation_times, grants_to_confirm, may_confirm
from services.applications.register.views.deputies import Deputy, deputies_of, deputised_by
from services.applications.register.views.scope import scope_of
from shared.contracts.codes import Role
from shared.identity import Principal, signed_in
from shared.time import clock

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class Confirmed(Body):
    """The opaque ids of people whose access is confirmed."""

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=yearly_confirmation.MOST_AT_ONCE)]


class NamedDeputy(Body):
    """A deputy for one of the caller's offices; the programme gives `holder_id` to name one for somebody else."""

    deputy_id: UUID
    role: Role
    since: date
    until: date
    holder_id: UUID | None = None


class EndedDeputy(Body):
    """The deputy to end."""

    deputy_id: UUID
    role: Role
    since: date


@router.get("/access")
async def to_confirm(
    principal: Decider, bus: BusDep, settings: Portal, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> dict[str, Any]:
    """One page (50) of the people whose access is to be confirmed or has lapsed, the oldest first."""
    times, today = confirmation_times(settings), clock.today()
    async with bus.read() as session:
        listed, total = await people.to_confirm(
            session, scope_of(principal), until=times.due_before(today), today=today, page=page
        )
        grants = await people.grants(session, [person.subject for person in listed])
    return {
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "country": person.country,
                "confirmed_on": person.confirmed_on,
                "due": times.due(person.confirmed_on),
                "lapses": times.lapses(person.confirmed_on),
                "lapsed_on": person.lapsed_on,
                "yours": may_confirm(principal, person, grants_to_confirm(person, grants.get(person.subject, ()))),
            }
            for person in listed
        ],
        "total": total,
    }


@router.post("/access/confirm")
async def confirm(body: Confirmed, principal: Decider, bus: BusDep) -> dict[str, list[UUID]]:
    """Confirm access for another year, and restore lapsed access; `left` is for somebody else to confirm."""
    done, left = await yearly_confirmation.confirm(bus, principal, body.ids)
    return {"confirmed": [person.id for person in done], "left": [person.id for person in left]}


@router.get("/deputies")
async def read_deputies(principal: Holder, bus: BusDep) -> dict[str, Any]:
    """The deputies of the caller, and those for whom the caller stands in."""
    async with bus.read() as session:
        own = await deputies_of(session, principal.subject)
        others = await deputised_by(session, principal.subject)
    return {
        "deputies": [_deputy_json(deputy) for deputy in own],
        "stands_in_for": [_deputy_json(deputy) for deputy in others],
    }


def _deputy_json(deputy: Deputy) -> dict[str, Any]:
    return {
        "deputy_id": deputy.deputy.id,
        "deputy": deputy.deputy.name,
        "holder_id": deputy.holder.id,
        "holder": deputy.holder.name,
        "grant": deputy.grant.model_dump(mode="json", exclude={"deputy_for"}),
    }


@router.post("/deputies", status_code=201)
async def name_deputy(body: NamedDeputy, principal: Holder, bus: BusDep) -> dict[str, Any]:
    """Name a deputy for an office from one day until another."""
    return _deputy_json(await deputies.appoint_deputy(bus, principal, **dict(body)))


@router.post("/deputies/end")
async def end_deputy(body: EndedDeputy, principal: Holder, bus: BusDep) -> dict[str, bool]:
    """End a deputy early, at once."""
    await deputies.end(bus, principal, **dict(body))
    return {"ended": True}


@router.post("/own-address", status_code=202)
async def ask_own(principal: Annotated[Principal, Depends(signed_in())], bus: BusDep) -> dict[str, bool]:
    """Send the mail by which the caller confirms his or her own address again."""
    await addresses.send_own_mail(bus, principal)
    return {"asked": True}


@router.post("/people/{person_id}/address", status_code=202)
async def ask_for_person(person_id: UUID, principal: Decider, bus: BusDep) -> dict[str, bool]:
    """Send the mail by which the person confirms the address again."""
    await addresses.send_mail_to(bus, principal, person_id)
    return {"asked": True}
