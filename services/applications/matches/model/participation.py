"""What may guest, host, mentee and mentor do about a match that is offered or confirmed, and on which day? Pure.

Requests and statements only: matching and reporting draw the conclusions (`lifecycles.md`, "Participation").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import NotNow, refuse
from shared.contracts.codes import Answer, MatchState, Party, VisitState
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

_TAKES_PLACE = frozenset({VisitState.SCHEDULED, VisitState.UNDER_WAY})


def may_answer(state: MatchState, given: Mapping[Party, Answer], party: Party) -> None:
    """Raises `AlreadyDone` where that party has answered, `NotNow` where no answer is asked for.

    The deadline is not asked here: matching keeps it, by the time at which the answer was given.
    """
    if party in given:
        raise refuse("match", state, done=True)
    if state is not MatchState.OFFERED:
        raise refuse("match", state)


def agenda_complete(agreed: Mapping[Party, int], party: Party, version: int) -> bool:
    """Whether both sides agree once `party` agrees to `version`; `agreed` holds the newest version of each side.

    Raises `AlreadyDone` where that party agreed to this version before.
    """
    if agreed.get(party) == version:
        raise refuse("visit", VisitState.SCHEDULED, done=True)
    return all(agreed.get(other) == version for other in (Party.GUEST, Party.HOST) if other is not party)


def may_prepare(state: VisitState) -> None:
    """Raises `NotNow` unless agenda and preparation can still be spoken of."""
    if state is not VisitState.SCHEDULED:
        raise refuse("visit", state)


def days_to_record(days: Sequence[date], today: date) -> list[date]:
    """The days of a visit whose attendance can be recorded: those that have come."""
    return [day for day in days if day <= today]


def may_record(state: VisitState, days: Sequence[date], day: date, today: date) -> None:
    """Raises `NotNow` unless the host can say by now whether the guest was there on `day`."""
    if state not in _TAKES_PLACE:
        raise refuse("visit", state)
    if day not in days:
        raise NotNow(gettext("%(day)s is not a day of this visit.") % {"day": dates.day(day)})
    if day > today:
        raise NotNow(gettext("%(day)s has not come yet.") % {"day": dates.day(day)})


def may_report_no_show(state: VisitState, start: date, attended: Collection[date], today: date) -> None:
    """Raises `NotNow` unless the first day has come and the guest was there on no day."""
    if state is not VisitState.SCHEDULED:
        raise refuse("visit", state, done=state is VisitState.NO_SHOW)
    if today < start:
        raise NotNow(gettext("The visit starts on %(day)s.") % {"day": dates.day(start)})
    if attended:
        raise NotNow(gettext("You recorded that the guest was there. Report an early return instead."))


def may_report_return(state: VisitState, days: Sequence[date], last_day: date, today: date) -> None:
    """Raises `NotNow` unless `last_day` is a day of the visit that has come and others were to follow."""
    if state is not VisitState.UNDER_WAY:
        raise refuse("visit", state, done=state is VisitState.ENDED)
    if last_day not in days or last_day > today:
        raise NotNow(gettext("The last day is one of the days of the visit that have come."))
    if last_day == days[-1]:
        raise NotNow(gettext("That is the last day of the visit: record who was there instead."))


def may_cancel(match: MatchState, visit: VisitState | None) -> None:
    """Raises `AlreadyDone` where it is cancelled, `NotNow` unless a confirmed match has not begun to take place."""
    if visit is not None and visit not in {VisitState.SCHEDULED, VisitState.UNSCHEDULABLE}:
        raise refuse("visit", visit, done=visit is VisitState.CANCELLED)
    if match is not MatchState.CONFIRMED:
        raise refuse("match", match, done=match is MatchState.CANCELLED)
