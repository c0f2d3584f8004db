"""Who stands in for a coordinator, a clearance officer or a host contact, from when until when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.register.actions.entries import put_grants
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries, people
from services.applications.register.store.people import RegisterScope
from services.applications.register.views.deputies import Deputy
from services.applications.register.views.scope import decides, scope_of
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal


async def offices(session: AsyncSession, subject: str) -> list[AccessGrant]:
    """The offices that somebody holds now or later and may name a deputy for."""
    held = (await people.grants(session, [subject])).get(subject, ())
    return register_grants.left_behind(held, clock.today())


async def holder_of(session: AsyncSession, principal: Principal, person_id: UUID | None) -> entries.Person:
    """For whom a deputy is named: oneself, or, for the programme, anybody. Raises `Refused` (404)."""
    if person_id is None:
        person = await entries.person(session, principal.subject)
    else:
        person = await people.by_id(session, person_id)
    if person is None or (person.subject != principal.subject and not decides(principal)):
        raise not_found()
    return person


async def candidates(session: AsyncSession, holder: entries.Person, own: Sequence[AccessGrant]) -> list[entries.Person]:
    """Who may stand in: the people of the country, or of the organisation, of the offices."""
    if any(grant.role is Role.NATIONAL_COORDINATOR for grant in own):
        seen = RegisterScope(frozenset(grant.country for grant in own if grant.country))
    else:
        seen = RegisterScope(frozenset(), frozenset(grant.organisation_id for grant in own if grant.organisation_id))
    return [one for one in await people.choosable(session, seen) if one.subject != holder.subject]


async def name_deputy(
    bus: Bus,
    principal: Principal,
    *,
    deputy_id: UUID,
    role: Role,
    since: date,
    until: date | None,
    holder_id: UUID | None = None,
) -> Deputy:
    """Name a deputy for an office. Raises `Refused` (404; 422 by field: who, role, since, until)."""
    async with bus.transaction(principal.subject) as tx:
        # All who name deputies wait for each other: else two could be named for the same days at once.
        await entries.alone(tx.session)
        holder = await holder_of(tx.session, principal, holder_id)
        own = [grant for grant in await offices(tx.session, holder.subject) if grant.role is role]
        if not own:
            raise _wrong({"role": gettext("This role cannot be deputised now. Choose one of those shown.")})
        person = await people.by_id(tx.session, deputy_id, lock=True)
        office = None if person is None else _office_for(own, person)
        if person is None or person.subject == holder.subject or office is None:
            raise _wrong({"deputy": gettext("Choose a person of the same country or organisation.")})
        if person.lapsed_on is not None:
            raise _wrong({"deputy": gettext("This person's access has lapsed. Have it confirmed first.")})
        named = await people.with_grant(tx.session, {"role": role.value, "deputy_for": holder.subject})
        others = [
            grant
            for grants in named.values()
            for grant in grants
            if grant.deputy_for == holder.subject
            and (grant.role, grant.country, grant.organisation_id) == (role, office.country, office.organisation_id)
        ]
        made, wrong = register_grants.deputy(office, holder.subject, since, until, others=others, today=clock.today())
        if made is None:
            raise _wrong(wrong)
        held = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
        await put_grants(tx, person, (*held, made), action="deputy_named", before=held)
        return Deputy(person, holder, made)


def _office_for(own: Sequence[AccessGrant], person: entries.Person) -> AccessGrant | None:
    """The first of the offices in which that person could stand in."""
    for grant in own:
        if grant.organisation_id is not None and grant.role in register_grants.OF_ORGANISATION:
            if grant.organisation_id == person.organisation_id:
                return grant
        elif grant.country == person.country:
            return grant
    return None


def _wrong(fields: dict[str, str]) -> Refused:
    return Refused(gettext("Something here needs another look."), 422, fields)


async def end(bus: Bus, principal: Principal, *, deputy_id: UUID, role: Role, since: date) -> None:
    """End a deputy before the time, at once: by whom he or she stands in for, the country's coordinator, the programme.

    One that is over stays so. Raises `Refused` (404).
    """
    async with bus.transaction(principal.subject) as tx:
        person = await people.by_id(tx.session, deputy_id, lock=True)
        if person is None:
            raise not_found()
        held = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
        ending = next(
            (
                grant
                for grant in held
                if grant.role is role
                and grant.since == since
                and grant.deputy_for is not None
                and _may_end(principal, grant, person)
            ),
            None,
        )
        if ending is None:
            raise not_found()
        today = clock.today()
        if not register_grants.over(ending, today):
            await put_grants(
                tx, person, register_grants.without(held, ending, today), action="deputy_ended", before=held
            )


def _may_end(principal: Principal, grant: AccessGrant, person: entries.Person) -> bool:
    mine = principal.subject in {grant.deputy_for, person.subject}
    return mine or scope_of(principal).covers(grant.country, grant.organisation_id)
