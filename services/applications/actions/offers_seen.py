"""Whose placements does somebody see in lists? The own organisations', and as coordinator the own countries'."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.store.offer_list import Sight
from shared.contracts.codes import Role
from shared.identity.scope import countries_visible

if TYPE_CHECKING:
    from shared.identity import Principal


def sight(principal: Principal) -> Sight:
    """What the principal sees, by all of the own roles (`shared/identity/scope.py`)."""
    visible = countries_visible(principal)
    return Sight(
        own=_ids(principal, Role.HOST_CONTACT),
        countries=None if visible is None else tuple(sorted(visible)),
        agencies=_ids(principal, Role.CLEARANCE_OFFICER),
    )


def _ids(principal: Principal, role: Role) -> tuple[UUID, ...]:
    return tuple(UUID(one) for one in sorted(principal.organisations(role)))
