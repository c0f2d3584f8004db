"""What may guest, host, mentee and mentor do about a match that is offered or confirmed, and on which day? Pure.

Requests and statements only: matching and reporting draw the conclusions (`lifecycles.md`, "Participation").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import refuse
from shared.contracts.codes import Answer, MatchState, Party, VisitState

if TYPE_CHECKING:
    from collections.abc import Mapping


def may_answer(state: MatchState, given: Mapping[Party, Answer], party: Party) -> None:
    """Raises `AlreadyDone` where that party has answered, `NotNow` where no answer is asked for.

    The deadline is not asked here: matching keeps it, by the time at which the answer was given.
    """
    if party in given:
        raise refuse("match", state, done=True)
    if state is not MatchState.OFFERED:
        raise refuse("match", state)


def may_cancel(match: MatchState, visit: VisitState | None) -> None:
    """Raises `AlreadyDone` where it is cancelled, `NotNow` unless a confirmed match has not begun to take place."""
    if visit is not None and visit not in {VisitState.SCHEDULED, VisitState.UNSCHEDULABLE}:
        raise refuse("visit", visit, done=visit is VisitState.CANCELLED)
    if match is not MatchState.CONFIRMED:
        raise refuse("match", match, done=match is MatchState.CANCELLED)
