"""Say why a cohort cannot be committed, match with a coordinator's choices, keep a committed run and repeat it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.matching.engine.interventions.manual import NotPossible, price, with_pairs, with_singles
from services.matching.engine.layers import run_layers
from services.matching.engine.problem import document
from services.matching.engine.problem.problem import ENGINE_VERSION
from services.matching.provisional.model.problem import companions, each_kind, from_scratch, waiting
from shared.contracts.codes import Reason
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import JsonValue

    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Problem
    from services.matching.provisional.model.problem import Facts
    from shared.contracts.codes import ApplicationKind


class JobState(StrEnum):
    """The state of a job; `refused` means that the cohort could not be committed as requested."""

    WAITING = "waiting"
    RUNNING = "running"
    WRITING = "writing"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({JobState.WAITING, JobState.RUNNING, JobState.WRITING})
"""The states of a job that is not over."""


class Why(StrEnum):
    """The reason why a cohort cannot be committed."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    NOBODY = "nobody"
    SPLIT = "split"
    MOVED = "moved"
    UNSEEN = "unseen"
    BUSY = "busy"
    COMMITTED = "committed"
    EMPTY = "empty"
    OLD = "old"
    CHOICE = "choice"
    CHOSEN = "chosen"


class NotFit(Exception):
    """The cohort cannot be committed as requested.

    `count` pairs have changed since they were seen or were not seen, so many choices cannot be carried out or would be
    broken, or it is the number of the cohort that was committed meanwhile.
    """

    def __init__(self, cause: Why, count: int = 0) -> None:
        super().__init__(cause, count)
        self.why, self.count = cause, count


_SENTENCES: dict[Why, tuple[str, ProblemCode]] = {
    Why.UNKNOWN: (N_("This call does not exist."), ProblemCode.NOT_FOUND),
    Why.CLOSED: (N_("This call is closed, so nothing more is matched in it."), ProblemCode.CALL_CLOSED),
    Why.NOBODY: (N_("Nobody is looking for a place in this call now."), ProblemCode.INVALID_INPUT),
    Why.SPLIT: (
        N_("A group is proposed as a whole or not at all. Select all of its members, or none."),
        ProblemCode.INVALID_INPUT,
    ),
    Why.MOVED: (
        N_("The matching has changed since you opened the page (%(count)d of your matches). Review it."),
        ProblemCode.EDIT_CONFLICT,
    ),
    Why.UNSEEN: (
        N_("There are new provisional matches (%(count)d), and you selected none. Select again."),
        ProblemCode.EDIT_CONFLICT,
    ),
    Why.BUSY: (N_("Data for this call is still changing. Try again in a moment."), ProblemCode.IN_PROGRESS),
    Why.COMMITTED: (
        N_("Cohort %(count)d of this call has been committed in the meantime. Review what is left."),
        ProblemCode.ALREADY_DONE,
    ),
    Why.EMPTY: (
        N_("There is no match to propose. Everybody without a place already knows the reason."),
        ProblemCode.ALREADY_DONE,
    ),
    Why.OLD: (
        N_("Data for this call has changed since these options were calculated. Calculate them again."),
        ProblemCode.EDIT_CONFLICT,
    ),
    Why.CHOICE: (
        N_("Some of your choices are no longer possible (%(count)d). Remove them, then continue."),
        ProblemCode.EDIT_CONFLICT,
    ),
    Why.CHOSEN: (
        N_(
            "Choices for this cohort hold people back or give them other places (%(count)d). Remove them on the page "
            "of the cohort, or commit it there."
        ),
        ProblemCode.EDIT_CONFLICT,
    ),
}


def refused(unfit: NotFit) -> Refused:
    """Return why a cohort cannot be committed, as an error for the person who asked for it."""
    sentence, code = _SENTENCES[unfit.why]
    return Refused(gettext(sentence) % {"count": unfit.count}, code=code)


class ChoiceKind(StrEnum):
    """The kinds of choices that a coordinator makes about one application before a cohort is committed."""

    HOLD_BACK = "hold_back"
    PIN = "pin"
    MOVE = "move"


class Choice(BaseModel):
    """A choice about one application: leave it out of the cohort, or give it this place, with the published reason."""

    model_config = ConfigDict(frozen=True)

    kind: ChoiceKind
    reason: Reason
    seat_id: UUID | None = None


LARGE = 20_000
"""Applications times places: above it a call is not matched again while somebody waits for the page."""
Choices = Mapping[UUID, Choice]
NO_CHOICES: Choices = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rerun:
    """The matching of a call with a coordinator's choices.

    `given` are those with a place given by hand, `held_back` the applications that are left out (of a group all
    members), each with the choice. `impossible` are the applications whose choices cannot be carried out now.
    """

    results: Mapping[ApplicationKind, Result]
    given: Choices
    held_back: Choices
    impossible: frozenset[UUID]

    def pins(self, result: Result) -> dict[str, str]:
        """Return the pairs made by hand in the matching of one kind."""
        return pairs_by_hand(self.given, result.candidate_ids)


def pairs_by_hand(given: Choices, candidates: Collection[str]) -> dict[str, str]:
    """Return the places given by hand to these candidates, as the engine takes them."""
    return {
        str(application_id): str(choice.seat_id)
        for application_id, choice in sorted(given.items())
        if str(application_id) in candidates
    }


def is_large(facts: Facts) -> bool:
    """Return whether a call is too large to be matched again for a page."""
    return len(facts.candidates) * len(facts.places) > LARGE


def rerun(facts: Facts, choices: Choices) -> Rerun:
    """Match a call with these choices, each for the whole group; one that cannot be carried out is left and named."""
    pool = waiting(facts)
    impossible = {application_id for application_id in choices if application_id not in pool}
    groups = {application_id: companions(facts, application_id) for application_id in sorted(choices)}
    held_back = {
        member: choices[application_id]
        for application_id, members in groups.items()
        if choices[application_id].seat_id is None and application_id not in impossible
        for member in members
    }
    only = frozenset(pool.keys() - held_back.keys()) if held_back else None
    while True:
        given = {
            member: choices[application_id]
            for application_id, members in groups.items()
            if choices[application_id].seat_id is not None and application_id not in impossible
            for member in members
        }
        try:
            results = each_kind(facts, partial(_match, given), only=only)
        except NotPossible as wrong:
            named = UUID(wrong.candidate_id)
            impossible |= {id_ for id_, members in groups.items() if named in members and choices[id_].seat_id}
            continue
        return Rerun(results, given, held_back, frozenset(impossible))


def _match(given: Choices, _: ApplicationKind, posed: Problem) -> Result:
    pairs = pairs_by_hand(given, {candidate.id for candidate in posed.candidates})
    return with_singles(posed, pairs) if pairs else from_scratch(posed)


@dataclass(frozen=True, slots=True)
class CohortPrice:
    """The changes that choices cause in a call's matching.

    `points` is the sum of points with them less the one without. `lose` had a place and have none now, `gain` the other
    way round, `move` have another one; ids sorted.
    """

    points: int
    lose: tuple[UUID, ...]
    gain: tuple[UUID, ...]
    move: tuple[UUID, ...]


def price_of(before: Mapping[ApplicationKind, Result], after: Mapping[ApplicationKind, Result]) -> CohortPrice:
    """Return what choices change: `after` is the matching with them."""
    found = [price(before[kind], result) for kind, result in after.items()]

    def ids(name: str) -> tuple[UUID, ...]:
        return tuple(sorted(UUID(candidate_id) for each in found for candidate_id in getattr(each, name)))

    return CohortPrice(sum(each.points for each in found), ids("lose"), ids("gain"), ids("move"))


class OpenedRun(TypedDict):
    """The stored inputs and result of a run, as JSON."""

    engine: str
    digest: str
    problem: dict[str, JsonValue]
    pairs: list[tuple[str, str]]
    overrides: dict[str, str]


@dataclass(frozen=True, slots=True)
class KeptProblem:
    """The stored inputs and result of a run.

    The canonical problem (with rules and seed) and all pairs, both compressed. `overrides` are those pairs (candidate,
    seat) that did not come from the engine: an exchange ring.
    """

    engine: str
    digest: str
    problem: bytes
    pairs: bytes
    overrides: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result, overrides: Mapping[str, str] = MappingProxyType({})) -> KeptProblem:
        """Return what is stored of a run; a large one takes long, so call it in a thread."""
        return cls(
            engine=result.engine_version,
            digest=result.digest,
            problem=zlib.compress(document.dumps(result.problem)),
            pairs=zlib.compress(json.dumps(sorted(result.matching.items())).encode()),
            overrides=dict(sorted(overrides.items())),
        )

    def opened(self) -> OpenedRun:
        """Return the run as JSON.

        `engine`, `digest`, `problem` (see `engine/problem/document.py`), `pairs`, `overrides`.
        """
        return {
            "engine": self.engine,
            "digest": self.digest,
            "problem": json.loads(zlib.decompress(self.problem)),
            "pairs": json.loads(zlib.decompress(self.pairs)),
            "overrides": self.overrides,
        }


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A repeated run beside the original: each candidate whose seat differs, with before and now."""

    engine: str
    engine_now: str
    digest: str
    digest_now: str
    pairs: int
    moved: Mapping[str, tuple[str | None, str | None]]

    @property
    def same(self) -> bool:
        """Return whether inputs and result are the same."""
        return self.digest == self.digest_now and not self.moved


def reproduce(
    engine: str, digest: str, problem: Problem, pairs: Mapping[str, str], overrides: Mapping[str, str]
) -> Reproduction:
    """Match a problem again, with the same pairs made by hand, and compare the result with the stored pairs."""
    result = with_pairs(problem, overrides) if overrides else run_layers(problem)
    now = result.matching
    moved = {
        candidate_id: (pairs.get(candidate_id), now.get(candidate_id))
        for candidate_id in sorted(pairs.keys() | now.keys())
        if pairs.get(candidate_id) != now.get(candidate_id)
    }
    return Reproduction(engine, ENGINE_VERSION, digest, result.digest, len(now), moved)
