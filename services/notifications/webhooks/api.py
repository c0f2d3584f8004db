"""Register webhooks, list their deliveries and send them again, for programs."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notifications.parameters import BusDep, SettingsDep
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model.webhook import webhook_id
from services.notifications.webhooks.store import deliveries as queue
from services.notifications.webhooks.store import endpoints as endpoints_store
from services.notifications.webhooks.views import READERS
from shared.bus import Bus
from shared.contracts.codes import Role, WebhookPauseCause, WebhookReach
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.ids import new_id

router = APIRouter(prefix="/notifications/api/v1/webhooks", tags=["webhooks"])
Reader = Annotated[Principal, Depends(allow(*READERS))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class EndpointIn(BaseModel):
    """The address of an endpoint, its receiver and its events."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2000)]
    description: Annotated[str, Field(max_length=2000)]
    events: Annotated[list[str], Field(max_length=500)]


class NewEndpointIn(EndpointIn):
    """A new endpoint; give an `id` (a UUID of your own), and a repeated request registers nothing twice."""

    reach: WebhookReach
    id: UUID | None = None


class RotationIn(BaseModel):
    """For how many hours the old secret signs beside the new one: 0, 24, 72 or 168."""

    model_config = ConfigDict(extra="forbid")

    hours: int = 24


class SinceIn(BaseModel):
    """From when on (domain time) what failed is sent again."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


class EndpointOut(BaseModel):
    """An endpoint; `failing_since` and `waits_until` are real time, `registered_at` domain time."""

    id: UUID
    url: str
    description: str
    reach: WebhookReach
    events: list[str]
    state: str
    cause: WebhookPauseCause | None
    registered_at: datetime
    failing_since: datetime | None
    waits_until: datetime | None
    expired: int


class SecretOut(BaseModel):
    """A secret, shown this once."""

    id: UUID
    secret: str


class DeliveryOut(BaseModel):
    """One event to one endpoint, with the result of the newest attempt and, while it waits, the time of the next."""

    id: UUID
    webhook_id: str
    event_id: UUID
    type: str
    at: datetime
    test: bool
    state: str
    attempts: int
    result: str | None
    status: int | None
    milliseconds: int | None
    next_at: datetime | None


class AttemptOut(BaseModel):
    """One attempt; `said` is the beginning of the answer."""

    number: int
    at: datetime
    result: str
    status: int | None
    milliseconds: int
    said: str


class DeliveryWhole(BaseModel):
    """A delivery with its attempts, the newest first, and the body that is sent."""

    delivery: DeliveryOut
    attempts: list[AttemptOut]
    body: str


class Deliveries(BaseModel):
    """One page of deliveries, and the number in each state."""

    deliveries: list[DeliveryOut]
    counts: dict[str, int]
    page: int


@router.get("")
async def webhooks(bus: BusDep, _: Reader) -> list[EndpointOut]:
    """All endpoints, the oldest first."""
    async with bus.read() as session:
        return [_endpoint_out(endpoint) for endpoint in await endpoints_store.endpoints(session)]


@router.post("", status_code=201)
async def register(body: NewEndpointIn, bus: BusDep, settings: SettingsDep, who: Coordinator) -> SecretOut:
    """Register an endpoint; the answer has its secret, which is never shown again."""
    endpoint_id = body.id or new_id()
    draft = endpoints.Draft(body.url, body.description, body.events)
    secret = await endpoints.register(bus, settings, who.subject, endpoint_id, body.reach, draft)
    if secret is None:
        raise Refused(
            gettext("It is registered already. Its secret was shown once; give it a new one if it was lost."),
            code=ProblemCode.DUPLICATE,
        )
    return SecretOut(id=endpoint_id, secret=secret)


@router.get("/{endpoint_id}")
async def webhook(endpoint_id: UUID, bus: BusDep, _: Reader) -> EndpointOut:
    """One endpoint."""
    async with bus.read() as session:
        found = await endpoints_store.endpoint(session, endpoint_id)
    if found is None:
        raise HTTPException(404)
    return _endpoint_out(found)


@router.put("/{endpoint_id}")
async def change(
    endpoint_id: UUID, body: EndpointIn, bus: BusDep, settings: SettingsDep, who: Coordinator
) -> EndpointOut:
    """Change address, description and events; its reach stays."""
    draft = endpoints.Draft(body.url, body.description, body.events)
    await endpoints.change(bus, settings, who.subject, endpoint_id, draft)
    return await _endpoint(bus, endpoint_id)


@router.delete("/{endpoint_id}", status_code=204)
async def remove(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> None:
    """Remove an endpoint with all its deliveries."""
    await endpoints.remove(bus, who.subject, endpoint_id)


@router.post("/{endpoint_id}/pause")
async def pause(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> EndpointOut:
    """Send nothing for now; events are kept."""
    await endpoints.pause(bus, who.subject, endpoint_id)
    return await _endpoint(bus, endpoint_id)


@router.post("/{endpoint_id}/resume")
async def resume(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> EndpointOut:
    """Send again, including what was kept meanwhile."""
    await endpoints.resume(bus, who.subject, endpoint_id)
    return await _endpoint(bus, endpoint_id)


@router.post("/{endpoint_id}/rotate")
async def rotate(
    endpoint_id: UUID, body: RotationIn, bus: BusDep, settings: SettingsDep, who: Coordinator
) -> SecretOut:
    """Make a new secret; the old one signs beside it for a while."""
    secret = await endpoints.rotate(bus, settings, who.subject, endpoint_id, new_id(), body.hours)
    assert secret is not None
    return SecretOut(id=endpoint_id, secret=secret)


@router.post("/{endpoint_id}/test", status_code=202)
async def test(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> dict[str, UUID]:
    """Send a test, also to a paused endpoint; the answer has the delivery's id, under which its result is found."""
    return {"delivery_id": await endpoints.test(bus, who.subject, endpoint_id)}


@router.post("/{endpoint_id}/redeliver", status_code=202)
async def redeliver_failed(endpoint_id: UUID, body: SinceIn, bus: BusDep, who: Coordinator) -> dict[str, int]:
    """Send everything again that happened since then and failed; the answer is how many."""
    return {"queued": await endpoints.send_failed_again(bus, who.subject, endpoint_id, body.since)}


@router.get("/{endpoint_id}/deliveries")
async def deliveries(
    endpoint_id: UUID,
    bus: BusDep,
    _: Reader,
    state: Literal["waiting", "delivered", "failed"] | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Deliveries:
    """The deliveries to an endpoint, sent or not, the newest first, fifty a page."""
    async with bus.read() as session:
        if await endpoints_store.endpoint(session, endpoint_id) is None:
            raise HTTPException(404)
        found, counts = await queue.deliveries_page(session, endpoint_id, state, page)
    return Deliveries(deliveries=[_delivery_out(row) for row in found], counts=counts, page=page)


@router.get("/deliveries/{delivery_id}")
async def delivery(delivery_id: UUID, bus: BusDep, _: Reader) -> DeliveryWhole:
    """One delivery with its attempts and its body."""
    async with bus.read() as session:
        found = await queue.delivery(session, delivery_id)
        if found is None:
            raise HTTPException(404)
        attempts = await queue.attempts(session, delivery_id)
        body = await queue.content(session, found.about)
    out = [AttemptOut.model_validate(attempt, from_attributes=True) for attempt in attempts]
    return DeliveryWhole(delivery=_delivery_out(found), attempts=out, body=(body or b"").decode())


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(delivery_id: UUID, bus: BusDep, who: Coordinator) -> dict[str, int]:
    """Send one delivery again, under its old `webhook-id`."""
    await endpoints.send_again(bus, who.subject, delivery_id)
    return {"queued": 1}


async def _endpoint(bus: Bus, endpoint_id: UUID) -> EndpointOut:
    async with bus.read() as session:
        found = await endpoints_store.endpoint(session, endpoint_id)
    if found is None:
        raise HTTPException(404)
    return _endpoint_out(found)


def _endpoint_out(endpoint: endpoints_store.Endpoint) -> EndpointOut:
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        reach=WebhookReach(endpoint.reach),
        events=endpoint.events,
        state=endpoint.state,
        cause=endpoint.why,
        registered_at=endpoint.made_at,
        failing_since=endpoint.failing_since,
        waits_until=endpoint.not_before,
        expired=endpoint.expired,
    )


def _delivery_out(delivery: queue.Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.id,
        webhook_id=webhook_id(delivery.id),
        event_id=delivery.about,
        type=delivery.type,
        at=delivery.at,
        test=delivery.test,
        state=delivery.state,
        attempts=delivery.attempts,
        result=delivery.result,
        status=delivery.status,
        milliseconds=delivery.milliseconds,
        next_at=delivery.next_at if delivery.state == queue.WAITING else None,
    )
