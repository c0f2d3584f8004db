"""Find a matching of the highest sum of points, with its proof, by flows of least cost over few of the pairs.

A flow over the best pairs of either side gives a matching and prices, and the prices a bound for all pairs. Pairs that
could raise the sum join, and the flow is solved again, until sum and bound meet. Where only places are scarce, a flow
is found by shortest paths (`paths.py`), else by OR-tools and potentials (`network.py`). Among all matchings of the
highest sum the one with the highest sum of published tie-breaks is taken, so that the result depends neither on the
order of the parts nor on the way on which the optimum was found.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.market.market import Integers, Market
from services.matching.engine.optimal.certificate import Certificate
from services.matching.engine.optimal.network import Limits, Network, Prices
from services.matching.engine.optimal.potentials import potentials
from services.matching.engine.optimal.shortlist import PairTable, Priced
from services.matching.engine.rules.scores import TIE_BITS
from services.matching.engine.stable.deferred_acceptance import UNMATCHED

_NEAR_ENOUGH_PPM = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The effort of a search for the optimum; it affects the time, and only by `rounds` the result.

    Up to `all_at_once` pairs are all in the first flow, by shortest paths up to `paths_at_once`. Of more, about the
    `best` of each candidate are and the best `per_place` of each free place; the second flow has those that the first
    prices leave within reach, about `near` a candidate. After so many `rounds` (flows) the bound is reported as it is.
    """

    all_at_once: int = 30_000
    paths_at_once: int = 200_000
    best: int = 12
    per_place: int = 6
    near: int = 6
    rounds: int = 20


EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Best:
    """The seat of each candidate (UNMATCHED: none), and the proof of how good that is."""

    assigned: list[int]
    certificate: Certificate


def most_good(market: Market, *, floors: bool = True, effort: Effort = EFFORT) -> Best:
    """Return a matching with the highest sum of `Pairs.weight`. Floors come first.

    A matching that sends more of the people whom floors ask for is preferred to any sum of points (unless `floors` are
    not to count). If the rounds do not suffice, the certificate is not valid and says how far the sum may be from the
    best.
    """
    table, limits = PairTable(market), Limits(market, floors=floors)
    listed = np.arange(table.count)
    if table.count > (effort.paths_at_once if _paths_serve(table, limits) else effort.all_at_once):
        listed = table.shortlist(limits.free, effort.best, effort.per_place)
    wanted = int(limits.floors.sum())
    if not wanted:
        return _search(table, limits, listed, 0, effort)
    # A small reward costs the solver less, and where all floors are met with it, a greater one would change nothing.
    best = _search(table, limits, listed, 2 * table.heaviest, effort)
    if limits.reached(np.array(best.assigned)) < wanted:
        best = _search(table, limits, listed, table.heaviest * (table.people + 1), effort)
    return best


def _paths_serve(table: PairTable, limits: Limits) -> bool:
    """Return whether shortest paths may find a flow: compiled loops are loaded, and only places can be scarce."""
    return table.swept and limits.places_only


def _search(table: PairTable, limits: Limits, listed: Integers, reward: int, effort: Effort) -> Best:
    """Return the best matching if each whom a floor asks for counts a reward; `listed` are the first pairs."""
    least: tuple[int, Prices] | None = None
    near = effort.near if len(listed) < table.count else 0
    for _ in range(1, effort.rounds + 1):
        chosen, worth, prices = _best_of(table, limits, listed, reward)
        priced = table.priced(limits, prices, reward, listed, near)
        if least is None or priced.bound < least[0]:
            least = priced.bound, prices
        if not len(priced.better):
            chosen = _by_tie(table, limits, prices, priced, reward)
            break
        if near and 1_000_000 * (priced.bound - worth) <= _NEAR_ENOUGH_PPM * priced.bound:
            # Prices that are nearly right leave most of the list without a chance: what is near them will do.
            listed = np.union1d(chosen, priced.near)
        else:
            listed = np.union1d(listed, priced.better)
        near = 0
    assert least is not None, "no round was allowed"
    assigned = np.full(table.people, UNMATCHED, np.int64)
    assigned[table.owner(chosen)] = table.seat(chosen)
    total = int(table.weight(chosen).sum())
    bound = least[0] - reward * limits.reached(assigned)
    return Best(assigned.tolist(), Certificate(total, bound, least[1], reward))


def _best_of(table: PairTable, limits: Limits, listed: Integers, reward: int) -> tuple[Integers, int, Prices]:
    """Return the listed pairs of a matching of the highest sum, that sum with rewards, and prices that prove it."""
    weight = table.weight(listed)
    if _paths_serve(table, limits) and (found := _by_paths(table, limits, listed, weight)) is not None:
        return found[0], int(table.weight(found[0]).sum()), Prices(found[1], None, np.zeros_like(limits.rest))
    network = Network(limits, table.owner(listed), table.seat(listed), weight, reward)
    flow = network.flow()
    chosen = listed[flow[: len(listed)] > 0]
    return chosen, -int(flow @ network.cost), network.prices(potentials(network, flow))


def _by_paths(table: PairTable, limits: Limits, numbers: Integers, worth: Integers) -> tuple[Integers, Integers] | None:
    """Return those of some pairs that give the highest sum of `worth`, and the price of each seat; None: no answer."""
    from services.matching.engine.optimal.paths import optimum  # noqa: PLC0415 - numba takes half a second to load

    seat = table.seat(numbers)
    found = optimum(table.rows(numbers), seat, worth, limits.free)
    if found is None:
        return None
    return numbers[found.assigned[table.owner(numbers)] == seat], found.price


def _by_tie(table: PairTable, limits: Limits, prices: Prices, priced: Priced, reward: int) -> Integers:
    """Return the pairs of the one matching that the tie-breaks choose among all of the highest sum.

    By complementary slackness those are the flows that use nothing but tight pairs, fill all places with a price, and
    serve everybody who is left with a surplus.
    """
    tight = priced.tight
    if _paths_serve(table, limits):
        # More than all tie-breaks together, so that no place with a price and nobody with a surplus is left out.
        before_ties = np.int64(1) << (TIE_BITS + table.people.bit_length())
        due = (prices.seat[table.seat(tight)] > 0) + (priced.surplus[table.owner(tight)] > 0).astype(np.int64)
        found = _by_paths(table, limits, tight, table.tie(tight) + before_ties * due)
        if found is not None:
            return found[0]
    network = Network(limits, table.owner(tight), table.seat(tight), table.tie(tight), 0)
    flow = network.flow(network.reduced_costs(prices, priced.surplus, reward))
    return tight[flow[: len(tight)] > 0]
