"""May other dates of a visit be asked for, and answered? Pure; matching finds the dates and moves the visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.applications.transitions import NotNow, refuse
from shared.contracts.codes import Answer, Party, VisitState
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shared.contracts.calls import DatePeriod

BOTH = (Party.GUEST, Party.HOST)
"""Who agree on a visit; of a mentoring pair's visit both are one of the pair."""

MOST_PERIODS = 5
LONGEST_AHEAD = timedelta(days=731)
_OPEN = frozenset({VisitState.SCHEDULED, VisitState.UNSCHEDULABLE})


@dataclass(frozen=True, slots=True)
class Proposal:
    """Other dates that guest and host are asked about, as matching told them."""

    number: int
    start: date
    end: date
    by: Party
    reason: str
    due: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Proposal:
        """From what VisitMoveProposed said."""
        return cls(
            told["move"],
            date.fromisoformat(told["start"]),
            date.fromisoformat(told["end"]),
            Party(told["by"]),
            told["reason"],
            datetime.fromisoformat(told["due"]),
        )


def may_ask_move(state: VisitState, proposal: Proposal | None, asked_by: Party | None, party: Party) -> None:
    """Raises `AlreadyDone` where that party has asked and waits, `NotNow` where other dates cannot be asked for now."""
    if state not in _OPEN:
        raise refuse("visit", state)
    if proposal is not None:
        raise NotNow(gettext("Other dates are proposed already. Answer them first."))
    if asked_by is party:
        raise refuse("visit", state, done=True)
    if asked_by is not None:
        raise NotNow(gettext("Other dates were asked for already. You will see them here when they are found."))


def period_problems(periods: Sequence[DatePeriod], today: date) -> dict[str, str]:
    """What is wrong with the periods, by the name of the field; empty where nothing is."""
    problems: dict[str, str] = {}
    if not periods:
        problems["periods"] = gettext("Give at least one period in which the visit could be.")
    if len(periods) > MOST_PERIODS:
        problems["periods"] = gettext("Give up to %(most)s periods.") % {"most": MOST_PERIODS}
    for number, period in enumerate(periods[:MOST_PERIODS]):
        if period.end < period.start:
            problems[f"periods.{number}.end"] = gettext("The last day must not be before the first.")
        elif period.end <= today:
            problems[f"periods.{number}.end"] = gettext("Give a period that ends after today, %(day)s.") % {
                "day": dates.day(today)
            }
        elif period.end > today + LONGEST_AHEAD:
            problems[f"periods.{number}.end"] = gettext("Give a period within the next two years.")
    return problems


def may_answer_move(
    state: VisitState, proposal: Proposal | None, number: int, given: Mapping[Party, Answer], party: Party, at: datetime
) -> None:
    """Raises `AlreadyDone` where that party answered this proposal, `NotNow` where it asks for no answer any more."""
    if party in given:
        raise refuse("visit", state, done=True)
    if proposal is None or proposal.number != number or state is not VisitState.SCHEDULED:
        raise NotNow(gettext("These dates are no longer proposed. The page of the visit shows what is."))
    if at > proposal.due:
        raise NotNow(
            gettext("The time to answer was over on %(day)s. The old dates stand.") % {"day": dates.day(proposal.due)}
        )


_TAKES_PLACE = frozenset({VisitState.SCHEDULED, VisitState.UNDER_WAY})


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
