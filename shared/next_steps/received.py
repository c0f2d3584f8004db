"""Say which form an event of reporting settles, and whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import outcomes
from shared.contracts.codes import AnswerForm, Respondent

if TYPE_CHECKING:
    from shared.contracts.base import Event

WAIVER = "waiver"


def closed_form(form: str) -> str:
    """Return the `what` of an answer to that form that is no longer taken."""
    return f"closed_{form}"


def received(data: Event) -> tuple[str, str] | None:
    """Return what an event says is in, waived or no longer taken, as (what, of); None for any other event."""
    match data:
        case outcomes.EvaluationSubmitted(respondent=of):
            return AnswerForm.EVALUATION.value, of.value
        case outcomes.ReportSubmitted():
            return AnswerForm.REPORT.value, Respondent.GUEST.value
        case outcomes.FollowUpSubmitted(by=by):
            return AnswerForm.FOLLOW_UP.value, by.value
        case outcomes.EvaluationWaived(respondent=of):
            return WAIVER, of.value
        case outcomes.AnswerClosed(form=form, respondent=of):
            return closed_form(form), of.value
    return None


def taken_again(data: Event) -> tuple[str, str] | None:
    """Return which closed form is taken again, as (what, of); None for any other event."""
    if isinstance(data, outcomes.AnswerReopened):
        return closed_form(data.form), data.respondent.value
    return None
