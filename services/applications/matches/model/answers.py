"""Rules for answering an offered match and for cancelling a confirmed one.

These are requests only: matching draws the conclusions (`lifecycles.md`, "Participation").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import Recorded, refuse, refuse_recorded
from shared.contracts.codes import Answer, MatchState, Party, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping


_ANSWERED = {
    (Answer.ACCEPT, True): N_("You accepted this offer on %(when)s."),
    (Answer.DECLINE, True): N_("You declined this offer on %(when)s."),
    (Answer.ACCEPT, False): N_("Your organisation accepted this offer on %(when)s."),
    (Answer.DECLINE, False): N_("Your organisation declined this offer on %(when)s."),
}


def may_answer(state: MatchState, given: Mapping[Party, Recorded], party: Party, answer: Answer, actor: str) -> None:
    """Raise `AlreadyDone` where `actor` gave that answer, `NotNow` after another one, or where none is awaited.

    Matching checks the deadline, by the time at which the answer was given.
    """
    if party in given:
        before = given[party]
        raise refuse_recorded(before, answer, actor, _ANSWERED[Answer(before.what), before.by == actor])
    if state is not MatchState.OFFERED:
        raise refuse("match", state)


def may_cancel(match: MatchState, visit: VisitState | None) -> None:
    """Raise `AlreadyDone` where the match is cancelled, `NotNow` unless it is confirmed and its visit has not begun."""
    if visit is not None and visit not in VISIT_AHEAD:
        raise refuse("visit", visit, done=visit is VisitState.CANCELLED)
    if match is not MatchState.CONFIRMED:
        raise refuse("match", match, done=match is MatchState.CANCELLED)
