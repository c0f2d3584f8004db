"""List the transitions of the portal: access, registry, calls, applications, offers, mentors, participation."""

from shared.contracts import access, applications, calls, counting, mentors, offers, participation, registry
from shared.contracts.codes import ApplicationState as S
from shared.contracts.codes import CallState, MentorState
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.codes import OfferState as O
from shared.contracts.lifecycle.transition import BEFORE_OFFERED, OPEN, Actor, Transition

_ACCESS = (
    Transition(
        access.AccessChanged.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME, Actor.CLOCK),
        then="every service checks it",
    ),
    Transition(counting.CountingKeyAssigned.type, (Actor.PORTAL,), then="reporting counts the person once"),
    Transition(registry.OrganisationChanged.type, (Actor.PROGRAMME,)),
    Transition(registry.PartnerStatusChanged.type, (Actor.PROGRAMME,), then="a suspended partner is not matched"),
    Transition(registry.FundChanged.type, (Actor.PROGRAMME,)),
    Transition(registry.ExclusionChanged.type, (Actor.PROGRAMME,)),
    Transition(
        registry.ProposalChanged.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME),
        then="the programme coordinator decides, and the proposer is notified",
    ),
    Transition(registry.NeedChanged.type, (Actor.HOME_COORDINATOR, Actor.PROGRAMME), then="calls cite it"),
)

_CALLS = (
    Transition(calls.CallPublished.type, (Actor.PROGRAMME,), (None, CallState.DRAFT), CallState.PUBLISHED),
    Transition(calls.CallRevised.type, (Actor.PROGRAMME,), (CallState.PUBLISHED,), CallState.PUBLISHED),
    Transition(
        calls.CallClosed.type,
        (Actor.PROGRAMME,),
        (CallState.PUBLISHED,),
        CallState.CLOSED,
        then="what is left is unplaced at close",
    ),
)

_APPLICATIONS = (
    Transition(applications.ApplicationSubmitted.type, (Actor.OFFICER,), (None, S.DRAFT), S.SUBMITTED),
    Transition(
        applications.ApplicationReturned.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME),
        (S.SUBMITTED,),
        S.RETURNED_FOR_INFORMATION,
        D.ENDORSEMENT,
    ),
    Transition(
        applications.ApplicationResubmitted.type,
        (Actor.OFFICER,),
        (S.RETURNED_FOR_INFORMATION,),
        S.SUBMITTED,
        D.INFORMATION,
        "a reminder half way; then withdrawn for no answer",
    ),
    Transition(
        applications.ApplicationEndorsed.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME),
        (S.SUBMITTED,),
        S.ENDORSED,
        D.ENDORSEMENT,
        "then the deputy, then the programme coordinator is asked; never automatic",
    ),
    Transition(
        applications.ApplicationNotEndorsed.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME),
        (S.SUBMITTED,),
        S.NOT_ENDORSED,
        D.ENDORSEMENT,
    ),
    Transition(
        applications.ApplicationFoundEligible.type, (Actor.PROGRAMME,), (S.ENDORSED,), S.ELIGIBLE, D.ELIGIBILITY
    ),
    Transition(
        applications.ApplicationFoundIneligible.type, (Actor.PROGRAMME,), (S.ENDORSED,), S.INELIGIBLE, D.ELIGIBILITY
    ),
    Transition(
        applications.ApplicationChanged.type,
        (Actor.OFFICER,),
        BEFORE_OFFERED,
        then="endorsed again where it matters to the rules",
    ),
    Transition(applications.LineManagerNamed.type, (Actor.OFFICER,), then="the line manager is informed"),
    Transition(applications.LineManagerLinkAsked.type, (Actor.LINE_MANAGER,), then="a new link is sent"),
    Transition(applications.CompanionAsked.type, (Actor.OFFICER,), then="the person who is named says yes or no"),
    Transition(
        applications.CompanionAnswered.type,
        (Actor.OFFICER, Actor.MENTEE, Actor.HOST, Actor.MENTOR),
        then="the other side is notified; submitted applications show it by ApplicationChanged",
    ),
    Transition(applications.ApplicationWithdrawn.type, (Actor.OFFICER, Actor.CLOCK), OPEN, S.WITHDRAWN),
    Transition(applications.ApplicationCancelled.type, (Actor.PROGRAMME,), OPEN, S.CANCELLED),
    Transition(applications.ApplicationDecided.type, (Actor.PORTAL,), then="once, at the first final outcome"),
    Transition(
        applications.ApplicationVoided.type,
        (Actor.PROGRAMME,),
        tuple(state for state in S if state not in {S.DRAFT, S.VOIDED}),
        S.VOIDED,
        then="leaves the counts",
    ),
    Transition(
        applications.AppealFiled.type,
        (Actor.OFFICER,),
        (S.NOT_ENDORSED, S.INELIGIBLE, S.CANCELLED),
        S.APPEALED,
        D.APPEAL,
    ),
    Transition(
        applications.AppealDecided.type,
        (Actor.HOME_COORDINATOR, Actor.PROGRAMME),
        (S.APPEALED,),
        deadline=D.APPEAL_DECISION,
        then="upheld: on from before the decision, or, after the call's close, unplaced; dismissed: back where it was",
    ),
)

_OFFERS = (
    Transition(offers.OfferSubmitted.type, (Actor.HOST,), (None, O.DRAFT, O.RETURNED), O.SUBMITTED),
    Transition(
        offers.OfferReturned.type,
        (Actor.HOST_COORDINATOR, Actor.PROGRAMME),
        (O.SUBMITTED,),
        O.RETURNED,
        D.OFFER_ENDORSEMENT,
    ),
    Transition(
        offers.OfferEndorsed.type,
        (Actor.HOST_COORDINATOR, Actor.PROGRAMME),
        (O.SUBMITTED,),
        O.ENDORSED,
        D.OFFER_ENDORSEMENT,
    ),
    Transition(offers.OfferPublished.type, (Actor.HOST,), (O.ENDORSED,), O.PUBLISHED),
    Transition(offers.OfferRevised.type, (Actor.HOST,), (O.PUBLISHED, O.PAUSED, O.CLOSED)),
    Transition(
        offers.OfferCandidatesChosen.type,
        (Actor.HOST,),
        (O.PUBLISHED, O.PAUSED),
        then="its call is matched again, and the order counts as the call's rule says",
    ),
    Transition(offers.OfferPaused.type, (Actor.HOST, Actor.CLOCK, Actor.PROGRAMME), (O.PUBLISHED,), O.PAUSED),
    Transition(offers.AvailabilityAsked.type, (Actor.CLOCK,), (O.PUBLISHED,), O.PUBLISHED),
    Transition(
        offers.AvailabilityConfirmed.type,
        (Actor.HOST,),
        (O.PUBLISHED,),
        O.PUBLISHED,
        D.AVAILABILITY,
        "unanswered, it pauses",
    ),
    Transition(
        offers.OfferResumed.type,
        (Actor.HOST, Actor.PROGRAMME, Actor.PORTAL),
        (O.PAUSED, O.CLOSED),
        O.PUBLISHED,
        then="from closed only where it was full or over, and has places and periods again",
    ),
    Transition(offers.OfferClosed.type, (Actor.HOST, Actor.CLOCK, Actor.PORTAL), (O.PUBLISHED, O.PAUSED), O.CLOSED),
    Transition(
        offers.OfferWithdrawn.type,
        (Actor.HOST,),
        (O.SUBMITTED, O.RETURNED, O.ENDORSED, O.PUBLISHED, O.PAUSED),
        O.WITHDRAWN,
    ),
    Transition(
        offers.OfferVoided.type,
        (Actor.PROGRAMME,),
        tuple(state for state in O if state not in {O.DRAFT, O.VOIDED}),
        O.VOIDED,
        then="leaves the counts; refused while a visit is confirmed",
    ),
)

_PUBLISHED, _PAUSED = MentorState.PUBLISHED, MentorState.PAUSED
_MENTORS = (
    Transition(mentors.MentorPublished.type, (Actor.MENTOR,), (None, MentorState.DRAFT), _PUBLISHED),
    Transition(mentors.MentorRevised.type, (Actor.MENTOR,), (_PUBLISHED, _PAUSED, MentorState.CLOSED)),
    Transition(
        mentors.MentorCandidatesChosen.type,
        (Actor.MENTOR,),
        (_PUBLISHED, _PAUSED),
        then="the call is matched again, and the order counts as the call's rule says",
    ),
    Transition(mentors.MentorPaused.type, (Actor.MENTOR, Actor.CLOCK, Actor.PROGRAMME), (_PUBLISHED,), _PAUSED),
    Transition(mentors.MentorAvailabilityAsked.type, (Actor.CLOCK,), (_PUBLISHED,), _PUBLISHED),
    Transition(
        mentors.MentorAvailabilityConfirmed.type,
        (Actor.MENTOR,),
        (_PUBLISHED,),
        _PUBLISHED,
        D.AVAILABILITY,
        "unanswered, it pauses",
    ),
    Transition(
        mentors.MentorResumed.type,
        (Actor.MENTOR, Actor.PROGRAMME),
        (_PAUSED, MentorState.CLOSED),
        _PUBLISHED,
        then="from closed only where its periods were over, and it has later ones",
    ),
    Transition(
        mentors.MentorClosed.type,
        (Actor.MENTOR, Actor.PROGRAMME, Actor.CLOCK),
        (_PUBLISHED, _PAUSED),
        MentorState.CLOSED,
    ),
)

_BOTH = (Actor.OFFICER, Actor.HOST)
_PAIR = (Actor.MENTEE, Actor.MENTOR)
_COORDINATORS = (Actor.HOME_COORDINATOR, Actor.HOST_COORDINATOR, Actor.PROGRAMME)
_PARTICIPATION = (
    Transition(
        participation.ClearanceGiven.type,
        _COORDINATORS,
        deadline=D.HOME_CLEARANCE,
        then="after home the host country, after both the match is cleared",
    ),
    Transition(participation.ClearanceRefused.type, _COORDINATORS, then="the match is cancelled"),
    Transition(participation.IdentityReleased.type, (Actor.PORTAL,)),
    Transition(
        participation.AnswerGiven.type,
        (*_BOTH, *_PAIR),
        deadline=D.ANSWER,
        then="a request until matching confirms it",
    ),
    Transition(participation.AgendaAgreed.type, _BOTH, deadline=D.AGENDA),
    Transition(participation.MoveAccepted.type, (*_BOTH, *_PAIR), deadline=D.MOVE, then="with both, the visit moves"),
    Transition(participation.MoveRefused.type, (*_BOTH, *_PAIR), deadline=D.MOVE, then="the old dates remain"),
    Transition(participation.AttendanceRecorded.type, (Actor.HOST,)),
    Transition(participation.NoShowReported.type, (Actor.HOST,)),
    Transition(participation.EarlyReturnReported.type, (Actor.HOST,)),
    Transition(participation.AgreementSigned.type, _PAIR, deadline=D.AGREEMENT),
    Transition(participation.GoalSet.type, _PAIR),
    Transition(participation.GoalClosed.type, _PAIR),
    Transition(participation.SessionLogged.type, _PAIR),
    Transition(participation.SessionConfirmed.type, _PAIR),
    Transition(participation.SessionDisputed.type, _PAIR, then="it is corrected or withdrawn"),
    Transition(participation.SessionWithdrawn.type, _PAIR),
    Transition(participation.SessionPlanned.type, _PAIR, then="it is moved, cancelled, or held and then logged"),
    Transition(participation.SessionMoved.type, _PAIR),
    Transition(participation.SessionCancelled.type, (*_PAIR, Actor.PORTAL)),
    Transition(participation.VisitRequested.type, _PAIR, then="a visit with the mentorship's id"),
    Transition(participation.MoveRequested.type, (*_BOTH, *_PAIR, Actor.PROGRAMME), then="new dates are proposed"),
    Transition(participation.CancellationRequested.type, (*_BOTH, *_PAIR, *_COORDINATORS), then="it is cancelled"),
    Transition(participation.FundChangeRequested.type, (Actor.PROGRAMME,), then="another fund pays for the match"),
    Transition(participation.PauseRequested.type, _PAIR),
    Transition(participation.ResumeRequested.type, _PAIR),
    Transition(participation.EndRequested.type, _PAIR),
    Transition(participation.PartPrepared.type, (Actor.PORTAL,), deadline=D.PREPARATION),
    Transition(participation.PreparationCompleted.type, (Actor.PORTAL,)),
)

PORTAL = _ACCESS + _CALLS + _APPLICATIONS + _OFFERS + _MENTORS + _PARTICIPATION
