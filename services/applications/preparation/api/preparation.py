"""The JSON API of a visit's preparation: sheets, costs, letters, emergency contact."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from services.applications.guards import Anyone, Participant
from services.applications.overview.views.participation import visit_view
from services.applications.parameters import Body, BusDep, Portal
from services.applications.preparation import store, views
from services.applications.preparation.actions import costs as costs_actions
from services.applications.preparation.actions import letters as letters_actions
from services.applications.preparation.actions import preparation as actions
from services.applications.preparation.model import costs as costs_model
from services.applications.preparation.model.letters import LetterKind
from shared.bus import Bus
from shared.contracts.codes import PreparationItem
from shared.identity import Principal
from shared.web.openapi import file_answers

router = APIRouter(prefix="/applications/api/v1/visits", tags=["visits"])


Amount = Annotated[Decimal, Field(ge=0, lt=1_000_000, decimal_places=2)]


class SheetBody(Body):
    """The fields of one sheet, after the version that was read (0: none existed)."""

    details: dict[str, Any]
    version: Annotated[int, Field(ge=0)] = 0


class CostBody(Body):
    """One line of a visit's costs."""

    item: costs_model.CostItem
    payer: costs_model.Payer
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    planned: Amount
    note: Annotated[str, Field(max_length=200)] = ""


class CostChange(Body):
    """The new values of a line, after the version that was read."""

    version: int
    payer: costs_model.Payer
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    planned: Amount
    actual: Amount | None = None
    note: Annotated[str, Field(max_length=200)] = ""


class SettleBody(Body):
    """The digest of the list that was read, as `preparation` shows it."""

    lines: Annotated[str, Field(min_length=1, max_length=100)]


async def _preparation_answer(bus: Bus, principal: Principal, visit_id: UUID) -> dict[str, Any]:
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
        written = (await store.sheets(session, [visit_id]))[visit_id]
        lines = (await store.costs(session, [visit_id])).get(visit_id, [])
        allowed = await views.readable_items(session, view.of.case)
        letters = (await store.letters(session, [visit_id]))[visit_id]
    own_sides = views.sides(view.of.case)
    checklist = view.checklist
    readable = {item: row for item, row in written.items() if item in allowed}
    return {
        "due": view.preparation_due,
        "complete": checklist is not None and checklist.complete,
        "items": {
            standing.item.value: {"state": standing.ready, "owner": standing.owner, "remark": standing.remark}
            for standing in (checklist.standings if checklist else ())
        },
        "sheets": {item.value: {"version": row.version, "details": row.details} for item, row in readable.items()},
        "costs": [cost_answer(line) for line in lines],
        "totals": [
            {
                "payer": total.payer,
                "currency": total.currency,
                "planned": str(total.planned),
                "actual": str(total.actual),
            }
            for total in costs_model.totals(line.line for line in lines)
        ],
        "lines": costs_model.list_digest(line.line for line in lines),
        "letters": [letter_answer(letter) for letter in letters] if own_sides & letters_actions.READING else [],
    }


def cost_answer(cost: store.Cost) -> dict[str, Any]:
    """Return a line; amounts as text, so that no reader rounds them."""
    return {
        "id": cost.id,
        "item": cost.item,
        "payer": cost.payer,
        "currency": cost.currency,
        "planned": str(cost.planned),
        "actual": None if cost.actual is None else str(cost.actual),
        "note": cost.note,
        "by": cost.party,
        "version": cost.version,
    }


def letter_answer(letter: store.Letter) -> dict[str, Any]:
    """Return a letter without its content."""
    return {
        "number": letter.number,
        "kind": letter.kind,
        "version": letter.version,
        "start": letter.start,
        "end": letter.end,
        "digest": letter.digest,
        "at": letter.at,
    }


@router.get("/{visit_id}/preparation")
async def read(visit_id: UUID, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Return the state of each item, and the sheets that the reader may read."""
    return await _preparation_answer(bus, principal, visit_id)


@router.put("/{visit_id}/preparation/{item}")
async def write(
    visit_id: UUID, item: PreparationItem, body: SheetBody, principal: Anyone, bus: BusDep
) -> dict[str, Any]:
    """Write one sheet, as its owner."""
    await actions.fill_in(bus, principal, visit_id, item, body.details, version=body.version)
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/costs", status_code=201)
async def add_cost(visit_id: UUID, body: CostBody, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Add a line of costs."""
    cost = await costs_actions.add(
        bus, principal, visit_id, body.item, body.payer, body.currency, body.planned, note=body.note
    )
    return cost_answer(cost)


@router.put("/{visit_id}/costs/{cost_id}")
async def change_cost(
    visit_id: UUID, cost_id: UUID, body: CostChange, principal: Anyone, bus: BusDep
) -> dict[str, Any]:
    """Replace a line, as the side that wrote it or as the sender."""
    cost = await costs_actions.change(
        bus,
        principal,
        visit_id,
        cost_id,
        version=body.version,
        payer=body.payer,
        currency=body.currency,
        planned=body.planned,
        actual=body.actual,
        note=body.note,
    )
    return cost_answer(cost)


@router.delete("/{visit_id}/costs/{cost_id}")
async def remove_cost(visit_id: UUID, cost_id: UUID, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Remove a line."""
    await costs_actions.remove(bus, principal, visit_id, cost_id)
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/costs-settled")
async def settle(visit_id: UUID, body: SettleBody, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Confirm as sender that the list of costs is complete."""
    await costs_actions.settle(bus, principal, visit_id, body.lines)
    return await _preparation_answer(bus, principal, visit_id)


@router.post("/{visit_id}/letters/{letter}", status_code=201)
async def make_letter(
    visit_id: UUID, letter: LetterKind, principal: Participant, bus: BusDep, settings: Portal
) -> dict[str, Any]:
    """Make a letter as host; without changes to its content, return the existing one."""
    stored = await letters_actions.make(bus, principal, visit_id, letter, origin=settings.origin)
    return letter_answer(stored)


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
    return Response(found.document, media_type="application/pdf")


@router.post("/{visit_id}/emergency-contact")
async def emergency_contact(visit_id: UUID, principal: Participant, bus: BusDep) -> dict[str, Any]:
    """Return the guest's emergency contact to the host on the days of the visit; each access is logged."""
    return (await actions.emergency_contact(bus, principal, visit_id)).model_dump()
