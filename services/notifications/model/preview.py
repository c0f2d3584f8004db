"""What would a message look like? Each row of the table with its event's own example; also the check at the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.notifications.model.case import APPLICATIONS, Case, case_in
from services.notifications.model.facts import facts
from services.notifications.model.messages import RULES
from services.notifications.model.wording import Wording, unknown, wording
from shared.bus import Envelope
from shared.contracts import _examples as ex
from shared.contracts.codes import AudienceKind
from shared.contracts.mentors import MentorEvent
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.offers import OfferEvent

if TYPE_CHECKING:
    from services.notifications.model.rule import Rule
    from shared.contracts.base import Event

_WHEN = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
HOST = "Anti-cybercrime office, Lyon"


def sample(event: type[Event]) -> Envelope:
    """The event's example of the contract as if it had come from the log."""
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
        data=event.model_validate(event.example),
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
    """The case that the contract's examples tell of, as it is known to the event."""
    told = case_in(event)
    if told is None:
        told = Case(
            id=UUID(event.subject),
            topic=APPLICATIONS,
            application_id=UUID(ex.APPLICATION),
            country="MD",
            host_country="FR",
            host_organisation_id=UUID(ex.HOST_ORGANISATION),
            offer_id=UUID(ex.OFFER),
            match_id=UUID(ex.MATCH),
        )
    references = {OfferEvent: "FR-P-2026-0007", MentorEvent: "RO-M-2026-0003"}
    reference = next((name for kind, name in references.items() if isinstance(event.data, kind)), "MD-2026-0042")
    mentor_id = UUID(ex.MENTOR) if isinstance(event.data, MentorEvent | MentorshipEvent) else told.mentor_id
    return replace(told, reference=told.reference or reference, mentor_id=mentor_id)


def preview(rule: Rule, origin: str) -> Wording:
    """The row's message about the event's example, in the current language."""
    event = sample(rule.event)
    to = rule.to if isinstance(rule.to, AudienceKind) else AudienceKind.HOME_COORDINATOR
    return wording(rule, sample_case(event), facts(event), to=to, origin=origin, host=HOST)


def check_table() -> None:
    """Raises ValueError where a message of the table cannot be written: at the start, not when it is to be sent."""
    for rule in RULES:
        event = sample(rule.event)
        if lacks := unknown(rule, sample_case(event), facts(event)):
            raise ValueError(f"The message {rule.name!r} asks for words that its event does not have: {lacks}.")
        try:
            preview(rule, "")
        except (KeyError, ValueError) as wrong:
            raise ValueError(f"The message {rule.name!r} cannot be written: {wrong!r}.") from wrong
