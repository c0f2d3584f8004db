"""Say why a cohort cannot be committed; keep a committed run, repeat it later, and compare the results."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict

from services.matching.engine.interventions.manual import with_pairs
from services.matching.engine.layers import run_layers
from services.matching.engine.problem import document
from services.matching.engine.problem.problem import ENGINE_VERSION
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Problem


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


class NotFit(Exception):
    """The cohort cannot be committed as requested.

    `count` pairs have changed since they were seen or were not seen, or it is the number of the cohort that was
    committed meanwhile.
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
}


def refused(unfit: NotFit) -> Refused:
    """Return why a cohort cannot be committed, as an error for the person who asked for it."""
    sentence, code = _SENTENCES[unfit.why]
    return Refused(gettext(sentence) % {"count": unfit.count}, code=code)


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
