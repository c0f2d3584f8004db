"""The JSON API of visits: list, agenda, attendance, no-show, early return, tickets to forms."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.guards import Anyone, Participant
from services.applications.outcomes.actions import tickets
from services.applications.outcomes.views import Ticket
from services.applications.parameters import Body, BusDep, MaybeReason, Portal, TicketFor
from services.applications.visits.actions import visits as actions
from services.applications.visits.views import read_models
from services.applications.visits.views.read_models import Visit, VisitEntry, VisitToRecord
from shared.bus import Bus
from shared.contracts.base import Day
from shared.contracts.codes import VisitState
from shared.identity import Principal
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/visits", tags=["visits"])
# On a mentoring pair's visit either of the two may be the guest, and the other keeps the host's part.


class AgendaText(Body):
    """The next version of the agenda."""

    text: Annotated[str, Field(min_length=1, max_length=actions.LONGEST_AGENDA)]


class AgendaVersion(Body):
    """The version that is agreed to; without it the newest."""

    version: int | None = None


class AttendanceDays(Body):
    """The attendance by day."""

    days: Annotated[dict[Day, bool], Field(min_length=1, max_length=5)]


class EarlyReturn(MaybeReason):
    """The last day on which the guest attended."""

    last_day: Day


async def _visit_answer(bus: Bus, principal: Principal, visit_id: UUID) -> Visit:
    async with bus.read() as session:
        return await read_models.visit(session, principal, visit_id)


@router.get("")
async def read_all(
    principal: Anyone, bus: BusDep, page: PageDep, state: Annotated[list[VisitState] | None, Query()] = None
) -> Page[VisitEntry]:
    """Return the visits that concern the reader, the newest first; `since` is about their state."""
    async with bus.read() as session:
        return await read_models.page(session, principal, state or (), page)


@router.get("/attendance", operation_id="list_visits_to_record")
async def read_attendance(principal: Participant, bus: BusDep) -> Page[VisitToRecord]:
    """Return the visits whose attendance the host can record now, today's first; `missing` days have no record."""
    async with bus.read() as session:
        return await read_models.visits_to_record(session, principal)


@router.get("/{visit_id}")
async def read_one(visit_id: UUID, principal: Anyone, bus: BusDep) -> Visit:
    """Return one visit."""
    return await _visit_answer(bus, principal, visit_id)


@router.put("/{visit_id}/agenda")
async def write_agenda(visit_id: UUID, body: AgendaText, principal: Participant, bus: BusDep) -> Visit:
    """Write the next version of the agenda."""
    await actions.write_agenda(bus, principal, visit_id, body.text)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/agenda/agree")
async def agree(visit_id: UUID, principal: Participant, bus: BusDep, body: AgendaVersion | None = None) -> Visit:
    """Agree to the agenda."""
    await actions.agree(bus, principal, visit_id, (body or AgendaVersion()).version)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/attendance", operation_id="record_visit_attendance")
async def attend(visit_id: UUID, body: AttendanceDays, principal: Participant, bus: BusDep) -> Visit:
    """Record who attended, by day; days to come are refused."""
    await actions.record_days(bus, principal, visit_id, body.days)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/no-show", operation_id="report_visit_no_show")
async def no_show(visit_id: UUID, principal: Participant, bus: BusDep, body: MaybeReason | None = None) -> Visit:
    """Report that the guest did not come."""
    body = body or MaybeReason()
    await actions.no_show(bus, principal, visit_id, body.reason, body.text)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/early-return", operation_id="report_visit_early_return")
async def early_return(visit_id: UUID, body: EarlyReturn, principal: Participant, bus: BusDep) -> Visit:
    """Report that the guest left before the end."""
    await actions.early_return(bus, principal, visit_id, body.last_day, body.reason, body.text)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/tickets", status_code=201)
async def ticket(visit_id: UUID, body: TicketFor, principal: Anyone, bus: BusDep, settings: Portal) -> Ticket:
    """Issue a ticket to reporting's form about the visit; valid for two minutes."""
    return await tickets.for_visit(bus, settings, principal, visit_id, body.purpose)
