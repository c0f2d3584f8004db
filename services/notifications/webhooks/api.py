"""Register webhooks, list their deliveries and send them again, for programs."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.parameters import BusDep, SettingsDep
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model.webhook import DeliveryState
from services.notifications.webhooks.views import READERS, Webhook, WebhookDelivery, WebhookDeliveryDetail
from shared.bus import Bus
from shared.contracts.base import IsoMoment
from shared.contracts.codes import Role, WebhookReach
from shared.identity import Principal, allow
from shared.ids import new_id
from shared.web.paging import PageDep
from shared.web.read_models import Page, ReadModel

router = APIRouter(prefix="/notifications/api/v1/webhooks", tags=["webhooks"])
Reader = Annotated[Principal, Depends(allow(*READERS))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class EndpointIn(BaseModel):
    """The address of an endpoint, its receiver and its events."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2000, examples=["https://receiver.example/tandem"])]
    description: Annotated[
        str, Field(max_length=2000, description="Its receiver, and what for.", examples=["OPSYS, figures"])
    ]
    events: Annotated[list[str], Field(max_length=500, description="Types of events.", examples=[["PeriodPublished"]])]


class NewEndpointIn(EndpointIn):
    """A new endpoint; give an `id` (a UUID of your own), and a repeated request registers nothing twice."""

    reach: WebhookReach
    id: UUID | None = None


class RotationIn(BaseModel):
    """For how many hours the old secret signs beside the new one."""

    model_config = ConfigDict(extra="forbid")

    hours: Literal[0, 24, 72, 168] = 24


class SinceIn(BaseModel):
    """From when on (domain time) what failed is sent again."""

    model_config = ConfigDict(extra="forbid")

    since: IsoMoment


class WebhookSecret(ReadModel):
    """The secret of an endpoint, in this answer only."""

    id: Annotated[UUID, Field(description="The endpoint's.")]
    secret: Annotated[str, Field(examples=["whsec_..."])]


class QueuedDeliveries(ReadModel):
    """The number of deliveries that are sent again."""

    queued: int


class QueuedTest(ReadModel):
    """A test that is on its way."""

    delivery_id: Annotated[UUID, Field(description="The delivery under which its result is found.")]


@router.get("")
async def webhooks(bus: BusDep, _: Reader) -> Page[Webhook]:
    """Return all endpoints, the oldest first."""
    async with bus.read() as session:
        return await views.webhooks(session)


@router.post("", status_code=201)
async def register(body: NewEndpointIn, bus: BusDep, settings: SettingsDep, principal: Coordinator) -> WebhookSecret:
    """Register an endpoint. Only this answer has its secret."""
    endpoint_id = body.id or new_id()
    draft = endpoints.Draft(body.url, body.description, body.events)
    secret = await endpoints.register(bus, settings, principal.subject, endpoint_id, body.reach, draft)
    return WebhookSecret(id=endpoint_id, secret=secret)


@router.get("/{endpoint_id}")
async def webhook(endpoint_id: UUID, bus: BusDep, _: Reader) -> Webhook:
    """Return one endpoint."""
    return await _webhook(bus, endpoint_id)


@router.put("/{endpoint_id}")
async def change(
    endpoint_id: UUID, body: EndpointIn, bus: BusDep, settings: SettingsDep, principal: Coordinator
) -> Webhook:
    """Change address, description and events; its reach stays."""
    draft = endpoints.Draft(body.url, body.description, body.events)
    await endpoints.change(bus, settings, principal.subject, endpoint_id, draft)
    return await _webhook(bus, endpoint_id)


@router.delete("/{endpoint_id}", status_code=204)
async def remove(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> None:
    """Remove an endpoint with all its deliveries."""
    await endpoints.remove(bus, principal.subject, endpoint_id)


@router.post("/{endpoint_id}/pause")
async def pause(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> Webhook:
    """Send nothing for now; events are kept."""
    await endpoints.pause(bus, principal.subject, endpoint_id)
    return await _webhook(bus, endpoint_id)


@router.post("/{endpoint_id}/resume")
async def resume(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> Webhook:
    """Send again, including what was kept meanwhile."""
    await endpoints.resume(bus, principal.subject, endpoint_id)
    return await _webhook(bus, endpoint_id)


@router.post("/{endpoint_id}/rotate")
async def rotate(
    endpoint_id: UUID, body: RotationIn, bus: BusDep, settings: SettingsDep, principal: Coordinator
) -> WebhookSecret:
    """Make a new secret; the old one signs beside it for a while."""
    secret = await endpoints.rotate(bus, settings, principal.subject, endpoint_id, new_id(), body.hours)
    return WebhookSecret(id=endpoint_id, secret=secret)


@router.post("/{endpoint_id}/test", status_code=202)
async def test(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> QueuedTest:
    """Send a test, also to a paused endpoint; the answer has the delivery's id, under which its result is found."""
    return QueuedTest(delivery_id=await endpoints.test(bus, principal.subject, endpoint_id))


@router.post("/{endpoint_id}/redeliver", status_code=202)
async def redeliver_failed(endpoint_id: UUID, body: SinceIn, bus: BusDep, principal: Coordinator) -> QueuedDeliveries:
    """Send everything again that happened since then and failed; the answer is how many."""
    count = await endpoints.send_failed_again(bus, principal.subject, endpoint_id, body.since)
    return QueuedDeliveries(queued=count)


@router.get("/{endpoint_id}/deliveries")
async def deliveries(
    endpoint_id: UUID, bus: BusDep, _: Reader, page: PageDep, state: DeliveryState | None = None
) -> Page[WebhookDelivery]:
    """Return the deliveries to an endpoint, sent or not, the newest first."""
    async with bus.read() as session:
        return await views.deliveries(session, endpoint_id, state, page)


@router.get("/deliveries/{delivery_id}")
async def delivery(delivery_id: UUID, bus: BusDep, _: Reader) -> WebhookDeliveryDetail:
    """Return one delivery with its attempts and its body."""
    async with bus.read() as session:
        detail, _webhook = await views.delivery(session, delivery_id)
    return detail


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(delivery_id: UUID, bus: BusDep, principal: Coordinator) -> QueuedDeliveries:
    """Send one delivery again, under its old `webhook-id`."""
    await endpoints.send_again(bus, principal.subject, delivery_id)
    return QueuedDeliveries(queued=1)


async def _webhook(bus: Bus, endpoint_id: UUID) -> Webhook:
    async with bus.read() as session:
        return await views.webhook(session, endpoint_id)
