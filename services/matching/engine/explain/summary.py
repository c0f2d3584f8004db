"""Explain the results of all candidates in columns, one row a candidate, for whole runs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.explain.prices import blocking_of
from services.matching.engine.explain.receipt import Why, why_of
from services.matching.engine.market.market import Integers, Market
from services.matching.engine.rules import criteria
from services.matching.engine.solution import Solution

NOTHING = -1
_BLOCK = 256
"""Candidates whose points are computed at once."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """The explanation of each candidate, one entry (or row) a candidate in the order of their ids.

    `seat` is the number of the seat (by id; -1: none), `rank` its place among the feasible in the candidate's own order
    (0: none), `shown` the seat or else the most wanted one (-1: nothing is feasible), to which `points` (by criterion),
    `gain` and `preference` belong. `funnel` counts the seats before the first hard rule and after each; `blocking` the
    pairs in which the candidate and a seat prefer each other to their partners.
    """

    why: tuple[Why, ...]
    seat: Integers
    rank: Integers
    shown: Integers
    gain: Integers
    preference: Integers
    points: NDArray[np.int8]
    funnel: NDArray[np.int32]
    blocking: Integers

    @property
    def feasible(self) -> NDArray[np.int32]:
        """The number of seats each candidate may take."""
        return self.funnel[:, -1]


def explain_all(market: Market, solution: Solution) -> Explanations:
    """Explain a solved market; by a sweep if it is large."""
    assigned = np.array(solution.assigned, np.int64)
    if market.sweep is None:
        return _from_pairs(market, solution, assigned)
    summary, funnel = market.sweep.summary(solution.assigned, market.at_ceiling(solution.assigned)), market.sweep.funnel
    return Explanations(
        why=_whys(solution, funnel[:, -1]),
        seat=assigned,
        rank=summary.rank.astype(np.int64),
        shown=np.where(assigned >= 0, assigned, summary.first),
        gain=summary.gain.astype(np.int64),
        preference=summary.preference.astype(np.int64),
        points=summary.points,
        funnel=funnel,
        blocking=blocking_of(market, solution.assigned),
    )


def _from_pairs(market: Market, solution: Solution, assigned: Integers) -> Explanations:
    """Explain a market whose pairs are all in memory."""
    pairs, people = market.pairs, len(market.candidates)
    begin, end = pairs.starts[:-1], pairs.starts[1:]
    owner = pairs.owner
    at = np.where(end > begin, begin, NOTHING)
    mine = np.flatnonzero(assigned[owner] == pairs.seat)
    at[owner[mine]] = mine
    rank = np.zeros(people, np.int64)
    rank[owner[mine]] = mine - begin[owner[mine]] + 1
    some = np.flatnonzero(at >= 0)
    named_seat, gain, preference = (np.full(people, least, np.int64) for least in (NOTHING, 0, 0))
    named_seat[some], gain[some], preference[some] = (
        pairs.seat[at[some]],
        pairs.gain[at[some]],
        pairs.preference[at[some]],
    )
    points = np.zeros((people, len(criteria.CRITERIA)), np.int8)
    for low in range(0, people, _BLOCK):
        here = some[(some >= low) & (some < low + _BLOCK)]
        earned = market.columns.points(low, min(people, low + _BLOCK))
        points[here] = np.array([each[here - low, named_seat[here]] for each in earned.values()]).T
    funnel = market.left[1]
    return Explanations(
        why=_whys(solution, funnel[:, -1]),
        seat=assigned,
        rank=rank,
        shown=named_seat,
        gain=gain,
        preference=preference,
        points=points,
        funnel=funnel,
        blocking=blocking_of(market, solution.assigned),
    )


def _whys(solution: Solution, feasible: NDArray[np.int32]) -> tuple[Why, ...]:
    return tuple(why_of(solution, candidate, feasible=count > 0) for candidate, count in enumerate(feasible.tolist()))
