"""Solve a market by the objective that the call has chosen: the only switch between the solvers."""

from dataclasses import dataclass, replace

from services.matching.engine.market.market import Market
from services.matching.engine.optimal.certificate import Certificate
from services.matching.engine.optimal.most_good import most_good
from services.matching.engine.stable import floors
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, stable
from services.matching.engine.stable.exchanges import exchanged
from shared.contracts.codes import Objective


@dataclass(frozen=True, slots=True)
class Solution:
    """The seat number of each candidate (UNMATCHED: none).

    `beyond_quota` are those whom a country's ceiling kept out of the pool, `floor_first` those whom a floor put first.
    `certificate` proves a matching that was sought for its sum. `lots` is the matching before exchanges among equals.
    """

    assigned: list[int]
    beyond_quota: frozenset[int] = frozenset()
    floor_first: frozenset[int] = frozenset()
    certificate: Certificate | None = None
    lots: list[int] | None = None

    def seat_of(self, candidate: int) -> int | None:
        """Return the seat number of a candidate, if any."""
        seat = self.assigned[candidate]
        return None if seat == UNMATCHED else seat


def solve(market: Market) -> Solution:
    """Return the matching of a market by the objective of its call."""
    if market.problem.rules.objective is Objective.MOST_GOOD:
        best = most_good(market)
        return Solution(best.assigned, certificate=best.certificate)
    assigned, beyond = stable(market)
    solution = Solution(assigned, beyond)
    if market.problem.rules.floors:
        solution = Solution(*floors.met(market, assigned, beyond))
    if market.problem.rules.exchanges:
        after = exchanged(market, solution.assigned, solution.beyond_quota, solution.floor_first)
        return replace(solution, assigned=after, lots=solution.assigned)
    return solution
