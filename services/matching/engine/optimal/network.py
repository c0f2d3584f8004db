"""The network of a matching, and its flow of least cost.

A circulation: hub -> country (its ceiling; what a floor asks for is an arc of its own with a reward) -> candidate (1)
-> country's share of a seat -> seat (free places) -> hub. A candidate who stays without adds no flow. Every quota is a
capacity, so the least cost is that of the problem itself (Ahuja, Magnanti & Orlin, "Network Flows", 1993, chapter 12).
A country without a quota and a share that cannot bind have no node.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from services.matching.engine.market.market import Integers, Market

HUB = 0


LARGE = 10_000
"""Arcs from which on a flow takes more than a few milliseconds (200,000 take 0.2 s)."""


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """A minimum-cost flow problem: arcs with capacity and unit cost, and the supply of each node."""

    nodes: int
    tail: Integers
    head: Integers
    capacity: Integers
    cost: Integers
    supply: Integers | None


def solve_flow(problem: FlowProblem) -> Integers:
    """Return a flow of least cost, a number for each arc, by OR-tools. Raises RuntimeError if it gives up."""
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        problem.tail.astype(np.int32), problem.head.astype(np.int32), problem.capacity, problem.cost
    )
    if problem.supply is not None:
        solver.set_nodes_supplies(np.arange(problem.nodes, dtype=np.int32), problem.supply)
    if (status := solver.solve()) != solver.OPTIMAL:
        raise RuntimeError(f"A flow of {problem.nodes} nodes and {len(problem.tail)} arcs has no optimum: {status}")
    flow: Integers = solver.flows(np.arange(len(problem.tail), dtype=np.int32))
    return flow


_elsewhere: Callable[[FlowProblem], Integers] | None = None


def solve_large_flows_by(elsewhere: Callable[[FlowProblem], Integers] | None) -> None:
    """Have all large flows of this process solved by another function than `solve_flow`; None: by it again.

    OR-tools keeps the interpreter's lock while it works, which would stop everything else in a service.
    """
    global _elsewhere  # noqa: PLW0603 - one for the process, as the lock is
    _elsewhere = elsewhere


class Limits:
    """The bounds of a matching besides feasibility, as arrays.

    `free` counts the places of each seat, `country` numbers each candidate's country; `left` (countries x seats) is
    what remains of a country's share of a seat, None if no share can bind. `floors` counts how many a country's floor
    still asks for, as far as there are candidates with a feasible pair, and `rest` how many more it may send; `limited`
    says which countries have a floor or a ceiling. Without `floors` nobody is asked for.
    """

    def __init__(self, market: Market, *, floors: bool = True) -> None:
        people = len(market.candidates)
        self.free: Integers = np.array(market.free, np.int64)
        self.country: Integers = np.array(market.country, np.int64)
        self.left = self._shares_left(market)
        swept = market.sweep
        some = np.diff(market.pairs.starts) > 0 if swept is None else swept.funnel[:, -1] > 0
        able = np.bincount(self.country[some], minlength=len(market.countries)).tolist()
        asked_of = market.problem.rules.floors if floors else {}
        least, rest, limited = [], [], []
        for country, most, at_all in zip(market.countries, market.quota, able, strict=True):
            allowed = people if most is None else min(people, max(0, most))
            lacking = max(0, asked_of.get(country, 0) - market.rules.sent[country])
            least.append(min(lacking, allowed, at_all))
            rest.append(allowed - least[-1])
            limited.append(most is not None or least[-1] > 0)
        self.floors: Integers = np.array(least, np.int64)
        self.rest: Integers = np.array(rest, np.int64)
        self.limited = np.array(limited, bool)

    def _shares_left(self, market: Market) -> Integers | None:
        left = np.repeat(np.array(market.shares, np.int64)[None, :], len(market.countries), axis=0)
        for seat, used in enumerate(market.used):
            for country, count in used.items():
                left[country, seat] -= count
        return np.maximum(left, 0) if (left < self.free).any() else None

    @property
    def places_only(self) -> bool:
        """True if nothing but places can be scarce: no share, ceiling or floor counts."""
        return self.left is None and not self.limited.any()

    def reached(self, assigned: Integers) -> int:
        """Return how many of those whom floors ask for go, if candidates have these seats (below 0: none)."""
        sent = np.bincount(self.country[assigned >= 0], minlength=len(self.floors))
        return int(np.minimum(sent, self.floors).sum())

    def paid(self, prices: "Prices", reward: int) -> int:
        """Return what all places, shares and quotas cost, with a reward for each whom a floor asks for."""
        paid = int(prices.seat @ self.free)
        if prices.share is not None and self.left is not None:
            paid += int((prices.share * self.left).sum())
        paid += int(self.floors @ np.maximum(0, reward + prices.country))
        return paid + int(self.rest @ np.maximum(0, prices.country))


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices in points of a place, a place in a country's share and a departure from a country: the dual of a flow.

    `share` (countries x seats) is None if no share can bind; `country` is below 0 where a floor draws people in.
    """

    seat: Integers
    share: Integers | None
    country: Integers

    @property
    def place(self) -> Integers:
        """Return the price of a place for each country (countries x seats), or of each seat if no share can bind."""
        return self.seat if self.share is None else self.seat + self.share


class Network:
    """The arcs of some pairs, which come first and in the given order; the cost of a unit is minus its worth."""

    def __init__(self, limits: Limits, owner: Integers, seat: Integers, worth: Integers, reward: int) -> None:
        self._limits = limits
        people, seats, countries = len(limits.country), len(limits.free), len(limits.floors)
        self._countries = 1 + np.arange(countries)
        self._people = 1 + countries + np.arange(people)
        self._seats = 1 + countries + people + np.arange(seats)
        self._first_share = 1 + countries + people + seats
        into, self._shares = self._seats[seat], np.zeros(0, np.int64)
        if limits.left is not None:
            binds = (limits.left < limits.free)[limits.country[owner], seat]
            codes = limits.country[owner[binds]] * seats + seat[binds]
            self._shares, number = np.unique(codes, return_inverse=True)
            into[binds] = self._first_share + number
        self.nodes = self._first_share + len(self._shares)
        of_country = limits.country
        starts = np.where(limits.limited[of_country], self._countries[of_country], HUB)
        of_share = np.zeros(0, np.int64) if limits.left is None else limits.left.reshape(-1)[self._shares]
        parts = (
            (self._people[owner], into, np.ones_like(owner), -worth),
            (self._first_share + np.arange(len(self._shares)), self._seats[self._shares % max(1, seats)], of_share, 0),
            (self._seats, HUB, limits.free, 0),
            (starts, self._people, 1, 0),
            (HUB, self._countries, limits.floors, -reward),
            (HUB, self._countries, limits.rest, 0),
        )
        widths = [len(owner), len(self._shares), seats, people, countries, countries]
        self.tail, self.head, self.capacity, self.cost = (
            np.concatenate(
                [
                    np.broadcast_to(np.asarray(part[at], np.int64), width)
                    for part, width in zip(parts, widths, strict=True)
                ]
            )
            for at in range(4)
        )
        self.pairs = len(owner)

    def flow(self, reduced: Integers | None = None) -> Integers:
        """Return a flow of least cost, a number for each arc.

        `reduced` are reduced costs of an optimum for other costs. An arc above 0 then stays empty and one below 0 full,
        so that only flows are sought that are optimal for those as well. Raises RuntimeError if the solver gives up
        (costs beyond 64 bits), which no pool of a programme reaches.
        """
        capacity = self.capacity if reduced is None else np.where(reduced == 0, self.capacity, 0)
        full, supply = np.zeros_like(capacity), None
        if reduced is not None:
            full = np.where(reduced < 0, self.capacity, 0)
            supply = np.zeros(self.nodes, np.int64)
            np.add.at(supply, self.head, full)
            np.subtract.at(supply, self.tail, full)
        problem = FlowProblem(self.nodes, self.tail, self.head, capacity, self.cost, supply)
        elsewhere = _elsewhere if len(self.tail) >= LARGE else None
        flow: Integers = (elsewhere or solve_flow)(problem) + full
        return flow

    def prices(self, potential: Integers) -> Prices:
        """Return the prices that the potentials of a flow of least cost stand for."""
        limits, hub = self._limits, potential[HUB]
        share = None
        if limits.left is not None:
            share = np.zeros_like(limits.left)
            seats = self._seats[self._shares % len(limits.free)]
            share.reshape(-1)[self._shares] = np.maximum(0, potential[seats] - potential[self._first_share :])
        return Prices(
            np.maximum(0, hub - potential[self._seats]),
            share,
            np.where(limits.limited, potential[self._countries] - hub, 0),
        )

    def reduced_costs(self, prices: Prices, surplus: Integers, reward: int) -> Integers:
        """Return the reduced cost of each arc at these prices, all pairs of the network being tight.

        `surplus` is what each candidate is left with, in points.
        """
        of_share = np.zeros(0, np.int64) if prices.share is None else prices.share.reshape(-1)[self._shares]
        return np.concatenate(
            [
                np.zeros(self.pairs, np.int64),
                -of_share,
                -prices.seat,
                -surplus,
                -(reward + prices.country),
                -prices.country,
            ]
        )
