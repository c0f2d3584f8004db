"""Define the events of `exchange.notifications`, and the messages that the portal must know by name.

Notifications names the message that it is about to send as its purpose when it requests a contact. For most messages
the portal only notes the purpose; for these it returns a link that fits.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, JsonValue

from shared.contracts import _examples as ex
from shared.contracts.base import Country, Day, Due, Event, Example, Language, Moment, Part
from shared.contracts.codes import (
    N_,
    AudienceKind,
    Channel,
    DeadlineKind,
    FailureCause,
    WebhookChange,
    WebhookPauseCause,
    WebhookReach,
)


class Purpose(StrEnum):
    """A message whose link the portal makes; the names are those of the table of messages, and never change."""

    ADDRESS_TO_CONFIRM = "address_to_confirm"
    CASCADE_TO_CONFIRM = "cascade_to_confirm"
    CASCADE_REMINDER = "cascade_reminder"
    CASCADE_LINK = "line_manager_link_cascade"


ABOUT_CASCADE = frozenset({Purpose.CASCADE_TO_CONFIRM, Purpose.CASCADE_REMINDER, Purpose.CASCADE_LINK})
"""To a line manager, about cascade sessions; what else a line manager is asked is the follow-up."""


Rule = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80, description="Rule of the table of messages")]


class Audience(Part):
    """The addressee: a role in a country or organisation, or of an application or mentor; a person; a companion.

    `recipient_id` is a person's opaque id, the one that AccessChanged names.
    """

    kind: AudienceKind
    country: Country | None = None
    organisation_id: UUID | None = None
    application_id: UUID | None = None
    mentor_id: UUID | None = None
    companion_id: UUID | None = None
    recipient_id: UUID | None = None


class NotificationEvent(Event):
    """An event on `exchange.notifications`."""

    topic: ClassVar[str] = "exchange.notifications"


_AUDIENCE: dict[str, JsonValue] = {
    "kind": "applicant",
    "country": None,
    "organisation_id": None,
    "application_id": ex.APPLICATION,
    "mentor_id": None,
}


class NotificationSent(NotificationEvent):
    """The server accepted a message; `about` is the event that caused it."""

    label: ClassVar[str] = N_("Notification sent")

    rule: Rule
    audience: Audience
    channel: Channel
    language: Language
    about: UUID
    application_id: UUID | None = None
    attempt: Annotated[int, Field(ge=1)] = 1

    example: ClassVar[Example] = {
        "rule": "application_submitted",
        "audience": _AUDIENCE,
        "channel": "mail",
        "language": "en",
        "about": ex.EVENT,
        "application_id": ex.APPLICATION,
        "attempt": 1,
    }


class NotificationFailed(NotificationEvent):
    """A message could not be delivered; `final` when there are no more attempts."""

    label: ClassVar[str] = N_("Notification failed")

    rule: Rule
    audience: Audience
    channel: Channel
    about: UUID
    application_id: UUID | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    cause: FailureCause
    final: bool

    example: ClassVar[Example] = {
        "rule": "application_submitted",
        "audience": _AUDIENCE,
        "channel": "mail",
        "about": ex.EVENT,
        "application_id": ex.APPLICATION,
        "attempt": 3,
        "cause": "refused",
        "final": True,
    }


class DeadlineEvent(NotificationEvent):
    """A deadline of a subject on another topic; `owner` is who must act."""

    abstract: ClassVar[bool] = True

    kind: DeadlineKind
    due: Due
    subject_topic: Annotated[str, Field(description="Topic of what is waited for")]
    subject_id: Annotated[str, Field(description="Subject of what is waited for")]
    owner: Audience
    about: UUID
    application_id: UUID | None = None


_DEADLINE: Mapping[str, Any] = {
    "kind": "endorsement",
    "due": "2026-01-30T23:00:00Z",
    "subject_topic": "exchange.applications",
    "subject_id": ex.APPLICATION,
    "owner": {**_AUDIENCE, "kind": "home_coordinator", "country": "MD", "application_id": None},
    "about": ex.EVENT,
    "application_id": ex.APPLICATION,
}


class DeadlineNear(DeadlineEvent):
    """A deadline is near: its owner is reminded."""

    label: ClassVar[str] = N_("Deadline near")

    example: ClassVar[Example] = _DEADLINE


class DeadlinePassed(DeadlineEvent):
    """A deadline passed: this informs and escalates; the owner of the state keeps the clock that changes it.

    `next_due` is the time of those to whom it escalates, before it goes on to others; none where they are last.
    """

    label: ClassVar[str] = N_("Deadline passed")

    escalated_to: tuple[Audience, ...] = ()
    next_due: Due | None = None

    example: ClassVar[Example] = {
        **_DEADLINE,
        "escalated_to": [{**_AUDIENCE, "kind": "home_deputy", "country": "MD", "application_id": None}],
        "next_due": "2026-02-06T23:00:00Z",
    }


class WebhookChanged(NotificationEvent):
    """A webhook's endpoint is changed, by a coordinator or, where it does not answer, automatically.

    `events` are the types that the endpoint gets from now on; neither its address nor its description is included.
    `cause` is why it is paused. One that fails for long has since when it has taken nothing, and when it is paused.
    """

    label: ClassVar[str] = N_("Webhook changed")

    change: WebhookChange
    reach: WebhookReach
    events: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")], ...] = ()
    cause: WebhookPauseCause | None = None
    failing_since: Moment | None = None
    pauses_at: Moment | None = None

    example: ClassVar[Example] = {
        "change": "paused",
        "reach": "outside",
        "events": ["FigurePublished", "FigureRestated"],
        "cause": "dead",
        "failing_since": "2026-01-11T09:30:00Z",
        "pauses_at": None,
    }


class Waiting(Part):
    """The number of deadlines of one kind that wait for a person, and of those that have passed."""

    kind: DeadlineKind
    count: Annotated[int, Field(ge=1)]
    over: Annotated[int, Field(ge=0)] = 0


class WorkWaiting(NotificationEvent):
    """The work that waits for the coordinators of a country, or of the programme, on a morning: sent in one email."""

    label: ClassVar[str] = N_("Morning summary")

    owner: Audience
    day: Day
    waiting: Annotated[tuple[Waiting, ...], Field(min_length=1)]

    example: ClassVar[Example] = {
        "owner": {**_AUDIENCE, "kind": "home_coordinator", "country": "MD", "application_id": None},
        "day": "2026-01-16",
        "waiting": [
            {"kind": "endorsement", "count": 3, "over": 1},
            {"kind": "home_clearance", "count": 1, "over": 0},
        ],
    }
