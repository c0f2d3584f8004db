"""Who enters organisations, people, partners, funds and exclusions? The programme coordinator, singly or in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.model.register import PersonEntry
from services.applications.store import register as store
from shared import clock
from shared.contracts.access import AccessChanged, AccessGrant
from shared.contracts.codes import PartnerStatus, Role
from shared.contracts.registry import ExclusionChanged, FundChanged, OrganisationChanged, PartnerStatusChanged
from shared.identity import write_access
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.applications.model.register import (
        ExclusionEntry,
        FundEntry,
        OrganisationEntry,
        PartnerEntry,
    )
    from shared.bus import Bus, Tx


async def enter_organisations(bus: Bus, actor: str, entries: Sequence[OrganisationEntry]) -> list[UUID]:
    """Enter organisations, or replace those with the same id; give their ids in the same order."""
    ids = [entry.id or new_id() for entry in entries]
    async with bus.transaction(actor) as tx:
        rows = [entry.model_dump() | {"id": id_} for id_, entry in zip(ids, entries, strict=True)]
        await store.put(tx.session, store.Organisation, rows)
        for id_, entry in zip(ids, entries, strict=True):
            await tx.record(OrganisationChanged(**entry.model_dump(exclude={"id"})), id_)
        await tx.changed("register")
    return ids


async def enter_people(bus: Bus, actor: str, entries: Sequence[PersonEntry]) -> list[UUID]:
    """Enter people with what they may, or replace what is there; give their opaque ids in the same order."""
    async with bus.transaction(actor) as tx:
        ids = await put_people(tx, entries)
        await tx.changed("register")
    return ids


async def put_people(tx: Tx, entries: Sequence[PersonEntry]) -> list[UUID]:
    """`enter_people` within a transaction that is open; the last of several entries for one subject counts."""
    newest = {entry.subject: entry for entry in entries}
    known = await store.people_by_subject(tx.session, newest)
    ids = {subject: known[subject].id if subject in known else new_id() for subject in newest}
    moment = clock.now()
    rows = [
        entry.model_dump(exclude={"grants"}) | {"id": ids[subject], "changed_at": moment}
        for subject, entry in sorted(newest.items())
    ]
    await store.put(tx.session, store.Person, rows)
    # The own access table is written here and now, so that somebody can sign in before the log has gone round.
    await write_access(tx.session, {subject: (entry.grants, moment) for subject, entry in newest.items()})
    for subject, entry in sorted(newest.items()):
        await tx.record(AccessChanged(grants=entry.grants, confirmed_on=moment.date()), subject)
    return [ids[entry.subject] for entry in entries]


async def enter_partners(bus: Bus, actor: str, entries: Sequence[PartnerEntry]) -> None:
    """Enter partner countries as active from a day on.

    Raises `Refused` (409) for one that is suspended: it is reinstated by a decision of its own.
    """
    async with bus.transaction(actor) as tx:
        for entry in entries:
            if await store.partner_status(tx.session, entry.country, clock.today()) is PartnerStatus.SUSPENDED:
                raise Refused(gettext("A suspended partner is reinstated on its own page, not entered anew."), 409)
        await store.put(tx.session, store.Partner, [entry.model_dump() for entry in entries])
        for entry in entries:
            await tx.record(PartnerStatusChanged(**entry.model_dump()), entry.country)
        await tx.changed("register")


async def enter_funds(bus: Bus, actor: str, entries: Sequence[FundEntry]) -> list[UUID]:
    """Enter funds, or replace those with the same id; give their ids in the same order."""
    ids = [entry.id or new_id() for entry in entries]
    async with bus.transaction(actor) as tx:
        rows = [entry.model_dump() | {"id": id_} for id_, entry in zip(ids, entries, strict=True)]
        await store.put(tx.session, store.Fund, rows)
        for id_, entry in zip(ids, entries, strict=True):
            await tx.record(FundChanged(**entry.model_dump(exclude={"id"})), id_)
        await tx.changed("register")
    return ids


async def enter_exclusions(bus: Bus, actor: str, entries: Sequence[ExclusionEntry]) -> list[UUID]:
    """Enter exclusions, or replace those with the same id; give their ids in the same order."""
    ids = [entry.id or new_id() for entry in entries]
    async with bus.transaction(actor) as tx:
        rows = [
            entry.model_dump(mode="json") | {"id": id_, "since": entry.since, "until": entry.until}
            for id_, entry in zip(ids, entries, strict=True)
        ]
        await store.put(tx.session, store.Exclusion, rows)
        for id_, entry in zip(ids, entries, strict=True):
            await tx.record(ExclusionChanged(**entry.model_dump(exclude={"id"})), id_)
        await tx.changed("register")
    return ids


async def enter_first_coordinator(bus: Bus, subject: str) -> bool:
    """Give `subject` the programme coordinator's access if nobody holds that yet; whether it was given.

    Called at every start: the first start finds an empty register, all others find somebody.
    """
    async with bus.transaction("system:first-start") as tx:
        if await store.subjects_with_role(tx.session, Role.PROGRAMME_COORDINATOR):
            return False
        grant = AccessGrant(role=Role.PROGRAMME_COORDINATOR, since=clock.today())
        known = await store.person(tx.session, subject)
        if known is None:
            # Until the register says more; `.invalid` is an address that no mail can reach (RFC 2606).
            email = subject if "@" in subject else f"{subject}@tandem.invalid"
            entry = PersonEntry(subject=subject, name="Programme coordinator", email=email, grants=(grant,))
            await put_people(tx, [entry])
        else:
            await write_access(tx.session, {subject: ((grant,), clock.now())})
            await tx.record(AccessChanged(grants=(grant,), confirmed_on=clock.today()), subject)
    return True
