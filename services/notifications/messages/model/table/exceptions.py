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

_OWN = N_("Whoever did it sees it on the page where it was done, and nobody has to act.")
_FOLLOWS = N_("What follows from it is told: who has answered or asked for what stands in that message.")
_PAGES = N_("It concerns no person: whoever works with it sees it on the pages of the figures.")
_REGISTER = N_("It concerns no person. A proposal for the register is told, and so is its decision.")
_MONEY = N_("Who pays is the programme's matter; for the people concerned nothing changes.")
_ENGINE = N_("It says how the engine worked. What comes of it for a person is told when it is decided.")
_ITSELF = N_("It says that somebody was told.")
_ENDED = N_("The end of the visit or of the mentorship is told.")
_LOOK = N_("The other side sees it on the page of the mentorship, and nobody has to act.")

REASONS: dict[str, str] = {
    calls.CallPublished.type: N_("Nobody has an application in it yet; the portal lists the open calls."),
    calls.CallClosed.type: N_("Each officer is told how the own application ended."),
    counting.CountingKeyAssigned.type: N_("It counts a person for the figures, and says nothing about anybody."),
    registry.OrganisationChanged.type: _REGISTER,
    registry.FundChanged.type: _REGISTER,
    registry.ExclusionChanged.type: N_("An exclusion may be confidential, so nobody is notified of one."),
    registry.NeedChanged.type: _REGISTER,
    offers.OfferRevised.type: _OWN,
    offers.OfferResumed.type: _OWN,
    offers.AvailabilityConfirmed.type: _OWN,
    mentors.MentorRevised.type: _OWN,
    mentors.MentorResumed.type: _OWN,
    mentors.MentorAvailabilityConfirmed.type: _OWN,
    matches.MatchCleared.type: N_("It is offered at once, and that is told; a reserve is offered nothing yet."),
    matches.MatchCalledUp.type: N_("The reserve is offered the place once it is cleared, and that is told."),
    matches.MatchFundChanged.type: _MONEY,
    receipts.MatchExplained.type: _ENGINE,
    receipts.NoMatchExplained.type: _ENGINE,
    runs.RunFinished.type: _ENGINE,
    participation.ClearanceRefused.type: _FOLLOWS,
    participation.IdentityReleased.type: N_("The page of the match says who was shown what, and for what purpose."),
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
    participation.PartPrepared.type: N_("Whoever still has something to prepare is reminded of the day."),
    participation.PreparationCompleted.type: _OWN,
    visits.VisitStarted.type: N_("Guest and host are there together on that day."),
    visits.VisitCompleted.type: _ENDED,
    outcomes.EvaluationSubmitted.type: _OWN,
    outcomes.TestScored.type: _OWN,
    outcomes.FollowUpSubmitted.type: _OWN,
    outcomes.AnswerClosed.type: N_("The form says so to whoever opens it; nobody is reminded of it any more."),
    outcomes.AnswerReopened.type: N_("It stands on the task list again; evaluators remind by hand."),
    outcomes.EvaluationWaived.type: N_("The certificate that depended on it is told."),
    figures.FigurePublished.type: _PAGES,
    figures.FigureRestated.type: _PAGES,
    periods.PeriodSubmitted.type: _PAGES,
    periods.PeriodReturned.type: _PAGES,
    periods.PeriodApproved.type: _PAGES,
    periods.PeriodFrozen.type: _PAGES,
    periods.PeriodPublished.type: _PAGES,
    periods.PeriodRestated.type: _PAGES,
    notifications.NotificationSent.type: _ITSELF,
    notifications.NotificationFailed.type: N_("It stands in the log, where a coordinator tries it again."),
}
"""The name of an event -> why no message follows from it; a row of the table overrides its reason."""
