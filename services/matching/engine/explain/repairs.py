"""Find what would open a seat to a candidate: the least mend of each hard rule that the two break.

Rules about facts that nobody changes for one match (the partner, the border, conflicts, exclusions, availability,
earlier refusals) have no mend, and neither has a rule that this module does not know. So an exclusion in confidence
reads as a seat that is paused: nothing is named that would open it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem.problem import Skill
from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.rules.criteria import REQUIREMENTS
from services.matching.engine.rules.properties import order_of
from shared.contracts.codes import Change, HardRule, LanguageLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat

_LEVELS = tuple(LanguageLevel)
_MOST_LEVEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A change that would have matched, and the seat that the candidate would then have got.

    The fields depend on the kind of change: a language with its levels (none before: it is not stated yet); how many
    more places at `at_seat_id` or of the country's quota; a topic; an area, with the level as `count` where it is above
    the first; one more possible week (its Monday), `count` weeks from the nearest of the candidate's own; the rank
    group that `at_seat_id` would take; the members that a group may have, or that a group at `at_seat_id` could have;
    `count` more places there in one week. `beside` are further changes: all of them together are needed, and no part
    alone is enough.
    """

    change: Change
    seat_id: str
    language: str | None = None
    from_level: LanguageLevel | None = None
    to_level: LanguageLevel | None = None
    count: int | None = None
    at_seat_id: str | None = None
    topic: str | None = None
    area: str | None = None
    country: str | None = None
    week: date | None = None
    beside: tuple[Counterfactual, ...] = ()

    @property
    def parts(self) -> tuple[Counterfactual, ...]:
        """All changes that are needed together."""
        return (replace(self, beside=()), *self.beside)

    @property
    def steps(self) -> int:
        """The size of the whole set: levels, weeks, places, topics, areas."""
        return sum(_steps(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Opening:
    """The changes that would make a seat (number) feasible, with the candidate who has them.

    `other_seat` is the seat where it changes too. `full` says that it has no place left, or none for the candidate's
    country; `at_quota` that the country may send nobody more.
    """

    seat: int
    parts: tuple[Counterfactual, ...]
    candidate: Candidate
    other_seat: Seat | None = None
    full: bool = False
    at_quota: bool = False

    @property
    def steps(self) -> int:
        """The size of the changes."""
        return sum(_steps(part) for part in self.parts)


def _steps(part: Counterfactual) -> int:
    if part.change is Change.LANGUAGE_LEVEL:
        return order_of(part.to_level) - order_of(part.from_level)
    if part.change is Change.MORE_EXPERTISE:
        return 1 + (part.count or 1)
    return 1 if part.change in {Change.SMALLER_GROUP, Change.LARGER_GROUP} else part.count or 1


def opening(rules: Rules, candidate: Candidate, number: int, seat: Seat, broken: Iterable[HardRule]) -> Opening | None:
    """Return what would open a seat whose `broken` rules are given; None if one of them cannot be mended."""
    found = Opening(number, (), candidate)
    for rule in sorted(set(broken), key=_place):
        if rule in {HardRule.CAPACITY, HardRule.SHARE_OF_OFFER}:
            found = replace(found, full=True)
        elif rule is HardRule.QUOTA:
            found = replace(found, at_quota=True)
        else:
            mend = _MENDS.get(rule)
            mended = None if mend is None else mend(rules, found, found.other_seat or seat)
            if mended is None:
                return None
            found = mended
    return found


def _place(rule: HardRule) -> int:
    """Return the place of a rule in the funnel; a rule that is not declared stands last."""
    places = {requirement.rule: place for place, requirement in enumerate(REQUIREMENTS)}
    return places.get(rule, len(places))


def _with(found: Opening, parts: Iterable[Counterfactual], **values: Any) -> Opening:
    return replace(found, parts=(*found.parts, *parts), candidate=replace(found.candidate, **values))


def _topic(_: Rules, found: Opening, seat: Seat) -> Opening | None:
    topic = min(seat.topics, default=None)
    if topic is None:
        return None
    part = Counterfactual(change=Change.MORE_TOPICS, seat_id=seat.id, topic=topic)
    return _with(found, [part], topics=(*found.candidate.topics, topic))


def _language(rules: Rules, found: Opening, seat: Seat) -> Opening | None:
    """Raise or add the language that needs the fewest levels; to be native is not a change."""
    own, options = found.candidate.languages, []
    for language, level in sorted(seat.languages.items()):
        needed = max(level.order, order_of(rules.language_minimum))
        theirs = order_of(seat.speaks.get(language)) if seat.speaks else LanguageLevel.NS.order
        above = needed - order_of(own.get(language))
        if above > 0 and needed < LanguageLevel.NS.order and theirs >= order_of(found.candidate.language_minimum):
            options.append((above, language, _LEVELS[needed - 1]))
    if not options:
        return None
    _, language, better = min(options)
    part = Counterfactual(
        change=Change.LANGUAGE_LEVEL,
        seat_id=seat.id,
        language=language,
        from_level=own.get(language),
        to_level=better,
    )
    return _with(found, [part], languages={**own, language: better})


def _expertise(_rules: Rules, found: Opening, seat: Seat) -> Opening | None:
    own, least = found.candidate.expertise, max(1, seat.minimum_level)
    options = [(least - (own[area].level if area in own else 0), area) for area in sorted(seat.expertise)]
    if not options or least > _MOST_LEVEL:
        return None
    area = min(options)[1]
    part = Counterfactual(
        change=Change.MORE_EXPERTISE, seat_id=seat.id, area=area, count=least if least > 1 or area in own else None
    )
    years = own[area].years if area in own else 0
    return _with(found, [part], expertise={**own, area: Skill(least, years)})


def _weeks(rules: Rules, found: Opening, seat: Seat) -> Opening | None:
    """Add the weeks nearest to the candidate's own of those that the seat has.

    Only where these are too few, the seat gets a place in further weeks: the candidate's own first, then in those that
    it offers without a place.
    """
    if seat.weeks is None:
        return None
    own = found.candidate.weeks or frozenset()
    offered = {week for week, places in seat.weeks.items() if places > 0}
    missing = max(1, rules.common_weeks - len(offered & own))

    def nearest(weeks: Iterable[date]) -> list[tuple[int, date]]:
        return sorted((min((abs(week - other) // WEEK for other in own), default=1), week) for week in weeks)

    added = nearest(offered - own)[:missing]
    placed = nearest((own | seat.weeks.keys()) - offered)[: missing - len(added)]
    if len(added) + len(placed) < missing:
        return None
    part = Counterfactual(change=Change.OTHER_WEEKS, seat_id=seat.id)
    parts = [replace(part, week=week, count=max(1, count)) for count, week in (*added, *placed) if week not in own]
    in_week = replace(part, change=Change.PLACES_IN_WEEK, at_seat_id=seat.id, count=1)
    parts += [replace(in_week, week=week) for _, week in placed]
    opened = _with(found, parts, weeks=own | {week for _, week in (*added, *placed)})
    if not placed:
        return opened
    return replace(opened, other_seat=replace(seat, weeks={**seat.weeks, **{week: 1 for _, week in placed}}))


def _rank(_: Rules, found: Opening, seat: Seat) -> Opening | None:
    part = Counterfactual(change=Change.RANK_GROUP, seat_id=seat.id, at_seat_id=seat.id)
    other = replace(seat, excluded_ranks=seat.excluded_ranks - {found.candidate.rank_group})
    return replace(_with(found, [part]), other_seat=other)


def _group_size(_: Rules, found: Opening, seat: Seat) -> Opening | None:
    size = found.candidate.group_size
    if not 1 <= seat.group_size < size:
        return None
    if found.candidate.group_id is not None:
        part = Counterfactual(change=Change.LARGER_GROUP, seat_id=seat.id, at_seat_id=seat.id, count=size)
        return replace(_with(found, [part]), other_seat=_for_groups(seat, size))
    part = Counterfactual(change=Change.SMALLER_GROUP, seat_id=seat.id, count=seat.group_size)
    return _with(found, [part], group_size=seat.group_size)


_MENDS: Mapping[HardRule, Callable[[Rules, Opening, Seat], Opening | None]] = {
    HardRule.TOPIC: _topic,
    HardRule.COMMON_LANGUAGE: _language,
    HardRule.SHARED_EXPERTISE: _expertise,
    HardRule.COMMON_WEEKS: _weeks,
    HardRule.RANK_GROUP: _rank,
    HardRule.GROUP_SIZE: _group_size,
}
"""The least mend of each hard rule that has one."""


def _for_groups(seat: Seat, size: int) -> Seat:
    """Return the seat as it takes groups of a size: who took nobody but singles then offers places to a group."""
    return replace(
        seat, group_size=max(seat.group_size, size), share_exempt=seat.share_exempt or (seat.group_size == 1 < size)
    )


def applied(problem: Problem, candidate_id: str, change: Counterfactual) -> Problem:
    """Return the problem with all changes of a set, as it is run to prove the set."""
    candidate = next(candidate for candidate in problem.candidates if candidate.id == candidate_id)
    seats, rules = {seat.id: seat for seat in problem.seats}, problem.rules
    for part in change.parts:
        at = seats.get(part.at_seat_id or "")
        match part.change:
            case Change.MORE_PLACES if at is not None:
                seats[at.id] = replace(at, capacity=at.capacity + (part.count or 1))
            case Change.RANK_GROUP if at is not None:
                seats[at.id] = replace(at, excluded_ranks=at.excluded_ranks - {candidate.rank_group})
            case Change.LARGER_GROUP if at is not None:
                seats[at.id] = _for_groups(at, part.count or 1)
            case Change.PLACES_IN_WEEK if at is not None and part.week:
                weeks = at.weeks or {}
                more = {part.week: weeks.get(part.week, 0) + (part.count or 1)}
                seats[at.id] = replace(at, weeks={**weeks, **more})
            case Change.QUOTA if part.country:
                ceilings = {**rules.ceilings, part.country: rules.ceilings[part.country] + (part.count or 1)}
                rules = replace(rules, ceilings=ceilings)
            case _:
                candidate = _changed(candidate, part)
    return replace(
        problem,
        candidates=tuple(candidate if other.id == candidate_id else other for other in problem.candidates),
        seats=tuple(seats[seat.id] for seat in problem.seats),
        rules=rules,
    )


def _changed(candidate: Candidate, part: Counterfactual) -> Candidate:
    match part.change:
        case Change.LANGUAGE_LEVEL if part.language and part.to_level:
            return replace(candidate, languages={**candidate.languages, part.language: part.to_level})
        case Change.OTHER_WEEKS if part.week:
            return replace(candidate, weeks=(candidate.weeks or frozenset()) | {part.week})
        case Change.MORE_TOPICS if part.topic:
            return replace(candidate, topics=(*candidate.topics, part.topic))
        case Change.MORE_EXPERTISE if part.area:
            years = candidate.expertise[part.area].years if part.area in candidate.expertise else 0
            return replace(candidate, expertise={**candidate.expertise, part.area: Skill(part.count or 1, years)})
        case Change.SMALLER_GROUP if part.count:
            return replace(candidate, group_size=part.count)
        case _:
            raise ValueError(f"{part.change} is no change of a candidate")
