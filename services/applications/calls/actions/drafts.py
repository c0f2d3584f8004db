"""Write a call as a draft that all programme coordinators share: begin, save, copy, publish, discard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.calls import store
from services.applications.calls.actions.publishing import publish_entry
from services.applications.calls.model.copying import next_year
from services.applications.calls.model.entry import SectionChange, changed_sections, entry_of
from services.applications.calls.views.facts import register_facts
from services.applications.refusals import not_found
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.applications.calls.model.entry import CallEntry
    from shared.bus import Bus, Tx


async def begin(bus: Bus, actor: str, entry: CallEntry) -> store.CallDraft:
    """Begin a call from what is written of it."""
    async with bus.transaction(actor) as tx:
        return await add_draft(tx, new_id(), entry)


async def add_draft(tx: Tx, draft_id: UUID, entry: CallEntry, **more: Any) -> store.CallDraft:
    """Add a draft within an open transaction."""
    moment = clock.now()
    draft = store.CallDraft(
        id=draft_id,
        entry_json=entry.model_dump(mode="json"),
        created_by=tx.actor,
        created_at=moment,
        saved_by=tx.actor,
        saved_at=moment,
        **more,
    )
    tx.session.add(draft)
    await tx.changed("calls")
    return draft


async def copy(bus: Bus, actor: str, call_id: UUID) -> store.CallDraft:
    """Begin next year's call from this one; the draft names what was left out. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        call = await store.call(tx.session, call_id)
        if call is None:
            raise not_found()
        entry = entry_of(call.terms)
        next_call = next_year(entry, (await register_facts(tx.session, entry)).needs)
        return await add_draft(tx, new_id(), next_call.entry, copied=call_id, omitted=next_call.left_out)


async def save(bus: Bus, actor: str, draft_id: UUID, change: Callable[[CallEntry], CallEntry]) -> store.CallDraft:
    """Save what `change` makes of the draft's entry. Raises `Refused` (404; 422 as `change` does)."""
    async with bus.transaction(actor) as tx:
        draft = await _draft(tx, draft_id)
        before = draft.entry
        after = change(before)
        sections = changed_sections(before, after)
        if not sections:
            return draft
        moment = clock.now()
        mark = SectionChange(by=actor, at=moment)
        draft.section_changes = draft.section_changes | dict.fromkeys(sorted(sections), mark)
        draft.entry_json = after.to_store()
        draft.saved_by, draft.saved_at = actor, moment
        tx.session.add(draft)
        await tx.changed("calls")
        return draft


async def discard(bus: Bus, actor: str, draft_id: UUID) -> None:
    """Delete a draft. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        await tx.session.delete(await _draft(tx, draft_id))
        await tx.changed("calls")


async def publish(bus: Bus, actor: str, draft_id: UUID) -> store.Call:
    """Publish a draft; a second click returns what the first one published.

    Raises `Refused` (404; 409 for a revision, which is published as such; 422 with all that is missing or wrong).
    """
    async with bus.transaction(actor) as tx:
        draft = await store.draft(tx.session, draft_id, lock=True)
        if draft is None:
            call = await store.call(tx.session, draft_id)
            if call is None:
                raise not_found()
            return call
        if draft.revises is not None:
            raise Refused(gettext("This is a revision of a published call. Publish it as a revision."), 409)
        call = await publish_entry(tx, draft.id, draft.entry)
        await tx.session.delete(draft)
        return call


async def _draft(tx: Tx, draft_id: UUID) -> store.CallDraft:
    draft = await store.draft(tx.session, draft_id, lock=True)
    if draft is None:
        raise not_found()
    return draft
