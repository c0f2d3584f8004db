"""Choose the few pairs that an optimum needs: the best on either side, and those that the prices add.

A flow over a short list of pairs is much cheaper than one over all; its prices, compared with all pairs in one pass,
bound the best sum from above and name the pairs that could still raise it (column generation: Gilmore & Gomory, "A
linear programming approach to the cutting-stock problem", 1961; pricing of assignments: Volgenant, "Linear and
semi-assignment problems: a core oriented approach", 1996).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market.market import Integers, Market
from services.matching.engine.optimal.network import Limits, Prices
from services.matching.engine.rules.scores import TIE_BITS

_SAMPLE = 1 << 20
_COARSEST = 32
_EXACT = 1 << 18
_BLOCK = 1 << 18
_SPREAD_BITS = 8
_ODD = np.uint32(2_654_435_761)
_SMALL = 1 << 29


@dataclass(frozen=True, slots=True)
class Priced:
    """The effect of prices on all pairs: an upper bound of the best sum (with rewards), and the pairs that matter.

    `surplus` is what each candidate is left with of his or her best listed pair; `tight` are pairs that leave just as
    much, `better` those that would leave more, `near` those that leave little less.
    """

    bound: int
    surplus: Integers
    tight: Integers
    better: Integers
    near: Integers


class PairTable:
    """All pairs of a market with their weights; a pair is known by its number."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.people = len(market.candidates)
        self.swept = market.sweep is not None
        if market.sweep is not None:
            self._starts, self._seat, self._weight = market.sweep.weights()
        else:
            pairs = market.pairs
            self._starts, self._seat = pairs.starts, pairs.seat
            self._weight = np.empty(len(pairs.seat), np.int32)
            np.add(pairs.gain, pairs.preference, out=self._weight, casting="unsafe")
            self._weight += 1
        self.count = len(self._seat)
        self.heaviest = int(self._weight.max()) if self.count else 0

    def rows(self, numbers: Integers) -> Integers:
        """Return where the pairs of each candidate start among these, which are in order."""
        return self._starts if len(numbers) == self.count else np.searchsorted(numbers, self._starts)

    def owner(self, numbers: Integers) -> Integers:
        """Return the candidates of these pairs, which are in order."""
        return np.repeat(np.arange(self.people), np.diff(self.rows(numbers)))

    def seat(self, numbers: "Integers | slice") -> Integers:
        """Return the seats of these pairs."""
        return self._seat[numbers].astype(np.int64)

    def weight(self, numbers: "Integers | slice") -> Integers:
        """Return what these pairs add to the sum."""
        return self._weight[numbers].astype(np.int64)

    def tie(self, numbers: Integers) -> Integers:
        """Return the published tie-breaks of these pairs."""
        if self._market.sweep is not None:
            return self._market.sweep.ties(self.owner(numbers), self.seat(numbers))
        return self._market.pairs.key[numbers] & ((1 << TIE_BITS) - 1)

    def blocks(self) -> Iterator[tuple[slice, slice, Integers]]:
        """Yield rows (candidates), their pairs and the lengths of the rows, about so many pairs at a time."""
        row = 0
        while row < self.people:
            end = int(np.searchsorted(self._starts, self._starts[row] + _BLOCK, side="right")) - 1
            end = min(self.people, max(row + 1, end))
            lengths = np.diff(self._starts[row : end + 1])
            yield slice(row, end), slice(int(self._starts[row]), int(self._starts[end])), lengths
            row = end

    def shortlist(self, free: Integers, best: int, per_place: int) -> Integers:
        """Return about the `best` pairs of each candidate and the best `per_place` times its free places of each seat.

        The bar of a row or a column is read from a sample if there are very many pairs; equal weights are in no order
        of their own. The list affects only how soon the optimum is found, never which.
        """
        step = max(1, min(self.count // _SAMPLE, _COARSEST))
        some = _sample(self.count, step)
        of_seat = _bars(self.seat(some), _spread(self._weight[some]), per_place * free // step + 1)
        step = max(1, min(self.count // _EXACT, 2 * best // 3))
        found = []
        for _, at, lengths in self.blocks():
            value = _spread(self._weight[at])
            some = _sample(len(value), step)
            starts = np.concatenate([[0], np.cumsum(lengths)])
            owner = np.repeat(np.arange(len(lengths)), np.diff(np.searchsorted(some, starts)))
            of_row = _bars(owner, value[some], np.full(len(lengths), best // step + 1))
            chosen = (value >= np.repeat(of_row, lengths)) | (value >= of_seat[self._seat[at].astype(np.intp)])
            found.append(at.start + np.flatnonzero(chosen))
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def priced(self, limits: Limits, prices: Prices, reward: int, listed: Integers, near: int = 0) -> Priced:
        """Apply prices to all pairs; `listed` are the numbers of those that the prices come from.

        As many pairs a candidate as `near` says are returned that leave least less than the candidate's best.
        """
        owner, place, seats = self.owner(listed), prices.place.reshape(-1), len(limits.free)
        shift = limits.country * (0 if prices.share is None else seats)
        fare = prices.country[limits.country]
        surplus = np.zeros(self.people, np.int64)
        left = self.weight(listed) - place[shift[owner] + self.seat(listed)] - fare[owner]
        np.maximum.at(surplus, owner, left)
        if len(listed) == self.count:
            bound = limits.paid(prices, reward) + int(surplus.sum())
            return Priced(bound, surplus, listed[left == surplus[owner]], listed[:0], listed)
        highest, within = surplus.copy(), 0
        if near and len(listed):
            slack = np.sort(surplus[owner] - left)
            within = int(slack[min(near * self.people, len(slack)) - 1])
        bars = surplus + fare - within
        if max(self.heaviest, int(place.max(initial=0)), int(np.abs(bars).max(initial=0))) < _SMALL:
            place, bars = place.astype(np.int32), bars.astype(np.int32)
        found = []
        for rows, at, lengths in self.blocks():
            seat = self._seat[at].astype(np.intp)
            at_price = place[seat] if prices.share is None else place[np.repeat(shift[rows], lengths) + seat]
            found.append(at.start + np.flatnonzero(self._weight[at] - at_price >= np.repeat(bars[rows], lengths)))
        close = np.concatenate(found) if found else np.zeros(0, np.int64)
        who = self.owner(close)
        left = self.weight(close) - place[shift[who] + self.seat(close)] - fare[who]
        np.maximum.at(highest, who, left)
        bound = limits.paid(prices, reward) + int(highest.sum())
        return Priced(bound, surplus, close[left == surplus[who]], close[left > surplus[who]], close)


def _sample(count: int, step: int) -> Integers:
    """Return places from 0 to the count, one in `step` on average.

    Unevenly, or they would hit the same seats in each row.
    """
    some = np.arange(0, count, step)
    some += np.minimum(_scattered(len(some)) % np.uint32(step), count - 1 - some)
    return some


def _spread(weight: NDArray[Any]) -> NDArray[np.int32]:
    """Return weights in which a few bits spread the choice over pairs of equal weight."""
    value = weight.astype(np.int32)
    value <<= _SPREAD_BITS
    value |= _scattered(len(weight)).astype(np.int32)
    return value


def _scattered(count: int) -> NDArray[np.uint32]:
    """Return numbers of `_SPREAD_BITS` bits in no order.

    This is Knuth's multiplicative hash ("Sorting and Searching", 1973, 6.4).
    """
    return np.arange(count, dtype=np.uint32) * _ODD >> np.uint32(32 - _SPREAD_BITS)


def _bars(group: Integers, value: NDArray[np.int32], wanted: Integers) -> NDArray[np.int32]:
    """Return the value that so many of each group reach; below all values if the group has fewer."""
    order = np.sort((group << 32) | value.astype(np.int64))
    counts = np.bincount(group, minlength=len(wanted))
    place = np.cumsum(counts) - np.minimum(wanted, counts)
    reached = (
        order[np.minimum(place, max(0, len(order) - 1))] & 0xFFFFFFFF if len(order) else np.zeros(len(wanted), np.int64)
    )
    return np.where(counts >= wanted, reached, -1).astype(np.int32)
