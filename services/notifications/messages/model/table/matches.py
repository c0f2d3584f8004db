"""Messages on the way to a match: clearance, the offer, and the yes of both sides."""

from services.notifications.messages.model.rule import Rule, When
from shared.contracts import matches, participation
from shared.contracts.codes import ApplicationKind, Side
from shared.contracts.codes import AudienceKind as A
from shared.i18n import N_

_READ = N_("Open your application")
_CLEARING = N_("To clear an officer means that your country or agency agrees to the match.")
_MATCH = N_("Open the match")
_ANSWER = N_("Accept or decline the match")
_VISIT = When(N_("for a study visit"), lambda data: data.pairing.kind is ApplicationKind.STUDY_VISIT)
_MENTEE = When(N_("for a mentorship"), lambda data: data.pairing.kind is ApplicationKind.MENTEE)
# An officer in reserve knows only the standing on their own page: only the home country was asked.
HOLDS = When(N_("not for a reserve"), lambda data: not data.reserve)
RESERVE = When(N_("for a reserve"), lambda data: data.reserve)

RULES = (
    Rule(
        "match_to_clear_home",
        matches.MatchProposed,
        A.HOME_COORDINATOR,
        N_("A match needs your clearance"),
        (
            N_("There is a place in %(host_country)s for %(reference)s."),
            N_("Please clear the officer, or refuse clearance, by %(due)s. Then we ask the host country."),
            _CLEARING,
        ),
        "match",
        _MATCH,
        when=HOLDS,
    ),
    Rule(
        "reserve_to_clear_home",
        matches.MatchProposed,
        A.HOME_COORDINATOR,
        N_("A reserve needs your clearance"),
        (
            N_("%(reference)s is next in line for a place in %(host_country)s that somebody else holds."),
            N_("Please clear the officer, or refuse clearance, by %(due)s. Then we ask the host country."),
            _CLEARING,
            N_("Nothing is offered until the place becomes free. Then it is offered at once."),
        ),
        "match",
        _MATCH,
        when=RESERVE,
    ),
    Rule(
        "match_to_clear_host",
        participation.ClearanceGiven,
        A.HOST_COORDINATOR,
        N_("A guest needs your clearance"),
        (
            N_("%(country)s has cleared an officer for a place in your country: %(reference)s."),
            N_("Please clear the officer too, or refuse clearance, by %(due)s."),
            _CLEARING,
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
            N_("Please accept or decline by %(due)s. Without an answer, the place goes to the next in line."),
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
            N_("Please accept or decline by %(due)s. Without an answer, the mentor goes to the next in line."),
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
            N_("Both sides have accepted. You go to %(host_country)s."),
            N_("We are now looking for dates and will send you an invitation for your calendar."),
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
        (N_("Both sides have accepted. The next step is the agreement, which you both sign."),),
        "application",
        _READ,
        when=_MENTEE,
    ),
    Rule(
        "match_confirmed_host",
        matches.MatchConfirmed,
        A.HOST_CONTACT,
        N_("A guest is confirmed"),
        (N_("Both sides have accepted %(reference)s. The dates follow with an invitation for your calendar."),),
        "match",
        _MATCH,
    ),
    Rule(
        "mentee_confirmed",
        matches.MatchConfirmed,
        A.MENTOR,
        N_("Your mentee is confirmed"),
        (N_("Both sides have accepted. The next step is the agreement, which you both sign."),),
        "match",
        _MATCH,
    ),
    Rule(
        "match_confirmed_home",
        matches.MatchConfirmed,
        A.HOME_COORDINATOR,
        N_("An officer of your country has a place"),
        (N_("The place of %(reference)s in %(host_country)s is confirmed."),),
        "match",
        _MATCH,
        mandatory=False,
    ),
)
