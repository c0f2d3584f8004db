"""The options of many visits, each with its cost; one option is a unit in a week, on given days.

A unit is a visit, or all visits of a group, which start together. In each week it has at most one option: the first
longest run of lawful days, and in the announced week the announced days as long as they are lawful. Costs are integers,
compared in this order (`Cost`): visits without dates, days fewer than wanted, announced visits moved, weeks of waiting.
A visit waits from its first lawful week on; an announced one is as far away as its new week from its old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, Self

import numpy as np

from services.matching.engine.schedule.calendar import (
    LENGTH,
    OFFSET,
    Calendar,
    Flags,
    Ints,
    calendar,
    patterns,
)
from services.matching.engine.schedule.request import SchedulePolicy, VisitRequest

_DAYS = 7


class Cost(NamedTuple):
    """The cost of a plan; the first place counts before the second, and so on."""

    unscheduled: int = 0
    short_days: int = 0
    moved: int = 0
    weeks: int = 0

    def plus(self, other: Self) -> "Cost":
        """Return the sum; the order of costs is kept under sums."""
        return Cost(*(cost + more for cost, more in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Options:
    """The units of a batch and their options, those of a unit together and the cheapest first.

    `members` are the requests of each unit; `size` its visits, `start` where its options begin (one more entry than
    units). By option: `unit`, `week`, `offset` (weekday) and `length` of its days, and its costs `short`, `moved` and
    `wait`. `use_unit`, `use_seat`, `use_count` say how many places of which seat a unit takes, by unit. `wanted` are
    the days wanted by request. `shared` marks units with a guest who has another visit in the batch.
    """

    requests: Sequence[VisitRequest]
    calendar: Calendar
    members: list[tuple[int, ...]]
    wanted: Ints
    size: Ints
    start: Ints
    unit: Ints
    week: Ints
    offset: Ints
    length: Ints
    short: Ints
    moved: Ints
    wait: Ints
    use_unit: Ints
    use_seat: Ints
    use_count: Ints
    shared: dict[str, list[int]]

    @property
    def units(self) -> int:
        """The number of units."""
        return len(self.members)

    def day(self, option: int) -> int:
        """Return the first day of an option, counted from the calendar's base."""
        return int(self.week[option]) * _DAYS + int(self.offset[option])

    def days(self, option: int, request: int) -> tuple[date, ...]:
        """Return the days of one visit of the option's unit."""
        first = self.calendar.base + timedelta(days=self.day(option))
        length = min(int(self.length[option]), int(self.wanted[request]))
        return tuple(first + timedelta(days=after) for after in range(length))

    def cost(self, chosen: Ints, units: Ints | None = None) -> Cost:
        """Return the cost of an option for each unit, -1 if it gets no dates; of all units, or of some."""
        size = self.size if units is None else self.size[units]
        none = chosen < 0
        taken = chosen[~none]
        return Cost(
            int(size[none].sum()),
            int(self.short[taken].sum()),
            int(self.moved[taken].sum()),
            int(self.wait[taken].sum()),
        )


def options(requests: Sequence[VisitRequest], policy: SchedulePolicy) -> Options:
    """Return all options of all requests."""
    known = calendar(requests, policy)
    members = _units(requests)
    sizes = np.array([len(unit) for unit in members], np.int64)
    flat = np.array([at for unit in members for at in unit], np.int64)
    begin = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(members)), sizes)
    announced = np.array([len(request.announced) for request in requests], np.int64)
    wanted = np.where(announced > 0, announced, [request.days for request in requests])
    if not members:
        nothing = np.zeros(0, np.int64)
        return Options(requests, known, [], wanted, *(nothing,) * 12, {})
    use_unit, use_seat, use_count = _uses(known.seats[flat], [requests[at].party for at in flat.tolist()], owner)

    can = patterns(np.logical_and.reduceat(known.can[flat], begin))
    noticed = patterns(np.logical_and.reduceat(known.noticed[flat], begin))
    most = np.maximum.reduceat(wanted[flat], begin)
    least = np.maximum.reduceat(np.minimum(wanted[flat], policy.minimum_days), begin)
    length, offset = LENGTH[most[:, None], noticed], OFFSET[most[:, None], noticed]
    place = np.logical_and.reduceat(
        known.free[use_seat] >= use_count[:, None], np.searchsorted(use_unit, np.arange(len(members)))
    )
    ok = (length >= least[:, None]) & place
    announcement = _Announced.of(requests, known, flat, owner, wanted)
    announcement.keep(can, place, length, offset, ok)
    moved, away = announcement.moves(length, offset, wanted)
    first = np.argmax(ok, axis=1)
    new = sizes - np.bincount(announcement.unit, minlength=len(members))
    wait = away + new[:, None] * np.abs(np.arange(known.weeks) - first[:, None])

    unit, week = np.nonzero(ok)
    by_length = np.add.reduceat(np.maximum(wanted[flat][:, None] - np.arange(6), 0), begin)
    short = by_length[unit, length[unit, week]]
    order = np.lexsort((week, wait[unit, week], moved[unit, week], short, unit))
    unit, week, short = unit[order], week[order], short[order]
    return Options(
        requests=requests,
        calendar=known,
        members=members,
        wanted=wanted,
        size=sizes,
        start=np.searchsorted(unit, np.arange(len(members) + 1)),
        unit=unit,
        week=week,
        offset=offset[unit, week],
        length=length[unit, week],
        short=short,
        moved=moved[unit, week],
        wait=wait[unit, week],
        use_unit=use_unit,
        use_seat=use_seat,
        use_count=use_count,
        shared=_shared(requests, owner, flat),
    )


def _units(requests: Sequence[VisitRequest]) -> list[tuple[int, ...]]:
    """Return the requests of each unit: groups together, all others alone, in the order given."""
    groups: dict[str, list[int]] = {}
    units: list[list[int]] = []
    for at, request in enumerate(requests):
        if request.group_id is None:
            units.append([at])
        elif request.group_id in groups:
            groups[request.group_id].append(at)
        else:
            groups[request.group_id] = [at]
            units.append(groups[request.group_id])
    return [tuple(unit) for unit in units]


def _uses(seats: Ints, party: Sequence[int], owner: Ints) -> tuple[Ints, Ints, Ints]:
    """Return unit, seat and places taken there, by unit."""
    width = int(seats.max()) + 1
    keys, at = np.unique(owner * width + seats, return_inverse=True)
    counts = np.bincount(at, weights=party).astype(np.int64)
    return keys // width, keys % width, counts


def _shared(requests: Sequence[VisitRequest], owner: Ints, flat: Ints) -> dict[str, list[int]]:
    """Return the units of each guest who has visits in several of them."""
    units: dict[str, list[int]] = {}
    for unit, at in zip(owner.tolist(), flat.tolist(), strict=True):
        units.setdefault(requests[at].candidate_id, []).append(unit)
    return {guest: sorted(set(own)) for guest, own in units.items() if len(set(own)) > 1}


@dataclass(frozen=True, slots=True)
class _Announced:
    """The announced visits: request, unit, week, weekday and length of each."""

    request: Ints
    unit: Ints
    week: Ints
    weekday: Ints
    length: Ints

    @classmethod
    def of(cls, requests: Sequence[VisitRequest], calendar: Calendar, flat: Ints, owner: Ints, wanted: Ints) -> Self:
        """Return those of the requests, in the order of the units."""
        at = [(place, request) for place, request in enumerate(flat.tolist()) if requests[request].announced]
        request = np.array([request for _, request in at], np.int64)
        days = np.array([(requests[request].announced[0] - calendar.base).days for _, request in at], np.int64)
        unit = owner[np.array([place for place, _ in at], np.int64)]
        return cls(request, unit, days // _DAYS, days % _DAYS, wanted[request])

    def keep(self, can: Ints, place: Flags, length: Ints, offset: Ints, ok: Flags) -> None:
        """Write the announced days into their weeks if they are lawful, leaving the notice aside: it was kept."""
        inside = np.flatnonzero((self.week >= 0) & (self.week < ok.shape[1]))
        unit, week = self.unit[inside], self.week[inside]
        days = ((1 << self.length[inside]) - 1) << self.weekday[inside]
        holds = ((can[unit, week] & days) == days) & place[unit, week]
        unit, week, inside = unit[holds], week[holds], inside[holds]
        # Where a group was told different days, the first of its members decides: written last, it stands.
        unit, week, inside = unit[::-1], week[::-1], inside[::-1]
        ok[unit, week] = True
        length[unit, week] = self.length[inside]
        offset[unit, week] = self.weekday[inside]

    def moves(self, length: Ints, offset: Ints, wanted: Ints) -> tuple[Ints, Ints]:
        """Return by unit and week: how many announced visits get other days, and how many weeks away in sum."""
        weeks = np.arange(length.shape[1])
        own = np.minimum(length[self.unit], wanted[self.request][:, None])
        same = (
            (weeks == self.week[:, None]) & (offset[self.unit] == self.weekday[:, None]) & (own == self.length[:, None])
        )
        moved, away = np.zeros_like(length), np.zeros_like(length)
        np.add.at(moved, self.unit, (~same).astype(np.int64))
        np.add.at(away, self.unit, np.abs(weeks - self.week[:, None]))
        return moved, away
