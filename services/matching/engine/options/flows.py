"""Look for matchings between a stable one and one of the highest sum, by flows that pay for probable blocking pairs.

Against the thresholds of the stable matching it is known how many pairs a pair would make block, if nothing else
changed: the seats that the candidate would rather have and could get, and the candidates whom the seat would rather
have and could get. Each flow takes off so many points for each of them. The true blocking pairs are counted afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.engine.explain.prices import blocking_pairs, total_of
from services.matching.engine.market.market import Integers, Market
from services.matching.engine.optimal.network import Limits, Network
from services.matching.engine.stable.deferred_acceptance import UNMATCHED

_SCALE = 64
_FINES = tuple(round(1.6**power) for power in range(23))
"""The points (in parts of `_SCALE`) taken off for a probable blocking pair, one flow each."""


@dataclass(frozen=True, slots=True)
class Candidacy:
    """A matching between the two ends, with its sum and its blocking pairs."""

    assigned: tuple[int, ...]
    total: int
    blocking: int


def measured(market: Market, assigned: Sequence[int]) -> Candidacy:
    """Return a matching with its sum and its blocking pairs."""
    seats = list(assigned)
    return Candidacy(tuple(seats), total_of(market, seats), blocking_pairs(market, seats))


def found_between(market: Market, stable: Sequence[int], least: Integers) -> list[Candidacy]:
    """Return different matchings that flows find; those that send fewer than `least` of a country are left out."""
    pairs = market.pairs
    if not len(pairs.seat):
        return []
    limits, fine = Limits(market), _probable(market, np.array(stable, np.int64))
    reward = 2 * _SCALE * int(pairs.weight.max())
    owner, country = pairs.owner, np.array(market.country, np.int64)
    known: dict[tuple[int, ...], Candidacy] = {}
    for fines in _FINES:
        worth = np.maximum(1, _SCALE * pairs.weight - fines * fine)
        flow = Network(limits, owner, pairs.seat, worth, reward).flow()
        chosen = np.flatnonzero(flow[: len(owner)] > 0)
        assigned = np.full(len(market.candidates), UNMATCHED, np.int64)
        assigned[owner[chosen]] = pairs.seat[chosen]
        sent = np.bincount(country[assigned >= 0], minlength=len(market.countries))
        key = tuple(assigned.tolist())
        if key not in known and not (sent < least).any():
            known[key] = measured(market, key)
    return list(known.values())


def _probable(market: Market, stable: Integers) -> Integers:
    """Return for each pair how many pairs would block if it replaced what the stable matching has."""
    pairs, owner = market.pairs, market.pairs.owner
    admitted = stable[owner] == pairs.seat
    position = np.arange(len(owner))
    reached = np.full(len(market.candidates), len(owner))
    reached[owner[admitted]] = position[admitted]
    lowest = np.full(len(market.seats), np.iinfo(np.int64).max)
    np.minimum.at(lowest, pairs.seat[admitted], pairs.key[admitted])
    taken = np.bincount(pairs.seat[admitted], minlength=len(market.seats))
    lowest[taken < np.array(market.free)] = -1
    # The seats before this one, in the candidate's order, that would take the candidate.
    welcome = (pairs.key >= lowest[pairs.seat]).astype(np.int64)
    before = np.cumsum(welcome) - welcome
    starts = pairs.starts[:-1][np.diff(pairs.starts) > 0]
    first = np.zeros(len(owner), np.int64)
    first[starts] = before[starts]
    passed = before - np.maximum.accumulate(first)
    # The candidates before this one, in the seat's order, who would rather have the seat than what they have.
    envious = (position < reached[owner]).astype(np.int64)
    order = np.lexsort((-pairs.key, pairs.seat))
    ahead = np.cumsum(envious[order]) - envious[order]
    begins = np.flatnonzero(np.diff(pairs.seat[order], prepend=-1))
    base = np.zeros(len(order), np.int64)
    base[begins] = ahead[begins]
    envy = np.zeros(len(order), np.int64)
    envy[order] = ahead - np.maximum.accumulate(base)
    return np.where(admitted, 0, passed + envy)
