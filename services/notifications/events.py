"""Describe an event as the models of the rooms read it, without the bus that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from shared.contracts.base import Event


class PublishedEvent(Protocol):
    """An event with its id, its aggregate and its place in the log; the envelopes of the bus fit."""

    @property
    def id(self) -> UUID:
        """The event's id."""

    @property
    def type(self) -> str:
        """The name of the event in the contracts."""

    @property
    def source(self) -> str:
        """The service that published it."""

    @property
    def subject(self) -> str:
        """The id of the aggregate that it is about."""

    @property
    def topic(self) -> str:
        """The topic that it is published on."""

    @property
    def time(self) -> datetime:
        """The time when it happened, in domain time."""

    @property
    def sequence(self) -> int:
        """Its number among the events of the aggregate, from 1."""

    @property
    def data(self) -> Event:
        """The event itself."""


class RecordedEvent(NamedTuple):
    """An event that this service has just recorded, before the log has it."""

    id: UUID
    data: Event
    subject: str
    time: datetime
    source: str = "urn:tandem:notifications"
    sequence: int = 1

    @property
    def type(self) -> str:
        """The name of the event in the contracts."""
        return self.data.type

    @property
    def topic(self) -> str:
        """The topic that it is published on."""
        return self.data.topic
