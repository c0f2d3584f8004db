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

from shared.contracts.codes import MOST_WISHES, ApplicationKind, Criterion, LanguageLevel, Objective, RankGroup, Wishes

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
    `pre_matched` is the one application that the seat is kept for.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The decisions of a call. Shares are per cent, needs and reciprocity are points from 0 to 100.

    `language_minimum` is asked of the applicant in the common language, whatever less a host asks. `suspended` maps a
    country to the day from which it is not active. `ceilings` and `floors` count applicants of a country, fixed pairs
    included. `needs` maps (country, topic or area) to points, `reciprocity` (home, host) to points. `wishes` says how
    the wishes of candidates order their own seats; they add nothing to a score, and no seat sees them.
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

    @property
    def wishes_count(self) -> bool:
        """True if wishes order the seats of a candidate."""
        return self.wishes is not Wishes.SCORES

    @property
    def widest(self) -> int:
        """The greatest number by which a candidate could order a seat (`wanted`)."""
        return int(self.wanted(self._most_gain, MOST_WISHES if self.wishes_count else 0))

    @property
    def _most_gain(self) -> int:
        return 100 * sum(weight.applicant for weight in self.weights.values())

    def wanted(self, gain: Any, wish: Any) -> Any:
        """Return by what a candidate orders seats (greater is more wanted).

        `gain` are the candidate's points, `wish` is `MOST_WISHES` for the first wish, one less for each that follows, 0
        for none. Numbers or arrays of them.
        """
        if self.wishes is Wishes.WISHES_FIRST:
            return wish * (self._most_gain + 1) + gain
        if self.wishes is Wishes.WISHES_AMONG_EQUALS:
            return gain * (MOST_WISHES + 1) + wish
        return gain

    def gain_of(self, wanted: Any) -> Any:
        """Return the points in what `wanted` gives."""
        if self.wishes is Wishes.WISHES_FIRST:
            return wanted % (self._most_gain + 1)
        if self.wishes is Wishes.WISHES_AMONG_EQUALS:
            return wanted // (MOST_WISHES + 1)
        return wanted

    def most_of_one_country(self, places: int) -> int:
        """Return how many of the places one country may take: the share rounded up, and at least one."""
        return max(1, math.ceil(self.share * places / 100))


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
        for candidate in self.candidates:
            wishes = candidate.wishes
            if wishes and (len(wishes) > MOST_WISHES or len(set(wishes)) < len(wishes)):
                raise ValueError(f"Wishes of {candidate.id} must be {MOST_WISHES} or fewer, each of them once")
        if any(seat.capacity < 0 for seat in self.seats):
            raise ValueError("A capacity is below 0")
