"""Meet the floors of countries as far as possible, and say why one is not met.

A floor on what a country sends cannot be met by another stable matching: the same people have a seat in all of them
(the rural hospitals theorem; Roth, "On the allocation of residents to rural hospitals", 1986). It is therefore a soft
lower bound: as many of a country as are missing are put before all others by every seat (but behind pre-matched
counterparts), and all is matched again, so that the rest is stable beside those reserved places. After Ehlers, Hafalir,
Yenmez & Yildirim, "School choice with controlled choice constraints: hard bounds versus soft bounds" (2014).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.engine.market.market import Market, Row
from services.matching.engine.problem.problem import Candidate, Problem
from services.matching.engine.rules.criteria import place_of
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, Admissions, beyond_ceilings
from shared.contracts.codes import FloorCause, HardRule

_LIFTED = 1 << 61
"""Above every score, below the bit of a pre-matched counterpart."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A country's floor that is not met: how many are missing, and the cause."""

    country: str
    floor: int
    placed: int
    cause: FloorCause

    @property
    def missing(self) -> int:
        """The number of people missing to the floor."""
        return self.floor - self.placed


def met(market: Market, assigned: list[int], out: frozenset[int]) -> tuple[list[int], frozenset[int], frozenset[int]]:
    """Return a stable matching with floors met as far as possible, who is out by a ceiling, and whom floors put first.

    The least change: only countries below their floor, only as many as are missing, those first whom some seat values
    most. What one floor takes from another country its own floor takes back, if it has one.
    """
    rules = market.problem.rules
    # No floor asks for more than the ceiling lets go: to put more of them first would only change who goes.
    floors = {country: min(floor, rules.ceilings.get(country, floor)) for country, floor in rules.floors.items()}
    first: set[int] = set()
    while True:
        more = _missing(market, assigned, out, first, floors)
        if not more:
            return assigned, out, frozenset(first)
        first |= more
        assigned, out = _stable(market, first)


def _missing(
    market: Market, assigned: list[int], out: frozenset[int], first: set[int], floors: Mapping[str, int]
) -> set[int]:
    """Return whom to put first in the next round."""
    sent = Counter(market.rules.sent)
    sent.update(market.candidates[candidate].country for candidate, seat in enumerate(assigned) if seat != UNMATCHED)
    waiting: dict[str, list[tuple[int, int]]] = {}
    for candidate, seat in enumerate(assigned):
        country = market.candidates[candidate].country
        below = seat == UNMATCHED and sent[country] < floors.get(country, 0)
        if below and candidate not in first and candidate not in out and (keys := market.row(candidate).keys):
            waiting.setdefault(country, []).append((max(keys), candidate))
    return {
        candidate
        for country, people in waiting.items()
        for _, candidate in sorted(people, reverse=True)[: floors[country] - sent[country]]
    }


def _stable(market: Market, first: set[int]) -> tuple[list[int], frozenset[int]]:
    """Run deferred acceptance with some put before all others; ceilings are kept as in `stable`."""
    rows = {
        candidate: Row(row.seats, [key | _LIFTED for key in row.keys])
        for candidate in first
        for row in [market.row(candidate)]
    }
    out: set[int] = set()
    while True:
        state = Admissions(market).copy(rows)
        state.enter(candidate for candidate in range(len(market.candidates)) if candidate not in out)
        assigned = state.assignment()
        beyond = beyond_ceilings(
            market, assigned, {candidate: key for line in state.admitted for key, candidate in line}
        )
        if not beyond:
            return assigned, frozenset(out)
        out |= beyond


def unmet(market: Market, matching: Mapping[str, str], problem: Problem) -> tuple[Unmet, ...]:
    """Return the floors that a matching (candidate id -> seat id, beside the fixed pairs) does not meet, by country."""
    missing = []
    for country, floor in sorted(problem.rules.floors.items()):
        pool = [candidate for candidate in market.candidates if candidate.country == country]
        fixed = sum(pair.country == country for pair in problem.fixed)
        placed = fixed + sum(candidate.id in matching for candidate in pool)
        if placed < floor:
            missing.append(Unmet(country, floor, placed, _cause(market, pool, matching, problem, floor, fixed)))
    return tuple(missing)


def _cause(
    market: Market, pool: list[Candidate], matching: Mapping[str, str], problem: Problem, floor: int, fixed: int
) -> FloorCause:
    """Return why a floor is not met: the first cause that is enough by itself."""
    most = problem.rules.ceilings.get(pool[0].country) if pool else None
    if most is not None and most < floor:
        return FloorCause.CEILING
    if fixed + len(pool) < floor:
        return FloorCause.TOO_FEW_ELIGIBLE
    fit = sum(
        candidate.id in matching or bool(market.rules.ask(candidate).after[place_of(HardRule.CAPACITY)])
        for candidate in pool
    )
    return FloorCause.NO_FEASIBLE_PLACE if fixed + fit < floor else FloorCause.PLACES_TAKEN
