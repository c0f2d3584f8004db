"""Which matching has the highest sum of points, and what proves it? Maximum weight as flows of least cost over few pairs.

A flow over the best pairs of either side (OR-tools) gives a matching, potentials of our own its prices, and the prices
a bound for all pairs. Pairs that could raise the sum join, and the flow is sought anew, until sum and bound meet. Among
all matchings of the highest sum the one with the highest sum of published tie-breaks is taken, so that the result
depends neither on the order of the parts nor on the way on which the optimum was found.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.certificate import Certificate
from services.matching.engine.columns import Columns, Priced
from services.matching.engine.market import Integers, Market
from services.matching.engine.network import Limits, Network, Prices
from services.matching.engine.potentials import potentials
from services.matching.engine.stable import UNMATCHED

ALL_AT_ONCE = 30_000
"""With so many pairs or fewer, the first flow has them all."""

ROUNDS = 20
"""After so many flows the bound is told as it stands."""


@dataclass(frozen=True, slots=True)
class Best:
    """The seat of each candidate (UNMATCHED: none), and how good that is."""

    assigned: list[int]
    certificate: Certificate


def most_good(market: Market, *, all_at_once: int = ALL_AT_ONCE, rounds: int = ROUNDS) -> Best:
    """A matching with the highest sum of `Pairs.weight`.

    Floors come first: a matching that sends more of what floors ask for is preferred to any sum of points. Up to
    `all_at_once` pairs are in the first flow; of more, a short list is. At most `rounds` flows are sought: where they do
    not suffice, the certificate is not valid and says how far the sum may be from the best.
    """
    columns = Columns(market)
    limits = Limits(market, columns.heaviest)
    listed = np.arange(columns.count) if columns.count <= all_at_once else columns.shortlist(limits.free)
    least: tuple[int, Prices] | None = None
    for turn in range(1, rounds + 1):
        owner, seat = columns.owner(listed), columns.seat[listed]
        network = Network(limits, owner, seat, columns.weight[listed], limits.reward)
        flow = network.flow()
        prices = network.prices(potentials(network, flow))
        priced = columns.priced(limits, prices, listed)
        if least is None or priced.bound < least[0]:
            least = priced.bound, prices
        if not len(priced.better) or turn == rounds:
            break
        listed = np.union1d(listed, priced.better)
    if len(priced.better):
        chosen = listed[flow[: len(listed)] > 0]
    else:
        chosen = _by_tie(columns, limits, prices, priced)
    assigned = np.full(columns.people, UNMATCHED, np.int64)
    assigned[columns.owner(chosen)] = columns.seat[chosen]
    total = int(columns.weight[chosen].sum())
    bound = least[0] - limits.reward * limits.reached(assigned)
    return Best(assigned.tolist(), Certificate(total, bound, least[1]))


def _by_tie(columns: Columns, limits: Limits, prices: Prices, priced: Priced) -> Integers:
    """The pairs of the one matching that the tie-breaks choose among all of the highest sum.

    By complementary slackness those are the flows that use nothing but tight pairs, fill what has a price, and serve
    everybody who is left with a surplus.
    """
    tight = priced.tight
    network = Network(limits, columns.owner(tight), columns.seat[tight], columns.tie(tight), 0)
    flow = network.flow(network.reduced_costs(prices, priced.surplus, limits.reward))
    return tight[flow[: len(tight)] > 0]
