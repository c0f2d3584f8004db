"""List the transitions of matching, reporting and notifications: from the match to the figure and the messages."""

from shared.contracts import figures, matches, mentorships, notifications, outcomes, periods, receipts, runs, visits
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.codes import MatchState as M
from shared.contracts.codes import MentorshipState as R
from shared.contracts.codes import PeriodState as P
from shared.contracts.codes import VisitState as V
from shared.contracts.lifecycle.transition import Actor, Transition

_ENGINE = (Actor.ENGINE,)
_MATCHES = (
    Transition(matches.MatchProposed.type, (Actor.PROGRAMME, Actor.ENGINE), (None, M.PROVISIONAL), M.PROPOSED),
    Transition(receipts.MatchExplained.type, _ENGINE),
    Transition(receipts.NoMatchExplained.type, _ENGINE),
    Transition(runs.RunFinished.type, _ENGINE),
    Transition(matches.MatchCleared.type, _ENGINE, (M.PROPOSED,), M.CLEARED, D.HOST_CLEARANCE, "offered at once"),
    Transition(matches.MatchOffered.type, _ENGINE, (M.CLEARED,), M.OFFERED),
    Transition(
        matches.MatchCalledUp.type,
        (Actor.PROGRAMME, Actor.ENGINE),
        (M.PROPOSED, M.CLEARED),
        then="a reserve holds the place; it is offered once it is cleared",
    ),
    Transition(matches.MatchConfirmed.type, _ENGINE, (M.OFFERED,), M.CONFIRMED, D.ANSWER, "the visit is scheduled"),
    Transition(matches.MatchDeclined.type, _ENGINE, (M.OFFERED,), M.DECLINED, D.ANSWER, "the next in line is proposed"),
    Transition(
        matches.MatchExpired.type, (Actor.CLOCK,), (M.OFFERED,), M.EXPIRED, then="a second silence withdraws it"
    ),
    Transition(matches.AnswerTooLate.type, _ENGINE, then="nothing changes"),
    Transition(
        matches.MatchSuperseded.type,
        (Actor.PROGRAMME, Actor.ENGINE),
        (M.PROPOSED, M.CLEARED, M.OFFERED),
        M.SUPERSEDED,
    ),
    Transition(
        matches.MatchCancelled.type,
        (Actor.ENGINE, Actor.PROGRAMME, Actor.CLOCK),
        (M.PROPOSED, M.CLEARED, M.OFFERED, M.CONFIRMED),
        M.CANCELLED,
    ),
    Transition(matches.MatchFundChanged.type, (Actor.PROGRAMME,), (M.PROPOSED, M.CLEARED, M.OFFERED, M.CONFIRMED)),
)

_VISITS = (
    Transition(
        visits.VisitScheduled.type,
        _ENGINE,
        (None, V.UNSCHEDULABLE),
        V.SCHEDULED,
        then="at least six weeks ahead; the agenda two weeks before",
    ),
    Transition(visits.VisitUnschedulable.type, _ENGINE, (None, V.UNSCHEDULABLE), V.UNSCHEDULABLE, then="to the board"),
    Transition(visits.VisitMoveProposed.type, (Actor.ENGINE, Actor.PROGRAMME), (V.SCHEDULED,), V.SCHEDULED),
    Transition(visits.VisitMoved.type, _ENGINE, (V.SCHEDULED,), V.SCHEDULED, D.MOVE),
    Transition(
        visits.VisitMoveDropped.type,
        (*_ENGINE, Actor.CLOCK),
        (V.SCHEDULED,),
        V.SCHEDULED,
        D.MOVE,
        "the old dates remain",
    ),
    Transition(visits.VisitStarted.type, _ENGINE, (V.SCHEDULED,), V.UNDER_WAY),
    Transition(visits.VisitEnded.type, _ENGINE, (V.UNDER_WAY,), V.ENDED, D.ATTENDANCE),
    Transition(visits.VisitCompleted.type, _ENGINE, (V.ENDED,), V.COMPLETED, then="evaluations, report, follow-up"),
    Transition(
        visits.VisitCancelled.type, (Actor.ENGINE, Actor.PROGRAMME), (V.SCHEDULED, V.UNSCHEDULABLE), V.CANCELLED
    ),
    Transition(visits.VisitNoShow.type, _ENGINE, (V.SCHEDULED,), V.NO_SHOW, then="the sender is notified"),
    Transition(
        visits.VisitVoided.type,
        (Actor.PROGRAMME,),
        tuple(state for state in V if state != V.VOIDED),
        V.VOIDED,
        then="leaves the counts",
    ),
)

_MENTORSHIPS = (
    Transition(mentorships.MentorshipOpened.type, _ENGINE, (None,), R.OPENED),
    Transition(mentorships.MentorshipStarted.type, _ENGINE, (R.OPENED,), R.ACTIVE, D.AGREEMENT),
    Transition(mentorships.MentorshipPaused.type, _ENGINE, (R.ACTIVE,), R.PAUSED),
    Transition(mentorships.MentorshipResumed.type, _ENGINE, (R.PAUSED,), R.ACTIVE),
    Transition(mentorships.MentorshipCompleted.type, (*_ENGINE, Actor.CLOCK), (R.ACTIVE, R.PAUSED), R.COMPLETED),
    Transition(
        mentorships.MentorshipEndedEarly.type,
        (*_ENGINE, Actor.CLOCK),
        (R.OPENED, R.ACTIVE, R.PAUSED),
        R.ENDED_EARLY,
    ),
)

_OUTCOMES = (
    Transition(
        outcomes.EvaluationSubmitted.type,
        (
            Actor.OFFICER,
            Actor.HOST,
            Actor.MENTOR,
            Actor.MENTEE,
            Actor.LINE_MANAGER,
            Actor.HOME_COORDINATOR,
            Actor.HOST_COORDINATOR,
        ),
        deadline=D.EVALUATION,
    ),
    Transition(outcomes.TestAsked.type, (Actor.REPORTING,), then="taken before the start, or after the end"),
    Transition(outcomes.TestScored.type, (Actor.OFFICER, Actor.MENTEE), deadline=D.TEST),
    Transition(outcomes.ReportSubmitted.type, (Actor.OFFICER, Actor.MENTEE), deadline=D.REPORT),
    Transition(
        outcomes.FollowUpSubmitted.type, (Actor.OFFICER, Actor.MENTEE, Actor.LINE_MANAGER), deadline=D.FOLLOW_UP
    ),
    Transition(outcomes.CascadeDelivered.type, (Actor.OFFICER, Actor.MENTEE)),
    Transition(outcomes.CascadeConfirmed.type, (Actor.LINE_MANAGER,)),
    Transition(outcomes.CascadeRefused.type, (Actor.LINE_MANAGER,), then="it is not counted; the officer is notified"),
    Transition(
        outcomes.AnswerAsked.type,
        (Actor.EVALUATOR, Actor.PROGRAMME, Actor.CLOCK),
        then="a respondent who has not answered is reminded",
    ),
    Transition(
        outcomes.AnswerClosed.type,
        (Actor.EVALUATOR, Actor.PROGRAMME, Actor.REPORTING),
        then="nobody waits for it or reminds of it any more",
    ),
    Transition(
        outcomes.AnswerReopened.type,
        (Actor.EVALUATOR, Actor.PROGRAMME, Actor.REPORTING),
        then="it is waited for again, late as it is",
    ),
    Transition(outcomes.EvaluationWaived.type, (Actor.PROGRAMME,), deadline=D.EVALUATION),
    Transition(outcomes.CertificateGranted.type, (Actor.REPORTING,), then="the portal writes the document"),
    Transition(outcomes.CertificateRevoked.type, (Actor.PROGRAMME, Actor.REPORTING)),
)

_STEERING = (Actor.PROGRAMME, Actor.EVALUATOR)
_FIGURES = (
    Transition(figures.FigurePublished.type, (Actor.REPORTING, *_STEERING)),
    Transition(figures.FigureRestated.type, _STEERING),
    Transition(periods.PeriodSubmitted.type, _STEERING, (None, P.DRAFT, P.RETURNED), P.SUBMITTED),
    Transition(periods.PeriodReturned.type, _STEERING, (P.SUBMITTED,), P.RETURNED),
    Transition(periods.PeriodApproved.type, _STEERING, (P.SUBMITTED,), P.APPROVED),
    Transition(periods.PeriodFrozen.type, _STEERING, (P.APPROVED,), P.FROZEN),
    Transition(periods.PeriodPublished.type, _STEERING, (P.APPROVED, P.FROZEN), P.PUBLISHED),
    Transition(periods.PeriodRestated.type, _STEERING, then="the period stays where it is, with another statement"),
    Transition(
        periods.GroupingsChosen.type, (Actor.PROGRAMME,), then="figures are counted by it, once the first are submitted"
    ),
)

_TOLD = (Actor.NOTIFICATIONS,)
_NOTIFICATIONS = (
    Transition(notifications.NotificationSent.type, _TOLD),
    Transition(notifications.NotificationFailed.type, _TOLD),
    Transition(notifications.DeadlineNear.type, _TOLD),
    Transition(notifications.DeadlinePassed.type, _TOLD, then="informs and escalates; changes nothing by itself"),
    Transition(
        notifications.WebhookChanged.type,
        (Actor.PROGRAMME, *_TOLD),
        then="paused automatically: the programme coordinator is notified",
    ),
    Transition(notifications.WorkWaiting.type, _TOLD, then="one email a day"),
)

PROGRAMME = _MATCHES + _VISITS + _MENTORSHIPS + _OUTCOMES + _FIGURES + _NOTIFICATIONS
