"""Enter, change and withdraw training needs, for the country's coordinator or the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.needs import store
from services.applications.needs.model import (
    NeedEntry,
    problems,
)
from services.applications.refusals import not_found
from services.applications.register.actions.entries import note_need
from shared.contracts.registry import NeedChanged
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_see_country
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from pydantic import JsonValue

    from shared.bus import Bus, Tx
    from shared.identity import Principal
    from shared.identity.versions import SentVersions


async def save(bus: Bus, principal: Principal, entry: NeedEntry) -> UUID:
    """Enter a need, or change the one with the entry's id. Raises `Refused` (404, 409, 422 by field)."""
    async with bus.transaction(principal.subject) as tx:
        await store.lock_needs(tx.session)
        known = None if entry.id is None else await store.need(tx.session, entry.id, lock=True)
        if entry.id is not None and (known is None or not may_see_country(principal, known.country)):
            raise not_found()
        problems_found = problems(entry)
        if not may_see_country(principal, entry.country):
            problems_found["country"] = gettext("Enter the needs of your own country.")
        existing = (await store.same(tx.session, [entry])).get(entry.key)
        if existing is not None and (known is None or existing.id != known.id) and not existing.withdrawn:
            problems_found["topic_code"] = gettext(
                "This need already exists for the same time and level. Change the existing need."
            )
        if problems_found:
            raise Refused(gettext("Check your entries."), 422, problems_found)
        if known is None and existing is not None:
            known = existing
        return await write_need(tx, entry, known)


async def withdraw(bus: Bus, principal: Principal, need_id: UUID) -> None:
    """Withdraw a need; withdrawing it again changes nothing. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        stored = await store.need(tx.session, need_id, lock=True)
        if stored is None or not may_see_country(principal, stored.country):
            raise not_found()
        if not stored.withdrawn:
            await write_need(tx, stored.entry, stored, withdrawn=True, action="withdrawn")


async def enter(bus: Bus, principal: Principal, entries: Sequence[NeedEntry], sent: SentVersions) -> list[UUID]:
    """Enter several needs at once, or change the quantity of existing ones.

    Raises `Refused` (404, 422), and `Outdated` unless those that exist are as `sent`.
    """
    async with bus.transaction(principal.subject) as tx:
        await store.lock_needs(tx.session)
        problems_found = {
            f"needs.{n}.{name}": text for n, entry in enumerate(entries) for name, text in problems(entry).items()
        }
        problems_found |= {
            f"needs.{n}.country": gettext("Enter the needs of your own country.")
            for n, entry in enumerate(entries)
            if not may_see_country(principal, entry.country)
        }
        if len({entry.key for entry in entries}) < len(entries):
            problems_found["needs"] = gettext("The same need is entered twice.")
        if problems_found:
            raise Refused(gettext("Nothing was entered."), 422, problems_found)
        stored = await store.same(tx.session, entries)
        existing = {place: stored[entry.key].id for place, entry in enumerate(entries) if entry.key in stored}
        await sent.check(tx.session, existing)
        return [await write_need(tx, entry, stored.get(entry.key)) for entry in entries]


async def write_need(
    tx: Tx, entry: NeedEntry, known: store.Need | None, *, withdrawn: bool = False, action: str = ""
) -> UUID:
    """Write a new or a `known` need with its event and history, unless nothing differs; return its id."""
    if known is not None and known.withdrawn == withdrawn and known.entry == entry.model_copy(update={"id": known.id}):
        return known.id
    before = {} if known is None else _json(known)
    need = known or store.Need(id=new_id(), changed_at=clock.now(), **_columns(entry))
    for name, value in _columns(entry).items():
        setattr(need, name, value)
    need.withdrawn, need.changed_at = withdrawn, clock.now()
    tx.session.add(need)
    await tx.session.flush()
    event = NeedChanged(**entry.model_dump(exclude={"id"}), withdrawn=withdrawn)
    await tx.record(event, need.id)
    action = action or ("entered" if known is None else "changed")
    note_need(tx, need.id, action=action, country=entry.country, before=before, after=_json(need))
    await tx.changed("register")
    return need.id


def _columns(entry: NeedEntry) -> dict[str, Any]:
    return entry.model_dump(exclude={"id"}) | {"area": "" if entry.area is None else entry.area.value}


def _json(need: store.Need) -> dict[str, JsonValue]:
    return need.model_dump(mode="json", exclude={"changed_at"})
