"""The pages of webhooks: endpoints, their secrets and their deliveries."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import Count
from services.notifications.parameters import BusDep, SettingsDep
from services.notifications.settings import Settings
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model.webhook import DeliveryState
from services.notifications.webhooks.views import READERS, Webhook
from shared.bus import Bus
from shared.contracts.codes import Role, WebhookReach
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal, allow
from shared.ids import new_id, read_id
from shared.time import clock, dates
from shared.time.workdays import ZONE
from shared.web import states
from shared.web.forms import (
    CheckboxesField,
    DateField,
    Form,
    Longest,
    Needed,
    RadioField,
    StringField,
    options,
)
from shared.web.live import live_route
from shared.web.render import render, see_other

router = APIRouter(prefix="/notifications/webhooks", include_in_schema=False)
router.add_api_route("/live", live_route("webhooks"), dependencies=[Depends(allow(*READERS))])

Reader = Annotated[Principal, Depends(allow(*READERS))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
_HOME = "/notifications/webhooks"
_STATES = (DeliveryState.FAILED, DeliveryState.WAITING, DeliveryState.DELIVERED)
_DONE = {
    "changed": N_("The webhook is changed."),
    "paused": N_("The webhook is paused. Its events are kept."),
    "resumed": N_("The webhook is resumed. What was kept goes out now."),
    "known": N_("This was done already. The secret was shown once; make a new one if it was lost."),
    "tested": N_("The test is sent within a few seconds: look at its result below."),
}


class EndpointForm(Form):
    """An endpoint. `key` is its future id: a form that is sent twice registers it once."""

    url = StringField(
        N_("Web address"),
        [Needed(N_("Write the web address of the receiver"))],
        description=N_("It begins with https:// and leads to a server on the internet"),
    )
    description = StringField(
        N_("Who receives it, and what for?"),
        [Needed(N_("Say who receives it, and what for")), Longest(endpoints.LONGEST_DESCRIPTION)],
    )
    events = CheckboxesField(N_("Events"), [Needed(N_("Choose at least one event"))])
    key = StringField()

    def draft(self) -> endpoints.Draft:
        """Return the endpoint as it was entered."""
        return endpoints.Draft(self.url.data or "", self.description.data or "", self.events.data or [])


class RotateForm(Form):
    """How a secret is replaced. `key` is the id of the new one: a form that is sent twice makes one."""

    hours = RadioField(
        N_("For how long does the old secret still count?"),
        [Needed(N_("Choose for how long the old secret still counts"))],
        choices=(
            ("24", N_("For a day"), N_("Both sign meanwhile, so that nothing is refused")),
            ("72", N_("For three days")),
            ("168", N_("For a week")),
            ("0", N_("Not at all"), N_("When it has become known to somebody else")),
        ),
    )
    key = StringField()


class SinceForm(Form):
    """From which day on what failed is sent again."""

    since = DateField(N_("Since which day?"), [Needed(N_("Write the day since which everything is sent again"))])


@router.get("")
async def webhooks(request: Request, bus: BusDep, who: Reader) -> Response:
    """All endpoints."""
    async with bus.read() as session:
        found = await views.webhooks(session)
    done = gettext("The webhook is removed.") if request.query_params.get("done") == "removed" else ""
    return render(request, "webhooks/webhooks.html", endpoints=found.items, may_change=_may(who), done=done)


@router.get("/new")
async def new(request: Request, _: Coordinator, reach: WebhookReach = WebhookReach.OUTSIDE) -> Response:
    """The form for a new endpoint, inside or outside of the programme."""
    form = _choices(EndpointForm(data={"key": str(new_id())}), reach)
    return _form(request, form, reach, None)


@router.post("/new")
async def register(
    request: Request, bus: BusDep, settings: SettingsDep, who: Coordinator, reach: WebhookReach = WebhookReach.OUTSIDE
) -> Response:
    """Register the endpoint, and show its secret this once."""
    form = _choices(await EndpointForm.read(request), reach)
    key = read_id(form.key.data) or new_id()
    if not form.validate():
        return await _wrong(request, form, settings, reach, None)
    try:
        secret = await endpoints.register(bus, settings, who.subject, key, reach, form.draft())
    except Refused as refused:
        return _form(request, _refused(form, refused), reach, None, 422)
    if secret is None:
        return see_other(f"{_HOME}/{key}?done=known")
    return render(request, "webhooks/secret.html", endpoint_id=key, secret=secret, rotated=False)


@router.get("/{endpoint_id}")
async def webhook(
    request: Request,
    endpoint_id: UUID,
    bus: BusDep,
    settings: SettingsDep,
    who: Reader,
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """One endpoint with its deliveries."""
    chosen = state if state in set(_STATES) else None
    async with bus.read() as session:
        found = await views.webhook_page(session, endpoint_id, chosen, page)
    counts = found.counts
    sent = request.query_params.get("again", "")
    done = gettext(_DONE[key]) if (key := request.query_params.get("done")) in _DONE else ""
    if sent.isdecimal() and len(sent) < 9:
        done = ngettext("%(num)d is sent again.", "%(num)d are sent again.", int(sent)) % {"num": int(sent)}
    return render(
        request,
        "webhooks/webhook.html",
        endpoint=found.webhook,
        counts=_counts(endpoint_id, counts),
        rows=found.deliveries,
        total=sum(counts.values()) if chosen is None else counts.get(chosen, 0),
        page=page,
        old_until=found.old_secret_until,
        kept=settings.webhook_kept_days,
        failed=counts.get(DeliveryState.FAILED, 0),
        result=views.result,
        may_change=_may(who),
        done=done,
        moment_=lambda value: dates.moment(value, short=True),
    )


@router.get("/{endpoint_id}/change")
async def changing(request: Request, endpoint_id: UUID, bus: BusDep, _: Coordinator) -> Response:
    """The form with the present values."""
    endpoint = await _find_endpoint(bus, endpoint_id)
    known = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    form = _choices(EndpointForm(data=known), endpoint.reach)
    return _form(request, form, endpoint.reach, endpoint_id)


@router.post("/{endpoint_id}/change")
async def change(request: Request, endpoint_id: UUID, bus: BusDep, settings: SettingsDep, who: Coordinator) -> Response:
    """Change the endpoint."""
    reach = (await _find_endpoint(bus, endpoint_id)).reach
    form = _choices(await EndpointForm.read(request), reach)
    if not form.validate():
        return await _wrong(request, form, settings, reach, endpoint_id)
    try:
        await endpoints.change(bus, settings, who.subject, endpoint_id, form.draft())
    except Refused as refused:
        return _form(request, _refused(form, refused), reach, endpoint_id, 422)
    return see_other(f"{_HOME}/{endpoint_id}?done=changed")


@router.get("/{endpoint_id}/rotate")
async def rotating(request: Request, endpoint_id: UUID, bus: BusDep, _: Coordinator) -> Response:
    """The form for a new secret."""
    await _find_endpoint(bus, endpoint_id)
    form = RotateForm(data={"key": str(new_id())})
    return render(request, "webhooks/rotate.html", form_=form, endpoint_id=endpoint_id)


@router.post("/{endpoint_id}/rotate")
async def rotate(request: Request, endpoint_id: UUID, bus: BusDep, settings: SettingsDep, who: Coordinator) -> Response:
    """Make a new secret, and show it this once."""
    await _find_endpoint(bus, endpoint_id)
    form = await RotateForm.read(request)
    if not form.validate():
        return render(request, "webhooks/rotate.html", 422, form_=form, endpoint_id=endpoint_id)
    key, hours = read_id(form.key.data) or new_id(), int(form.hours.data)
    secret = await endpoints.rotate(bus, settings, who.subject, endpoint_id, key, hours)
    if secret is None:
        return see_other(f"{_HOME}/{endpoint_id}?done=known")
    return render(request, "webhooks/secret.html", endpoint_id=endpoint_id, secret=secret, rotated=True)


@router.post("/{endpoint_id}/pause")
async def pause(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Send nothing for now."""
    await endpoints.pause(bus, who.subject, endpoint_id)
    return see_other(f"{_HOME}/{endpoint_id}?done=paused")


@router.post("/{endpoint_id}/resume")
async def resume(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Send again."""
    await endpoints.resume(bus, who.subject, endpoint_id)
    return see_other(f"{_HOME}/{endpoint_id}?done=resumed")


@router.post("/{endpoint_id}/test")
async def test(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Send a test, and redirect to its result."""
    delivery_id = await endpoints.test(bus, who.subject, endpoint_id)
    return see_other(f"{_HOME}/deliveries/{delivery_id}")


@router.get("/{endpoint_id}/remove")
async def removing(request: Request, endpoint_id: UUID, bus: BusDep, _: Coordinator) -> Response:
    """The confirmation before an endpoint is removed."""
    return render(request, "webhooks/remove.html", endpoint=await _find_endpoint(bus, endpoint_id))


@router.post("/{endpoint_id}/remove")
async def remove(endpoint_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Remove the endpoint."""
    await endpoints.remove(bus, who.subject, endpoint_id)
    return see_other(f"{_HOME}?done=removed")


@router.get("/{endpoint_id}/redeliver")
async def redelivering(request: Request, endpoint_id: UUID, bus: BusDep, _: Coordinator) -> Response:
    """The form that sends failed deliveries again."""
    endpoint = await _find_endpoint(bus, endpoint_id)
    form = SinceForm(data={"since": clock.today() - timedelta(days=7)})
    return render(request, "webhooks/redeliver.html", form_=form, endpoint=endpoint)


@router.post("/{endpoint_id}/redeliver")
async def redeliver_failed(request: Request, endpoint_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Send everything again that failed since that day."""
    endpoint = await _find_endpoint(bus, endpoint_id)
    form = await SinceForm.read(request)
    if not form.validate() or form.since.data is None:
        return render(request, "webhooks/redeliver.html", 422, form_=form, endpoint=endpoint)
    since = datetime.combine(form.since.data, datetime.min.time(), ZONE)
    count = await endpoints.send_failed_again(bus, who.subject, endpoint_id, since)
    return see_other(f"{_HOME}/{endpoint_id}?again={count}")


@router.get("/deliveries/{delivery_id}")
async def delivery(request: Request, delivery_id: UUID, bus: BusDep, who: Reader) -> Response:
    """One delivery: its attempts, and its body."""
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
        may_send=_may(who) and found.delivery.state is not DeliveryState.WAITING and not found.delivery.test,
        done=request.query_params.get("done"),
    )


@router.post("/deliveries/{delivery_id}/redeliver")
async def redeliver(delivery_id: UUID, bus: BusDep, who: Coordinator) -> Response:
    """Send one delivery again."""
    await endpoints.send_again(bus, who.subject, delivery_id)
    return see_other(f"{_HOME}/deliveries/{delivery_id}?done=again")


def _may(who: Principal) -> bool:
    return who.has(Role.PROGRAMME_COORDINATOR)


def _choices(form: EndpointForm, reach: WebhookReach) -> EndpointForm:
    types = [type_ for _, group in views.groups(reach) for type_ in group]
    form.events.choices = options([(type_, type_) for type_ in types])()
    return form


def _refused(form: EndpointForm, refused: Refused) -> EndpointForm:
    for name, sentence in refused.fields.items():
        form.refuse(name, sentence)
    return form


def _form(
    request: Request, form: EndpointForm, reach: WebhookReach, endpoint_id: UUID | None, status: int = 200
) -> Response:
    return render(
        request,
        "webhooks/form.html",
        status,
        form_=form,
        reach=reach,
        endpoint_id=endpoint_id,
        groups=views.groups(reach),
    )


async def _wrong(
    request: Request, form: EndpointForm, settings: Settings, reach: WebhookReach, endpoint_id: UUID | None
) -> Response:
    """Return the form again, with the errors of the address too, so that all errors are shown at once."""
    if not form.url.errors and (why := await endpoints.wrong_with(settings, form.url.data or "")) is not None:
        form.refuse("url", why)
    return _form(request, form, reach, endpoint_id, 422)


async def _find_endpoint(bus: Bus, endpoint_id: UUID) -> Webhook:
    async with bus.read() as session:
        return await views.webhook(session, endpoint_id)


def _counts(endpoint_id: UUID, counts: Mapping[str, int]) -> list[Count]:
    """Return the numbers by state; each links to exactly its rows."""
    found = []
    for code in _STATES:
        state = states.state("webhook_delivery", code)
        found.append(Count(counts.get(code, 0), state.word, f"{_HOME}/{endpoint_id}?state={code}", state.tone))
    return found
