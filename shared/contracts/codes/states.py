"""List the states of each aggregate. The words that pages show for them are in `shared/web/states.py`."""

from shared.contracts.codes._base import N_, Code


class ApplicationState(Code):
    """States of an application; from `in_matching` on they are projected from the events of matching and reporting."""

    DRAFT = "draft", N_("Draft")
    SUBMITTED = "submitted", N_("Submitted")
    RETURNED_FOR_INFORMATION = "returned_for_information", N_("Returned for information")
    ENDORSED = "endorsed", N_("Endorsed")
    NOT_ENDORSED = "not_endorsed", N_("Not endorsed")
    ELIGIBLE = "eligible", N_("Eligible")
    INELIGIBLE = "ineligible", N_("Not eligible")
    IN_MATCHING = "in_matching", N_("In matching")
    WAITLISTED = "waitlisted", N_("On the waiting list")
    MATCHED = "matched", N_("Matched")
    OFFERED = "offered", N_("Offer sent")
    ACCEPTED = "accepted", N_("Accepted")
    SCHEDULED = "scheduled", N_("Visit planned")
    UNDER_WAY = "under_way", N_("In progress")
    COMPLETED = "completed", N_("Completed")
    ENDED = "ended", N_("Ended early")
    UNPLACED = "unplaced", N_("No place when the call closed")
    WITHDRAWN = "withdrawn", N_("Withdrawn")
    CANCELLED = "cancelled", N_("Cancelled")
    APPEALED = "appealed", N_("Appealed")
    VOIDED = "voided", N_("Entered in error")


class ProposalState(Code):
    """States of a proposal for the register: it waits, and then has one of the others for good."""

    WAITS = "waits", N_("Waiting")
    APPROVED = "approved", N_("Approved")
    REFUSED = "refused", N_("Refused")
    TAKEN_BACK = "taken_back", N_("Withdrawn")


class ProposalKind(Code):
    """The subject of a proposal for the register."""

    ORGANISATION_NEW = "organisation_new", N_("New organisation")
    ORGANISATION = "organisation", N_("Organisation changed")
    ORGANISATION_INACTIVE = "organisation_inactive", N_("Organisation no longer takes part")
    PERSON_NEW = "person_new", N_("New person")
    PERSON = "person", N_("Person changed")
    LEAVE = "leave", N_("Leaves")
    TRANSFER = "transfer", N_("Moves to another organisation")


class OfferState(Code):
    """States of a placement that a host offers."""

    DRAFT = "draft", N_("Draft")
    SUBMITTED = "submitted", N_("Submitted")
    RETURNED = "returned", N_("Returned")
    ENDORSED = "endorsed", N_("Endorsed")
    PUBLISHED = "published", N_("Published")
    PAUSED = "paused", N_("Paused")
    CLOSED = "closed", N_("Closed")
    WITHDRAWN = "withdrawn", N_("Withdrawn")
    VOIDED = "voided", N_("Entered in error")


class MentorState(Code):
    """States of a mentor's profile."""

    DRAFT = "draft", N_("Draft")
    PUBLISHED = "published", N_("Published")
    PAUSED = "paused", N_("Paused")
    CLOSED = "closed", N_("Closed")


class CallState(Code):
    """States of a call."""

    DRAFT = "draft", N_("Draft")
    PUBLISHED = "published", N_("Published")
    CLOSED = "closed", N_("Closed")


class MatchState(Code):
    """States of a match; `provisional` is on the coordinators' board only."""

    PROVISIONAL = "provisional", N_("Provisional")
    PROPOSED = "proposed", N_("Proposed")
    CLEARED = "cleared", N_("Cleared")
    OFFERED = "offered", N_("Offer sent")
    CONFIRMED = "confirmed", N_("Confirmed")
    DECLINED = "declined", N_("Declined")
    EXPIRED = "expired", N_("Expired")
    SUPERSEDED = "superseded", N_("Replaced")
    CANCELLED = "cancelled", N_("Cancelled")


class VisitState(Code):
    """States of a visit."""

    UNSCHEDULABLE = "unschedulable", N_("No possible week")
    SCHEDULED = "scheduled", N_("Visit planned")
    UNDER_WAY = "under_way", N_("In progress")
    ENDED = "ended", N_("Ended")
    COMPLETED = "completed", N_("Completed")
    CANCELLED = "cancelled", N_("Cancelled")
    NO_SHOW = "no_show", N_("No-show")
    VOIDED = "voided", N_("Entered in error")


class MentorshipState(Code):
    """States of a mentorship."""

    OPENED = "opened", N_("Opened")
    ACTIVE = "active", N_("Active")
    PAUSED = "paused", N_("Paused")
    COMPLETED = "completed", N_("Completed")
    ENDED_EARLY = "ended_early", N_("Ended early")


class PeriodState(Code):
    """States of a reporting period."""

    DRAFT = "draft", N_("Draft")
    SUBMITTED = "submitted", N_("Submitted")
    RETURNED = "returned", N_("Returned")
    APPROVED = "approved", N_("Approved")
    FROZEN = "frozen", N_("Frozen")
    PUBLISHED = "published", N_("Published")
