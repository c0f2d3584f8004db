"""Turn the facts of a call into problems of the engine, one for each kind of application.

Pure: the same facts always give the same problems, in whatever order they arrived. Study visits come first, so that
mentees are matched within what those leave of a country's ceiling.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from services.matching.engine.layers import run_layers
from services.matching.engine.problem.problem import (
    Candidate,
    Exclusion,
    Fixed,
    Problem,
    Rules,
    Seat,
    SeatKind,
    Skill,
    Weight,
    default_weights,
)
from services.matching.engine.problem.weeks import monday
from services.matching.facts.model import spans, weekly_places, weeks_of
from services.matching.provisional.model.memo import Memo
from shared.contracts.applications import ApplicationProfile
from shared.contracts.codes import ApplicationKind, Criterion, MatchState, Objective, RankGroup
from shared.contracts.matches import SILENCES
from shared.contracts.offers import CandidateChoices, OfferTerms
from shared.culprits import culprits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from services.matching.engine.matching import Pair, Result
    from services.matching.lifecycle.model.match import Match
    from shared.contracts.calls import CallTerms
    from shared.contracts.mentors import MentorProfile

KINDS = (ApplicationKind.STUDY_VISIT, ApplicationKind.MENTEE)
_GIVEN_BACK = ""
"""Stands for the seat of a mentorship that is over, or of a guest who did not come: it counts for the quota only."""


_candidates: Memo[Candidate] = Memo()
_seats: Memo[Seat] = Memo()


NO_CHOICES = CandidateChoices()


@dataclass(frozen=True, slots=True)
class Place:
    """An offer or a mentor with its terms; `available` is False while it is paused or past its deadline.

    `choices` are what the host or mentor says of candidates.
    """

    id: UUID
    terms: OfferTerms | MentorProfile
    available: bool = True
    choices: CandidateChoices = NO_CHOICES


@dataclass(frozen=True, slots=True)
class Need:
    """A training need that the call cites: points for a topic, and for an area where one is named."""

    country: str
    topic: str
    area: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that decides a call's matching on a day.

    `given_back` are matches whose mentorship is over, or whose guest did not come; `incomplete` the groups of which a
    member may still become eligible: they wait, since a group is placed whole. `reciprocity` holds the points of (home,
    host) from the ledger (`reciprocity/model.py`).
    """

    call_id: UUID
    terms: CallTerms
    day: date
    cohort: int
    candidates: Mapping[UUID, ApplicationProfile]
    places: Mapping[UUID, Place]
    matches: Sequence[Match] = ()
    given_back: frozenset[UUID] = frozenset()
    taken: Mapping[UUID, Mapping[date, int]] = field(default_factory=dict)
    suspended: Mapping[str, date] = field(default_factory=dict)
    exclusions: tuple[Exclusion, ...] = ()
    needs: tuple[Need, ...] = ()
    reciprocity: Mapping[tuple[str, str], int] = field(default_factory=dict)
    incomplete: frozenset[UUID] = frozenset()

    @property
    def seed(self) -> str:
        """Return what breaks ties; published with the run of the next cohort."""
        return f"{self.terms.reference}/{self.cohort + 1}"


def waiting(facts: Facts) -> dict[UUID, ApplicationProfile]:
    """Return the waiting applications: eligible, no match that stands or was given up, not silent twice."""
    placed = {match.pairing.application_id for match in facts.matches if match.takes_place or match.given_up}
    silent = Counter(
        match.pairing.application_id
        for match in facts.matches
        if match.state is MatchState.EXPIRED and match.applicant in match.silent
    )
    return {
        application_id: profile
        for application_id, profile in facts.candidates.items()
        if application_id not in placed
        and silent[application_id] < SILENCES
        and profile.group_id not in facts.incomplete
    }


def in_reserve(facts: Facts) -> dict[UUID, Match]:
    """Return the reserves by application; each has one at most."""
    return {match.pairing.application_id: match for match in facts.matches if match.in_reserve}


def companions(facts: Facts, application_id: UUID) -> set[UUID]:
    """Return the group of an application, itself included, that is looking for a place: a group is placed whole."""
    pool = waiting(facts)
    group = pool[application_id].group_id if application_id in pool else None
    if group is None:
        return {application_id}
    return {application_id for application_id, profile in pool.items() if profile.group_id == group}


class Paired(Protocol):
    """A result that says who is matched with whom."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs by candidate id."""


R = TypeVar("R", bound=Paired)


def solve(facts: Facts, *, only: frozenset[UUID] | None = None) -> dict[ApplicationKind, Result]:
    """Return the matching of each kind that the call takes; `only` leaves other applications out of the pool."""
    return each_kind(facts, lambda _, posed: from_scratch(posed), only=only)


def from_scratch(problem: Problem) -> Result:
    """Return the matching of one kind, as a cohort committed now would have it."""
    return run_layers(problem)


def each_kind(
    facts: Facts, find: Callable[[ApplicationKind, Problem], R], *, only: frozenset[UUID] | None = None
) -> dict[ApplicationKind, R]:
    """Return `find` of the problem of each kind, one after the other, since they share the countries' quotas."""
    fixed = fixed_pairs(facts)
    results: dict[ApplicationKind, R] = {}
    for kind in KINDS:
        if kind not in facts.terms.kinds:
            continue
        result = find(kind, problem(facts, kind, fixed, only=only))
        results[kind] = result
        country = {application_id: profile.country for application_id, profile in facts.candidates.items()}
        fixed += [
            Fixed(candidate_id=pair.candidate_id, seat_id=pair.seat_id, country=country[UUID(pair.candidate_id)])
            for pair in result.pairs
        ]
    return results


def without_failing(facts: Facts) -> tuple[Facts, list[UUID]]:
    """Return the facts without the applications and places with which the matching fails, and the ids of these."""

    def works(candidates: Sequence[UUID], places: Sequence[UUID]) -> bool:
        some = replace(
            facts,
            candidates={id_: facts.candidates[id_] for id_ in candidates},
            places={id_: facts.places[id_] for id_ in places},
        )
        try:
            solve(some)
        except Exception:  # noqa: BLE001 - whatever it is, the caller has it already
            return False
        return True

    people, seats = sorted(facts.candidates), sorted(facts.places)
    no_places = culprits(seats, lambda some: works((), some))
    sound = [id_ for id_ in seats if id_ not in set(no_places)]
    failing = [*no_places, *culprits(people, lambda some: works(some, sound))]
    left_out = set(failing)
    return replace(
        facts,
        candidates={id_: profile for id_, profile in facts.candidates.items() if id_ not in left_out},
        places={id_: place for id_, place in facts.places.items() if id_ not in left_out},
    ), failing


def fixed_pairs(facts: Facts) -> list[Fixed]:
    """Return the matches that stand as fixed pairs of the engine."""
    return [
        Fixed(
            candidate_id=str(match.pairing.application_id),
            seat_id=_GIVEN_BACK if match.id in facts.given_back else str(match.seat_id),
            country=match.pairing.country,
            group_id=_group(facts, match.pairing.application_id),
        )
        for match in facts.matches
        if match.takes_place
    ]


def _group(facts: Facts, application_id: UUID) -> str | None:
    profile = facts.candidates.get(application_id)
    return str(profile.group_id) if profile is not None and profile.group_id else None


def problem(
    facts: Facts, kind: ApplicationKind, fixed: Iterable[Fixed], *, only: frozenset[UUID] | None = None
) -> Problem:
    """Return the problem of one kind of a call, beside the pairs that are fixed."""
    pool = waiting(facts)
    if only is not None:
        # A group of which somebody is left out is left out whole.
        apart = {
            profile.group_id
            for application_id, profile in pool.items()
            if profile.group_id and application_id not in only
        }
        pool = {
            application_id: profile
            for application_id, profile in pool.items()
            if application_id in only and profile.group_id not in apart
        }
    sizes = Counter(profile.group_id for profile in facts.candidates.values())
    barred: dict[UUID, set[str]] = {}
    for match in facts.matches:
        if match.bars:
            barred.setdefault(match.pairing.application_id, set()).add(str(match.seat_id))
    return Problem(
        call_id=str(facts.call_id),
        day=facts.day,
        seed=facts.seed,
        candidates=tuple(
            _candidate(application_id, profile, facts.terms, frozenset(barred.get(application_id, ())), sizes)
            for application_id, profile in sorted(pool.items())
            if profile.kind is kind
        ),
        seats=tuple(
            _seat(place, facts)
            for _, place in sorted(facts.places.items())
            if isinstance(place.terms, OfferTerms) is (kind is ApplicationKind.STUDY_VISIT)
        ),
        rules=_rules(facts),
        fixed=tuple(fixed),
    )


def _rules(facts: Facts) -> Rules:
    terms = facts.terms
    weights = weights_of(terms)
    if terms.rules.first_time_first:
        weights[Criterion.FIRST_TIME] = _before_all(weights, terms.objective)
    needs = {(need.country, code): 100 for need in facts.needs for code in (need.topic, need.area) if code is not None}
    return Rules(
        weights=weights,
        objective=terms.objective,
        share=terms.share_of_offer,
        ceilings={quota.country: quota.ceiling for quota in terms.quotas if quota.ceiling is not None},
        floors={quota.country: quota.floor for quota in terms.quotas if quota.floor},
        exclusions=facts.exclusions,
        suspended=facts.suspended,
        needs=needs,
        reciprocity=facts.reciprocity,
        wishes=terms.wishes,
        ties=terms.ties,
    )


def weights_of(terms: CallTerms) -> dict[Criterion, Weight]:
    """Return the weights of a call: its own, or those of the programme, under which a need that it cites counts."""
    own = {weight.criterion: Weight(weight.applicant, weight.host) for weight in terms.weights}
    return own or default_weights(needs_cited=bool(terms.needs))


def _before_all(weights: Mapping[Criterion, Weight], objective: Objective) -> Weight:
    """Return the weight of a first participation if the call puts it first: to a host it outweighs all other criteria.

    For the highest sum it also outweighs all that an applicant gains, so that no place goes to an officer with an
    earlier exchange while swapping the two would give it to one without.
    """
    own = weights.get(Criterion.FIRST_TIME, Weight(0, 0))
    others = [weight for criterion, weight in weights.items() if criterion is not Criterion.FIRST_TIME]
    most = sum(weight.host for weight in others)
    if objective is Objective.MOST_GOOD:
        most += sum(weight.applicant for weight in others) + own.applicant
    return Weight(own.applicant, max(own.host, most + 1))


_CARRIED = tuple(part.name for part in dataclasses.fields(Candidate) if part.name in ApplicationProfile.model_fields)
"""The fields that a profile and a candidate have under one name: what needs no other form is taken as it is."""


def _candidate(
    application_id: UUID,
    profile: ApplicationProfile,
    terms: CallTerms,
    barred: frozenset[str],
    sizes: Mapping[UUID | None, int],
) -> Candidate:
    size = sizes[profile.group_id] if profile.group_id else 1

    def make() -> Candidate:
        carried = {
            "organisation_id": str(profile.organisation_id),
            "service": profile.service.value,
            "expertise": {known.area.value: Skill(known.level, known.years) for known in profile.expertise},
            "languages": {spoken.language: spoken.level for spoken in profile.languages},
            "preferred_countries": frozenset(profile.preferred_countries),
            "conflicts": frozenset(str(conflict) for conflict in profile.conflicts),
            "group_id": str(profile.group_id) if profile.group_id else None,
            "wishes": tuple(str(wish) for wish in profile.wishes),
        }
        return Candidate(
            id=str(application_id),
            weeks=weeks_of(spans(profile.periods), spans(profile.blackouts), terms.minimum_days)
            if profile.periods
            else None,
            barred=barred,
            pre_matched=str(profile.prematched_with) if profile.prematched_with else None,
            group_size=size,
            **{name: carried.get(name, getattr(profile, name)) for name in _CARRIED},
        )

    return _candidates.of(application_id, (profile,), (terms.minimum_days, barred, size), make)


def _seat(place: Place, facts: Facts) -> Seat:
    def make() -> Seat:
        if isinstance(place.terms, OfferTerms):
            seat = _placement(place.id, place.terms, facts, available=place.available)
        else:
            seat = _mentor(place.id, place.terms, facts.day, available=place.available)
        return seat if place.choices is NO_CHOICES else _with_choices(seat, place.choices)

    taken = frozenset(facts.taken.get(place.id, {}).items())
    return _seats.of(place.id, (place.terms, facts.terms, place.choices), (place.available, facts.day, taken), make)


def _with_choices(seat: Seat, choices: CandidateChoices) -> Seat:
    """Return the seat with what its host or mentor says of candidates."""
    return replace(
        seat,
        wishes=tuple(str(application_id) for application_id in choices.wishes),
        unsuitable=frozenset(str(candidate.application_id) for candidate in choices.not_suitable),
    )


def _placement(offer_id: UUID, offer: OfferTerms, facts: Facts, *, available: bool) -> Seat:
    taken = facts.taken.get(offer_id, {})
    return Seat(
        id=str(offer_id),
        kind=SeatKind.PLACEMENT,
        country=offer.country,
        organisation_id=str(offer.organisation_id),
        capacity=offer.places,
        expertise={area.value: Skill() for area in offer.expertise},
        languages={spoken.language: spoken.level for spoken in offer.languages},
        topics=frozenset(offer.topics),
        weeks={
            week: left
            for week, places in weekly_places(offer, facts.terms, facts.day).items()
            if (left := places - taken.get(week, 0)) > 0
        },
        excluded_ranks=frozenset(offer.excluded_rank_groups),
        group_size=offer.group_size,
        conflicts=frozenset(str(conflict) for conflict in offer.conflicts),
        pre_matched=str(offer.prematched_with) if offer.prematched_with else None,
        available=available and (offer.deadline is None or facts.day <= offer.deadline),
        share_exempt=offer.group_size > 1,
    )


def _mentor(mentor_id: UUID, mentor: MentorProfile, day: date, *, available: bool) -> Seat:
    taken = frozenset(mentor.rank_groups)
    weeks = [week for week in weeks_of(spans(mentor.periods)) if week >= monday(day)]
    return Seat(
        id=str(mentor_id),
        kind=SeatKind.MENTOR,
        country=mentor.country,
        organisation_id=str(mentor.organisation_id),
        capacity=mentor.capacity,
        rank_group=mentor.rank_group,
        service=mentor.service.value,
        expertise={known.area.value: Skill(known.level, known.years) for known in mentor.expertise},
        languages={spoken.language: mentor.minimum_level for spoken in mentor.languages},
        speaks={spoken.language: spoken.level for spoken in mentor.languages},
        topics=frozenset(mentor.topics),
        weeks=dict.fromkeys(weeks, mentor.capacity) if mentor.periods else None,
        excluded_ranks=frozenset(RankGroup) - taken if taken else frozenset(),
        conflicts=frozenset(str(conflict) for conflict in mentor.conflicts),
        pre_matched=str(mentor.prematched_with) if mentor.prematched_with else None,
        available=available,
    )
