"""Decide which entries of the register a person sees, and which roles he or she may propose."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.register.model.grants import PROGRAMME_WIDE, PROPOSED_BY_AGENCY, PROPOSED_BY_COUNTRY
from services.applications.register.store.people import RegisterScope
from shared.contracts.codes import Role
from shared.identity.scope import countries_visible

if TYPE_CHECKING:
    from shared.identity import Principal


def scope_of(principal: Principal) -> RegisterScope:
    """Return what a coordinator, or the clearance officer of an EU agency, sees of the register."""
    countries = countries_visible(principal)
    if countries is None:
        return RegisterScope()
    return RegisterScope(
        countries,
        frozenset(UUID(organisation_id) for organisation_id in principal.organisations(Role.CLEARANCE_OFFICER)),
    )


def decides(principal: Principal) -> bool:
    """Return whether a person's changes need no approval."""
    return principal.has(Role.PROGRAMME_COORDINATOR)


def grantable(principal: Principal) -> tuple[Role, ...]:
    """Return the roles that a person may propose, in the order of the code list."""
    if decides(principal):
        return tuple(Role)
    roles: set[Role] = set()
    if principal.has(Role.NATIONAL_COORDINATOR):
        roles |= set(PROPOSED_BY_COUNTRY)
    if principal.has(Role.CLEARANCE_OFFICER):
        roles |= set(PROPOSED_BY_AGENCY)
    return tuple(role for role in Role if role in roles - PROGRAMME_WIDE)
