"""Check and make changes of the register, whether proposed or entered directly."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.register.actions.entries import (
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
from services.applications.register.views.entries import organisation_json, person_json
from services.applications.register.views.scope import decides, grantable, scope_of
from shared.contracts.codes import UNION, OrganisationKind
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.entries import State
    from services.applications.register.model.proposals import Change
    from shared.bus import Tx
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal

_DAY = timedelta(days=1)
_LONGEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Target:
    """The entry that a change is about, with its current state as JSON. A new entry has no `version`.

    `successor_grants` are those of the person who is to take over from a leaver.
    """

    key: str
    name: str
    version: int = 0
    country: str | None = None
    organisation_id: UUID | None = None
    person: entries.Person | None = None
    organisation: entries.Organisation | None = None
    grants: tuple[AccessGrant, ...] = ()
    current: dict[str, JsonValue] = field(default_factory=dict)
    successor_grants: tuple[AccessGrant, ...] = ()

    @property
    def exists(self) -> bool:
        """Return whether the entry exists in the register."""
        return self.version > 0

    @property
    def entry_id(self) -> UUID | None:
        """Return the id of the person or organisation; None if it does not exist yet."""
        entry = self.person or self.organisation
        return None if entry is None else entry.id


async def load_target(session: AsyncSession, change: Change, *, lock: bool = True) -> Target:
    """Load the entry that a change is about; with `lock` nobody else changes it until the commit.

    Raises `Refused` (404) if a leaver or mover does not exist.
    """
    match change:
        case OrganisationChange(entry=entry):
            organisation = None if entry.id is None else await entries.organisation(session, entry.id, lock=lock)
            if organisation is None:
                return Target(str(entry.id or ""), entry.name, country=entry.country)
            return Target(
                str(organisation.id),
                organisation.name,
                organisation.version,
                organisation.country,
                organisation.id,
                organisation=organisation,
                current=organisation_json(organisation),
            )
        case PersonChange(entry=entry):
            person = await entries.person(session, entry.subject, lock=lock)
            if person is None:
                return Target(entry.subject, entry.name, 0, entry.country, entry.organisation_id)
            return await _person_target(session, person)
        case Leave(subject=subject) | Transfer(subject=subject):
            person = await entries.person(session, subject, lock=lock)
            if person is None:
                raise not_found()
            return await _person_target(session, person, change.successor if isinstance(change, Leave) else None)


async def _person_target(session: AsyncSession, person: entries.Person, successor: str | None = None) -> Target:
    subjects = [person.subject, *([] if successor is None else [successor])]
    found = await people.grants(session, subjects)
    grants = found.get(person.subject, ())
    return Target(
        person.subject,
        person.name,
        person.version,
        person.country,
        person.organisation_id,
        person=person,
        grants=grants,
        current=person_json(person, grants),
        successor_grants=() if successor is None else found.get(successor, ()),
    )


def changes_nothing(change: Change, target: Target) -> bool:
    """Return whether the register says all of a change already, as after the same change before."""
    match change:
        case OrganisationChange(entry=organisation):
            return target.exists and target.current == organisation.model_dump(mode="json")
        case PersonChange(entry=person):
            return target.exists and target.current == person.model_dump(mode="json", warnings=False)
        case Leave(last_day=day, successor=successor):
            ended = bool(target.grants) and register_grants.end_grants(target.grants, day) == target.grants
            offices = register_grants.deputisable_offices(target.grants, min(day, clock.today()))
            taken_over = not register_grants.not_held(target.successor_grants, offices, day + _DAY)
            return ended and (successor is None or taken_over)
        case Transfer(day=day, organisation_id=organisation_id):
            person_row = target.person
            return person_row is not None and (person_row.moves_on, person_row.moves_to) == (day, organisation_id)


def rebase(change: Change, before: State, now: dict[str, JsonValue]) -> Change:
    """Return a proposal applied to the current entry: fields that it does not change keep later changes."""
    match change:
        case OrganisationChange(entry=entry) if before:
            intended = differences(before, entry.model_dump(mode="json"))
            values = now | {name: new for name, (_, new) in intended.items()}
            return OrganisationChange(entry=OrganisationEntry.model_validate(values))
        case PersonChange(entry=person) if before:
            intended = differences(before, person.model_dump(mode="json"))
            values = now | {name: new for name, (_, new) in intended.items()}
            return PersonChange(entry=PersonEntry.model_validate(values))
    return change


async def check_change(session: AsyncSession, principal: Principal, change: Change, target: Target) -> None:
    """Check that the principal may make the change. Raises `Refused` (404, 422 by field)."""
    scope = scope_of(principal)
    if target.exists and not scope.covers(target.country, target.organisation_id):
        raise not_found()
    wrong: dict[str, str] = {}
    match change:
        case OrganisationChange(entry=entry):
            wrong = _organisation_problems(principal, entry, target)
        case PersonChange(entry=person):
            wrong = await _person_problems(session, principal, person, target)
        case Leave():
            wrong = await _leave_problems(session, principal, change, target)
        case Transfer():
            wrong = await _transfer_problems(session, change, target)
    if wrong:
        raise Refused(gettext("Check your entries."), 422, wrong)


def _organisation_problems(principal: Principal, entry: OrganisationEntry, target: Target) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if target.organisation is not None and entry.country != target.organisation.country:
        wrong["country"] = gettext(
            "An organisation stays in its country. Enter a new organisation for another country."
        )
    elif not target.exists and not scope_of(principal).covers(entry.country, None):
        wrong["country"] = gettext("You can only propose organisations of your own country.")
    if (entry.kind is OrganisationKind.EU_AGENCY) != (entry.country == UNION):
        wrong["kind"] = gettext("An EU agency belongs under “European Union”. No other organisation does.")
    return wrong


async def _person_problems(
    session: AsyncSession, principal: Principal, entry: PersonEntry, target: Target
) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if await taken_addresses(session, [entry]):
        wrong["email"] = gettext(
            "Another person in the register has this address. Each person needs their own address."
        )
    organisation = None if entry.organisation_id is None else await entries.organisation(session, entry.organisation_id)
    if entry.organisation_id is not None and (organisation is None or organisation.country != entry.country):
        wrong["organisation_id"] = gettext("Choose an organisation of the person's country.")
    elif organisation is not None and not organisation.active and organisation.id != target.organisation_id:
        wrong["organisation_id"] = gettext("This organisation no longer takes part. Choose another organisation.")
    if not scope_of(principal).covers(entry.country, entry.organisation_id):
        wrong["country"] = gettext("You can only propose people of your own country or agency.")
    if target.person is not None and not decides(principal) and entry.country != target.person.country:
        wrong["country"] = gettext("Use “Move to another organisation” for a move to another country.")
    if sentences := register_grants.problems(entry.grants):
        wrong["roles"] = " ".join(sentences)
    elif not decides(principal):
        wrong |= _grant_problems(principal, entry.grants, target)
    return wrong


def _grant_problems(principal: Principal, grants: tuple[AccessGrant, ...], target: Target) -> dict[str, str]:
    """Return the problem, by field, if the principal may not propose all of the changed grants."""
    scope, allowed = scope_of(principal), frozenset(grantable(principal))
    changed = [grant for grant in (*grants, *target.grants) if (grant in grants) != (grant in target.grants)]
    if all(grant.role in allowed and scope.covers(grant.country, grant.organisation_id) for grant in changed):
        return {}
    return {
        "roles": gettext(
            "You can propose the roles of your own country or agency. The programme gives the other roles."
        )
    }


async def _leave_problems(session: AsyncSession, principal: Principal, change: Leave, target: Target) -> dict[str, str]:
    wrong: dict[str, str] = {}
    today = clock.today()
    if change.last_day < today:
        wrong["last_day"] = gettext("This day has passed. Choose today or a later day.")
    elif change.last_day > today + _LONGEST_AHEAD:
        wrong["last_day"] = gettext("Choose a day within a year from now.")
    if not register_grants.current_or_future(target.grants, today):
        wrong["last_day"] = gettext("This person has no access that could end.")
    if change.successor is not None:
        successor = await entries.person(session, change.successor)
        offices = register_grants.deputisable_offices(target.grants, today)
        scope = scope_of(principal)
        if successor is None or not scope.covers(successor.country, successor.organisation_id):
            wrong["successor"] = gettext("Choose a person from the same country or organisation.")
        elif change.successor == change.subject:
            wrong["successor"] = gettext("Another person must take over.")
        elif any(
            grant.organisation_id not in {None, successor.organisation_id} or grant.country != successor.country
            for grant in offices
        ):
            wrong["successor"] = gettext("Choose a person from the same country or organisation.")
    return wrong


async def _transfer_problems(session: AsyncSession, change: Transfer, target: Target) -> dict[str, str]:
    wrong: dict[str, str] = {}
    today = clock.today()
    organisation = await entries.organisation(session, change.organisation_id)
    if organisation is None or not organisation.active:
        wrong["organisation_id"] = gettext("Choose an organisation that takes part.")
    elif change.organisation_id == target.organisation_id:
        wrong["organisation_id"] = gettext(
            "The person already belongs to this organisation. Choose another organisation."
        )
    if not today <= change.day <= today + _LONGEST_AHEAD:
        wrong["day"] = gettext("Choose a day from today on, within a year.")
    return wrong


async def apply_change(tx: Tx, change: Change, target: Target, proposal_id: UUID | None = None) -> UUID:
    """Make the change; return the organisation's id, or the person's opaque id."""
    match change:
        case OrganisationChange(entry=entry):
            return (await put_organisations(tx, [entry], proposal_id=proposal_id))[0]
        case PersonChange(entry=person):
            return (await put_people(tx, [person], vouched=False, proposal_id=proposal_id))[0]
        case Leave():
            return await _apply_leave(tx, change, target, proposal_id)
        case Transfer():
            return await _apply_transfer(tx, change, target, proposal_id)


async def _apply_leave(tx: Tx, change: Leave, target: Target, proposal_id: UUID | None) -> UUID:
    assert target.person is not None
    offices = register_grants.deputisable_offices(target.grants, clock.today())
    grants = register_grants.end_grants(target.grants, change.last_day)
    await put_grants(tx, target.person, grants, action="left", before=target.grants, proposal_id=proposal_id)
    await _end_deputies(tx, target.person.subject, change.last_day)
    if change.successor is not None and offices:
        successor = await entries.person(tx.session, change.successor, lock=True)
        assert successor is not None
        successor_grants = (await people.grants(tx.session, [successor.subject])).get(successor.subject, ())
        added = register_grants.not_held(successor_grants, offices, change.last_day + _DAY)
        await put_grants(
            tx,
            successor,
            (*successor_grants, *added),
            action="took_over",
            before=successor_grants,
            proposal_id=proposal_id,
        )
    return target.person.id


async def _apply_transfer(tx: Tx, change: Transfer, target: Target, proposal_id: UUID | None) -> UUID:
    assert target.person is not None
    person = target.person
    organisation = await entries.organisation(tx.session, change.organisation_id)
    assert organisation is not None
    grants = register_grants.transfer_grants(
        target.grants,
        country=organisation.country,
        organisation_id=organisation.id,
        from_country=person.country,
        day=change.day,
    )
    before = {"organisation_id": str(person.organisation_id), "country": person.country}
    person.moves_on, person.moves_to = change.day, organisation.id
    if change.day <= clock.today():
        complete_transfer(person, organisation)
    after = {"organisation_id": str(organisation.id), "country": organisation.country, "day": change.day.isoformat()}
    await put_grants(
        tx, person, grants, action="moved", before=target.grants, proposal_id=proposal_id, more=(before, after)
    )
    if register_grants.deputisable_offices(target.grants, change.day) and not register_grants.deputisable_offices(
        grants, change.day
    ):
        await _end_deputies(tx, person.subject, change.day - _DAY)
    return person.id


async def _end_deputies(tx: Tx, holder: str, last_day: date) -> None:
    """End the deputies of a person who leaves with the same day."""
    for subject, grants in (await people.with_grant(tx.session, {"deputy_for": holder})).items():
        others = [grant for grant in grants if grant.deputy_for != holder]
        for_holder = [grant for grant in grants if grant.deputy_for == holder]
        changed = (*others, *register_grants.end_grants(for_holder, last_day))
        person = await entries.person(tx.session, subject, lock=True)
        if person is not None and changed != grants:
            await put_grants(tx, person, changed, action="deputy_ended", before=grants)


def complete_transfer(person: entries.Person, target: entries.Organisation) -> None:
    """Make a person belong to the other organisation."""
    person.organisation_id, person.country = target.id, target.country
    person.moves_on = person.moves_to = None


async def note_end_of_proposal(tx: Tx, proposal_id: UUID, action: str, country: str | None, text: State) -> None:
    """Note in the history that a proposal was refused or taken back."""
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
