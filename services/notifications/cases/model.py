"""Find the case of an event, and the people and countries concerned by it, as ids only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.access import AccessChanged
from shared.contracts.applications import (
    ApplicationChanged,
    ApplicationResubmitted,
    ApplicationSubmitted,
    CompanionEvent,
)
from shared.contracts.codes import UNION, Party
from shared.contracts.codes import AudienceKind as A
from shared.contracts.matches import MatchEvent
from shared.contracts.mentors import MentorPublished, MentorRevised
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.notifications import Audience
from shared.contracts.offers import OfferPublished, OfferRevised, OfferSubmitted
from shared.contracts.outcomes import OutcomeEvent
from shared.contracts.participation import ParticipationEvent, VisitParticipation
from shared.contracts.registry import PartnerStatusChanged, ProposalChanged
from shared.contracts.visits import PlannedVisitEvent, VisitUnschedulable
from shared.ids import reaction_id

if TYPE_CHECKING:
    from services.notifications.events import PublishedEvent
    from shared.contracts.matches import Pairing
    from shared.contracts.mentorships import MentorshipPlan
    from shared.contracts.visits import VisitOf

ACCESS, REGISTRY = "exchange.access", "exchange.registry"
APPLICATIONS, MATCHES = "exchange.applications", "exchange.matches"
VISITS, MENTORSHIPS = "exchange.visits", "mentoring.mentorships"

OFFERS, MENTORS = "exchange.offers", "mentoring.mentors"
GENERAL = UUID(int=0)
"""The case "General": access, the register, webhooks and morning summaries, which concern no single case."""
_CASES = {APPLICATIONS, OFFERS, MENTORS, MATCHES, VISITS, MENTORSHIPS}

_PARTNERS = UUID("019a0000-0000-7000-8000-00000000f001")


@lru_cache(maxsize=8192)
def id_of(text: str) -> UUID:
    """Return the UUID of an id in text; cached, since a batch reads each id many times."""
    return UUID(text)


@dataclass(frozen=True, slots=True)
class Case:
    """One application, placement, mentor, match, visit or mentorship, with the ids of everybody concerned.

    `country` and `organisation_id` are the applicant's. Where a mentor is the other side of a match, `host_country` and
    `host_organisation_id` are the mentor's; of a mentorship only the country is known. `match_id` is a visit's or a
    mentorship's. `guest` is which party of a mentorship travels, on a visit within it; the other party is the host.
    """

    id: UUID
    topic: str
    application_id: UUID | None = None
    reference: str = ""
    call_id: UUID | None = None
    country: str | None = None
    organisation_id: UUID | None = None
    host_country: str | None = None
    host_organisation_id: UUID | None = None
    offer_id: UUID | None = None
    mentor_id: UUID | None = None
    match_id: UUID | None = None
    guest: str | None = None

    @property
    def root(self) -> UUID:
        """The application that it belongs to, else the placement, mentor or other case itself, or `GENERAL`."""
        if self.application_id is not None:
            return self.application_id
        return self.id if self.topic in _CASES else GENERAL

    @property
    def named_host(self) -> UUID | None:
        """The organisation that messages name as the host; a match does not disclose a mentor's own."""
        return None if self.topic == MATCHES and self.mentor_id is not None else self.host_organisation_id


def case_in(event: PublishedEvent) -> Case | None:  # noqa: C901, PLR0911 - one return for each kind of event
    """Return the case that an event describes in full; None where the event only names it."""
    data, id_, topic = event.data, event.subject, event.topic
    match data:
        case AccessChanged() if data.recipient_id is not None:
            return Case(id=data.recipient_id, topic=topic, country=data.country)
        case PartnerStatusChanged() | ProposalChanged():
            return _of_register(data, id_, topic)
        case ApplicationSubmitted() | ApplicationResubmitted() | ApplicationChanged():
            profile = data.profile
            return Case(
                id=id_of(id_),
                topic=topic,
                application_id=id_of(id_),
                reference=profile.reference,
                call_id=profile.call_id,
                country=profile.country,
                organisation_id=profile.organisation_id,
            )
        case CompanionEvent():
            return Case(
                id=id_of(id_),
                topic=topic,
                application_id=id_of(id_),
                reference=data.reference or "",
                call_id=data.call_id,
                country=data.country,
                organisation_id=data.organisation_id,
            )
        case OfferSubmitted() | OfferPublished() | OfferRevised():
            terms = data.terms
            return Case(
                id=id_of(id_),
                topic=topic,
                reference=terms.reference,
                call_id=terms.call_id,
                host_country=terms.country,
                host_organisation_id=terms.organisation_id,
                offer_id=id_of(id_),
            )
        case MentorPublished() | MentorRevised():
            return Case(
                id=id_of(id_),
                topic=topic,
                reference=data.profile.reference,
                call_id=data.profile.call_id,
                host_country=data.profile.country,
                mentor_id=id_of(id_),
            )
        case MatchEvent():
            return _match(id_of(id_), topic, data.pairing)
        case PlannedVisitEvent():
            return _visit(id_of(id_), topic, data.plan)
        case VisitUnschedulable():
            return _visit(id_of(id_), topic, data.visit)
        case MentorshipEvent():
            return _mentorship(id_of(id_), topic, data.plan)
    return None


def _of_register(data: PartnerStatusChanged | ProposalChanged, id_: str, topic: str) -> Case:
    if isinstance(data, PartnerStatusChanged):
        return Case(id=_partner(data.country), topic=topic, country=data.country)
    return Case(id=id_of(id_), topic=topic, country=data.country, organisation_id=data.organisation_id)


def _match(id_: UUID, topic: str, pairing: Pairing) -> Case:
    return Case(
        id=id_,
        topic=topic,
        application_id=pairing.application_id,
        call_id=pairing.call_id,
        country=pairing.country,
        organisation_id=pairing.organisation_id,
        host_country=pairing.host_country,
        host_organisation_id=pairing.host_organisation_id,
        offer_id=pairing.offer_id,
        mentor_id=pairing.mentor_id,
        match_id=id_,
    )


def _visit(id_: UUID, topic: str, visit: VisitOf) -> Case:
    return Case(
        id=id_,
        topic=topic,
        application_id=visit.application_id,
        call_id=visit.call_id,
        country=visit.country,
        host_country=visit.host_country,
        host_organisation_id=visit.host_organisation_id,
        offer_id=visit.offer_id,
        mentor_id=visit.mentor_id,
        match_id=visit.match_id,
        guest=visit.guest.value if visit.mentorship_id is not None else None,
    )


def _mentorship(id_: UUID, topic: str, plan: MentorshipPlan) -> Case:
    return Case(
        id=id_,
        topic=topic,
        application_id=plan.application_id,
        call_id=plan.call_id,
        country=plan.country,
        host_country=plan.mentor_country,
        mentor_id=plan.mentor_id,
        match_id=plan.match_id,
    )


def _partner(country: str) -> UUID:
    """Return the id of a partner country's case; its topic is keyed by the country's code."""
    return reaction_id(_PARTNERS, "partner", country)


def case_key(event: PublishedEvent) -> tuple[str, str]:
    """Return the topic and id of the case that an event is about: mostly its own subject.

    What people do about a match or a mentorship belongs to the match, about a visit to the visit; results belong to the
    visit or the mentorship. An access belongs to the person's opaque id, not to the sign-in subject.
    """
    match event.data:
        case AccessChanged() if event.data.recipient_id is not None:
            return event.topic, str(event.data.recipient_id)
        case PartnerStatusChanged():
            return event.topic, str(_partner(event.data.country))
        case VisitParticipation():
            return VISITS, str(event.data.visit_id)
        case ParticipationEvent():
            return MATCHES, event.subject
        case OutcomeEvent():
            return (VISITS if event.data.visit_id is not None else MENTORSHIPS), event.subject
    return event.topic, event.subject


def audience(kind: A, case: Case) -> Audience | None:  # noqa: PLR0911 - one return for each audience
    """Return who `kind` is in a case; None where the case has no such person (a study visit has no mentor).

    On a visit within a mentorship, guest and host are mentor and mentee.
    """
    if case.guest is not None:
        kind = _OF_PAIR[case.guest].get(kind, kind)
    match kind:
        case A.APPLICANT | A.LINE_MANAGER if case.application_id is not None:
            return Audience(kind=kind, application_id=case.application_id)
        case A.HOME_COORDINATOR | A.HOME_DEPUTY if case.country is not None:
            return _coordinator(kind, case.country, case.organisation_id)
        case A.HOST_COORDINATOR | A.HOST_DEPUTY if case.host_country is not None:
            return _coordinator(kind, case.host_country, case.host_organisation_id, case.mentor_id)
        case A.HOST_CONTACT if case.host_organisation_id is not None and case.mentor_id is None:
            return Audience(kind=kind, organisation_id=case.host_organisation_id)
        case A.MENTOR if case.mentor_id is not None:
            return Audience(kind=kind, mentor_id=case.mentor_id)
        case A.PROGRAMME_COORDINATOR:
            return Audience(kind=kind)
        case A.PERSON if case.topic == ACCESS:
            return Audience(kind=kind, recipient_id=case.id)
    return None


# Who guest and host are on a visit within a mentorship, by the party that travels.
_OF_PAIR: dict[str, dict[A, A]] = {
    Party.MENTEE: {A.HOST_CONTACT: A.MENTOR},
    Party.MENTOR: {A.APPLICANT: A.MENTOR, A.HOST_CONTACT: A.APPLICANT},
}

# Where a mentor is the guest, the mentee is at home in the host country.
_AT_HOME: dict[A, A] = {
    A.MENTOR: A.HOME_COORDINATOR,
    A.APPLICANT: A.HOST_COORDINATOR,
    A.LINE_MANAGER: A.HOST_COORDINATOR,
}


def _coordinator(kind: A, country: str, organisation_id: UUID | None, mentor_id: UUID | None = None) -> Audience:
    """Return the coordinator of a country; an EU agency's is named with the organisation, which has its own officer."""
    if country != UNION:
        return Audience(kind=kind, country=country)
    return Audience(kind=kind, country=country, organisation_id=organisation_id, mentor_id=mentor_id)


def country_of(kind: A, case: Case) -> str | None:
    """Return the country whose national coordinator sees messages to that audience; None for the programme's own."""
    if case.guest == Party.MENTOR:
        kind = _AT_HOME.get(kind, kind)
    match kind:
        case A.APPLICANT | A.LINE_MANAGER | A.HOME_COORDINATOR | A.HOME_DEPUTY | A.PERSON:
            return case.country
        case A.HOST_COORDINATOR | A.HOST_DEPUTY | A.HOST_CONTACT | A.MENTOR:
            return case.host_country
    return None
