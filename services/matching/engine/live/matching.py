"""Apply one event to a matching, with the result of a run from scratch at the cost of a chain.

Arrivals and lost places continue deferred acceptance (candidates only lose by them); departures and new places are
vacancy chains, after which rotations are applied until no candidate can do better (candidates only gain). A change that
is both is done as both, one after the other. So it is with a stable matching; one of the highest sum
(`incremental/best.py`) takes a shortest path for each.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from services.matching.engine.incremental.best import Best
from services.matching.engine.incremental.book import NOWHERE, SCORE_BITS, Book
from services.matching.engine.incremental.updates import Terms, improve, resize
from services.matching.engine.kernels.exchange import GONE
from services.matching.engine.market.market import COMPILED, SWEPT_FROM
from services.matching.engine.matching import Pair
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Seat
from services.matching.engine.rules.hard_rules import share_of
from services.matching.engine.rules.pairing import Pairing
from services.matching.engine.rules.properties import Numbers
from shared.contracts.codes import Objective

MOST_PAIRS = 60_000_000
"""Of more pairs (candidates times seats) the arrays would take above 1.2 GB."""


@dataclass(frozen=True, slots=True)
class Move:
    """One candidate's provisional seat before and after an event (ids; None: no seat)."""

    candidate_id: str
    before: str | None
    after: str | None


def can_follow(problem: Problem) -> bool:
    """Return whether a matching can be followed event by event.

    It has no more pairs than there is room for, and all in the pool are single; one of the highest sum is followed if
    no share of a country can bind (and with numba, unless it is small). Exchanges among equals are made by runs.
    """
    pairs = len(problem.candidates) * len(problem.seats)
    if pairs > MOST_PAIRS or any(candidate.group_id is not None for candidate in problem.candidates):
        return False
    if problem.rules.widest >= 1 << SCORE_BITS or problem.rules.exchanges:
        return False
    if problem.rules.objective is Objective.STABLE:
        return True
    bound = any(share_of(problem.rules, seat) < seat.capacity for seat in problem.seats)
    return not bound and (COMPILED or pairs < SWEPT_FROM)


class LiveMatching:
    """The best stable matching, or that of the highest sum, of a problem that changes; day, seed and rules stay.

    Countries' ceilings and floors are checked afterwards (`within_quotas`): they span all seats, so that one arrival
    can change who of its country is in the pool at all. If none of them binds, the matching is what `run` gives.

    `matching` (candidate id -> seat id, new pairs only) starts it if it is known to be that; for the highest sum with
    `prices`, what a place at each seat costs in points, which also help if the matching is not known.
    """

    def __init__(
        self, problem: Problem, matching: Mapping[str, str] | None = None, prices: Mapping[str, int] | None = None
    ) -> None:
        """Raises ValueError for a problem that cannot be followed."""
        if not can_follow(problem):
            raise ValueError("Only those who go alone are followed event by event; see `can_follow`")
        self._start = replace(problem, candidates=(), seats=(), fixed=())
        self._rules = problem.rules
        self._pairing = Pairing(problem)
        self._countries = Numbers()
        self._candidates: dict[str, Candidate] = {}
        self._seats: dict[str, Seat] = {}
        self._fixed: dict[str, Fixed] = {}
        self._used: dict[str, Counter[str]] = defaultdict(Counter)
        self._names: dict[int, str] = {}
        self._seat_names: dict[int, str] = {NOWHERE: "", GONE: ""}
        self.rotations = 0
        """How many rotations events have turned so far."""
        self._fill(problem, matching, prices or {})

    def _fill(self, problem: Problem, matching: Mapping[str, str] | None, prices: Mapping[str, int]) -> None:
        pairing = self._pairing
        for pair in problem.fixed:
            self._fixed[pair.candidate_id] = pair
            self._used[pair.seat_id][pair.country] += 1
        for seat in problem.seats:
            self._seats[seat.id] = seat
            self._seat_names[pairing.seats.add(seat)] = seat.id
        pool = [candidate for candidate in problem.candidates if candidate.id not in self._fixed]
        for country in sorted({candidate.country for candidate in pool} | {pair.country for pair in problem.fixed}):
            self._countries[country]
        people, seats = pairing.candidates.room, pairing.seats.room
        if problem.rules.objective is Objective.MOST_GOOD:
            self._book: Book | Best = Best(pairing, people, seats)
        else:
            self._book = Book(people, seats, len(self._countries) + 8)
        for seat in problem.seats:
            self._set_terms(seat)
        for candidate in pool:
            self._enter_row(candidate, rough=False)
        self._book.roughen(pairing.candidates.top)
        slots = [pairing.candidates.place[candidate.id] for candidate in pool]
        self._begin(problem, slots, matching, prices)
        self._book.moved()

    def _begin(
        self, problem: Problem, slots: list[int], matching: Mapping[str, str] | None, prices: Mapping[str, int]
    ) -> None:
        """Match those in these slots for the first time, by what is known already."""
        places, known = self._pairing.seats.place, None
        if matching is not None:
            seat_ids = (matching.get(self._names[slot]) for slot in slots)
            known = [NOWHERE if seat_id is None else places[seat_id] for seat_id in seat_ids]
        if isinstance(self._book, Best):
            first = np.zeros(self._pairing.seats.room, np.int64)
            first[[places[seat.id] for seat in problem.seats]] = [prices.get(seat.id, 0) for seat in problem.seats]
            self._book.start(slots, first, known)
        elif known is None:
            self._book.enter(slots)
        else:
            for slot, seat in zip(slots, known, strict=True):
                self._book.settle(slot, seat)

    @property
    def matching(self) -> dict[str, str]:
        """Candidate id -> seat id, new pairs only."""
        at, place, names = self._book.at, self._pairing.candidates.place, self._seat_names
        seats = ((candidate_id, int(at[place[candidate_id]])) for candidate_id in self._candidates)
        return {candidate_id: names[seat] for candidate_id, seat in seats if seat != NOWHERE}

    @property
    def problem(self) -> Problem:
        """Return the present problem."""
        return replace(
            self._start,
            candidates=tuple(self._candidates.values()),
            seats=tuple(self._seats.values()),
            fixed=tuple(self._fixed.values()),
        )

    @property
    def pool(self) -> Mapping[str, Candidate]:
        """The candidates in the pool, by id."""
        return MappingProxyType(self._candidates)

    @property
    def seats(self) -> Mapping[str, Seat]:
        """The seats, by id."""
        return MappingProxyType(self._seats)

    @property
    def fixed(self) -> Mapping[str, Fixed]:
        """The fixed pairs, by candidate id."""
        return MappingProxyType(self._fixed)

    def seat_of(self, candidate_id: str) -> str | None:
        """Return the seat of a candidate, if any. Raises KeyError for a candidate who is not in the pool."""
        return self._seat_names[int(self._book.at[self._pairing.candidates.place[candidate_id]])] or None

    def pair_of(self, candidate_id: str) -> Pair | None:
        """Return the pair of a candidate with both scores, if any.

        Raises KeyError for a candidate who is not in the pool.
        """
        slot = self._pairing.candidates.place[candidate_id]
        seat = int(self._book.at[slot])
        if seat == NOWHERE:
            return None
        return Pair(candidate_id, self._seat_names[seat], *self._book.scores(slot, seat, self._rules))

    def open_seats(self, candidate_id: str) -> int:
        """Return how many seats are feasible for a candidate: all hard rules hold, and fixed pairs have left room.

        Raises KeyError for a candidate who is not in the pool.
        """
        return self._book.feasible(self._pairing.candidates.place[candidate_id])

    def within_quotas(self) -> bool:
        """Return whether no ceiling and no floor of a country asks for another matching than this one."""
        ceilings, floors = self._rules.ceilings, self._rules.floors
        if not ceilings and not floors:
            return True
        places, at = self._pairing.candidates.place, self._book.at
        fixed = Counter(pair.country for pair in self._fixed.values())
        sent = Counter(fixed)
        waiting: dict[str, list[int]] = defaultdict(list)
        for candidate in self._candidates.values():
            slot = places[candidate.id]
            if at[slot] == NOWHERE:
                waiting[candidate.country].append(slot)
            else:
                sent[candidate.country] += 1
        for country, most in ceilings.items():
            if sent[country] > most or (fixed[country] >= most and waiting[country]):
                return False
        below = [country for country, least in floors.items() if sent[country] < least]
        return not any(self._book.feasible(slot) for country in below for slot in waiting[country])

    def arrive(self, candidate: Candidate) -> tuple[Move, ...]:
        """Add a candidate to the pool. Raises ValueError for one who is in it, or is in a fixed pair."""
        if candidate.id in self._candidates or candidate.id in self._fixed:
            raise ValueError(f"Candidate {candidate.id} is there already")
        self._book.enter([self._enter_row(candidate)])
        return self._moves()

    def leave(self, candidate_id: str) -> tuple[Move, ...]:
        """Remove a candidate from the pool. Raises KeyError for one who is not in it."""
        self._leave(candidate_id, keep=False)
        return self._moves()

    def change(self, candidate: Candidate) -> tuple[Move, ...]:
        """Change a candidate of the pool. Raises KeyError for one who is not in it."""
        self._leave(candidate.id, keep=False)
        self._book.enter([self._enter_row(candidate)])
        return self._moves()

    def open(self, seat: Seat) -> tuple[Move, ...]:
        """Add a seat. Raises ValueError for one that is there."""
        if seat.id in self._seats:
            raise ValueError(f"Seat {seat.id} is there already")
        self._open(seat)
        return self._moves()

    def close(self, seat_id: str) -> tuple[Move, ...]:
        """Remove a seat; its fixed pairs stay. Raises KeyError for one that is not there."""
        self._close(seat_id)
        return self._moves()

    def alter(self, seat: Seat) -> tuple[Move, ...]:
        """Give a seat other terms or another number of places. Raises KeyError for one that is not there."""
        if _without_places(self._seats[seat.id]) == _without_places(seat):
            self._seats[seat.id] = seat
            self._resize(seat)
        else:
            self._close(seat.id)
            self._open(seat)
        return self._moves()

    def fix(self, pair: Fixed) -> tuple[Move, ...]:
        """Fix a pair: its candidate leaves the pool, its place is taken. Raises ValueError if it is fixed."""
        if pair.candidate_id in self._fixed:
            raise ValueError(f"Candidate {pair.candidate_id} is in a fixed pair already")
        if pair.candidate_id in self._candidates:
            # Whoever takes the place that he or she holds leaves nothing for others to move into.
            self._leave(pair.candidate_id, keep=self.seat_of(pair.candidate_id) == pair.seat_id)
        self._fixed[pair.candidate_id] = pair
        self._used[pair.seat_id][pair.country] += 1
        if pair.seat_id in self._seats:
            self._resize(self._seats[pair.seat_id])
        return self._moves()

    def release(self, candidate_id: str) -> tuple[Move, ...]:
        """Release a fixed pair: its place is free; the candidate is not in the pool. Raises KeyError."""
        pair = self._fixed.pop(candidate_id)
        self._used[pair.seat_id][pair.country] -= 1
        if pair.seat_id in self._seats:
            self._resize(self._seats[pair.seat_id])
        return self._moves()

    # Parts

    def _enter_row(self, candidate: Candidate, *, rough: bool = True) -> int:
        slot = self._pairing.candidates.add(candidate)
        country = self._countries[candidate.country]
        self._make_room()
        self._candidates[candidate.id] = candidate
        self._names[slot] = candidate.id
        self._book.set_row(slot, country, self._pairing.row(candidate, slot), rough=rough)
        return slot

    def _leave(self, candidate_id: str, *, keep: bool) -> None:
        """Take a candidate out; with `keep` nobody moves up, for the place is taken at once."""
        slot = self._pairing.candidates.remove(self._candidates.pop(candidate_id))
        seat = self._book.remove(slot)
        if not keep:
            self._improve(seat)

    def _open(self, seat: Seat) -> None:
        slot = self._pairing.seats.add(seat)
        self._make_room()
        self._seats[seat.id] = seat
        self._seat_names[slot] = seat.id
        self._book.set_column(slot, self._pairing.column(seat, slot))
        self._set_terms(seat)
        self._improve(slot)

    def _close(self, seat_id: str) -> None:
        slot = self._pairing.seats.remove(self._seats.pop(seat_id))
        self._book.set_terms(slot, 0, 0, {}, bound=False)
        self._book.enter(self._book.turn_away(slot))
        self._book.clear_column(slot, self._pairing.candidates.top)

    def _resize(self, seat: Seat) -> None:
        terms = self._terms(seat)
        self._make_room()
        self.rotations += resize(self._book, self._pairing.seats.place[seat.id], terms)

    def _set_terms(self, seat: Seat) -> None:
        terms = self._terms(seat)
        self._make_room()
        terms.of(self._book, self._pairing.seats.place[seat.id])

    def _terms(self, seat: Seat) -> Terms:
        used, most = self._used[seat.id], share_of(self._rules, seat)
        counted = {self._countries[country]: count for country, count in used.items() if count}
        return Terms(max(0, seat.capacity - used.total()), most, counted, bound=most < seat.capacity)

    def _improve(self, seat: int) -> None:
        self.rotations += improve(self._book, seat)

    def _make_room(self) -> None:
        people, seats = self._pairing.candidates.room, self._pairing.seats.room
        if not self._book.fits(people, seats, len(self._countries)):
            self._book.grow(people, seats, len(self._countries) + 8)

    def _moves(self) -> tuple[Move, ...]:
        """Return the moves since the last event, by candidate id; a candidate who left appears without a seat."""
        book, names = self._book, self._seat_names
        found = [
            Move(self._names[slot], names[before] or None, names[int(book.at[slot])] or None)
            for slot, before in book.moved().items()
        ]
        return tuple(sorted(found, key=lambda move: move.candidate_id))


def _without_places(seat: Seat) -> Seat:
    """Return the seat without its numbers of places: what decides who may have it, and how good the pair is."""
    weeks = seat.weeks and {week: 1 for week, places in seat.weeks.items() if places > 0}
    return replace(seat, capacity=0, share_exempt=False, weeks=weeks)
