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


def broken(problem: Problem, candidate: Candidate, seat: Seat) -> list[HardRule]:
    """Return all hard rules that the pair breaks."""
    rules, here = problem.rules, problem.fixed
    suspended = {country for country, since in rules.suspended.items() if since <= problem.day}
    sides = ({candidate.country, candidate.organisation_id}, {seat.country, seat.organisation_id})

    def apart(*, confidential: bool) -> bool:
        return any(
            (exclusion.first in left and exclusion.second in right)
            for exclusion in rules.exclusions
            if exclusion.confidential == confidential
            and (exclusion.since is None or exclusion.since <= problem.day)
            and (exclusion.until is None or exclusion.until >= problem.day)
            for left, right in (sides, sides[::-1])
        )

    def speaks(tongue: str) -> bool:
        required = max(level(seat.languages[tongue]), level(rules.language_minimum), 1)
        theirs = level(seat.speaks.get(tongue)) if seat.speaks else 7
        return level(candidate.languages.get(tongue)) >= required and theirs >= level(candidate.language_minimum)

    both = {week for week, places in (seat.weeks or {}).items() if places and week in (candidate.weeks or ())}
    used = Counter(pair.country for pair in here if pair.seat_id == seat.id)
    sent = sum(pair.country == candidate.country for pair in here)
    named = seat.pre_matched == candidate.id or (seat.pre_matched is None and candidate.pre_matched in {None, seat.id})
    areas = [area for area in seat.expertise if area in candidate.expertise]
    verdicts = {
        HardRule.PARTNER_ACTIVE: not suspended & {candidate.country, seat.country},
        HardRule.CROSS_BORDER: candidate.country != seat.country or candidate.country == "EU",
        HardRule.SAME_AGENCY: candidate.organisation_id != seat.organisation_id,
        HardRule.CONFLICT_OF_INTEREST: not (
            candidate.conflicts & {seat.id, seat.organisation_id}
            or seat.conflicts & {candidate.id, candidate.organisation_id}
        ),
        HardRule.EXCLUDED_PAIR: not apart(confidential=False),
        HardRule.NOT_AVAILABLE: (
            seat.available and not apart(confidential=True) and candidate.id not in seat.unsuitable
        ),
        HardRule.TOPIC: not seat.topics or bool(seat.topics & set(candidate.topics)),
        HardRule.COMMON_LANGUAGE: any(speaks(tongue) for tongue in seat.languages),
        HardRule.SHARED_EXPERTISE: not seat.expertise
        or any(candidate.expertise[area].level >= seat.minimum_level for area in areas),
        HardRule.COMMON_WEEKS: candidate.weeks is None or seat.weeks is None or len(both) >= rules.common_weeks,
        HardRule.RANK_GROUP: candidate.rank_group not in seat.excluded_ranks,
        HardRule.GROUP_SIZE: candidate.group_size <= seat.group_size,
        HardRule.PRE_MATCHED: named,
        HardRule.DECLINED_BEFORE: seat.id not in candidate.barred,
        HardRule.CAPACITY: sum(used.values()) < seat.capacity,
        HardRule.QUOTA: sent < rules.ceilings.get(candidate.country, 10**6),
        HardRule.SHARE_OF_OFFER: used[candidate.country] < share(problem, seat),
    }
    return [rule for rule in HardRule if not verdicts[rule]]


def same_kind(candidate: Candidate, seat: Seat) -> bool:
    """Return whether the seat is of the kind that the application is for."""
    return (candidate.kind is ApplicationKind.MENTEE) == (seat.kind is SeatKind.MENTOR)


def points(problem: Problem, candidate: Candidate, seat: Seat) -> Mapping[Criterion, int]:
    """Return the points of a feasible pair, criterion by criterion."""
    rules = problem.rules
    wishes = [(100, 80, 65, 50)[place] for place, topic in enumerate(candidate.topics) if topic in seat.topics]
    areas = [area for area in candidate.expertise if area in seat.expertise]
    gaps = [
        max(0, min(100, 40 + 30 * (seat.expertise[area].level - candidate.expertise[area].level))) for area in areas
    ]
    depth = [20 * candidate.expertise[area].level + 4 * min(10, candidate.expertise[area].years) for area in areas]
    above = [
        40 + 20 * (level(candidate.languages.get(tongue)) - max(level(required), level(rules.language_minimum)))
        for tongue, required in seat.languages.items()
        if tongue in candidate.languages
    ]
    names = [topic for topic in candidate.topics if topic in seat.topics] + areas
    both = sum(1 for week, places in (seat.weeks or {}).items() if places and week in (candidate.weeks or ()))
    anytime = candidate.weeks is None or seat.weeks is None
    ranks = list(RankGroup)
    near = (
        0
        if seat.rank_group is None
        else 100 - 25 * abs(ranks.index(candidate.rank_group) - ranks.index(seat.rank_group))
    )
    return {
        Criterion.TOPIC: max(wishes, default=0),
        Criterion.EXPERTISE: max(depth, default=0),
        Criterion.EXPERTISE_GAP: max(gaps, default=0),
        Criterion.LANGUAGE: min(100, max(above, default=0)),
        Criterion.PREFERRED_COUNTRY: 100 * (seat.country in candidate.preferred_countries),
        Criterion.WEEKS: 100 if anytime else 25 * min(4, both),
        Criterion.FIRST_TIME: 100 * candidate.first_time,
        Criterion.TRAINING_NEED: max((rules.needs.get((candidate.country, name), 0) for name in names), default=0),
        Criterion.RECIPROCITY: rules.reciprocity.get((candidate.country, seat.country), 0),
        Criterion.RANK_GROUP: near,
        Criterion.SERVICE: 100 * (seat.service is not None and seat.service == candidate.service),
    }


def keys_of(market: Market) -> list[dict[int, int]]:
    """Return candidate -> seat -> the key that the seat gives, in the candidate's order of preference."""
    return [dict(zip(row.seats, row.keys, strict=True)) for row in market.rows]


def choose(market: Market, seat: int, applicants: Sequence[tuple[int, int]]) -> set[int]:
    """Return whom a seat takes of (key, candidate): best first, within a country's share, while places last."""
    count = Counter(market.used[seat])
    chosen: set[int] = set()
    for _, applicant in sorted(applicants, reverse=True):
        country = market.country[applicant]
        if len(chosen) < market.free[seat] and count[country] < market.shares[seat]:
            count[country] += 1
            chosen.add(applicant)
    return chosen


def blocking(market: Market, matching: Matching) -> list[tuple[int, int]]:
    """Return the pairs that would both leave their partners for each other, by the definition."""
    found = []
    for candidate, row in enumerate(keys_of(market)):
        for seat, key in row.items():
            if matching.get(candidate) == seat:
                break
            admitted = [(keys_of(market)[other][seat], other) for other, at in matching.items() if at == seat]
            if candidate in choose(market, seat, [*admitted, (key, candidate)]):
                found.append((candidate, seat))
    return found


def lawful(market: Market, matching: Matching) -> bool:
    """Return whether capacities, shares and ceilings hold."""
    for seat in range(len(market.seats)):
        admitted = [(0, candidate) for candidate, at in matching.items() if at == seat]
        if len(choose(market, seat, admitted)) < len(admitted):
            return False
    sent = Counter(market.country[candidate] for candidate in matching)
    return all(most is None or sent[country] <= max(0, most) for country, most in enumerate(market.quota))


def all_matchings(market: Market) -> Iterator[Matching]:
    """Yield every lawful assignment of candidates to feasible seats."""
    for choice in product(*[[None, *row] for row in keys_of(market)]):
        matching = {candidate: seat for candidate, seat in enumerate(choice) if seat is not None}
        if lawful(market, matching):
            yield matching
