"""Rules for answering an offered match and for cancelling a confirmed one.

These are requests only: matching draws the conclusions (`lifecycles.md`, "Participation").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import NotNow, Recorded, refuse, refuse_recorded
from shared.contracts.codes import Answer, MatchState, Party, StatedReason, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


_ANSWERED = {
    (Answer.ACCEPT, True): N_("You accepted this offer on %(when)s."),
    (Answer.DECLINE, True): N_("You declined this offer on %(when)s."),
    (Answer.ACCEPT, False): N_("Your organisation accepted this offer on %(when)s."),
    (Answer.DECLINE, False): N_("Your organisation declined this offer on %(when)s."),
}


def may_answer(
    state: MatchState,
    answers: Mapping[Party, Recorded],
    party: Party,
    answer: Answer,
    actor: str,
    *,
    late_by: datetime | None = None,
    shown: str = "",
) -> None:
    """Raise `AlreadyDone` where `actor` gave that answer, `NotNow` after another one, or where none is awaited.

    `late_by` is the deadline where it has passed; `shown` is the state as pages show it, where that says more. Matching
    checks the deadline again, by the time at which the answer was given.
    """
    if party in answers:
        before = answers[party]
        raise refuse_recorded(before, answer, actor, _ANSWERED[Answer(before.what), before.by == actor])
    if state is not MatchState.OFFERED:
        raise refuse("match", shown or state)
    if late_by is not None:
        text = gettext("The time to answer ended on %(moment)s. Nothing has changed.")
        raise NotNow(text % {"moment": dates.moment(late_by)}, ProblemCode.DEADLINE_PASSED)


def may_cancel(
    match: MatchState,
    visit: VisitState | None,
    already_asked: Recorded | None,
    reason: StatedReason,
    actor: str,
    *,
    shown: str = "",
) -> None:
    """Raise `AlreadyDone` where `actor` asked with that reason, `NotNow` where it cannot be cancelled (any more).

    It is cancelled while it is confirmed and its visit has not begun; `already_asked` is what that party sent before.
    """
    if already_asked is not None:
        raise refuse_recorded(already_asked, reason, actor, N_("Your side asked to cancel this on %(when)s."))
    if visit is not None and visit not in VISIT_AHEAD:
        raise refuse("visit", visit)
    if match is not MatchState.CONFIRMED:
        raise refuse("match", shown or match)
