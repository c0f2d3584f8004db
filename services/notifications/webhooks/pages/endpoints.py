"""The pages of webhooks: the endpoints and their deliveries."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.parameters import BusDep, SettingsDep
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model.webhook import DeliveryState, WebhookState
from services.notifications.webhooks.views import READERS, Webhook, WebhookDelivery
from shared.contracts.codes import Role
from shared.i18n import N_, gettext, ngettext, number
from shared.identity import Principal, allow
from shared.time import dates
from shared.web import states
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, list_page, tag
from shared.web.live import live_route
from shared.web.render import render, see_other

HOME = "/notifications/webhooks"
Reader = Annotated[Principal, Depends(allow(*READERS))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

router = APIRouter(prefix=HOME, include_in_schema=False)
router.add_api_route("/live", live_route("webhooks"), dependencies=[Depends(allow(*READERS))])

_STATES = (DeliveryState.FAILED, DeliveryState.WAITING, DeliveryState.DELIVERED)
_DONE = {
    "changed": N_("The webhook is changed."),
    "paused": N_("The webhook is paused. Its events are kept."),
    "resumed": N_("The webhook is resumed. Events that were kept are sent now."),
    "tested": N_("The test is sent within a few seconds. See its result below."),
}


@router.get("")
async def webhooks(request: Request, bus: BusDep, principal: Reader) -> Response:
    """Return all endpoints."""
    async with bus.read() as session:
        found = await views.webhooks(session)
    may_change = _may(principal)
    register = (
        gettext("Register a webhook below.") if may_change else gettext("A programme coordinator registers webhooks.")
    )
    names = (gettext("Receiver"), gettext("Web address"), gettext("Where"), gettext("Events"), gettext("State"))
    counts = (gettext("Waiting"), gettext("Last delivery"), gettext("Delivered"))
    listing = Listing(
        gettext("Webhooks"),
        HOME,
        [
            Column(name, numeric=name in {names[3], counts[0]})
            for name in (*names, *counts, gettext("Reason for the pause"))
        ],
        [_row(webhook) for webhook in found.items],
        len(found.items),
        Empty(gettext("There are no webhooks yet."), register),
        intro=gettext(
            "A webhook sends events to your server or another server as they happen. Events are signed and "
            "tried again until they are accepted. A receiver outside the programme gets only figures and "
            "reporting periods."
        ),
        done=gettext("The webhook is removed.") if request.query_params.get("done") == "removed" else "",
        live=(f"{HOME}/live", "webhooks"),
        legend="webhook",
    )
    return list_page(request, listing, "webhooks/webhooks.html", may_change=may_change)


def _row(webhook: Webhook) -> list[Cell]:
    return [
        Link(webhook.description, f"{HOME}/{webhook.id}"),
        webhook.url,
        gettext("Outside the programme") if webhook.outside else gettext("Inside the programme"),
        len(webhook.events),
        tag(states.state("webhook", webhook.state)),
        webhook.waiting,
        None if webhook.taken_at is None else dates.moment(webhook.taken_at, short=True),
        webhook.share or None,
        webhook.why or None,
    ]


@router.get("/{endpoint_id}")
async def webhook(
    request: Request,
    endpoint_id: UUID,
    bus: BusDep,
    settings: SettingsDep,
    principal: Reader,
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return one endpoint with its deliveries."""
    chosen = state if state in set(_STATES) else None
    async with bus.read() as session:
        found = await views.webhook_page(session, endpoint_id, chosen, page)
    counts = found.counts
    sent = request.query_params.get("done_again", "")
    done = gettext(_DONE[key]) if (key := request.query_params.get("done")) in _DONE else ""
    if sent.isdecimal() and len(sent) < 9:
        done = ngettext("%(num)d delivery is sent again.", "%(num)d deliveries are sent again.", int(sent)) % {
            "num": int(sent)
        }
    home = f"{HOME}/{endpoint_id}"
    why = (
        gettext("There is no such delivery.")
        if state
        else gettext("Nothing has been sent yet. Events that happen after the registration are sent.")
    )
    numeric = {gettext("Attempts"), gettext("Answer"), gettext("Duration")}
    names = (
        gettext("Event"),
        gettext("When"),
        gettext("State"),
        gettext("Attempts"),
        gettext("Answer"),
        gettext("Result"),
        gettext("Duration"),
        gettext("Next attempt"),
    )
    listing = Listing(
        found.webhook.description,
        home,
        [Column(name, numeric=name in numeric) for name in names],
        [_delivery_row(row, found.webhook) for row in found.deliveries],
        sum(counts.values()) if chosen is None else counts.get(chosen, 0),
        Empty(why, gettext("Show all"), home),
        page=page,
        counts=_counts(endpoint_id, counts),
        caption=gettext("Webhook"),
        done=done,
        live=(f"{HOME}/live", "webhook"),
        legend="webhook_delivery",
        table_title=gettext("Deliveries"),
    )
    return list_page(
        request,
        listing,
        "webhooks/webhook.html",
        endpoint=found.webhook,
        old_until=found.old_secret_until,
        kept=settings.webhook_kept_days,
        failed=counts.get(DeliveryState.FAILED, 0),
        may_change=_may(principal),
    )


def _delivery_row(row: WebhookDelivery, endpoint: Webhook) -> list[Cell]:
    took = None if row.milliseconds is None else gettext("%(num)s ms") % {"num": number(row.milliseconds)}
    goes_on = row.next_at is not None and endpoint.state in {WebhookState.ACTIVE, WebhookState.RECOVERING}
    return [
        Link(row.name, f"{HOME}/deliveries/{row.id}"),
        dates.moment(row.at, short=True),
        tag(states.state("webhook_delivery", row.state)),
        row.attempts,
        row.status,
        views.result(row.result) or None,
        took,
        dates.moment(row.next_at, short=True) if goes_on else None,
    ]


@router.post("/{endpoint_id}/pause")
async def pause(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> Response:
    """Send nothing for now."""
    await endpoints.pause(bus, principal.subject, endpoint_id)
    return see_other(f"{HOME}/{endpoint_id}?done=paused")


@router.post("/{endpoint_id}/resume")
async def resume(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> Response:
    """Send again."""
    await endpoints.resume(bus, principal.subject, endpoint_id)
    return see_other(f"{HOME}/{endpoint_id}?done=resumed")


@router.post("/{endpoint_id}/test")
async def test(endpoint_id: UUID, bus: BusDep, principal: Coordinator) -> Response:
    """Send a test, and redirect to its result."""
    delivery_id = await endpoints.test(bus, principal.subject, endpoint_id)
    return see_other(f"{HOME}/deliveries/{delivery_id}")


@router.get("/deliveries/{delivery_id}")
async def delivery(request: Request, delivery_id: UUID, bus: BusDep, principal: Reader) -> Response:
    """Return one delivery: its attempts, and its body."""
    async with bus.read() as session:
        found, endpoint = await views.delivery(session, delivery_id)
    return render(
        request,
        "webhooks/delivery.html",
        delivery=found.delivery,
        endpoint=endpoint,
        attempts=found.attempts,
        body=found.body,
        result=views.result,
        may_send=_may(principal) and found.delivery.state is not DeliveryState.WAITING and not found.delivery.test,
        done=request.query_params.get("done"),
    )


@router.post("/deliveries/{delivery_id}/redeliver")
async def redeliver(delivery_id: UUID, bus: BusDep, principal: Coordinator) -> Response:
    """Send one delivery again."""
    await endpoints.send_again(bus, principal.subject, delivery_id)
    return see_other(f"{HOME}/deliveries/{delivery_id}?done=again")


def _may(principal: Principal) -> bool:
    return principal.has(Role.PROGRAMME_COORDINATOR)


def _counts(endpoint_id: UUID, counts: Mapping[str, int]) -> list[Count]:
    """Return the numbers by state; each links to exactly its rows."""
    found = []
    for code in _STATES:
        state = states.state("webhook_delivery", code)
        found.append(Count(counts.get(code, 0), state.word, f"{HOME}/{endpoint_id}?state={code}", state.tone))
    return found
