"""Rules for planning, moving and cancelling the next session of a pair, and the moment that its time means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.applications.mentorships.model.sessions import minutes_problems
from services.applications.transitions import AlreadyDone, NotNow, WrongValue, refuse
from shared.contracts.codes import MentorshipState
from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.time import dates
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from datetime import date, time

FARTHEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class MeetingTime:
    """The day and time of a meeting, by the clocks of the person who plans it."""

    day: date
    clock: time
    minutes: int
    on_site: bool = False


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """A planned session as the rules see it."""

    begins_at: datetime
    minutes: int
    on_site: bool
    cancelled: bool = False


def begins(day: date, clock: time, country: str) -> datetime:
    """Return the moment at which a clock in a country shows `clock` on that day.

    Where clocks are set back and the time comes twice, the first is meant; where they are set on and it never comes,
    it is the moment at which the clock shows an hour later.
    """
    return datetime.combine(day, clock, zone_of(country))


def check_time(begins_at: datetime, minutes: int, *, until: date | None, now: datetime) -> None:
    """Raise `WrongValue` unless it is to come, within a year and the mentorship, and of an allowed length."""
    wrong: dict[str, str] = {}
    if begins_at <= now:
        wrong["day"] = gettext("This time has passed. Choose a time in the future.")
    elif begins_at > now + FARTHEST:
        wrong["day"] = gettext("This is more than a year away. Choose an earlier time.")
    elif until is not None and begins_at.date() > until:
        wrong["day"] = gettext("The mentorship is planned until %(day)s.") % {"day": dates.day(until)}
    wrong |= minutes_problems(minutes)
    if wrong:
        raise WrongValue(wrong)


def may_plan(state: MentorshipState, planned: PlannedMeeting | None) -> None:
    """Raise `NotNow` unless the mentorship is under way and no session is planned already."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if planned is not None:
        raise NotNow(gettext("A session is already planned. Move or cancel it first."), ProblemCode.DUPLICATE)


def may_move(state: MentorshipState, planned: PlannedMeeting, now: datetime) -> None:
    """Raise `NotNow` unless the session is to come."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if planned.cancelled:
        raise NotNow(gettext("This session is cancelled. You can plan another one."))
    _check_current(planned, now)


def may_cancel(planned: PlannedMeeting, now: datetime) -> None:
    """Raise `AlreadyDone` where it is cancelled, `NotNow` where it has begun."""
    if planned.cancelled:
        raise AlreadyDone(gettext("This session is already cancelled."))
    _check_current(planned, now)


def _check_current(planned: PlannedMeeting, now: datetime) -> None:
    if planned.begins_at <= now:
        raise NotNow(gettext("This session has started or ended. Log it if it took place."))
