"""Find the highest sum of points with at most so many blocking pairs, by an integer program with a proven bound.

A pair blocks unless the candidate has this seat or a better one, the seat is full of candidates whom it prefers, or the
country's share of it is. Each of these is a column or a sum of columns, so the number of blocking pairs is a sum as
well. The rows of stable admissions (Baïou & Balinski, "The stable admissions polytope", 2000) are relaxed by a column
that counts; to find a matching of most points with few blocking pairs is NP-hard (Biró, Manlove & Mittal, "Size versus
stability in the marriage problem", 2010).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from services.matching.engine.explain.prices import blocking_of
from services.matching.engine.interventions.integer_program import Program, Solved
from services.matching.engine.market.market import Integers, Market
from services.matching.engine.optimal.network import Limits
from services.matching.engine.stable.deferred_acceptance import UNMATCHED

MOST_ENTRIES = 400_000
"""So many factors in all rows are solved within seconds; a larger program is not begun."""


def entries(market: Market) -> int:
    """Return about how many factors the rows of the program of a market have."""
    seats = np.bincount(market.pairs.seat, minlength=len(market.seats))
    rows = np.diff(market.pairs.starts)
    return int((rows * rows).sum() // 2 + 8 * seats.sum())


@dataclass(frozen=True, slots=True)
class _Line:
    """The pairs of a seat, or of one country there, best first: columns of their sums, and of those that are full."""

    pairs: Sequence[int]
    sums: Sequence[int]
    full: Mapping[int, int]
    as_good: Sequence[int]
    """For each pair the place of the last other one that the seat values at least as much; -1 if there is none."""
    places: int


class BoundedProgram:
    """The integer program of a market, to be solved for a limit of blocking pairs."""

    def __init__(self, market: Market, least: Integers) -> None:
        """Build the program; `least` is how many of each country go at least."""
        self._market = market
        self._program = Program()
        pairs = market.pairs
        self._owner, self._seat = pairs.owner.tolist(), pairs.seat.tolist()
        self._pair = [self._program.column(weight, 1) for weight in pairs.weight.tolist()]
        self._blocks = [self._program.column(0, 1) for _ in self._pair]
        self._full: dict[int, int] = {}
        self._share_full: dict[int, int] = {}
        self._lines: list[_Line] = []
        self._stopped: dict[int, int] = {}
        self._at_ceiling: dict[int, int] = {}
        limits = Limits(market, floors=False)
        self._limit_people(limits, least)
        self._limit_seats(limits)
        self._count_blocking()

    def _limit_people(self, limits: Limits, least: Integers) -> None:
        """Give each candidate one seat at most, and each country what it may and must send."""
        market, row = self._market, self._program.row
        of_country: dict[int, list[int]] = defaultdict(list)
        for candidate, (begin, end) in enumerate(pairwise(market.pairs.starts.tolist())):
            if begin < end:
                row(dict.fromkeys(self._pair[begin:end], 1), 0, 1)
                of_country[market.country[candidate]] += self._pair[begin:end]
        for country, columns in sorted(of_country.items()):
            most = int(limits.rest[country])
            if most < len(columns) or least[country]:
                row(dict.fromkeys(columns, 1), int(least[country]), most)
            if market.quota[country] is not None:
                # Nobody without a seat blocks whose country may send nobody more.
                full = self._at_ceiling[country] = self._program.column(0, 1)
                row({**dict.fromkeys(columns, 1), full: -most}, 0, len(columns))

    def _limit_seats(self, limits: Limits) -> None:
        """Keep the places of each seat and each country's share of it, and mark which are full of better ones."""
        market, row = self._market, self._program.row
        at_seat: dict[int, list[int]] = defaultdict(list)
        for at in np.argsort(-market.pairs.key, kind="stable").tolist():
            at_seat[self._seat[at]].append(at)
        for seat, line in sorted(at_seat.items()):
            places = market.free[seat]
            row({self._pair[at]: 1 for at in line}, 0, places)
            self._mark(self._full, line, places)
            if limits.left is None:
                continue
            of_country: dict[int, list[int]] = defaultdict(list)
            for at in line:
                of_country[market.country[self._owner[at]]].append(at)
            for country, own in sorted(of_country.items()):
                share = int(limits.left[country, seat])
                if share < places:
                    row({self._pair[at]: 1 for at in own}, 0, share)
                    self._mark(self._share_full, own, share)

    def _mark(self, full: dict[int, int], line: Sequence[int], places: int) -> None:
        """Add a column for each pair of a line (best first) that may be 1 if those before it fill all places.

        How many have a place up to each pair is a column as well, so that the rows are short.
        """
        program, sums = self._program, list[int]()
        as_good = _last_as_good([int(self._market.standing[at]) for at in line])
        for rank, at in enumerate(line):
            sums.append(program.column(0, places))
            before = {sums[-2]: 1} if rank else {}
            program.row({**before, self._pair[at]: 1, sums[-1]: -1}, 0, 0)
        for at, last in zip(line, as_good, strict=True):
            if last + 1 >= places:
                full[at] = program.column(0, 1)
                program.row({sums[last]: 1, full[at]: -places}, 0, places)
        self._lines.append(_Line(line, sums, full, as_good, places))

    def _count_blocking(self) -> None:
        market, row = self._market, self._program.row
        for candidate, (begin, end) in enumerate(pairwise(market.pairs.starts.tolist())):
            own = self._pair[begin:end]
            country = market.country[candidate]
            stopped: dict[int, int] = {}
            if begin < end and country in self._at_ceiling:
                column = self._stopped[candidate] = self._program.column(0, 1)
                row({column: -1, self._at_ceiling[country]: 1}, 0, 1)
                row({**dict.fromkeys(own, 1), column: 1}, 0, 1)
                stopped = {column: 1}
            order = market.own_order[begin:end]
            for at, as_good in zip(range(begin, end), np.searchsorted(order, order, side="right"), strict=True):
                factors = {**dict.fromkeys(own[:as_good], 1), self._blocks[at]: 1, **stopped}
                for full in (self._full, self._share_full):
                    if at in full:
                        factors[full[at]] = 1
                row(factors, 1, 4 + len(own))

    def solve(self, limit: int, start: Sequence[int], seconds: float) -> tuple[list[int], int]:
        """Return the seats of a highest sum with at most `limit` blocking pairs, and a bound for its sum.

        `start` is an allowed matching; after `seconds` the best so far is returned.
        """
        self._program.row(dict.fromkeys(self._blocks, 1), 0, limit)
        try:
            solved: Solved = self._program.solve(self._values(start), seconds)
        finally:
            self._program.drop_row()
        assigned = [UNMATCHED] * len(self._market.candidates)
        for at, column in enumerate(self._pair):
            if solved.values[column]:
                assigned[self._owner[at]] = self._seat[at]
        return assigned, solved.bound

    def _values(self, assigned: Sequence[int]) -> list[int]:
        """Return the value of each column for a matching."""
        market, values = self._market, [0] * self._program.columns
        for at, column in enumerate(self._pair):
            values[column] = int(assigned[self._owner[at]] == self._seat[at])
        for line in self._lines:
            counts = np.cumsum([values[self._pair[at]] for at in line.pairs]).tolist()
            for at, column, count, last in zip(line.pairs, line.sums, counts, line.as_good, strict=True):
                values[column] = count
                if at in line.full:
                    values[line.full[at]] = int(counts[last] >= line.places)
        stops = set(market.at_ceiling(assigned))
        for country, column in self._at_ceiling.items():
            values[column] = int(country in stops)
        for candidate, column in self._stopped.items():
            values[column] = int(assigned[candidate] == UNMATCHED and market.country[candidate] in stops)
        self._mark_blocking(assigned, values)
        return values

    def _mark_blocking(self, assigned: Sequence[int], values: list[int]) -> None:
        """Set the columns of the pairs that block, once all others have their values."""
        market = self._market
        blocking = blocking_of(market, list(assigned)) > 0
        for candidate, (begin, end) in enumerate(pairwise(market.pairs.starts.tolist())):
            if not blocking[candidate]:
                continue
            stopped = values[self._stopped[candidate]] if candidate in self._stopped else 0
            order = market.own_order[begin:end].tolist()
            own = [place for place, at in enumerate(range(begin, end)) if assigned[candidate] == self._seat[at]]
            reached = order[own[0]] if own else order[-1] + 1
            for at in range(begin, begin + order.index(reached) if own else end):
                refused = stopped + sum(values[full[at]] for full in (self._full, self._share_full) if at in full)
                values[self._blocks[at]] = int(not refused)


def _last_as_good(standing: Sequence[int]) -> list[int]:
    """Return for each place in a line, best first, the last other one before it or equal to it; -1 if there is none."""
    found: list[int] = []
    last = len(standing) - 1
    for rank in range(len(standing) - 1, -1, -1):
        if standing[rank] != standing[last]:
            last = rank
        alone = last == rank and (rank == 0 or standing[rank - 1] != standing[rank])
        found.append(rank - 1 if alone else last)
    return found[::-1]
