"""The JSON API of matches: clearance by the countries, answers and cancellation by the parties."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.bulk import MOST
from services.applications.guards import Anyone, Counterpart, Decider, Participant
from services.applications.matches.actions import answers, clearance
from services.applications.matches.store import matches
from services.applications.outcomes.actions import tickets
from services.applications.overview.views import resources
from services.applications.overview.views.participation import match_view, seen_by, views_of_matches
from services.applications.parameters import Body, BusDep, Portal, Reason, Text
from shared.bus import Bus
from shared.contracts.codes import Answer, MatchState, Side, StatedReason
from shared.identity import Principal

router = APIRouter(prefix="/applications/api/v1/matches", tags=["matches"])


class Clear(Body):
    """The side to clear for; without it the side that is asked."""

    side: Side | None = None


class Refusal(Body):
    """Why the match is not cleared; the text stays in the portal."""

    reason: StatedReason
    text: Text = ""
    side: Side | None = None


class ClearSeveral(Body):
    """The matches to clear, each for the side that is asked."""

    match_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST)]


class AnswerBody(Body):
    """Yes or no; a no needs a reason, whose text stays in the portal."""

    answer: Answer
    reason: StatedReason | None = None
    text: Text = ""


async def _match_answer(bus: Bus, principal: Principal, match_id: UUID) -> dict[str, Any]:
    async with bus.read() as session:
        return resources.match(await match_view(session, principal, match_id))


@router.get("")
async def read_all(
    principal: Anyone,
    bus: BusDep,
    state: Annotated[list[MatchState] | None, Query()] = None,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> dict[str, Any]:
    """Return the matches that concern the reader, those due first, 500 a page."""
    async with bus.read() as session:
        among = await seen_by(session, principal)
        found = await matches.within(session, among, state or (), page)
        views = await views_of_matches(session, principal, found)
        counts = await matches.counts(session, among)
    total = sum(count for state_, count in counts.items() if not state or state_ in state)
    return {"matches": [resources.match(view) for view in views], "total": total}


@router.get("/{match_id}")
async def read_one(match_id: UUID, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Return one match, with what the reader may know of the people."""
    return await _match_answer(bus, principal, match_id)


@router.post("/clear")
async def clear_several(body: ClearSeveral, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Clear several matches in one transaction; `left` names those that could not be cleared, and why."""
    outcome = await clearance.clear_all(bus, principal, body.match_ids)
    return {
        "done": [match.id for match in outcome.done],
        "left": [{"id": match.id, "detail": why} for match, why in outcome.left],
    }


@router.post("/{match_id}/clear")
async def clear(match_id: UUID, principal: Decider, bus: BusDep, body: Clear | None = None) -> dict[str, Any]:
    """Clear a match for your country."""
    await clearance.clear(bus, principal, match_id, (body or Clear()).side)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/refuse")
async def refuse(match_id: UUID, body: Refusal, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Refuse clearance of a match."""
    await clearance.refuse(bus, principal, match_id, body.reason, body.text, body.side)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/answer", status_code=202)
async def answer(match_id: UUID, body: AnswerBody, principal: Participant, bus: BusDep) -> dict[str, Any]:
    """Answer an offered match. The answer has arrived; matching decides whether it counts."""
    await answers.answer(bus, principal, match_id, body.answer, body.reason, body.text)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/cancel", status_code=202)
async def cancel(match_id: UUID, body: Reason, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Ask to cancel a confirmed match before its visit begins."""
    await answers.cancel(bus, principal, match_id, body.reason, body.text)
    return await _match_answer(bus, principal, match_id)


@router.post("/{match_id}/receipt", status_code=201)
async def receipt(match_id: UUID, principal: Counterpart, bus: BusDep, settings: Portal) -> dict[str, str]:
    """Issue a ticket for host or mentor to the points in favour of this guest; valid for two minutes."""
    ticket = await tickets.for_host(bus, settings, principal, match_id)
    return {"ticket": ticket.ticket, "address": ticket.address, "link": ticket.link}
