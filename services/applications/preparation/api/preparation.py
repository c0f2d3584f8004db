"""The JSON API of a visit's preparation: sheets, costs, letters, emergency contact."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from services.applications.guards import Anyone, Participant
from services.applications.parameters import Body, BusDep, Portal
from services.applications.preparation.actions import costs as costs_actions
from services.applications.preparation.actions import letters as letters_actions
from services.applications.preparation.actions import preparation as actions
from services.applications.preparation.model import EmergencyContact, VisaResult
from services.applications.preparation.model import costs as costs_model
from services.applications.preparation.model.letters import LetterKind
from services.applications.preparation.views.costs import Cost, cost_of
from services.applications.preparation.views.preparation import Letter, Preparation, letter_of, preparation
from shared.bus import Bus
from shared.contracts.base import Day
from shared.contracts.codes import PreparationItem
from shared.identity import Principal
from shared.identity.idempotency import forget_answer
from shared.web.openapi import file_answers

router = APIRouter(prefix="/applications/api/v1/visits", tags=["visits"])


Amount = Annotated[Decimal, Field(ge=0, lt=1_000_000, decimal_places=2)]


class SheetDetails(Body):
    """The fields of the sheet that the address names; those of other sheets are left out."""

    reference: str | None = None
    given_on: Day | None = None
    result: VisaResult | None = None
    applied_on: Day | None = None
    decided_on: Day | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    insurer: str | None = None
    policy_number: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    place: str | None = None
    at: Annotated[str | None, Field(description="Local time, hours and minutes.", examples=["09:30"])] = None
    bring: str | None = None
    name: str | None = None
    relation: str | None = None
    phone: str | None = None
    languages: str | None = None
    text: str | None = None
    lines: Annotated[str | None, Field(description="The digest of the costs, by which the list is confirmed.")] = None


class SheetBody(Body):
    """The fields of one sheet."""

    details: SheetDetails


class CostBody(Body):
    """One line of a visit's costs."""

    item: costs_model.CostItem
    payer: costs_model.Payer
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    planned: Amount
    note: Annotated[str, Field(max_length=200)] = ""


class CostChange(Body):
    """The new values of a line."""

    payer: costs_model.Payer
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    planned: Amount
    actual: Amount | None = None
    note: Annotated[str, Field(max_length=200)] = ""


class SettleBody(Body):
    """The digest of the list that was read, as `preparation` shows it."""

    lines: Annotated[str, Field(min_length=1, max_length=100)]


async def _preparation_answer(bus: Bus, principal: Principal, visit_id: UUID) -> Preparation:
    async with bus.read() as session:
        return await preparation(session, principal, visit_id)


@router.get("/{visit_id}/preparation")
async def read(visit_id: UUID, principal: Anyone, bus: BusDep) -> Preparation:
    """Return the state of each item, and the sheets that the reader may read."""
    return await _preparation_answer(bus, principal, visit_id)


@router.put("/{visit_id}/preparation/{item}")
async def write(visit_id: UUID, item: PreparationItem, body: SheetBody, principal: Anyone, bus: BusDep) -> Preparation:
    """Write one sheet, as its owner."""
    await actions.fill_in(bus, principal, visit_id, item, body.details.model_dump(exclude_unset=True))
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/costs", status_code=201)
async def add_cost(visit_id: UUID, body: CostBody, principal: Anyone, bus: BusDep) -> Cost:
    """Add a line of costs."""
    cost = await costs_actions.add(
        bus, principal, visit_id, body.item, body.payer, body.currency, body.planned, note=body.note
    )
    return cost_of(cost)


@router.put("/{visit_id}/costs/{cost_id}")
async def change_cost(visit_id: UUID, cost_id: UUID, body: CostChange, principal: Anyone, bus: BusDep) -> Cost:
    """Replace a line, as the side that wrote it or as the sender."""
    cost = await costs_actions.change(
        bus,
        principal,
        visit_id,
        cost_id,
        payer=body.payer,
        currency=body.currency,
        planned=body.planned,
        actual=body.actual,
        note=body.note,
    )
    return cost_of(cost)


@router.delete("/{visit_id}/costs/{cost_id}")
async def remove_cost(visit_id: UUID, cost_id: UUID, principal: Anyone, bus: BusDep) -> Preparation:
    """Remove a line."""
    await costs_actions.remove(bus, principal, visit_id, cost_id)
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/costs-settled", operation_id="settle_visit_costs")
async def settle(visit_id: UUID, body: SettleBody, principal: Anyone, bus: BusDep) -> Preparation:
    """Confirm as sender that the list of costs is complete."""
    await costs_actions.settle(bus, principal, visit_id, body.lines)
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/letters/{letter}", operation_id="create_visit_letter", status_code=201)
async def make_letter(
    visit_id: UUID, letter: LetterKind, principal: Participant, bus: BusDep, settings: Portal
) -> Letter:
    """Make a letter as host; without changes to its content, return the existing one."""
    stored = await letters_actions.make(bus, principal, visit_id, letter, origin=settings.origin)
    return letter_of(stored)


@router.get("/{visit_id}/letters/{letter}", response_class=Response, responses=file_answers("application/pdf"))
async def read_letter(
    visit_id: UUID,
    letter: LetterKind,
    principal: Anyone,
    bus: BusDep,
    version: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> Response:
    """Return a letter as PDF, the newest or the given version; each access is logged."""
    found = await letters_actions.read(bus, principal, visit_id, letter, version)
    return Response(found.content, media_type="application/pdf")


@router.post("/{visit_id}/emergency-contact", operation_id="read_visit_emergency_contact")
async def emergency_contact(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> EmergencyContact:
    """Return the guest's emergency contact to the host on the days of the visit; each access is logged."""
    forget_answer(request)
    return await actions.emergency_contact(bus, principal, visit_id)
