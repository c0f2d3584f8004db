"""Reasons why no message follows from an event; a test holds that every event has a row of the table or a reason."""

from __future__ import annotations

from shared.contracts import (
    calls,
    counting,
    figures,
    matches,
    mentors,
    notifications,
    offers,
    outcomes,
    participation,
    periods,
    receipts,
    registry,
    runs,
    visits,
)
from shared.i18n import N_

_OWN = N_("The person who did it sees it on the same page, and nobody has to act.")
_FOLLOWS = N_("People are notified of the result. That message shows who answered or asked for what.")
_PAGES = N_("It concerns no person. People who work with it see it on the pages of the figures.")
_REGISTER = N_("It concerns no person. People are notified of a proposal for the register and of its decision.")
_MONEY = N_("The programme decides who pays. Nothing changes for the people concerned.")
_ENGINE = N_("It shows how the matching worked. People are notified of their result when it is decided.")
_ITSELF = N_("It records that somebody was notified.")
_ENDED = N_("People are notified of the end of the visit or of the mentorship.")
_LOOK = N_("The other side sees it on the page of the mentorship, and nobody has to act.")

REASONS: dict[str, str] = {
    calls.CallPublished.type: N_("Nobody has an application in it yet. The portal lists the open calls."),
    calls.CallClosed.type: N_("Each officer is notified of how their own application ended."),
    counting.CountingKeyAssigned.type: N_("It counts a person for the figures and contains nothing about anybody."),
    registry.OrganisationChanged.type: _REGISTER,
    registry.FundChanged.type: _REGISTER,
    registry.ExclusionChanged.type: N_("An exclusion may be confidential, so nobody is notified of one."),
    registry.NeedChanged.type: _REGISTER,
    offers.OfferRevised.type: _OWN,
    offers.OfferCandidatesChosen.type: _OWN,
    offers.OfferResumed.type: _OWN,
    offers.AvailabilityConfirmed.type: _OWN,
    mentors.MentorRevised.type: _OWN,
    mentors.MentorCandidatesChosen.type: _OWN,
    mentors.MentorResumed.type: _OWN,
    mentors.MentorAvailabilityConfirmed.type: _OWN,
    matches.MatchCleared.type: N_(
        "It is offered at once, and people are notified of the offer. A reserve receives no offer yet."
    ),
    matches.MatchCalledUp.type: N_("The reserve is offered the place after clearance and is notified of it."),
    matches.MatchFundChanged.type: _MONEY,
    receipts.MatchExplained.type: _ENGINE,
    receipts.NoMatchExplained.type: _ENGINE,
    runs.RunFinished.type: _ENGINE,
    participation.ClearanceRefused.type: _FOLLOWS,
    participation.IdentityReleased.type: N_(
        "The page of the match shows who received which data, and for what purpose."
    ),
    participation.AnswerGiven.type: _FOLLOWS,
    participation.MoveAccepted.type: _FOLLOWS,
    participation.MoveRefused.type: _FOLLOWS,
    participation.AttendanceRecorded.type: _ENDED,
    participation.NoShowReported.type: _FOLLOWS,
    participation.EarlyReturnReported.type: _ENDED,
    participation.GoalSet.type: _LOOK,
    participation.GoalClosed.type: _LOOK,
    participation.SessionConfirmed.type: _LOOK,
    participation.MoveRequested.type: _FOLLOWS,
    participation.CancellationRequested.type: _FOLLOWS,
    participation.FundChangeRequested.type: _MONEY,
    participation.PauseRequested.type: _FOLLOWS,
    participation.ResumeRequested.type: _FOLLOWS,
    participation.EndRequested.type: _FOLLOWS,
    participation.PartPrepared.type: N_(
        "People who still have something to prepare receive a reminder of the due date."
    ),
    participation.PreparationCompleted.type: _OWN,
    visits.VisitStarted.type: N_("Guest and host are together on that day."),
    visits.VisitCompleted.type: _ENDED,
    outcomes.EvaluationSubmitted.type: _OWN,
    outcomes.TestScored.type: _OWN,
    outcomes.FollowUpSubmitted.type: _OWN,
    outcomes.AnswerClosed.type: N_("The form shows this when it is opened. Nobody receives any more reminders of it."),
    outcomes.AnswerReopened.type: N_("It is on the task list again. Evaluators send reminders by hand."),
    outcomes.EvaluationWaived.type: N_("People are notified of the certificate that depended on it."),
    figures.FigurePublished.type: _PAGES,
    figures.FigureRestated.type: _PAGES,
    periods.PeriodSubmitted.type: _PAGES,
    periods.PeriodReturned.type: _PAGES,
    periods.PeriodApproved.type: _PAGES,
    periods.PeriodFrozen.type: _PAGES,
    periods.PeriodPublished.type: _PAGES,
    periods.PeriodRestated.type: _PAGES,
    periods.GroupingsChosen.type: _PAGES,
    notifications.NotificationSent.type: _ITSELF,
    notifications.NotificationFailed.type: N_("It is in the log, where a coordinator can try it again."),
}
"""The name of an event -> why no message follows from it; a row of the table overrides its reason."""
