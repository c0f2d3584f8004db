"""Enter organisations, people, partners, funds and exclusions in bulk, for the programme coordinator's programs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel

from services.applications.own_cases.model import Concerned, why_not
from services.applications.own_cases.store import ties_of
from services.applications.register.actions.entries import (
    access_event,
    put_organisations,
    put_people,
    taken_addresses,
)
from services.applications.register.model import ExclusionEntry, FundEntry, OrganisationEntry, PartnerEntry, PersonEntry
from services.applications.register.store import entries as register_entries
from services.applications.register.store import people
from services.applications.register.store.history import note
from services.applications.sessions.actions import end_where_access_changed
from shared.bus import Bus, Tx
from shared.contracts.access import AccessGrant
from shared.contracts.codes import PartnerStatus, Role
from shared.contracts.registry import ExclusionChanged, FundChanged, PartnerStatusChanged
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import write_access
from shared.identity.access import grants_of_holders
from shared.identity.versions import SentVersions
from shared.ids import new_id
from shared.time import clock


class EntryWithId(Protocol):
    """An entry that may name the one that it replaces."""

    @property
    def id(self) -> UUID | None:
        """Return its id."""


def _check_once(within: str, entries: Sequence[BaseModel], *key: str) -> None:
    """Raise `Refused` (422) at the second of two entries with the same key: which of them counts is not clear."""
    earlier: set[tuple[object, ...]] = set()
    sentence = gettext("This is entered twice. Keep one of the two.")
    for place, entry in enumerate(entries):
        values = tuple(getattr(entry, name) for name in key)
        if None not in values and values in earlier:
            raise Refused(sentence, 422, {f"{within}.{place}.{key[0]}": sentence})
        earlier.add(values)


async def enter_organisations(
    bus: Bus, actor: str, entries: Sequence[OrganisationEntry], sent: SentVersions
) -> list[UUID]:
    """Enter organisations, or replace those with the same id; return their ids in the same order.

    Raises `Refused` (422) for an id that is there twice, and `Outdated` unless those that are replaced are as `sent`.
    """
    _check_once("organisations", entries, "id")
    async with bus.transaction(actor) as tx:
        ids = [entry.id for entry in entries if entry.id is not None]
        known = {organisation.id for organisation in await register_entries.organisations(tx.session, ids=ids)}
        await sent.check(tx.session, _replaced(entries, known))
        return await put_organisations(tx, entries)


async def enter_people(bus: Bus, actor: str, entries: Sequence[PersonEntry], sent: SentVersions) -> list[UUID]:
    """Enter people with their grants, or replace existing ones; return their opaque ids in the same order.

    The programme vouches for their addresses. Raises `Outdated` unless those that are replaced are as `sent`, and
    `Refused` (422) if an address belongs to somebody else, (403)
    if an entry changes the rights of the person who enters it, or of somebody they manage or are managed by.
    """
    _check_once("people", entries, "subject")
    async with bus.transaction(actor) as tx:
        await register_entries.lock_people(tx.session)
        await _check_own_rights(tx, entries)
        if taken := await taken_addresses(tx.session, entries):
            fields = {f"people.{place}.email": sentence for place, sentence in taken.items()}
            raise Refused(gettext("An address is entered twice. Nobody was entered."), 422, fields)
        known = await register_entries.people_by_subject(tx.session, {entry.subject for entry in entries})
        replaced = {place: known[entry.subject].id for place, entry in enumerate(entries) if entry.subject in known}
        await sent.check(tx.session, replaced)
        return await put_people(tx, entries, vouched=True)


async def _check_own_rights(tx: Tx, entries: Sequence[PersonEntry]) -> None:
    ties = await ties_of(tx.session, [tx.actor])
    of_actor = {
        entry.subject: tie
        for entry in entries
        if (tie := ties.between(tx.actor, Concerned(frozenset({entry.subject}))))
    }
    before = await people.grants(tx.session, of_actor)
    for place, entry in enumerate(entries):
        if entry.subject in of_actor and tuple(entry.grants) != before.get(entry.subject, ()):
            sentence = why_not(of_actor[entry.subject])
            raise Refused(sentence, fields={f"people.{place}.grants": sentence}, code=ProblemCode.OWN_CASE)


async def enter_partners(bus: Bus, actor: str, entries: Sequence[PartnerEntry], sent: SentVersions) -> None:
    """Enter partner countries as active from a day on.

    Raises `Refused` (409) for a suspended one, which is reinstated by a separate decision, and (422) for one that is
    there twice, and `Outdated` unless those that are known are as `sent`.
    """
    _check_once("partners", entries, "country", "since")
    async with bus.transaction(actor) as tx:
        for entry in entries:
            if (
                await register_entries.partner_status(tx.session, entry.country, clock.today())
                is PartnerStatus.SUSPENDED
            ):
                raise Refused(gettext("Reinstate a suspended partner on its own page. Do not enter it again."), 409)
        latest = {partner.country: partner for partner in reversed(await register_entries.partners(tx.session))}
        known = {place: entry.country for place, entry in enumerate(entries) if entry.country in latest}
        await sent.check(tx.session, known)
        await register_entries.put(tx.session, [register_entries.Partner(**entry.model_dump()) for entry in entries])
        for entry in entries:
            await tx.record(PartnerStatusChanged(**entry.model_dump()), entry.country)
            existing = latest.get(entry.country)
            note(
                tx.session,
                actor=actor,
                kind="partner",
                key=entry.country,
                action="changed" if existing else "entered",
                country=entry.country,
                before={} if existing is None else existing.model_dump(mode="json"),
                after=entry.model_dump(mode="json"),
            )
        await tx.changed("register")


def _replaced(entries: Sequence[EntryWithId], known: Collection[UUID]) -> dict[int, object]:
    """Return the ids of those entries that replace a known one, by their places."""
    return {place: entry.id for place, entry in enumerate(entries) if entry.id in known}


async def enter_funds(bus: Bus, actor: str, entries: Sequence[FundEntry], sent: SentVersions) -> list[UUID]:
    """Enter funds, or replace those with the same id; return their ids in the same order.

    Raises `Refused` (422) for an id that is there twice, and `Outdated` unless those that are replaced are as `sent`.
    """
    _check_once("funds", entries, "id")
    async with bus.transaction(actor) as tx:
        await sent.check(tx.session, _replaced(entries, {fund.id for fund in await register_entries.funds(tx.session)}))
        return await put_funds(tx, entries)


async def put_funds(tx: Tx, entries: Sequence[FundEntry]) -> list[UUID]:
    """Do `enter_funds` within an open transaction."""
    ids = [entry.id or new_id() for entry in entries]
    stored = {fund.id: fund for fund in await register_entries.funds(tx.session) if fund.id in set(ids)}
    rows = [
        register_entries.Fund(**entry.model_dump(exclude={"id"}), id=id_)
        for id_, entry in zip(ids, entries, strict=True)
    ]
    await _put(tx, "fund", rows, entries, stored)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(FundChanged(**entry.model_dump(exclude={"id"})), id_)
    return ids


async def enter_exclusions(bus: Bus, actor: str, entries: Sequence[ExclusionEntry], sent: SentVersions) -> list[UUID]:
    """Enter exclusions, or replace those with the same id; return their ids in the same order.

    Raises `Refused` (422) for an id that is there twice, and `Outdated` unless those that are replaced are as `sent`.
    """
    _check_once("exclusions", entries, "id")
    async with bus.transaction(actor) as tx:
        known = {exclusion.id for exclusion in await register_entries.exclusions(tx.session)}
        await sent.check(tx.session, _replaced(entries, known))
        return await put_exclusions(tx, entries)


async def put_exclusions(tx: Tx, entries: Sequence[ExclusionEntry]) -> list[UUID]:
    """Do `enter_exclusions` within an open transaction."""
    ids = [entry.id or new_id() for entry in entries]
    stored = {
        exclusion.id: exclusion
        for exclusion in await register_entries.exclusions(tx.session)
        if exclusion.id in set(ids)
    }
    rows = [
        register_entries.Exclusion(
            **entry.model_dump(mode="json", exclude={"id", "since", "until"}),
            id=id_,
            since=entry.since,
            until=entry.until,
        )
        for id_, entry in zip(ids, entries, strict=True)
    ]
    await _put(tx, "exclusion", rows, entries, stored)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(ExclusionChanged(**entry.model_dump(exclude={"id"})), id_)
    return ids


async def _put(
    tx: Tx,
    kind: str,
    rows: Sequence[register_entries.Fund | register_entries.Exclusion],
    entries: Sequence[BaseModel],
    stored: Mapping[UUID, register_entries.Fund] | Mapping[UUID, register_entries.Exclusion],
) -> None:
    before = {id_: row_before.model_dump(mode="json") for id_, row_before in stored.items()}
    await register_entries.put(tx.session, rows)
    for id_, entry in zip((row.id for row in rows), entries, strict=True):
        note(
            tx.session,
            actor=tx.actor,
            kind=kind,
            key=id_,
            action="changed" if id_ in stored else "entered",
            before=before.get(id_, {}),
            after=entry.model_dump(mode="json") | {"id": str(id_)},
        )
    await tx.changed("register")


async def enter_first_coordinator(bus: Bus, subject: str) -> bool:
    """Make `subject` a programme coordinator if there is none; return whether that was done.

    Called at every start: only the first one finds an empty register.
    """
    async with bus.transaction("system:first-start") as tx:
        await register_entries.lock_people(tx.session)  # two processes may start at once
        if await grants_of_holders(tx.session, Role.PROGRAMME_COORDINATOR):
            return False
        grant = AccessGrant(role=Role.PROGRAMME_COORDINATOR, since=clock.today())
        person = await register_entries.person(tx.session, subject)
        if person is None:
            # No mail can reach an address under `.invalid` (RFC 2606); the register gets the real one later.
            email = subject if "@" in subject else f"{subject}@tandem.invalid"
            entry = PersonEntry(subject=subject, name="Programme coordinator", email=email, grants=(grant,))
            await put_people(tx, [entry], vouched=True)
        else:
            grants = (await people.grants(tx.session, [subject])).get(subject, ())
            await write_access(tx.session, {subject: ((*grants, grant), clock.now())})
            await end_where_access_changed(tx, {subject: grants}, {subject: (*grants, grant)})
            await tx.record(access_event(person, (*grants, grant)), subject)
    return True


__all__ = [
    "enter_exclusions",
    "enter_first_coordinator",
    "enter_funds",
    "enter_organisations",
    "enter_partners",
    "enter_people",
]
