"""Define what all events on `exchange.participation` have in common."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import _examples as ex
from shared.contracts.base import Event, Example


class ParticipationEvent(Event):
    """An event on `exchange.participation`; each says whose application the match is about."""

    topic: ClassVar[str] = "exchange.participation"

    application_id: UUID


class VisitParticipation(ParticipationEvent):
    """An action about a visit."""

    abstract: ClassVar[bool] = True

    visit_id: UUID


class MentorshipParticipation(ParticipationEvent):
    """An action about a mentorship."""

    abstract: ClassVar[bool] = True

    mentorship_id: UUID


OF_VISIT: Example = {"application_id": ex.APPLICATION, "visit_id": ex.VISIT}
OF_MENTORSHIP: Example = {"application_id": ex.APPLICATION, "mentorship_id": ex.MENTORSHIP}
