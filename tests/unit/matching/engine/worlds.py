"""Small random problems for the engine's tests, in which every rule applies now and then."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from services.matching.engine.market.market import Market, Pairs
from services.matching.engine.problem.problem import (
    WEIGHTS,
    Candidate,
    Exclusion,
    Fixed,
    Problem,
    Rules,
    Seat,
    SeatKind,
    Skill,
    Weight,
)
from shared.contracts.codes import ApplicationKind, Criterion, LanguageLevel, Objective, RankGroup

TOPICS = ("online_crime", "drug_trafficking", "environmental_crime")
AREAS = ("analysis", "forensics", "asset_recovery")
TONGUES = ("en", "fr", "ru")
HOMES = ("AM", "GE", "MD", "EU")
HOSTS = ("DE", "FR", "PL", "GE", "EU")
FIRST_WEEK = date(2027, 2, 1)
WEEKS = tuple(FIRST_WEEK + timedelta(weeks=after) for after in range(6))
LEVELS = tuple(LanguageLevel)
RANKS = tuple(RankGroup)
DAY = date(2027, 1, 4)
EVERY_WEIGHT = {
    **WEIGHTS,
    Criterion.TOPIC: Weight(5, 1),
    Criterion.WEEKS: Weight(1, 1),
    Criterion.FIRST_TIME: Weight(0, 4),
    Criterion.TRAINING_NEED: Weight(0, 3),
}
"""Weights of a call under which every criterion counts, statements for the host too."""


def problems(
    people: int = 7, seats: int = 4, *, objective: Objective | None = None, quotas: bool = True, fixed: bool = True
) -> st.SearchStrategy[Problem]:
    """Return problems of up to so many people and seats; hypothesis varies size, seed and how tight the rules are."""
    return st.builds(
        lambda seed, n, m, tight, aim: make_problem(
            random.Random(seed), n, m, tight=tight, objective=objective or aim, quotas=quotas, fixed=fixed
        ),
        st.integers(0, 2**32),
        st.integers(0, people),
        st.integers(0, seats),
        st.sampled_from((0.0, 0.15, 0.4)),
        st.sampled_from(tuple(Objective)),
    )


def make_problem(
    dice: random.Random,
    people: int,
    seats: int,
    *,
    tight: float,
    objective: Objective = Objective.STABLE,
    quotas: bool = True,
    fixed: bool = True,
) -> Problem:
    """Return one problem; `tight` is how often each optional obstacle is there."""
    places = [seat(dice, f"s{number}", tight) for number in range(seats)]
    candidates = [candidate(dice, f"c{number}", seats, tight) for number in range(people)]
    rules = Rules(
        weights=EVERY_WEIGHT,
        objective=objective,
        language_minimum=LanguageLevel.A2 if dice.random() < tight else None,
        common_weeks=2 if dice.random() < tight else 1,
        ceilings={dice.choice(HOMES): dice.randint(0, 2)} if quotas and dice.random() < 0.4 else {},
        exclusions=tuple(
            Exclusion(
                first=dice.choice((*HOMES, "o0")),
                second=dice.choice((*HOSTS, "o1")),
                since=dice.choice((None, DAY, DAY + timedelta(days=1))),
                until=dice.choice((None, DAY, DAY - timedelta(days=1))),
                confidential=dice.random() < 0.5,
            )
            for _ in range(2)
            if dice.random() < tight
        ),
        suspended={dice.choice(HOMES): DAY + timedelta(days=dice.choice((-1, 0, 1)))} if dice.random() < tight else {},
        needs={(dice.choice(HOMES), dice.choice((*TOPICS, *AREAS))): dice.randint(1, 100) for _ in range(3)},
        reciprocity={(dice.choice(HOMES), dice.choice(HOSTS)): dice.randint(0, 100) for _ in range(3)},
    )
    taken = (
        tuple(
            Fixed(candidate_id=f"f{number}", seat_id=dice.choice(places).id, country=dice.choice(HOMES))
            for number in range(2)
            if dice.random() < 0.4
        )
        if fixed and places
        else ()
    )
    return Problem(
        call_id="call",
        day=DAY,
        seed=str(dice.random()),
        candidates=tuple(candidates),
        seats=tuple(places),
        rules=rules,
        fixed=taken,
    )


def seat(dice: random.Random, identity: str, tight: float) -> Seat:
    """Return a placement, or now and then a mentor."""
    mentor = dice.random() < 0.15

    def now_and_then() -> bool:
        return dice.random() < tight

    tongues = ["en", *dice.sample(TONGUES[1:], dice.randint(0, 1))] if dice.random() < 0.8 else ["fr"]
    return Seat(
        id=identity,
        kind=SeatKind.MENTOR if mentor else SeatKind.PLACEMENT,
        country=dice.choice(HOSTS),
        organisation_id=dice.choice(("o0", "h0", "h1", "h2")),
        capacity=dice.choice((0, 1, 1, 2, 3, 4)),
        rank_group=dice.choice(RANKS) if mentor else None,
        service=dice.choice(("police", "customs")) if mentor else None,
        expertise={area: Skill(dice.randint(1, 3)) for area in dice.sample(AREAS, dice.choice((0, 2, 3)))},
        languages={tongue: dice.choice(LEVELS[:4]) for tongue in tongues},
        speaks={tongue: dice.choice(LEVELS) for tongue in tongues} if mentor else {},
        topics=frozenset(dice.sample(TOPICS, dice.choice((0, 2, 3)))),
        weeks=None if now_and_then() else {week: dice.choice((0, 1, 2, 2)) for week in dice.sample(WEEKS, 4)},
        excluded_ranks=frozenset(dice.sample(RANKS, 2)) if now_and_then() else frozenset(),
        minimum_level=dice.choice((1, 1, 2)),
        group_size=2 if now_and_then() else 5,
        conflicts=frozenset({dice.choice(("c0", "c1", "o1"))}) if now_and_then() else frozenset(),
        pre_matched="c2" if dice.random() < tight / 2 else None,
        available=not now_and_then(),
        share_exempt=now_and_then(),
    )


def candidate(dice: random.Random, identity: str, seats: int, tight: float) -> Candidate:
    """Return an officer, or now and then a mentee, who may name one of so many seats."""

    def now_and_then() -> bool:
        return dice.random() < tight

    some_seat = f"s{dice.randrange(max(1, seats))}"
    return Candidate(
        id=identity,
        kind=ApplicationKind.MENTEE if dice.random() < 0.15 else ApplicationKind.STUDY_VISIT,
        country=dice.choice(HOMES),
        organisation_id=dice.choice(("o0", "o1", "o2")),
        rank_group=dice.choice(RANKS),
        service=dice.choice(("police", "customs")),
        expertise={area: Skill(dice.randint(1, 3), dice.randint(0, 12)) for area in dice.sample(AREAS, 2)},
        languages={tongue: dice.choice(LEVELS[1:6]) for tongue in ("en", dice.choice(TONGUES[1:]))},
        language_minimum=dice.choice(LEVELS[:3]) if now_and_then() else None,
        topics=tuple(dice.sample(TOPICS, dice.randint(1, 3))),
        preferred_countries=frozenset(dice.sample(HOSTS, 2)),
        weeks=None if now_and_then() else frozenset(dice.sample(WEEKS, 3)),
        conflicts=frozenset({dice.choice((some_seat, "h0"))}) if now_and_then() else frozenset(),
        barred=frozenset({some_seat}) if now_and_then() else frozenset(),
        first_time=dice.random() < 0.5,
        pre_matched=some_seat if dice.random() < tight / 2 else None,
        group_size=dice.randint(2, 4) if now_and_then() else 1,
    )


def shuffled(problem: Problem, dice: random.Random) -> Problem:
    """Return the same problem with all its parts in another order."""
    people, seats, fixed = list(problem.candidates), list(problem.seats), list(problem.fixed)
    for parts in (people, seats, fixed):
        dice.shuffle(parts)
    return replace(problem, candidates=tuple(people), seats=tuple(seats), fixed=tuple(fixed))


def market_of(
    wishes: Mapping[str, Sequence[str]],
    orders: Mapping[str, Sequence[str]],
    places: Mapping[str, int] | None = None,
) -> Market:
    """Return a market from published preference lists (best first), for examples whose answer is known."""
    people, seats = sorted(wishes), sorted(orders)
    candidates = [candidate(random.Random(0), person, 1, 0.0) for person in people]
    problem = Problem(
        call_id="example",
        day=DAY,
        seed="",
        candidates=tuple(replace(candidate, country="AM", weeks=None) for candidate in candidates),
        seats=tuple(
            Seat(
                id=seat,
                kind=SeatKind.PLACEMENT,
                country="DE",
                organisation_id="h",
                capacity=(places or {}).get(seat, 1),
                share_exempt=True,
            )
            for seat in seats
        ),
    )
    market = Market(problem)
    rows = [
        [(seats.index(seat), len(people) - orders[seat].index(person)) for seat in wishes[person]] for person in people
    ]
    flat = [pair for row in rows for pair in row]
    market.pairs = Pairs(
        starts=np.cumsum([0, *(len(row) for row in rows)]),
        seat=np.array([seat for seat, _ in flat]),
        key=np.array([key for _, key in flat]),
        gain=np.zeros(len(flat), np.int64),
        preference=np.zeros(len(flat), np.int64),
    )
    return market
