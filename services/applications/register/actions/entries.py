"""Write changes of the register: the entry, its event and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.register.actions.address_checks import close_address_checks, start_address_check
from services.applications.register.store import entries as register_entries
from services.applications.register.store import people
from services.applications.register.store.history import note
from services.applications.register.views.entries import organisation_json, person_json
from services.applications.sessions.actions import end_where_access_changed
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

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model import OrganisationEntry, PersonEntry
    from services.applications.register.model.entries import State
    from services.applications.register.store.address_checks import AddressCheck
    from shared.bus import Tx
    from shared.contracts.access import AccessGrant
    from shared.contracts.codes import PartnerStatus


async def put_organisations(
    tx: Tx, entries: Sequence[OrganisationEntry], *, proposal_id: UUID | None = None
) -> list[UUID]:
    """Enter organisations, or replace those with the same id; return their ids in the same order."""
    ids = [entry.id or new_id() for entry in entries]
    stored = {
        organisation.id: organisation for organisation in await register_entries.organisations(tx.session, ids=ids)
    }
    before = {id_: organisation_json(organisation) for id_, organisation in stored.items()}
    rows = [
        register_entries.Organisation(
            **entry.model_dump(exclude={"id"}), id=id_, version=stored[id_].version + 1 if id_ in stored else 1
        )
        for id_, entry in zip(ids, entries, strict=True)
    ]
    await register_entries.put(tx.session, rows)
    for id_, entry in zip(ids, entries, strict=True):
        await tx.record(OrganisationChanged(**entry.model_dump(exclude={"id"})), id_)
        note(
            tx.session,
            actor=tx.actor,
            kind="organisation",
            key=id_,
            action="changed" if id_ in stored else "entered",
            country=entry.country,
            before=before.get(id_, {}),
            after=entry.model_dump(mode="json") | {"id": str(id_)},
            proposal_id=proposal_id,
        )
    await tx.changed("register")
    return ids


async def taken_addresses(session: AsyncSession, entries: Sequence[PersonEntry]) -> dict[int, str]:
    """Return the positions of entries whose address belongs to somebody else, each with a sentence."""
    owners = await people.by_address(session, [entry.email for entry in entries])
    sentence = gettext("Another person in the register has this address. Each person needs their own address.")
    problems = {}
    for place, entry in enumerate(entries):
        address = entry.email.lower()
        if owners.setdefault(address, entry.subject) != entry.subject:
            problems[place] = sentence
    return problems


async def put_people(
    tx: Tx, entries: Sequence[PersonEntry], *, vouched: bool, proposal_id: UUID | None = None, action: str = ""
) -> list[UUID]:
    """Enter people with their grants, or replace existing ones; return their opaque ids in the same order.

    The last of several entries for one subject counts. The caller has checked the addresses (`taken_addresses`) and
    locked the people (`store.lock_people`). `vouched`: the programme vouches for the addresses; otherwise their
    owners are asked to confirm them.
    """
    newest = {entry.subject: entry for entry in entries}
    stored = await register_entries.people_by_subject(tx.session, newest, lock=True)
    grants = await people.grants(tx.session, newest)
    before = {subject: person_json(person, grants.get(subject, ())) for subject, person in stored.items()}
    moment = clock.now()
    rows = [
        _row(entry, stored.get(subject), grants.get(subject, ()), vouched=vouched, renew=subject != tx.actor)
        for subject, entry in sorted(newest.items())
    ]
    await register_entries.put(tx.session, rows)
    # The portal's own access table is written at once, so that people can sign in before the event comes back.
    await write_access(tx.session, {subject: (entry.grants, moment) for subject, entry in newest.items()})
    await end_where_access_changed(tx, grants, {subject: entry.grants for subject, entry in newest.items()})
    for row in rows:
        entry = newest[row.subject]
        check = await _check_new_address(tx, row, stored.get(entry.subject))
        await tx.record(access_event(row, entry.grants, check), entry.subject)
        note(
            tx.session,
            actor=tx.actor,
            kind="person",
            key=row.id,
            action=action or ("changed" if entry.subject in stored else "entered"),
            country=entry.country,
            before=before.get(entry.subject, {}),
            after=entry.model_dump(mode="json"),
            proposal_id=proposal_id,
        )
    await tx.changed("register")
    ids = {row.subject: row.id for row in rows}
    return [ids[entry.subject] for entry in entries]


def _row(
    entry: PersonEntry,
    person: register_entries.Person | None,
    grants: Sequence[AccessGrant],
    *,
    vouched: bool,
    renew: bool,
) -> register_entries.Person:
    """Return the row of a person with the entry applied."""
    moment = clock.now()
    row = entry.model_dump(exclude={"grants"}) | {"changed_at": moment, "email_wanted": None}
    if person is None:
        return register_entries.Person(
            **row, id=new_id(), email_verified_at=moment if vouched else None, confirmed_on=moment.date()
        )
    same_address = entry.email.lower() == person.email.lower()
    if same_address or vouched:
        verified = (
            person.email_verified_at if same_address and person.email_verified_at else moment if vouched else None
        )
        row["email_verified_at"] = verified
    else:
        # Until its owner confirms the new address, the programme writes to the old one, which is known to work.
        row["email_verified_at"] = person.email_verified_at
        if person.reachable:
            row |= {"email": person.email, "email_wanted": entry.email}
    # A changed role counts as a confirmation, but nobody confirms his or her own access by changing it.
    renewed = renew and (vouched or tuple(entry.grants) != tuple(grants))
    same_organisation = person.organisation_id == entry.organisation_id
    return register_entries.Person(
        **row,
        id=person.id,
        mail_language=person.mail_language,
        version=person.version + 1,
        confirmed_on=moment.date() if renewed else person.confirmed_on,
        lapsed_on=None if renewed else person.lapsed_on,
        lapsed_grants=() if renewed else person.lapsed_grants,
        moves_on=person.moves_on if same_organisation else None,
        moves_to=person.moves_to if same_organisation else None,
    )


async def _check_new_address(
    tx: Tx, row: register_entries.Person, person: register_entries.Person | None
) -> AddressCheck | None:
    """Start a check of a new address; close older checks that the entry makes void."""
    address = row.unconfirmed_address
    if address == (None if person is None else person.unconfirmed_address):
        return None
    await close_address_checks(tx, row.subject)
    return None if address is None else await start_address_check(tx, row.subject, address)


def access_event(
    person: register_entries.Person,
    grants: Sequence[AccessGrant],
    check: AddressCheck | None = None,
    *,
    lapses: bool = False,
) -> AccessChanged:
    """Return the event with a person's access from now on.

    `lapses`: the access ends because nobody confirmed it.
    """
    return AccessChanged(
        grants=tuple(grants),
        confirmed_on=person.confirmed_on,
        recipient_id=person.id,
        country=person.country,
        contact_confirmed=person.email_verified_at is not None and person.email_wanted is None,
        contact_check=None if check is None else check.id,
        contact_check_until=None if check is None else check.expires_at,
        lapsed_on=person.lapsed_on if lapses else None,
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
    more: tuple[State, State] = ({}, {}),
) -> None:
    """Change the grants of a locked person. `more`: further fields for the history, before and after."""
    moment = clock.now()
    person.version, person.changed_at = person.version + 1, moment
    if confirmed_on is not None:
        person.confirmed_on = confirmed_on
    tx.session.add(person)
    await tx.session.flush()
    await write_access(tx.session, {person.subject: (grants, moment)})
    await end_where_access_changed(tx, {person.subject: before}, {person.subject: grants})
    await tx.record(access_event(person, grants, check, lapses=action == "lapsed"), person.subject)
    note(
        tx.session,
        actor=tx.actor,
        kind="access",
        key=person.id,
        action=action,
        country=person.country,
        before={"grants": [grant.model_dump(mode="json") for grant in before], **more[0]},
        after={"grants": [grant.model_dump(mode="json") for grant in grants], **more[1]},
        proposal_id=proposal_id,
    )
    await tx.changed("register")


async def put_partner(tx: Tx, country: str, status: PartnerStatus, since: date) -> None:
    """Write the status of a partner country as it is from a date on; the event is the caller's."""
    await register_entries.put(
        tx.session, [register_entries.Partner(country=country, since=since, status=status.value)]
    )


def note_need(tx: Tx, need_id: UUID, *, action: str, country: str | None, before: State, after: State) -> None:
    """Note a change of a training need in the register's history."""
    note(
        tx.session, actor=tx.actor, kind="need", key=need_id, action=action, country=country, before=before, after=after
    )
