"""Rules for pausing, resuming, completing and ending a mentorship.

These are requests only: matching draws the conclusions (`lifecycles.md`, "Mentorship").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import BEGUN, OVER
from services.applications.transitions import NotNow, refuse
from shared.contracts.codes import MentorshipState, Party
from shared.errors import ProblemCode
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from services.applications.mentorships.model.sessions import Totals


def may_pause(state: MentorshipState, *, already_asked: bool) -> None:
    """Raise `AlreadyDone` where a pause was asked for, `NotNow` unless the mentorship is under way."""
    if already_asked or state is MentorshipState.PAUSED:
        raise refuse("mentorship", state, done=True)
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)


def may_resume(state: MentorshipState, paused_by: Party | None, *, already_asked: bool) -> None:
    """Raise `AlreadyDone` where resuming was asked for, `NotNow` unless one of the two paused it."""
    if already_asked or state is MentorshipState.ACTIVE:
        raise refuse("mentorship", state, done=True)
    if state is not MentorshipState.PAUSED:
        raise refuse("mentorship", state)
    if paused_by is Party.PROGRAMME:
        raise NotNow(gettext("The programme paused this mentorship, and is the one to let it go on."))


def may_complete(state: MentorshipState, totals: Totals) -> None:
    """Raise `AlreadyDone` where it has ended, `NotNow` where it has not begun or too few sessions are confirmed."""
    if state in OVER:
        raise refuse("mentorship", state, done=True)
    if state not in BEGUN:
        raise refuse("mentorship", state)
    if not totals.enough:
        raise NotNow(
            ngettext(
                "It can be completed once %(num)d more session is confirmed. To end it before, say why.",
                "It can be completed once %(num)d more sessions are confirmed. To end it before, say why.",
                totals.needed,
            )
            % {"num": totals.needed},
            ProblemCode.STEP_MISSING,
        )


def may_end_early(state: MentorshipState) -> None:
    """Raise `AlreadyDone` where the mentorship has ended."""
    if state in OVER:
        raise refuse("mentorship", state, done=True)
