"""How does the provisional matching move with an event, without touching what is proposed or further?

The rule: after every event the matching is exactly what a run from scratch would give. That is the only thing promised
here, so a quicker way (re-entry, vacancy chains, rotation repair) can take the place of the new run behind `rematch`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.matching.engine.matching import Result, run
from services.matching.engine.problem import Fixed, Problem


@dataclass(frozen=True, slots=True)
class Move:
    """One candidate's provisional seat before and after an event (ids; None: no seat)."""

    candidate_id: str
    before: str | None
    after: str | None


def rematch(problem: Problem, fixed: Iterable[Fixed]) -> Result:
    """The provisional matching beside the fixed pairs: equal to `run` of the same problem, fixed pairs as they are."""
    return run(replace(problem, fixed=tuple(fixed)))


def moves(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Move, ...]:
    """What changed from one provisional matching (candidate id -> seat id) to the next, by candidate id."""
    return tuple(
        Move(one, before.get(one), after.get(one))
        for one in sorted(before.keys() | after.keys())
        if before.get(one) != after.get(one)
    )
