"""List the places that the header leads to, and who sees each.

The four services are one site with four places (look.md). A person sees only those in which there is something to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from shared.identity import Principal


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; empty `roles` means everyone who is signed in."""

    code: str
    name_: str
    href: str
    roles: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Return the text of the link, in the reader's language."""
        return gettext(self.name_)


_COORDINATORS = frozenset({"programme_coordinator", "national_coordinator", "clearance_officer"})
_OVERSIGHT = frozenset({"auditor", "data_protection_officer"})

PLACES = (
    Place("portal", N_("Portal"), "/applications/"),
    Place("board", N_("Board"), "/matching/", _COORDINATORS),
    Place("messages", N_("Messages"), "/notifications/", frozenset({"programme_coordinator"}) | _OVERSIGHT),
    # Everyone else reads the messages that were sent to them in the portal, which alone knows whose they are.
    Place("messages", N_("Messages"), "/applications/inbox"),
    Place("figures", N_("Figures"), "/reporting/", _COORDINATORS | _OVERSIGHT | {"evaluator", "donor", "anaspoc"}),
)


def places_for(principal: Principal | None) -> list[Place]:
    """Return the places that a signed-in person sees, in their order; each place once; none for a stranger."""
    if principal is None:
        return []
    roles = {str(grant.role) for grant in principal.grants}
    places: dict[str, Place] = {}
    for place in PLACES:
        if not place.roles or place.roles & roles:
            places.setdefault(place.code, place)
    return list(places.values())
