"""What is the matching if some pairs are made by hand? They stand, and the others are matched around them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.matching.engine.layers import run_layers
from services.matching.engine.market import Market
from services.matching.engine.matching import Result
from services.matching.engine.problem import Fixed, Problem
from services.matching.engine.solution import Solution
from services.matching.engine.stable import UNMATCHED


class NotPossible(ValueError):
    """A pair that breaks a hard rule, or one pair more than a place, a share or a ceiling has room for."""

    def __init__(self, candidate_id: str, seat_id: str) -> None:
        super().__init__(f"{candidate_id} cannot have {seat_id}: a hard rule forbids it, or no place is left")
        self.candidate_id, self.seat_id = candidate_id, seat_id


@dataclass(frozen=True, slots=True)
class Price:
    """What pairs made by hand change beside the matching without them; ids in their order.

    `lose` had a place and have none now, `gain` the other way round, `move` have another one. `points` is the sum less
    the one before; `blocking_pairs` are those of the matching with them.
    """

    gain: tuple[str, ...]
    lose: tuple[str, ...]
    move: tuple[str, ...]
    points: int
    blocking_pairs: int


def with_pairs(problem: Problem, pairs: Mapping[str, str]) -> Result:
    """The run of a problem in which these candidates (ids) have these seats (ids), whatever the objective would do.

    Groups and singles are matched around them as in any run. Receipts, ranks and both prices are those of the whole
    matching. Raises `NotPossible` for the first pair, by candidate, that may not be.
    """
    market = Market(problem)
    _check(market, pairs)
    fixed = tuple(
        Fixed(candidate_id=one, seat_id=seat, country=market.candidates[market.place[one]].country)
        for one, seat in sorted(pairs.items())
    )
    around = run_layers(replace(problem, fixed=problem.fixed + fixed)).matching
    assigned = [UNMATCHED] * len(market.candidates)
    for name, seat_id in {**around, **pairs}.items():
        assigned[market.place[name]] = market.seat_place[seat_id]
    return Result(market, Solution(assigned))


def _check(market: Market, pairs: Mapping[str, str]) -> None:
    places = list(market.free)
    used = [dict(one) for one in market.used]
    quota = list(market.quota)
    for name, seat_id in sorted(pairs.items()):
        if name not in market.place or seat_id not in market.seat_place:
            raise NotPossible(name, seat_id)
        one, seat = market.place[name], market.seat_place[seat_id]
        country = market.country[one]
        feasible = seat in market.row_of(market.candidates[one]).seat
        places[seat] -= 1
        used[seat][country] = used[seat].get(country, 0) + 1
        left = quota[country]
        quota[country] = left if left is None else left - 1
        if not feasible or places[seat] < 0 or used[seat][country] > market.shares[seat] or left == 0:
            raise NotPossible(name, seat_id)


def price(before: Result, after: Result) -> Price:
    """What became of everybody in the pool."""
    then, now = before.matching, after.matching
    return Price(
        gain=tuple(sorted(now.keys() - then.keys())),
        lose=tuple(sorted(then.keys() - now.keys())),
        move=tuple(sorted(one for one in now.keys() & then.keys() if now[one] != then[one])),
        points=after.prices.total - before.prices.total,
        blocking_pairs=after.prices.blocking_pairs,
    )
