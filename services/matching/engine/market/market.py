"""A problem made ready for the solvers: the feasible pairs and the order of each side.

Candidates and seats are sorted by id, so that no result depends on the order of arrival. Feasible pairs are kept
candidate by candidate, best first (compressed sparse rows), once they are all needed; a large market is swept instead
(`sweep.py`), and rows and columns are computed when they are needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Problem, Seat
from services.matching.engine.rules.columns import Columns
from services.matching.engine.rules.hard_rules import Feasible, HardRules
from services.matching.engine.rules.scores import TIE_BITS, Points, Scores
from shared.contracts.codes import Objective

if TYPE_CHECKING:
    from services.matching.engine.market.sweep import Sweep

Integers = NDArray[np.int64]

_BLOCK = 1 << 19
"""Pairs scored at once: small enough for the cache, large enough for numpy."""

SWEPT_FROM = 40_000
"""Candidates times seats from which on a market is swept; below, numpy is as quick and has nothing to load."""

COMPILED = find_spec("numba") is not None
"""True if there is a compiler for the sweeps."""

_NAMED = np.int64(1 << 62)
"""A seat puts a pre-matched counterpart before all others: one bit above every score."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """All feasible pairs: `starts[i]:starts[i+1]` belong to candidate i, in the order of his or her wish.

    `key` orders the candidates of a seat (greater is preferred; strict); `gain` and `preference` are the two scores.
    """

    starts: Integers
    seat: Integers
    key: Integers
    gain: Integers
    preference: Integers

    @property
    def owner(self) -> Integers:
        """The candidate of each pair."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @property
    def weight(self) -> Integers:
        """The amount that a pair adds to the sum of "most good done": both scores, and 1, since a match beats none."""
        return self.gain + self.preference + 1

    def row(self, candidate: int) -> slice:
        """Return the slice of a candidate's pairs."""
        return slice(int(self.starts[candidate]), int(self.starts[candidate + 1]))


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate's feasible seats, best first, with the key that each seat gives the candidate."""

    seats: list[int]
    keys: list[int]


@dataclass(frozen=True, slots=True)
class Column:
    """Those for whom a seat is feasible, by number: how much each wants it, and the key that it gives each.

    Greater is better in both; `wish` compares seats of one candidate only.
    """

    owner: Integers
    wish: Integers
    key: Integers


class LazyFeasible(Sequence[Feasible]):
    """The seats that the hard rules leave each candidate, computed when needed."""

    def __init__(self, rules: HardRules, candidates: Sequence[Candidate]) -> None:
        self._rules, self._candidates = rules, candidates
        self._known: dict[int, Feasible] = {}

    def __len__(self) -> int:
        return len(self._candidates)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if place not in self._known:
            self._known[place] = self._rules.ask(self._candidates[place])
        return self._known[place]

    def __iter__(self) -> Iterator[Feasible]:
        return (self[place] for place in range(len(self)))


class Market:
    """The feasible pairs of a problem with capacities, shares and quotas; solvers change nothing in it.

    `free[s]` counts the places not taken by fixed pairs, `shares[s]` the most of one country, `used[s]` the share used
    by fixed pairs, `quota[k]` what a country may still send (None: no ceiling). Countries are numbered in `country[i]`.
    """

    nearly: "Sweep | None" = None
    """The sweep of the market that this one differs from in one row, with that row instead: it can only match."""
    _row: tuple[int, Row] | None = None

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        taken = {pair.candidate_id for pair in problem.fixed}
        self.candidates: Sequence[Candidate] = sorted(
            (candidate for candidate in problem.candidates if candidate.id not in taken),
            key=lambda candidate: candidate.id,
        )
        self.seats: Sequence[Seat] = sorted(problem.seats, key=lambda seat: seat.id)
        self.rules = HardRules(problem, self.seats)
        self.scores = Scores(self.rules.rows, problem.seed)
        self.place = {candidate.id: place for place, candidate in enumerate(self.candidates)}
        self.seat_place = {seat.id: place for place, seat in enumerate(self.seats)}
        self.countries = sorted(
            {candidate.country for candidate in self.candidates} | {pair.country for pair in problem.fixed}
        )
        number = {country: place for place, country in enumerate(self.countries)}
        self.country = [number[candidate.country] for candidate in self.candidates]
        self.free = list(self.rules.free)
        self.shares = list(self.rules.shares)
        self.used = [{number[country]: count for country, count in counts.items()} for counts in self.rules.used_shares]
        self.quota = [
            None if (most := problem.rules.ceilings.get(country)) is None else most - self.rules.sent[country]
            for country in self.countries
        ]
        self.feasible = LazyFeasible(self.rules, self.candidates)

    @cached_property
    def pairs(self) -> Pairs:
        """All feasible pairs; 32 bytes each."""
        if self.sweep is not None:
            return Pairs(*self.sweep.pairs())
        return self.all_pairs()

    @cached_property
    def own_order(self) -> Integers:
        """The place of each pair in the order of its candidate, less for what is wanted more.

        Where exchanges follow lots, seats that are worth the same to a candidate share a place.
        """
        pairs = self.pairs
        places = np.arange(len(pairs.seat))
        if not self.problem.rules.exchanges or not len(places):
            return places
        wished = np.zeros(len(places), np.bool_)
        if self.problem.rules.wishes_count:
            for number, candidate in enumerate(self.candidates):
                own = {self.seat_place[seat] for seat in candidate.own_order if seat in self.seat_place}
                wished[pairs.row(number)] = [seat in own for seat in pairs.seat[pairs.row(number)].tolist()]
        owner = pairs.owner
        same = (owner[1:] == owner[:-1]) & (pairs.gain[1:] == pairs.gain[:-1]) & ~wished[1:] & ~wished[:-1]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(~same)])

    @cached_property
    def standing(self) -> Integers:
        """The value of the candidate to the seat of each pair; equals are equal where exchanges follow lots."""
        return self.standing_of(self.pairs.key)

    def standing_of(self, key: Integers) -> Integers:
        """Return what counts of keys that seats give."""
        return key >> TIE_BITS if self.problem.rules.exchanges else key

    @cached_property
    def sweep(self) -> "Sweep | None":
        """The sweep that replaces the pairs if there are many; None if they are few (or set already)."""
        few = len(self.candidates) * len(self.seats) < SWEPT_FROM
        if few or not COMPILED or "pairs" in self.__dict__:
            return None
        from services.matching.engine.market.sweep import Limits, swept  # noqa: PLC0415 - numba takes half a second to load

        limits = Limits(
            country=self.country,
            countries=len(self.countries),
            free=self.free,
            shares=self.shares,
            used=self.used,
        )
        return swept(Columns(self.rules.rows, self.candidates), self.problem, self.scores.seat_hashes, limits)

    @cached_property
    def columns(self) -> Columns:
        """The candidates' properties in numbers."""
        return Columns(self.rules.rows, self.candidates)

    @cached_property
    def left(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """The seats that each candidate may take (words of bits), and how many are left before and after each rule."""
        return self.columns.feasible()

    def all_pairs(self) -> Pairs:
        """Compute all feasible pairs with numpy: scored and sorted a block at a time."""
        people, columns, (left, _) = len(self.candidates), self.columns, self.left
        width = max(1, _BLOCK // max(1, len(self.seats)))
        named, seats = columns.named()
        blocks = []
        for low in range(0, people, width):
            high = min(people, low + width)
            mask = np.unpackbits(left[low:high].view(np.uint8), axis=1, count=len(self.seats), bitorder="little")
            first, last = np.searchsorted(named, (low, high))
            put_first = np.zeros(mask.shape, bool)
            put_first[named[first:last] - low, seats[first:last]] = True
            blocks.append(self._block(self.candidates[low:high], mask, columns.points(low, high), put_first))
        if not blocks:
            none = np.zeros(0, np.int64)
            return Pairs(np.zeros(1, np.int64), none, none, none, none)
        counts = np.concatenate([block[0] for block in blocks])
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        seat, key, gain, preference = (np.concatenate([block[part] for block in blocks]) for part in range(1, 5))
        return Pairs(starts, seat, key, gain, preference)

    def _block(
        self, candidates: Sequence[Candidate], mask: NDArray[np.uint8], points: Points, put_first: NDArray[np.bool_]
    ) -> tuple[Integers, ...]:
        row, seat = np.nonzero(mask)
        gains, preferences = self.scores.totals(points)
        gain, preference = gains[row, seat], preferences[row, seat]
        own_tie, seat_tie = self.scores.ties(candidates)
        wanted = gain
        if self.problem.rules.wishes_count:
            wanted = self.problem.rules.wanted(gain, self.scores.wishes(candidates)[row, seat])
        own = (wanted << TIE_BITS) | own_tie[row, seat]
        valued = preference
        if self.problem.rules.choices_count:
            valued = self.problem.rules.valued(preference, self.scores.choices(candidates)[row, seat])
        key = (valued << TIE_BITS) | seat_tie[row, seat]
        key |= np.where(put_first[row, seat], _NAMED, np.int64(0))
        order = np.lexsort((-own, row))
        counts = np.bincount(row, minlength=len(candidates)).astype(np.int64)
        return counts, seat[order], key[order], gain[order], preference[order]

    @cached_property
    def rows(self) -> list[Row]:
        """The pairs as plain lists, one row a candidate: the fastest form for a solver in Python."""
        seats, keys, starts = self.pairs.seat.tolist(), self.pairs.key.tolist(), self.pairs.starts.tolist()
        return [Row(seats[at:end], keys[at:end]) for at, end in pairwise(starts)]

    def row(self, candidate: int) -> Row:
        """Return the pairs of one candidate (number)."""
        if self.sweep is None or "rows" in self.__dict__:
            return self.rows[candidate]
        if self._row is None or self._row[0] != candidate:
            own = self.row_of(self.candidates[candidate])
            self._row = candidate, Row(own.seat.tolist(), own.key.tolist())
        return self._row[1]

    def column(self, seat: int) -> Column:
        """Return the pairs of one seat (number)."""
        if self.sweep is not None:
            return Column(*self.sweep.column(seat))
        at = np.flatnonzero(self.pairs.seat == seat)
        return Column(np.searchsorted(self.pairs.starts, at, side="right") - 1, -at, self.pairs.key[at])

    def terms_of(self, assigned: Sequence[int]) -> Column:
        """Return the value of each candidate's seat (number; below 0: none) to both: one entry a candidate, in order.

        Wishes compare with those of columns; a wish for no seat is below all.
        """
        people = len(self.candidates)
        if self.sweep is not None:
            return Column(np.arange(people), *self.sweep.terms_of(assigned))
        pairs, owner = self.pairs, self.pairs.owner
        at = np.flatnonzero(np.array(assigned, np.int64)[owner] == pairs.seat)
        wish, key = np.full(people, -len(owner) - 1), np.full(people, -1)
        wish[owner[at]], key[owner[at]] = -at, pairs.key[at]
        return Column(np.arange(people), wish, key)

    def at_ceiling(self, assigned: Sequence[int]) -> list[int]:
        """Return the countries (numbers) that may send nobody more."""
        country = np.array(self.country, np.int64)
        sent = np.bincount(country[np.array(assigned, np.int64) >= 0], minlength=len(self.countries))
        return [place for place, most in enumerate(self.quota) if most is not None and sent[place] >= most]

    def row_of(self, candidate: Candidate) -> Pairs:
        """Return the feasible pairs of a candidate (maybe changed) alone; no other row depends on it."""
        width = -(-len(self.seats) // 8)
        bits = np.frombuffer(self.rules.ask(candidate).seats.to_bytes(width, "little"), np.uint8)
        mask = np.unpackbits(bits, count=len(self.seats), bitorder="little")[None, :]
        counts, *parts = self._block([candidate], mask, self.scores.points([candidate]), self.scores.named([candidate]))
        return Pairs(np.array([0, counts[0]], np.int64), *parts)

    def with_candidate(self, candidate: Candidate) -> "Market":
        """Return the market with one candidate of the same id and country changed.

        Equal to a newly built market (`tests/unit/matching/engine`), at the cost of one row.
        """
        at = self.place[candidate.id]
        other = self._copy()
        other.candidates = [*self.candidates[:at], candidate, *self.candidates[at + 1 :]]
        other.feasible = LazyFeasible(self.rules, other.candidates)
        own = self.row_of(candidate)
        rules = self.problem.rules
        if self.sweep is not None and rules.objective is Objective.STABLE and not rules.exchanges:
            other.nearly = self.sweep.with_row(at, own.seat, own.key)
            return other
        old = self.pairs
        cut = old.row(at)
        spliced = [
            np.concatenate([before[: cut.start], new, before[cut.stop :]])
            for before, new in (
                (old.seat, own.seat),
                (old.key, own.key),
                (old.gain, own.gain),
                (old.preference, own.preference),
            )
        ]
        starts = old.starts.copy()
        starts[at + 1 :] += len(own.seat) - (cut.stop - cut.start)
        other.pairs = Pairs(starts, *spliced)
        if "rows" in self.__dict__:
            rows = list(self.rows)
            rows[at] = Row(own.seat.tolist(), own.key.tolist())
            other.rows = rows
        return other

    def with_places(self, seat: int, more: int) -> "Market":
        """Return the market with more places at a seat (its number)."""
        changed = replace(self.seats[seat], capacity=self.seats[seat].capacity + more)
        if self.free[seat] == 0 or self.used[seat]:
            seats = tuple(changed if seat.id == changed.id else seat for seat in self.problem.seats)
            return Market(replace(self.problem, seats=seats))
        other = self._copy()
        other.__dict__.update({name: self.__dict__[name] for name in ("pairs", "rows") if name in self.__dict__})
        other.free = list(self.free)
        other.free[seat] += more
        other.shares = list(self.shares)
        other.shares[seat] = self.rules.share_of(changed)
        if self.sweep is not None:
            other.sweep = self.sweep.with_limits(other.free, other.shares)
        return other

    def _copy(self) -> "Market":
        other = object.__new__(Market)
        kept = self.__dict__.keys() - {
            "pairs",
            "rows",
            "sweep",
            "nearly",
            "_row",
            "columns",
            "left",
            "own_order",
            "standing",
        }
        other.__dict__.update({name: self.__dict__[name] for name in kept})
        return other
