"""Who enters organisations, people, partners, funds and exclusions at once? The programme coordinator, by program."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.applications.register.actions.entries import (
    publish_access,
    put_organisations,
    put_people,
    taken_addresses,
)
from services.applications.register.model import ExclusionEntry, FundEntry, OrganisationEntry, PartnerEntry, PersonEntry
from services.applications.register.store import entries as register_entries
from services.applications.register.store import people
from services.applications.register.store.history import note
from shared.bus import Bus, Tx
from shared.contracts.access import AccessGrant
from shared.contracts.codes import PartnerStatus, Role
from shared.contracts.registry import ExclusionChanged, FundChanged, PartnerStatusChanged
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import write_access
from shared.ids import new_id
from shared.time import clock


async def enter_organisations(bus: Bus, actor: str, entries: Sequence[OrganisationEntry]) -> list[UUID]:
    """Enter organisations, or replace those with the same id; give their ids in the same order."""
    async with bus.transaction(actor) as tx:
        return await put_organisations(tx, entries)


async def enter_people(bus: Bus, actor: str, entries: Sequence[PersonEntry]) -> list[UUID]:
    """Enter people with what they may, or replace what is there; give their opaque ids in the same order.

    The programme vouches for their addresses. Raises `Refused` (422) where an address is somebody else's.
    """
    async with bus.transaction(actor) as tx:
        await register_entries.alone(tx.session)
        if taken := await taken_addresses(tx, entries):
            fields = {f"people.{place}.email": sentence for place, sentence in taken.items()}
            raise Refused(gettext("An address is there twice. Nobody was entered."), 422, fields)
        return await put_people(tx, entries, vouched=True)


async def enter_partners(bus: Bus, actor: str, entries: Sequence[PartnerEntry]) -> None:
    """Enter partner countries as active from a day on.

    Raises `Refused` (409) for one that is suspended: it is reinstated by a decision of its own.
    """
    async with bus.transaction(actor) as tx:
        for entry in entries:
            if (
                await register_entries.partner_status(tx.session, entry.country, clock.today())
                is PartnerStatus.SUSPENDED
            ):
                raise Refused(gettext("A suspended partner is reinstated on its own page, not entered anew."), 409)
        before = {one.country: one for one in reversed(await register_entries.partners(tx.session))}
        await register_entries.put(tx.session, register_entries.Partner, [entry.model_dump() for entry in entries])
        for entry in entries:
            await tx.record(PartnerStatusChanged(**entry.model_dump()), entry.country)
            old = before.get(entry.country)
            note(
                tx.session,
                actor=actor,
                kind="partner",
                key=entry.country,
                action="changed" if old else "entered",
                country=entry.country,
                before={} if old is None else old.model_dump(mode="json"),
                after=entry.model_dump(mode="json"),
            )
        await tx.changed("register")


async def enter_funds(bus: Bus, actor: str, entries: Sequence[FundEntry]) -> list[UUID]:
    """Enter funds, or replace those with the same id; give their ids in the same order."""
    async with bus.transaction(actor) as tx:
        return await put_funds(tx, entries)


async def put_funds(tx: Tx, entries: Sequence[FundEntry]) -> list[UUID]:
    """`enter_funds` within a transaction that is open."""
    ids = [entry.id or new_id() for entry in entries]
    known = {one.id: one for one in await register_entries.funds(tx.session) if one.id in set(ids)}
    rows = [entry.model_dump() | {"id": id_} for id_, entry in zip(ids, entries, strict=True)]
    await _put(tx, register_entries.Fund, "fund", rows, entries, known)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(FundChanged(**entry.model_dump(exclude={"id"})), id_)
    return ids


async def enter_exclusions(bus: Bus, actor: str, entries: Sequence[ExclusionEntry]) -> list[UUID]:
    """Enter exclusions, or replace those with the same id; give their ids in the same order."""
    async with bus.transaction(actor) as tx:
        return await put_exclusions(tx, entries)


async def put_exclusions(tx: Tx, entries: Sequence[ExclusionEntry]) -> list[UUID]:
    """`enter_exclusions` within a transaction that is open."""
    ids = [entry.id or new_id() for entry in entries]
    known = {one.id: one for one in await register_entries.exclusions(tx.session) if one.id in set(ids)}
    rows = [
        entry.model_dump(mode="json") | {"id": id_, "since": entry.since, "until": entry.until}
        for id_, entry in zip(ids, entries, strict=True)
    ]
    await _put(tx, register_entries.Exclusion, "exclusion", rows, entries, known)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(ExclusionChanged(**entry.model_dump(exclude={"id"})), id_)
    return ids


async def _put(
    tx: Tx,
    table: type[register_entries.Fund | register_entries.Exclusion],
    kind: str,
    rows: Sequence[dict[str, Any]],
    entries: Sequence[BaseModel],
    known: Mapping[UUID, register_entries.Fund] | Mapping[UUID, register_entries.Exclusion],
) -> None:
    before = {id_: one.model_dump(mode="json", exclude={"version"}) for id_, one in known.items()}
    versions = {id_: one.version for id_, one in known.items()}
    await register_entries.put(tx.session, table, [row | {"version": versions.get(row["id"], 0) + 1} for row in rows])
    for row, entry in zip(rows, entries, strict=True):
        note(
            tx.session,
            actor=tx.actor,
            kind=kind,
            key=row["id"],
            action="changed" if row["id"] in known else "entered",
            before=before.get(row["id"], {}),
            after=entry.model_dump(mode="json") | {"id": str(row["id"])},
        )
    await tx.changed("register")


async def enter_first_coordinator(bus: Bus, subject: str) -> bool:
    """Give `subject` the programme coordinator's access if nobody holds that yet; whether it was given.

    Called at every start: the first start finds an empty register, all others find somebody.
    """
    async with bus.transaction("system:first-start") as tx:
        if await register_entries.subjects_with_role(tx.session, Role.PROGRAMME_COORDINATOR):
            return False
        grant = AccessGrant(role=Role.PROGRAMME_COORDINATOR, since=clock.today())
        known = await register_entries.person(tx.session, subject)
        if known is None:
            # Until the register says more; `.invalid` is an address that no mail can reach (RFC 2606).
            email = subject if "@" in subject else f"{subject}@tandem.invalid"
            entry = PersonEntry(subject=subject, name="Programme coordinator", email=email, grants=(grant,))
            await put_people(tx, [entry], vouched=True)
        else:
            held = (await people.grants(tx.session, [subject])).get(subject, ())
            await write_access(tx.session, {subject: ((*held, grant), clock.now())})
            await tx.record(publish_access(known.model_dump(), (*held, grant)), subject)
    return True


__all__ = [
    "enter_exclusions",
    "enter_first_coordinator",
    "enter_funds",
    "enter_organisations",
    "enter_partners",
    "enter_people",
]
