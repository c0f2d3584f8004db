"""Add a browsed placement or mentor to the wishes of the officer's own application, or remove it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.application.actions.answers import WRITABLE, Writing
from services.applications.application.actions.applications import begin_in
from services.applications.application.store import applications as store
from services.applications.calls import store as calls_store
from services.applications.places.views import browsed_call, published_places
from shared.contracts.codes import MOST_WISHES, Wishes
from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.contracts.codes import ApplicationKind
    from shared.identity import Principal


class Wished(StrEnum):
    """The result of a change of wishes."""

    ADDED = "added"
    STARTED = "started"
    REMOVED = "removed"
    FULL = "full"
    NOT_OPEN = "not-open"


async def add_wish(bus: Bus, principal: Principal, call_id: UUID, kind: ApplicationKind, place_id: UUID) -> Wished:
    """Add a place as the last wish of the officer's application, which this begins where there is none.

    The same place again changes nothing. Raises `Refused` (403, 404; 409 where the application is submitted or the
    call takes none).
    """
    async with bus.transaction(principal.subject) as tx:
        listed = await _check_call(tx, principal, call_id, kind, place_id)
        before = await store.newest_for(tx.session, principal.subject, call_id, kind)
        if before is None and not listed:
            return Wished.NOT_OPEN
        written = await _writing(tx, principal, before or await begin_in(tx, principal, call_id, kind))
        wishes = written.application.answers.wishes
        if place_id in wishes:
            return Wished.ADDED
        if len(wishes) >= MOST_WISHES:
            return Wished.FULL
        if not await published_places(tx.session, written.application, written.terms, [place_id]):
            return Wished.NOT_OPEN
        await written.save({"wishes": [str(wish) for wish in (*wishes, place_id)]})
        return Wished.ADDED if before else Wished.STARTED


async def remove_wish(bus: Bus, principal: Principal, call_id: UUID, kind: ApplicationKind, place_id: UUID) -> Wished:
    """Remove a place from the wishes of the officer's application; without it nothing changes.

    Raises `Refused` as `add_wish` does.
    """
    async with bus.transaction(principal.subject) as tx:
        await _check_call(tx, principal, call_id, kind, place_id)
        before = await store.newest_for(tx.session, principal.subject, call_id, kind)
        if before is None:
            return Wished.REMOVED
        written = await _writing(tx, principal, before)
        remaining = [str(wish) for wish in written.application.answers.wishes if wish != place_id]
        await written.save({"wishes": remaining})
        return Wished.REMOVED


async def _check_call(tx: Tx, principal: Principal, call_id: UUID, kind: ApplicationKind, place_id: UUID) -> bool:
    """Return whether the officer's list has the place.

    Raises `Refused` where the officer may not browse the call, or where it counts no order.
    """
    terms, listed = await browsed_call(tx.session, principal, call_id, kind, place_id)
    if terms.wishes is Wishes.SCORES:
        sentence = gettext("This call does not use an order of placements or mentors. Leave it out.")
        raise Refused(sentence, 422)
    return listed


async def _writing(tx: Tx, principal: Principal, application: store.Application) -> Writing:
    """Return the application, locked to be written. Raises `Refused` (409) once it is submitted."""
    await tx.session.flush()
    locked = await store.own(tx.session, principal, application.id)
    if locked.own_state not in WRITABLE:
        raise Refused(gettext("You have already applied. Change your order in your application."), 409)
    call = await calls_store.call(tx.session, locked.call_id)
    assert call is not None
    terms = await calls_store.terms_of(tx.session, [locked], {call.id: call})
    return Writing(tx, locked, terms[locked.id])
