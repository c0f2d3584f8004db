"""Who is told how a placement or a mentor's profile goes."""

from services.notifications.model.rule import Rule, When
from shared.contracts import mentors, offers
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import CloseCause, PauseCause
from shared.web.i18n import N_

_READ = N_("Open the placement")
_PROFILE = N_("Open your profile")
_SILENCE = When(N_("for silence"), lambda data: data.cause is PauseCause.SILENCE)
_SUSPENDED = When(N_("where the partner is suspended"), lambda data: data.cause is PauseCause.PARTNER_SUSPENDED)

RULES = (
    Rule(
        "offer_to_endorse",
        offers.OfferSubmitted,
        A.HOST_COORDINATOR,
        N_("A placement waits for you"),
        (
            N_("An agency of your country offers a placement: %(reference)s."),
            N_("Please endorse it, or send it back with a question, by %(due)s."),
        ),
        "offer",
        _READ,
    ),
    Rule(
        "offer_returned",
        offers.OfferReturned,
        A.HOST_CONTACT,
        N_("Your coordinator has a question on your placement"),
        (N_("Your national coordinator needs more on %(reference)s: %(sections)s."),),
        "offer",
        N_("Answer"),
    ),
    Rule(
        "offer_endorsed",
        offers.OfferEndorsed,
        A.HOST_CONTACT,
        N_("Your placement is endorsed"),
        (N_("Your national coordinator has endorsed %(reference)s. You can publish it now."),),
        "offer",
        _READ,
    ),
    Rule(
        "offer_published",
        offers.OfferPublished,
        A.HOST_CONTACT,
        N_("Your placement is published"),
        (N_("%(reference)s is published and takes part in the matching. We write when there is a guest for you."),),
        "offer",
        _READ,
        mandatory=False,
    ),
    Rule(
        "offer_availability",
        offers.AvailabilityAsked,
        A.HOST_CONTACT,
        N_("Is your placement still available?"),
        (
            N_("Please say by %(due)s whether %(reference)s is still available. Without an answer it pauses."),
            N_("The page that the link opens asks with one button. You need not sign in."),
        ),
        "offer",
        N_("Answer"),
        answers=True,
    ),
    Rule(
        "offer_paused",
        offers.OfferPaused,
        A.HOST_CONTACT,
        N_("Your placement pauses"),
        (N_("We had no answer from you, so %(reference)s pauses. You can resume it at any time."),),
        "offer",
        _READ,
        when=_SILENCE,
    ),
    Rule(
        "offer_paused_with_partner",
        offers.OfferPaused,
        A.HOST_CONTACT,
        N_("Your placement pauses"),
        (
            N_("Your country's part in the programme is suspended, so %(reference)s pauses."),
            N_("It stays paused when the country is reinstated: resume it yourself then, if it is still available."),
        ),
        "offer",
        _READ,
        when=_SUSPENDED,
    ),
    Rule(
        "offer_full",
        offers.OfferClosed,
        A.HOST_CONTACT,
        N_("Your placement is full"),
        (N_("All places of %(reference)s are taken. The confirmed visits stand."),),
        "offer",
        _READ,
        when=When(N_("where it is full"), lambda data: data.cause is CloseCause.FULL),
        mandatory=False,
    ),
    Rule(
        "offer_over",
        offers.OfferClosed,
        A.HOST_CONTACT,
        N_("Your placement is over"),
        (
            N_("The periods of %(reference)s are over, so it is closed. The confirmed visits stand."),
            N_("If you have time again, give it a later period, or copy it to another call."),
        ),
        "offer",
        _READ,
        when=When(N_("where its periods are over"), lambda data: data.cause is CloseCause.PERIOD_OVER),
        mandatory=False,
    ),
    Rule(
        "offer_voided",
        offers.OfferVoided,
        A.HOST_CONTACT,
        N_("Your placement was entered in error"),
        (N_("The programme coordinator has taken %(reference)s out: %(reason)s. It is not counted."),),
        "offer",
        _READ,
    ),
    Rule(
        "offer_withdrawn",
        offers.OfferWithdrawn,
        A.HOST_COORDINATOR,
        N_("A placement was withdrawn"),
        (N_("The agency has withdrawn %(reference)s. The reason: %(reason)s."),),
        "offer",
        _READ,
    ),
    Rule(
        "mentor_published",
        mentors.MentorPublished,
        A.MENTOR,
        N_("Your profile is published"),
        (N_("Your profile as a mentor takes part in the matching. We write when there is somebody for you."),),
        "mentor",
        _PROFILE,
        mandatory=False,
    ),
    Rule(
        "mentor_availability",
        mentors.MentorAvailabilityAsked,
        A.MENTOR,
        N_("Are you still available as a mentor?"),
        (
            N_("Please say by %(due)s whether you still take mentees. Without an answer your profile pauses."),
            N_("The page that the link opens asks with one button. You need not sign in."),
        ),
        "mentor",
        N_("Answer"),
        answers=True,
    ),
    Rule(
        "mentor_paused",
        mentors.MentorPaused,
        A.MENTOR,
        N_("Your profile pauses"),
        (N_("We had no answer from you, so your profile as a mentor pauses. You can resume it at any time."),),
        "mentor",
        _PROFILE,
        when=_SILENCE,
    ),
    Rule(
        "mentor_paused_with_partner",
        mentors.MentorPaused,
        A.MENTOR,
        N_("Your profile pauses"),
        (
            N_("Your country's part in the programme is suspended, so your profile as a mentor pauses."),
            N_("It stays paused when the country is reinstated: resume it yourself then, if you still take mentees."),
        ),
        "mentor",
        _PROFILE,
        when=_SUSPENDED,
    ),
    Rule(
        "mentor_over",
        mentors.MentorClosed,
        A.MENTOR,
        N_("Your profile is over"),
        (
            N_("The periods of your profile are over, so it is closed. The mentorships that are open stand."),
            N_("If you have time again, give it a later period."),
        ),
        "mentor",
        _PROFILE,
        when=When(N_("where its periods are over"), lambda data: data.cause is CloseCause.PERIOD_OVER),
        mandatory=False,
    ),
)
