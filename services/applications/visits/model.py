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
    from collections.abc import Mapping, Sequence

    from shared.contracts.calls import DatePeriod

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


def may_ask(state: VisitState, proposal: Proposal | None, asked_by: Party | None, party: Party) -> None:
    """Raises `AlreadyDone` where that party has asked and waits, `NotNow` where other dates cannot be asked for now."""
    if state not in _OPEN:
        raise refuse("visit", state)
    if proposal is not None:
        raise NotNow(gettext("Other dates are proposed already. Answer them first."))
    if asked_by is party:
        raise refuse("visit", state, done=True)
    if asked_by is not None:
        raise NotNow(gettext("Other dates were asked for already. You will see them here when they are found."))


def checked(periods: Sequence[DatePeriod], today: date) -> dict[str, str]:
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


def may_answer(
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
