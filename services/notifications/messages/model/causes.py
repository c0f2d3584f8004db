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
from shared.contracts.codes import AudienceKind
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
SENTENCES = {
    (True, True): N_("Cause: %(event)s (%(reference)s), %(moment)s. By: %(actor)s."),
    (True, False): N_("Cause: %(event)s (%(reference)s), %(moment)s."),
    (False, True): N_("Cause: %(event)s, %(moment)s. By: %(actor)s."),
    (False, False): N_("Cause: %(event)s, %(moment)s."),
}
"""The sentence of a cause that has a case or not, and a role or not."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event in a few words, and the role that causes it.

    `actor` is a role's label, `by` where the event names the party, or None where several may, or several do.
    """

    event: str
    actor: str | None = None


_AVAILABILITY = N_("Availability question sent")

CAUSED_BY: dict[str | None, dict[type[Event], str]] = {
    AudienceKind.APPLICANT.label: {
        applications.ApplicationSubmitted: N_("Application submitted"),
        applications.ApplicationResubmitted: N_("Application submitted again"),
        applications.ApplicationChanged: N_("Application changed"),
        applications.AppealFiled: N_("Appeal filed"),
        applications.LineManagerNamed: N_("Line manager named"),
        applications.CompanionAsked: N_("Counterpart or group member named"),
        outcomes.CascadeDelivered: N_("Passing on of knowledge reported"),
        outcomes.ReportSubmitted: N_("Report submitted"),
    },
    AudienceKind.LINE_MANAGER.label: {
        applications.LineManagerLinkAsked: N_("New link requested"),
        outcomes.CascadeRefused: N_("Passing on of knowledge not confirmed"),
        outcomes.CascadeConfirmed: N_("Passing on of knowledge confirmed"),
    },
    AudienceKind.HOME_COORDINATOR.label: {
        applications.ApplicationReturned: N_("Application returned with a question"),
        applications.ApplicationEndorsed: N_("Application endorsed"),
        applications.ApplicationNotEndorsed: N_("Application not endorsed"),
        participation.ClearanceGiven: N_("Clearance given"),
    },
    AudienceKind.PROGRAMME_COORDINATOR.label: {
        registry.PartnerStatusChanged: N_("Status of the partner country changed"),
        applications.ApplicationFoundEligible: N_("Application found eligible"),
        applications.ApplicationFoundIneligible: N_("Application found ineligible"),
        applications.ApplicationCancelled: N_("Application cancelled"),
        applications.ApplicationVoided: N_("Application taken out"),
        calls.CallRevised: N_("Call revised"),
        offers.OfferVoided: N_("Placement taken out"),
        matches.MatchSuperseded: N_("Match replaced"),
        visits.VisitVoided: N_("Visit taken out"),
    },
    AudienceKind.HOST_COORDINATOR.label: {
        offers.OfferReturned: N_("Placement returned"),
        offers.OfferEndorsed: N_("Placement endorsed"),
    },
    AudienceKind.HOST_CONTACT.label: {
        offers.OfferSubmitted: N_("Placement submitted"),
        offers.OfferWithdrawn: N_("Placement withdrawn"),
        visits.VisitNoShow: N_("Guest reported as absent"),
    },
    AudienceKind.MENTOR.label: {
        mentors.MentorPublished: N_("Mentor's profile published"),
    },
    SYSTEM: {
        applications.ApplicationDecided: N_("Outcome of the application fixed"),
        offers.AvailabilityAsked: _AVAILABILITY,
        mentors.MentorAvailabilityAsked: _AVAILABILITY,
        matches.MatchOffered: N_("Match offered"),
        matches.MatchConfirmed: N_("Match confirmed"),
        matches.MatchExpired: N_("Answer not given in time"),
        visits.VisitUnschedulable: N_("No dates found for the visit"),
        mentorships.MentorshipOpened: N_("Mentorship opened"),
        notifications.DeadlineNear: N_("Deadline near"),
        notifications.DeadlinePassed: N_("Deadline passed"),
        notifications.WebhookChanged: N_("Webhook paused"),
        notifications.WorkWaiting: N_("Morning summary"),
    },
    _BY: {
        applications.ApplicationWithdrawn: N_("Application withdrawn"),
        matches.MatchDeclined: N_("Match declined"),
        matches.AnswerTooLate: N_("Answer given too late"),
        matches.MatchCancelled: N_("Match cancelled"),
        visits.VisitMoveProposed: N_("Other visit dates proposed"),
        visits.VisitMoveDropped: N_("Change of visit dates dropped"),
        visits.VisitCancelled: N_("Visit cancelled"),
        participation.AgendaAgreed: N_("Agenda agreed"),
        mentorships.MentorshipPaused: N_("Mentorship paused"),
        mentorships.MentorshipResumed: N_("Mentorship resumed"),
        participation.AgreementSigned: N_("Agreement signed"),
        participation.SessionLogged: N_("Session entered"),
        participation.SessionDisputed: N_("Session disputed"),
        participation.SessionWithdrawn: N_("Session taken back"),
        participation.SessionPlanned: N_("Session planned"),
        participation.SessionMoved: N_("Session moved"),
        participation.SessionCancelled: N_("Session cancelled"),
        participation.VisitRequested: N_("Visit within a mentorship requested or answered"),
        mentorships.MentorshipEndedEarly: N_("Mentorship ended early"),
    },
    None: {
        access.AccessChanged: N_("Access changed"),
        registry.ProposalChanged: N_("Proposal for the register changed"),
        applications.AppealDecided: N_("Appeal decided"),
        applications.CompanionAnswered: N_("Counterpart or group member answered"),
        offers.OfferPublished: N_("Placement published"),
        offers.OfferPaused: N_("Placement paused"),
        offers.OfferClosed: N_("Placement closed"),
        mentors.MentorPaused: N_("Mentor's profile paused"),
        mentors.MentorClosed: N_("Mentor's profile closed"),
        matches.MatchProposed: N_("Match proposed"),
        visits.VisitScheduled: N_("Visit dates set"),
        visits.VisitMoved: N_("Visit dates changed"),
        visits.VisitEnded: N_("Visit ended"),
        mentorships.MentorshipStarted: N_("Mentorship started"),
        mentorships.MentorshipCompleted: N_("Mentorship completed"),
        outcomes.AnswerAsked: N_("Answer requested"),
        outcomes.TestAsked: N_("Test requested"),
        outcomes.CertificateGranted: N_("Certificate granted"),
        outcomes.CertificateRevoked: N_("Certificate revoked"),
    },
}
"""The events that each role causes, in a few words; those that name the party; those that several roles cause."""

CAUSES = {event: Cause(words, actor) for actor, events in CAUSED_BY.items() for event, words in events.items()}
"""Each event that messages follow from; a test holds that no row of the table is without."""


def cause(event: type[Event], reference: str, facts: Mapping[str, JsonValue], at: datetime) -> str:
    """Return the cause as a sentence in the current language; `at` is when the event happened."""
    named = CAUSES[event]
    actor = facts.get("by") if named.actor == _BY else named.actor
    words = {
        "event": gettext(named.event),
        "reference": reference,
        "moment": _moment(at.replace(second=0), locale()),
        "actor": gettext(actor) if isinstance(actor, str) else "",
    }
    return gettext(SENTENCES[bool(reference), bool(words["actor"])]) % words


@lru_cache(maxsize=1024)
def _moment(at: datetime, _language: Locale) -> str:
    """Return a minute in words; cached, since many mails share one."""
    return dates.moment(at)
