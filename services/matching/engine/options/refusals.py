"""Try what is left of a matching if some of the matched refuse, and how many reserves fill their places.

Who refuses is drawn at random, from a seed, so that the same matching always gives the same numbers. The places that
fall free go to those without one who can take them, by the hosts' order, as when a reserve is called up; shares and
ceilings hold, and members of groups are no reserves. A reserve who moves up is taken to accept.
"""

import copy
import random
from collections import Counter
from dataclasses import dataclass

from services.matching.engine.market.market import Market
from services.matching.engine.matching import Result
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, Admissions, beyond_ceilings

DRAWS = 100
"""So many draws are tried."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """The outcome of draws in which `refused` of the matched refuse (`percent` of them, rounded up).

    `mean_left` (in tenths) and `worst_left` count the places that are filled after reserves have moved up.
    `mean_called` (in tenths) and `most_called` count those reserves, `most_at_a_place` the most at one place in a draw.
    """

    percent: int
    draws: int
    refused: int
    mean_left: int
    worst_left: int
    mean_called: int
    most_called: int
    most_at_a_place: int


def refusals(result: Result, percents: tuple[int, ...] = (10, 20), draws: int = DRAWS) -> tuple[Refusals, ...]:
    """Return what is left of a matching for each share of refusals."""
    trial = _Trial(result)
    return tuple(trial.of(percent, draws) for percent in percents)


class _Trial:
    """A matching from which some refuse."""

    def __init__(self, result: Result) -> None:
        self._market = Market(result.problem)
        _ = self._market.rows  # computed here once, for all copies
        place, seats = self._market.place, self._market.seat_place
        self._pairs = sorted((place[candidate], seats[seat]) for candidate, seat in result.matching.items())
        placed = {candidate for candidate, _ in self._pairs}
        self._waiting = [
            number
            for number, candidate in enumerate(self._market.candidates)
            if number not in placed and candidate.group_id is None
        ]
        self._seed = result.seed

    def of(self, percent: int, draws: int) -> Refusals:
        """Return the outcome of so many draws."""
        refused = -(-len(self._pairs) * percent // 100)
        staying = len(self._pairs) - refused
        called = []
        for draw in range(draws):
            dice = random.Random(f"{self._seed}/{percent}/{draw}")  # noqa: S311 - a repeatable draw, no secret
            called.append(self._called_up(set(dice.sample(range(len(self._pairs)), refused))))
        moved = [sum(at_place.values()) for at_place in called]
        return Refusals(
            percent=percent,
            draws=draws,
            refused=refused,
            mean_left=10 * staying + round(10 * sum(moved) / draws),
            worst_left=staying + min(moved),
            mean_called=round(10 * sum(moved) / draws),
            most_called=max(moved),
            most_at_a_place=max((count for at_place in called for count in at_place.values()), default=0),
        )

    def _called_up(self, gone: set[int]) -> Counter[int]:
        """Return how many reserves move up at each seat, if these pairs (by number) are given up."""
        market = copy.copy(self._market)
        market.free, market.used = [0] * len(market.seats), [dict(used) for used in market.used]
        market.quota = list(market.quota)
        for number, (candidate, seat) in enumerate(self._pairs):
            if number in gone:
                market.free[seat] += 1
                continue
            country = market.country[candidate]
            market.used[seat][country] = market.used[seat].get(country, 0) + 1
            most = market.quota[country]
            market.quota[country] = None if most is None else most - 1
        out: set[int] = set()
        while True:
            state = Admissions(market)
            state.enter(candidate for candidate in self._waiting if candidate not in out)
            assigned = state.assignment()
            keys = {candidate: key for line in state.admitted for key, candidate in line}
            beyond = beyond_ceilings(market, assigned, keys)
            if not beyond:
                return Counter(seat for seat in assigned if seat != UNMATCHED)
            out |= beyond
