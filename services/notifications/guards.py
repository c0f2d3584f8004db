"""Decide which messages and deadlines a principal may read.

The programme coordinator and the overseers read all of them, a national coordinator those of the country.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role

if TYPE_CHECKING:
    from shared.identity import Principal

READERS = (
    Role.PROGRAMME_COORDINATOR,
    Role.NATIONAL_COORDINATOR,
    Role.AUDITOR,
    Role.DATA_PROTECTION_OFFICER,
)
_ALL = (Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER)


def countries_read(principal: Principal) -> frozenset[str] | None:
    """Return the countries whose messages and deadlines the principal reads; None means all."""
    return None if principal.has(*_ALL) else principal.countries(Role.NATIONAL_COORDINATOR)


def reads(principal: Principal, country: str | None) -> bool:
    """Return whether the principal reads a message to that country (None: to the programme itself)."""
    countries = countries_read(principal)
    return countries is None or country in countries
