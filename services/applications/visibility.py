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
    """Whose placements somebody sees: as host those of `own` organisations, drafts too; else only what was submitted.

    `countries` None is all of them; `agencies` are the EU agencies for which one clears.
    """

    own: tuple[UUID, ...] = ()
    countries: tuple[str, ...] | None = ()
    agencies: tuple[UUID, ...] = ()

    @property
    def programme(self) -> bool:
        """Whether all countries are seen."""
        return self.countries is None


def visibility_of(principal: Principal) -> Visibility:
    """What the principal sees, by all of the own roles (`shared/identity/scope.py`)."""
    visible = countries_visible(principal)
    return Visibility(
        own=_ids(principal, Role.HOST_CONTACT),
        countries=None if visible is None else tuple(sorted(visible)),
        agencies=_ids(principal, Role.CLEARANCE_OFFICER),
    )


def _ids(principal: Principal, role: Role) -> tuple[UUID, ...]:
    return tuple(UUID(one) for one in sorted(principal.organisations(role)))
