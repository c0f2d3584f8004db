"""Rules for asking for a visit under the agreement of a pair, and for answering.

Matching gives an agreed visit its dates, with the notice and the lawful days of every visit.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import PAIR
from services.applications.transitions import NotNow, Recorded, WrongValue, refuse, refuse_recorded
from shared.contracts.codes import MentorshipState, Party, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.contracts.base import DatePeriod

LEAST_DAYS, MOST_DAYS = 1, 5
MOST_PERIODS = 5
TO_COME = frozenset(VISIT_GOING)


class RequestState(StrEnum):
    """The state of a request (its words are in `shared.web.states`, kind `pair_visit`)."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


def earliest(today: date, notice_weeks: int) -> date:
    """Return the first day on which a visit can begin."""
    return today + timedelta(weeks=notice_weeks)


def may_ask(state: MentorshipState, open_request: RequestState | None, visit: VisitState | None) -> None:
    """Raise `NotNow` unless the mentorship is under way and neither a request nor a visit is open."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if open_request is RequestState.ASKED:
        raise NotNow(
            gettext("A visit is already proposed. Answer the proposal, or withdraw it first."), ProblemCode.DUPLICATE
        )
    if open_request is RequestState.AGREED:
        raise NotNow(gettext("You agreed on a visit. Its dates will follow."), ProblemCode.DUPLICATE)
    if visit in TO_COME:
        raise NotNow(
            gettext("You already have a visit ahead. Propose another visit after it has ended."), ProblemCode.DUPLICATE
        )


def check_periods(periods: Sequence[DatePeriod], days: int, guest: Party, *, first: date, until: date | None) -> None:
    """Raise `WrongValue` for periods in which no visit of so many days fits; `first` allows for the notice."""
    wrong: dict[str, str] = {}
    if guest not in PAIR:
        wrong["guest"] = gettext("Select which of you travels.")
    if not LEAST_DAYS <= days <= MOST_DAYS:
        sentence = gettext("A visit must last from %(least)s to %(most)s working days.")
        wrong["days"] = sentence % {"least": LEAST_DAYS, "most": MOST_DAYS}
    if not 1 <= len(periods) <= MOST_PERIODS:
        wrong["periods"] = gettext("Enter from 1 to %(most)s periods.") % {"most": MOST_PERIODS}
    for place, period in enumerate(periods[:MOST_PERIODS]):
        if period.end < first:
            sentence = gettext("Dates need some notice. Choose days from %(day)s on.")
            wrong[f"periods.{place}.end"] = sentence % {"day": dates.day(first)}
        elif until is not None and period.start > until:
            sentence = gettext(
                "Your mentorship is planned until %(day)s. Choose earlier days, or first agree on a later end."
            )
            wrong[f"periods.{place}.start"] = sentence % {"day": dates.day(until)}
    if wrong:
        raise WrongValue(wrong)


_ANSWERED = {
    RequestState.AGREED: N_("This visit was agreed on %(when)s."),
    RequestState.REFUSED: N_("This visit was refused on %(when)s."),
}


def may_answer(
    state: MentorshipState,
    request: RequestState,
    asked_by: Party,
    party: Party,
    answer: RequestState,
    answered_at: datetime | None,
) -> None:
    """Raise `AlreadyDone` where that side gave this answer, `NotNow` where it is not to be answered (any more)."""
    if request in _ANSWERED and answered_at is not None:
        by = next(side for side in PAIR if side is not asked_by)
        raise refuse_recorded(Recorded(request, by, answered_at), answer, party, _ANSWERED[request])
    if request is RequestState.WITHDRAWN:
        raise refuse("pair_visit", request)
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if asked_by is party:
        raise NotNow(gettext("The other side must answer your proposal."), ProblemCode.SECOND_PERSON_NEEDED)


def may_withdraw(request: RequestState, asked_by: Party, party: Party) -> None:
    """Raise `AlreadyDone` where it was withdrawn, `NotNow` for the other side, or where it was answered."""
    if request is RequestState.WITHDRAWN:
        raise refuse("pair_visit", request, done=True)
    if request is not RequestState.ASKED:
        raise refuse("pair_visit", request)
    if asked_by is not party:
        raise NotNow(
            gettext("Only the side that proposed a visit can withdraw it. You can refuse it."),
            ProblemCode.SECOND_PERSON_NEEDED,
        )
