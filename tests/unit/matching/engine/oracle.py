"""The rules in the plainest Python, with which the engine's bitmaps and arrays are compared."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Candidate, Problem, Seat, SeatKind
from shared.contracts.codes import ApplicationKind, Criterion, HardRule, RankGroup

Matching = dict[int, int]


def level(code: object) -> int:
    """Return the number of a language level, 0 for none."""
    return ("", "A1", "A2", "B1", "B2", "C1", "C2", "NS").index(str(code or ""))


def share(problem: Problem, seat: Seat) -> int:
    """Return the most of one country."""
    if seat.kind is SeatKind.MENTOR or seat.share_exempt:
        return seat.capacity
    return max(1, -(-seat.capacity * problem.rules.share // 100))


def broken(problem: Problem, one: Candidate, seat: Seat) -> list[HardRule]:
    """Return all hard rules that the pair breaks."""
    rules, here = problem.rules, problem.fixed
    suspended = {country for country, since in rules.suspended.items() if since <= problem.day}
    sides = ({one.country, one.organisation_id}, {seat.country, seat.organisation_id})

    def apart(*, confidential: bool) -> bool:
        return any(
            (one.first in left and one.second in right)
            for one in rules.exclusions
            if one.confidential == confidential
            and (one.since is None or one.since <= problem.day)
            and (one.until is None or one.until >= problem.day)
            for left, right in (sides, sides[::-1])
        )

    def speaks(tongue: str) -> bool:
        asked = max(level(seat.languages[tongue]), level(rules.language_minimum), 1)
        theirs = level(seat.speaks.get(tongue)) if seat.speaks else 7
        return level(one.languages.get(tongue)) >= asked and theirs >= level(one.language_minimum)

    both = {week for week, places in (seat.weeks or {}).items() if places and week in (one.weeks or ())}
    used = Counter(pair.country for pair in here if pair.seat_id == seat.id)
    sent = sum(pair.country == one.country for pair in here)
    named = seat.pre_matched == one.id or (seat.pre_matched is None and one.pre_matched in {None, seat.id})
    areas = [area for area in seat.expertise if area in one.expertise]
    verdicts = {
        HardRule.PARTNER_ACTIVE: not suspended & {one.country, seat.country},
        HardRule.CROSS_BORDER: one.country != seat.country or one.country == "EU",
        HardRule.SAME_AGENCY: one.organisation_id != seat.organisation_id,
        HardRule.CONFLICT_OF_INTEREST: not (
            one.conflicts & {seat.id, seat.organisation_id} or seat.conflicts & {one.id, one.organisation_id}
        ),
        HardRule.EXCLUDED_PAIR: not apart(confidential=False),
        HardRule.NOT_AVAILABLE: seat.available and not apart(confidential=True),
        HardRule.TOPIC: not seat.topics or bool(seat.topics & set(one.topics)),
        HardRule.COMMON_LANGUAGE: any(speaks(tongue) for tongue in seat.languages),
        HardRule.SHARED_EXPERTISE: not seat.expertise
        or any(one.expertise[area].level >= seat.minimum_level for area in areas),
        HardRule.COMMON_WEEKS: one.weeks is None or seat.weeks is None or len(both) >= rules.common_weeks,
        HardRule.RANK_GROUP: one.rank_group not in seat.excluded_ranks,
        HardRule.GROUP_SIZE: one.group_size <= seat.group_size,
        HardRule.PRE_MATCHED: named,
        HardRule.DECLINED_BEFORE: seat.id not in one.barred,
        HardRule.CAPACITY: sum(used.values()) < seat.capacity,
        HardRule.QUOTA: sent < rules.ceilings.get(one.country, 10**6),
        HardRule.SHARE_OF_OFFER: used[one.country] < share(problem, seat),
    }
    return [rule for rule in HardRule if not verdicts[rule]]


def same_kind(one: Candidate, seat: Seat) -> bool:
    """Return whether the seat is of the kind that the application is for."""
    return (one.kind is ApplicationKind.MENTEE) == (seat.kind is SeatKind.MENTOR)


def points(problem: Problem, one: Candidate, seat: Seat) -> Mapping[Criterion, int]:
    """Return the points of a feasible pair, criterion by criterion."""
    rules = problem.rules
    wishes = [(100, 80, 65, 50)[place] for place, topic in enumerate(one.topics) if topic in seat.topics]
    areas = [area for area in one.expertise if area in seat.expertise]
    gaps = [max(0, min(100, 40 + 30 * (seat.expertise[area].level - one.expertise[area].level))) for area in areas]
    depth = [20 * one.expertise[area].level + 4 * min(10, one.expertise[area].years) for area in areas]
    above = [
        40 + 20 * (level(one.languages.get(tongue)) - max(level(asked), level(rules.language_minimum)))
        for tongue, asked in seat.languages.items()
        if tongue in one.languages
    ]
    names = [topic for topic in one.topics if topic in seat.topics] + areas
    both = sum(1 for week, places in (seat.weeks or {}).items() if places and week in (one.weeks or ()))
    anytime = one.weeks is None or seat.weeks is None
    ranks = list(RankGroup)
    near = 0 if seat.rank_group is None else 100 - 25 * abs(ranks.index(one.rank_group) - ranks.index(seat.rank_group))
    return {
        Criterion.TOPIC: max(wishes, default=0),
        Criterion.EXPERTISE: max(depth, default=0),
        Criterion.EXPERTISE_GAP: max(gaps, default=0),
        Criterion.LANGUAGE: min(100, max(above, default=0)),
        Criterion.PREFERRED_COUNTRY: 100 * (seat.country in one.preferred_countries),
        Criterion.WEEKS: 100 if anytime else 25 * min(4, both),
        Criterion.FIRST_TIME: 100 * one.first_time,
        Criterion.TRAINING_NEED: max((rules.needs.get((one.country, name), 0) for name in names), default=0),
        Criterion.RECIPROCITY: rules.reciprocity.get((one.country, seat.country), 0),
        Criterion.RANK_GROUP: near,
        Criterion.SERVICE: 100 * (seat.service is not None and seat.service == one.service),
    }


def keys_of(market: Market) -> list[dict[int, int]]:
    """Return candidate -> seat -> the key that the seat gives, in the candidate's order of preference."""
    return [dict(zip(row.seats, row.keys, strict=True)) for row in market.rows]


def choose(market: Market, seat: int, applicants: Sequence[tuple[int, int]]) -> set[int]:
    """Return whom a seat takes of (key, candidate): best first, within a country's share, while places last."""
    count = Counter(market.used[seat])
    chosen: set[int] = set()
    for _, one in sorted(applicants, reverse=True):
        country = market.country[one]
        if len(chosen) < market.free[seat] and count[country] < market.shares[seat]:
            count[country] += 1
            chosen.add(one)
    return chosen


def blocking(market: Market, matching: Matching) -> list[tuple[int, int]]:
    """Return the pairs that would both leave their partners for each other, by the definition."""
    found = []
    for one, row in enumerate(keys_of(market)):
        for seat, key in row.items():
            if matching.get(one) == seat:
                break
            held = [(keys_of(market)[other][seat], other) for other, at in matching.items() if at == seat]
            if one in choose(market, seat, [*held, (key, one)]):
                found.append((one, seat))
    return found


def lawful(market: Market, matching: Matching) -> bool:
    """Return whether capacities, shares and ceilings hold."""
    for seat in range(len(market.seats)):
        held = [(0, one) for one, at in matching.items() if at == seat]
        if len(choose(market, seat, held)) < len(held):
            return False
    sent = Counter(market.country[one] for one in matching)
    return all(most is None or sent[country] <= max(0, most) for country, most in enumerate(market.quota))


def all_matchings(market: Market) -> Iterator[Matching]:
    """Yield every lawful assignment of candidates to feasible seats."""
    for choice in product(*[[None, *row] for row in keys_of(market)]):
        matching = {one: seat for one, seat in enumerate(choice) if seat is not None}
        if lawful(market, matching):
            yield matching
