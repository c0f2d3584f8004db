"""Match around pairs made by hand, and weigh an override of the matching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from services.matching.engine.explain.prices import blocking_pairs
from services.matching.engine.explain.receipt import Option, Receipt, Why
from services.matching.engine.groups.layout import lay_out
from services.matching.engine.groups.units import unit_for
from services.matching.engine.layers import Layered, run_layers
from services.matching.engine.market.market import Market
from services.matching.engine.matching import Result, run
from services.matching.engine.problem.problem import Candidate, Fixed, Problem
from services.matching.engine.rules.scores import Earned
from services.matching.engine.solution import Solution
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import HardRule

Obstacle = Literal["rule", "full", "share", "quota"]
"""A broken rule, a place without room, the share of a country at a place, or its ceiling in the call."""


class NotPossible(ValueError):
    """A pair that breaks a hard rule, or one pair more than a place, a share or a ceiling has room for.

    Of a group it is the first member, where a member has no such pair or the members cannot come together. `why` is
    what stands against the pair.
    """

    def __init__(self, candidate_id: str, seat_id: str, why: Obstacle = "rule") -> None:
        super().__init__(f"{candidate_id} cannot have {seat_id}: a hard rule forbids it, or no place is left")
        self.candidate_id, self.seat_id, self.why = candidate_id, seat_id, why


@dataclass(frozen=True, slots=True)
class Price:
    """The changes that pairs made by hand cause, compared with the matching without them; ids sorted.

    `lose` had a place and have none now, `gain` the other way round, `move` have another one. `points` is the sum less
    the one before; `blocking_pairs` are those of the matching with them.
    """

    gain: tuple[str, ...]
    lose: tuple[str, ...]
    move: tuple[str, ...]
    points: int
    blocking_pairs: int


def with_pairs(problem: Problem, pairs: Mapping[str, str]) -> Result:
    """Return the run of a problem in which these candidates (ids) have these seats (ids), whatever the objective.

    Groups and singles are matched around them as in any run. Receipts, ranks and both prices are those of the whole
    matching. Raises `NotPossible` for the first pair, by candidate, that may not be.
    """
    market = Market(problem)
    around = run_layers(_beside(market, pairs)).matching
    return Result(market, Solution(_assigned(market, {**around, **pairs})))


def with_singles(problem: Problem, pairs: Mapping[str, str]) -> Result:
    """Return the run of a problem in which these candidates have these seats, with other groups in their own layer.

    As `with_pairs`, but receipts of those groups and the price of letting them go first are those of a run with groups.
    Of a group all members in the pool have one seat that takes them together, or none is named.
    """
    _check_groups(problem, pairs)
    layout = lay_out(_beside(Market(problem), pairs))
    if not layout.units:
        return with_pairs(problem, pairs)
    around = Layered(layout, run(layout.rest)).matching
    grouped = replace(layout, problem=problem)
    rest = Market(grouped.rest)
    singles = {name: seat for name, seat in {**around, **pairs}.items() if name in rest.place}
    return Layered(grouped, Result(rest, Solution(_assigned(rest, singles))))


def _beside(market: Market, pairs: Mapping[str, str]) -> Problem:
    """Return the problem with these pairs fixed. Raises `NotPossible` for the first that may not be."""
    check(market, pairs)
    fixed = tuple(
        Fixed(candidate_id=candidate_id, seat_id=seat, country=market.candidates[market.place[candidate_id]].country)
        for candidate_id, seat in sorted(pairs.items())
    )
    return replace(market.problem, fixed=market.problem.fixed + fixed)


def _assigned(market: Market, seats: Mapping[str, str]) -> list[int]:
    assigned = [UNMATCHED] * len(market.candidates)
    for name, seat_id in seats.items():
        assigned[market.place[name]] = market.seat_place[seat_id]
    return assigned


def possible_seats(problem: Problem, candidate_id: str, pairs: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Return the seats (ids, sorted) that a candidate may have beside these pairs made by hand.

    Those of a group's member take all members in the pool together. Raises KeyError for a candidate that is not there.
    """
    market = Market(problem)
    candidate = market.candidates[market.place[candidate_id]]
    members = _groups(problem).get(candidate.group_id or "", [candidate])
    others = {name: seat for name, seat in pairs.items() if name not in {member.id for member in members}}
    if len(members) > 1:
        wanted = _together(problem, members, others)
    else:
        wanted = [market.seats[seat].id for seat in market.row_of(candidate).seat.tolist()]
    found = []
    for seat_id in sorted(wanted):
        try:
            check(market, others | {member.id: seat_id for member in members})
        except NotPossible:
            continue
        found.append(seat_id)
    return found


def _groups(problem: Problem) -> dict[str, list[Candidate]]:
    """Return the members of each group in the pool, by id."""
    found: dict[str, list[Candidate]] = {}
    for candidate in sorted(problem.candidates, key=lambda candidate: candidate.id):
        if candidate.group_id is not None:
            found.setdefault(candidate.group_id, []).append(candidate)
    return found


def _together(problem: Problem, members: Sequence[Candidate], others: Mapping[str, str]) -> list[str]:
    """Return the seats (ids) that take all these members of a group in the same weeks, beside these pairs."""
    market = Market(_beside(Market(problem), others) if others else problem)
    unit = unit_for(market, members[0].group_id or "", members)
    return [market.seats[seat].id for seat in unit.wishes]


def _check_groups(problem: Problem, pairs: Mapping[str, str]) -> None:
    """Raise `NotPossible` for the first group that these pairs split, or put where it cannot come together."""
    for members in _groups(problem).values():
        given = [pairs.get(member.id) for member in members]
        seat = next((each for each in given if each is not None), None)
        if seat is None or len(members) == 1:
            continue
        others = {name: each for name, each in pairs.items() if name not in {member.id for member in members}}
        if set(given) != {seat} or seat not in _together(problem, members, others):
            raise NotPossible(members[0].id, seat)


def check(market: Market, pairs: Mapping[str, str]) -> None:
    """Raise `NotPossible` for the first pair, by candidate, that may not be."""
    places = list(market.free)
    used = [dict(counts) for counts in market.used]
    quota = list(market.quota)
    for name, seat_id in sorted(pairs.items()):
        if name not in market.place or seat_id not in market.seat_place:
            raise NotPossible(name, seat_id)
        candidate, seat = market.place[name], market.seat_place[seat_id]
        country = market.country[candidate]
        feasible = seat in market.row_of(market.candidates[candidate]).seat
        places[seat] -= 1
        used[seat][country] = used[seat].get(country, 0) + 1
        left = quota[country]
        quota[country] = left if left is None else left - 1
        obstacles: dict[Obstacle, bool] = {
            "rule": not feasible,
            "full": places[seat] < 0,
            "share": used[seat][country] > market.shares[seat],
            "quota": left == 0,
        }
        if why := next((each for each, there in obstacles.items() if there), None):
            raise NotPossible(name, seat_id, why)


def price(before: Result, after: Result) -> Price:
    """Return the changes for all in the pool."""
    then, now = before.matching, after.matching
    return Price(
        gain=tuple(sorted(now.keys() - then.keys())),
        lose=tuple(sorted(then.keys() - now.keys())),
        move=tuple(
            sorted(candidate_id for candidate_id in now.keys() & then.keys() if now[candidate_id] != then[candidate_id])
        ),
        points=after.prices.total - before.prices.total,
        blocking_pairs=after.prices.blocking_pairs,
    )


LAW = frozenset(
    {
        HardRule.PARTNER_ACTIVE,
        HardRule.CROSS_BORDER,
        HardRule.SAME_AGENCY,
        HardRule.CONFLICT_OF_INTEREST,
        HardRule.EXCLUDED_PAIR,
        HardRule.NOT_AVAILABLE,
        HardRule.DECLINED_BEFORE,
        HardRule.CAPACITY,
    }
)
"""The rules that no override sets aside; a seat that is kept for a pre-matched counterpart may be given to another."""


@dataclass(frozen=True, slots=True)
class Override:
    """The effects of an override.

    `forbidden` are the rules of law that the pair breaks (then nothing else counts), `waived` the others. `points` is
    what the sum of points loses (below 0: gains), `blocking` how many more pairs would leave their partners for each
    other. `losers` are those who had a seat, provisional or given up for this, and now have none; `movers` those who
    now have another. `receipt` explains the pair; `line` are those next in line for the seat.
    """

    forbidden: tuple[HardRule, ...]
    waived: tuple[HardRule, ...]
    points: int
    blocking: int
    losers: tuple[str, ...]
    movers: tuple[str, ...]
    receipt: Receipt
    line: tuple[str, ...]


def weigh(before: Problem, after: Problem, candidate_id: str, seat_id: str) -> Override:
    """Weigh putting a candidate on a seat.

    `before` is the present problem; `after` the same with the pairs released that the override ends, so that the
    candidate is in its pool. Raises KeyError for a candidate or a seat that `after` does not have.
    """
    market = Market(after)
    number, seat = market.place[candidate_id], market.seat_place[seat_id]
    candidate = market.candidates[number]
    broken = market.rules.broken(candidate, seat)
    pair = Fixed(candidate_id=candidate_id, seat_id=seat_id, country=candidate.country, group_id=candidate.group_id)
    free, forced = run_layers(after), run_layers(replace(after, fixed=(*after.fixed, pair)))
    option = _option(market, number, seat)
    had = _seats(run_layers(before), before)
    has = _seats(forced, after) | {candidate_id: seat_id}
    total = forced.prices.total + option.gain + option.preference + 1
    given = dict(forced.matching) | {candidate_id: seat_id}
    facts = market.rules.ask(candidate)
    return Override(
        forbidden=tuple(rule for rule in broken if rule in LAW),
        waived=tuple(rule for rule in broken if rule not in LAW),
        points=free.prices.total - total,
        blocking=max(0, _blocking(market, given) - _blocking(market, free.matching)),
        losers=tuple(sorted(other_id for other_id in had if other_id not in has)),
        movers=tuple(
            sorted(
                other_id
                for other_id in had
                if other_id != candidate_id and has.get(other_id, had[other_id]) != had[other_id]
            )
        ),
        receipt=Receipt(
            candidate_id=candidate_id,
            why=Why.MATCHED,
            considered=facts.after[0].bit_count(),
            feasible=facts.seats.bit_count(),
            funnel=facts.funnel(),
            match=option,
            options=(),
            waiting_place=None,
            changes=(),
            tried=0,
        ),
        line=forced.next_in_line(seat_id),
    )


def _seats(result: Result, problem: Problem) -> dict[str, str]:
    """Return candidate id -> seat id, of new and fixed pairs."""
    return {pair.candidate_id: pair.seat_id for pair in problem.fixed} | dict(result.matching)


def _blocking(market: Market, matching: Mapping[str, str]) -> int:
    assigned = [market.seat_place.get(matching.get(candidate.id, ""), UNMATCHED) for candidate in market.candidates]
    return blocking_pairs(market, assigned)


def _option(market: Market, candidate: int, seat: int) -> Option:
    """Return the pair as a receipt shows it, even if a rule is broken: points, and its place in both orders."""
    points = market.scores.points([market.candidates[candidate]])
    weights = market.problem.rules.weights
    earned = tuple(
        Earned(criterion, int(points[criterion][0, seat]), weights[criterion])
        for criterion in points
        if criterion in weights and (weights[criterion].applicant or weights[criterion].host)
    )
    gain, preference = sum(part.applicant for part in earned), sum(part.host for part in earned)
    pairs = market.pairs
    own = market.pairs.row(candidate)
    rules, wishes = market.problem.rules, market.scores.wishes([market.candidates[candidate]])[0]
    wanted, mine = rules.wanted(pairs.gain[own], wishes[pairs.seat[own]]), rules.wanted(gain, int(wishes[seat]))
    others = (pairs.seat == seat) & (pairs.owner != candidate)
    choices = np.array([market.seats[seat].choice(other) for other in market.candidates])
    valued = rules.valued(pairs.preference[others], choices[pairs.owner[others]])
    preference = rules.valued(preference, int(choices[candidate]))
    return Option(
        seat_id=market.seats[seat].id,
        rank=1 + int(np.count_nonzero((wanted > mine) & (pairs.seat[own] != seat))),
        standing=1 + int(np.count_nonzero(valued > preference)),
        contenders=1 + int(np.count_nonzero(others)),
        places=market.free[seat],
        earned=earned,
    )
