"""Decide whose cases a principal may see and act for, by country, organisation and person.

The one place for the rules "a coordinator sees only their country, a host only their organisation, an officer only
themselves" (`domain.md`, People and roles), for pages, actions and queries alike. What a role may do at all is decided
by the guard (`guard.py`); this module limits it to the principal's own cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from shared.contracts.codes import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.identity.principal import Principal

# An EU agency stands outside the countries: it has its own clearance officer (`lifecycles.md`, Registry).
EU = "EU"


def countries_visible(principal: Principal) -> frozenset[str] | None:
    """Return the countries whose cases the principal sees; None means all, an empty set none.

    All: the programme coordinator. Own: national coordinators and their deputies. A donor, an ANASPOC contact or an
    auditor sees no case at all.
    """
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return None
    return principal.countries(Role.NATIONAL_COORDINATOR)


def organisations_visible(principal: Principal) -> frozenset[str] | None:
    """Return the ids of the organisations whose cases the principal sees for their sake; None means all.

    Own: host contacts, and clearance officers of an EU agency.
    """
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return None
    return principal.organisations(Role.HOST_CONTACT) | principal.organisations(Role.CLEARANCE_OFFICER)


def may_see_country(principal: Principal, country: str) -> bool:
    """Return whether the principal may see cases of `country`."""
    visible = countries_visible(principal)
    return visible is None or country in visible


def may_see_organisation(principal: Principal, organisation_id: str | UUID, country: str | None = None) -> bool:
    """Return whether the principal may see cases of that organisation, which sits in `country`.

    A national coordinator sees the organisations of their country; pass `country` wherever it is known.
    """
    visible = organisations_visible(principal)
    if visible is None or str(organisation_id) in visible:
        return True
    return country is not None and country in principal.countries(Role.NATIONAL_COORDINATOR)


def may_see_case(
    principal: Principal,
    *,
    country: str | None = None,
    organisation_id: str | UUID | None = None,
    subject: str | None = None,
) -> bool:
    """Return whether the principal may see a case for its country, its organisation or the person it is about."""
    return reach(principal).covers(country=country, organisation_id=organisation_id, subject=subject)


def may_coordinate(principal: Principal, country: str, organisation_id: str | UUID | None = None) -> bool:
    """Return whether the principal sees an officer's case as coordinator of the country, EU agency or programme."""
    return principal.has(Role.PROGRAMME_COORDINATOR) or may_clear(principal, country, organisation_id)


def national_only(principal: Principal) -> Principal:
    """Return the principal without the programme's role, for decisions made as a country or as an EU agency."""
    return replace(
        principal, grants=tuple(grant for grant in principal.grants if grant.role is not Role.PROGRAMME_COORDINATOR)
    )


def coordinated(
    principal: Principal, *, country: sa.ColumnElement[Any], organisation: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """Return `may_coordinate` as an SQL condition over the columns of an officer's country and organisation."""
    return sa.or_(sa.false(), *coordinated_ranges(principal, country=country, organisation=organisation))


def coordinated_ranges(
    principal: Principal, *, country: sa.ColumnElement[Any], organisation: sa.ColumnElement[Any]
) -> list[sa.ColumnElement[bool]]:
    """Return the same as conditions of which no two hold for one row: each is one range of an index by country."""
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return [sa.true()]
    ranges = [country == code for code in sorted(principal.countries(Role.NATIONAL_COORDINATOR) - {EU})]
    agencies = [UUID(organisation_id) for organisation_id in sorted(principal.organisations(Role.CLEARANCE_OFFICER))]
    return [*ranges, sa.and_(country == EU, organisation.in_(agencies))] if agencies else ranges


def may_clear(principal: Principal, country: str, organisation_id: str | UUID | None = None) -> bool:
    """Return whether the principal clears one side of a match, for the country or the EU agency."""
    if country == EU:
        return organisation_id is not None and str(organisation_id) in principal.organisations(Role.CLEARANCE_OFFICER)
    return country in principal.countries(Role.NATIONAL_COORDINATOR)


def may_act_for_organisation(principal: Principal, organisation_id: str | UUID) -> bool:
    """Return whether the principal publishes, accepts and keeps attendance for that host organisation."""
    return str(organisation_id) in principal.organisations(Role.HOST_CONTACT)


def is_self(principal: Principal, subject: str | None) -> bool:
    """Return whether a case is about the principal."""
    return subject is not None and subject == principal.subject


@dataclass(frozen=True, slots=True)
class Reach:
    """All cases a principal sees, as one value for queries and for single cases. `everything` outweighs the rest."""

    everything: bool
    countries: frozenset[str]
    organisations: frozenset[str]
    subject: str

    def covers(
        self,
        *,
        country: str | None = None,
        organisation_id: str | UUID | None = None,
        subject: str | None = None,
    ) -> bool:
        """Return whether one case is within reach by any of the marks given."""
        return (
            self.everything
            or (country is not None and country in self.countries)
            or (organisation_id is not None and str(organisation_id) in self.organisations)
            or (subject is not None and subject == self.subject)
        )

    def clause(
        self,
        *,
        country: Iterable[sa.ColumnElement[Any]] = (),
        organisation: Iterable[sa.ColumnElement[Any]] = (),
        subject: Iterable[sa.ColumnElement[Any]] = (),
    ) -> sa.ColumnElement[bool]:
        """Return `covers` as an SQL condition over the columns of a case's countries, organisations and person."""
        if self.everything:
            return sa.true()
        ids_for = _uuid_or_text(self.organisations)
        any_of: list[sa.ColumnElement[bool]] = [column.in_(sorted(self.countries)) for column in country]
        any_of += [column.in_(ids_for(column)) for column in organisation]
        any_of += [column == self.subject for column in subject]
        return sa.or_(sa.false(), *any_of)


def _uuid_or_text(ids: frozenset[str]) -> Any:
    def ids_for(column: sa.ColumnElement[Any]) -> list[Any]:
        wanted = sorted(ids)
        return [UUID(id_) for id_ in wanted] if isinstance(column.type, sa.Uuid) else wanted

    return ids_for


def reach(principal: Principal) -> Reach:
    """Return the cases that the principal sees: their country's, organisation's and own; all for the programme."""
    countries, organisations = countries_visible(principal), organisations_visible(principal)
    return Reach(
        everything=countries is None,
        countries=countries or frozenset(),
        organisations=organisations or frozenset(),
        subject=principal.subject,
    )
