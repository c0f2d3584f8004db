"""Make a good plan at once: week by week the most urgent first, then further visits that fit, then exchanges.

For visits of one place each this is earliest deadline first: in each week a seat takes those who have the fewest weeks
left, and a place that would stay empty is filled by moving others towards it. Announced visits keep their days before
all others are placed; groups and guests with several visits come next, one by one. A visit without a place is tried
once more by moving others to weeks with room (an augmenting path over the weeks of the seat), which never takes dates
away. At last groups make way if others gain more than they wait.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.matching.engine.schedule.calendar import Flags, Ints
    from services.matching.engine.schedule.options import Options


def greedy(options: Options) -> Ints:
    """Return an option for each unit, -1 for none."""
    if not options.units:
        return np.zeros(0, np.int64)
    plan = _Greedy(options)
    plan.sweep(options.moved == 0, announced=True)
    plan.one_by_one()
    best = np.full(options.units, np.iinfo(np.int64).max)
    np.minimum.at(best, options.unit, options.short)
    plan.sweep(options.short == best[options.unit])
    plan.fit(np.flatnonzero((plan.chosen < 0) & plan.simple))
    plan.augment(np.flatnonzero((plan.chosen < 0) & plan.simple))
    plan.make_way()
    plan.come_forward()
    return plan.chosen


class _Greedy:
    """The places that are left and the options chosen so far."""

    def __init__(self, options: Options) -> None:
        self._given = options
        self._left = options.calendar.free.copy()
        self.chosen: Ints = np.full(options.units, -1, np.int64)
        self._uses: list[list[tuple[int, int]]] = [[] for _ in range(options.units)]
        for unit, seat, count in zip(
            options.use_unit.tolist(), options.use_seat.tolist(), options.use_count.tolist(), strict=True
        ):
            self._uses[unit].append((seat, count))
        linked = np.zeros(options.units, np.bool_)
        self._guests: dict[int, list[str]] = {}
        for guest, units in options.shared.items():
            linked[units] = True
            for unit in units:
                self._guests.setdefault(unit, []).append(guest)
        self._away: dict[str, set[int]] = {guest: set() for guest in options.shared}
        places = np.bincount(options.use_unit, weights=options.use_count, minlength=options.units)
        self.simple: Flags = (places == 1) & ~linked
        self._seat = np.zeros(options.units, np.int64)
        self._seat[options.use_unit] = options.use_seat
        self._has_dates = np.array([any(options.requests[at].announced for at in unit) for unit in options.members])

    def sweep(self, allowed: Flags, *, announced: bool = False) -> None:
        """Fill the weeks in order with simple units: of a seat those that have the fewest allowed weeks left.

        With `announced` only those that were announced.
        """
        given = self._given
        among = self.simple & (self._has_dates if announced else True) & (self.chosen < 0)
        here = np.flatnonzero(allowed & among[given.unit])
        here = here[np.lexsort((given.unit[here], given.week[here]))]
        unit, week, seat = given.unit[here], given.week[here], self._seat[given.unit[here]]
        left_over = np.bincount(given.unit if announced else unit, minlength=given.units)
        ends = np.searchsorted(week, np.arange(given.calendar.weeks + 1))
        passed = _Passed(given, allowed, self.chosen)
        for number in range(given.calendar.weeks):
            now = slice(ends[number], ends[number + 1])
            waiting = np.flatnonzero(self.chosen[unit[now]] < 0) + ends[number]
            if not len(waiting):
                continue
            urgent = waiting[np.lexsort((unit[waiting], left_over[unit[waiting]], seat[waiting]))]
            seats = seat[urgent]
            rank = np.arange(len(urgent)) - np.searchsorted(seats, seats)
            taken = urgent[rank < self._left[seats, number]]
            self.chosen[unit[taken]] = here[taken]
            np.subtract.at(self._left, (seat[taken], number), 1)
            left_over[unit[waiting]] -= 1
            if not announced:
                passed.over(zip(seat[waiting].tolist(), unit[waiting].tolist(), strict=True))
                for at in passed.seats():
                    while self._left[at, number] > 0 and self._refill(at, number, passed):
                        pass

    def _refill(self, seat: int, week: int, passed: _Passed) -> bool:
        """Fill a place that no waiting visit can take, by moving others to it along a shortest chain.

        The chain ends at one who was passed over before: the weeks in use stay as early as possible, which for visits
        of one place each makes the sum of waiting least (a transversal matroid; Edmonds and Fulkerson, 1965).
        """
        came: dict[int, tuple[int, int]] = {}
        queue = deque([week])
        while queue:
            vacant = queue.popleft()
            for unit in passed.waiting(seat):
                option = passed.option(unit, vacant)
                if option >= 0:
                    self.chosen[unit] = option
                    while vacant != week:
                        other, vacant = came[vacant]
                        self.chosen[other] = passed.option(other, vacant)
                    self._left[seat, week] -= 1
                    return True
            for unit, at in passed.lodged(seat):
                if at not in came and at != week and passed.option(unit, vacant) >= 0:
                    came[at] = unit, vacant
                    queue.append(at)
        return False

    def one_by_one(self) -> None:
        """Place groups and guests with several visits: the announced first, then those with the fewest weeks."""
        given = self._given
        units = np.flatnonzero(~self.simple)
        weeks = np.diff(given.start)[units]
        self.fit(units[np.lexsort((units, weeks, ~self._has_dates[units]))])

    def fit(self, units: Iterable[int]) -> None:
        """Give each of the units, one after the other, its cheapest option that is still free."""
        given = self._given
        for unit in units:
            for option in range(int(given.start[unit]), int(given.start[unit + 1])):
                if self._fits(unit, option):
                    self._take(unit, option)
                    break

    def _fits(self, unit: int, option: int) -> bool:
        week = self._given.week[option]
        if any(self._left[seat, week] < count for seat, count in self._uses[unit]):
            return False
        guests = self._guests.get(unit)
        return not guests or not any(self._away[guest] & self._on(option) for guest in guests)

    def _on(self, option: int) -> set[int]:
        first = self._given.day(option)
        return set(range(first, first + int(self._given.length[option])))

    def _take(self, unit: int, option: int) -> None:
        week = self._given.week[option]
        for seat, count in self._uses[unit]:
            self._left[seat, week] -= count
        for guest in self._guests.get(unit, ()):
            self._away[guest] |= self._on(option)
        self.chosen[unit] = option

    def augment(self, units: Iterable[int]) -> None:
        """Give each of the units dates by moving others of its seat along a shortest chain to a week with room."""
        given = self._given
        for unit in units:
            seat = self._seat[unit]
            at_seat = np.flatnonzero(self.simple & (self._seat == seat) & (self.chosen >= 0) & ~self._has_dates)
            lodged: dict[int, list[int]] = {}
            for other in at_seat.tolist():
                lodged.setdefault(int(given.week[self.chosen[other]]), []).append(other)
            came: dict[int, tuple[int, int]] = {}
            queue: deque[int] = deque()
            self._reach(int(unit), came, queue)
            while queue:
                week = queue.popleft()
                if self._left[seat, week] > 0:
                    self._shift(week, came)
                    break
                for other in lodged.get(week, ()):
                    self._reach(other, came, queue)

    def make_way(self) -> None:
        """Move groups to later weeks where those who then come earlier gain more than the group waits."""
        given = self._given
        free = self.simple & ~self._has_dates & (self.chosen >= 0)
        lodged: dict[int, list[int]] = {}
        for unit in np.flatnonzero(free).tolist():
            lodged.setdefault(int(self._seat[unit]), []).append(unit)
        for unit in np.flatnonzero(~self.simple & ~self._has_dates & (self.chosen >= 0)).tolist():
            if len(self._uses[unit]) != 1:
                continue
            (seat, size), now = self._uses[unit][0], int(self.chosen[unit])
            week = int(given.week[now])
            comers = sorted(self._gains(lodged.get(seat, ()), week), reverse=True)[:size]
            for option in range(now + 1, int(given.start[unit + 1])):
                cost = int(given.wait[option] - given.wait[now])
                if sum(gain for gain, _, _ in comers) <= cost or given.short[option] > given.short[now]:
                    break
                if self._fits(unit, option):
                    self._move(unit, option)
                    for _, other, earlier in comers:
                        self._move(other, earlier)
                    break

    def come_forward(self) -> None:
        """Give waiting units a cheaper week that is free by now."""
        given = self._given
        later = (self.chosen > given.start[:-1]) & ~self._has_dates
        for unit in np.flatnonzero(later).tolist():
            for option in range(int(given.start[unit]), int(self.chosen[unit])):
                if self._fits(unit, option):
                    self._move(unit, option)
                    break

    def _gains(self, units: Iterable[int], week: int) -> Iterator[tuple[int, int, int]]:
        """Return the units that could come to an earlier week without losing a day: weeks gained, unit and option."""
        given = self._given
        for unit in units:
            now = int(self.chosen[unit])
            for option in range(int(given.start[unit]), now):
                if given.week[option] == week and given.short[option] == given.short[now]:
                    yield int(given.wait[now] - given.wait[option]), unit, option

    def _move(self, unit: int, option: int) -> None:
        """Give a unit another option."""
        week = self._given.week[self.chosen[unit]]
        for seat, count in self._uses[unit]:
            self._left[seat, week] += count
        for guest in self._guests.get(unit, ()):
            self._away[guest] -= self._on(int(self.chosen[unit]))
        self._take(unit, option)

    def _reach(self, unit: int, came: dict[int, tuple[int, int]], queue: deque[int]) -> None:
        """Note the weeks to which a unit could move."""
        given = self._given
        for option in range(int(given.start[unit]), int(given.start[unit + 1])):
            week = int(given.week[option])
            if week not in came:
                came[week] = unit, option
                queue.append(week)

    def _shift(self, week: int, came: dict[int, tuple[int, int]]) -> None:
        """Move all of the chain that ends in a week with room."""
        given = self._given
        self._left[self._seat[came[week][0]], week] -= 1
        while True:
            unit, option = came[week]
            before = self.chosen[unit]
            self.chosen[unit] = option
            if before < 0:
                return
            week = int(given.week[before])


class _Passed:
    """The units of a seat that were passed over in a sweep, and those that may be moved for them."""

    def __init__(self, options: Options, allowed: Flags, chosen: Ints) -> None:
        self._given, self._allowed, self._chosen = options, allowed, chosen
        self._seen: dict[int, list[int]] = {}
        self._met: set[int] = set()
        self._open: set[int] = set()
        self._weeks: dict[int, dict[int, int]] = {}

    def over(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Note the units considered in a week, by seat; those that got no place wait."""
        for seat, unit in pairs:
            if unit not in self._met:
                self._met.add(unit)
                self._seen.setdefault(seat, []).append(unit)
            if self._chosen[unit] < 0:
                self._open.add(seat)

    def seats(self) -> list[int]:
        """Return the seats with waiting units."""
        self._open = {seat for seat in self._open if self.waiting(seat)}
        return sorted(self._open)

    def waiting(self, seat: int) -> list[int]:
        """Return the units that were passed over and have no dates yet."""
        return [unit for unit in self._seen[seat] if self._chosen[unit] < 0]

    def lodged(self, seat: int) -> list[tuple[int, int]]:
        """Return the units that have a place, and their weeks."""
        return [
            (unit, int(self._given.week[self._chosen[unit]])) for unit in self._seen[seat] if self._chosen[unit] >= 0
        ]

    def option(self, unit: int, week: int) -> int:
        """Return the allowed option of a unit in a week; -1 if it has none."""
        weeks = self._weeks.get(unit)
        if weeks is None:
            own = range(int(self._given.start[unit]), int(self._given.start[unit + 1]))
            weeks = self._weeks[unit] = {
                int(self._given.week[option]): option for option in own if self._allowed[option]
            }
        return weeks.get(week, -1)
