"""The pages on which a webhook is registered, changed, given a new secret, removed, or sent again what failed."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from services.notifications.parameters import settings_of
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.forms import EndpointForm, RegisterForm, RotateForm, SinceForm
from services.notifications.webhooks.pages.endpoints import HOME, Coordinator
from services.notifications.webhooks.views import Webhook
from shared.contracts.codes import WebhookReach
from shared.i18n import gettext
from shared.ids import new_id, read_id
from shared.time import clock
from shared.time.workdays import ZONE
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form
from shared.web.query import declared, one_of
from shared.web.render import render

router = APIRouter(prefix=HOME, include_in_schema=False)


async def _webhook(request: DecisionRequest[Form]) -> Webhook:
    async with request.bus.read() as session:
        return await views.webhook(session, request.id)


def _draft(form: EndpointForm) -> endpoints.Draft:
    return endpoints.Draft(form.url.data or "", form.description.data or "", form.events.data or [])


def _offer(form: EndpointForm, reach: WebhookReach) -> None:
    form.offer(reach, [type_ for _, group in views.groups(reach) for type_ in group])


async def _check_address(request: DecisionRequest[EndpointForm]) -> None:
    """Refuse a bad address beside the other errors; where there are none, the action checks it."""
    form = request.form
    if form.problems() and not form.url.errors:
        problem = await endpoints.wrong_with(settings_of(request.http), form.url.data or "")
        if problem is not None:
            form.refuse("url", problem)


def _question(form: EndpointForm, title: str, button: str, back: str) -> Question:
    assert form.reach is not None
    more = {"reach": form.reach, "groups": views.groups(form.reach)}
    return Question(title, button, back, template="webhooks/form.html", more=more)


def _secret_page(request: DecisionRequest[Form], endpoint_id: object, secret: str, *, rotated: bool) -> Response:
    return render(request.http, "webhooks/secret.html", endpoint_id=endpoint_id, secret=secret, rotated=rotated)


async def _new_endpoint(_: DecisionRequest[RegisterForm]) -> RegisterForm:
    return RegisterForm(data={"key": str(new_id())})


async def _prepare_registration(request: DecisionRequest[RegisterForm]) -> None:
    reach = request.http.query_params.get("reach")
    _offer(request.form, WebhookReach(reach) if reach in set(WebhookReach) else WebhookReach.OUTSIDE)


async def _ask_registration(request: DecisionRequest[RegisterForm]) -> Question:
    return _question(request.form, gettext("Register a webhook"), gettext("Register"), HOME)


async def _register(request: DecisionRequest[RegisterForm]) -> Response:
    form, key = request.form, read_id(request.form.key.data) or new_id()
    assert form.reach is not None
    settings = settings_of(request.http)
    secret = await endpoints.register(request.bus, settings, request.principal.subject, key, form.reach, _draft(form))
    return _secret_page(request, key, secret, rotated=False)


async def _known_endpoint(request: DecisionRequest[EndpointForm]) -> EndpointForm:
    webhook = await _webhook(request)
    values = {"url": webhook.url, "description": webhook.description, "events": webhook.events}
    form = EndpointForm(data=values)
    _offer(form, webhook.reach)
    return form


async def _prepare_change(request: DecisionRequest[EndpointForm]) -> None:
    if request.form.reach is None:
        _offer(request.form, (await _webhook(request)).reach)


async def _ask_change(request: DecisionRequest[EndpointForm]) -> Question:
    return _question(request.form, gettext("Change the webhook"), gettext("Save webhook"), f"{HOME}/{request.id}")


async def _change(request: DecisionRequest[EndpointForm]) -> str:
    settings = settings_of(request.http)
    await endpoints.change(request.bus, settings, request.principal.subject, request.id, _draft(request.form))
    return f"{HOME}/{request.id}?done=changed"


async def _new_secret(_: DecisionRequest[RotateForm]) -> RotateForm:
    return RotateForm(data={"key": str(new_id())})


async def _ask_rotation(request: DecisionRequest[RotateForm]) -> Question:
    webhook = await _webhook(request)
    return Question(
        gettext("Create new secret"),
        gettext("Create and show secret"),
        f"{HOME}/{webhook.id}",
        text=gettext(
            "While both secrets are valid, each event carries a signature from each. The receiver can check "
            "either signature."
        ),
    )


async def _rotate(request: DecisionRequest[RotateForm]) -> Response:
    key, hours = read_id(request.form.key.data) or new_id(), int(request.form.hours.data)
    settings = settings_of(request.http)
    secret = await endpoints.rotate(request.bus, settings, request.principal.subject, request.id, key, hours)
    return _secret_page(request, request.id, secret, rotated=True)


async def _ask_removal(request: DecisionRequest[Form]) -> Question:
    webhook = await _webhook(request)
    text = gettext(
        "%(description)s receives nothing more, and you can no longer view what was sent to it. To stop it for "
        "a while, pause it instead."
    )
    return Question(
        gettext("Remove the webhook?"),
        gettext("Yes, remove webhook"),
        f"{HOME}/{webhook.id}",
        text=text % {"description": webhook.description},
        cancel=gettext("No, go back"),
        warning=True,
    )


async def _remove(request: DecisionRequest[Form]) -> str:
    await endpoints.remove(request.bus, request.principal.subject, request.id)
    return f"{HOME}?done=removed"


async def _week_ago(_: DecisionRequest[SinceForm]) -> SinceForm:
    return SinceForm(data={"since": clock.today() - timedelta(days=7)})


async def _ask_redelivery(request: DecisionRequest[SinceForm]) -> Question:
    webhook = await _webhook(request)
    return Question(
        gettext("Send failed events again"),
        gettext("Send events again"),
        f"{HOME}/{webhook.id}",
        caption=webhook.description,
        text=gettext(
            "Every event since that day that this receiver did not accept is sent again with the same number. "
            "The number shows a receiver which events it already has."
        ),
    )


async def _redeliver(request: DecisionRequest[SinceForm]) -> str:
    assert request.form.since.data is not None
    since = datetime.combine(request.form.since.data, datetime.min.time(), ZONE)
    count = await endpoints.send_failed_again(request.bus, request.principal.subject, request.id, since)
    return f"{HOME}/{request.id}?done_again={count}"


add_decision(
    router,
    Coordinator,
    Decision(
        "/new",
        RegisterForm,
        _ask_registration,
        _register,
        new=_new_endpoint,
        prepare=_prepare_registration,
        check=_check_address,
        query=(declared({"reach": Annotated[str, one_of(*WebhookReach)]}),),
    ),
)
add_decision(
    router,
    Coordinator,
    Decision(
        "/{endpoint_id}/change",
        EndpointForm,
        _ask_change,
        _change,
        new=_known_endpoint,
        prepare=_prepare_change,
        check=_check_address,
    ),
)
add_decision(
    router, Coordinator, Decision("/{endpoint_id}/rotate", RotateForm, _ask_rotation, _rotate, new=_new_secret)
)
add_decision(router, Coordinator, Decision("/{endpoint_id}/remove", Form, _ask_removal, _remove))
add_decision(
    router, Coordinator, Decision("/{endpoint_id}/redeliver", SinceForm, _ask_redelivery, _redeliver, new=_week_ago)
)
