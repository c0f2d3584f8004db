"""Say which organisations and countries a principal sees in lists of placements, mentors and visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.codes import Role
from shared.identity.scope import countries_visible

if TYPE_CHECKING:
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Visibility:
    """The placements that a principal sees: those of `own` organisations with drafts, all others once submitted.

    `countries` None is all of them; `agencies` are the EU agencies for which the principal clears.
    """

    own: tuple[UUID, ...] = ()
    countries: tuple[str, ...] | None = ()
    agencies: tuple[UUID, ...] = ()

    @property
    def programme(self) -> bool:
        """Return whether all countries are visible."""
        return self.countries is None


def visibility_of(principal: Principal) -> Visibility:
    """Return what the principal sees, by all their roles (`shared/identity/scope.py`)."""
    visible = countries_visible(principal)
    return Visibility(
        own=_ids(principal, Role.HOST_CONTACT),
        countries=None if visible is None else tuple(sorted(visible)),
        agencies=_ids(principal, Role.CLEARANCE_OFFICER),
    )


def _ids(principal: Principal, role: Role) -> tuple[UUID, ...]:
    return tuple(UUID(organisation) for organisation in sorted(principal.organisations(role)))
