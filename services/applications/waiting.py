"""Describe the work on the portal's first page: each room lists its own (`first_page.py` names the rooms)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.applications.access.model import Deciders
    from services.applications.settings import Settings
    from shared.identity import Principal

MOST = 5
"""The number of entries that a room shows one by one; the others are one entry."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry of the first page: the thing, whom or what it concerns, its due date, and the link that does it.

    `place` is the organisation that it concerns, whose name the page adds to what it is `about`. An entry that is not
    `mine` waits for somebody else, and is shown as in progress. An `urgent` one comes before all others.
    """

    thing: str
    action: str
    href: str
    about: str = ""
    place: UUID | None = None
    due: date | datetime | None = None
    mine: bool = True
    urgent: bool = False

    @property
    def overdue(self) -> bool:
        """Return whether the due date has passed."""
        if self.due is None:
            return False
        return self.due < (clock.now() if isinstance(self.due, datetime) else clock.today())


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of the first page; `deciders`: the places that have a coordinator today."""

    principal: Principal
    settings: Settings
    deciders: Deciders


def urgency(entry: Waiting) -> tuple[bool, datetime]:
    """Return the sort key of an entry: what is urgent or due first comes first, what has no due date last."""
    if entry.due is None:
        return not entry.urgent, datetime.max.replace(tzinfo=UTC)
    due = entry.due if isinstance(entry.due, datetime) else datetime.combine(entry.due, time.max, UTC)
    return not entry.urgent, due


def first_of(entries: Sequence[Waiting], rest: Waiting | None) -> list[Waiting]:
    """Return the most urgent entries, and `rest` in place of the others, if there are any."""
    found = sorted(entries, key=urgency)[:MOST]
    return found if rest is None else [*found, rest]


def summed(count: int, thing: str, action: str, href: str, *, mine: bool = True) -> list[Waiting]:
    """Return one entry for several things; none for zero."""
    return [Waiting(thing % {"num": count}, action, href, mine=mine)] if count else []
