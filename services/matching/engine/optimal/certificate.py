"""Bound the distance of a sum of points from the best, by prices that anybody can recompute.

By duality, no lawful matching is worth more than its places, shares and quotas cost at any prices, and what is left to
each candidate of his or her best pair. A matching that reaches that bound is proven to be of the highest sum, however
it was found (Kuhn, "The Hungarian method for the assignment problem", 1955; with quotas: Ahuja, Magnanti & Orlin,
"Network Flows", 1993, chapter 9).
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.market.market import Integers, Market, Pairs
from services.matching.engine.optimal.network import Limits, Prices


@dataclass(frozen=True, slots=True)
class Certificate:
    """The sum of a matching in points, and an upper bound, by these prices, for matchings that fill floors as well.

    `reward` is what each whom a floor asks for counts besides his or her points.
    """

    total: int
    bound: int
    prices: Prices
    reward: int = 0

    @property
    def valid(self) -> bool:
        """Return whether the sum is proven to be the highest."""
        return self.total == self.bound

    @property
    def gap_ppm(self) -> int:
        """By how much the best sum may exceed this one, in parts per million of the bound, rounded up."""
        return -(-1_000_000 * (self.bound - self.total) // self.bound) if self.bound else 0


def left_with(prices: Prices, country: int, row: Pairs) -> int:
    """Return what a candidate of a country (number) is left with of the best of some pairs, of which there are any.

    Below 0, no matching of the highest sum at these prices has any of the pairs (complementary slackness).
    """
    place = prices.seat if prices.share is None else prices.place[country]
    return int((row.weight - place[row.seat]).max() - prices.country[country])


def bound(market: Market, certificate: Certificate, assigned: Integers, *, floors: bool = True) -> int:
    """Return the bound that the prices of a certificate give, computed from all pairs of the market.

    `assigned` (the seat of each candidate; below 0: none) says how many of those whom floors ask for go: the bound is
    for matchings that send as many (unless `floors` do not count). Raises ValueError for a price below 0, which no
    place can have.
    """
    pairs, owner, prices = market.pairs, market.pairs.owner, certificate.prices
    limits = Limits(market, floors=floors)
    if (prices.seat < 0).any() or (prices.share is not None and (prices.share < 0).any()):
        raise ValueError("A place has a price below 0")
    fare = prices.seat[pairs.seat] + prices.country[limits.country[owner]]
    if prices.share is not None:
        fare += prices.share[limits.country[owner], pairs.seat]
    left = np.zeros(len(market.candidates), np.int64)
    np.maximum.at(left, owner, pairs.weight - fare)
    paid = limits.paid(prices, certificate.reward)
    return int(left.sum()) + paid - certificate.reward * limits.reached(assigned)
