"""List the deadlines: who must act, which event starts and which meets each, and who is informed when it passes."""

from dataclasses import dataclass
from enum import StrEnum

from shared.contracts import applications, matches, mentors, mentorships, offers, outcomes, participation, visits
from shared.contracts.calls import Timers
from shared.contracts.codes import ApplicationState
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D


class Unit(StrEnum):
    """The unit of a timer."""

    WORKING_DAYS = "wd"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline: `timer` is the field of a call's timers that gives its length.

    `before` counts it back from the day, since something must be there before something else begins.

    Each event in `set_by` starts it and says in `due_field` when it is (a dotted path; none there: no deadline this
    time). Where `due_field` is a day and `counted` is true, the timer is added to that day. Any event in `met_by` meets
    it, for the owner concerned. Where an event says in which `state` the case now is, it starts the deadline only in
    `only_in`. `escalates_to` hears of it when it has passed; `ends_with` is the event by which the owner of the state
    then ends it, if it does. Where it `lapses`, what comes later does not count, so nobody is asked from then on, also
    in the minutes before it is ended. `until_field` names the day from which nobody is asked any more, met or not.
    `deputy` is asked before those, where one is in charge on the day of the deadline, and has the call's `deputy_wd`
    (working days of that country); the others hear of it when that time has passed too.
    """

    kind: D
    timer: str
    owners: tuple[A, ...]
    set_by: tuple[str, ...]
    met_by: tuple[str, ...]
    due_field: str = "due"
    counted: bool = False
    before: bool = False
    until_field: str = ""
    only_in: ApplicationState | None = None
    deputy: A | None = None
    escalates_to: tuple[A, ...] = ()
    ends_with: str | None = None
    lapses: bool = False

    @property
    def unit(self) -> Unit:
        """Return the unit of the timer, as its name says."""
        return Unit(self.timer.rpartition("_")[2])

    @property
    def default(self) -> int:
        """Return the length where a call does not set another."""
        return int(Timers.model_fields[self.timer].default)


_GONE = (
    applications.ApplicationWithdrawn.type,
    applications.ApplicationCancelled.type,
    applications.ApplicationVoided.type,
)
_MATCH_OVER = (matches.MatchSuperseded.type, matches.MatchCancelled.type)
_VISIT_OVER = (visits.VisitCancelled.type, visits.VisitNoShow.type, visits.VisitVoided.type)

_ALL = (
    Deadline(
        D.ENDORSEMENT,
        "endorse_wd",
        (A.HOME_COORDINATOR,),
        (
            applications.ApplicationSubmitted.type,
            applications.ApplicationResubmitted.type,
            applications.ApplicationChanged.type,
            applications.AppealDecided.type,
        ),
        (
            applications.ApplicationReturned.type,
            applications.ApplicationEndorsed.type,
            applications.ApplicationNotEndorsed.type,
            *_GONE,
        ),
        only_in=ApplicationState.SUBMITTED,
        deputy=A.HOME_DEPUTY,
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.INFORMATION,
        "information_wd",
        (A.APPLICANT,),
        (applications.ApplicationReturned.type, applications.AppealDecided.type),
        (applications.ApplicationResubmitted.type, *_GONE),
        only_in=ApplicationState.RETURNED_FOR_INFORMATION,
        escalates_to=(A.HOME_COORDINATOR,),
        ends_with=applications.ApplicationWithdrawn.type,
    ),
    Deadline(
        D.ELIGIBILITY,
        "eligibility_wd",
        (A.PROGRAMME_COORDINATOR,),
        (applications.ApplicationEndorsed.type, applications.AppealDecided.type),
        (applications.ApplicationFoundEligible.type, applications.ApplicationFoundIneligible.type, *_GONE),
        only_in=ApplicationState.ENDORSED,
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.APPEAL,
        "appeal_wd",
        (A.APPLICANT,),
        (
            applications.ApplicationNotEndorsed.type,
            applications.ApplicationFoundIneligible.type,
            applications.ApplicationCancelled.type,
        ),
        (applications.AppealFiled.type, applications.ApplicationVoided.type),
        due_field="appeal_until",
        lapses=True,
    ),
    Deadline(
        D.APPEAL_DECISION,
        "appeal_decision_wd",
        (A.PROGRAMME_COORDINATOR,),
        (applications.AppealFiled.type,),
        (applications.AppealDecided.type, applications.ApplicationVoided.type),
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.OFFER_ENDORSEMENT,
        "offer_endorse_wd",
        (A.HOST_COORDINATOR,),
        (offers.OfferSubmitted.type,),
        (
            offers.OfferReturned.type,
            offers.OfferEndorsed.type,
            offers.OfferWithdrawn.type,
            offers.OfferVoided.type,
        ),
        deputy=A.HOST_DEPUTY,
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.AVAILABILITY,
        "availability_answer_wd",
        (A.HOST_CONTACT, A.MENTOR),
        (offers.AvailabilityAsked.type, mentors.MentorAvailabilityAsked.type),
        (
            offers.AvailabilityConfirmed.type,
            offers.OfferRevised.type,
            offers.OfferPaused.type,
            offers.OfferClosed.type,
            offers.OfferWithdrawn.type,
            offers.OfferVoided.type,
            mentors.MentorAvailabilityConfirmed.type,
            mentors.MentorRevised.type,
            mentors.MentorPaused.type,
            mentors.MentorClosed.type,
        ),
        ends_with=offers.OfferPaused.type,
    ),
    Deadline(
        D.HOME_CLEARANCE,
        "clearance_wd",
        (A.HOME_COORDINATOR,),
        (matches.MatchProposed.type,),
        (participation.ClearanceGiven.type, participation.ClearanceRefused.type, *_MATCH_OVER),
        deputy=A.HOME_DEPUTY,
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.HOST_CLEARANCE,
        "clearance_wd",
        (A.HOST_COORDINATOR,),
        (participation.ClearanceGiven.type,),
        (matches.MatchCleared.type, participation.ClearanceRefused.type, *_MATCH_OVER),
        due_field="host_due",
        deputy=A.HOST_DEPUTY,
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.ANSWER,
        "answer_wd",
        (A.APPLICANT, A.HOST_CONTACT, A.MENTOR),
        (matches.MatchOffered.type,),
        (
            participation.AnswerGiven.type,
            matches.MatchConfirmed.type,
            matches.MatchDeclined.type,
            matches.MatchExpired.type,
            *_MATCH_OVER,
        ),
        escalates_to=(A.PROGRAMME_COORDINATOR,),
        ends_with=matches.MatchExpired.type,
        lapses=True,
    ),
    Deadline(
        D.MOVE,
        "answer_wd",
        (A.APPLICANT, A.HOST_CONTACT),
        (visits.VisitMoveProposed.type,),
        (
            participation.MoveAccepted.type,
            participation.MoveRefused.type,
            visits.VisitMoved.type,
            visits.VisitMoveDropped.type,
            *_VISIT_OVER,
        ),
        escalates_to=(A.PROGRAMME_COORDINATOR,),
        ends_with=visits.VisitMoveDropped.type,
        lapses=True,
    ),
    Deadline(
        D.AGENDA,
        "agenda_weeks",
        (A.APPLICANT, A.HOST_CONTACT),
        (visits.VisitScheduled.type, visits.VisitMoved.type),
        (participation.AgendaAgreed.type, visits.VisitStarted.type, *_VISIT_OVER),
        due_field="agenda_due",
        until_field="plan.start",
        escalates_to=(A.HOST_COORDINATOR, A.PROGRAMME_COORDINATOR),
    ),
    Deadline(
        D.PREPARATION,
        "preparation_weeks",
        (A.APPLICANT, A.HOST_CONTACT, A.HOME_COORDINATOR),
        (visits.VisitScheduled.type, visits.VisitMoved.type),
        (
            participation.PartPrepared.type,
            participation.PreparationCompleted.type,
            visits.VisitStarted.type,
            *_VISIT_OVER,
        ),
        due_field="plan.start",
        counted=True,
        before=True,
        until_field="plan.start",
        escalates_to=(A.PROGRAMME_COORDINATOR,),
    ),
    Deadline(
        D.AGREEMENT,
        "agreement_wd",
        (A.APPLICANT, A.MENTOR),
        (mentorships.MentorshipOpened.type,),
        (
            participation.AgreementSigned.type,
            mentorships.MentorshipStarted.type,
            mentorships.MentorshipEndedEarly.type,
        ),
        escalates_to=(A.PROGRAMME_COORDINATOR,),
        ends_with=mentorships.MentorshipEndedEarly.type,
        lapses=True,
    ),
    Deadline(
        D.ATTENDANCE,
        "attendance_days",
        (A.HOST_CONTACT,),
        (visits.VisitScheduled.type, visits.VisitMoved.type),
        (visits.VisitEnded.type, *_VISIT_OVER),
        due_field="plan.end",
        counted=True,
        escalates_to=(A.HOST_COORDINATOR, A.PROGRAMME_COORDINATOR),
    ),
    Deadline(
        D.EVALUATION,
        "evaluation_days",
        (A.APPLICANT, A.HOST_CONTACT, A.MENTOR),
        (
            visits.VisitEnded.type,
            mentorships.MentorshipCompleted.type,
            mentorships.MentorshipEndedEarly.type,
            outcomes.AnswerReopened.type,
        ),
        (
            outcomes.EvaluationSubmitted.type,
            outcomes.EvaluationWaived.type,
            outcomes.AnswerClosed.type,
            visits.VisitVoided.type,
        ),
        due_field="ended_on",
        counted=True,
    ),
    Deadline(
        D.REPORT,
        "report_days",
        (A.APPLICANT,),
        (visits.VisitEnded.type, outcomes.AnswerReopened.type),
        (outcomes.ReportSubmitted.type, outcomes.AnswerClosed.type, visits.VisitVoided.type),
        due_field="ended_on",
        counted=True,
        escalates_to=(A.HOME_COORDINATOR,),
    ),
    Deadline(
        D.FOLLOW_UP,
        "follow_up_months",
        (A.APPLICANT, A.LINE_MANAGER),
        (visits.VisitCompleted.type, mentorships.MentorshipCompleted.type, outcomes.AnswerReopened.type),
        (outcomes.FollowUpSubmitted.type, outcomes.AnswerClosed.type, visits.VisitVoided.type),
        due_field="ended_on",
        counted=True,
        escalates_to=(A.HOME_COORDINATOR,),
    ),
    Deadline(
        D.TEST,
        "report_days",
        (A.APPLICANT,),
        (outcomes.TestAsked.type,),
        (outcomes.TestScored.type, visits.VisitCancelled.type, visits.VisitNoShow.type, visits.VisitVoided.type),
        lapses=True,
    ),
    Deadline(
        D.RESULTS,
        "follow_up_months",
        (A.HOME_COORDINATOR,),
        (visits.VisitCompleted.type, mentorships.MentorshipCompleted.type, outcomes.AnswerReopened.type),
        (outcomes.EvaluationSubmitted.type, outcomes.AnswerClosed.type, visits.VisitVoided.type),
        due_field="ended_on",
        counted=True,
    ),
)

DEADLINES: dict[D, Deadline] = {deadline.kind: deadline for deadline in _ALL}
"""All deadlines by kind, in the order of the story."""
