"""API routes to write a call or its next revision, see its effects, and publish it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.applications.calls import store
from services.applications.calls.actions import drafts as actions
from services.applications.calls.actions import revisions
from services.applications.calls.model.checks import problems
from services.applications.calls.model.sentences import sentences
from services.applications.calls.views.facts import register_facts
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.bus import Bus

router = APIRouter(prefix="/applications/api/v1/call-drafts", tags=["calls"])


class Written(BaseModel):
    """Fields of a call's terms, as many as there are by now; those not named stay.

    `version` is the draft's as its writer had it: where somebody else changed the same section since, it is refused.
    """

    model_config = ConfigDict(extra="forbid")

    entry: dict[str, Any]
    version: Annotated[int, Field(ge=1)] | None = None


class Revision(BaseModel):
    """A revision to be published.

    `favour`: applications that gain by it are judged by it from now on. `seen`: the digest of `effects`; where the
    applications changed since, nothing is done.
    """

    model_config = ConfigDict(extra="forbid")

    favour: bool
    seen: str | None = None


async def draft_resource(bus: Bus, draft_id: UUID) -> dict[str, Any]:
    """Return a draft as the API shows it, with its sentences and what is missing. Raises `Refused` (404)."""
    async with bus.read() as session:
        draft = await store.draft(session, draft_id)
        if draft is None:
            raise not_found()
        entry = actions.read_entry(draft.entry_json)
        facts = await register_facts(session, entry)
    return {
        "id": draft.id,
        "state": "draft",
        "version": draft.version,
        "revises": draft.revises,
        "copied": draft.copied,
        "left_out": draft.left_out,
        "saved_at": draft.saved_at,
        "entry": draft.entry_json,
        "missing": problems(entry, facts),
        "sentences": sentences(entry, facts),
    }


@router.post("", status_code=201)
async def begin(body: Written, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Begin a call from the given fields."""
    return await draft_resource(bus, (await actions.begin(bus, principal.subject, body.entry)).id)


@router.get("")
async def read_all(_: Coordinator, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return all drafts, the one that was written last first."""
    async with bus.read() as session:
        found = await store.drafts(session)
    return {
        "drafts": [
            {"id": draft.id, "version": draft.version, "revises": draft.revises, "saved_at": draft.saved_at}
            for draft in found
        ]
    }


@router.get("/{draft_id}")
async def read_one(draft_id: UUID, _: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Return one draft, with what is missing by field and all its sentences: the preview."""
    return await draft_resource(bus, draft_id)


@router.patch("/{draft_id}")
async def save(draft_id: UUID, body: Written, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Save fields of a draft; 409 where somebody else changed the same section since `version`."""
    await actions.save(bus, principal.subject, draft_id, lambda document: document | body.entry, body.version)
    return await draft_resource(bus, draft_id)


@router.delete("/{draft_id}", status_code=204)
async def discard(draft_id: UUID, principal: Coordinator, bus: BusDep) -> None:
    """Delete a draft."""
    await actions.discard(bus, principal.subject, draft_id)


@router.post("/{draft_id}/publish", status_code=201)
async def publish(draft_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Publish a draft as a call; what is missing or contradicts itself is named by field (422)."""
    call = await actions.publish(bus, principal.subject, draft_id)
    return {"id": call.id, "reference": call.reference, "revision": call.revision}


@router.get("/{draft_id}/effects")
async def effects(draft_id: UUID, _: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Return the submitted applications for which a revision would be better or worse, and which can move to it."""
    async with bus.read() as session:
        draft = await store.draft(session, draft_id)
        if draft is None:
            raise not_found()
        _call, _terms, touched = await revisions.proposed_revision(session, draft)
    return {
        "seen": revisions.affected_digest(touched),
        "applications": [
            {
                "id": entry.application.id,
                "reference": entry.application.reference,
                "country": entry.application.country,
                "state": entry.application.state,
                "effect": entry.effects.effect,
                "gained": entry.effects.gained,
                "lost": entry.effects.lost,
                "moves": entry.moves,
            }
            for entry in touched
        ],
    }


@router.post("/{draft_id}/revise")
async def revise(draft_id: UUID, body: Revision, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Publish a revision: submitted applications keep their rules, but for those that gain, with `favour`."""
    call = await revisions.revise(bus, principal.subject, draft_id, favour=body.favour, digest=body.seen)
    return {"id": call.id, "reference": call.reference, "revision": call.revision}
