"""The pages of visits and mentorships."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.visits import (
    Mentorship,
    StayFilter,
    Visit,
    mentorship_list,
    replacement_cells,
    visit_list,
)
from services.matching.facts.views import all_calls
from services.matching.filters import (
    COORDINATORS,
    ChosenCall,
    PageNumber,
    call_caption,
    call_filter,
    call_of,
    number_of,
)
from services.matching.parameters import BusDep
from services.matching.words import stage
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD
from shared.i18n import gettext, ngettext, number
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.time import dates
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page, tag
from shared.web.states import states

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_NO_STATES = {"move_proposed"}
"""A step of a scheduled visit, in which none is listed."""


@router.get("/visits")
async def visits(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    page: PageNumber = 1,
    state: str | None = None,
    chosen: ChosenCall = "",
) -> Response:
    """List the visits by start; those without a lawful week first."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        filters = StayFilter(call_id=call.id if call else None, state=state)
        view = await visit_list(session, reach(principal), filters, page=page)
    moved = number_of(request.query_params.get("done", ""))
    may_plan = principal.has(Role.PROGRAMME_COORDINATOR)
    names = [gettext("Application"), gettext("From and to"), gettext("Placement"), gettext("Dates"), gettext("State")]
    names += [gettext("Replacement"), *([gettext("Other dates")] if may_plan else [])]
    replacements = replacement_cells(view.rows, calls)
    listing = Listing(
        gettext("Visits by call"),
        "/matching/visits",
        [Column(name) for name in names],
        [_visit_row(visit, view.open_to, replacements[visit.id], may_plan=may_plan) for visit in view.rows],
        view.total,
        Empty(
            gettext("No visit fits these filters."),
            gettext("A visit is scheduled automatically when a match is confirmed."),
        ),
        page=page,
        caption=call_caption(call),
        filters=[call_filter(calls, call), _state_filter("visit", state)],
        done=_moved(moved) if moved else "",
        live=("/matching/live", "visits"),
    )
    return list_page(request, listing, "board/visits.html", call=call, may_plan=may_plan)


def _moved(count: int) -> str:
    return ngettext(
        "%(num)d visit: new dates are proposed to guest and host, or already set.",
        "%(num)d visits: new dates are proposed to guests and hosts, or already set.",
        count,
    ) % {"num": count}


def _visit_row(visit: Visit, open_to: Collection[UUID], replacement: Cell, *, may_plan: bool) -> list[Cell]:
    row = [
        _application(visit.reference, visit.application_id, open_to),
        f"{labels.country(visit.country)} → {labels.country(visit.host_country)}",
        visit.seat_reference,
        dates.span(visit.start, visit.end) if visit.start and visit.end else None,
        tag(stage("visit", visit.state)),
        replacement,
    ]
    if may_plan:
        movable = visit.offer_id and visit.state in VISIT_AHEAD and not visit.proposal
        row.append(Link(gettext("Change"), f"/matching/visits/{visit.match_id}/move") if movable else None)
    return row


def _application(reference: str | None, application_id: UUID, open_to: Collection[UUID]) -> Cell:
    """Return a reference, with a link where the reader may open the case."""
    if application_id not in open_to:
        return reference
    return Link(reference or "", f"/matching/applications/{application_id}")


@router.get("/mentorships")
async def mentorships(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    page: PageNumber = 1,
    state: str | None = None,
    chosen: ChosenCall = "",
) -> Response:
    """List the mentorships, the newest first."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        filters = StayFilter(call_id=call.id if call else None, state=state)
        view = await mentorship_list(session, reach(principal), filters, page=page)
    names = (gettext("Application"), gettext("Mentee and mentor"), gettext("Mentor"), gettext("Sessions"))
    listing = Listing(
        gettext("Mentorships by call"),
        "/matching/mentorships",
        [Column(name) for name in (*names, gettext("Until"), gettext("State"))],
        [_mentorship_row(mentorship, view.open_to) for mentorship in view.rows],
        view.total,
        Empty(
            gettext("No mentorship fits these filters."),
            gettext("A mentorship opens automatically when a mentee's match is confirmed."),
        ),
        page=page,
        filters=[call_filter(calls, call), _state_filter("mentorship", state)],
        back="/matching/",
        back_text=gettext("Board"),
        live=("/matching/live", "mentorships"),
    )
    return list_page(request, listing)


def _mentorship_row(mentorship: Mentorship, open_to: Collection[UUID]) -> list[Cell]:
    sessions = {"done": number(mentorship.sessions), "needed": number(mentorship.sessions_to_complete)}
    return [
        _application(mentorship.reference, mentorship.application_id, open_to),
        f"{labels.country(mentorship.country)} – {labels.country(mentorship.host_country)}",  # noqa: RUF001 - a dash
        mentorship.seat_reference,
        gettext("%(done)s of %(needed)s") % sessions,
        dates.day(mentorship.until) if mentorship.until else None,
        tag(stage("mentorship", mentorship.state)),
    ]


def _state_filter(kind: str, value: str | None) -> Filter:
    known = [(state.code, state.word) for state in states(kind) if state.code not in _NO_STATES]
    return Filter("state", gettext("State"), value or "", known)
