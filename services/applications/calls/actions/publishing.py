"""Publish a call: check it against itself and the register, number it, record it."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from services.applications.calls import store
from services.applications.calls.model.entry import problems, terms_of
from services.applications.calls.views.facts import register_facts
from services.applications.counters import next_number, this_year
from shared.contracts.calls import CallPublished
from shared.contracts.codes import CallState
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.calls.model.entry import CallEntry
    from shared.bus import Bus, Tx
    from shared.contracts.calls import CallTerms


async def publish(bus: Bus, actor: str, entry: CallEntry) -> store.Call:
    """Publish a call that was never a draft; it gets its reference and its first revision here.

    Raises `Refused` (422) with the fields that are missing, or contradict themselves or the register.
    """
    async with bus.transaction(actor) as tx:
        return await publish_entry(tx, new_id(), entry)


async def publish_entry(tx: Tx, call_id: UUID, entry: CallEntry) -> store.Call:
    """Publish an entry within an open transaction. Raises `Refused` (422) as `publish` does."""
    await check_complete(tx.session, entry)
    year = this_year()
    number = await next_number(tx.session, f"call-{year}")
    terms = terms_of(entry, reference=f"TC-{year}-{number}", revision=1)
    call = store.Call(
        id=call_id,
        reference=terms.reference,
        state=CallState.PUBLISHED,
        opens=opening(terms),
        deadline=terms.deadline,
        terms_json=terms.model_dump(mode="json"),
        published_at=clock.now(),
    )
    tx.session.add(call)
    add_revision(tx, call)
    await tx.record(CallPublished(terms=terms), call.id)
    await tx.changed("calls")
    return call


async def check_complete(session: AsyncSession, entry: CallEntry) -> None:
    """Raise `Refused` (422) that names every field which is missing, or contradicts another one or the register."""
    found = problems(entry, await register_facts(session, entry))
    if found:
        raise Refused(gettext("The call is not complete, or contradicts itself."), 422, found)


def opening(terms: CallTerms) -> datetime:
    """Return the moment from which one can apply: the start of its first day at the programme's seat."""
    return datetime.combine(terms.opens, time(), ZONE)


def add_revision(
    tx: Tx, call: store.Call, touches: list[str] | None = None, *, draft_id: UUID | None = None, favour: bool = False
) -> None:
    """Add the present call to its revisions; a later one with the draft that it was, and what was chosen with it."""
    tx.session.add(
        store.CallRevision(
            call_id=call.id,
            revision=call.revision,
            terms_json=call.terms_json,
            at=clock.now(),
            actor=tx.actor,
            touches=touches or [],
            draft_id=draft_id,
            favour=favour,
        )
    )
