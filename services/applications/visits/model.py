"""Rules of a visit: other dates, agenda, attendance, no-show and early return.

These are requests and statements only: matching finds dates, moves the visit and draws the conclusions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from services.applications.transitions import NotNow, Recorded, WrongValue, refuse, refuse_recorded, state_word
from shared.contracts.codes import Answer, Party, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD, VISIT_GOING
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shared.contracts.base import DatePeriod

BOTH = (Party.GUEST, Party.HOST)
"""The parties who agree on a visit; of a mentoring pair's visit both are one of the pair."""

MAY_ASK_MOVE = (*BOTH, Party.PROGRAMME)
"""The parties who may ask for other dates."""

MOST_PERIODS = 5
LONGEST_AHEAD = timedelta(days=731)
_OPEN = frozenset(VISIT_AHEAD)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Other dates that guest and host are asked about, as matching proposed them."""

    number: int
    start: date
    end: date
    by: Party
    reason: str
    due: datetime


def may_ask_move(state: VisitState, proposal: Proposal | None, asked_by: Party | None, party: Party) -> None:
    """Raise `AlreadyDone` where that party has asked and waits, `NotNow` where other dates cannot be asked for now."""
    if state not in _OPEN:
        raise refuse("visit", state)
    if proposal is not None:
        raise NotNow(gettext("Other dates are already proposed. Answer that proposal first."), ProblemCode.STEP_MISSING)
    if asked_by is party:
        raise refuse("visit", state, done=True)
    if asked_by is not None:
        raise NotNow(
            gettext("Other dates were already requested. You will see them here when they are found."),
            ProblemCode.ALREADY_DONE,
        )


def period_problems(periods: Sequence[DatePeriod], today: date) -> dict[str, str]:
    """Return the problems of the periods by field; empty where there are none."""
    problems: dict[str, str] = {}
    if not periods:
        problems["periods"] = gettext("Enter at least one possible period for the visit.")
    if len(periods) > MOST_PERIODS:
        problems["periods"] = gettext("Enter up to %(most)s periods.") % {"most": MOST_PERIODS}
    for number, period in enumerate(periods[:MOST_PERIODS]):
        if period.end <= today:
            problems[f"periods.{number}.end"] = gettext("Enter a period that ends after today, %(day)s.") % {
                "day": dates.day(today)
            }
        elif period.end > today + LONGEST_AHEAD:
            problems[f"periods.{number}.end"] = gettext("Enter a period within the next two years.")
    return problems


_ANSWERED = {
    Answer.ACCEPT: N_("Your side accepted these dates on %(when)s."),
    Answer.DECLINE: N_("Your side refused these dates on %(when)s."),
}


def may_answer_move(
    state: VisitState,
    proposal: Proposal | None,
    number: int,
    answers: Mapping[Party, Recorded],
    party: Party,
    answer: Recorded,
) -> None:
    """Raise `AlreadyDone` where the same gave that answer, `NotNow` after another one, or where none is awaited."""
    if party in answers:
        before = answers[party]
        raise refuse_recorded(before, answer.what, answer.by, _ANSWERED[Answer(before.what)])
    if proposal is None or proposal.number != number or state is not VisitState.SCHEDULED:
        text = gettext("These dates are not proposed. The visit is now “%(state)s”.")
        raise NotNow(text % {"state": state_word("visit", state)}, ProblemCode.EDIT_CONFLICT)
    if answer.at > proposal.due:
        raise NotNow(
            gettext("The time to answer ended on %(day)s. The old dates remain.") % {"day": dates.day(proposal.due)},
            ProblemCode.DEADLINE_PASSED,
        )


_TAKES_PLACE = frozenset(VISIT_GOING)


def agenda_complete(agreed: Mapping[Party, int], party: Party, version: int) -> bool:
    """Return whether both sides agree once `party` agrees to `version`; `agreed` is the newest version of each side.

    Raises `AlreadyDone` where that party has agreed to this version before.
    """
    if agreed.get(party) == version:
        raise refuse("visit", VisitState.SCHEDULED, done=True)
    return all(agreed.get(other) == version for other in (Party.GUEST, Party.HOST) if other is not party)


def may_prepare(state: VisitState) -> None:
    """Raise `NotNow` unless agenda and preparation can still be changed."""
    if state is not VisitState.SCHEDULED:
        raise refuse("visit", state)


def days_to_record(days: Sequence[date], today: date) -> list[date]:
    """Return the days of a visit whose attendance can be recorded: those up to today."""
    return [day for day in days if day <= today]


def may_record(state: VisitState, days: Sequence[date], day: date, today: date) -> None:
    """Raise `NotNow` unless the host can record attendance on `day` by now, `WrongValue` for no day of the visit."""
    if state not in _TAKES_PLACE:
        raise refuse("visit", state)
    if day not in days:
        sentence = gettext("%(day)s is not a day of this visit.")
        raise WrongValue({f"days.{day.isoformat()}": sentence % {"day": dates.day(day)}})
    if day > today:
        raise NotNow(gettext("%(day)s is in the future.") % {"day": dates.day(day)}, ProblemCode.TOO_EARLY)


def may_report_no_show(state: VisitState, start: date, attended: Collection[date], today: date) -> None:
    """Raise `NotNow` unless the first day has come and the guest attended no day."""
    if state is not VisitState.SCHEDULED:
        raise refuse("visit", state, done=state is VisitState.NO_SHOW)
    if today < start:
        raise NotNow(gettext("The visit starts on %(day)s.") % {"day": dates.day(start)}, ProblemCode.TOO_EARLY)
    if attended:
        raise NotNow(gettext("You recorded that the guest was there. Report an early return instead."))


def may_report_return(state: VisitState, days: Sequence[date], last_day: date, today: date) -> None:
    """Raise `NotNow` unless the visit is under way.

    Raises `WrongValue` unless `last_day` is a past or present day of the visit and others were to follow.
    """
    if state is not VisitState.UNDER_WAY:
        raise refuse("visit", state, done=state is VisitState.ENDED)
    if last_day not in days or last_day > today:
        sentence = gettext("The last day must be a day of the visit that is not in the future.")
        raise WrongValue({"last_day": sentence})
    if last_day == days[-1]:
        sentence = gettext("That is the last day of the visit. Record attendance instead.")
        raise WrongValue({"last_day": sentence})
