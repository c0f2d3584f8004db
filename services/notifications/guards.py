"""Who may read what was told? The programme and its overseers all, a national coordinator what the own country got."""

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
    """The countries whose messages and deadlines the principal reads; None means all."""
    return None if principal.has(*_ALL) else principal.countries(Role.NATIONAL_COORDINATOR)


def reads(principal: Principal, country: str | None) -> bool:
    """Whether a message to that country (None: to the programme itself) is the principal's to read."""
    countries = countries_read(principal)
    return countries is None or country in countries
