"""Find the smallest sets of changes that would have placed a group, each proven by a new layout.

If people are to state more, that is meant for each member who lacks it: a language at a level, one more topic, area or
week. So a set reads the same for all members, and tells nothing of a single one. A seat may also take larger groups,
and one with too few weeks for all at once may have more places in a week, also in one that it does not offer. The rules
about facts that nobody changes for one match have no mend.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.matching.engine.explain.repairs import Counterfactual, applied
from services.matching.engine.groups.layout import lay_out
from services.matching.engine.groups.units import Unit
from services.matching.engine.problem.problem import SEATS_FOR, Candidate, Problem, Rules, Seat
from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.rules.hard_rules import HardRules
from services.matching.engine.rules.properties import order_of
from shared.contracts.codes import Change, HardRule, LanguageLevel

if TYPE_CHECKING:
    from datetime import date

_LEVELS = tuple(LanguageLevel)
_MOST_LEVEL = 3
_MOST_TRIED = 24
"""So many ways to open a seat are tried with the same number of changes, those of fewest steps first."""
_ALTERNATIVES = 3
_LIMITS = frozenset({HardRule.CAPACITY, HardRule.SHARE_OF_OFFER, HardRule.QUOTA})
OF_PEOPLE = frozenset({Change.LANGUAGE_LEVEL, Change.MORE_TOPICS, Change.MORE_EXPERTISE, Change.OTHER_WEEKS})
"""The changes to an applicant's answers, each meant for every member of a group who needs it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way into a seat: the changes that open it, their steps, and what has to be found besides."""

    seat_id: str
    parts: tuple[Counterfactual, ...]
    steps: int
    places: bool = False
    quotas: tuple[str, ...] = ()

    @property
    def changes(self) -> int:
        return len(self.parts) + self.places + len(self.quotas)


def group_changes(problem: Problem, unit: Unit) -> tuple[tuple[Counterfactual, ...], int]:
    """Return the smallest sets that would have placed a group, and how many layouts were made."""
    ways = sorted(_ways(problem, unit), key=lambda way: (way.changes, way.steps, way.seat_id))
    found: list[tuple[int, Counterfactual]] = []
    runs = tried = changes = 0
    for way in ways:
        if way.changes != changes:
            if found:
                break
            changes, tried = way.changes, 0
        if tried >= _MOST_TRIED or (found and way.steps > min(steps for steps, _ in found)):
            continue
        tried += 1
        trial = _Trial(problem, unit, way)
        complete = trial.least()
        runs += trial.runs
        if complete is not None:
            found.append(complete)
    least = min((steps for steps, _ in found), default=0)
    return tuple(change for steps, change in found if steps == least)[:_ALTERNATIVES], runs


def applied_to_group(problem: Problem, members: Iterable[Candidate], change: Counterfactual) -> Problem:
    """Return the problem with all changes of a set, made for each member who lacks them."""
    for member in members:
        own = [part for part in change.parts if part.change in OF_PEOPLE and _lacks(member, part)]
        own += [part for part in change.parts if part.change is Change.RANK_GROUP]
        if own:
            problem = applied(problem, member.id, replace(own[0], beside=tuple(own[1:])))
    rest = [part for part in change.parts if part.change not in {*OF_PEOPLE, Change.RANK_GROUP}]
    first = next(iter(members))
    return applied(problem, first.id, replace(rest[0], beside=tuple(rest[1:]))) if rest else problem


def _lacks(member: Candidate, part: Counterfactual) -> bool:
    match part.change:
        case Change.LANGUAGE_LEVEL:
            return order_of(member.languages.get(part.language or "")) < order_of(part.to_level)
        case Change.MORE_TOPICS:
            return part.topic not in member.topics
        case Change.MORE_EXPERTISE:
            own = member.expertise.get(part.area or "")
            return own is None or own.level < (part.count or 1)
        case _:
            return member.weeks is not None and part.week not in member.weeks


def _ways(problem: Problem, unit: Unit) -> Iterator[_Way]:
    """Yield every way into each seat, without and with more places and higher quotas."""
    seats = sorted(problem.seats, key=lambda seat: seat.id)
    rules = HardRules(problem, seats)
    follows = {pair.seat_id for pair in problem.fixed if pair.group_id == unit.group_id}
    bounded = tuple(sorted({member.country for member in unit.members} & problem.rules.ceilings.keys()))
    for number, seat in enumerate(seats):
        if any(SEATS_FOR[member.kind] is not seat.kind for member in unit.members):
            continue
        if follows and seat.id not in follows:
            continue
        broken = [(member, set(rules.broken(member, number)) - _LIMITS) for member in unit.members]
        opened = _opened(problem.rules, seat, broken, unit)
        if opened is None:
            continue
        for places in (False, True):
            for quotas in {(), bounded}:
                if opened[0] or places or quotas:
                    way = _Way(seat.id, *opened, places=places, quotas=quotas)
                    yield replace(way, steps=way.steps + places + len(quotas))


def _opened(
    rules: Rules, seat: Seat, broken: Sequence[tuple[Candidate, set[HardRule]]], unit: Unit
) -> tuple[tuple[Counterfactual, ...], int] | None:
    """Return the least changes with which all members meet the rules of a seat, and their steps; None if none do."""
    parts: list[Counterfactual] = []
    steps = 0
    size = max(unit.size, *(member.group_size for member in unit.members))
    if size > seat.group_size:
        parts.append(Counterfactual(change=Change.LARGER_GROUP, seat_id=seat.id, at_seat_id=seat.id, count=size))
        steps += 1
    for rule in HardRule:
        lacking = [member for member, rules_broken in broken if rule in rules_broken]
        if not lacking or rule in {HardRule.COMMON_WEEKS, HardRule.GROUP_SIZE}:
            continue
        mend = _MENDS.get(rule)
        mended = None if mend is None else mend(rules, seat, lacking)
        if mended is None:
            return None
        parts.append(mended[0])
        steps += mended[1]
    weeks = _weeks(rules, seat, unit.members)
    if weeks is None:
        return None
    return (*parts, *weeks[0]), steps + weeks[1]


_Mended = tuple[Counterfactual, int] | None


def _topic(_: Rules, seat: Seat, lacking: Sequence[Candidate]) -> _Mended:
    topic = min(seat.topics, default=None)
    if topic is None:
        return None
    return Counterfactual(change=Change.MORE_TOPICS, seat_id=seat.id, topic=topic), len(lacking)


def _language(rules: Rules, seat: Seat, lacking: Sequence[Candidate]) -> _Mended:
    options = []
    for language, level in sorted(seat.languages.items()):
        needed = max(level.order, order_of(rules.language_minimum))
        theirs = order_of(seat.speaks.get(language)) if seat.speaks else LanguageLevel.NS.order
        above = [needed - order_of(member.languages.get(language)) for member in lacking]
        understood = all(theirs >= order_of(member.language_minimum) for member in lacking)
        if needed < LanguageLevel.NS.order and understood and min(above) > 0:
            options.append((sum(above), language, _LEVELS[needed - 1]))
    if not options:
        return None
    steps, language, level = min(options)
    return Counterfactual(change=Change.LANGUAGE_LEVEL, seat_id=seat.id, language=language, to_level=level), steps


def _expertise(_: Rules, seat: Seat, lacking: Sequence[Candidate]) -> _Mended:
    least = max(1, seat.minimum_level)
    if least > _MOST_LEVEL or not seat.expertise:
        return None

    def steps(area: str) -> int:
        return sum(1 + least - (member.expertise[area].level if area in member.expertise else 0) for member in lacking)

    area = min(sorted(seat.expertise), key=steps)
    return Counterfactual(change=Change.MORE_EXPERTISE, seat_id=seat.id, area=area, count=least), steps(area)


def _rank(_: Rules, seat: Seat, lacking: Sequence[Candidate]) -> _Mended:
    part = Counterfactual(change=Change.RANK_GROUP, seat_id=seat.id, at_seat_id=seat.id)
    return part, len({member.rank_group for member in lacking})


_MENDS: Mapping[HardRule, Callable[[Rules, Seat, Sequence[Candidate]], _Mended]] = {
    HardRule.TOPIC: _topic,
    HardRule.COMMON_LANGUAGE: _language,
    HardRule.SHARED_EXPERTISE: _expertise,
    HardRule.RANK_GROUP: _rank,
}
"""The least mend of each hard rule that has one, for all members who break it."""


def _weeks(rules: Rules, seat: Seat, members: Sequence[Candidate]) -> tuple[tuple[Counterfactual, ...], int] | None:
    """Return the weeks in which all members could come that cost the fewest steps; None if too few are known.

    Only where too few weeks have a place for each member at once, a week may get more places; and only where the seat
    offers too few weeks, it may get places in one that a member has stated.
    """
    stated = [member.weeks for member in members if member.weeks is not None]
    if not stated and seat.weeks is None:
        return (), 0
    known: set[date] = set().union(*stated)
    needed = max(1, rules.common_weeks)
    lacking = dict.fromkeys(known, 0)
    if seat.weeks is not None:
        lacking = {week: max(0, len(members) - places) for week, places in seat.weeks.items()}
        enough = {week: 0 for week, places in lacking.items() if not places}
        lacking = enough if len(enough) >= needed else lacking
        if len(lacking) < needed:
            lacking |= dict.fromkeys(known - seat.weeks.keys(), len(members))
    costs = sorted(
        ((cost > 0) + (places > 0), cost + places, week, cost, places)
        for week, places in lacking.items()
        for cost in [sum(min((abs(week - own) // WEEK for own in weeks), default=1) for weeks in stated)]
    )
    chosen = costs[:needed]
    if len(chosen) < needed:
        return None
    parts: list[Counterfactual] = []
    for _, _, week, cost, places in chosen:
        part = Counterfactual(change=Change.OTHER_WEEKS, seat_id=seat.id, week=week)
        if cost:
            parts.append(replace(part, count=cost))
        if places:
            parts.append(replace(part, change=Change.PLACES_IN_WEEK, at_seat_id=seat.id, count=places))
    return tuple(parts), sum(steps for _, steps, *_ in chosen)


class _Trial:
    """One way, tried by layouts."""

    def __init__(self, problem: Problem, unit: Unit, way: _Way) -> None:
        self._problem, self._unit, self._way = problem, unit, way
        self.runs = 0

    def least(self) -> tuple[int, Counterfactual] | None:
        """Return the way with the fewest places and the least quotas with which it holds, and its steps."""
        people = len(self._problem.candidates) + len(self._problem.fixed)
        most_places = -(-100 * people // max(1, self._problem.rules.share)) if self._way.places else 0
        most_quota = people if self._way.quotas else 0
        if self._seat(most_places, most_quota) is None:
            return None
        places = _least(lambda count: self._seat(count, most_quota) is not None, most_places)
        quota = _least(lambda count: self._seat(places, count) is not None, most_quota)
        change, seat = self._change(places, quota), self._seat(places, quota)
        assert change is not None
        assert seat is not None
        named = [replace(part, seat_id=seat, beside=()) for part in change.parts]
        counted = self._way.steps - self._way.places - len(self._way.quotas) + places + quota * len(self._way.quotas)
        return counted, replace(named[0], beside=tuple(named[1:]))

    def _seat(self, places: int, quota: int) -> str | None:
        """Return the seat that the group gets, if any."""
        change = self._change(places, quota)
        if change is None:
            return None
        self.runs += 1
        problem = applied_to_group(self._problem, self._unit.members, change)
        return lay_out(problem).seats.get(self._unit.members[0].id)

    def _change(self, places: int, quota: int) -> Counterfactual | None:
        seat = self._way.seat_id
        parts = list(self._way.parts)
        if places:
            parts.append(Counterfactual(change=Change.MORE_PLACES, seat_id=seat, at_seat_id=seat, count=places))
        if quota:
            parts += [
                Counterfactual(change=Change.QUOTA, seat_id=seat, country=country, count=quota)
                for country in self._way.quotas
            ]
        return replace(parts[0], beside=tuple(parts[1:])) if parts else None


def _least(holds: Callable[[int], bool], most: int) -> int:
    """Return the least number that holds; `most` is known to hold."""
    low, step = 0, 1
    if most and holds(0):
        return 0
    while step < most and not holds(step):
        low, step = step, 2 * step
    high = min(step, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
