"""Rules for logging, correcting, confirming, disputing and withdrawing sessions, and their totals.

Nobody confirms a session that they logged; a confirmed session no longer changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import BEGUN
from services.applications.transitions import NotNow, WrongValue, refuse
from shared.contracts.codes import MentorshipState, Party
from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

LEAST_MINUTES, MOST_MINUTES = 5, 1440
MOST_SESSIONS = 300
LONGEST_NOTE = 1000


class SessionState(StrEnum):
    """The state of a session (its words are in `shared.web.states`, kind `session`)."""

    LOGGED = "logged"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LoggedSession:
    """A session as the rules see it."""

    state: SessionState
    by: Party
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class SessionReport:
    """One side's report of a session; `next_on` is the agreed day of the next meeting, the note is for the pair."""

    held_on: date
    minutes: int
    on_site: bool = False
    note: str = ""
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of the sessions, and how many confirmed ones the call requires to complete the mentorship."""

    confirmed: int
    minutes: int
    waiting: int
    required: int

    @property
    def needed(self) -> int:
        """The number of sessions that are still to be confirmed."""
        return max(0, self.required - self.confirmed)

    @property
    def hours(self) -> Decimal:
        """The confirmed time in hours, to the half hour."""
        return (Decimal(self.minutes) / 30).quantize(Decimal(1), ROUND_HALF_UP) / 2

    @property
    def enough(self) -> bool:
        """Return whether the mentorship can be completed."""
        return self.needed == 0


def totals(sessions: Iterable[LoggedSession], required: int) -> Totals:
    """Add up sessions; `required` is the number that the call requires."""
    logged = list(sessions)
    confirmed = [session for session in logged if session.state is SessionState.CONFIRMED]
    waiting = sum(session.state in {SessionState.LOGGED, SessionState.DISPUTED} for session in logged)
    minutes = sum(session.minutes for session in confirmed)
    return Totals(len(confirmed), minutes, waiting, required)


def check_session(held_on: date, minutes: int, next_on: date | None, *, started_on: date | None, today: date) -> None:
    """Raise `WrongValue` unless the session lies between the mentorship's start and today and has an allowed length."""
    wrong = session_problems(held_on, minutes, next_on, today)
    if started_on is not None and held_on < started_on:
        wrong["held_on"] = gettext("The mentorship began on %(day)s.") % {"day": dates.day(started_on)}
    if wrong:
        raise WrongValue(wrong)


def session_problems(held_on: date | None, minutes: int | None, next_on: date | None, today: date) -> dict[str, str]:
    """Return what is wrong with a session in any mentorship, by field; None for what is not known."""
    wrong: dict[str, str] = {}
    if held_on is not None and held_on > today:
        wrong["held_on"] = gettext("%(day)s is in the future.") % {"day": dates.day(held_on)}
    wrong |= minutes_problems(minutes)
    if next_on is not None and held_on is not None and next_on <= held_on:
        wrong["next_on"] = gettext("The next session must be after %(day)s.") % {"day": dates.day(held_on)}
    return wrong


def minutes_problems(minutes: int | None) -> dict[str, str]:
    """Return an error, by field, for a length that no session has."""
    if minutes is None or LEAST_MINUTES <= minutes <= MOST_MINUTES:
        return {}
    sentence = gettext("A session must last from %(least)s to %(most)s minutes.")
    return {"minutes": sentence % {"least": LEAST_MINUTES, "most": MOST_MINUTES}}


def may_log(state: MentorshipState, sessions: int) -> None:
    """Raise `NotNow` unless the mentorship is under way and there is room for a session."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if sessions >= MOST_SESSIONS:
        raise NotNow(
            gettext("A mentorship can have up to %(most)s sessions.") % {"most": MOST_SESSIONS},
            ProblemCode.LIMIT_REACHED,
        )


def may_confirm(state: MentorshipState, logged: LoggedSession, party: Party) -> None:
    """Raise `AlreadyDone` where it is confirmed, `NotNow` for the side that logged it."""
    _may_answer(state, logged, party, SessionState.CONFIRMED)


def may_dispute(state: MentorshipState, logged: LoggedSession, party: Party) -> None:
    """Raise `AlreadyDone` where it is disputed, `NotNow` where it is confirmed, or for the side that logged it."""
    _may_answer(state, logged, party, SessionState.DISPUTED)


def _may_answer(state: MentorshipState, logged: LoggedSession, party: Party, reached: SessionState) -> None:
    _check_open(state, logged, reached)
    if logged.by is party:
        raise NotNow(
            gettext("The other side must confirm a session that you logged."), ProblemCode.SECOND_PERSON_NEEDED
        )


def may_correct(state: MentorshipState, logged: LoggedSession, party: Party) -> None:
    """Raise `NotNow` unless it is one's own session and unconfirmed."""
    _check_open(state, logged, None)
    if logged.by is not party:
        raise NotNow(
            gettext("Only the side that logged a session can correct it. You can dispute it."),
            ProblemCode.SECOND_PERSON_NEEDED,
        )


def may_withdraw(state: MentorshipState, logged: LoggedSession, party: Party) -> None:
    """Raise `AlreadyDone` where it was withdrawn, `NotNow` unless it is one's own session and unconfirmed."""
    _check_open(state, logged, SessionState.WITHDRAWN)
    if logged.by is not party:
        raise NotNow(
            gettext("Only the side that logged a session can withdraw it. You can dispute it."),
            ProblemCode.SECOND_PERSON_NEEDED,
        )


def _check_open(state: MentorshipState, logged: LoggedSession, reached: SessionState | None) -> None:
    """Raise unless the session still waits, in a mentorship that has begun and not ended."""
    if reached is not None and logged.state is reached:
        raise refuse("session", logged.state, done=True)
    if state not in BEGUN:
        raise refuse("mentorship", state)
    if logged.state in {SessionState.CONFIRMED, SessionState.WITHDRAWN}:
        raise refuse("session", logged.state)
