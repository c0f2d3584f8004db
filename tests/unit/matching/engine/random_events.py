"""Random events of a pool, drawn by a seeded generator, for the tests of the live matching."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.matching.engine.problem.problem import Fixed, Problem, SeatKind
from shared.contracts.codes import ApplicationKind, LanguageLevel, Objective
from tests.unit.matching.engine.worlds import HOMES, candidate, make_problem, seat

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from services.matching.engine.live.matching import LiveMatching, Move

Event = tuple[str, "Callable[[LiveMatching], tuple[Move, ...]]"]


def world(dice: random.Random, *, crowded: bool) -> Problem:
    """Return a pool without ceilings; in a crowded one nearly all pairs are feasible, and seats are few."""
    problem = make_problem(
        dice,
        dice.choice((10, 25, 50) if crowded else (5, 10, 25)),
        dice.choice((5, 10, 20) if crowded else (3, 5, 8)),
        tight=dice.choice((0.0, 0.15, 0.4)),
        objective=Objective.STABLE,
        quotas=False,
    )
    if not crowded:
        return problem
    seats = [
        replace(
            seat,
            kind=SeatKind.PLACEMENT,
            topics=frozenset(),
            expertise={},
            country="DE",
            organisation_id="elsewhere",
            languages={"en": LanguageLevel.A1},
            capacity=dice.choice((1, 1, 1, 2, 5)),
            share_exempt=dice.random() < 0.3,
        )
        for seat in problem.seats
    ]
    people = [replace(candidate, kind=ApplicationKind.STUDY_VISIT, weeks=None) for candidate in problem.candidates]
    return replace(problem, seats=tuple(seats), candidates=tuple(people))


def event(dice: random.Random, problem: Problem, matching: dict[str, str], number: int) -> Event | None:
    """Return a possible next event, with its name; None if the one drawn is not possible."""
    people = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    tight, pool = dice.choice((0.0, 0.2)), sorted(people)
    found: Event | None = None
    match dice.randrange(9):
        case 0:
            comer = replace(candidate(dice, f"n{number}", len(seats), tight), country=dice.choice((*HOMES, "UA", "AZ")))
            found = "arrive", lambda live: live.arrive(comer)
        case 1 if pool:
            goer = dice.choice(pool)
            found = "leave", lambda live: live.leave(goer)
        case 2 if pool:
            other = candidate(dice, dice.choice(pool), len(seats), tight)
            found = "change", lambda live: live.change(other)
        case 3:
            new = seat(dice, f"t{number}", tight)
            found = "open", lambda live: live.open(new)
        case 4 if len(seats) > 2:
            old = dice.choice(sorted(seats))
            found = "close", lambda live: live.close(old)
        case 5 if seats:
            terms = seat(dice, dice.choice(sorted(seats)), tight)
            found = "alter", lambda live: live.alter(terms)
        case 6 if seats:
            chosen = seats[dice.choice(sorted(seats))]
            places = replace(chosen, capacity=dice.randint(0, 9), share_exempt=dice.random() < 0.3)
            found = "alter", lambda live: live.alter(places)
        case 7 if pool and seats:
            who = dice.choice(sorted(matching) or pool) if dice.random() < 0.6 else dice.choice(pool)
            where = matching.get(who) if dice.random() < 0.7 else None
            home = dice.choice(HOMES) if dice.random() < 0.1 else people[who].country
            pair = Fixed(candidate_id=who, seat_id=where or dice.choice(sorted(seats)), country=home)
            found = "fix", lambda live: live.fix(pair)
        case 8 if problem.fixed:
            freed = dice.choice(problem.fixed).candidate_id
            found = "release", lambda live: live.release(freed)
        case _:
            pass
    return found


def after(problem: Problem, dice: random.Random, events: int) -> Problem:
    """Return the problem after so many changes at once: people, seats and fixed pairs come, go and change."""
    people = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    fixed = {pair.candidate_id: pair for pair in problem.fixed}
    for number in range(events):
        match dice.randrange(6):
            case 0:
                people[f"m{number}"] = candidate(dice, f"m{number}", len(seats), 0.1)
            case 1 if people:
                people.pop(dice.choice(sorted(people)))
            case 2 if people:
                name = dice.choice(sorted(people))
                people[name] = candidate(dice, name, len(seats), 0.1)
            case 3:
                seats[f"u{number}"] = seat(dice, f"u{number}", 0.1)
            case 4 if len(seats) > 2:
                seats.pop(dice.choice(sorted(seats)))
            case 5 if seats and people:
                name = dice.choice(sorted(people))
                fixed[name] = Fixed(candidate_id=name, seat_id=dice.choice(sorted(seats)), country=people[name].country)
                fixed.pop(dice.choice(sorted(fixed)))
            case _:
                continue
    return replace(problem, candidates=tuple(people.values()), seats=tuple(seats.values()), fixed=tuple(fixed.values()))
