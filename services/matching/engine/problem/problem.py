"""The matching problem: candidates, seats, and the rules of the call.

Everything here is frozen and comes from the caller's store; ids are strings, days are plain dates, a week is its
Monday.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from shared.contracts.codes import (
    MOST_WEIGHT_BESIDE_ORDER,
    MOST_WISHES,
    ApplicationKind,
    Criterion,
    LanguageLevel,
    Objective,
    RankGroup,
    TieBreak,
    Wishes,
)

ENGINE_VERSION = "2"
"""Raised whenever the same problem would give another result; part of every digest. A field added with a default is
no reason: at its default it stands in no digest."""

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def _nothing() -> Mapping[Any, Any]:
    return _NOTHING


class SeatKind(StrEnum):
    """The kind of a seat: a placement that a host offers, or a mentor."""

    PLACEMENT = "placement"
    MENTOR = "mentor"


SEATS_FOR: Mapping[ApplicationKind, SeatKind] = {
    ApplicationKind.STUDY_VISIT: SeatKind.PLACEMENT,
    ApplicationKind.MENTEE: SeatKind.MENTOR,
}
"""The kind of seat that an application of each kind can take; the others are not even counted in its funnel."""


@dataclass(frozen=True, slots=True)
class Skill:
    """An area of expertise of a person or a host: level 1-3 (a host that states none: 2), years of practice."""

    level: int = 2
    years: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One application in the pool (an officer for a placement, or a mentee).

    `topics` are in the order of the wish. `weeks` are Mondays; None means that weeks do not matter. `conflicts` holds
    ids of seats and organisations. `pre_matched` is the seat (or the counterpart's application) that the applicant
    names; `barred` are seats whose offer the applicant has declined. `language_minimum` is asked of the other side.
    `wishes` are seats, most wanted first: how they count is for the rules to say (`Rules.wishes`).
    """

    id: str
    kind: ApplicationKind
    country: str
    organisation_id: str
    rank_group: RankGroup
    service: str | None = None
    expertise: Mapping[str, Skill] = field(default_factory=_nothing)
    languages: Mapping[str, LanguageLevel] = field(default_factory=_nothing)
    language_minimum: LanguageLevel | None = None
    topics: tuple[str, ...] = ()
    preferred_countries: frozenset[str] = frozenset()
    weeks: frozenset[date] | None = None
    conflicts: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    first_time: bool = True
    pre_matched: str | None = None
    group_id: str | None = None
    group_size: int = 1
    wishes: tuple[str, ...] = ()

    @property
    def own_order(self) -> tuple[str, ...]:
        """The wishes that can count: none of a member of a group, which is placed by points."""
        return self.wishes if self.group_id is None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An offer of a placement with its places, or a mentor with the mentees he or she can take.

    `languages` maps a working language to the minimum that it asks of the applicant; `speaks` is the seat's own level
    (absent: native in all of `languages`). `weeks` maps Mondays to places; None means that weeks do not matter.
    `minimum_level` is asked in the shared area of expertise. `available` is False while paused. `share_exempt`: an
    offer to a group, which one country may fill. `conflicts` holds ids of applications and organisations;
    `pre_matched` is the one application that the seat is kept for. `wishes` are applications in the order of the host
    or mentor (`Rules.valued`); `unsuitable` are those whom the host or mentor finds not suitable: that reads as an
    exclusion in confidence does, as "not available".
    """

    id: str
    kind: SeatKind
    country: str
    organisation_id: str
    capacity: int
    rank_group: RankGroup | None = None
    service: str | None = None
    expertise: Mapping[str, Skill] = field(default_factory=_nothing)
    languages: Mapping[str, LanguageLevel] = field(default_factory=_nothing)
    speaks: Mapping[str, LanguageLevel] = field(default_factory=_nothing)
    topics: frozenset[str] = frozenset()
    weeks: Mapping[date, int] | None = None
    excluded_ranks: frozenset[RankGroup] = frozenset()
    minimum_level: int = 1
    group_size: int = 5
    conflicts: frozenset[str] = frozenset()
    pre_matched: str | None = None
    available: bool = True
    share_exempt: bool = False
    wishes: tuple[str, ...] = ()
    unsuitable: frozenset[str] = frozenset()

    def choice(self, candidate: Candidate) -> int:
        """Return the place of a candidate among the wishes as `Rules.valued` counts it; 0 for none."""
        own = candidate.group_id is None and candidate.id in self.wishes
        return MOST_WISHES - self.wishes.index(candidate.id) if own else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A pair that is proposed or further: it takes a place, a share and a part of the quota, and is never touched.

    `group_id` keeps those of the same group who are still to be placed at the same seat.
    """

    candidate_id: str
    seat_id: str
    country: str
    group_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Two countries or organisations (ids) that the programme keeps apart, in both directions, between two days.

    A confidential one shows as "not available" everywhere.
    """

    first: str
    second: str
    since: date | None = None
    until: date | None = None
    confidential: bool = False

    def holds(self, day: date) -> bool:
        """Return whether the exclusion is in force on the day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of a criterion: for the applicant's gain, and for the seat's preference."""

    applicant: int
    host: int


WEIGHTS: Mapping[Criterion, Weight] = MappingProxyType(
    {
        Criterion.TOPIC: Weight(5, 0),
        Criterion.EXPERTISE: Weight(0, 3),
        Criterion.EXPERTISE_GAP: Weight(3, 0),
        Criterion.LANGUAGE: Weight(1, 2),
        Criterion.PREFERRED_COUNTRY: Weight(2, 0),
        Criterion.WEEKS: Weight(1, 0),
        Criterion.FIRST_TIME: Weight(0, 0),
        Criterion.TRAINING_NEED: Weight(0, 0),
        Criterion.RECIPROCITY: Weight(0, 1),
        Criterion.RANK_GROUP: Weight(1, 1),
        Criterion.SERVICE: Weight(1, 1),
    }
)
"""Weights of a call that sets none of its own: on the host's side only verified facts count (`shared/honesty.py`)."""

_NEED_CITED = Weight(0, 3)


def default_weights(*, needs_cited: bool) -> dict[Criterion, Weight]:
    """Return the weights of a call that sets none of its own: where it cites training needs, they count for hosts."""
    return {**WEIGHTS, **({Criterion.TRAINING_NEED: _NEED_CITED} if needs_cited else {})}


MOST_WEIGHT = 40_000
"""Neither side's sum of weights is above it, so that a score fits into 22 bits beside its tie-break."""
WIDEST_ORDER = 1 << 25
"""The order of a candidate's seats is below it if wishes count, so that it fits beside a tie-break as well."""
WIDEST_CHOICE = 1 << 23
"""The order of a seat's candidates is below it: beside its tie-break there are two more bits (floors, pre-matched)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The decisions of a call. Shares are per cent, needs and reciprocity are points from 0 to 100.

    `language_minimum` is asked of the applicant in the common language, whatever less a host asks. `suspended` maps a
    country to the day from which it is not active. `ceilings` and `floors` count applicants of a country, fixed pairs
    included. `needs` maps (country, topic or area) to points, `reciprocity` (home, host) to points. `wishes` says how
    the wishes of each side order its own pairs; they add nothing to a score, and the other side does not see them.
    `ties` says what decides among equals in a stable matching: a lot, or exchanges after it (`stable/exchanges.py`).
    """

    weights: Mapping[Criterion, Weight] = field(default_factory=lambda: WEIGHTS)
    objective: Objective = Objective.STABLE
    language_minimum: LanguageLevel | None = None
    common_weeks: int = 1
    share: int = 40
    ceilings: Mapping[str, int] = field(default_factory=_nothing)
    floors: Mapping[str, int] = field(default_factory=_nothing)
    exclusions: tuple[Exclusion, ...] = ()
    suspended: Mapping[str, date] = field(default_factory=_nothing)
    needs: Mapping[tuple[str, str], int] = field(default_factory=_nothing)
    reciprocity: Mapping[tuple[str, str], int] = field(default_factory=_nothing)
    wishes: Wishes = Wishes.SCORES
    ties: TieBreak = TieBreak.LOTS

    @property
    def wishes_count(self) -> bool:
        """True if wishes order the seats of a candidate."""
        return self.wishes is not Wishes.SCORES

    @property
    def exchanges(self) -> bool:
        """True if lots decide nothing that an exchange can better: people with equal points stand side by side."""
        return self.ties is TieBreak.EXCHANGES

    @property
    def widest(self) -> int:
        """The greatest number by which a candidate could order a seat (`wanted`)."""
        return int(self.wanted(self._most_gain, MOST_WISHES if self.wishes_count else 0))

    @property
    def choices_count(self) -> bool:
        """True if the orders of hosts and mentors count too: if wishes do, and weights of hosts leave room for them."""
        return self.wishes_count and self._most_value <= 100 * MOST_WEIGHT_BESIDE_ORDER

    @property
    def widest_choice(self) -> int:
        """The greatest number by which a seat could order a candidate (`valued`)."""
        return int(self.valued(self._most_value, MOST_WISHES if self.choices_count else 0))

    @property
    def _most_gain(self) -> int:
        return 100 * sum(weight.applicant for weight in self.weights.values())

    @property
    def _most_value(self) -> int:
        return 100 * sum(weight.host for weight in self.weights.values())

    def wanted(self, gain: Any, wish: Any) -> Any:
        """Return by what a candidate orders seats (greater is more wanted).

        `gain` are the candidate's points, `wish` is `MOST_WISHES` for the first wish, one less for each that follows, 0
        for none. Numbers or arrays of them.
        """
        return _with_wishes(self.wishes, self._most_gain, gain, wish)

    def gain_of(self, wanted: Any) -> Any:
        """Return the points in what `wanted` gives."""
        return _without_wishes(self.wishes, self._most_gain, wanted)

    def valued(self, preference: Any, wish: Any) -> Any:
        """Return by what a seat orders candidates: as `wanted`, of the seat's points and wishes."""
        return _with_wishes(self._rule_of_choices, self._most_value, preference, wish)

    def preference_of(self, valued: Any) -> Any:
        """Return the points in what `valued` gives."""
        return _without_wishes(self._rule_of_choices, self._most_value, valued)

    @property
    def _rule_of_choices(self) -> Wishes:
        return self.wishes if self.choices_count else Wishes.SCORES

    def most_of_one_country(self, places: int) -> int:
        """Return how many of the places one country may take: the share rounded up, and at least one."""
        return max(1, math.ceil(self.share * places / 100))


def _with_wishes(rule: Wishes, most: int, points: Any, wish: Any) -> Any:
    """Return points (`most` at the most) and a wish as one number, ordered as the rule says."""
    if rule is Wishes.WISHES_FIRST:
        return wish * (most + 1) + points
    if rule is Wishes.WISHES_AMONG_EQUALS:
        return points * (MOST_WISHES + 1) + wish
    return points


def _without_wishes(rule: Wishes, most: int, number: Any) -> Any:
    """Return the points in what `_with_wishes` gives."""
    if rule is Wishes.WISHES_FIRST:
        return number % (most + 1)
    if rule is Wishes.WISHES_AMONG_EQUALS:
        return number // (MOST_WISHES + 1)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """All inputs of a run: the same problem always gives the same result, whatever the order of its parts.

    `day` is the day for dated rules. `seed` breaks ties and is published with the run.
    """

    call_id: str
    day: date
    seed: str
    candidates: tuple[Candidate, ...]
    seats: tuple[Seat, ...]
    rules: Rules = field(default_factory=Rules)
    fixed: tuple[Fixed, ...] = ()

    def __post_init__(self) -> None:
        """Check the problem. Raises ValueError for duplicate ids, bad weights or negative capacities."""
        for what, ids in (
            ("candidate", [candidate.id for candidate in self.candidates]),
            ("seat", [seat.id for seat in self.seats]),
            ("fixed candidate", [pair.candidate_id for pair in self.fixed]),
        ):
            if len(set(ids)) != len(ids):
                raise ValueError(f"A {what} stands twice in the problem of call {self.call_id}")
        for side in ("applicant", "host"):
            weights = [getattr(weight, side) for weight in self.rules.weights.values()]
            if min(weights, default=0) < 0 or sum(weights) > MOST_WEIGHT:
                raise ValueError(f"Weights must be 0 or more, and {MOST_WEIGHT} at most in all")
        if self.rules.wishes_count and self.rules.widest >= WIDEST_ORDER:
            raise ValueError("Weights of applicants are too great for wishes to count beside them")
        stated = [(part.id, part.wishes) for part in self.candidates] + [(part.id, part.wishes) for part in self.seats]
        for name, wishes in stated:
            if wishes and (len(wishes) > MOST_WISHES or len(set(wishes)) < len(wishes)):
                raise ValueError(f"Wishes of {name} must be {MOST_WISHES} or fewer, each of them once")
        if any(seat.capacity < 0 for seat in self.seats):
            raise ValueError("A capacity is below 0")
