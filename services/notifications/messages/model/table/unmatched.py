"""Messages about matches that end: declined, not answered, replaced or cancelled."""

from services.notifications.messages.model.rule import Rule, When
from services.notifications.messages.model.table.matches import HOLDS, RESERVE
from shared.contracts import matches
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import MatchState, Party
from shared.contracts.matches import SILENCES
from shared.i18n import N_

_READ = N_("Open your application")
_MATCH = N_("Open the match")
# Before an offer the applicant knows of no match; after it, both sides get a message.
_KNOWN = When(N_("where it had been offered"), lambda data: data.was in {MatchState.OFFERED, MatchState.CONFIRMED})
_ENDED = N_("The reason: %(reason)s.")
_APPLICANTS = frozenset({Party.GUEST, Party.MENTEE})
_STAYS = N_("Your application stays in the matching while the call is open.")
_NEXT = N_("If another officer is next in line for this place, we propose that officer to you.")
_NEXT_MENTEE = N_("While your profile is published, we look for another mentee for you.")
_TIME_ENDED = N_("The time to answer has ended")
_YOU_DECLINED = N_("You declined the match for %(reference)s.")
_OFFICER_DECLINED = N_("The officer declined the match for %(reference)s.")
_YOU_SILENT = N_("You did not answer in time on %(reference)s, so this match has ended.")
_OFFICER_SILENT = N_("The officer did not answer in time on %(reference)s, so this match has ended.")
_BY_APPLICANT = When(N_("by guest or mentee"), lambda data: data.by in _APPLICANTS)
_OTHER_ANSWERED = When(N_("where only the officer did not answer"), lambda data: _APPLICANTS.issuperset(data.silent))
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


def _officer_silent(data: matches.MatchExpired) -> bool:
    """Return whether the guest or mentee gave no answer, alone or like the other side."""
    return not _APPLICANTS.isdisjoint(data.silent)


RULES = (
    Rule(
        "match_declined",
        matches.MatchDeclined,
        A.APPLICANT,
        N_("The match does not go ahead"),
        (N_("The other side declined the match for %(reference)s."), _ENDED, _STAYS),
        "application",
        _READ,
        when=When(N_("by the host or the mentor"), lambda data: data.by not in _APPLICANTS),
    ),
    Rule(
        "match_declined_own",
        matches.MatchDeclined,
        A.APPLICANT,
        N_("You declined the match"),
        (_YOU_DECLINED, N_("The same match is not offered to you again."), _STAYS),
        "application",
        _READ,
        when=_BY_APPLICANT,
        mandatory=False,
    ),
    Rule(
        "match_declined_host",
        matches.MatchDeclined,
        A.HOST_CONTACT,
        N_("A match was declined"),
        (_OFFICER_DECLINED, _NEXT),
        "match",
        _MATCH,
        when=_BY_APPLICANT,
    ),
    Rule(
        "match_declined_host_own",
        matches.MatchDeclined,
        A.HOST_CONTACT,
        N_("A match was declined"),
        (N_("Your organisation declined the match for %(reference)s."), _NEXT),
        "match",
        _MATCH,
        when=When(N_("by the host"), lambda data: data.by is Party.HOST),
        mandatory=False,
    ),
    Rule(
        "mentee_declined",
        matches.MatchDeclined,
        A.MENTOR,
        N_("A mentorship does not begin"),
        (_OFFICER_DECLINED, _NEXT_MENTEE),
        "match",
        _MATCH,
        when=_BY_APPLICANT,
    ),
    Rule(
        "mentee_declined_own",
        matches.MatchDeclined,
        A.MENTOR,
        N_("You declined the match"),
        (_YOU_DECLINED, _NEXT_MENTEE),
        "match",
        _MATCH,
        when=When(N_("by the mentor"), lambda data: data.by is Party.MENTOR),
        mandatory=False,
    ),
    Rule(
        "match_expired",
        matches.MatchExpired,
        A.APPLICANT,
        _TIME_ENDED,
        (_YOU_SILENT, _STAYS, N_("If you do not answer a second time, your application is withdrawn.")),
        "application",
        _READ,
        when=When(
            N_("after the officer's first missing answer"),
            lambda data: _officer_silent(data) and data.silences < SILENCES,
        ),
    ),
    Rule(
        "match_expired_again",
        matches.MatchExpired,
        A.APPLICANT,
        _TIME_ENDED,
        (_YOU_SILENT, N_("It is the second time without an answer, so your application is withdrawn.")),
        "application",
        _READ,
        when=When(
            N_("after the officer's second missing answer"),
            lambda data: _officer_silent(data) and data.silences >= SILENCES,
        ),
    ),
    Rule(
        "match_expired_by_other",
        matches.MatchExpired,
        A.APPLICANT,
        N_("The match does not go ahead"),
        (
            N_("The other side did not answer in time on %(reference)s, so this match has ended."),
            _STAYS,
            N_("You do not need to do anything."),
        ),
        "application",
        _READ,
        when=When(N_("where only the host or the mentor did not answer"), lambda data: not _officer_silent(data)),
    ),
    Rule(
        "match_expired_host",
        matches.MatchExpired,
        A.HOST_CONTACT,
        _TIME_ENDED,
        (_OFFICER_SILENT, _NEXT),
        "match",
        _MATCH,
        when=_OTHER_ANSWERED,
    ),
    Rule(
        "match_expired_host_own",
        matches.MatchExpired,
        A.HOST_CONTACT,
        _TIME_ENDED,
        (
            N_("Your organisation did not answer in time on %(reference)s, so this match has ended."),
            _NEXT,
            N_("If the placement is no longer available, please pause it."),
        ),
        "match",
        _MATCH,
        when=When(N_("where the host did not answer"), lambda data: Party.HOST in data.silent),
    ),
    Rule(
        "mentee_expired",
        matches.MatchExpired,
        A.MENTOR,
        _TIME_ENDED,
        (_OFFICER_SILENT, _NEXT_MENTEE),
        "match",
        _MATCH,
        when=_OTHER_ANSWERED,
    ),
    Rule(
        "mentee_expired_own",
        matches.MatchExpired,
        A.MENTOR,
        _TIME_ENDED,
        (_YOU_SILENT, _NEXT_MENTEE, N_("If you no longer take mentees, please pause your profile.")),
        "match",
        _MATCH,
        when=When(N_("where the mentor did not answer"), lambda data: Party.MENTOR in data.silent),
    ),
    Rule(
        "answer_too_late",
        matches.AnswerTooLate,
        A.APPLICANT,
        N_("Your answer came too late"),
        (
            N_("Your answer on %(reference)s came after %(due)s. The place had already gone to the next in line."),
            N_("The page of your application shows the next step."),
        ),
        "application",
        _READ,
        when=_BY_APPLICANT,
    ),
    Rule(
        "answer_too_late_host",
        matches.AnswerTooLate,
        A.HOST_CONTACT,
        N_("Your answer came too late"),
        (
            N_("Your answer on %(reference)s came after %(due)s. The match had already ended."),
            N_("You do not need to do anything."),
        ),
        "match",
        _MATCH,
        when=When(N_("by the host"), lambda data: data.by is Party.HOST),
    ),
    Rule(
        "answer_too_late_mentor",
        matches.AnswerTooLate,
        A.MENTOR,
        N_("Your answer came too late"),
        (
            N_("Your answer on %(reference)s came after %(due)s. The match had already ended."),
            N_("You do not need to do anything."),
        ),
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
            N_("You do not need to do anything."),
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
            N_("You do not need to do anything."),
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
            N_("You do not need to do anything."),
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
            N_("The page of your application shows the next step."),
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
