"""Find the best plan and prove it: an integer programme for each bundle of linked visits, solved by HiGHS in two steps.

Choose at most one option a unit, within the places of each seat and week, and no guest twice on a day. Only what is
scarce becomes a row, and visits that share no scarce row are solved apart. In the first step the cost is visits without
dates before days that are missing; in the second, among the best plans of the first, visits moved before weeks of
waiting. Both are whole numbers. The linear relaxation is nearly always whole, since without groups and guests with
several visits it is a transportation problem (Hoffman and Kruskal, 1956); then its dual is the proof, and the second
step keeps to the face of its optima. Only if it is not whole, HiGHS branches.

A unit with k - 1 units beside it at its seats, or of its guests, needs no more than its k cheapest options: each of the
others is in one week, so one of the k weeks is free.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic

import numpy as np

from services.matching.engine.schedule.calendar import Flags, Ints
from services.matching.engine.schedule.milp import Choice, cheapest
from services.matching.engine.schedule.options import Cost, Options

_BUNDLE = 200
"""So many units are solved together at least, if there are as many: few calls, and often a look at the clock."""
_WEEKDAYS = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of the search: units done, of how many."""

    done: int
    units: int


@dataclass(frozen=True, slots=True)
class Best:
    """The best choice found (an option for each unit, -1 for none), and a lower bound of the cost.

    The choice is proven optimal if its cost is the bound.
    """

    chosen: Ints
    bound: Cost


def _always(_: Progress) -> bool:
    return True


def optimum(options: Options, start: Ints, *, seconds: float, goes_on: Callable[[Progress], bool] = _always) -> Best:
    """Return the best plan, from a first one, within so many seconds.

    `goes_on` is called with the progress, and ends the search early by returning False. Unproven parts are then as in
    the first plan or better, and the bound says how much better a plan could be.
    """
    until = monotonic() + seconds
    rows = _Rows.of(options, _needed(options))
    label = rows.linked(options.units)
    alone = np.flatnonzero(label < 0)
    chosen = start.copy()
    chosen[alone] = np.where(np.diff(options.start)[alone] > 0, options.start[alone], -1)
    bound = options.cost(chosen[alone], alone)
    done = len(alone)
    for units in _bundles(label):
        progress = Progress(done, options.units)
        if monotonic() < until and goes_on(progress):
            took, low = _solve(options, rows, units, chosen[units], until, partial(goes_on, progress))
            chosen[units] = took
            bound = bound.plus(low)
        done += len(units)
    return Best(chosen, bound)


def _needed(options: Options) -> Flags:
    """Return the options that some best plan may need: as many of the cheapest as units may be in the way, and one."""
    at_seat = np.bincount(options.use_seat, minlength=options.calendar.free.shape[0])
    many = np.bincount(options.use_unit, weights=at_seat[options.use_seat] - 1, minlength=options.units).astype(
        np.int64
    )
    for units in options.shared.values():
        many[units] += len(units) - 1
    rank = np.arange(len(options.unit)) - options.start[options.unit]
    needed: Flags = rank <= many[options.unit]
    return needed


@dataclass(frozen=True, slots=True)
class _Rows:
    """The scarce resources: options that use a row, by which amount, and the capacity of each row."""

    kept: Flags
    option: Ints
    unit: Ints
    row: Ints
    amount: Ints
    capacity: Ints

    @classmethod
    def of(cls, options: Options, kept: Flags) -> "_Rows":
        """Return the rows of places by seat and week, and of days by guest, that do not have room for all."""
        weeks, seats = options.calendar.weeks, options.calendar.free.shape[0]
        uses = np.bincount(options.use_unit, minlength=options.units)
        begin = np.cumsum(uses) - uses
        at = np.flatnonzero(kept)
        repeats = uses[options.unit[at]]
        option = np.repeat(at, repeats)
        within = np.arange(len(option)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        use = begin[options.unit[option]] + within
        row = options.use_seat[use] * weeks + options.week[option]
        amount = options.use_count[use]
        capacity = options.calendar.free.ravel()
        days = [_days_of(options, kept, units) for units in options.shared.values()]
        if days:
            wide = weeks * _WEEKDAYS
            option = np.concatenate([option, *(choice for choice, _ in days)])
            row = np.concatenate([row, *(seats * weeks + number * wide + day for number, (_, day) in enumerate(days))])
            amount = np.concatenate([amount, np.ones(len(option) - len(amount), np.int64)])
            capacity = np.concatenate([capacity, np.ones(len(days) * wide, np.int64)])
        scarce = np.bincount(row, weights=amount, minlength=len(capacity)) > capacity
        here = scarce[row]
        return cls(kept, option[here], options.unit[option[here]], row[here], amount[here], capacity)

    def linked(self, units: int) -> Ints:
        """Return by unit the smallest number of the units that it is linked with by scarce rows.

        -1 if it is in none.
        """
        label = np.arange(units)
        names, row = np.unique(self.row, return_inverse=True)
        while True:
            least = np.full(len(names), units)
            np.minimum.at(least, row, label[self.unit])
            after = label.copy()
            np.minimum.at(after, self.unit, least[row])
            after = after[after]
            if (after == label).all():
                break
            label = after
        meets = np.zeros(units, np.bool_)
        meets[self.unit] = True
        return np.where(meets, label, -1)


def _days_of(options: Options, kept: Flags, units: list[int]) -> tuple[Ints, Ints]:
    """Return options of a guest's units, each with every day that it takes."""
    at = np.concatenate([np.arange(options.start[unit], options.start[unit + 1]) for unit in units])
    at = at[kept[at]]
    option = np.repeat(at, options.length[at])
    within = np.arange(len(option)) - np.repeat(np.cumsum(options.length[at]) - options.length[at], options.length[at])
    return option, options.week[option] * _WEEKDAYS + options.offset[option] + within


def _bundles(label: Ints) -> Iterator[Ints]:
    """Yield the bundles: linked units stay together; small sets are solved together."""
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    ends = np.flatnonzero(np.diff(label[order], append=-1)) + 1
    begin = 0
    for end in ends.tolist():
        if end - begin >= _BUNDLE or end == len(order):
            yield np.sort(order[begin:end])
            begin = end


def _solve(
    options: Options, rows: _Rows, units: Ints, start: Ints, until: float, goes_on: Callable[[], bool]
) -> tuple[Ints, Cost]:
    """Return the best options of a bundle, and the bound of their cost."""
    local = np.full(options.units, -1, np.int64)
    local[units] = np.arange(len(units))
    at = np.flatnonzero(rows.kept & (local[options.unit] >= 0))
    place = np.full(len(options.unit), -1, np.int64)
    place[at] = np.arange(len(at))
    entry = np.flatnonzero(local[rows.unit] >= 0)
    names, row = np.unique(rows.row[entry], return_inverse=True)
    unit, size = local[options.unit[at]], options.size[units]
    dearest = _dearest(options.short[at], unit, len(units))
    farthest = _dearest(options.wait[at], unit, len(units))
    first = Choice(
        unit=unit,
        cost=options.short[at],
        none=size * (dearest + 1),
        entry_option=place[rows.option[entry]],
        entry_row=row,
        entry_amount=rows.amount[entry],
        capacity=rows.capacity[names],
    )
    # An option that was pruned may stand in the first plan: its unit then takes none, until the search says better.
    begun = np.where(start >= 0, place[np.maximum(start, 0)], -1)
    found = cheapest(first, begun, until, goes_on)
    unscheduled, short = divmod(found.bound, dearest + 1)
    low = Cost(unscheduled, short)
    if found.proven:
        second = found.within(first, options.moved[at] * (farthest + 1) + options.wait[at], np.zeros_like(size))
        found = cheapest(second, found.chosen, until, goes_on)
        moved, wait = divmod(found.bound, farthest + 1)
        low = Cost(unscheduled, short, moved, wait)
    took = np.where(found.chosen >= 0, at[np.maximum(found.chosen, 0)], -1)
    return (took if options.cost(took, units) <= options.cost(start, units) else start), low


def _dearest(cost: Ints, unit: Ints, units: int) -> int:
    """Return the most that a choice of one option a unit could cost."""
    most = np.zeros(units, np.int64)
    np.maximum.at(most, unit, cost)
    return int(most.sum())
