"""Rules for answering an offered match and for cancelling a confirmed one.

These are requests only: matching draws the conclusions (`lifecycles.md`, "Participation").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import refuse
from shared.contracts.codes import Answer, MatchState, Party, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD

if TYPE_CHECKING:
    from collections.abc import Mapping


def may_answer(state: MatchState, given: Mapping[Party, Answer], party: Party) -> None:
    """Raise `AlreadyDone` where that party has answered, `NotNow` where no answer is awaited.

    Matching checks the deadline, by the time at which the answer was given.
    """
    if party in given:
        raise refuse("match", state, done=True)
    if state is not MatchState.OFFERED:
        raise refuse("match", state)


def may_cancel(match: MatchState, visit: VisitState | None) -> None:
    """Raise `AlreadyDone` where the match is cancelled, `NotNow` unless it is confirmed and its visit has not begun."""
    if visit is not None and visit not in VISIT_AHEAD:
        raise refuse("visit", visit, done=visit is VisitState.CANCELLED)
    if match is not MatchState.CONFIRMED:
        raise refuse("match", match, done=match is MatchState.CANCELLED)
