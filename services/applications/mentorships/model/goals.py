"""Rules for setting, noting, closing and resuming the goals of a mentorship."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import ONGOING
from services.applications.transitions import NotNow, Recorded, WrongValue, refuse, refuse_recorded
from shared.contracts.codes import MentorshipState, Party
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from datetime import date

MOST_OPEN, MOST_GOALS, MOST_NOTES = 20, 100, 200
LONGEST_GOAL, LONGEST_NOTE = 500, 1000
WHOLE = 100


def may_set(state: MentorshipState, open_goals: int, goals: int) -> None:
    """Raise `NotNow` where the mentorship is not open or has the most goals already."""
    if state not in ONGOING:
        raise refuse("mentorship", state)
    if open_goals >= MOST_OPEN:
        raise NotNow(
            gettext("Close a goal first. You can have up to %(most)s open goals.") % {"most": MOST_OPEN},
            ProblemCode.LIMIT_REACHED,
        )
    if goals >= MOST_GOALS:
        raise NotNow(
            gettext("A mentorship can have up to %(most)s goals.") % {"most": MOST_GOALS}, ProblemCode.LIMIT_REACHED
        )


def in_time(target: date | None, today: date) -> None:
    """Raise `WrongValue` for a target in the past."""
    if target is not None and target < today:
        sentence = gettext("%(day)s has passed. Choose today or a later day.")
        raise WrongValue({"target": sentence % {"day": dates.day(target)}})


def may_note(state: MentorshipState, *, closed: bool, notes: int) -> None:
    """Raise `NotNow` unless the goal is open, the mentorship under way and there is room for a note."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if closed:
        raise NotNow(gettext("This goal is closed. Resume it to continue with it."))
    if notes >= MOST_NOTES:
        raise NotNow(gettext("A goal can have up to %(most)s notes.") % {"most": MOST_NOTES}, ProblemCode.LIMIT_REACHED)


MET, GIVEN_UP = "met", "given up"
"""The ways to close a goal."""
_CLOSED = {
    MET: N_("This goal was closed as met on %(when)s."),
    GIVEN_UP: N_("This goal was given up on %(when)s."),
}


def may_close(state: MentorshipState, closed: Recorded | None, how: str, party: Party) -> None:
    """Raise `AlreadyDone` where that side closed the goal so, `NotNow` where it is closed or cannot be closed now."""
    if closed is not None:
        raise refuse_recorded(closed, how, party, _CLOSED[closed.what])
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)


def may_take_up(state: MentorshipState, *, closed: bool, taken_up: bool) -> None:
    """Raise `AlreadyDone` where a goal follows it already, `NotNow` where it is open or the mentorship is not."""
    if taken_up:
        raise refuse("mentorship", state, done=True)
    if state not in ONGOING:
        raise refuse("mentorship", state)
    if not closed:
        raise NotNow(gettext("This goal is still open."))
