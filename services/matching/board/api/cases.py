"""The API of the board's cases: JSON of the same views as the pages, with the same access rules."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from services.matching.board.views import board as board_views
from services.matching.board.views import cases as views
from services.matching.board.views.board import Board
from services.matching.board.views.cases import CaseFilter, ListedCase, ListedProvisionalMatches, WholeCase
from services.matching.board.views.visits import Mentorship, StayFilter, Visit, mentorships_page, visits_page
from services.matching.filters import COORDINATORS
from services.matching.lifecycle import views as lifecycle
from services.matching.lifecycle.views import Match, MatchFilter
from services.matching.parameters import BusDep, receipt_effort
from services.matching.receipts.views.receipts import Receipts
from shared.contracts.base import Country
from shared.contracts.codes import ApplicationKind, MatchState, MentorshipState, Role, VisitState
from shared.identity import Principal, Ticket, allow, ticket_or_role
from shared.identity.scope import reach
from shared.web.items import with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/board")
async def board(bus: BusDep, principal: Coordinator, call_id: UUID | None = None) -> Board:
    """Return the board now: calls, number of cases by stage, the pipeline, the newest events."""
    async with bus.glance() as session:
        return await board_views.board(session, reach(principal), call_id)


@router.get("/applications")
async def applications(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    page: PageDep,
    call_id: UUID | None = None,
    stage: Annotated[
        str | None,
        Query(
            pattern="^(application|match|visit|mentorship):[a-z_]+$",
            description="As `kind:state`.",
            examples=["match:provisional"],
        ),
    ] = None,
    country: Country | None = None,
    kind: ApplicationKind | None = None,
    search: Annotated[str | None, Query(description="How the reference of application or place begins.")] = None,
) -> Page[ListedCase]:
    """Cases by reference; `stage` is `kind:state`, as `match:provisional` or `application:waitlisted`."""
    filters = CaseFilter(call_id=call_id, stage=stage, country=country, kind=kind, search=search)
    async with bus.snapshot() as session:
        found = await views.cases_page(session, reach(principal), filters, page)
        return await with_versions(request, session, "application_id", found, ListedCase)


@router.get("/provisional", operation_id="get_provisional_matches")
async def provisional(
    request: Request, bus: BusDep, principal: Coordinator, page: PageDep, call_id: UUID | None = None
) -> ListedProvisionalMatches:
    """Return the provisional matches of a call by reference, and how far its matching is behind its facts.

    The matching is up to date when `matched_version` is `input_version`; both are null without a call.
    """
    async with bus.snapshot() as session:
        found = await views.provisional_matches(session, reach(principal), call_id, page)
        listed = await with_versions(request, session, "application_id", found, ListedCase)
    return ListedProvisionalMatches(
        items=listed.items,
        next=listed.next,
        input_version=found.input_version,
        matched_version=found.matched_version,
    )


@router.get("/matches")
async def matches(
    bus: BusDep,
    principal: Coordinator,
    page: PageDep,
    call_id: UUID | None = None,
    application_id: UUID | None = None,
    state: MatchState | None = None,
) -> Page[Match]:
    """Matches by filter, the newest first; what ended is among them."""
    filters = MatchFilter(call_id=call_id, application_id=application_id, state=state)
    async with bus.read() as session:
        return await lifecycle.matches_page(session, reach(principal), filters, page)


@router.get("/matches/{match_id}")
async def match(bus: BusDep, principal: Coordinator, match_id: UUID) -> Match:
    """Return one match."""
    async with bus.read() as session:
        return await lifecycle.match_of(session, reach(principal), match_id)


@router.get("/applications/{application_id}")
async def application(bus: BusDep, principal: Coordinator, application_id: UUID) -> WholeCase:
    """Return one case with its matches, visits and mentorships."""
    async with bus.read() as session:
        return await views.whole_case(session, reach(principal), application_id)


@router.get("/receipts/{application_id}")
async def receipt(
    request: Request,
    bus: BusDep,
    principal: Annotated[Principal | Ticket, Depends(ticket_or_role("receipt", *COORDINATORS))],
    application_id: UUID,
) -> Receipts:
    """Return the newest receipt of an application. With a ticket: as published, own points only.

    A coordinator also gets the one that a cohort committed now would give. `waiting` says where the application waits
    at this moment: which place `at` among `of` who wait there, and what else keeps it out.
    """
    if isinstance(principal, Ticket):
        return await views.own_receipt(bus, application_id)
    return await views.receipts(bus, reach(principal), application_id, effort=receipt_effort(request))


@router.get("/visits")
async def visits(
    bus: BusDep, principal: Coordinator, page: PageDep, call_id: UUID | None = None, state: VisitState | None = None
) -> Page[Visit]:
    """Visits, the newest first."""
    async with bus.read() as session:
        return await visits_page(session, reach(principal), StayFilter(call_id=call_id, state=state), page)


@router.get("/mentorships")
async def mentorships(
    bus: BusDep,
    principal: Coordinator,
    page: PageDep,
    call_id: UUID | None = None,
    state: MentorshipState | None = None,
) -> Page[Mentorship]:
    """Mentorships, the newest first."""
    async with bus.read() as session:
        return await mentorships_page(session, reach(principal), StayFilter(call_id=call_id, state=state), page)
