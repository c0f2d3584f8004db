"""Compare a year of weekly cohorts with first come, first served, under the same engine, rules and scores.

Applications and offers arrive evenly over a year, with places for 35 of 59 applicants (the exchange of one country in
2016). First come, first served gives each arriving applicant the best free place at once, and a new place to the one
who has waited longest. A cohort matches all who wait with all free places at the end of each week. Matches stay.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Seat
from shared.contracts.codes import Objective
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching import instances

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.matching.engine.problem.problem import Candidate, Problem

WEEKS = 52
PLACES = 35 / 59
PEOPLE = 1_200
_AIM = 1.06


def measure() -> list[Figure]:
    """Mentees with mentors, and officers with placements."""
    aim = Objective.MOST_GOOD
    return [
        _compared("mentees", instances.mentors(PEOPLE, objective=aim)),
        _compared("officers", instances.placements(PEOPLE, quotas=False, objective=aim)),
    ]


def _compared(who: str, problem: Problem) -> Figure:
    problem = replace(problem, seats=_scarce(problem))
    dice = random.Random(f"arrivals/{problem.seed}")
    ids = [candidate.id for candidate in problem.candidates] + [seat.id for seat in problem.seats]
    when = {name: dice.uniform(0, WEEKS) for name in ids}
    served, early = _first_come(problem, when)
    matched, weekly = _in_cohorts(problem, when)
    return Figure(
        f"a year of weekly cohorts, {len(problem.candidates):,} {who}, {matched:,} matched",
        weekly,
        "points",
        Reference(f"first come, first served, {served:,} matched", early),
        round(weekly / early, 4),
        f"at least {_AIM} times the reference",
        weekly >= _AIM * early,
    )


def _scarce(problem: Problem) -> tuple[Seat, ...]:
    """Return the first seats, up to places for that share of the candidates."""
    places, most = 0, PLACES * len(problem.candidates)

    def fits(seat: Seat) -> bool:
        nonlocal places
        places += seat.capacity
        return places <= most

    return tuple(takewhile(fits, problem.seats))


def _first_come(problem: Problem, when: Mapping[str, float]) -> tuple[int, int]:
    """Return the number of matches and their sum, if everything is matched as it arrives."""
    year = _Year(problem)
    waiting: list[Candidate] = []
    everything: list[Candidate | Seat] = [*problem.candidates, *problem.seats]
    for part in sorted(everything, key=lambda part: when[part.id]):
        if isinstance(part, Seat):
            year.publish(part)
            for candidate in list(waiting):
                if year.free[part.id] and year.match([candidate], [part.id]):
                    waiting.remove(candidate)
        elif not year.match([part], year.free):
            waiting.append(part)
    return year.matched, year.total


def _in_cohorts(problem: Problem, when: Mapping[str, float]) -> tuple[int, int]:
    """Return the number of matches and their sum, if all who wait are matched together each week."""
    year = _Year(problem)
    waiting: list[Candidate] = []
    for week in range(WEEKS):
        for seat in problem.seats:
            if week <= when[seat.id] < week + 1:
                year.publish(seat)
        waiting += [candidate for candidate in problem.candidates if week <= when[candidate.id] < week + 1]
        gone = year.match(waiting, year.free)
        waiting = [candidate for candidate in waiting if candidate.id not in gone]
    return year.matched, year.total


class _Year:
    """The free places, and the matches so far."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._seats: dict[str, Seat] = {}
        self.free: dict[str, int] = {}
        self.matched = self.total = 0

    def publish(self, seat: Seat) -> None:
        """A seat arrives."""
        self._seats[seat.id], self.free[seat.id] = seat, seat.capacity

    def match(self, candidates: Iterable[Candidate], seat_ids: Iterable[str]) -> set[str]:
        """Match candidates with what is free of these seats, for good; the ids of those who are matched."""
        seats = tuple(
            replace(self._seats[seat_id], capacity=self.free[seat_id]) for seat_id in seat_ids if self.free[seat_id]
        )
        pairs = run(replace(self._problem, candidates=tuple(candidates), seats=seats)).pairs
        for pair in pairs:
            self.free[pair.seat_id] -= 1
            self.total += pair.gain + pair.preference + 1
        self.matched += len(pairs)
        return {pair.candidate_id for pair in pairs}
