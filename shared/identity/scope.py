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
from shared.identity.refusals import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.identity.principal import Principal

# An EU agency stands outside the countries: it has its own clearance officer (`lifecycles.md`, Registry).
EU = "EU"


def countries_visible(principal: Principal) -> frozenset[str] | None:
    """The countries whose cases the principal sees; None means all, an empty set none.

    All: the programme coordinator. Own: national coordinators and their deputies. A donor, an ANASPOC contact or an
    auditor sees no case at all.
    """
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return None
    return principal.countries(Role.NATIONAL_COORDINATOR)


def organisations_visible(principal: Principal) -> frozenset[str] | None:
    """The ids of the organisations whose cases the principal sees because of the organisation; None means all.

    Own: host contacts, and clearance officers of an EU agency.
    """
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return None
    return principal.organisations(Role.HOST_CONTACT) | principal.organisations(Role.CLEARANCE_OFFICER)


def may_see_country(principal: Principal, country: str) -> bool:
    """Whether cases of `country` are the principal's to see."""
    visible = countries_visible(principal)
    return visible is None or country in visible


def may_see_organisation(principal: Principal, organisation_id: str | UUID, country: str | None = None) -> bool:
    """Whether cases of that organisation are the principal's to see; `country` is where the organisation sits.

    A national coordinator sees the organisations of the own country; pass `country` wherever it is known.
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
    """Whether a case is the principal's to see by any of: its country, its organisation, the person it is about."""
    return reach(principal).covers(country=country, organisation_id=organisation_id, subject=subject)


def may_coordinate(principal: Principal, country: str, organisation_id: str | UUID | None = None) -> bool:
    """Whether the principal sees an officer's case as coordinator: own country, own EU agency; the programme all."""
    return principal.has(Role.PROGRAMME_COORDINATOR) or may_clear(principal, country, organisation_id)


def national_only(principal: Principal) -> Principal:
    """The principal without the programme's role: what is decided as a country or as an EU agency."""
    return replace(
        principal, grants=tuple(one for one in principal.grants if one.role is not Role.PROGRAMME_COORDINATOR)
    )


def coordinated(
    principal: Principal, *, country: sa.ColumnElement[Any], organisation: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """The same as an SQL condition over the columns that hold an officer's country and organisation."""
    if principal.has(Role.PROGRAMME_COORDINATOR):
        return sa.true()
    agencies = [UUID(one) for one in sorted(principal.organisations(Role.CLEARANCE_OFFICER))]
    return sa.or_(
        country.in_(sorted(principal.countries(Role.NATIONAL_COORDINATOR) - {EU})),
        sa.and_(country == EU, organisation.in_(agencies)),
    )


def may_clear(principal: Principal, country: str, organisation_id: str | UUID | None = None) -> bool:
    """Whether the principal clears one side of a match: the country's coordinator, or the EU agency's own officer."""
    if country == EU:
        return organisation_id is not None and str(organisation_id) in principal.organisations(Role.CLEARANCE_OFFICER)
    return country in principal.countries(Role.NATIONAL_COORDINATOR)


def may_act_for_organisation(principal: Principal, organisation_id: str | UUID) -> bool:
    """Whether the principal publishes, accepts and keeps attendance for that host organisation."""
    return str(organisation_id) in principal.organisations(Role.HOST_CONTACT)


def is_self(principal: Principal, subject: str | None) -> bool:
    """Whether a case is about the principal himself or herself."""
    return subject is not None and subject == principal.subject


def require(allowed: bool, sentence: str | None = None) -> None:  # noqa: FBT001 - reads as a sentence: require(may_see_country(...))
    """Raise `NotAllowed` (403) unless the rule that was asked said yes."""
    if not allowed:
        raise NotAllowed(sentence)


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
        """Whether one case is within reach by any of the marks given."""
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
        """The same as an SQL condition over the columns that hold a case's countries, organisations and person."""
        if self.everything:
            return sa.true()
        held = _uuid_or_text(self.organisations)
        any_of: list[sa.ColumnElement[bool]] = [column.in_(sorted(self.countries)) for column in country]
        any_of += [column.in_(held(column)) for column in organisation]
        any_of += [column == self.subject for column in subject]
        return sa.or_(sa.false(), *any_of)


def _uuid_or_text(ids: frozenset[str]) -> Any:
    def held(column: sa.ColumnElement[Any]) -> list[Any]:
        wanted = sorted(ids)
        return [UUID(one) for one in wanted] if isinstance(column.type, sa.Uuid) else wanted

    return held


def reach(principal: Principal) -> Reach:
    """The cases the principal sees: own country, own organisation, himself or herself; all for the programme."""
    countries, organisations = countries_visible(principal), organisations_visible(principal)
    return Reach(
        everything=countries is None,
        countries=countries or frozenset(),
        organisations=organisations or frozenset(),
        subject=principal.subject,
    )
