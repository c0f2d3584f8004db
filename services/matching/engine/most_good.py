"""Which matching has the highest sum of points? Maximum weight as a flow of least cost, solved by OR-tools.

Pool -> country (its ceiling) -> candidate (1) -> country's share of a seat -> seat (free places) -> end, and a free
way past it all for those who stay without. The network keeps every quota exactly, and its optimum is the problem's
(Ahuja, Magnanti & Orlin, "Network Flows", 1993, chapter 12). Equal sums are decided by the published tie-break in the
low bits of a cost.
"""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from services.matching.engine.market import Integers, Market
from services.matching.engine.scores import TIE_BITS
from services.matching.engine.stable import UNMATCHED

_COST_BITS = 60
_MOST_TIE_BITS = 10


def most_good(market: Market) -> list[int]:
    """The seat of each candidate, or UNMATCHED, in a matching with the highest sum of `Pairs.weight`.

    Floors come first: a matching that sends more of what floors ask for is preferred to any sum of points.
    Raises RuntimeError where the solver gives up (costs beyond 64 bits), which no pool of a programme reaches.
    """
    pairs, people = market.pairs, len(market.candidates)
    if not len(pairs.seat):
        return [UNMATCHED] * people
    network = _Network(market)
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(*network.arcs())
    flow.set_node_supply(network.pool, people)
    flow.set_node_supply(network.end, -people)
    if (status := flow.solve()) != flow.OPTIMAL:
        raise RuntimeError(f"The flow of call {market.problem.call_id} has no optimum: {status}")
    used = flow.flows(network.pair_arcs) > 0
    assigned = np.full(people, UNMATCHED, np.int64)
    assigned[pairs.owner[used]] = pairs.seat[used]
    return [int(seat) for seat in assigned]


class _Network:
    """The arcs of one market; nodes are numbered pool, end, countries, candidates, seats, shares of seats."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.pool, self.end = 0, 1
        self._country = 2
        self._person = self._country + len(market.countries)
        self._seat = self._person + len(market.candidates)
        self._share = self._seat + len(market.seats)
        self.pair_arcs = np.arange(len(market.pairs.seat), dtype=np.int32)

    def arcs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Integers, Integers]:
        """Tails, heads, capacities and costs; the feasible pairs come first, in the order of the market."""
        market, pairs = self._market, self._market.pairs
        countries = len(market.countries)
        country = np.array(market.country, np.int64)
        owner = pairs.owner
        share = self._share + pairs.seat * countries + country[owner]
        costs, floor_cost = self._costs()
        tails, heads = [self._person + owner], [share]
        capacities, prices = [np.ones_like(owner)], [costs]

        def add(tail: Integers, head: Integers, capacity: Integers, cost: int = 0) -> None:
            tails.append(tail)
            heads.append(head)
            capacities.append(capacity)
            prices.append(np.full(len(tail), cost, np.int64))

        seats, people = len(market.seats), len(market.candidates)
        left = np.array(
            [
                [max(0, most - used.get(k, 0)) for k in range(countries)]
                for most, used in zip(market.shares, market.used, strict=True)
            ],
            np.int64,
        ).reshape(seats * countries)
        grid = np.arange(seats * countries, dtype=np.int64)
        add(self._share + grid, self._seat + grid // countries, left)
        add(self._seat + np.arange(seats), np.full(seats, self.end), np.array(market.free, np.int64))
        add(self._country + country, self._person + np.arange(people), np.ones(people, np.int64))
        floors, rest = self._floors_and_rest()
        numbers = self._country + np.arange(countries)
        add(np.full(countries, self.pool), numbers, floors, -floor_cost)
        add(np.full(countries, self.pool), numbers, rest)
        add(np.array([self.pool]), np.array([self.end]), np.array([people]))
        return (
            np.concatenate(tails).astype(np.int32),
            np.concatenate(heads).astype(np.int32),
            np.concatenate(capacities),
            np.concatenate(prices),
        )

    def _floors_and_rest(self) -> tuple[Integers, Integers]:
        """For each country how many a floor still asks for, and how many more may go."""
        market = self._market
        floors, rest = [], []
        for country, most in zip(market.countries, market.quota, strict=True):
            allowed = len(market.candidates) if most is None else max(0, most)
            asked = max(0, market.problem.rules.floors.get(country, 0) - market.rules.sent[country])
            floors.append(min(asked, allowed))
            rest.append(allowed - floors[-1])
        return np.array(floors, np.int64), np.array(rest, np.int64)

    def _costs(self) -> tuple[Integers, int]:
        """The cost of each pair (minus weight, then tie-break) and the reward of one person whom a floor asks for."""
        pairs, people = self._market.pairs, len(self._market.candidates)
        weight = pairs.weight
        floors = any(self._floors_and_rest()[0])
        largest = int(weight.max()) * (people + 1 if floors else 1)
        nodes = self._share + len(self._market.seats) * len(self._market.countries)
        spare = _COST_BITS - largest.bit_length() - nodes.bit_length() - people.bit_length()
        tie_bits = max(0, min(_MOST_TIE_BITS, spare))
        scale = (people << tie_bits) if tie_bits else 1
        tie = (pairs.key & ((1 << TIE_BITS) - 1)) >> (TIE_BITS - tie_bits)
        return -(weight * scale + tie), (int(weight.max()) * (people + 1) * scale if floors else 0)
