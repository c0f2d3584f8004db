"""List the pages that the header leads to, in sections, and who sees each.

The four services are one site: each page stands in one section, in the same order on every page of every service. A
reader sees only pages that one of their roles opens. A section with one page for the reader is named by that page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.identity import Principal


@dataclass(frozen=True)
class Place:
    """One page of the navigation; empty `roles` means everyone who is signed in. `also` are addresses below it."""

    name_: str
    href: str
    roles: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the text of the link, in the reader's language."""
        return gettext(self.name_)

    def covers(self, path: str) -> int:
        """Return how many characters of `path` lead to this page; 0 where it is not below it."""
        if path == self.href:
            return len(path)
        # Every page of the portal is below its first page, which therefore covers only what it names.
        roots = self.also if self.href == HOME else (self.href.rstrip("/"), *self.also)
        return max((len(root) for root in roots if path == root or path.startswith(f"{root}/")), default=0)


@dataclass(frozen=True)
class Section:
    """A group of pages under one name."""

    name_: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Entry:
    """A link of the navigation as the reader sees it; `current`: `page`, `true` for a page below it, or empty."""

    name: str
    href: str
    current: str = ""
    entries: tuple[Entry, ...] = ()


HOME = "/applications/"
_PROGRAMME = frozenset({"programme_coordinator"})
_COORDINATORS = frozenset({"programme_coordinator", "national_coordinator", "clearance_officer"})
_OVERSIGHT = frozenset({"auditor", "data_protection_officer"})
_HOSTS = frozenset({"host_contact"}) | _COORDINATORS
_PAIR = frozenset({"officer", "mentor"})

SECTIONS = (
    Section(N_("To do"), (Place(N_("To do"), HOME, also=("/applications/mine", "/applications/companions")),)),
    Section(
        N_("Applications"),
        (
            Place(N_("Applications"), "/applications/cases", _COORDINATORS),
            Place(N_("Eligibility"), "/applications/eligibility", _PROGRAMME),
            Place(N_("Appeals"), "/applications/appeals", _COORDINATORS),
            Place(N_("Calls"), "/applications/calls", frozenset({"officer"}) | _PROGRAMME),
        ),
    ),
    Section(
        N_("Hosts and mentors"),
        (
            Place(N_("Placements"), "/applications/offers", _HOSTS),
            Place(N_("Mentors"), "/applications/mentors/country", _COORDINATORS, also=("/applications/mentors",)),
            Place(N_("Your mentoring"), "/applications/mentors", frozenset({"mentor"})),
        ),
    ),
    Section(
        N_("Matching"),
        (
            Place(N_("Matches"), "/applications/matches", _PAIR | _HOSTS),
            Place(N_("Board"), "/matching/", _COORDINATORS),
        ),
    ),
    Section(
        N_("Visits"),
        (
            Place(N_("Visits"), "/applications/visits", _PAIR | _HOSTS),
            Place(N_("Attendance"), "/applications/visits/attendance", frozenset({"host_contact"})),
            Place(N_("Visit calendar"), "/applications/calendar", _HOSTS),
            Place(N_("Mentorships"), "/applications/mentorships", _PAIR | _COORDINATORS),
            Place(N_("Sent and hosted"), "/applications/balance", _COORDINATORS),
            Place(N_("Before travel"), "/applications/asked-before-travel", _PROGRAMME),
        ),
    ),
    Section(
        N_("Register"),
        (
            Place(N_("Register"), "/applications/register", _COORDINATORS),
            Place(N_("Deputies"), "/applications/register/deputies", frozenset({"host_contact"})),
            Place(N_("Partners"), "/applications/partners", _PROGRAMME | _OVERSIGHT),
        ),
    ),
    Section(
        N_("Messages"),
        (
            Place(N_("Messages"), "/applications/inbox"),
            Place(
                N_("Sent messages"), "/notifications/", frozenset({"national_coordinator"}) | _PROGRAMME | _OVERSIGHT
            ),
        ),
    ),
    Section(
        N_("Figures"),
        (
            Place(N_("Figures"), "/reporting/", _COORDINATORS | _OVERSIGHT | {"evaluator", "donor", "anaspoc"}),
            Place(N_("Groupings"), "/reporting/groupings", _PROGRAMME | {"evaluator"}),
        ),
    ),
    Section(
        N_("Oversight"),
        (
            Place(N_("Incident reports"), "/applications/incidents", _COORDINATORS | {"data_protection_officer"}),
            Place(N_("Audit"), "/applications/audit", _OVERSIGHT),
            Place(N_("System"), "/matching/system", _PROGRAMME),
            Place(N_("Problems"), "/applications/dead-letters", _PROGRAMME),
        ),
    ),
)


def navigation(principal: Principal | None, path: str) -> list[Entry]:
    """Return the sections that a signed-in person sees, with the one of the page at `path` marked; none for others.

    The page with the longest address above `path` is the current one, so that no two are marked.
    """
    if principal is None:
        return []
    roles = {str(grant.role) for grant in principal.grants}
    sections = [
        (section, [place for place in section.places if not place.roles or place.roles & roles]) for section in SECTIONS
    ]
    every = [place for _, places in sections for place in places]
    nearest = max(every, key=lambda place: place.covers(path))
    current = nearest if nearest.covers(path) else None
    return [_section_entry(section, places, current, path) for section, places in sections if places]


def _section_entry(section: Section, places: Sequence[Place], current: Place | None, path: str) -> Entry:
    entries = tuple(
        Entry(place.name, place.href, "" if place is not current else ("page" if path == place.href else "true"))
        for place in places
    )
    if len(entries) == 1:
        return entries[0]
    inside = "true" if current in places else ""
    return Entry(gettext(section.name_), entries[0].href, inside, entries)
