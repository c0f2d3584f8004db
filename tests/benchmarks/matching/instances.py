"""Make seeded problems of any size, like those of a programme.

The same arguments give the same instance on any machine. Sizes grow in proportion: three mentees for each mentor, 25
officers for each offer.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat, SeatKind, Skill
from services.matching.engine.problem.weeks import Period
from services.matching.engine.schedule import VisitRequest
from shared.contracts.codes import MEMBER_STATES, ApplicationKind, LanguageLevel, Objective, RankGroup

DAY = date(2027, 1, 4)
WEEKS = tuple(date(2027, 2, 1) + timedelta(weeks=after) for after in range(36))
HOMES = ("AM", "AZ", "GE", "MD", "UA")
HOSTS = tuple(sorted(MEMBER_STATES))
TOPICS = tuple(f"topic_{number:02}" for number in range(12))
AREAS = tuple(f"area_{number:02}" for number in range(16))
TONGUES = ("en", "fr", "de", "ru", "es", "it", "pl", "ro")
SERVICES = ("police", "customs", "border", "prosecution", "judiciary")
LEVELS = tuple(LanguageLevel)
RANKS = tuple(RankGroup)


@dataclass(frozen=True, slots=True)
class Lists:
    """An instance as plain preference lists, best first, which is what libraries of matching take.

    `wishes[i]` are numbers of seats, `orders[s]` numbers of candidates, `places[s]` free places.
    """

    wishes: list[list[int]]
    orders: list[list[int]]
    places: list[int]


@dataclass(frozen=True, slots=True)
class Arcs:
    """An instance as arrays, one entry a feasible pair: candidate, seat, and what the pair adds to the sum of good."""

    candidate: NDArray[np.int64]
    seat: NDArray[np.int64]
    weight: NDArray[np.int64]
    places: NDArray[np.int64]


def mentors(
    people: int, seats: int | None = None, *, seed: int = 1, full: bool = False, objective: Objective = Objective.STABLE
) -> Problem:
    """Return a mentoring programme: mentees and mentors (a third as many) who each take one to five.

    With `full` no rule forbids a pair, so that every list is as long as the other side; else about one pair in five is
    feasible.
    """
    dice = random.Random(f"mentors/{seed}")
    number = -(-people // 3) if seats is None else seats
    return Problem(
        call_id="mentoring",
        day=DAY,
        seed=str(seed),
        candidates=tuple(_person(dice, f"mentee-{at:06}", ApplicationKind.MENTEE, full=full) for at in range(people)),
        seats=tuple(_mentor(dice, f"mentor-{at:06}", full=full) for at in range(number)),
        rules=Rules(objective=objective),
    )


def placements(
    people: int,
    offers: int | None = None,
    *,
    seed: int = 1,
    quotas: bool = True,
    objective: Objective = Objective.STABLE,
    kept_apart: float = 0.0,
) -> Problem:
    """Return a call for study visits: officers, and offers whose places are together about nine tenths of them.

    With `quotas` each home country has a ceiling (at which some of them end) and a floor, and no country takes more
    than 40 % of an offer. `kept_apart` is the share of officers who have declined some offer before.
    """
    dice = random.Random(f"placements/{seed}")
    number = -(-people // 25) if offers is None else offers
    candidates = tuple(
        _person(dice, f"officer-{at:06}", ApplicationKind.STUDY_VISIT, barred=dice.random() < kept_apart, offers=number)
        for at in range(people)
    )
    mean = max(1, round(0.9 * people / max(1, number)))
    seats = tuple(
        _offer(dice, f"offer-{at:06}", dice.randint(max(1, mean // 2), mean + mean // 2)) for at in range(number)
    )
    share = people // len(HOMES)
    rules = Rules(
        objective=objective,
        ceilings={"UA": share // 2, "GE": (share * 3) // 4} if quotas else {},
        floors=dict.fromkeys(HOMES, share // 4) if quotas else {},
        needs={(home, topic): dice.randint(20, 100) for home in HOMES for topic in dice.sample(TOPICS, 3)},
        reciprocity={(home, host): dice.randint(0, 100) for home in HOMES for host in HOSTS},
    )
    return Problem(call_id="visits", day=DAY, seed=str(seed), candidates=candidates, seats=seats, rules=rules)


def visits(count: int, *, seed: int = 1) -> tuple[VisitRequest, ...]:
    """Confirmed matches that need dates: two to five days, hosts with a few places a week, some guests in groups."""
    dice = random.Random(f"visits/{seed}")
    hosts = [
        (f"offer-{at:05}", dice.choice(HOSTS), tuple(sorted(dice.sample(WEEKS, 12))), dice.randint(1, 4))
        for at in range(max(1, count // 8))
    ]
    requests = []
    for number in range(count):
        seat, country, weeks, places = dice.choice(hosts)
        own = sorted(dice.sample(WEEKS, 8) + dice.sample(weeks, 3))
        requests.append(
            VisitRequest(
                candidate_id=f"guest-{number:06}",
                seat_id=seat,
                home_country=dice.choice(HOMES),
                host_country=country,
                confirmed_on=DAY,
                days=dice.randint(2, 5),
                host_periods=_periods(weeks),
                candidate_periods=_periods(sorted(set(own))),
                places=dict.fromkeys(weeks, places),
            )
        )
    return tuple(requests)


def lists(problem: Problem) -> Lists:
    """Return the feasible pairs of a problem as both sides' full preference lists."""
    market = Market(problem)
    pairs = market.pairs
    order = np.lexsort((-pairs.key, pairs.seat))
    owner, starts = pairs.owner, np.searchsorted(pairs.seat[order], np.arange(len(market.seats) + 1))
    ranked = owner[order]
    return Lists(
        [row.seats for row in market.rows],
        [ranked[starts[seat] : starts[seat + 1]].tolist() for seat in range(len(market.seats))],
        list(market.free),
    )


def arcs(problem: Problem) -> Arcs:
    """Return the feasible pairs of a problem as arrays."""
    market = Market(problem)
    pairs = market.pairs
    return Arcs(pairs.owner, pairs.seat, pairs.weight, np.array(market.free, np.int64))


def _periods(weeks: Iterable[date]) -> tuple[Period, ...]:
    return tuple(Period(week, week + timedelta(days=4)) for week in weeks)


def _skills(dice: random.Random, areas: Sequence[str]) -> Mapping[str, Skill]:
    return {area: Skill(dice.randint(1, 3), dice.randint(0, 14)) for area in areas}


def _person(
    dice: random.Random,
    identity: str,
    kind: ApplicationKind,
    *,
    full: bool = False,
    barred: bool = False,
    offers: int = 1,
) -> Candidate:
    tongues = ["en", *dice.sample(TONGUES[1:], 1)]
    lowest = 3 if full else 1
    return Candidate(
        id=identity,
        kind=kind,
        country=dice.choice(HOMES),
        organisation_id=f"agency-{dice.randrange(60)}",
        rank_group=dice.choice(RANKS),
        service=dice.choice(SERVICES),
        expertise=_skills(dice, [AREAS[0], *dice.sample(AREAS[1:], 2)] if full else dice.sample(AREAS, 3)),
        languages={tongue: LEVELS[dice.randint(lowest, 5)] for tongue in tongues},
        topics=(TOPICS[0], *dice.sample(TOPICS[1:], 2)) if full else tuple(dice.sample(TOPICS, 3)),
        preferred_countries=frozenset(dice.sample(HOSTS, 3)),
        weeks=None if kind is ApplicationKind.MENTEE else frozenset(dice.sample(WEEKS, 8)),
        barred=frozenset({f"offer-{dice.randrange(offers):06}"}) if barred else frozenset(),
        first_time=dice.random() < 0.7,
    )


def _mentor(dice: random.Random, identity: str, *, full: bool) -> Seat:
    tongues = ["en", *dice.sample(TONGUES[1:], 2)] if full or dice.random() < 0.8 else dice.sample(TONGUES[1:], 2)
    return Seat(
        id=identity,
        kind=SeatKind.MENTOR,
        country=dice.choice(HOSTS),
        organisation_id=f"host-{dice.randrange(200)}",
        capacity=dice.choice((1, 2, 3, 4, 5)),
        rank_group=dice.choice(RANKS),
        service=dice.choice(SERVICES),
        expertise=_skills(dice, [AREAS[0], *dice.sample(AREAS[1:], 4)] if full else dice.sample(AREAS, 5)),
        languages=dict.fromkeys(tongues, LEVELS[2]),
        speaks={tongue: LEVELS[dice.randint(3, 6)] for tongue in tongues},
        topics=frozenset((TOPICS[0], *dice.sample(TOPICS[1:], 3)) if full else dice.sample(TOPICS, 3)),
    )


def _offer(dice: random.Random, identity: str, places: int) -> Seat:
    tongues = ["en", dice.choice(TONGUES[1:])] if dice.random() < 0.8 else dice.sample(TONGUES[1:], 2)
    return Seat(
        id=identity,
        kind=SeatKind.PLACEMENT,
        country=dice.choice(HOSTS),
        organisation_id=f"host-{dice.randrange(200)}",
        capacity=places,
        service=dice.choice(SERVICES),
        expertise={area: Skill() for area in dice.sample(AREAS, 6)},
        languages={tongue: LEVELS[dice.randint(1, 3)] for tongue in tongues},
        topics=frozenset(dice.sample(TOPICS, 4)),
        weeks={week: dice.randint(1, 5) for week in dice.sample(WEEKS, 10)},
        share_exempt=dice.random() < 0.05,
    )
