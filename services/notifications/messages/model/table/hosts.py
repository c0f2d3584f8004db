"""Messages to hosts and mentors about their placements and profiles."""

from services.notifications.messages.model.rule import Rule, When
from shared.contracts import mentors, offers, registry
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import CloseCause, PartnerStatus, PauseCause
from shared.i18n import N_

_READ = N_("Open the placement")
_PROFILE = N_("Open your profile")
_SILENCE = When(N_("after no answer"), lambda data: data.cause is PauseCause.SILENCE)
_SUSPENDED = When(N_("where the partner is suspended"), lambda data: data.cause is PauseCause.PARTNER_SUSPENDED)
# To the owners of what paused when the country was suspended: only an owner resumes it.
_REINSTATED = When(N_("where the country takes part again"), lambda data: data.status is PartnerStatus.REINSTATED)
_CALL_CLOSED = When(N_("where the call has closed"), lambda data: data.cause is CloseCause.CALL_CLOSED)

RULES = (
    Rule(
        "offer_to_endorse",
        offers.OfferSubmitted,
        A.HOST_COORDINATOR,
        N_("A placement is waiting for you"),
        (
            N_("An agency of your country has submitted a placement: %(reference)s."),
            N_("Please endorse it, or return it for information, by %(due)s."),
        ),
        "offer",
        _READ,
    ),
    Rule(
        "offer_returned",
        offers.OfferReturned,
        A.HOST_CONTACT,
        N_("Your coordinator has a question about your placement"),
        (
            N_("Your national coordinator needs more information on %(reference)s: %(sections)s."),
            N_("Please change the placement as asked, and submit it again."),
        ),
        "offer",
        N_("Answer the question"),
    ),
    Rule(
        "offer_endorsed",
        offers.OfferEndorsed,
        A.HOST_CONTACT,
        N_("Your placement is endorsed"),
        (
            N_("Your national coordinator has endorsed the placement %(reference)s."),
            N_("Please publish it. Until you do, it does not take part in the matching."),
        ),
        "offer",
        _READ,
    ),
    Rule(
        "offer_published",
        offers.OfferPublished,
        A.HOST_CONTACT,
        N_("Your placement is published"),
        (
            N_(
                "%(reference)s is published and takes part in the matching. We will write when there is a guest "
                "for you."
            ),
        ),
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
            N_("Please tell us by %(due)s whether %(reference)s is still available. Without an answer, it is paused."),
            N_("The link opens a page with one button. You do not need to sign in."),
        ),
        "offer",
        N_("Answer the availability check"),
        answers=True,
    ),
    Rule(
        "offer_paused",
        offers.OfferPaused,
        A.HOST_CONTACT,
        N_("Your placement is paused"),
        (N_("We had no answer from you, so %(reference)s is paused. You can resume it at any time."),),
        "offer",
        _READ,
        when=_SILENCE,
    ),
    Rule(
        "offer_paused_with_partner",
        offers.OfferPaused,
        A.HOST_CONTACT,
        N_("Your placement is paused"),
        (
            N_("Your country's part in the programme is suspended, so %(reference)s is paused."),
            N_("It stays paused when the country is reinstated. If it is still available then, resume it yourself."),
        ),
        "offer",
        _READ,
        when=_SUSPENDED,
        urgent=True,
    ),
    Rule(
        "offer_may_go_on",
        registry.PartnerStatusChanged,
        A.HOST_CONTACT,
        N_("Your placement can continue"),
        (
            N_("%(host_country)s takes part again, so %(reference)s no longer needs to be paused."),
            N_("Please resume it if it is still available. Until you do, it does not take part in the matching."),
        ),
        "offer",
        _READ,
        when=_REINSTATED,
    ),
    Rule(
        "offer_full",
        offers.OfferClosed,
        A.HOST_CONTACT,
        N_("Your placement is full"),
        (N_("All places of %(reference)s are taken. Confirmed visits stay as they are."),),
        "offer",
        _READ,
        when=When(N_("where it is full"), lambda data: data.cause is CloseCause.FULL),
        mandatory=False,
    ),
    Rule(
        "offer_over",
        offers.OfferClosed,
        A.HOST_CONTACT,
        N_("Your placement has ended"),
        (
            N_("The periods of %(reference)s have ended, so it is closed. Confirmed visits stay as they are."),
            N_("If you have time again, add a later period, or copy it to another call."),
        ),
        "offer",
        _READ,
        when=When(N_("where its periods have ended"), lambda data: data.cause is CloseCause.PERIOD_OVER),
        mandatory=False,
    ),
    Rule(
        "offer_closed_with_call",
        offers.OfferClosed,
        A.HOST_CONTACT,
        N_("Your placement is closed with its call"),
        (N_("The call has closed, and %(reference)s with it. Confirmed visits stay as they are."),),
        "offer",
        _READ,
        when=_CALL_CLOSED,
        mandatory=False,
    ),
    Rule(
        "offer_voided",
        offers.OfferVoided,
        A.HOST_CONTACT,
        N_("Your placement was removed"),
        (N_("The placement %(reference)s was removed and is not counted. The reason: %(reason)s."),),
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
        (N_("Your profile as a mentor takes part in the matching. We will write when there is somebody for you."),),
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
            N_("Please tell us by %(due)s whether you still take mentees. Without an answer, your profile is paused."),
            N_("The link opens a page with one button. You do not need to sign in."),
        ),
        "mentor",
        N_("Answer the availability check"),
        answers=True,
    ),
    Rule(
        "mentor_paused",
        mentors.MentorPaused,
        A.MENTOR,
        N_("Your profile is paused"),
        (N_("We had no answer from you, so your profile as a mentor is paused. You can resume it at any time."),),
        "mentor",
        _PROFILE,
        when=_SILENCE,
    ),
    Rule(
        "mentor_paused_with_partner",
        mentors.MentorPaused,
        A.MENTOR,
        N_("Your profile is paused"),
        (
            N_("Your country's part in the programme is suspended, so your profile as a mentor is paused."),
            N_("It stays paused when the country is reinstated. If you still take mentees then, resume it yourself."),
        ),
        "mentor",
        _PROFILE,
        when=_SUSPENDED,
        urgent=True,
    ),
    Rule(
        "mentor_may_go_on",
        registry.PartnerStatusChanged,
        A.MENTOR,
        N_("Your profile can continue"),
        (
            N_("%(host_country)s takes part again, so your profile as a mentor no longer needs to be paused."),
            N_("Please resume it if you still take mentees. Until you do, nobody is matched with you."),
        ),
        "mentor",
        _PROFILE,
        when=_REINSTATED,
    ),
    Rule(
        "mentor_over",
        mentors.MentorClosed,
        A.MENTOR,
        N_("Your profile has ended"),
        (
            N_("The periods of your profile have ended, so it is closed. Open mentorships stay as they are."),
            N_("If you have time again, add a later period."),
        ),
        "mentor",
        _PROFILE,
        when=When(N_("where its periods have ended"), lambda data: data.cause is CloseCause.PERIOD_OVER),
        mandatory=False,
    ),
    Rule(
        "mentor_closed_with_call",
        mentors.MentorClosed,
        A.MENTOR,
        N_("Your profile is closed with its call"),
        (N_("The call has closed, and your profile as a mentor with it. Open mentorships stay as they are."),),
        "mentor",
        _PROFILE,
        when=_CALL_CLOSED,
        mandatory=False,
    ),
)
