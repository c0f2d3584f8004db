"""API routes to read, publish, copy, revise and close calls."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.calls import actions
from services.applications.calls.actions import drafts, revisions
from services.applications.calls.model.entry import CallEntry
from services.applications.calls.views import calls
from services.applications.calls.views.calls import Call, CallForReader, CallRevision
from services.applications.calls.views.closing import ClosedCall, RemainingApplications, remaining_applications
from services.applications.calls.views.drafts import CallDraft, call_draft
from services.applications.guards import CallReader, Coordinator
from services.applications.parameters import BusDep
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/calls", tags=["calls"])


@router.post("", operation_id="publish_call", status_code=201)
async def publish(body: CallEntry, principal: Coordinator, bus: BusDep) -> Call:
    """Publish a call that was never a draft; what is missing or contradicts itself is named by field."""
    return Call.of(await actions.publish(bus, principal.subject, body))


@router.get("")
async def read_all(_: CallReader, bus: BusDep, page: PageDep) -> Page[Call]:
    """Return all calls, the one with the latest deadline first."""
    async with bus.read() as session:
        return await calls.page(session, page)


@router.get("/{call_id}")
async def read_one(call_id: UUID, principal: CallReader, bus: BusDep) -> CallForReader:
    """Return one call; an officer also reads what its rules say of the officer, as far as is known."""
    async with bus.read() as session:
        return await calls.call_for_reader(session, principal, call_id)


@router.get("/{call_id}/revisions")
async def read_revisions(call_id: UUID, _: CallReader, bus: BusDep) -> Page[CallRevision]:
    """Return all revisions of a call, the newest first, with their terms and changes, in sentences by section."""
    async with bus.read() as session:
        return await calls.call_revisions(session, call_id)


@router.post("/{call_id}/copy", status_code=201)
async def copy(call_id: UUID, principal: Coordinator, bus: BusDep) -> CallDraft:
    """Begin next year's call as a draft: all dates 52 weeks later; needs that are over then are left out and named."""
    draft = await drafts.copy(bus, principal.subject, call_id)
    async with bus.read() as session:
        return await call_draft(session, draft.id)


@router.post("/{call_id}/revise", status_code=201)
async def begin_revision(call_id: UUID, principal: Coordinator, bus: BusDep) -> CallDraft:
    """Begin the next revision of a call as a draft, or return the one that somebody has begun."""
    draft = await revisions.begin(bus, principal.subject, call_id)
    async with bus.read() as session:
        return await call_draft(session, draft.id)


@router.get("/{call_id}/left", operation_id="list_remaining_applications", responses={409: {}})
async def read_left(call_id: UUID, _: Coordinator, bus: BusDep) -> Page[RemainingApplications]:
    """Return what is left in a call, by state, and what its close makes of it."""
    async with bus.read() as session:
        _call, found = await remaining_applications(session, call_id)
    return Page[RemainingApplications](items=found, next=None)


@router.post("/{call_id}/close")
async def close(call_id: UUID, principal: Coordinator, bus: BusDep) -> ClosedCall:
    """Close a call after the last cohort; return how many applications it leaves without a place."""
    return ClosedCall(unplaced=await actions.close(bus, principal.subject, call_id))
