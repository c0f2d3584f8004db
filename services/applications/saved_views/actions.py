"""Save, rename and delete a person's own views of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.saved_views import store
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.identity import Principal

MOST_VIEWS = 12


async def save(bus: Bus, principal: Principal, name: str, query: str) -> None:
    """Save filters under a name; the same again changes nothing.

    Raises `Refused` (422) without filters, where another view has the name, or where there are as many as one person
    can have.
    """
    if not query:
        raise Refused(gettext("Choose filters in the list before you save a view."), 422)
    async with bus.transaction(principal.subject) as tx:
        await store.lock_views(tx.session, principal.subject)
        own = await store.views_of(tx.session, principal.subject)
        if any((view.name, view.query) == (name, query) for view in own):
            return
        if len(own) >= MOST_VIEWS:
            sentence = gettext("You have %(most)s views. Delete one before you save another.") % {"most": MOST_VIEWS}
            raise Refused(sentence, 422, {"name": sentence})
        _check_name(name, own)
        moment = clock.now()
        view = store.SavedView(id=new_id(), subject=principal.subject, name=name, query=query, saved_at=moment)
        tx.session.add(view)


async def rename(bus: Bus, principal: Principal, view_id: UUID, name: str) -> None:
    """Give a view another name. Raises `Refused` (404; 422 where another view has the name)."""
    async with bus.transaction(principal.subject) as tx:
        await store.lock_views(tx.session, principal.subject)
        own = {view.id: view for view in await store.views_of(tx.session, principal.subject)}
        view = own.pop(view_id, None)
        if view is None:
            raise not_found()
        _check_name(name, list(own.values()))
        view.name = name
        tx.session.add(view)


async def delete(bus: Bus, principal: Principal, view_id: UUID) -> None:
    """Delete a view; one that is deleted already stays so."""
    async with bus.transaction(principal.subject) as tx:
        await store.lock_views(tx.session, principal.subject)
        for view in await store.views_of(tx.session, principal.subject):
            if view.id == view_id:
                await tx.session.delete(view)


def _check_name(name: str, others: list[store.SavedView]) -> None:
    if any(view.name.casefold() == name.casefold() for view in others):
        sentence = gettext("You have a view with this name. Enter another name")
        raise Refused(sentence, 422, {"name": sentence})
