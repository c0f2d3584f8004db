"""Name the cause of a message: the event, its case, when it happened and by whose action, as a role.

A role is all that a reader may know of the person who acted: names stay in the portal, on the page of the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.contracts import (
    access,
    applications,
    calls,
    matches,
    mentors,
    mentorships,
    notifications,
    offers,
    outcomes,
    participation,
    registry,
    visits,
)
from shared.contracts.codes import AudienceKind as A
from shared.i18n import N_, gettext, locale
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from babel import Locale
    from pydantic import JsonValue

    from shared.contracts.base import Event

SYSTEM = N_("Tandem, by the programme's rules")
_BY = "by"
SENTENCES = (
    N_("Cause: %(event)s (%(reference)s), %(moment)s. By: %(actor)s."),
    N_("Cause: %(event)s (%(reference)s), %(moment)s."),
    N_("Cause: %(event)s, %(moment)s. By: %(actor)s."),
    N_("Cause: %(event)s, %(moment)s."),
)
"""The sentence with case and role, with the case only, with the role only, with neither."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event in a few words, and the role that causes it.

    `actor` is a role's label, `by` where the event names the party, or None where several may, or several do.
    """

    event: str
    actor: str | None = None


_PROGRAMME, _OFFICER, _HOME = A.PROGRAMME_COORDINATOR.label, A.APPLICANT.label, A.HOME_COORDINATOR.label
_HOST, _CONTACT, _MENTOR, _MANAGER = (
    kind.label for kind in (A.HOST_COORDINATOR, A.HOST_CONTACT, A.MENTOR, A.LINE_MANAGER)
)
_AVAILABILITY = N_("Availability question sent")

CAUSES: dict[type[Event], Cause] = {
    access.AccessChanged: Cause(N_("Access changed")),
    registry.ProposalChanged: Cause(N_("Proposal for the register changed")),
    registry.PartnerStatusChanged: Cause(N_("Status of the partner country changed"), _PROGRAMME),
    applications.ApplicationSubmitted: Cause(N_("Application submitted"), _OFFICER),
    applications.ApplicationReturned: Cause(N_("Application returned with a question"), _HOME),
    applications.ApplicationResubmitted: Cause(N_("Application submitted again"), _OFFICER),
    applications.ApplicationChanged: Cause(N_("Application changed"), _OFFICER),
    applications.ApplicationEndorsed: Cause(N_("Application endorsed"), _HOME),
    applications.ApplicationNotEndorsed: Cause(N_("Application not endorsed"), _HOME),
    applications.ApplicationFoundEligible: Cause(N_("Application found eligible"), _PROGRAMME),
    applications.ApplicationFoundIneligible: Cause(N_("Application found ineligible"), _PROGRAMME),
    applications.ApplicationWithdrawn: Cause(N_("Application withdrawn"), _BY),
    applications.ApplicationCancelled: Cause(N_("Application cancelled"), _PROGRAMME),
    applications.ApplicationDecided: Cause(N_("Outcome of the application fixed"), SYSTEM),
    applications.ApplicationVoided: Cause(N_("Application taken out"), _PROGRAMME),
    calls.CallRevised: Cause(N_("Call revised"), _PROGRAMME),
    applications.AppealFiled: Cause(N_("Appeal filed"), _OFFICER),
    applications.AppealDecided: Cause(N_("Appeal decided")),
    applications.LineManagerLinkAsked: Cause(N_("New link requested"), _MANAGER),
    applications.LineManagerNamed: Cause(N_("Line manager named"), _OFFICER),
    applications.CompanionAsked: Cause(N_("Counterpart or group member named"), _OFFICER),
    applications.CompanionAnswered: Cause(N_("Counterpart or group member answered")),
    offers.OfferSubmitted: Cause(N_("Placement submitted"), _CONTACT),
    offers.OfferReturned: Cause(N_("Placement returned"), _HOST),
    offers.OfferEndorsed: Cause(N_("Placement endorsed"), _HOST),
    offers.OfferPublished: Cause(N_("Placement published")),
    offers.AvailabilityAsked: Cause(_AVAILABILITY, SYSTEM),
    mentors.MentorAvailabilityAsked: Cause(_AVAILABILITY, SYSTEM),
    offers.OfferPaused: Cause(N_("Placement paused")),
    offers.OfferClosed: Cause(N_("Placement closed")),
    offers.OfferVoided: Cause(N_("Placement taken out"), _PROGRAMME),
    offers.OfferWithdrawn: Cause(N_("Placement withdrawn"), _CONTACT),
    mentors.MentorPublished: Cause(N_("Mentor's profile published"), _MENTOR),
    mentors.MentorPaused: Cause(N_("Mentor's profile paused")),
    mentors.MentorClosed: Cause(N_("Mentor's profile closed")),
    matches.MatchProposed: Cause(N_("Match proposed")),
    participation.ClearanceGiven: Cause(N_("Clearance given"), _HOME),
    matches.MatchOffered: Cause(N_("Match offered"), SYSTEM),
    matches.MatchConfirmed: Cause(N_("Match confirmed"), SYSTEM),
    matches.MatchDeclined: Cause(N_("Match declined"), _BY),
    matches.MatchExpired: Cause(N_("Answer not given in time"), SYSTEM),
    matches.AnswerTooLate: Cause(N_("Answer given too late"), _BY),
    matches.MatchSuperseded: Cause(N_("Match replaced"), _PROGRAMME),
    matches.MatchCancelled: Cause(N_("Match cancelled"), _BY),
    visits.VisitScheduled: Cause(N_("Visit dates set")),
    visits.VisitUnschedulable: Cause(N_("No dates found for the visit"), SYSTEM),
    visits.VisitMoveProposed: Cause(N_("Other visit dates proposed"), _BY),
    visits.VisitMoved: Cause(N_("Visit dates changed")),
    visits.VisitMoveDropped: Cause(N_("Change of visit dates dropped"), _BY),
    visits.VisitCancelled: Cause(N_("Visit cancelled"), _BY),
    participation.AgendaAgreed: Cause(N_("Agenda agreed"), _BY),
    visits.VisitNoShow: Cause(N_("Guest reported as absent"), _CONTACT),
    visits.VisitEnded: Cause(N_("Visit ended")),
    visits.VisitVoided: Cause(N_("Visit taken out"), _PROGRAMME),
    mentorships.MentorshipOpened: Cause(N_("Mentorship opened"), SYSTEM),
    mentorships.MentorshipStarted: Cause(N_("Mentorship started")),
    mentorships.MentorshipPaused: Cause(N_("Mentorship paused"), _BY),
    mentorships.MentorshipResumed: Cause(N_("Mentorship resumed"), _BY),
    participation.AgreementSigned: Cause(N_("Agreement signed"), _BY),
    participation.SessionLogged: Cause(N_("Session entered"), _BY),
    participation.SessionDisputed: Cause(N_("Session disputed"), _BY),
    participation.SessionWithdrawn: Cause(N_("Session taken back"), _BY),
    participation.SessionPlanned: Cause(N_("Session planned"), _BY),
    participation.SessionMoved: Cause(N_("Session moved"), _BY),
    participation.SessionCancelled: Cause(N_("Session cancelled"), _BY),
    participation.VisitRequested: Cause(N_("Visit within a mentorship requested or answered"), _BY),
    mentorships.MentorshipCompleted: Cause(N_("Mentorship completed")),
    mentorships.MentorshipEndedEarly: Cause(N_("Mentorship ended early"), _BY),
    outcomes.AnswerAsked: Cause(N_("Answer requested")),
    outcomes.CascadeDelivered: Cause(N_("Passing on of knowledge reported"), _OFFICER),
    outcomes.CascadeRefused: Cause(N_("Passing on of knowledge not confirmed"), _MANAGER),
    outcomes.CascadeConfirmed: Cause(N_("Passing on of knowledge confirmed"), _MANAGER),
    outcomes.TestAsked: Cause(N_("Test requested")),
    outcomes.ReportSubmitted: Cause(N_("Report submitted"), _OFFICER),
    outcomes.CertificateGranted: Cause(N_("Certificate granted")),
    outcomes.CertificateRevoked: Cause(N_("Certificate revoked")),
    notifications.DeadlineNear: Cause(N_("Deadline near"), SYSTEM),
    notifications.DeadlinePassed: Cause(N_("Deadline passed"), SYSTEM),
    notifications.WebhookChanged: Cause(N_("Webhook paused"), SYSTEM),
    notifications.WorkWaiting: Cause(N_("Morning summary"), SYSTEM),
}
"""Each event that messages follow from; a test holds that no row of the table is without."""


def cause(event: type[Event], reference: str, facts: Mapping[str, JsonValue], at: datetime) -> str:
    """Return the cause as a sentence in the current language; `at` is when the event happened."""
    named = CAUSES[event]
    actor = facts.get("by") if named.actor == _BY else named.actor
    words = {"event": gettext(named.event), "reference": reference, "moment": _moment(at.replace(second=0), locale())}
    if isinstance(actor, str):
        words["actor"] = gettext(actor)
    with_both, with_case, with_role, plain = SENTENCES
    of_case, of_none = (with_both, with_role) if "actor" in words else (with_case, plain)
    return gettext(of_case if reference else of_none) % words


@lru_cache(maxsize=1024)
def _moment(at: datetime, _language: Locale) -> str:
    """Return a minute in words; cached, since many mails share one."""
    return dates.moment(at)
