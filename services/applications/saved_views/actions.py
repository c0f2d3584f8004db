"""Save, rename and delete a person's own views of the queue, and delete those of people who have left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.register.views.people import with_role_since
from services.applications.saved_views import store
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import settled_on

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Lease
    from shared.identity import Principal

MOST_VIEWS = 12
KEPT_FOR = timedelta(days=30)
"""The time for which the views of a person are kept after the last day on which they could open the queue."""
_READERS = (Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)


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


async def forget_views(bus: Bus, lease: Lease | None = None) -> None:
    """Delete the views of people who could not open the queue for thirty days. Raises `LeaseLost`."""
    async with bus.read() as session:
        owners = await store.owners(session)
        readers = await with_role_since(session, owners, _READERS, settled_on() - KEPT_FOR) if owners else set()
    if gone := set(owners) - readers:
        async with bus.transaction("system:clock", lease) as tx:
            await store.delete_of(tx.session, gone)


def _check_name(name: str, others: list[store.SavedView]) -> None:
    if any(view.name.casefold() == name.casefold() for view in others):
        sentence = gettext("You have a view with this name. Enter another name")
        raise Refused(sentence, 422, {"name": sentence})
