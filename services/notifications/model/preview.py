"""What would a message look like? Each row of the table with a case that is made up; also the check at the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.notifications.model.case import APPLICATIONS, MENTORSHIPS, VISITS, Case, case_in, concerned
from services.notifications.model.facts import facts
from services.notifications.model.made_up import made_up
from services.notifications.model.messages import RULES
from services.notifications.model.wording import Wording, unknown, wording
from shared.bus import Envelope
from shared.contracts import _examples as ex
from shared.contracts.access import AccessChanged
from shared.contracts.codes import AudienceKind
from shared.contracts.mentors import MentorEvent, MentorPublished
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.notifications import WebhookChanged, WorkWaiting
from shared.contracts.offers import OfferEvent, OfferPublished
from shared.contracts.outcomes import OutcomeEvent
from shared.contracts.participation import MentorshipParticipation
from shared.contracts.registry import PartnerStatusChanged, RegistryEvent

if TYPE_CHECKING:
    from services.notifications.model.rule import Rule
    from shared.contracts.base import Event

_WHEN = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
_SUPPLY: dict[object, type[Event]] = {AudienceKind.HOST_CONTACT: OfferPublished, AudienceKind.MENTOR: MentorPublished}
HOST = "Anti-cybercrime office, Lyon"


def sample(event: type[Event], data: Event | None = None) -> Envelope:
    """The event's example of the contract (or `data` in its stead) as if it had come from the log."""
    return Envelope(
        id=UUID(ex.EVENT),
        type=event.type,
        source="urn:tandem:sample",
        subject=_subject(event),
        topic=event.topic,
        time=_WHEN,
        sequence=1,
        correlationid=ex.APPLICATION,
        causationid=None,
        traceparent=None,
        data=event.model_validate(event.example) if data is None else data,
    )


def _subject(event: type[Event]) -> str:
    return {
        "exchange.applications": ex.APPLICATION,
        "exchange.offers": ex.OFFER,
        "mentoring.mentors": ex.MENTOR,
        "mentoring.mentorships": ex.MENTORSHIP,
        "exchange.visits": ex.VISIT,
        "exchange.outcomes": ex.VISIT,
        "exchange.access": ex.PERSON,
    }.get(event.topic, ex.MATCH)


def sample_case(event: Envelope) -> Case:
    """The case that the contract's examples tell of, as it is known to the event; none has a person or a setting."""
    told = case_in(event)
    if told is None:
        topic, id_ = concerned(event)
        told = Case(
            id=UUID(id_),
            topic=topic if topic in {VISITS, MENTORSHIPS} else APPLICATIONS,
            application_id=UUID(ex.APPLICATION),
            country="MD",
            host_country="FR",
            host_organisation_id=UUID(ex.HOST_ORGANISATION),
            offer_id=UUID(ex.OFFER),
            match_id=UUID(ex.MATCH),
        )
    references = {OfferEvent: "FR-P-2026-0007", MentorEvent: "RO-M-2026-0003"}
    if isinstance(event.data, AccessChanged | RegistryEvent | WebhookChanged | WorkWaiting):
        return replace(told, reference="")
    reference = next((name for kind, name in references.items() if isinstance(event.data, kind)), "MD-2026-0042")
    mentored = isinstance(event.data, MentorEvent | MentorshipEvent | MentorshipParticipation) or (
        isinstance(event.data, OutcomeEvent) and event.data.mentorship_id is not None
    )
    mentor_id = UUID(ex.MENTOR) if mentored else told.mentor_id
    return replace(told, reference=told.reference or reference, mentor_id=mentor_id)


def case_of(rule: Rule, event: Envelope) -> Case:
    """The case in which the row tells of the event: a country's return is told of each placement and profile of its."""
    supply = _SUPPLY.get(rule.to) if isinstance(event.data, PartnerStatusChanged) else None
    return sample_case(event if supply is None else sample(supply))


def preview(rule: Rule, origin: str) -> Wording:
    """The row's message about a made-up event of which it tells, in the current language."""
    event = sample(rule.event, made_up(rule))
    to = rule.to if isinstance(rule.to, AudienceKind) else AudienceKind.HOME_COORDINATOR
    return wording(rule, case_of(rule, event), facts(event), to=to, origin=origin, host=HOST)


def check_table() -> None:
    """Raises ValueError where a message of the table cannot be written: at the start, not when it is to be sent."""
    for rule in RULES:
        event = sample(rule.event, made_up(rule))
        if lacks := unknown(rule, case_of(rule, event), facts(event)):
            raise ValueError(f"The message {rule.name!r} asks for words that its event does not have: {lacks}.")
        try:
            preview(rule, "")
        except (KeyError, ValueError) as wrong:
            raise ValueError(f"The message {rule.name!r} cannot be written: {wrong!r}.") from wrong
