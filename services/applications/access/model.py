"""Decide who is to answer when a country lets a deadline pass: the deputy, then the programme coordinator.

Silence never blocks an officer, and never decides anything by itself (`domain.md`). After the deadline, the deputy in
charge on that day is asked and gets a term of his or her own (`deputy_wd` of the call). After that, or at once if no
deputy was in charge, the programme coordinator is asked to decide in the country's place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from services.applications.own_cases.model import Ties
from shared.contracts.calls import Timers
from shared.contracts.codes import UNION
from shared.contracts.lifecycle import Unit
from shared.time.workdays import ZONE
from shared.time.workdays import due as due_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.applications.own_cases.model import Concerned

PROGRAMME = "programme"
"""The place of the programme coordinators."""
DEPUTY_WD: int = Timers().deputy_wd
"""The working days of a deputy in a call that was published without `deputy_wd`."""


@dataclass(frozen=True, slots=True)
class Deputyship:
    """A deputy of a place's coordinator, from the first to the last day (None: no end)."""

    place: str
    since: date
    until: date | None = None

    @property
    def country(self) -> str:
        """Return the country whose working days count; for an EU agency the Union."""
        return self.place if len(self.place) == len(UNION) else UNION

    def on(self, day: date) -> bool:
        """Return whether the deputy is in charge on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Deciders:
    """The deciders of each country (by its code) and EU agency (by its id): `places` have somebody today.

    `deputies` are all deputyships, past and future ones too; `terms` the working days that each call gives a
    deputy; `holders` the accounts of those who decide, by place; `ties` what ties them to the people of cases.
    """

    places: frozenset[str] = frozenset()
    deputies: tuple[Deputyship, ...] = ()
    terms: Mapping[UUID, int] = field(default_factory=dict)
    holders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ties: Ties = field(default_factory=Ties)

    def all_tied(self, place: str, case: Concerned) -> bool:
        """Return whether a place has deciders, but only such as the case concerns."""
        holders = self.holders.get(place, frozenset())
        return bool(holders) and not self.ties.free(holders, case)

    def blocked(self, place: str) -> frozenset[str]:
        """Return the people on whose case nobody of a place may decide, though it has deciders."""
        return self.ties.blocked(self.holders.get(place, frozenset()))

    def deputy_until(self, place: str, country: str, call_id: UUID, due: datetime | None) -> datetime | None:
        """Return until when the deputy may answer after `due`; None if no deputy was in charge then."""
        if due is None or not any(deputy.on(_day(due)) for deputy in self.deputies if deputy.place == place):
            return None
        return due_after(due, self.terms.get(call_id, DEPUTY_WD), Unit.WORKING_DAYS, country)

    def deputy_spans(self, now: datetime) -> list[DeputySpan]:
        """Return what is with deputies at `now`, as spans of deadlines that have passed: for queries."""
        spans = []
        for length in sorted(set(self.terms.values())):
            calls = frozenset(id_ for id_, days in self.terms.items() if days == length)
            for deputy in self.deputies:
                first = max(deputy.since, _earliest(now, length, deputy.country))
                last = _day(now) if deputy.until is None else min(deputy.until, _day(now))
                if first <= last:
                    spans.append(
                        DeputySpan(
                            deputy.place, deputy.country, calls, _midnight(first), _midnight(last + timedelta(days=1))
                        )
                    )
        return spans


@dataclass(frozen=True, slots=True)
class DeputySpan:
    """The tasks that fell due at a place from `since` until before `until`, in one of `calls`, now with the deputy."""

    place: str
    country: str
    calls: frozenset[UUID]
    since: datetime
    until: datetime


def programme_asked_since(
    *, due: datetime | None, deputy_until: datetime | None, since: datetime, has_decider: bool, now: datetime
) -> datetime | None:
    """Return since when the programme coordinator is asked; None while the country or its deputy may answer.

    `since` is when the decision was first asked for, `due` the country's deadline, `deputy_until` the deputy's, if
    one was in charge; `has_decider` says whether the place has a coordinator or a deputy today.
    """
    if not has_decider:
        return since
    last = due if deputy_until is None else deputy_until
    return last if last is not None and last < now else None


def _day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _earliest(now: datetime, length: int, country: str) -> date:
    """Return the first day on which something may have been due that a deputy with `length` working days still has."""
    day = _day(now)
    while due_after(day - timedelta(days=1), length, Unit.WORKING_DAYS, country) >= now:
        day -= timedelta(days=1)
    return day
