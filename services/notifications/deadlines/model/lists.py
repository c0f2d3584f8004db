"""Describe which open deadlines are listed, and how they are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from shared.contracts.codes import AudienceKind, DeadlineKind

Grouping = Literal["week", "whom", "country"]
PAGE = 50
GROUPS = 60
"""The number of groups that a page names; the rest is found by narrowing it."""


@dataclass(frozen=True, slots=True)
class DeadlineFilter:
    """The filters of a list of deadlines; None is no filter. `now` is domain time.

    `countries` are those that the reader may see, `holders` the keys of one person's feed, `week` the Monday of a week
    at the programme's office; `over` selects overdue or future deadlines. `since` and `until` limit the dates.
    """

    now: datetime
    countries: frozenset[str] | None = None
    country: str | None = None
    kind: DeadlineKind | None = None
    owner: AudienceKind | None = None
    whom: str | None = None
    holders: frozenset[str] | None = None
    week: date | None = None
    over: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The number of open deadlines of a week, a holder or a country, and how many of them are overdue.

    `value` is the Monday, the holder's key, or the country's code (None: the programme's own); `owner` and `case_id`
    belong to one of a holder's deadlines, and serve to name the holder.
    """

    value: date | str | None
    count: int
    over: int
    owner: str | None = None
    case_id: UUID | None = None
