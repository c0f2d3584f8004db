"""Show webhooks and their deliveries, the same for pages and the API."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.notifications.webhooks.model.webhook import (
    TEST,
    AttemptResult,
    DeliveryState,
    WebhookState,
    selectable,
    webhook_id,
)
from services.notifications.webhooks.store import deliveries as queue
from services.notifications.webhooks.store import endpoints
from shared.contracts.codes import Role, WebhookPauseCause, WebhookReach
from shared.contracts.labels import label
from shared.errors import Refused
from shared.i18n import N_, gettext, number
from shared.time import clock
from shared.time.dates import EARLIEST, LATEST
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.webhooks.store.deliveries import Attempt, Delivery
    from services.notifications.webhooks.store.endpoints import Endpoint
    from shared.web.paging import PageRequest

READERS = (Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER)
"""The roles that read where events are sent; only a programme coordinator changes it."""

_TOPICS = {
    "exchange.figures": N_("Figures"),
    "exchange.periods": N_("Reporting periods"),
    "exchange.calls": N_("Calls"),
    "exchange.registry": N_("Register"),
    "exchange.applications": N_("Applications"),
    "exchange.offers": N_("Placements"),
    "mentoring.mentors": N_("Mentors"),
    "exchange.matches": N_("Matches"),
    "exchange.participation": N_("Answers and participation"),
    "exchange.visits": N_("Visits"),
    "mentoring.mentorships": N_("Mentorships"),
    "exchange.outcomes": N_("Outcomes"),
}


class Webhook(ReadModel):
    """An endpoint to which events are sent. All times are by the programme's clock."""

    id: UUID
    url: Annotated[str, Field(examples=["https://receiver.example/tandem"])]
    description: Annotated[str, Field(description="Its receiver, and what for.", examples=["OPSYS, figures"])]
    reach: WebhookReach
    events: Annotated[list[str], Field(description="Types of events.", examples=[["PeriodPublished"]])]
    state: WebhookState
    cause: Annotated[WebhookPauseCause | None, Field(description="Why it is paused.")]
    registered_at: AwareDatetime
    failing_since: Annotated[AwareDatetime | None, Field(description="Since when nothing was taken.")]
    pauses_at: Annotated[AwareDatetime | None, Field(description="When it is paused, if it takes nothing before.")]
    waits_until: Annotated[AwareDatetime | None, Field(description="Until when the receiver asked to wait.")]
    probe_at: Annotated[AwareDatetime | None, Field(description="When a failing one is tried next, with one event.")]
    taken_at: Annotated[AwareDatetime | None, Field(description="When it took something last, to the minute.")]
    waiting: Annotated[int, Field(description="Deliveries that wait.")]
    tried: Annotated[int, Field(description="Its newest deliveries that were tried, 100 at most.")]
    taken: Annotated[int, Field(description="How many of `tried` it has taken.")]
    expired: Annotated[int, Field(description="Events that were kept for as long as may be, and never taken.")]

    @property
    def outside(self) -> bool:
        """Return whether its receiver is outside of the programme."""
        return self.reach is WebhookReach.OUTSIDE

    @property
    def share(self) -> str:
        """The number of its newest deliveries that it has taken, in words; empty where none was tried."""
        words = gettext("%(taken)s of the last %(tried)s")
        return words % {"taken": number(self.taken), "tried": number(self.tried)} if self.tried else ""

    @property
    def why(self) -> str:
        """The reason for the pause, in words."""
        return "" if self.cause is None else label(self.cause)


class WebhookDelivery(ReadModel):
    """One event to one endpoint, with the result of the newest attempt."""

    id: UUID
    webhook_id: Annotated[
        str, Field(description="The header `webhook-id`, the same at each attempt.", examples=["msg_01900000"])
    ]
    event_id: UUID
    type: Annotated[str, Field(examples=["PeriodPublished"])]
    at: Annotated[AwareDatetime, Field(description="When it happened.")]
    test: bool
    state: DeliveryState
    attempts: int
    result: Annotated[AttemptResult | None, Field(description="Of the newest attempt.")]
    status: Annotated[int | None, Field(description="The HTTP status of the newest answer.", examples=[204])]
    milliseconds: Annotated[int | None, Field(description="How long the newest attempt took.")]
    next_at: Annotated[AwareDatetime | None, Field(description="Of a waiting one the next attempt.")]

    @property
    def name(self) -> str:
        """Its type of event, or that it is a test, in words."""
        return gettext("Test") if self.type == TEST else self.type


class DeliveryAttempt(ReadModel):
    """One attempt of a delivery."""

    number: int
    at: AwareDatetime
    result: AttemptResult
    status: Annotated[int | None, Field(description="The HTTP status of the answer.", examples=[204])]
    milliseconds: int
    said: Annotated[str, Field(description="The beginning of the answer.")]


class WebhookDeliveryDetail(ReadModel):
    """A delivery with its attempts, and the body that is sent."""

    delivery: WebhookDelivery
    attempts: Annotated[list[DeliveryAttempt], Field(description="The newest first.")]
    body: Annotated[str, Field(description="JSON, exactly as it is signed and sent.", examples=["{}"])]


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """An endpoint with a page of its deliveries, the number in each state, and until when an old secret counts."""

    webhook: Webhook
    deliveries: list[WebhookDelivery]
    counts: dict[str, int]
    old_secret_until: datetime | None


def groups(reach: WebhookReach) -> list[tuple[str, tuple[str, ...]]]:
    """Return the event types that can be chosen, under the names of their topics."""
    return [(gettext(_TOPICS[topic]), types) for topic, types in selectable(reach).items() if types]


def result(code: str | None) -> str:
    """Return the result of an attempt in words."""
    return "" if code is None else label(AttemptResult(code))


async def webhooks(session: AsyncSession) -> Page[Webhook]:
    """Return all endpoints, the oldest first; there are fifty at most."""
    rows = await endpoints.endpoints(session)
    records = await queue.records(session, {row.id for row in rows})
    found = [_webhook(row, records.get(row.id, queue.Record())) for row in rows]
    return Page[Webhook](items=found, next=None)


async def webhook(session: AsyncSession, endpoint_id: UUID) -> Webhook:
    """Return one endpoint. Raises `Refused` (404)."""
    found = await endpoints.endpoint(session, endpoint_id)
    if found is None:
        raise Refused(gettext("There is no such webhook."), 404)
    records = await queue.records(session, {found.id})
    return _webhook(found, records.get(found.id, queue.Record()))


async def webhook_page(session: AsyncSession, endpoint_id: UUID, state: str | None, page: int) -> WebhookPage:
    """Return an endpoint with a page of its deliveries, the newest first. Raises `Refused` (404)."""
    found = await webhook(session, endpoint_id)
    rows, counts = await queue.deliveries_page(session, endpoint_id, state, page)
    secrets = (await endpoints.secrets_of(session, [endpoint_id], datetime.now(UTC)))[endpoint_id]
    until = max((secret.until for secret in secrets if secret.until is not None), default=None)
    return WebhookPage(found, [_delivery(row) for row in rows], counts, _by_clock(until))


async def deliveries(
    session: AsyncSession, endpoint_id: UUID, state: DeliveryState | None, request: PageRequest
) -> Page[WebhookDelivery]:
    """Return one page of the deliveries to an endpoint, the newest first. Raises `Refused` (404)."""
    await webhook(session, endpoint_id)
    since = None if request.since is None else min(max(request.since, EARLIEST), LATEST) - clock.offset()
    in_real_time = replace(request, since=since)
    rows = await queue.deliveries_by_cursor(session, endpoint_id, None if state is None else state.value, in_real_time)
    return page_of(rows, request, WebhookDelivery, _delivery, lambda row: (row.position,))


async def delivery(session: AsyncSession, delivery_id: UUID) -> tuple[WebhookDeliveryDetail, Webhook]:
    """Return a delivery with its attempts and its body, and its endpoint. Raises `Refused` (404)."""
    found = await queue.delivery(session, delivery_id)
    if found is None:
        raise Refused(gettext("There is no such delivery."), 404)
    attempts = [_attempt(row) for row in await queue.attempts(session, delivery_id)]
    body = await queue.content(session, found.about)
    detail = WebhookDeliveryDetail(delivery=_delivery(found), attempts=attempts, body=(body or b"").decode())
    return detail, await webhook(session, found.endpoint_id)


def _by_clock(moment: datetime | None) -> datetime | None:
    """Return a real time as the programme's clock shows it: pages and API have one clock, also while it is moved."""
    return None if moment is None else moment + clock.offset()


def _webhook(row: Endpoint, record: queue.Record) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        description=row.description,
        reach=WebhookReach(row.reach),
        events=row.events,
        state=WebhookState(row.state),
        cause=row.why,
        registered_at=row.created_at,
        failing_since=row.failing_since,
        pauses_at=row.pauses_at,
        waits_until=_by_clock(row.not_before),
        probe_at=_by_clock(row.probe_at),
        taken_at=row.accepted_at,
        waiting=record.waiting,
        tried=record.tried,
        taken=record.taken,
        expired=row.expired,
    )


def _delivery(row: Delivery) -> WebhookDelivery:
    return WebhookDelivery(
        id=row.id,
        webhook_id=webhook_id(row.id),
        event_id=row.about,
        type=row.type,
        at=row.at,
        test=row.test,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        result=None if row.result is None else AttemptResult(row.result),
        status=row.status,
        milliseconds=row.milliseconds,
        next_at=_by_clock(row.next_at) if row.state == queue.WAITING else None,
    )


def _attempt(row: Attempt) -> DeliveryAttempt:
    return DeliveryAttempt(
        number=row.number,
        at=row.at,
        result=AttemptResult(row.result),
        status=row.status,
        milliseconds=row.milliseconds,
        said=row.answer,
    )
