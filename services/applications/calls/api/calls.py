"""API routes to read, publish, copy, revise and close calls."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.calls import actions, store
from services.applications.calls.actions import drafts, revisions
from services.applications.calls.actions.closing import remaining_groups
from services.applications.calls.api.drafts import draft_resource
from services.applications.calls.model import rule_sentences
from services.applications.calls.model.revision import differences
from services.applications.calls.views.facts import register_facts
from services.applications.calls.views.requirements import requirements_of
from services.applications.guards import CallReader, Coordinator
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.contracts.calls import CallTerms
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1/calls", tags=["calls"])


class CallDraft(CallTerms):
    """A call to be published: reference and revision are given by the portal."""

    reference: str = "TC-0"
    revision: int = 1


def call_resource(call: store.Call) -> dict[str, Any]:
    """Return a call as the API shows it."""
    return {
        "id": call.id,
        "reference": call.reference,
        "state": call.shown_state(clock.now()),
        "title": call.title,
        "terms": call.terms.model_dump(mode="json"),
        "rules": rule_sentences(call.terms),
    }


@router.post("", status_code=201)
async def publish(body: CallDraft, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Publish a call that was never a draft; what is missing or contradicts itself is named by field."""
    terms = CallTerms.model_validate(body.model_dump())
    return call_resource(await actions.publish(bus, principal.subject, terms))


@router.get("")
async def read_all(_: CallReader, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """All calls, the one with the latest deadline first."""
    async with bus.read() as session:
        found = await store.calls(session)
    return {"calls": [call_resource(call) for call in found]}


@router.get("/{call_id}")
async def read_one(call_id: UUID, principal: CallReader, bus: BusDep) -> dict[str, Any]:
    """Return one call; an officer also reads the findings of the rules, as far as known (else `asked` is null)."""
    async with bus.read() as session:
        call = await store.call(session, call_id)
        if call is None:
            raise not_found()
        requirements = (await requirements_of(session, principal, [call])).get(call_id)
    found = None
    if requirements is not None:
        found = [
            {
                "rule": finding.rule,
                "held": finding.held,
                "asks": finding.asks,
                "given": finding.given,
                "remedy": finding.remedy,
            }
            for finding in requirements.findings
        ]
    return call_resource(call) | {"asked": found}


@router.get("/{call_id}/revisions")
async def read_revisions(call_id: UUID, _: CallReader, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return all revisions of a call, the newest first, with their terms and changes, in sentences by section."""
    async with bus.read() as session:
        found = await store.revisions(session, call_id)
        facts = await register_facts(session, *(one.terms for one in found))
    if not found:
        raise not_found()
    rows = []
    for newer, older in zip(found, [*found[1:], None], strict=True):
        changed = [] if older is None else differences(older.terms, newer.terms, facts)
        rows.append(
            {
                "revision": newer.revision,
                "at": newer.at,
                "terms": newer.terms.model_dump(mode="json"),
                "changed": [{"section": one.section, "gone": one.gone, "new": one.new} for one in changed],
                "touched": len(newer.touches),
            }
        )
    return {"revisions": rows}


@router.post("/{call_id}/copy", status_code=201)
async def copy(call_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Begin next year's call as a draft: all dates 52 weeks later; needs that are over then are left out and named."""
    return await draft_resource(bus, (await drafts.copy(bus, principal.subject, call_id)).id)


@router.post("/{call_id}/revise", status_code=201)
async def begin_revision(call_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Begin the next revision of a call as a draft, or return the one that somebody has begun."""
    return await draft_resource(bus, (await revisions.begin(bus, principal.subject, call_id)).id)


@router.get("/{call_id}/left")
async def read_left(call_id: UUID, _: Coordinator, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return what is left in a call, by state, and what its close makes of it.

    That is `unplaced`, `ends` (its match) or `stays`. `awaited`: so many of these were accepted by both sides, so that
    matching's answer decides.
    """
    async with bus.read() as session:
        _call, found = await remaining_groups(session, call_id)
    return {
        "left": [
            {"state": group.state, "count": group.count, "becomes": group.becomes, "awaited": group.awaited}
            for group in found
        ]
    }


@router.post("/{call_id}/close")
async def close(call_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, int]:
    """Close a call after the last cohort; return how many applications it leaves without a place."""
    return {"unplaced": await actions.close(bus, principal.subject, call_id)}
