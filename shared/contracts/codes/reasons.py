"""List the reasons why something did not happen or changed. Codes only: free text stays in its owner's store."""

from shared.contracts.codes._base import N_, Code


class Reason(Code):
    """Reasons for a change, a decline or a cancellation, as they are in events.

    `health` and `clearance` are reasons that a form offers; they leave the portal as `personal` (`published`).
    """

    NOT_AVAILABLE = "not_available", N_("Not available")
    LANGUAGE_MISMATCH = "language_mismatch", N_("Languages do not match")
    TIMETABLE_CONFLICT = "timetable_conflict", N_("Timetable conflict")
    OPERATIONAL_DUTY = "operational_duty", N_("Operational duty")
    VISA_REFUSED = "visa_refused", N_("Visa refused")
    PERSONAL = "personal", N_("Personal reason")
    FUNDING = "funding", N_("Funding")
    PARTNER_SUSPENDED = "partner_suspended", N_("Partner suspended")
    FORCE_MAJEURE = "force_majeure", N_("Force majeure")
    NO_ANSWER = "no_answer", N_("No answer")
    OTHER = "other", N_("Other reason")


class StatedReason(Code):
    """Reasons that a form offers; `published` says what may be published of them."""

    NOT_AVAILABLE = "not_available", N_("Not available")
    LANGUAGE_MISMATCH = "language_mismatch", N_("Languages do not match")
    TIMETABLE_CONFLICT = "timetable_conflict", N_("Timetable conflict")
    OPERATIONAL_DUTY = "operational_duty", N_("Operational duty")
    VISA_REFUSED = "visa_refused", N_("Visa refused")
    CLEARANCE = "clearance", N_("Clearance")
    HEALTH = "health", N_("Health")
    FUNDING = "funding", N_("Funding")
    PARTNER_SUSPENDED = "partner_suspended", N_("Partner suspended")
    FORCE_MAJEURE = "force_majeure", N_("Force majeure")
    OTHER = "other", N_("Other reason")


_PERSONAL = frozenset({StatedReason.CLEARANCE, StatedReason.HEALTH})


def published(stated: StatedReason) -> Reason:
    """Return the part of a stated reason that events may have (domain.md: health and clearance become personal)."""
    return Reason.PERSONAL if stated in _PERSONAL else Reason[stated.name]


class NotEndorsedReason(Code):
    """The reason why a national coordinator does not endorse an officer."""

    PRIORITY_GIVEN_TO_OTHERS = "priority_given_to_others", N_("Priority given to others")
    PROFILE_MISMATCH = "profile_mismatch", N_("The profile does not fit the call")
    OPERATIONAL_DUTY = "operational_duty", N_("Operational duty")
    NOT_IN_SERVICE = "not_in_service", N_("No longer in this service")
    PERSONAL = "personal", N_("Personal reason")
    OTHER = "other", N_("Other reason")


class NotSuitableReason(Code):
    """The reason why a host or mentor finds an anonymous candidate not suitable."""

    OTHER_EXPERIENCE = "other_experience", N_("Other experience is needed")
    TOO_LITTLE_EXPERIENCE = "too_little_experience", N_("Too little experience")
    TOO_MUCH_EXPERIENCE = "too_much_experience", N_("Too much experience for this offer")
    LANGUAGE_MISMATCH = "language_mismatch", N_("Languages do not match")
    OTHER_SERVICE = "other_service", N_("Another service is needed")
    OTHER = "other", N_("Other reason")


class VoidReason(Code):
    """The reason why a record was entered in error and leaves the counts."""

    DUPLICATE = "duplicate", N_("Entered twice")
    ENTERED_IN_ERROR = "entered_in_error", N_("Entered in error")
    TEST = "test", N_("A test")


class PauseCause(Code):
    """The cause for which an offer or a mentor pauses."""

    BY_CHOICE = "by_choice", N_("By choice")
    SILENCE = "silence", N_("No answer about availability")
    PARTNER_SUSPENDED = "partner_suspended", N_("Partner suspended")


class CloseCause(Code):
    """The cause for which an offer or a mentor's profile closes."""

    FULL = "full", N_("All places taken")
    PERIOD_OVER = "period_over", N_("Period ended")
    CALL_CLOSED = "call_closed", N_("Call closed")
    BY_CHOICE = "by_choice", N_("By choice")


class UnschedulableCause(Code):
    """The cause for which no possible week was found for a visit."""

    NO_COMMON_WEEK = "no_common_week", N_("No common week")
    NO_PLACE_IN_WEEK = "no_place_in_week", N_("No place left in a common week")
    NOTICE_TOO_SHORT = "notice_too_short", N_("Too few weeks between confirmation and start")
    HOLIDAYS = "holidays", N_("Public holidays leave too few working days")


class MoveDropCause(Code):
    """The cause for which a visit keeps its dates although others were requested."""

    REFUSED = "refused", N_("One side refused them")
    EXPIRED = "expired", N_("Not both sides answered in time")
    NO_LAWFUL_WEEK = "no_lawful_week", N_("No possible week in the periods given")


class WaiverReason(Code):
    """The reason why the programme no longer waits for an evaluation."""

    HOST_SILENT = "host_silent", N_("The host did not answer")
    HOST_CLOSED = "host_closed", N_("The host no longer takes part")
    OTHER = "other", N_("Other reason")


class CascadeRefusal(Code):
    """The reason why a line manager does not confirm a cascade session."""

    NOT_HELD = "not_held", N_("It did not take place")
    NOT_KNOWN = "not_known", N_("I do not know about it")
    OTHER = "other", N_("Other reason")


class RevocationReason(Code):
    """The reason why a certificate is no longer valid."""

    ENTERED_IN_ERROR = "entered_in_error", N_("Entered in error")
    VISIT_VOIDED = "visit_voided", N_("The visit was entered in error")
    MISCONDUCT = "misconduct", N_("Misconduct")


class RestatementReason(Code):
    """The reason why a published figure is restated."""

    LATE_FACTS = "late_facts", N_("Facts arrived after the freeze")
    CORRECTION = "correction", N_("A fact was corrected or entered in error")
    DEFINITION = "definition", N_("The definition has a new version")


class FailureCause(Code):
    """The cause for which a notification was not delivered."""

    REFUSED = "refused", N_("Refused by the server")
    BOUNCED = "bounced", N_("Bounced")
    UNREACHABLE = "unreachable", N_("Server not reached")
    NO_CONTACT = "no_contact", N_("No contact known")
    CONTACT_ERASED = "contact_erased", N_("Contact erased")


class WebhookPauseCause(Code):
    """The cause for which nothing is sent to a webhook's endpoint for now."""

    BY_HAND = "by_hand", N_("Paused by a coordinator")
    GONE = "gone", N_("The receiver answers that it no longer exists (410)")
    DEAD = "dead", N_("All attempts have failed for days")
    NO_SECRET = "no_secret", N_("Its secret can no longer be read")


class PeriodReturnReason(Code):
    """The reason why a period's figures are returned to their author."""

    FIGURES_DIFFER = "figures_differ", N_("Figures do not agree")
    FACTS_MISSING = "facts_missing", N_("Facts are missing")
    OTHER = "other", N_("Other reason")
