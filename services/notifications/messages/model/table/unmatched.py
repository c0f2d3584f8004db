"""Messages about matches that end: declined, not answered, replaced or cancelled."""

from services.notifications.messages.model.rule import Rule, When
from services.notifications.messages.model.table.matches import HOLDS, RESERVE
from shared.contracts import matches
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import MatchState, Party
from shared.i18n import N_

_READ = N_("Open your application")
_MATCH = N_("Open the match")
# Before an offer the applicant knows of no match; after it, both sides get a message.
_KNOWN = When(N_("where it had been offered"), lambda data: data.was in {MatchState.OFFERED, MatchState.CONFIRMED})
_ENDED = N_("The reason: %(reason)s.")
_APPLICANTS = frozenset({Party.GUEST, Party.MENTEE})
_OFFERED = When(
    N_("where it had been offered, not confirmed, and the application continues"),
    lambda data: data.was is MatchState.OFFERED and not data.application_ended,
)
_WAS_OFFERED = When(N_("where it had been offered"), lambda data: data.was is MatchState.OFFERED)
_LOST = When(
    N_("where it was confirmed, somebody else cancelled it, and the application continues"),
    lambda data: data.was is MatchState.CONFIRMED and data.by not in _APPLICANTS and not data.application_ended,
)
_GIVEN_UP = When(
    N_("where it was confirmed, and the officer cancelled it"),
    lambda data: data.was is MatchState.CONFIRMED and data.by in _APPLICANTS,
)

RULES = (
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
        N_("A guest is not coming"),
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
        N_("The time to answer has ended"),
        (
            N_("Not all answers came in time, so the place offered for %(reference)s goes to the next in line."),
            N_("No answer from: %(silent)s."),
            N_("Your application takes part in the matching again. The next time you do not answer, it is withdrawn."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "match_expired_host",
        matches.MatchExpired,
        A.HOST_CONTACT,
        N_("The time to answer has ended"),
        (
            N_("Not all answers on %(reference)s came in time, so this match has ended."),
            N_("No answer from: %(silent)s."),
            N_("The next in line is proposed to you."),
        ),
        "match",
        _MATCH,
    ),
    Rule(
        "mentee_expired",
        matches.MatchExpired,
        A.MENTOR,
        N_("The time to answer has ended"),
        (
            N_("Not all answers on %(reference)s came in time, so this match has ended."),
            N_("No answer from: %(silent)s."),
        ),
        "match",
        _MATCH,
    ),
    Rule(
        "answer_too_late",
        matches.AnswerTooLate,
        A.APPLICANT,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The place had already gone to the next in line."),),
        "application",
        _READ,
        when=When(N_("by guest or mentee"), lambda data: data.by in {Party.GUEST, Party.MENTEE}),
    ),
    Rule(
        "answer_too_late_host",
        matches.AnswerTooLate,
        A.HOST_CONTACT,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The match had already ended."),),
        "match",
        _MATCH,
        when=When(N_("by the host"), lambda data: data.by is Party.HOST),
    ),
    Rule(
        "answer_too_late_mentor",
        matches.AnswerTooLate,
        A.MENTOR,
        N_("Your answer came too late"),
        (N_("Your answer on %(reference)s came after %(due)s. The match had already ended."),),
        "match",
        _MATCH,
        when=When(N_("by the mentor"), lambda data: data.by is Party.MENTOR),
    ),
    Rule(
        "match_superseded_home",
        matches.MatchSuperseded,
        A.HOME_COORDINATOR,
        N_("A match was replaced"),
        (N_("The programme has replaced the match for %(reference)s with another match."), _ENDED),
        "match",
        _MATCH,
        when=HOLDS,
    ),
    Rule(
        "match_superseded",
        matches.MatchSuperseded,
        A.APPLICANT,
        N_("The match does not go ahead"),
        (
            N_("The programme has replaced the match offered for %(reference)s with another match."),
            _ENDED,
        ),
        "application",
        _READ,
        when=_WAS_OFFERED,
    ),
    Rule(
        "match_superseded_host",
        matches.MatchSuperseded,
        A.HOST_CONTACT,
        N_("A match was replaced"),
        (
            N_("The match %(reference)s, which was proposed to you, is no longer active."),
            _ENDED,
        ),
        "match",
        _MATCH,
        when=_WAS_OFFERED,
    ),
    Rule(
        "mentee_superseded",
        matches.MatchSuperseded,
        A.MENTOR,
        N_("A match was replaced"),
        (
            N_("The match %(reference)s, which was proposed to you, is no longer active."),
            _ENDED,
        ),
        "match",
        _MATCH,
        when=_WAS_OFFERED,
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
        prompt=True,
    ),
    Rule(
        "place_lost",
        matches.MatchCancelled,
        A.APPLICANT,
        N_("Your place was cancelled"),
        (
            N_("The confirmed place for %(reference)s was cancelled by: %(by)s."),
            _ENDED,
            N_("While the call is open, we look for another place for you. You do not need to do anything."),
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
        N_("You gave up your place"),
        (
            N_("The confirmed place for %(reference)s is cancelled, as you asked."),
            N_("Your application has ended too. You can apply again in another call."),
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
        prompt=True,
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
        prompt=True,
    ),
    Rule(
        "match_cancelled_home",
        matches.MatchCancelled,
        A.HOME_COORDINATOR,
        N_("A match was cancelled"),
        (N_("The match for %(reference)s was cancelled by: %(by)s."), _ENDED),
        "match",
        _MATCH,
        when=HOLDS,
    ),
    Rule(
        "reserve_ended_home",
        matches.MatchCancelled,
        A.HOME_COORDINATOR,
        N_("A reserve has ended"),
        (
            N_("%(reference)s is no longer a reserve for a place in %(host_country)s. You do not need to do anything."),
            N_("The officer received no offer and stays in the matching while the application is open."),
        ),
        "match",
        _MATCH,
        when=RESERVE,
    ),
    Rule(
        "match_cancelled_host_country",
        matches.MatchCancelled,
        A.HOST_COORDINATOR,
        N_("A match was cancelled"),
        (N_("The match for %(reference)s was cancelled by: %(by)s."), _ENDED),
        "match",
        _MATCH,
        when=When(
            N_("where the host country had cleared it"),
            lambda data: data.was in {MatchState.CLEARED, MatchState.OFFERED, MatchState.CONFIRMED},
        ),
        mandatory=False,
    ),
)
