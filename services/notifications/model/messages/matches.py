"""Who is told how a match goes, from clearance to the answer of both sides."""

from services.notifications.model.rule import Rule, When
from shared.contracts import matches, participation
from shared.contracts.codes import ApplicationKind, MatchState, Party, Side
from shared.contracts.codes import AudienceKind as A
from shared.web.i18n import N_

_READ = N_("Open your application")
_MATCH = N_("Open the match")
_ANSWER = N_("Accept or decline")
_VISIT = When(N_("for a study visit"), lambda data: data.pairing.kind is ApplicationKind.STUDY_VISIT)
_MENTEE = When(N_("for a mentorship"), lambda data: data.pairing.kind is ApplicationKind.MENTEE)
# Before an offer the applicant knows of no match, so nothing is taken from anybody; after it, both sides are told.
_KNOWN = When(N_("where it had been offered"), lambda data: data.was in {MatchState.OFFERED, MatchState.CONFIRMED})
_ENDED = N_("The reason: %(reason)s.")
_APPLICANTS = frozenset({Party.GUEST, Party.MENTEE})
_OFFERED = When(N_("where it had been offered, not confirmed"), lambda data: data.was is MatchState.OFFERED)
_LOST = When(
    N_("where it was confirmed, and somebody else cancelled it"),
    lambda data: data.was is MatchState.CONFIRMED and data.by not in _APPLICANTS,
)
_GIVEN_UP = When(
    N_("where it was confirmed, and the officer cancelled it"),
    lambda data: data.was is MatchState.CONFIRMED and data.by in _APPLICANTS,
)

RULES = (
    Rule(
        "match_to_clear_home",
        matches.MatchProposed,
        A.HOME_COORDINATOR,
        N_("A match waits for your clearance"),
        (
            N_("There is a place in %(host_country)s for %(reference)s."),
            N_("Please clear the officer, or refuse, by %(due)s. Then the host country is asked."),
        ),
        "match",
        _MATCH,
    ),
    Rule(
        "match_to_clear_host",
        participation.ClearanceGiven,
        A.HOST_COORDINATOR,
        N_("A guest waits for your clearance"),
        (
            N_("%(country)s has cleared an officer for a place in your country: %(reference)s."),
            N_("Please clear the officer too, or refuse, by %(due)s."),
        ),
        "match",
        _MATCH,
        when=When(N_("by the home country"), lambda data: data.side is Side.HOME),
    ),
    Rule(
        "match_offered",
        matches.MatchOffered,
        A.APPLICANT,
        N_("A place is offered to you"),
        (
            N_("There is a place for you in %(host_country)s (%(topic)s)."),
            N_("Please accept or decline by %(due)s. Without an answer it goes to the next in line."),
        ),
        "match",
        _ANSWER,
        when=_VISIT,
    ),
    Rule(
        "match_offered_host",
        matches.MatchOffered,
        A.HOST_CONTACT,
        N_("A guest is proposed to you"),
        (
            N_("An officer from %(country)s is proposed for your placement (%(topic)s)."),
            N_("Please accept or decline by %(due)s."),
        ),
        "match",
        _ANSWER,
    ),
    Rule(
        "mentor_offered",
        matches.MatchOffered,
        A.APPLICANT,
        N_("A mentor is offered to you"),
        (
            N_("There is a mentor for you in %(host_country)s (%(topic)s)."),
            N_("Please accept or decline by %(due)s. Without an answer the mentor goes to the next in line."),
        ),
        "match",
        _ANSWER,
        when=_MENTEE,
    ),
    Rule(
        "mentee_offered",
        matches.MatchOffered,
        A.MENTOR,
        N_("A mentee is proposed to you"),
        (
            N_("An officer from %(country)s would like you as a mentor (%(topic)s)."),
            N_("Please accept or decline by %(due)s."),
        ),
        "match",
        _ANSWER,
    ),
    Rule(
        "match_confirmed",
        matches.MatchConfirmed,
        A.APPLICANT,
        N_("Your place is confirmed"),
        (
            N_("Both sides have said yes: you go to %(host_country)s."),
            N_("We now look for the dates and send you an invitation for your calendar."),
        ),
        "application",
        _READ,
        when=_VISIT,
    ),
    Rule(
        "mentor_confirmed",
        matches.MatchConfirmed,
        A.APPLICANT,
        N_("Your mentor is confirmed"),
        (N_("Both sides have said yes. The next step is the agreement, which you both sign."),),
        "application",
        _READ,
        when=_MENTEE,
    ),
    Rule(
        "match_confirmed_host",
        matches.MatchConfirmed,
        A.HOST_CONTACT,
        N_("A guest is confirmed"),
        (N_("Both sides have said yes to %(reference)s. The dates follow with an invitation for your calendar."),),
        "match",
        _MATCH,
    ),
    Rule(
        "mentee_confirmed",
        matches.MatchConfirmed,
        A.MENTOR,
        N_("Your mentee is confirmed"),
        (N_("Both sides have said yes. The next step is the agreement, which you both sign."),),
        "match",
        _MATCH,
    ),
    Rule(
        "match_confirmed_home",
        matches.MatchConfirmed,
        A.HOME_COORDINATOR,
        N_("An officer of your country has a place"),
        (N_("%(reference)s is confirmed, in %(host_country)s."),),
        "match",
        _MATCH,
        mandatory=False,
    ),
    Rule(
        "match_declined",
        matches.MatchDeclined,
        A.APPLICANT,
        N_("The match does not go ahead"),
        (
            N_("The place offered for %(reference)s was declined by: %(by)s. The reason: %(reason)s."),
            N_("Your application takes part in the matching again."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "match_declined_host",
        matches.MatchDeclined,
        A.HOST_CONTACT,
        N_("A guest does not come"),
        (N_("The match %(reference)s was declined by: %(by)s."), N_("The next in line is proposed to you.")),
        "match",
        _MATCH,
    ),
    Rule(
        "mentee_declined",
        matches.MatchDeclined,
        A.MENTOR,
        N_("A mentorship does not begin"),
        (N_("The match %(reference)s was declined by: %(by)s."), N_("We look for another mentee for you.")),
        "match",
        _MATCH,
    ),
    Rule(
        "match_expired",
        matches.MatchExpired,
        A.APPLICANT,
        N_("The time to answer is over"),
        (
            N_("Not all answers came in time, so the place offered for %(reference)s goes to the next in line."),
            N_("Who did not answer: %(silent)s."),
            N_("Your application takes part in the matching again. A second silence of yours withdraws it."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "match_expired_host",
        matches.MatchExpired,
        A.HOST_CONTACT,
        N_("The time to answer is over"),
        (
            N_("Not all answers on %(reference)s came in time, so this match has ended."),
            N_("Who did not answer: %(silent)s."),
            N_("The next in line is proposed to you."),
        ),
        "match",
        _MATCH,
    ),
    Rule(
        "mentee_expired",
        matches.MatchExpired,
        A.MENTOR,
        N_("The time to answer is over"),
        (
            N_("Not all answers on %(reference)s came in time, so this match has ended."),
            N_("Who did not answer: %(silent)s."),
        ),
        "match",
        _MATCH,
    ),
    Rule(
        "answer_too_late",
        matches.AnswerTooLate,
        A.APPLICANT,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The place had gone to the next in line."),),
        "application",
        _READ,
        when=When(N_("by guest or mentee"), lambda data: data.by in {Party.GUEST, Party.MENTEE}),
    ),
    Rule(
        "answer_too_late_host",
        matches.AnswerTooLate,
        A.HOST_CONTACT,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The match had ended."),),
        "match",
        _MATCH,
        when=When(N_("by the host"), lambda data: data.by is Party.HOST),
    ),
    Rule(
        "answer_too_late_mentor",
        matches.AnswerTooLate,
        A.MENTOR,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The match had ended."),),
        "match",
        _MATCH,
        when=When(N_("by the mentor"), lambda data: data.by is Party.MENTOR),
    ),
    Rule(
        "match_superseded_home",
        matches.MatchSuperseded,
        A.HOME_COORDINATOR,
        N_("A match was replaced"),
        (N_("The programme has put another match in the place of the one for %(reference)s."), _ENDED),
        "match",
        _MATCH,
    ),
    Rule(
        "match_cancelled",
        matches.MatchCancelled,
        A.APPLICANT,
        N_("Your match was cancelled"),
        (
            N_("The match for %(reference)s was cancelled by: %(by)s."),
            _ENDED,
        ),
        "application",
        _READ,
        when=_OFFERED,
    ),
    Rule(
        "place_lost",
        matches.MatchCancelled,
        A.APPLICANT,
        N_("Your place was cancelled"),
        (
            N_("The place that was confirmed for %(reference)s was cancelled by: %(by)s."),
            _ENDED,
            N_("While the call is open, your application looks for another place. You need not do anything."),
        ),
        "application",
        _READ,
        when=_LOST,
        urgent=True,
    ),
    Rule(
        "place_given_up",
        matches.MatchCancelled,
        A.APPLICANT,
        N_("You gave your place up"),
        (
            N_("The place that was confirmed for %(reference)s is cancelled, as you asked."),
            N_("Your application has ended with it. You can apply again in another call."),
        ),
        "application",
        _READ,
        when=_GIVEN_UP,
    ),
    Rule(
        "match_cancelled_host",
        matches.MatchCancelled,
        A.HOST_CONTACT,
        N_("A match was cancelled"),
        (N_("The match %(reference)s was cancelled by: %(by)s."), _ENDED),
        "match",
        _MATCH,
        when=_KNOWN,
    ),
    Rule(
        "mentee_cancelled",
        matches.MatchCancelled,
        A.MENTOR,
        N_("A match was cancelled"),
        (N_("The match %(reference)s was cancelled by: %(by)s."), _ENDED),
        "match",
        _MATCH,
        when=_KNOWN,
    ),
    Rule(
        "match_cancelled_home",
        matches.MatchCancelled,
        A.HOME_COORDINATOR,
        N_("A match was cancelled"),
        (N_("The match for %(reference)s was cancelled by: %(by)s."), _ENDED),
        "match",
        _MATCH,
    ),
)
