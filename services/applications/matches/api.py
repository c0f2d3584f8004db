"""The JSON API of matches: clearance by the countries, answers and cancellation by the parties."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.bulk import MOST, bulk_result
from services.applications.guards import Anyone, Counterpart, Decider, Participant
from services.applications.matches.actions import answers, clearance, override_reasons
from services.applications.matches.views import read_models
from services.applications.matches.views.read_models import ListedMatch, Match
from services.applications.outcomes.actions import tickets
from services.applications.outcomes.views import Ticket
from services.applications.parameters import Body, BusDep, Portal, Reason, Text
from shared.bus import Bus
from shared.contracts.codes import Answer, MatchState, Side, StatedReason
from shared.contracts.codes import Reason as ReasonCode
from shared.identity import Principal, internal
from shared.web.items import BulkResult, ReadItem, read_items, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page, ReadModel

router = APIRouter(prefix="/applications/api/v1/matches", tags=["matches"])
internal_router = APIRouter(prefix="/applications/internal", include_in_schema=False)


class Clear(Body):
    """The side to clear for; without it the side that is asked."""

    side: Side | None = None


class ClearanceRefusal(Body):
    """A refusal to clear a match, with its reason; the text stays in the portal."""

    reason: StatedReason
    text: Text = ""
    side: Side | None = None


class ClearSeveral(Body):
    """The matches to clear as they were read, each for the side that is asked."""

    matches: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=MOST)]


class MatchAnswer(Body):
    """Yes or no; a no needs a reason, whose text stays in the portal."""

    answer: Answer
    reason: StatedReason | None = None
    text: Text = ""


async def _match_answer(bus: Bus, principal: Principal, match_id: UUID) -> Match:
    async with bus.read() as session:
        return await read_models.match(session, principal, match_id)


@router.get("")
async def read_all(
    request: Request,
    principal: Anyone,
    bus: BusDep,
    page: PageDep,
    state: Annotated[list[MatchState] | None, Query()] = None,
) -> Page[ListedMatch]:
    """Return the matches that concern the reader, the newest first; `since` is about their state."""
    async with bus.snapshot() as session:
        found = await read_models.page(session, principal, state or (), page)
        return await with_versions(request, session, "match_id", found, ListedMatch)


@router.get("/{match_id:uuid}")
async def read_one(match_id: UUID, principal: Anyone, bus: BusDep) -> Match:
    """Return one match, with what the reader may know of the people."""
    return await _match_answer(bus, principal, match_id)


@router.post("/clear")
async def clear_several(request: Request, body: ClearSeveral, principal: Decider, bus: BusDep) -> BulkResult:
    """Clear several matches in one transaction; `left` names those that could not be cleared, and why."""
    read = read_items(request, "match_id", "matches", body.matches)
    return bulk_result(await clearance.clear_all(bus, principal, [each.id for each in body.matches], read))


@router.post("/{match_id}/clear")
async def clear(match_id: UUID, principal: Decider, bus: BusDep, body: Clear | None = None) -> Match:
    """Clear a match for your country."""
    await clearance.clear(bus, principal, match_id, (body or Clear()).side)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/refuse")
async def refuse(match_id: UUID, body: ClearanceRefusal, principal: Decider, bus: BusDep) -> Match:
    """Refuse clearance of a match."""
    await clearance.refuse(bus, principal, match_id, body.reason, body.text, body.side)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/answer", status_code=202)
async def answer(match_id: UUID, body: MatchAnswer, principal: Participant, bus: BusDep) -> Match:
    """Answer an offered match. The answer has arrived; matching decides whether it counts."""
    await answers.answer(bus, principal, match_id, body.answer, body.reason, body.text)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/cancel", status_code=202)
async def cancel(match_id: UUID, body: Reason, principal: Anyone, bus: BusDep) -> Match:
    """Ask to cancel a confirmed match before its visit begins."""
    await answers.cancel(bus, principal, match_id, body.reason, body.text)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/receipt", operation_id="create_match_receipt_ticket", status_code=201)
async def receipt(match_id: UUID, principal: Counterpart, bus: BusDep, settings: Portal) -> Ticket:
    """Issue a ticket for host or mentor to the points in favour of this guest; valid for two minutes."""
    return await tickets.for_host(bus, settings, principal, match_id)


class OverrideStated(BaseModel):
    """The reason for a place that is assigned manually, and the match that is about to be made for it."""

    model_config = ConfigDict(extra="ignore")

    match_id: UUID
    application_id: UUID
    decided_by: Annotated[str, Field(min_length=1, max_length=200)]
    reason: ReasonCode
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class OverrideStored(ReadModel):
    """The answer: is the reason that is stored for the match the one that was sent?"""

    stored: bool


@internal_router.post("/override-reasons")
async def override_reason(body: OverrideStated, bus: BusDep, _: Annotated[str, Depends(internal())]) -> OverrideStored:
    """Store the reason for a match before it is made; a second request with the same one changes nothing."""
    stored = await override_reasons.store_reason(
        bus, body.decided_by, body.match_id, body.application_id, body.reason, body.text
    )
    return OverrideStored(stored=stored)
