"""Measure what a matching costs on the scale of the other objective.

A stable matching is measured by the best sum, one of highest sum by its blocking pairs; every run reports both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market.market import Integers, Market
from services.matching.engine.optimal.certificate import Certificate
from services.matching.engine.optimal.most_good import most_good
from services.matching.engine.stable.deferred_acceptance import UNMATCHED


@dataclass(frozen=True, slots=True)
class Prices:
    """Blocking pairs, the sum reached and the best sum that the rules allow (fixed pairs count in neither).

    If the best sum is not `proven` to be reachable, `best` is an upper bound.
    """

    blocking_pairs: int
    total: int
    best: int
    proven: bool = True

    @property
    def of_best_ppm(self) -> int:
        """The sum reached in parts per million of the best, rounded down; all of it if nothing can be reached."""
        return 1_000_000 if not self.best else min(1_000_000, 1_000_000 * self.total // self.best)


def prices(market: Market, assigned: list[int], best: Certificate | None = None) -> Prices:
    """Return both prices of an assignment; `best` proves the highest sum if it is known already."""
    if best is None:
        best = most_good(market, floors=False).certificate
    return Prices(blocking_pairs(market, assigned), total_of(market, assigned), best.bound, best.valid)


def total_of(market: Market, assigned: list[int]) -> int:
    """Return the sum of the weights of the assigned pairs."""
    if market.sweep is not None:
        summary = market.sweep.summary(assigned, market.at_ceiling(assigned))
        has = np.array(assigned, np.int64) != UNMATCHED
        return int((summary.gain[has].astype(np.int64) + summary.preference[has] + 1).sum())
    chosen = np.array(assigned, np.int64)
    pairs = market.pairs
    return int(pairs.weight[chosen[pairs.owner] == pairs.seat].sum())


def blocking_pairs(market: Market, assigned: list[int]) -> int:
    """Return how many feasible pairs would both leave their partners for each other."""
    return int(blocking_of(market, assigned).sum())


def blocking_of(market: Market, assigned: list[int]) -> Integers:
    """Return for each candidate in how many pairs both sides would leave their partners for each other.

    The candidate prefers the seat to the present one (or has none), and the seat, choosing greedily under capacity and
    the country's share, would take the candidate. A candidate without a seat whose country has reached its ceiling
    blocks nothing, for no seat may take one more from there. Where exchanges follow lots, a lot makes nobody prefer.
    """
    stops = market.at_ceiling(assigned)
    if market.sweep is not None and not market.problem.rules.exchanges:
        return market.sweep.summary(assigned, stops).blocking.astype(np.int64)
    pairs, people = market.pairs, len(market.candidates)
    if not len(pairs.seat):
        return np.zeros(people, np.int64)
    owner, country = pairs.owner, np.array(market.country, np.int64)
    mine = np.array(assigned, np.int64)
    admitted = mine[owner] == pairs.seat
    position = market.own_order
    reached = np.full(people, len(owner))
    reached[owner[admitted]] = position[admitted]
    wants = position < reached[owner]
    least = _least_key_admitted(market, mine, admitted)
    full = np.zeros(len(market.countries), bool)
    full[stops] = True
    stopped = full[country[owner]] & (mine[owner] == UNMATCHED)
    blocks = wants & ~stopped & (market.standing > least[pairs.seat, country[owner]])
    return np.bincount(owner[blocks], minlength=people)


def _least_key_admitted(market: Market, mine: Integers, admitted: NDArray[np.bool_]) -> Integers:
    """Return the key (seats x countries) above which a seat would take one more of a country.

    -1 if it takes anybody.
    """
    pairs, countries = market.pairs, len(market.countries)
    country, owner = np.array(market.country, np.int64), pairs.owner
    ceiling = np.iinfo(np.int64).max
    of_country = np.full((len(market.seats), countries), ceiling)
    np.minimum.at(of_country, (pairs.seat[admitted], country[owner[admitted]]), market.standing[admitted])
    count = np.array([[used.get(k, 0) for k in range(countries)] for used in market.used]).reshape(-1, countries)
    np.add.at(count, (pairs.seat[admitted], country[owner[admitted]]), 1)
    share_full = count >= np.array(market.shares)[:, None]
    taken = np.bincount(mine[mine != UNMATCHED], minlength=len(market.seats))
    seat_full = taken >= np.array(market.free)
    lowest = np.broadcast_to(of_country.min(axis=1, keepdims=True), of_country.shape)
    return np.where(share_full, of_country, np.where(seat_full[:, None], lowest, -1))
