"""Compute the stable matching of a changing problem from scratch after every event.

A run reads and scores all pairs, which is most of its 0.4 s at 10,000 people. What a candidate and a seat make of each
other depends on nobody else. So lists that an event leaves alone are kept; the others are made again by what a run
uses: `Market` with its hard rules, scores and tie-breaks, of which `engine/live` has its own. Deferred acceptance then
starts with all seats empty. Nothing of `engine/live` is used, and nothing of the matching before is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from services.matching.engine.kernels.base import compiled
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import SeatKind
from services.matching.engine.rules.scores import TIE_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from services.matching.engine.problem.problem import Candidate, Problem, Seat

    Integers = NDArray[np.int64]

NOBODY = -1
_MORE = 1.25
"""The factor by which full arrays grow."""


class Lists:
    """Everybody's feasible seats, best first: `seat`, the `own` order and the seat's `key`, `length[i]` of them."""

    def __init__(self, people: int, width: int) -> None:
        self.length = np.zeros(people, np.int64)
        self.seat = np.zeros((people, width), np.int32)
        self.own = np.zeros((people, width), np.int64)
        self.key = np.zeros((people, width), np.int64)

    def make_room(self, people: int, width: int) -> None:
        """Make the arrays large enough for `people` candidates with lists of length `width`."""
        rows, columns = self.seat.shape
        if people <= rows and width <= columns:
            return
        rows = rows if people <= rows else int(people * _MORE)
        columns = columns if width <= columns else int(width * _MORE)
        wider = Lists(rows, columns)
        for name, values in vars(self).items():
            vars(wider)[name][tuple(slice(size) for size in values.shape)] = values
        vars(self).update(vars(wider))


class FromScratch:
    """The lists of a problem as last seen; `matching` brings them up to date and matches from scratch."""

    def __init__(self, problem: Problem) -> None:
        self._start = replace(problem, candidates=(), seats=(), fixed=())
        self._people: dict[str, Candidate] = {}
        self._seats: dict[str, Seat] = {}
        self._row: dict[str, int] = {}
        self._column: dict[str, int] = {}
        self._free_rows: list[int] = []
        self._free_columns: list[int] = []
        self._rules: Market | None = None
        self._numbers = np.zeros(0, np.int32)
        self._lists = Lists(len(problem.candidates), len(problem.seats))

    def matching(self, problem: Problem) -> dict[str, str]:
        """Return candidate id -> seat id, new pairs only.

        Raises ValueError where ceilings or floors are set, which span all seats.
        """
        if problem.rules.ceilings or problem.rules.floors:
            raise ValueError("Ceilings and floors of countries are not known here")
        self._see(problem)
        countries = sorted(
            {person.country for person in self._people.values()} | {pair.country for pair in problem.fixed}
        )
        number = {country: place for place, country in enumerate(countries)}
        seats = 1 + max(self._column.values(), default=NOBODY)
        free, share = np.zeros(seats, np.int64), np.zeros(seats, np.int64)
        count = np.zeros((seats, len(countries)), np.int64)
        at = [self._column[name] for name in self._seats]
        free[at] = [seat.capacity for seat in self._seats.values()]
        share[at] = [
            problem.rules.most_of_one_country(seat.capacity)
            if seat.kind is SeatKind.PLACEMENT and not seat.share_exempt
            else seat.capacity
            for seat in self._seats.values()
        ]
        for pair in problem.fixed:
            if pair.seat_id in self._column:
                free[self._column[pair.seat_id]] -= 1
                count[self._column[pair.seat_id], number[pair.country]] += 1
        of = np.zeros(len(self._lists.length), np.int64)
        of[[self._row[name] for name in self._people]] = [number[person.country] for person in self._people.values()]
        lists, seat_of = self._lists, np.full(len(of), NOBODY)
        _accept(lists.seat, lists.key, lists.length, of, free, share, count, seat_of)
        names = {at: name for name, at in self._column.items()}
        where = seat_of.tolist()
        return {name: names[where[at]] for name, at in self._row.items() if where[at] != NOBODY}

    def holds(self, problem: Problem) -> bool:
        """Return whether all lists are those of a market made from the whole problem at once."""
        market = Market(_only_who(problem, problem.candidates, problem.seats))
        pairs = market.all_pairs() if market.sweep is None else market.pairs
        columns = np.array([self._column[seat.id] for seat in market.seats], np.int32)
        return len(market.candidates) == len(self._people) and all(
            self._lists.length[at := self._row[candidate.id]] == (size := pairs.starts[place + 1] - pairs.starts[place])
            and np.array_equal(self._lists.seat[at, :size], columns[pairs.seat[cut := pairs.row(place)]])
            and np.array_equal(self._lists.key[at, :size], pairs.key[cut])
            for place, candidate in enumerate(market.candidates)
        )

    def _see(self, problem: Problem) -> None:
        """Find what has changed, and make those lists again."""
        fixed = {pair.candidate_id for pair in problem.fixed}
        people = {candidate.id: candidate for candidate in problem.candidates if candidate.id not in fixed}
        seats = {seat.id: seat for seat in problem.seats}
        for name in [name for name, person in self._people.items() if people.get(name) is not person]:
            at = self._row.pop(name)
            self._lists.length[at] = 0
            self._free_rows.append(at)
            del self._people[name]
        for name in [name for name, seat in self._seats.items() if not _same(seat, seats.get(name))]:
            at = self._column.pop(name)
            _drop(self._lists.seat, self._lists.own, self._lists.key, self._lists.length, at)
            self._free_columns.append(at)
            self._rules = None
        new = [seat for name, seat in seats.items() if name not in self._column]
        self._seats = seats
        for seat in new:
            self._column[seat.id] = self._free_columns.pop() if self._free_columns else len(self._column)
            self._rules = None
            if self._people:
                self._enter_column(seat)
        for name, person in people.items():
            if name not in self._people:
                self._people[name] = person
                self._enter_row(person)

    def _enter_row(self, person: Candidate) -> None:
        if self._rules is None:
            self._rules = Market(_only_who(self._start, (), self._seats.values()))
            self._numbers = np.array([self._column[seat.id] for seat in self._rules.seats], np.int32)
        row, own_ties = self._rules.row_of(person), self._rules.scores.ties([person])[0][0]
        at = self._row[person.id] = self._free_rows.pop() if self._free_rows else len(self._row)
        size, lists = len(row.seat), self._lists
        lists.make_room(at + 1, size)
        lists.length[at] = size
        lists.seat[at, :size] = self._numbers[row.seat]
        lists.own[at, :size] = (row.gain << TIE_BITS) | own_ties[row.seat]
        lists.key[at, :size] = row.key

    def _enter_column(self, seat: Seat) -> None:
        market, lists = Market(_only_who(self._start, self._people.values(), (seat,))), self._lists
        pairs, ties = market.all_pairs(), market.scores.ties(market.candidates)[0][:, 0]
        rows = np.array([self._row[person.id] for person in market.candidates], np.int64)[pairs.owner]
        lists.make_room(0, int(lists.length.max(initial=0)) + 1)
        own = (pairs.gain << TIE_BITS) | ties[pairs.owner]
        _insert(lists.seat, lists.own, lists.key, lists.length, self._column[seat.id], rows, own, pairs.key)


def _only_who(problem: Problem, candidates: Iterable[Candidate], seats: Iterable[Seat]) -> Problem:
    """Return the problem without the capacity of seats: what decides who may have one, and how good the pair is."""
    taken = {pair.candidate_id for pair in problem.fixed}
    room = tuple(replace(seat, capacity=1_000_000, share_exempt=True) for seat in seats)
    return replace(
        problem,
        candidates=tuple(candidate for candidate in candidates if candidate.id not in taken),
        seats=room,
        fixed=(),
    )


def _same(first: Seat, other: Seat | None) -> bool:
    """Return whether two seats are different in nothing but how many they take."""
    if first is other or other is None:
        return first is other
    return replace(first, capacity=other.capacity, share_exempt=other.share_exempt) == other


@compiled
def _accept(
    seat: NDArray[np.int32],
    key: Integers,
    length: Integers,
    country: Integers,
    free: Integers,
    share: Integers,
    count: Integers,
    seat_of: Integers,
) -> None:
    """Gale and Shapley's deferred acceptance: candidates propose down their lists; seats keep the best so far."""
    most = 1
    for at in range(len(free)):
        most = max(most, free[at])
    who, worth = np.full((len(free), most), -1, np.int64), np.zeros((len(free), most), np.int64)
    size, proposals = np.zeros(len(free), np.int64), np.zeros(len(length), np.int64)
    for entering in range(len(length)):
        candidate = entering
        while candidate >= 0 and proposals[candidate] < length[candidate]:
            at, value, own = (
                seat[candidate, proposals[candidate]],
                key[candidate, proposals[candidate]],
                country[candidate],
            )
            proposals[candidate] += 1
            bound = count[at, own] >= share[at]
            if not bound and size[at] < free[at]:
                place = size[at]
                size[at] += 1
                gone = -1
            else:
                place = -1
                for slot in range(size[at]):
                    counts = not bound or country[who[at, slot]] == own
                    if counts and (place < 0 or worth[at, slot] < worth[at, place]):
                        place = slot
                if place < 0 or worth[at, place] > value:
                    continue
                gone = who[at, place]
                seat_of[gone] = -1
                count[at, country[gone]] -= 1
            who[at, place], worth[at, place], seat_of[candidate] = candidate, value, at
            count[at, own] += 1
            candidate = gone


@compiled
def _drop(seat: NDArray[np.int32], own: Integers, key: Integers, length: Integers, gone: int) -> None:
    """Take a seat out of all lists."""
    for candidate in range(len(length)):
        for at in range(length[candidate]):
            if seat[candidate, at] == gone:
                length[candidate] -= 1
                for place in range(at, length[candidate]):
                    seat[candidate, place] = seat[candidate, place + 1]
                    own[candidate, place] = own[candidate, place + 1]
                    key[candidate, place] = key[candidate, place + 1]
                break


@compiled
def _insert(
    seat: NDArray[np.int32],
    own: Integers,
    key: Integers,
    length: Integers,
    new: int,
    rows: Integers,
    own_order: Integers,
    its_key: Integers,
) -> None:
    """Put a seat into the lists of some candidates (`rows`), each at its place in the candidate's order."""
    for number in range(len(rows)):
        candidate = rows[number]
        place = length[candidate]
        while place > 0 and own[candidate, place - 1] < own_order[number]:
            seat[candidate, place] = seat[candidate, place - 1]
            own[candidate, place] = own[candidate, place - 1]
            key[candidate, place] = key[candidate, place - 1]
            place -= 1
        seat[candidate, place] = new
        own[candidate, place] = own_order[number]
        key[candidate, place] = its_key[number]
        length[candidate] += 1
