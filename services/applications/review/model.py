"""The rules of appeals: until when, who decides, and the state after the decision. Pure.

`lifecycles.md`, "Application": against not_endorsed, ineligible and cancelled, within the call's `appeal_wd`; another
coordinator than before decides. Upheld, the application goes on from before the decision; dismissed, it is back where
it was. One appeal a decision. A call that has closed meanwhile takes nobody up again: the application is unplaced, as
all are that the close leaves without a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.states import NotPossible, after
from services.applications.transitions import state_word
from shared.contracts.applications import (
    AppealFiled,
    ApplicationCancelled,
    ApplicationFoundIneligible,
    ApplicationNotEndorsed,
)
from shared.contracts.codes import AppealOutcome, ApplicationState
from shared.contracts.lifecycle import Unit
from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.time import dates
from shared.time.workdays import due

if TYPE_CHECKING:
    from datetime import datetime

    from shared.contracts.calls import CallTerms

S = ApplicationState

# The decisions that can be appealed against, with the state to which each led.
DECISIONS: dict[str, S] = {
    ApplicationNotEndorsed.type: S.NOT_ENDORSED,
    ApplicationFoundIneligible.type: S.INELIGIBLE,
    ApplicationCancelled.type: S.CANCELLED,
}
# From where an application was decided; a cancelled one may have been anywhere.
_BEFORE: dict[S, S] = {S.NOT_ENDORSED: S.SUBMITTED, S.INELIGIBLE: S.ENDORSED}


def appeal_deadline(decided_at: datetime, terms: CallTerms, country: str) -> datetime:
    """Return until when the officer may appeal against a decision of `decided_at`."""
    return due(decided_at, terms.timers.appeal_wd, Unit.WORKING_DAYS, country)


def after_filing(state: S, *, now: datetime, until: datetime, filed: bool) -> S:
    """Return the state to which an appeal leads; `filed`: there was one against this decision already.

    Raises `NotPossible` where there is nothing to appeal against, where it is too late, and for a second appeal.
    """
    target = after(AppealFiled, state)
    if filed:
        raise NotPossible(
            gettext("You have already appealed against this decision. The outcome of that appeal still applies."),
            ProblemCode.ALREADY_DONE,
        )
    if now > until:
        raise NotPossible(
            gettext("The time for an appeal ended on %(day)s.") % {"day": dates.day(until)}, ProblemCode.DEADLINE_PASSED
        )
    return target


def state_before(against: S, earlier: S) -> S:
    """Return the state before the decision; `earlier` is that of the step before a cancellation."""
    return _BEFORE.get(against, earlier)


def decided_already(state: S) -> str:
    """Return the sentence that an appeal was decided, with the state in which the application is now."""
    text = gettext("This appeal has already been decided. The application is now “%(state)s”.")
    return text % {"state": state_word("application", state)}


def after_decision(outcome: AppealOutcome, *, state: S, against: S, before: S, closed: bool) -> S:
    """Return the state after an appeal is decided; `closed`: the call has closed meanwhile.

    Raises `NotPossible` where the application is not appealed (any more).
    """
    if state is not S.APPEALED:
        raise NotPossible(decided_already(state), ProblemCode.ALREADY_DONE)
    if outcome is AppealOutcome.DISMISSED:
        return against
    return S.UNPLACED if closed else before


def next_due(state: S, now: datetime, terms: CallTerms, country: str) -> datetime | None:
    """Return the next deadline in the state that a decided appeal leads to; None where nobody is asked."""
    timers = terms.timers
    days = {
        S.SUBMITTED: timers.endorse_wd,
        S.RETURNED_FOR_INFORMATION: timers.information_wd,
        S.ENDORSED: timers.eligibility_wd,
    }.get(state)
    return None if days is None else due(now, days, Unit.WORKING_DAYS, country)


def check_other_decider(decided_by: str, subject: str) -> None:
    """Raise `NotPossible` for the coordinator who made the decision that is appealed against."""
    if decided_by == subject:
        raise NotPossible(
            gettext("You made the decision under appeal, so another coordinator must decide on it."),
            ProblemCode.SECOND_PERSON_NEEDED,
        )
