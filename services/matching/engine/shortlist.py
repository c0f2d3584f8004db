"""Which pairs does an optimum need? Few of all: those of the best on either side, and those that the prices call in.

A flow over a short list of pairs is much cheaper than one over all; its prices, held against all pairs in one pass,
bound the best sum from above and name the pairs that could still raise it (column generation: Gilmore & Gomory, "A
linear programming approach to the cutting-stock problem", 1961; pricing of assignments: Volgenant, "Linear and
semi-assignment problems: a core oriented approach", 1996).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market import Integers, Market
from services.matching.engine.network import Limits, Prices
from services.matching.engine.scores import TIE_BITS

_SAMPLE = 1 << 18
_BLOCK = 1 << 18
_LOW_BITS = 8
_LOW_TIE = (1 << _LOW_BITS) - 1
_SMALL = 1 << 29


@dataclass(frozen=True, slots=True)
class Priced:
    """What prices say about all pairs: an upper bound of the best sum (with rewards), and the pairs that matter.

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
        pairs = market.pairs
        self._starts, self.seat, self._key = pairs.starts, pairs.seat, pairs.key
        self.people = len(market.candidates)
        self.count = len(self.seat)
        self.weight = np.empty(self.count, np.int32)
        np.add(pairs.gain, pairs.preference, out=self.weight, casting="unsafe")
        self.weight += 1
        self.heaviest = int(self.weight.max()) if self.count else 0

    def owner(self, numbers: Integers) -> Integers:
        """The candidates of these pairs."""
        return np.searchsorted(self._starts, numbers, side="right") - 1

    def tie(self, numbers: Integers) -> Integers:
        """The published tie-breaks of these pairs."""
        return self._key[numbers] & ((1 << TIE_BITS) - 1)

    def _blocks(self) -> Iterator[tuple[slice, slice, Integers]]:
        """Rows (candidates), their pairs and the lengths of the rows, about so many pairs at a time."""
        row = 0
        while row < self.people:
            end = int(np.searchsorted(self._starts, self._starts[row] + _BLOCK, side="right")) - 1
            end = min(self.people, max(row + 1, end))
            lengths = np.diff(self._starts[row : end + 1])
            yield slice(row, end), slice(int(self._starts[row]), int(self._starts[end])), lengths
            row = end

    def shortlist(self, free: Integers, best: int, per_place: int) -> Integers:
        """About the `best` pairs of each candidate and the best `per_place` times its free places of each seat.

        The bar of a row or a column is read from an even sample where there are very many pairs; equal weights stand in
        the order of their tie-breaks. The list decides only how soon the optimum is found, never which.
        """
        step = max(1, min(self.count // _SAMPLE, 2 * best // 3))
        some = np.arange(0, self.count, step)
        value = self._value(slice(None, None, step))
        of_row = _bars(self.owner(some), value, np.full(self.people, best // step + 1))
        of_seat = _bars(self.seat[some], value, per_place * free // step + 1)
        found = []
        for rows, at, lengths in self._blocks():
            value = self._value(at)
            chosen = (value >= np.repeat(of_row[rows], lengths)) | (value >= of_seat[self.seat[at]])
            found.append(at.start + np.flatnonzero(chosen))
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _value(self, at: slice) -> NDArray[np.int32]:
        """Weights, and where they are equal a few bits of the tie-break."""
        return (self.weight[at] << _LOW_BITS) | (self._key[at] & _LOW_TIE).astype(np.int32)

    def priced(self, limits: Limits, prices: Prices, reward: int, listed: Integers, near: int = 0) -> Priced:
        """Hold prices against all pairs; `listed` are the numbers of those that the prices come from.

        As many pairs a candidate as `near` says are told that leave least less than the candidate's best.
        """
        owner, place, seats = self.owner(listed), prices.place.reshape(-1), len(limits.free)
        shift = limits.country * (0 if prices.share is None else seats)
        fare = prices.country[limits.country]
        surplus = np.zeros(self.people, np.int64)
        left = self.weight[listed] - place[shift[owner] + self.seat[listed]] - fare[owner]
        np.maximum.at(surplus, owner, left)
        highest = surplus.copy()
        slack = np.sort(surplus[owner] - left)
        within = int(slack[min(near * self.people, len(slack)) - 1]) if near and len(slack) else 0
        bars = surplus + fare - within
        if max(self.heaviest, int(place.max(initial=0)), int(np.abs(bars).max(initial=0))) < _SMALL:
            place, bars = place.astype(np.int32), bars.astype(np.int32)
        found = []
        for rows, at, lengths in self._blocks():
            seat = self.seat[at]
            at_price = place[seat] if prices.share is None else place[np.repeat(shift[rows], lengths) + seat]
            found.append(at.start + np.flatnonzero(self.weight[at] - at_price >= np.repeat(bars[rows], lengths)))
        close = np.concatenate(found) if found else np.zeros(0, np.int64)
        who = self.owner(close)
        left = self.weight[close] - place[shift[who] + self.seat[close]] - fare[who]
        np.maximum.at(highest, who, left)
        bound = limits.paid(prices, reward) + int(highest.sum())
        return Priced(bound, surplus, close[left == surplus[who]], close[left > surplus[who]], close)


def _bars(group: Integers, value: NDArray[np.int32], wanted: Integers) -> Integers:
    """The value that so many of each group reach; below all values where the group has fewer."""
    order = np.sort((group << 32) | value.astype(np.int64))
    counts = np.bincount(group, minlength=len(wanted))
    place = np.cumsum(counts) - np.minimum(wanted, counts)
    reached = (
        order[np.minimum(place, max(0, len(order) - 1))] & 0xFFFFFFFF if len(order) else np.zeros(len(wanted), np.int64)
    )
    return np.where(counts >= wanted, reached, -1)
