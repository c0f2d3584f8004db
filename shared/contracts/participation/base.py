"""Define what all events on `exchange.participation` have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from shared.contracts import _examples as ex
from shared.contracts.base import Event


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


OF_VISIT: Mapping[str, Any] = {"application_id": ex.APPLICATION, "visit_id": ex.VISIT}
OF_MENTORSHIP: Mapping[str, Any] = {"application_id": ex.APPLICATION, "mentorship_id": ex.MENTORSHIP}
