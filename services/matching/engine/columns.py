"""Which pairs does an optimum need? Few of all: those of the best on either side, and those that the prices call in.

A flow over a short list of pairs is much cheaper than one over all; its prices, held against all pairs in one pass, bound
the best sum from above and name the pairs that could still raise it (column generation: Gilmore & Gomory, "A linear
programming approach to the cutting-stock problem", 1961; pricing for assignment problems: Volgenant, "Linear and
semi-assignment problems: a core oriented approach", 1996).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market import Integers, Market
from services.matching.engine.network import Limits, Prices
from services.matching.engine.scores import TIE_BITS

BEST_OF_CANDIDATE = 16
BEST_PER_PLACE = 8
_SAMPLE = 1 << 20
_BLOCK = 1 << 18
_LOW_TIE = 255


@dataclass(frozen=True, slots=True)
class Priced:
    """What prices say about all pairs: an upper bound of the best sum (with rewards), and the pairs that matter.

    `surplus` is what each candidate is left with of his or her best listed pair; `tight` are pairs that leave just as
    much, `better` those that would leave more.
    """

    bound: int
    surplus: Integers
    tight: Integers
    better: Integers


class Columns:
    """All pairs of a market with their weights; a pair is known by its number."""

    def __init__(self, market: Market) -> None:
        pairs = market.pairs
        self._starts, self.seat, self._key = pairs.starts, pairs.seat, pairs.key
        self.people = len(market.candidates)
        self.weight: Integers = pairs.gain + pairs.preference + 1
        self.count = len(self.seat)
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

    def shortlist(self, free: Integers, best: int = BEST_OF_CANDIDATE, per_place: int = BEST_PER_PLACE) -> Integers:
        """About the `best` pairs of each candidate and the best `per_place` times its free places of each seat.

        The bar of a row or a column is read from an even sample where there are very many pairs; equal weights stand in
        the order of their tie-breaks. The list decides only how soon the optimum is found, never which.
        """
        step = max(1, self.count // _SAMPLE)
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

    def _value(self, at: slice) -> Integers:
        """Weights, and where they are equal a few bits of the tie-break."""
        return (self.weight[at] << 8) | (self._key[at] & _LOW_TIE)

    def priced(self, limits: Limits, prices: Prices, listed: Integers) -> Priced:
        """Hold prices against all pairs; `listed` are the numbers of those that the prices come from."""
        owner = self.owner(listed)
        place, seats = prices.place.reshape(-1), len(limits.free)
        shift = limits.country * (0 if prices.share is None else seats)
        fare = prices.country[limits.country]
        surplus = np.zeros(self.people, np.int64)
        left = self.weight[listed] - place[shift[owner] + self.seat[listed]] - fare[owner]
        np.maximum.at(surplus, owner, left)
        highest = surplus.copy()
        tight, better = [], []
        for rows, at, lengths in self._blocks():
            left = self.weight[at] - place[np.repeat(shift[rows], lengths) + self.seat[at]]
            bar = np.repeat(surplus[rows] + fare[rows], lengths)
            near = np.flatnonzero(left >= bar)
            over = left[near] > bar[near]
            tight.append(at.start + near[~over])
            better.append(at.start + near[over])
            if over.any():
                beyond = at.start + near[over]
                who = self.owner(beyond)
                np.maximum.at(highest, who, left[near[over]] - fare[who])
        bound = int(prices.seat @ limits.free + highest.sum())
        if prices.share is not None and limits.left is not None:
            bound += int((prices.share * limits.left).sum())
        bound += int(limits.floors @ np.maximum(0, limits.reward + prices.country))
        bound += int(limits.rest @ np.maximum(0, prices.country))
        none = np.zeros(0, np.int64)
        return Priced(bound, surplus, np.concatenate([none, *tight]), np.concatenate([none, *better]))


def _bars(group: Integers, value: Integers, wanted: NDArray[np.int64]) -> Integers:
    """The value that so many of each group reach; below all values where the group has fewer."""
    order = np.sort((group << 32) | value)
    counts = np.bincount(group, minlength=len(wanted))
    place = np.cumsum(counts) - np.minimum(wanted, counts)
    reached = order[np.minimum(place, max(0, len(order) - 1))] & 0xFFFFFFFF if len(order) else np.zeros(len(wanted), np.int64)
    return np.where(counts >= wanted, reached, -1)
