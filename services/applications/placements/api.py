"""The JSON API of placements, for hosts and for the coordinators who endorse them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.access.store import deciders_on
from services.applications.bulk import MOST
from services.applications.guards import Coordinator, Decider, Holder, Host
from services.applications.overview.views import resources
from services.applications.parameters import Body, BusDep, Reason, Text
from services.applications.placements import store, views
from services.applications.placements.actions import bulk, placements, revisions
from services.applications.refusals import not_found
from services.applications.visibility import visibility_of
from shared.bus import Bus
from shared.contracts.codes import CloseCause, Role, Section, VoidReason
from shared.identity import Principal
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1/offers", tags=["offers"])


class NewOffer(Body):
    """A new placement; `entry` holds the fields written so far. `submit` submits it at once.

    `prematched_reference` names the application with which it is agreed, in place of its id in the entry.
    """

    call_id: UUID
    organisation_id: UUID | None = None
    entry: Annotated[dict[str, Any], Field(default_factory=dict)]
    prematched_reference: Text = ""
    submit: bool = False


class OfferChange(Body):
    """Fields that replace the present ones; `version` is the one that was read."""

    entry: dict[str, Any]
    prematched_reference: Text = ""
    version: int | None = None


class SeveralOffers(Body):
    """The placements to decide on; without remarks they are endorsed, with them returned."""

    offer_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST)]
    remarks: dict[Section, str] | None = None


class Copy(Body):
    """The call to copy to."""

    call_id: UUID


class Return(Body):
    """The questions to the host, by section."""

    remarks: dict[Section, str]


class Void(Body):
    """Why it leaves the counts."""

    reason: VoidReason


class Close(Body):
    """Why it closes."""

    cause: CloseCause = CloseCause.BY_CHOICE


@router.post("", status_code=201)
async def begin(body: NewOffer, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Draft a placement of your organisation (name it if you act for several)."""
    own = [UUID(own_id) for own_id in sorted(principal.organisations(Role.HOST_CONTACT))]
    organisation_id = body.organisation_id or (own[0] if len(own) == 1 else None)
    if organisation_id is None:
        raise not_found()
    entry = await _with_prematched(bus, body.call_id, body.entry, body.prematched_reference)
    offer = await placements.begin(bus, principal, body.call_id, organisation_id, entry)
    if body.submit:
        offer = await placements.submit(bus, principal, offer.id)
    return resources.offer(offer)


async def _with_prematched(bus: Bus, call_id: UUID, entry: dict[str, Any], reference: str) -> dict[str, Any]:
    """Return the entry with the application that a reference names. Raises `Refused` (422)."""
    if not reference:
        return entry
    async with bus.read() as session:
        return entry | {"prematched_with": await views.application_named(session, reference, call_id)}


@router.get("")
async def read_all(
    principal: Holder,
    bus: BusDep,
    state: str | None = None,
    call_id: UUID | None = None,
    country: str | None = None,
    reference: str | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
) -> dict[str, Any]:
    """Return the placements of your organisation and, for coordinators, of your country, 50 a page.

    Those that wait for the reader come first; `state=waits` gives only those, `state=late` those that are overdue.
    """
    filters, visibility, moment = (
        store.Filters(state, call_id, country, reference),
        visibility_of(principal),
        clock.now(),
    )
    async with bus.read() as session:
        deciders = await deciders_on(session, clock.today())
        found, total = await store.list_page(session, visibility, filters, moment, deciders, page)
        counts = await store.counts(session, visibility, filters, moment, deciders)
    return {"offers": [resources.offer(offer) for offer in found], "total": total, "counts": counts}


@router.post("/decide")
async def decide(body: SeveralOffers, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Endorse several placements in one transaction, or return them; `left` names those not decided, and why."""
    outcome = await bulk.decide_all(bus, principal, body.offer_ids, body.remarks)
    return {
        "done": [offer.id for offer in outcome.done],
        "left": [{"id": offer.id, "detail": why} for offer, why in outcome.left],
    }


@router.get("/{offer_id}")
async def read_one(offer_id: UUID, principal: Holder, bus: BusDep) -> dict[str, Any]:
    """Return one placement."""
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
    if offer is None or not views.may_read(principal, offer):
        raise not_found()
    return resources.offer(offer)


@router.put("/{offer_id}")
async def save(offer_id: UUID, body: OfferChange, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Save what the host writes; for a published placement it is a revision."""
    entry = await _changes_of(bus, principal, offer_id, body)
    return resources.offer(await placements.save(bus, principal, offer_id, entry, version=body.version))


async def _changes_of(bus: Bus, principal: Principal, offer_id: UUID, body: OfferChange) -> dict[str, Any]:
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
    if offer is None or not views.may_read(principal, offer):
        raise not_found()
    return await _with_prematched(bus, offer.call_id, body.entry, body.prematched_reference)


@router.post("/{offer_id}/differences")
async def differences(offer_id: UUID, body: OfferChange, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Return what these fields would change of a published placement, and for whom. Nothing is written."""
    entry = await _changes_of(bus, principal, offer_id, body)
    found = await revisions.preview(bus, principal, offer_id, entry, version=body.version)
    return {
        "changes": [{"field": change.field, "old": change.old, "new": change.new} for change in found.changes],
        "confirmed": found.confirmed,
        "matches_under_way": [
            {"id": affected.match.id, "reference": affected.reference, "state": affected.match.state}
            for affected in found.touched
        ],
        "opens": found.opens,
        "fills": found.fills,
    }


@router.post("/{offer_id}/copy", status_code=201)
async def copy(offer_id: UUID, body: Copy, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Draft the same placement for another call."""
    return resources.offer(await revisions.copy(bus, principal, offer_id, body.call_id))


@router.post("/{offer_id}/submit")
async def submit(offer_id: UUID, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Submit it to the host national coordinator."""
    return resources.offer(await placements.submit(bus, principal, offer_id))


@router.post("/{offer_id}/endorse")
async def endorse(offer_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Endorse a placement of your country."""
    return resources.offer(await placements.endorse(bus, principal, offer_id))


@router.post("/{offer_id}/return")
async def send_back(offer_id: UUID, body: Return, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Return a placement to its host for information."""
    return resources.offer(await placements.send_back(bus, principal, offer_id, body.remarks))


@router.post("/{offer_id}/publish")
async def publish(offer_id: UUID, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Publish it, so that it can be matched."""
    return resources.offer(await placements.publish(bus, principal, offer_id))


@router.post("/{offer_id}/pause")
async def pause(offer_id: UUID, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Pause it: no new guest for a while."""
    return resources.offer(await placements.pause(bus, principal, offer_id))


@router.post("/{offer_id}/resume")
async def resume(offer_id: UUID, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Resume it, so that it can be matched again."""
    return resources.offer(await placements.resume(bus, principal, offer_id))


@router.post("/{offer_id}/close")
async def close(offer_id: UUID, principal: Host, bus: BusDep, body: Close | None = None) -> dict[str, Any]:
    """Close it: it takes no more guests, confirmed visits remain."""
    return resources.offer(await placements.close(bus, principal, offer_id, (body or Close()).cause))


@router.post("/{offer_id}/withdraw")
async def withdraw(offer_id: UUID, body: Reason, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Withdraw it."""
    return resources.offer(await placements.withdraw(bus, principal, offer_id, body.reason))


@router.post("/{offer_id}/available")
async def confirm(offer_id: UUID, principal: Host, bus: BusDep) -> dict[str, Any]:
    """Confirm that it is still available."""
    return resources.offer(await placements.confirm(bus, principal, offer_id))


@router.post("/{offer_id}/void")
async def void(offer_id: UUID, body: Void, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Void a placement that was entered in error; refused while it has a confirmed visit."""
    return resources.offer(await placements.void(bus, principal, offer_id, body.reason))
