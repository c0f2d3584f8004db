"""API routes to write a call or its next revision, see its effects, and publish it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.calls.actions import drafts as actions
from services.applications.calls.actions import revisions
from services.applications.calls.model.entry import CallEntry
from services.applications.calls.views import drafts
from services.applications.calls.views.calls import Call
from services.applications.calls.views.drafts import CallDraft, CallDraftHead, call_draft
from services.applications.calls.views.effects import RevisionEffects
from services.applications.fields import with_changes
from services.applications.guards import Coordinator
from services.applications.parameters import Body, BusDep
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/call-drafts", tags=["calls"])


class NewCallDraft(Body):
    """A call to be written, with the fields written so far."""

    entry: CallEntry = CallEntry()


class CallDraftChange(Body):
    """A change of a draft: fields that are sent replace the present ones, fields that are not sent stay."""

    entry: CallEntry


class RevisionDecision(Body):
    """A revision to be published."""

    favour: Annotated[bool, Field(description="Whether applications that gain by it are judged by it from now on.")]
    digest: Annotated[
        str | None,
        Field(description="That of `effects`; where the applications changed since, nothing is done."),
    ] = None


@router.post("", status_code=201)
async def begin(body: NewCallDraft, principal: Coordinator, bus: BusDep) -> CallDraft:
    """Begin a call from the given fields."""
    draft = await actions.begin(bus, principal.subject, body.entry)
    async with bus.read() as session:
        return await call_draft(session, draft.id)


@router.get("")
async def read_all(_: Coordinator, bus: BusDep, page: PageDep) -> Page[CallDraftHead]:
    """Return all drafts, the one that was written last first."""
    async with bus.read() as session:
        return await drafts.page(session, page)


@router.get("/{draft_id}")
async def read_one(draft_id: UUID, _: Coordinator, bus: BusDep) -> CallDraft:
    """Return one draft, with what is missing by field and all its sentences: the preview."""
    async with bus.read() as session:
        return await call_draft(session, draft_id)


@router.patch("/{draft_id}")
async def save(draft_id: UUID, body: CallDraftChange, principal: Coordinator, bus: BusDep) -> CallDraft:
    """Save fields of a draft."""
    await actions.save(bus, principal.subject, draft_id, lambda entry: with_changes(entry, body.entry))
    async with bus.read() as session:
        return await call_draft(session, draft_id)


@router.delete("/{draft_id}", status_code=204)
async def discard(draft_id: UUID, principal: Coordinator, bus: BusDep) -> None:
    """Delete a draft."""
    await actions.discard(bus, principal.subject, draft_id)


@router.post("/{draft_id}/publish", status_code=201)
async def publish(draft_id: UUID, principal: Coordinator, bus: BusDep) -> Call:
    """Publish a draft as a call; what is missing or contradicts itself is named by field (422)."""
    return Call.of(await actions.publish(bus, principal.subject, draft_id))


@router.get("/{draft_id}/effects")
async def effects(draft_id: UUID, _: Coordinator, bus: BusDep) -> RevisionEffects:
    """Return the submitted applications for which a revision would be better or worse, and which can move to it."""
    async with bus.read() as session:
        proposed = await revisions.proposed_revision(session, draft_id)
    return RevisionEffects(digest=revisions.affected_digest(proposed.affected), applications=list(proposed.affected))


@router.post("/{draft_id}/revise")
async def revise(draft_id: UUID, body: RevisionDecision, principal: Coordinator, bus: BusDep) -> Call:
    """Publish a revision: submitted applications keep their rules, but for those that gain, with `favour`."""
    return Call.of(await revisions.revise(bus, principal.subject, draft_id, favour=body.favour, digest=body.digest))
