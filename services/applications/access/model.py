"""Whose turn is a country's decision when nobody answers, or nobody is there? The deputy's, then the programme's; pure.

Silence never blocks an officer, and never decides anything by itself (`domain.md`). Once the deadline has passed, the
deputy in charge on that day is asked and has a term of the deputy's own (`deputy_wd` of the call); then, or at once
where no deputy was in charge, the programme coordinator is asked to decide in the country's place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.contracts.calls import Timers
from shared.contracts.codes import UNION
from shared.contracts.lifecycle import Unit
from shared.time.workdays import ZONE
from shared.time.workdays import due as due_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

DEPUTY_WD: int = Timers().deputy_wd
"""The working days of a deputy in a call that was published before calls said so."""


@dataclass(frozen=True, slots=True)
class Deputyship:
    """That somebody stands in for the coordinator of a place, from the first to the last day (None: no end)."""

    place: str
    since: date
    until: date | None = None

    @property
    def country(self) -> str:
        """The country whose working days count there; an EU agency has the Union's."""
        return self.place if len(self.place) == len(UNION) else UNION

    def on(self, day: date) -> bool:
        """Whether the deputy is in charge on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who decides for a country (by its code) or an EU agency (by its id): `places` have somebody today.

    `deputies` are all deputyships, past and future ones too; `terms` the working days that each call gives a deputy.
    """

    places: frozenset[str] = frozenset()
    deputies: tuple[Deputyship, ...] = ()
    terms: Mapping[UUID, int] = field(default_factory=dict)

    def deputy_until(self, place: str, country: str, call_id: UUID, due: datetime | None) -> datetime | None:
        """Until when the deputy has what the coordinator had until `due`; None where no deputy was in charge then."""
        if due is None or not any(one.on(_day(due)) for one in self.deputies if one.place == place):
            return None
        return due_after(due, self.terms.get(call_id, DEPUTY_WD), Unit.WORKING_DAYS, country)

    def with_deputies(self, now: datetime) -> list[Answering]:
        """What deputies still have at `now`, as spans of the deadlines that have passed: for queries."""
        found = []
        for length in sorted(set(self.terms.values())):
            calls = frozenset(id_ for id_, days in self.terms.items() if days == length)
            for one in self.deputies:
                first = max(one.since, _earliest(now, length, one.country))
                last = _day(now) if one.until is None else min(one.until, _day(now))
                if first <= last:
                    found.append(
                        Answering(one.place, one.country, calls, _midnight(first), _midnight(last + timedelta(days=1)))
                    )
        return found


@dataclass(frozen=True, slots=True)
class Answering:
    """That what was due at a place from `since` until before `until`, in one of `calls`, is with the deputy now."""

    place: str
    country: str
    calls: frozenset[UUID]
    since: datetime
    until: datetime


def programme_asked_since(
    *, due: datetime | None, deputy_until: datetime | None, since: datetime, held: bool, now: datetime
) -> datetime | None:
    """Since when the programme coordinator is asked; None where the country, or its deputy, has it.

    `since` is when the decision was first asked for, `due` until when the country has it, `deputy_until` until when
    the deputy has it afterwards, if one was in charge; `held` says whether there is a coordinator or a deputy today.
    """
    if not held:
        return since
    last = due if deputy_until is None else deputy_until
    return last if last is not None and last < now else None


def _day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _earliest(now: datetime, length: int, country: str) -> date:
    """The first day on which something may have been due that a deputy with `length` working days still has."""
    day = _day(now)
    while due_after(day - timedelta(days=1), length, Unit.WORKING_DAYS, country) >= now:
        day -= timedelta(days=1)
    return day
