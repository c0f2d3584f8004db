"""Appoint and end deputies of coordinators, clearance officers and host contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.own_cases.model import Concerned
from services.applications.own_cases.views import COORDINATING, CaseToDecide
from services.applications.own_cases.views import check as check_own_case
from services.applications.refusals import not_found
from services.applications.register.actions.entries import put_grants
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries, people
from services.applications.register.views.deputies import Deputy, deputy_view, holder_of, offices_of
from services.applications.register.views.scope import scope_of
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from shared.bus import Bus
    from shared.contracts.access import AccessGrant
    from shared.contracts.codes import Role
    from shared.identity import Principal


async def appoint_deputy(
    bus: Bus,
    principal: Principal,
    *,
    deputy_id: UUID,
    role: Role,
    since: date,
    until: date | None,
    holder_id: UUID | None = None,
) -> Deputy:
    """Name a deputy for an office.

    Raises `Refused` (404; 403 where a coordinator names one for somebody else, and is concerned; 422 by field: deputy,
    role, since, until).
    """
    async with bus.transaction(principal.subject) as tx:
        # One appointment at a time: otherwise two deputies could be named for the same days.
        await entries.lock_people(tx.session)
        holder = await holder_of(tx.session, principal, holder_id)
        held_offices = [grant for grant in await offices_of(tx.session, holder.subject) if grant.role is role]
        if not held_offices:
            raise _wrong(
                {"role": gettext("You cannot name a deputy for this role now. Choose one of the roles shown.")}
            )
        person = await people.by_id(tx.session, deputy_id, lock=True)
        office = None if person is None else _office_for(held_offices, person)
        if person is not None and holder.subject != principal.subject:
            countries = frozenset({holder.country} if holder.country else ())
            case = CaseToDecide(Concerned(frozenset({person.subject, holder.subject})), countries)
            await check_own_case(tx.session, principal.subject, case, COORDINATING)
        if person is None or person.subject == holder.subject or office is None:
            raise _wrong({"deputy": gettext("Choose a person from the same country or organisation.")})
        if person.lapsed_on is not None:
            raise _wrong({"deputy": gettext("This person's access has lapsed. It must be confirmed first.")})
        deputies = await people.with_grant(tx.session, {"role": role.value, "deputy_for": holder.subject})
        others = [
            grant
            for grants in deputies.values()
            for grant in grants
            if grant.deputy_for == holder.subject
            and (grant.role, grant.country, grant.organisation_id) == (role, office.country, office.organisation_id)
        ]
        deputy_grant, wrong = register_grants.deputy(
            office, holder.subject, since, until, others=others, today=clock.today()
        )
        if deputy_grant is None:
            raise _wrong(wrong)
        grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
        await put_grants(tx, person, (*grants, deputy_grant), action="deputy_named", before=grants)
        return deputy_view(person, holder, deputy_grant)


def _office_for(offices: Sequence[AccessGrant], person: entries.Person) -> AccessGrant | None:
    """Return the first of the offices in which that person could stand in."""
    for grant in offices:
        if grant.organisation_id is not None and grant.role in register_grants.OF_ORGANISATION:
            if grant.organisation_id == person.organisation_id:
                return grant
        elif grant.country == person.country:
            return grant
    return None


def _wrong(fields: dict[str, str]) -> Refused:
    return Refused(gettext("Check your entries."), 422, fields)


async def end(bus: Bus, principal: Principal, *, deputy_id: UUID, role: Role, since: date) -> None:
    """End a deputy early, at once. Raises `Refused` (404).

    The holder, the deputy, the country's coordinator and the programme may do that. A deputy that has ended stays
    as it was.
    """
    async with bus.transaction(principal.subject) as tx:
        person = await people.by_id(tx.session, deputy_id, lock=True)
        if person is None:
            raise not_found()
        grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
        ending = next(
            (
                grant
                for grant in grants
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
        if not register_grants.has_ended(ending, today):
            await put_grants(
                tx, person, register_grants.without(grants, ending, today), action="deputy_ended", before=grants
            )


def _may_end(principal: Principal, grant: AccessGrant, person: entries.Person) -> bool:
    own = principal.subject in {grant.deputy_for, person.subject}
    return own or scope_of(principal).covers(grant.country, grant.organisation_id)
