"""How is a change of the register written? In one place: the entry, its event, and what was before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.register.actions.address_checks import ask, withdraw_asking
from services.applications.register.model import OrganisationEntry, PersonEntry
from services.applications.register.store import entries as register_entries
from services.applications.register.store import people
from services.applications.register.store.history import note
from shared.contracts.access import AccessChanged
from shared.contracts.registry import OrganisationChanged
from shared.i18n import gettext
from shared.identity import write_access
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.applications.register.store.address_checks import AddressCheck
    from shared.bus import Tx
    from shared.contracts.access import AccessGrant


def person_entry(person: register_entries.Person, grants: Sequence[AccessGrant]) -> PersonEntry:
    """A person as an entry: what forms and proposals start from. A new address that waits is the entry's."""
    known = {name: getattr(person, name) for name in PersonEntry.model_fields if name not in {"grants", "email"}}
    # Built without checks: what was entered under older rules must be readable, so that it can be mended.
    return PersonEntry.model_construct(**known, email=person.email_wanted or person.email, grants=tuple(grants))


def person_json(person: register_entries.Person, grants: Sequence[AccessGrant]) -> dict[str, Any]:
    """The same as JSON, for comparisons and the history."""
    return person_entry(person, grants).model_dump(mode="json", warnings=False)


def organisation_entry(organisation: register_entries.Organisation) -> OrganisationEntry:
    """An organisation as an entry."""
    return OrganisationEntry.model_construct(
        **{name: getattr(organisation, name) for name in OrganisationEntry.model_fields}
    )


def organisation_json(organisation: register_entries.Organisation) -> dict[str, Any]:
    """The same as JSON, for comparisons and the history."""
    return organisation_entry(organisation).model_dump(mode="json", warnings=False)


async def put_organisations(
    tx: Tx, entries: Sequence[OrganisationEntry], *, proposal_id: UUID | None = None
) -> list[UUID]:
    """Enter organisations, or replace those with the same id; give their ids in the same order."""
    ids = [entry.id or new_id() for entry in entries]
    known = {one.id: one for one in await register_entries.organisations(tx.session, ids=ids)}
    before = {id_: organisation_json(one) for id_, one in known.items()}
    rows = [
        entry.model_dump() | {"id": id_, "version": known[id_].version + 1 if id_ in known else 1}
        for id_, entry in zip(ids, entries, strict=True)
    ]
    await register_entries.put(tx.session, register_entries.Organisation, rows)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(OrganisationChanged(**entry.model_dump(exclude={"id"})), id_)
        note(
            tx.session,
            actor=tx.actor,
            kind="organisation",
            key=id_,
            action="changed" if id_ in known else "entered",
            country=entry.country,
            before=before.get(id_, {}),
            after=entry.model_dump(mode="json") | {"id": str(id_)},
            proposal_id=proposal_id,
        )
    await tx.changed("register")
    return ids


async def taken_addresses(tx: Tx, entries: Sequence[PersonEntry]) -> dict[int, str]:
    """The places of entries whose address is somebody else's, or another entry's, each with a sentence."""
    owners = await people.by_address(tx.session, [entry.email for entry in entries])
    sentence = gettext("Somebody else in the register has this address. Each person needs an own one.")
    found = {}
    for place, entry in enumerate(entries):
        small = entry.email.lower()
        if owners.setdefault(small, entry.subject) != entry.subject:
            found[place] = sentence
    return found


async def put_people(
    tx: Tx, entries: Sequence[PersonEntry], *, vouched: bool, proposal_id: UUID | None = None, action: str = ""
) -> list[UUID]:
    """Enter people with what they may, or replace what is there; give their opaque ids in the same order.

    The last of several entries for one subject counts. The addresses are free (`taken_addresses`), and nobody else
    writes people meanwhile (`store.alone`). `vouched`: the programme knows the addresses; else their owners are asked.
    """
    newest = {entry.subject: entry for entry in entries}
    known = await register_entries.people_by_subject(tx.session, newest, lock=True)
    held = await people.grants(tx.session, newest)
    before = {subject: person_json(one, held.get(subject, ())) for subject, one in known.items()}
    moment = clock.now()
    rows = [
        _row(entry, known.get(subject), held.get(subject, ()), vouched=vouched, renew=subject != tx.actor)
        for subject, entry in sorted(newest.items())
    ]
    await register_entries.put(tx.session, register_entries.Person, rows)
    # The own access table is written here and now, so that somebody can sign in before the log has gone round.
    await write_access(tx.session, {subject: (entry.grants, moment) for subject, entry in newest.items()})
    for row in rows:
        entry = newest[row["subject"]]
        check = await _asked(tx, row, known.get(entry.subject))
        await tx.record(publish_access(row, entry.grants, check), entry.subject)
        note(
            tx.session,
            actor=tx.actor,
            kind="person",
            key=row["id"],
            action=action or ("changed" if entry.subject in known else "entered"),
            country=entry.country,
            before=before.get(entry.subject, {}),
            after=entry.model_dump(mode="json"),
            proposal_id=proposal_id,
        )
    await tx.changed("register")
    ids = {row["subject"]: row["id"] for row in rows}
    return [ids[entry.subject] for entry in entries]


def _row(
    entry: PersonEntry,
    known: register_entries.Person | None,
    grants: Sequence[AccessGrant],
    *,
    vouched: bool,
    renew: bool,
) -> dict[str, Any]:
    """The whole row of a person after the entry is taken over."""
    moment = clock.now()
    row = entry.model_dump(exclude={"grants"}) | {"changed_at": moment, "email_wanted": None}
    if known is None:
        return row | {
            "id": new_id(),
            "version": 1,
            "email_verified_at": moment if vouched else None,
            "confirmed_on": moment.date(),
            "lapsed_on": None,
            "lapsed_grants": [],
            "moves_on": None,
            "moves_to": None,
        }
    same = entry.email.lower() == known.email.lower()
    if same or vouched:
        verified = known.email_verified_at if same and known.email_verified_at else moment if vouched else None
        row["email_verified_at"] = verified
    else:
        # Until its owner confirms the new address, the programme goes on writing to one that is known to work.
        row["email_verified_at"] = known.email_verified_at
        if known.reachable:
            row |= {"email": known.email, "email_wanted": entry.email}
    # Whoever is given a role anew is vouched for; nobody confirms the own access, not even by changing it.
    renewed = renew and (vouched or tuple(entry.grants) != tuple(grants))
    stays = known.organisation_id == entry.organisation_id
    return row | {
        "id": known.id,
        "version": known.version + 1,
        "confirmed_on": moment.date() if renewed else known.confirmed_on,
        "lapsed_on": None if renewed else known.lapsed_on,
        "lapsed_grants": [] if renewed else known.lapsed_grants,
        "moves_on": known.moves_on if stays else None,
        "moves_to": known.moves_to if stays else None,
    }


async def _asked(tx: Tx, row: dict[str, Any], known: register_entries.Person | None) -> AddressCheck | None:
    """Ask the owner of a new address; take an older question back that the entry makes idle."""
    address = row["email_wanted"] or (row["email"] if row["email_verified_at"] is None else None)
    before = None if known is None else known.email_wanted or (None if known.reachable else known.email)
    if address == before:
        return None
    await withdraw_asking(tx, row["subject"])
    return None if address is None else await ask(tx, row["subject"], address)


def publish_access(
    person: dict[str, Any],
    grants: Sequence[AccessGrant],
    check: AddressCheck | None = None,
    *,
    lapses: bool = False,
) -> AccessChanged:
    """The event that tells what a person (its whole row) may from now on; `lapses` by it, since nobody confirmed it."""
    return AccessChanged(
        grants=tuple(grants),
        confirmed_on=person["confirmed_on"],
        recipient_id=person["id"],
        country=person["country"],
        contact_confirmed=person["email_verified_at"] is not None and person["email_wanted"] is None,
        contact_check=None if check is None else check.id,
        lapsed_on=person["lapsed_on"] if lapses else None,
    )


async def put_grants(
    tx: Tx,
    person: register_entries.Person,
    grants: Sequence[AccessGrant],
    *,
    action: str,
    before: Sequence[AccessGrant],
    proposal_id: UUID | None = None,
    confirmed_on: date | None = None,
    check: AddressCheck | None = None,
    more: tuple[dict[str, Any], dict[str, Any]] = ({}, {}),
) -> None:
    """Change what a locked person may, and nothing else. `more`: what else the history says, before and after."""
    moment = clock.now()
    person.version, person.changed_at = person.version + 1, moment
    if confirmed_on is not None:
        person.confirmed_on = confirmed_on
    tx.session.add(person)
    await tx.session.flush()
    await write_access(tx.session, {person.subject: (grants, moment)})
    await tx.record(publish_access(person.model_dump(), grants, check, lapses=action == "lapsed"), person.subject)
    note(
        tx.session,
        actor=tx.actor,
        kind="access",
        key=person.id,
        action=action,
        country=person.country,
        before={"grants": [one.model_dump(mode="json") for one in before]} | more[0],
        after={"grants": [one.model_dump(mode="json") for one in grants]} | more[1],
        proposal_id=proposal_id,
    )
    await tx.changed("register")
