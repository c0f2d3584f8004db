"""The properties of candidates and seats, as numbers, on which criteria and hard rules are declared.

A property has one value for each candidate or seat, or one for each word of a vocabulary that it states: a level for
each language, say. Two sides can have something in common only in the words that both state.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import SEATS_FOR, Candidate, Problem, Seat, SeatKind
from shared.contracts.codes import MOST_WISHES, UNION, LanguageLevel, RankGroup

WISHES = (100, 80, 65, 50, 40, 30, 20)
"""Points of the first wish, the second and so on; those after the last count as the last."""
RANKS: Mapping[RankGroup, int] = {rank: number for number, rank in enumerate(RankGroup)}
KINDS: Mapping[SeatKind, int] = {kind: number for number, kind in enumerate(SeatKind)}
TOP_LEVEL = LanguageLevel.NS.order
NOT_ASKED = 99
"""Stands for the level that a seat asks in a language in which it does not work: nobody reaches it."""

_ORDER: Mapping[LanguageLevel | None, int] = {None: 0} | {level: level.order for level in LanguageLevel}


def order_of(level: LanguageLevel | None) -> int:
    """Return the level as a number from 1 (A1) to 7 (native); 0 for none."""
    return _ORDER[level]


class Numbers(dict[Hashable, int]):
    """A number for every word that was asked for, in the order of asking."""

    def __missing__(self, word: Hashable) -> int:
        """Return the next number for a new word."""
        self[word] = len(self)
        return self[word]


@dataclass(frozen=True, slots=True)
class Usage:
    """The capacity that fixed pairs have used.

    Seats without a free place, countries at their ceiling, shares by seat.
    """

    full: frozenset[str] = frozenset()
    at_ceiling: frozenset[str] = frozenset()
    shares: Mapping[str, Collection[str]] = field(default_factory=dict)


NO_USAGE = Usage()


class Setting:
    """The rules of one problem, and the numbers of countries, organisations and services, which both sides state."""

    def __init__(self, problem: Problem, usage: Usage = NO_USAGE) -> None:
        self.rules, self.usage = problem.rules, usage
        self.countries, self.agencies, self.services = Numbers(), Numbers(), Numbers()
        self.union = self.countries[UNION]
        self.language_minimum = order_of(problem.rules.language_minimum)
        self.suspended = {country for country, since in problem.rules.suspended.items() if since <= problem.day}
        self._in_force = [exclusion for exclusion in problem.rules.exclusions if exclusion.holds(problem.day)]
        self._apart: dict[tuple[str, str, bool], tuple[str, ...]] = {}
        self._balance = np.zeros((0, 0), np.int16)

    def kept_apart(self, country: str, organisation_id: str, *, confidential: bool) -> tuple[str, ...]:
        """Return the countries and organisations (ids) that the programme keeps apart from one of these two."""
        if not self._in_force:
            return ()
        key = (country, organisation_id, confidential)
        if key not in self._apart:
            self._apart[key] = tuple(
                other
                for exclusion in self._in_force
                if exclusion.confidential is confidential
                for here, other in ((exclusion.first, exclusion.second), (exclusion.second, exclusion.first))
                if here in key[:2]
            )
        return self._apart[key]

    def balance(self, home: Any, host: Any) -> Any:
        """Return the ledger's points for pairs of countries (numbers)."""
        if len(self._balance) < len(self.countries):
            numbered = [(self.countries[home], self.countries[host]) for home, host in self.rules.reciprocity]
            self._balance = np.zeros((len(self.countries), len(self.countries)), np.int16)
            for pair, points in zip(numbered, self.rules.reciprocity.values(), strict=True):
                self._balance[pair] = points
        return self._balance[home, host]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Words that both sides may state: what a candidate states, and what a seat does."""

    candidate: Callable[[Candidate, Setting], Collection[Hashable]]
    seat: Callable[[Seat, Setting], Collection[Hashable]]


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A property of one side: its value, or its values for the words of `over`, in the order in which they are stated.

    `empty` is the value of a word that is not stated.
    """

    of: Callable[[Any, Setting], Any]
    kind: type[np.generic] = np.int16
    over: Vocabulary | None = None
    empty: int = 0

    def values(self, parts: Collection[Any], setting: Setting) -> NDArray[Any]:
        """Return the value of each candidate or seat."""
        return np.array([self.of(part, setting) for part in parts], self.kind)


def _open_weeks(seat: Seat, _: Setting) -> Collection[date]:
    return [week for week, places in (seat.weeks or {}).items() if places > 0]


TOPICS = Vocabulary(lambda candidate, _: candidate.topics, lambda seat, _: seat.topics)
AREAS = Vocabulary(lambda candidate, _: candidate.expertise, lambda seat, _: seat.expertise)
LANGUAGES = Vocabulary(lambda candidate, _: candidate.languages, lambda seat, _: seat.languages)
WEEKS = Vocabulary(lambda candidate, _: candidate.weeks or (), _open_weeks)
COUNTRIES = Vocabulary(lambda candidate, _: candidate.preferred_countries, lambda seat, _: (seat.country,))
SEATS = Vocabulary(lambda candidate, _: candidate.own_order, lambda seat, _: (seat.id,))

CANDIDATES = Vocabulary(
    # A member of a group is placed by points, whatever a seat says of one of them.
    lambda candidate, _: (candidate.id,) if candidate.group_id is None else (),
    lambda seat, _: seat.wishes,
)

# Words that few state: of these it is enough to know who does.
AVOIDED_BY_CANDIDATE = Vocabulary(
    lambda candidate, _: candidate.conflicts, lambda seat, _: (seat.id, seat.organisation_id)
)
AVOIDED_BY_SEAT = Vocabulary(
    lambda candidate, _: (candidate.id, candidate.organisation_id), lambda seat, _: seat.conflicts
)
KEPT_APART = Vocabulary(
    lambda candidate, at: at.kept_apart(candidate.country, candidate.organisation_id, confidential=False),
    lambda seat, _: (seat.country, seat.organisation_id),
)
KEPT_APART_IN_CONFIDENCE = Vocabulary(
    lambda candidate, at: at.kept_apart(candidate.country, candidate.organisation_id, confidential=True),
    lambda seat, _: (seat.country, seat.organisation_id),
)
UNSUITABLE = Vocabulary(lambda candidate, _: (candidate.id,), lambda seat, _: seat.unsuitable)
DECLINED = Vocabulary(lambda candidate, _: candidate.barred, lambda seat, _: (seat.id,))
KEPT_FOR = Vocabulary(
    lambda candidate, _: (candidate.id,), lambda seat, _: () if seat.pre_matched is None else (seat.pre_matched,)
)
NAMED = Vocabulary(
    lambda candidate, _: () if candidate.pre_matched is None else (candidate.pre_matched,), lambda seat, _: (seat.id,)
)
SHARES_USED_UP = Vocabulary(
    lambda candidate, _: (candidate.country,), lambda seat, at: at.usage.shares.get(seat.id, ())
)


# Of a candidate

SEEKS = Property(lambda candidate, _: KINDS[SEATS_FOR[candidate.kind]], np.int8)
HOME = Property(lambda candidate, at: at.countries[candidate.country])
AGENCY = Property(lambda candidate, at: at.agencies[candidate.organisation_id], np.int32)
HOME_SUSPENDED = Property(lambda candidate, at: candidate.country in at.suspended, np.bool_)
HOME_AT_CEILING = Property(lambda candidate, at: candidate.country in at.usage.at_ceiling, np.bool_)
RANK = Property(lambda candidate, _: RANKS[candidate.rank_group])
SERVICE = Property(lambda candidate, at: -2 if candidate.service is None else at.services[candidate.service])
LANGUAGE_MINIMUM = Property(lambda candidate, _: _ORDER[candidate.language_minimum])
GROUP = Property(lambda candidate, _: candidate.group_size)
FIRST_TIME = Property(lambda candidate, _: candidate.first_time, np.bool_)
FREE_ANY_WEEK = Property(lambda candidate, _: candidate.weeks is None, np.bool_)
NAMES_NOBODY = Property(lambda candidate, _: candidate.pre_matched is None, np.bool_)
WISH = Property(
    lambda candidate, _: WISHES[: len(candidate.topics)] + WISHES[-1:] * (len(candidate.topics) - len(WISHES)),
    np.int16,
    TOPICS,
)
LEVEL = Property(lambda candidate, _: [skill.level for skill in candidate.expertise.values()], np.int16, AREAS)
DEPTH = Property(
    lambda candidate, _: [20 * skill.level + 4 * min(skill.years, 10) for skill in candidate.expertise.values()],
    np.int16,
    AREAS,
)
SPEAKS = Property(lambda candidate, _: [_ORDER[level] for level in candidate.languages.values()], np.int16, LANGUAGES)
POSSIBLE = Property(lambda candidate, _: (1,) * len(candidate.weeks or ()), np.int16, WEEKS)
WISHED = Property(lambda candidate, _: range(MOST_WISHES, MOST_WISHES - len(candidate.own_order), -1), np.int16, SEATS)
PREFERS = Property(lambda candidate, _: (1,) * len(candidate.preferred_countries), np.int16, COUNTRIES)
TOPIC_NEEDED = Property(
    lambda candidate, at: [at.rules.needs.get((candidate.country, topic), 0) for topic in candidate.topics],
    np.int16,
    TOPICS,
)
AREA_NEEDED = Property(
    lambda candidate, at: [at.rules.needs.get((candidate.country, area), 0) for area in candidate.expertise],
    np.int16,
    AREAS,
)


# Of a seat

KIND = Property(lambda seat, _: KINDS[seat.kind], np.int8)
HOST = Property(lambda seat, at: at.countries[seat.country])
HOST_AGENCY = Property(lambda seat, at: at.agencies[seat.organisation_id], np.int32)
HOST_SUSPENDED = Property(lambda seat, at: seat.country in at.suspended, np.bool_)
HOST_RANK = Property(lambda seat, _: -1 if seat.rank_group is None else RANKS[seat.rank_group])
HOST_SERVICE = Property(lambda seat, at: -1 if seat.service is None else at.services[seat.service])
AVAILABLE = Property(lambda seat, _: seat.available, np.bool_)
FULL = Property(lambda seat, at: seat.id in at.usage.full, np.bool_)
TAKES_ANY_TOPIC = Property(lambda seat, _: not seat.topics, np.bool_)
TAKES_ANY_AREA = Property(lambda seat, _: not seat.expertise, np.bool_)
TAKES_ANY_WEEK = Property(lambda seat, _: seat.weeks is None, np.bool_)
KEPT_FOR_NOBODY = Property(lambda seat, _: seat.pre_matched is None, np.bool_)
LEAST_LEVEL = Property(lambda seat, _: seat.minimum_level)
LARGEST_GROUP = Property(lambda seat, _: seat.group_size)
EXCLUDED_RANKS = Property(lambda seat, _: sum(1 << RANKS[rank] for rank in seat.excluded_ranks))
OFFERS = Property(lambda seat, _: (1,) * len(seat.topics), np.int16, TOPICS)
TEACHES = Property(lambda seat, _: [skill.level for skill in seat.expertise.values()], np.int16, AREAS)
ASKS = Property(
    lambda seat, at: [max(_ORDER[level], at.language_minimum) for level in seat.languages.values()],
    np.int16,
    LANGUAGES,
    NOT_ASKED,
)
UNDERSTANDS = Property(
    lambda seat, _: [_ORDER[seat.speaks.get(name)] if seat.speaks else TOP_LEVEL for name in seat.languages],
    np.int16,
    LANGUAGES,
)
OPEN = Property(lambda seat, at: (1,) * len(_open_weeks(seat, at)), np.int16, WEEKS)
LIES_IN = Property(lambda _, __: (1,), np.int16, COUNTRIES)
IS_SEAT = Property(lambda _, __: (1,), np.int16, SEATS)
CHOSEN = Property(lambda seat, _: range(MOST_WISHES, MOST_WISHES - len(seat.wishes), -1), np.int16, CANDIDATES)
