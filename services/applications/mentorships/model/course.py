"""Rules for pausing, resuming, completing and ending a mentorship.

These are requests only: matching draws the conclusions (`lifecycles.md`, "Mentorship").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import BEGUN, OVER
from services.applications.transitions import NotNow, Recorded, refuse, refuse_recorded
from shared.contracts.codes import MentorshipState, Party
from shared.errors import ProblemCode
from shared.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from services.applications.mentorships.model.sessions import Totals


PAUSE, RESUME, COMPLETE, END_EARLY = "pause", "resume", "complete", "end early"
_ASKED = {
    PAUSE: N_("A pause was requested on %(when)s."),
    RESUME: N_("A request to resume the mentorship was made on %(when)s."),
    COMPLETE: N_("You asked to complete the mentorship on %(when)s."),
    END_EARLY: N_("You asked to end the mentorship early on %(when)s."),
}


def check_asked(request: Recorded | None, what: str, party: Party) -> None:
    """Raise `AlreadyDone` where that side asked for just this, `NotNow` where something else waits for an answer."""
    if request is not None:
        raise refuse_recorded(request, what, party, _ASKED[request.what])


def may_pause(state: MentorshipState, party: Party, request: Recorded | None) -> None:
    """Raise `AlreadyDone` where that side asked for the pause, `NotNow` unless the mentorship is under way."""
    check_asked(request, PAUSE, party)
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)


def may_resume(state: MentorshipState, paused_by: Party | None, party: Party, request: Recorded | None) -> None:
    """Raise `AlreadyDone` where that side asked to resume, `NotNow` unless one of the two paused it."""
    check_asked(request, RESUME, party)
    if state is not MentorshipState.PAUSED:
        raise refuse("mentorship", state)
    if paused_by is Party.PROGRAMME:
        raise NotNow(gettext("The programme paused this mentorship. Only the programme can resume it."))


def may_complete(state: MentorshipState, totals: Totals) -> None:
    """Raise `NotNow` where it has not begun, has ended, or too few sessions are confirmed."""
    if state not in BEGUN:
        raise refuse("mentorship", state)
    if not totals.enough:
        raise NotNow(
            ngettext(
                "You can complete it after %(num)d more session is confirmed. To end it before then, give a reason.",
                "You can complete it after %(num)d more sessions are confirmed. To end it before then, give a reason.",
                totals.needed,
            )
            % {"num": totals.needed},
            ProblemCode.STEP_MISSING,
        )


def may_end_early(state: MentorshipState) -> None:
    """Raise `NotNow` where the mentorship has ended."""
    if state in OVER:
        raise refuse("mentorship", state)
