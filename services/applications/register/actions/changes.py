"""May a change of the register be made, and how is it made? The same for proposals and for what is entered directly."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.applications.refusals import not_found
from services.applications.register.actions.entries import (
    organisation_json,
    person_json,
    put_grants,
    put_organisations,
    put_people,
    taken_addresses,
)
from services.applications.register.model import OrganisationEntry, PersonEntry
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import (
    Leave,
    OrganisationChange,
    PersonChange,
    Transfer,
    differences,
)
from services.applications.register.store import entries, people
from services.applications.register.store.history import note
from services.applications.register.views.scope import decides, grantable, scope_of
from shared.contracts.codes import UNION, OrganisationKind
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.applications.register.model.proposals import Change
    from shared.bus import Tx
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal

_DAY = timedelta(days=1)
_LONGEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class About:
    """What a change is about, as it is now: locked, and whole as JSON. A new entry has no `version`."""

    key: str
    name: str
    version: int = 0
    country: str | None = None
    organisation_id: UUID | None = None
    person: entries.Person | None = None
    organisation: entries.Organisation | None = None
    grants: tuple[AccessGrant, ...] = ()
    now: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether it is in the register already."""
        return self.version > 0


async def about(tx: Tx, change: Change) -> About:
    """Load and lock what a change is about. Raises `Refused` (404) where a leaver or mover is not there."""
    match change:
        case OrganisationChange(entry=entry):
            organisation = None if entry.id is None else await entries.organisation(tx.session, entry.id, lock=True)
            if organisation is None:
                return About(str(entry.id or ""), entry.name, country=entry.country)
            return About(
                str(organisation.id),
                organisation.name,
                organisation.version,
                organisation.country,
                organisation.id,
                organisation=organisation,
                now=organisation_json(organisation),
            )
        case PersonChange(entry=entry):
            person = await entries.person(tx.session, entry.subject, lock=True)
            if person is None:
                return About(entry.subject, entry.name, 0, entry.country, entry.organisation_id)
            return await _of_person(tx, person)
        case Leave(subject=subject) | Transfer(subject=subject):
            person = await entries.person(tx.session, subject, lock=True)
            if person is None:
                raise not_found()
            return await _of_person(tx, person)


async def _of_person(tx: Tx, person: entries.Person) -> About:
    grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
    return About(
        person.subject,
        person.name,
        person.version,
        person.country,
        person.organisation_id,
        person=person,
        grants=grants,
        now=person_json(person, grants),
    )


def rebased(change: Change, before: dict[str, Any], now: dict[str, Any]) -> Change:
    """A proposal as it applies to the entry as it is now: what it does not touch stays as it was changed meanwhile."""
    match change:
        case OrganisationChange(entry=entry) if before:
            meant = differences(before, entry.model_dump(mode="json"))
            values = now | {name: new for name, (_, new) in meant.items()}
            return OrganisationChange(entry=OrganisationEntry.model_validate(values))
        case PersonChange(entry=person) if before:
            meant = differences(before, person.model_dump(mode="json"))
            values = now | {name: new for name, (_, new) in meant.items()}
            return PersonChange(entry=PersonEntry.model_validate(values))
    return change


async def check(tx: Tx, principal: Principal, change: Change, of: About) -> None:
    """Hold that the change may be made, by whoever wants it. Raises `Refused` (404, 422 by field)."""
    seen = scope_of(principal)
    if of.known and not seen.covers(of.country, of.organisation_id):
        raise not_found()
    wrong: dict[str, str] = {}
    match change:
        case OrganisationChange(entry=entry):
            wrong = _organisation(principal, entry, of)
        case PersonChange(entry=person):
            wrong = await _person(tx, principal, person, of)
        case Leave():
            wrong = await _leave(tx, principal, change, of)
        case Transfer():
            wrong = await _transfer(tx, change, of)
    if wrong:
        raise Refused(gettext("Something here needs another look."), 422, wrong)


def _organisation(principal: Principal, entry: OrganisationEntry, of: About) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if of.organisation is not None and entry.country != of.organisation.country:
        wrong["country"] = gettext("An organisation stays in its country. Enter a new one for another country.")
    elif not of.known and not scope_of(principal).covers(entry.country, None):
        wrong["country"] = gettext("You can propose organisations of your own country.")
    if (entry.kind is OrganisationKind.EU_AGENCY) != (entry.country == UNION):
        wrong["kind"] = gettext("An EU agency stands under “European Union”, and nothing else does.")
    return wrong


async def _person(tx: Tx, principal: Principal, entry: PersonEntry, of: About) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if await taken_addresses(tx, [entry]):
        wrong["email"] = gettext("Somebody else in the register has this address. Each person needs an own one.")
    home = None if entry.organisation_id is None else await entries.organisation(tx.session, entry.organisation_id)
    if entry.organisation_id is not None and (home is None or home.country != entry.country):
        wrong["organisation_id"] = gettext("Choose an organisation of the person's country.")
    elif home is not None and not home.active and home.id != of.organisation_id:
        wrong["organisation_id"] = gettext("This organisation takes part no more. Choose another one.")
    if not scope_of(principal).covers(entry.country, entry.organisation_id):
        wrong["country"] = gettext("You can propose people of your own country or agency.")
    if of.person is not None and not decides(principal) and entry.country != of.person.country:
        wrong["country"] = gettext("Use “Moves to another organisation” for a move to another country.")
    if said := register_grants.problems(entry.grants):
        wrong["roles"] = " ".join(said)
    elif not decides(principal):
        wrong |= _beyond(principal, entry.grants, of)
    return wrong


def _beyond(principal: Principal, grants: tuple[AccessGrant, ...], of: About) -> dict[str, str]:
    """Which of the grants somebody proposes are not that person's to propose."""
    seen, may = scope_of(principal), frozenset(grantable(principal))
    changed = [grant for grant in (*grants, *of.grants) if (grant in grants) != (grant in of.grants)]
    if all(grant.role in may and seen.covers(grant.country, grant.organisation_id) for grant in changed):
        return {}
    return {
        "roles": gettext("You can propose the roles of your own country or agency; the programme gives the others.")
    }


async def _leave(tx: Tx, principal: Principal, change: Leave, of: About) -> dict[str, str]:
    wrong: dict[str, str] = {}
    today = clock.today()
    if change.last_day < today:
        wrong["last_day"] = gettext("This day is over. Choose today or a later day.")
    elif change.last_day > today + _LONGEST_AHEAD:
        wrong["last_day"] = gettext("Choose a day within a year from now.")
    if not register_grants.to_come(of.grants, today):
        wrong["last_day"] = gettext("This person has no access that could end.")
    if change.successor is not None:
        successor = await entries.person(tx.session, change.successor)
        offices = register_grants.left_behind(of.grants, today)
        seen = scope_of(principal)
        if successor is None or not seen.covers(successor.country, successor.organisation_id):
            wrong["successor"] = gettext("Choose a person of the same country or organisation.")
        elif change.successor == change.subject:
            wrong["successor"] = gettext("Somebody else takes over.")
        elif any(
            grant.organisation_id not in {None, successor.organisation_id} or grant.country != successor.country
            for grant in offices
        ):
            wrong["successor"] = gettext("Choose a person of the same country or organisation.")
    return wrong


async def _transfer(tx: Tx, change: Transfer, of: About) -> dict[str, str]:
    wrong: dict[str, str] = {}
    today = clock.today()
    target = await entries.organisation(tx.session, change.organisation_id)
    if target is None or not target.active:
        wrong["organisation_id"] = gettext("Choose an organisation that takes part.")
    elif change.organisation_id == of.organisation_id:
        wrong["organisation_id"] = gettext("The person belongs to this organisation already. Choose another one.")
    if not today <= change.day <= today + _LONGEST_AHEAD:
        wrong["day"] = gettext("Choose a day from today on, within a year.")
    return wrong


async def apply(tx: Tx, change: Change, of: About, proposal_id: UUID | None = None) -> UUID:
    """Make the change; give the id of the organisation, or the opaque one of the person."""
    match change:
        case OrganisationChange(entry=entry):
            return (await put_organisations(tx, [entry], proposal_id=proposal_id))[0]
        case PersonChange(entry=person):
            return (await put_people(tx, [person], vouched=False, proposal_id=proposal_id))[0]
        case Leave():
            return await _left(tx, change, of, proposal_id)
        case Transfer():
            return await _moved(tx, change, of, proposal_id)


async def _left(tx: Tx, change: Leave, of: About, proposal_id: UUID | None) -> UUID:
    assert of.person is not None
    offices = register_grants.left_behind(of.grants, clock.today())
    grants = register_grants.ended(of.grants, change.last_day)
    await put_grants(tx, of.person, grants, action="left", before=of.grants, proposal_id=proposal_id)
    await _end_deputies(tx, of.person.subject, change.last_day)
    if change.successor is not None and offices:
        successor = await entries.person(tx.session, change.successor, lock=True)
        assert successor is not None
        held = (await people.grants(tx.session, [successor.subject])).get(successor.subject, ())
        begun = [register_grants.succeeding(grant, change.last_day + _DAY) for grant in offices]
        added = [
            grant
            for grant in begun
            if not any(
                (one.role, one.country, one.organisation_id, one.deputy_for)
                == (grant.role, grant.country, grant.organisation_id, None)
                and register_grants.overlap(one, grant)
                for one in held
            )
        ]
        await put_grants(tx, successor, (*held, *added), action="took_over", before=held, proposal_id=proposal_id)
    return of.person.id


async def _moved(tx: Tx, change: Transfer, of: About, proposal_id: UUID | None) -> UUID:
    assert of.person is not None
    person = of.person
    target = await entries.organisation(tx.session, change.organisation_id)
    assert target is not None
    grants = register_grants.transferred(
        of.grants,
        country=target.country,
        organisation_id=target.id,
        from_country=person.country,
        day=change.day,
    )
    before = {"organisation_id": str(person.organisation_id), "country": person.country}
    person.moves_on, person.moves_to = change.day, target.id
    if change.day <= clock.today():
        arrive(person, target)
    after = {"organisation_id": str(target.id), "country": target.country, "day": change.day.isoformat()}
    await put_grants(
        tx, person, grants, action="moved", before=of.grants, proposal_id=proposal_id, more=(before, after)
    )
    if register_grants.left_behind(of.grants, change.day) and not register_grants.left_behind(grants, change.day):
        await _end_deputies(tx, person.subject, change.day - _DAY)
    return person.id


async def _end_deputies(tx: Tx, holder: str, last_day: date) -> None:
    """Nobody stands in for somebody who has left: those deputies end with the same day."""
    for subject, held in (await people.with_grant(tx.session, {"deputy_for": holder})).items():
        kept = [grant for grant in held if grant.deputy_for != holder]
        theirs = [grant for grant in held if grant.deputy_for == holder]
        changed = (*kept, *register_grants.ended(theirs, last_day))
        person = await entries.person(tx.session, subject, lock=True)
        if person is not None and changed != held:
            await put_grants(tx, person, changed, action="deputy_ended", before=held)


def arrive(person: entries.Person, target: entries.Organisation) -> None:
    """A person belongs to the other organisation from now on."""
    person.organisation_id, person.country = target.id, target.country
    person.moves_on = person.moves_to = None


async def note_withdrawal(tx: Tx, proposal_id: UUID, action: str, country: str | None, text: dict[str, Any]) -> None:
    """Note in the history that a proposal was refused or taken back: nothing else of the register changes by it."""
    note(
        tx.session,
        actor=tx.actor,
        kind="proposal",
        key=proposal_id,
        action=action,
        country=country,
        before={"state": "waits"},
        after={"state": action, **text},
    )
