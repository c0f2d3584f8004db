"""The JSON API of placements, for hosts and for the coordinators who endorse them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from services.applications.bulk import MOST, bulk_result
from services.applications.guards import Coordinator, Decider, Holder, Host
from services.applications.parameters import Body, BusDep, Reason, Text
from services.applications.placements.actions import bulk, placements, revisions
from services.applications.placements.model.placement import PlacementEntry
from services.applications.placements.views import lists
from services.applications.placements.views.names import application_named
from services.applications.placements.views.placement import (
    ListedPlacement,
    Placement,
    own_placement,
    readable_placement,
)
from services.applications.placements.views.revision import RevisionPreview
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts.base import Country
from shared.contracts.codes import CloseCause, OfferState, Role, Section, VoidReason
from shared.identity import Principal
from shared.web.items import BulkResult, ReadItem, read_items, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/offers", tags=["offers"])
StateFilter = OfferState | Literal["waits", "late"]
PrematchedReference = Annotated[
    Text,
    Field(
        description="The application with which it is agreed, in place of its id in the entry.",
        examples=["AM-2026-0042"],
    ),
]


class NewPlacement(Body):
    """A new placement, with the fields written so far."""

    call_id: UUID
    organisation_id: Annotated[
        UUID | None, Field(description="The host; it may be left out by those who act for one organisation only.")
    ] = None
    entry: PlacementEntry = PlacementEntry()
    prematched_reference: PrematchedReference = ""
    submit: Annotated[bool, Field(description="Submit it at once.")] = False


class PlacementChange(Body):
    """A change of a placement: fields that are sent replace the present ones, fields that are not sent stay."""

    entry: PlacementEntry = PlacementEntry()
    prematched_reference: PrematchedReference = ""


class PlacementsDecision(Body):
    """The placements to decide on, as they were read; without remarks they are endorsed, with them returned."""

    offers: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=MOST)]
    remarks: Annotated[dict[Section, str] | None, Field(description="The questions to the hosts, by section.")] = None


class PlacementCopy(Body):
    """The call to copy to."""

    call_id: UUID


class PlacementReturn(Body):
    """The questions to the host."""

    remarks: Annotated[dict[Section, str], Field(description="By section.")]


class PlacementVoid(Body):
    """A placement's removal from the counts, with its reason."""

    reason: VoidReason


class PlacementClose(Body):
    """The close of a placement, with its cause."""

    cause: CloseCause = CloseCause.BY_CHOICE


@router.post("", status_code=201)
async def begin(body: NewPlacement, principal: Host, bus: BusDep) -> Placement:
    """Draft a placement of your organisation (name it if you act for several)."""
    own = [UUID(own_id) for own_id in sorted(principal.organisations(Role.HOST_CONTACT))]
    organisation_id = body.organisation_id or (own[0] if len(own) == 1 else None)
    if organisation_id is None:
        raise not_found()
    changes = await _changes(bus, body.call_id, body)
    row = await placements.begin(bus, principal, body.call_id, organisation_id, changes)
    if body.submit:
        row = await placements.submit(bus, principal, row.id)
    return Placement.of(row)


async def _changes(bus: Bus, call_id: UUID, body: NewPlacement | PlacementChange) -> PlacementEntry:
    """Return the fields that were sent, with the application that a reference names. Raises `Refused` (422)."""
    if not body.prematched_reference:
        return body.entry
    async with bus.read() as session:
        application_id = await application_named(session, body.prematched_reference, call_id)
    return body.entry.model_copy(update={"prematched_with": application_id})


@router.get("")
async def read_all(
    request: Request,
    principal: Holder,
    bus: BusDep,
    page: PageDep,
    state: StateFilter | None = None,
    call_id: UUID | None = None,
    country: Country | None = None,
    reference: str | None = None,
) -> Page[ListedPlacement]:
    """Return the placements of your organisation and, for coordinators, of your country, the newest first.

    `state=waits` gives only those that wait for the reader, `state=late` those whose endorsement is overdue.
    """
    async with bus.snapshot() as session:
        found = await lists.page(session, principal, lists.Filters(state, call_id, country, reference), page)
        return await with_versions(request, session, "offer_id", found, ListedPlacement)


@router.get("/counts", operation_id="count_offers")
async def count(
    principal: Holder,
    bus: BusDep,
    call_id: UUID | None = None,
    country: Country | None = None,
    reference: str | None = None,
) -> lists.PlacementCounts:
    """Return how many placements the reader sees in each state, how many wait for the reader and how many are late."""
    async with bus.read() as session:
        return await lists.counts(session, principal, lists.Filters(None, call_id, country, reference))


@router.post("/decide")
async def decide(request: Request, body: PlacementsDecision, principal: Decider, bus: BusDep) -> BulkResult:
    """Endorse several placements in one transaction, or return them; `left` names those not decided, and why."""
    read = read_items(request, "offer_id", "offers", body.offers)
    return bulk_result(await bulk.decide_all(bus, principal, [each.id for each in body.offers], body.remarks, read))


@router.get("/{offer_id:uuid}")
async def read_one(offer_id: UUID, principal: Holder, bus: BusDep) -> Placement:
    """Return one placement."""
    async with bus.read() as session:
        return await readable_placement(session, principal, offer_id)


@router.put("/{offer_id:uuid}")
async def save(offer_id: UUID, body: PlacementChange, principal: Host, bus: BusDep) -> Placement:
    """Save what the host writes; for a published placement it is a revision."""
    changes = await _changes_of(bus, principal, offer_id, body)
    return Placement.of(await placements.save(bus, principal, offer_id, changes))


async def _changes_of(bus: Bus, principal: Principal, offer_id: UUID, body: PlacementChange) -> PlacementEntry:
    async with bus.read() as session:
        placement = await own_placement(session, principal, offer_id)
    return await _changes(bus, placement.call_id, body)


@router.post("/{offer_id}/differences", operation_id="preview_offer_revision")
async def differences(offer_id: UUID, body: PlacementChange, principal: Host, bus: BusDep) -> RevisionPreview:
    """Return what these fields would change of a published placement, and for whom. Nothing is written."""
    changes = await _changes_of(bus, principal, offer_id, body)
    return (await revisions.preview(bus, principal, offer_id, changes)).preview


@router.post("/{offer_id}/copy", status_code=201)
async def copy(offer_id: UUID, body: PlacementCopy, principal: Host, bus: BusDep) -> Placement:
    """Draft the same placement for another call."""
    return Placement.of(await revisions.copy(bus, principal, offer_id, body.call_id))


@router.post("/{offer_id}/submit")
async def submit(offer_id: UUID, principal: Host, bus: BusDep) -> Placement:
    """Submit it to the host national coordinator."""
    return Placement.of(await placements.submit(bus, principal, offer_id))


@router.post("/{offer_id}/endorse")
async def endorse(offer_id: UUID, principal: Decider, bus: BusDep) -> Placement:
    """Endorse a placement of your country."""
    return Placement.of(await placements.endorse(bus, principal, offer_id))


@router.post("/{offer_id}/return")
async def send_back(offer_id: UUID, body: PlacementReturn, principal: Decider, bus: BusDep) -> Placement:
    """Return a placement to its host for information."""
    return Placement.of(await placements.send_back(bus, principal, offer_id, body.remarks))


@router.post("/{offer_id}/publish")
async def publish(offer_id: UUID, principal: Host, bus: BusDep) -> Placement:
    """Publish it, so that it can be matched."""
    return Placement.of(await placements.publish(bus, principal, offer_id))


@router.post("/{offer_id}/pause")
async def pause(offer_id: UUID, principal: Host, bus: BusDep) -> Placement:
    """Pause it: no new guest for a while."""
    return Placement.of(await placements.pause(bus, principal, offer_id))


@router.post("/{offer_id}/resume")
async def resume(offer_id: UUID, principal: Host, bus: BusDep) -> Placement:
    """Resume it, so that it can be matched again."""
    return Placement.of(await placements.resume(bus, principal, offer_id))


@router.post("/{offer_id}/close")
async def close(offer_id: UUID, principal: Host, bus: BusDep, body: PlacementClose | None = None) -> Placement:
    """Close it: it takes no more guests, confirmed visits remain."""
    return Placement.of(await placements.close(bus, principal, offer_id, (body or PlacementClose()).cause))


@router.post("/{offer_id}/withdraw")
async def withdraw(offer_id: UUID, body: Reason, principal: Host, bus: BusDep) -> Placement:
    """Withdraw it."""
    return Placement.of(await placements.withdraw(bus, principal, offer_id, body.reason))


@router.post("/{offer_id}/available", operation_id="confirm_offer_availability")
async def confirm(offer_id: UUID, principal: Host, bus: BusDep) -> Placement:
    """Confirm that it is still available."""
    return Placement.of(await placements.confirm(bus, principal, offer_id))


@router.post("/{offer_id}/void")
async def void(offer_id: UUID, body: PlacementVoid, principal: Coordinator, bus: BusDep) -> Placement:
    """Mark a placement as entered in error; refused while it has a confirmed visit."""
    return Placement.of(await placements.void(bus, principal, offer_id, body.reason))
