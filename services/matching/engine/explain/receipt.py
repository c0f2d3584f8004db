"""Explain the result of one candidate: points, rank, the funnel of hard rules, and smallest changes.

A receipt holds nothing of any other person: of other candidates it knows only how many rank before this one.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.explain.counterfactual import Search
from services.matching.engine.explain.repairs import Counterfactual
from services.matching.engine.market.market import Column, Integers, Market
from services.matching.engine.rules.hard_rules import Step
from services.matching.engine.rules.scores import Earned, Points
from services.matching.engine.solution import Solution
from shared.contracts.codes import WishMissed

_SHOWN = 3
_COLUMNS_KEPT = 512


class Why(StrEnum):
    """The reason for a candidate's result, in one code."""

    MATCHED = "matched"
    NO_FEASIBLE_SEAT = "no_feasible_seat"
    QUOTA = "quota"
    OUTRANKED = "outranked"
    GROUP_TOO_LARGE = "group_too_large"


@dataclass(frozen=True, slots=True)
class Together:
    """The group of a member: how many are placed together, and how many seats could take all of them."""

    size: int
    feasible: int


def why_of(solution: Solution, candidate: int, *, feasible: bool) -> Why:
    """Return the reason for a candidate's (number) result; `feasible` says whether any seat could be taken."""
    if solution.assigned[candidate] >= 0:
        return Why.MATCHED
    if not feasible:
        return Why.NO_FEASIBLE_SEAT
    return Why.QUOTA if candidate in solution.beyond_quota else Why.OUTRANKED


@dataclass(frozen=True, slots=True)
class Option:
    """One feasible seat from the candidate's view.

    `rank` is its place in the candidate's own order, `standing` the candidate's place in the seat's order among all
    `contenders` for whom it is feasible, `places` the free places of the seat.
    """

    seat_id: str
    rank: int
    standing: int
    contenders: int
    places: int
    earned: tuple[Earned, ...]

    @property
    def gain(self) -> int:
        """The sum of the candidate's gains."""
        return sum(earned.applicant for earned in self.earned)

    @property
    def preference(self) -> int:
        """The sum of the seat's preferences."""
        return sum(earned.host for earned in self.earned)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The explanation of one candidate's result.

    `considered` counts the seats of the candidate's kind, before any rule; `feasible` those after all. `match` is the
    seat that the candidate got; `options` the most wanted feasible ones (up to three). `waiting_place` is the place
    among those without a seat who could take the most wanted one, in that seat's order (None: matched, or nothing
    feasible). `changes` are the smallest changes that would have matched (an entry may be a set), each proven by a run;
    empty for a match, without effort, and if every seat is ruled out by a fact that nobody changes. `tried` counts the
    runs for single changes. `together` is the group
    of a member; `floor_first` says that a country's floor put the candidate before others. `missed` says why a match is
    not the first wish.
    """

    candidate_id: str
    why: Why
    considered: int
    feasible: int
    funnel: tuple[Step, ...]
    match: Option | None
    options: tuple[Option, ...]
    waiting_place: int | None
    changes: tuple[Counterfactual, ...]
    tried: int
    together: Together | None = None
    floor_first: bool = False
    missed: "Missed | None" = None

    @property
    def seat_id(self) -> str | None:
        """The seat that the candidate got, if any."""
        return None if self.match is None else self.match.seat_id


@dataclass(frozen=True, slots=True)
class Missed:
    """The seat that a matched candidate wants most and did not get, and the cause.

    Where wishes count it is the first wish, unless that is the seat of the match.
    """

    seat_id: str
    why: WishMissed


class Explainer:
    """Writes the receipts of one solved market."""

    def __init__(self, market: Market, solution: Solution) -> None:
        self._market = market
        self._solution = solution
        self._search = Search(market, solution)
        self._columns: OrderedDict[int, Column] = OrderedDict()
        self._last: tuple[int, Points] | None = None

    def explain(self, candidate: int, effort: int) -> Receipt:
        """Return the receipt of one candidate (number in the market).

        `effort` bounds the changed runs that are tried.
        """
        market, solution = self._market, self._solution
        facts, seats = market.feasible[candidate], market.row(candidate).seats
        seat = solution.seat_of(candidate)
        first_seats = seats[:_SHOWN]
        options = {
            seat_id: self._option(candidate, seat_id, rank)
            for rank, seat_id in enumerate(seats, 1)
            if seat_id in {*first_seats, seat}
        }
        changes, tried = ((), 0) if seat is not None else self._search.smallest(candidate, effort)
        return Receipt(
            candidate_id=market.candidates[candidate].id,
            why=why_of(solution, candidate, feasible=bool(seats)),
            considered=facts.after[0].bit_count(),
            feasible=len(seats),
            funnel=facts.funnel(),
            match=None if seat is None else options[seat],
            options=tuple(options[seat_id] for seat_id in first_seats),
            waiting_place=None if seat is not None or not seats else self._waiting_place(candidate, seats[0]),
            changes=changes,
            tried=tried,
            floor_first=candidate in solution.floor_first,
            missed=None if seat is None else self._missed(candidate, seats, seat),
        )

    def _missed(self, candidate: int, seats: Sequence[int], seat: int) -> Missed | None:
        """Return why a match is neither the first wish nor, without that, the most wanted seat; None if it is."""
        first, market = seats[0], self._market
        order = market.candidates[candidate].own_order if market.problem.rules.wishes_count else ()
        if order and order[0] != market.seats[seat].id:
            wished = market.seat_place.get(order[0])
            if wished is None or wished not in seats:
                return Missed(order[0], WishMissed.UNSUITABLE)
            if seats.index(wished) > seats.index(seat):
                return Missed(order[0], WishMissed.POINTS)
            first = wished
        if first == seat:
            return None
        column = self._column(first)
        standing, country = market.standing_of(column.key), market.country[candidate]
        key = int(standing[np.searchsorted(column.owner, candidate)])
        inside = self._assigned[column.owner] == first
        keys, owners = standing[inside], column.owner[inside]
        same = self._countries[owners] == country
        used = market.used[first].get(country, 0) + int(np.count_nonzero(same))
        full, full_share = len(owners) >= market.free[first], used >= market.shares[first]
        if full and bool(np.all(keys > key)):
            why = WishMissed.OUTRANKED
        elif full_share and bool(np.all(keys[same] > key)):
            why = WishMissed.SHARE_OF_OFFER
        elif (full and bool(np.all(keys >= key))) or (full_share and bool(np.all(keys[same] >= key))):
            why = WishMissed.EQUAL
        elif not self._solution.floor_first.isdisjoint(owners.tolist()):
            why = WishMissed.FLOOR
        else:
            why = WishMissed.HIGHEST_SUM
        return Missed(market.seats[first].id, why)

    @cached_property
    def _assigned(self) -> Integers:
        return np.array(self._solution.assigned, np.int64)

    @cached_property
    def _countries(self) -> Integers:
        return np.array(self._market.country, np.int64)

    def _option(self, candidate: int, seat: int, rank: int) -> Option:
        market, column = self._market, self._column(seat)
        points = self._points(candidate)
        weights = market.problem.rules.weights
        earned = tuple(
            Earned(criterion, int(points[criterion][0, seat]), weights[criterion])
            for criterion in points
            if criterion in weights and (weights[criterion].applicant or weights[criterion].host)
        )
        return Option(
            seat_id=market.seats[seat].id,
            rank=rank,
            standing=int(np.count_nonzero(column.key > _key_of(column, candidate))) + 1,
            contenders=len(column.owner),
            places=market.free[seat],
            earned=earned,
        )

    def _points(self, candidate: int) -> Points:
        if self._last is None or self._last[0] != candidate:
            self._last = (candidate, self._market.scores.points([self._market.candidates[candidate]]))
        return self._last[1]

    def _column(self, seat: int) -> Column:
        """Return the column of a seat; the latest ones are cached, since many candidates want the same seats."""
        if seat not in self._columns:
            self._columns[seat] = self._market.column(seat)
            if len(self._columns) > _COLUMNS_KEPT:
                self._columns.popitem(last=False)
        self._columns.move_to_end(seat)
        return self._columns[seat]

    @cached_property
    def _waiting(self) -> NDArray[np.bool_]:
        return np.array(self._solution.assigned, np.int64) < 0

    def _waiting_place(self, candidate: int, seat: int) -> int:
        """Return how many without a seat the seat prefers to the candidate, plus one."""
        column = self._column(seat)
        before = column.key > _key_of(column, candidate)
        return int(np.count_nonzero(before & self._waiting[column.owner])) + 1


def _key_of(column: Column, candidate: int) -> int:
    """Return the key of one candidate in a column, whose owners are sorted."""
    return int(column.key[np.searchsorted(column.owner, candidate)])
