"""Decide whether a change would give a candidate a seat under the highest sum, without a full run.

A matching of the highest sum with prices that prove it needs one shortest path for one more wish, or for one more place
(`kernels/exchange.py`), and the path leads to the very matching that a run of the changed market gives.
"""

from dataclasses import replace

import numpy as np

from services.matching.engine.kernels import exchange
from services.matching.engine.kernels.base import Long
from services.matching.engine.kernels.exchange import NOWHERE, Exchange
from services.matching.engine.kernels.tie_break_prices import settle
from services.matching.engine.market.market import COMPILED, SWEPT_FROM, Market, Pairs
from services.matching.engine.optimal.network import Limits
from services.matching.engine.optimal.shortlist import PairTable
from services.matching.engine.rules.scores import hashes
from services.matching.engine.solution import Solution

_MOST_PAIRS = 60_000_000
"""Of more pairs (candidates times seats) the two tables would take above 500 MB."""


class Trades:
    """A proven matching of the highest sum, and the effects of changes; no question changes it."""

    def __init__(self, market: Market, state: Exchange) -> None:
        self._market = market
        self._state = state

    @classmethod
    def of(cls, market: Market, solution: Solution) -> "Trades | None":
        """Return the trades of a solved market; None if quotas or shares can bind, or it is too large."""
        rules, proof = market.problem.rules, solution.certificate
        pairs = len(market.candidates) * len(market.seats)
        if proof is None or not proof.valid or rules.floors or any(most is not None for most in market.quota):
            return None
        if pairs > (_MOST_PAIRS if COMPILED else SWEPT_FROM) or Limits(market).left is not None:
            return None
        state = _state(market, proof.prices.seat)
        return cls(market, state) if settle(state, np.array(solution.assigned, np.int64)) else None

    def with_row(self, candidate: int, row: Pairs) -> int:
        """Return the seat (NOWHERE: none) that a candidate without one would get with these pairs."""
        state = self._copy()
        worth = np.zeros(len(state.free), np.int32)
        worth[row.seat] = row.weight
        exchange.value(state, candidate, worth)
        exchange.enter(state, candidate, NOWHERE, worth)
        return int(state.at[candidate])

    def with_places(self, candidate: int, seat: int, more: int) -> int | None:
        """Return the seat (NOWHERE: none) of a candidate if a seat had more places; None if only a run can tell."""
        market = self._market
        if market.free[seat] == 0 or market.used[seat]:
            return None  # others may ask a seat that was full, and what fixed pairs have used counts otherwise
        wider = replace(market.seats[seat], capacity=market.seats[seat].capacity + more)
        if market.rules.share_of(wider) < market.free[seat] + more:
            return None  # of two places one country may have one only, where of one place it had all
        state = self._copy()
        state.free[seat] += more
        if state.free[seat] > state.who.shape[1]:
            who = np.full((len(state.who), int(state.free[seat])), NOWHERE, np.int32)
            who[:, : state.who.shape[1]] = state.who
            state = state._replace(who=who)
        exchange.fill(state, seat)
        return int(state.at[candidate])

    def _copy(self) -> Exchange:
        """Return a copy of the state to change; the worths of pairs are shared."""
        changing = ("at", "who", "size", "free", "left_a", "left_b", "price_a", "price_b")
        return self._state._replace(**{name: getattr(self._state, name).copy() for name in changing})


def _state(market: Market, prices: Long) -> Exchange:
    """Return all pairs of a market and the points of its prices; nobody is matched."""
    table, people, seats = PairTable(market), len(market.candidates), len(market.seats)
    worth = np.zeros((people, seats), np.int32)
    for rows, at, lengths in table.blocks():
        worth[np.repeat(np.arange(rows.start, rows.stop), lengths), table.seat(at)] = table.weight(at)
    free = np.array(market.free, np.int64)
    return Exchange(
        worth=worth,
        worth_by_seat=np.ascontiguousarray(worth.T),
        word=hashes(market.problem.seed, "candidate", [candidate.id for candidate in market.candidates]),
        seat_word=market.scores.seat_hashes,
        at=np.full(people, NOWHERE),
        who=np.full((seats, max(1, int(free.max(initial=0)))), NOWHERE, np.int32),
        size=np.zeros(seats, np.int64),
        free=free,
        left_a=np.zeros(people, np.int64),
        left_b=np.zeros(people, np.int64),
        price_a=prices.astype(np.int64),
        price_b=np.zeros(seats, np.int64),
    )
