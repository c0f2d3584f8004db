"""The entry to the engine: the matching of a call, its prices and its receipts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from services.matching.engine.explain.prices import Prices, prices
from services.matching.engine.explain.receipt import Explainer, Receipt
from services.matching.engine.explain.summary import Explanations, explain_all
from services.matching.engine.groups.layout import GroupsPrice
from services.matching.engine.market.market import Market
from services.matching.engine.optimal.certificate import Certificate
from services.matching.engine.optimal.most_good import most_good
from services.matching.engine.problem.digest import digest as digest_of
from services.matching.engine.problem.problem import ENGINE_VERSION, Problem
from services.matching.engine.solution import Solution, solve
from services.matching.engine.stable.floors import Unmet, unmet

if TYPE_CHECKING:
    from services.matching.engine.kernels import Summary


@dataclass(frozen=True, slots=True)
class Pair:
    """A provisional pair with both scores."""

    candidate_id: str
    seat_id: str
    gain: int
    preference: int


class Result:
    """The outcome of a run. Costly parts (prices, receipts) are computed when needed."""

    engine_version = ENGINE_VERSION

    def __init__(self, market: Market, solution: Solution) -> None:
        self._market = market
        self._solution = solution

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self._market.problem

    @property
    def seed(self) -> str:
        """The seed of the tie-break, to be published."""
        return self.problem.seed

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the inputs, in hexadecimal: the same digest, the same result."""
        return digest_of(self.problem)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs by candidate id; fixed pairs are not repeated."""
        market = self._market
        if (summary := self._summary) is not None:
            assigned, both = (
                self._solution.assigned,
                zip(summary.gain.tolist(), summary.preference.tolist(), strict=True),
            )
            return tuple(
                Pair(candidate.id, market.seats[seat].id, gain, preference)
                for candidate, seat, (gain, preference) in zip(market.candidates, assigned, both, strict=True)
                if seat >= 0
            )
        table = market.pairs
        chosen = np.flatnonzero(np.array(self._solution.assigned, np.int64)[table.owner] == table.seat)
        owner = table.owner
        return tuple(
            Pair(
                market.candidates[owner[at]].id,
                market.seats[table.seat[at]].id,
                int(table.gain[at]),
                int(table.preference[at]),
            )
            for at in chosen
        )

    @cached_property
    def _summary(self) -> "Summary | None":
        """The summary of a large market's sweep."""
        market, assigned = self._market, self._solution.assigned
        return None if market.sweep is None else market.sweep.summary(assigned, market.at_ceiling(assigned))

    @cached_property
    def matching(self) -> Mapping[str, str]:
        """Candidate id -> seat id, new pairs only."""
        return {pair.candidate_id: pair.seat_id for pair in self.pairs}

    @cached_property
    def candidate_ids(self) -> frozenset[str]:
        """Ids of the candidates in the pool."""
        return frozenset(candidate.id for candidate in self.problem.candidates)

    @cached_property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of candidates without a seat, in order."""
        return tuple(candidate.id for candidate in self._market.candidates if candidate.id not in self.matching)

    @cached_property
    def prices(self) -> Prices:
        """Blocking pairs, and the sum beside the best sum."""
        return prices(self._market, self._solution.assigned, self.certificate)

    @cached_property
    def certificate(self) -> Certificate:
        """The proof of the best sum: that of this matching, or under *stable* the one that it is compared with.

        Floors count only where they are enforced.
        """
        if self._solution.certificate is not None:
            return self._solution.certificate
        return most_good(self._market, floors=False).certificate

    @property
    def seat_prices(self) -> Mapping[str, int]:
        """Return seat id -> what a place there costs in points, by the proof of the best sum."""
        return dict(zip(self._market.seat_place, self.certificate.prices.seat.tolist(), strict=True))

    @cached_property
    def explained(self) -> Explanations:
        """The explanation of all candidates, in columns: for whole runs, where receipts would be many."""
        return explain_all(self._market, self._solution)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._market, self._solution)

    @cached_property
    def ranks(self) -> Mapping[int, int]:
        """Return rank obtained among the feasible (1: the most wanted) -> how many candidates."""
        if (summary := self._summary) is not None:
            return dict(sorted(Counter(summary.rank[summary.rank > 0].tolist()).items()))
        table = self._market.pairs
        owner = table.owner
        chosen = np.flatnonzero(np.array(self._solution.assigned, np.int64)[owner] == table.seat)
        obtained = Counter((chosen - table.starts[owner[chosen]] + 1).tolist())
        return dict(sorted(obtained.items()))

    @cached_property
    def floors(self) -> tuple[Unmet, ...]:
        """The floors that are not met, by country: how many are missing, fixed pairs included, and why."""
        return unmet(self._market, self.matching, self.problem)

    @cached_property
    def unmet_floors(self) -> Mapping[str, int]:
        """Country -> how many fewer go than its floor asks for, fixed pairs included; only countries below it."""
        return {floor.country: floor.missing for floor in self.floors}

    @property
    def exchanged(self) -> int | None:
        """The number of those with a seat that they want more by exchanges among equals; None where none were made."""
        market, solution = self._market, self._solution
        if solution.lots is None:
            return None
        pairs, owner = market.pairs, market.pairs.owner
        now, before = (np.full(len(market.candidates), len(owner)) for _ in range(2))
        for order, assigned in ((now, solution.assigned), (before, solution.lots)):
            own = np.array(assigned, np.int64)[owner] == pairs.seat
            order[owner[own]] = market.own_order[own]
        return int(np.count_nonzero(now < before))

    @property
    def groups_price(self) -> GroupsPrice | None:
        """The cost of letting groups go first; None where no group was in the pool."""
        return None

    @cached_property
    def feasible_pairs(self) -> int:
        """The number of pairs that meet all hard rules."""
        sweep = self._market.sweep
        return len(self._market.pairs.seat) if sweep is None else sweep.feasible_pairs

    def next_in_line(self, seat_id: str) -> tuple[str, ...]:
        """Return the candidates without a seat who could take this one, in the order of its preference."""
        column = self._market.column(self._market.seat_place[seat_id])
        at = np.flatnonzero(np.array(self._solution.assigned, np.int64)[column.owner] < 0)
        best_first = at[np.argsort(-column.key[at])]
        return tuple(self._market.candidates[candidate].id for candidate in column.owner[best_first])

    def receipt(self, candidate_id: str, *, effort: int = 40) -> Receipt:
        """Return the receipt of a candidate. Raises KeyError for a candidate who was not in the pool.

        `effort` bounds how many changed runs are tried for the smallest change that would have matched; 0 tries none.
        """
        return self._explainer.explain(self._market.place[candidate_id], effort)

    def receipts(self, *, effort: int = 40) -> Iterator[Receipt]:
        """Yield the receipts of all candidates, by candidate id."""
        for place in range(len(self._market.candidates)):
            yield self._explainer.explain(place, effort)


def run(problem: Problem) -> Result:
    """Match a call. The same problem gives the same result, whatever the order of its parts.

    Fixed pairs take their places and are never touched; their candidates are not in the pool.
    """
    market = Market(problem)
    return Result(market, solve(market))
