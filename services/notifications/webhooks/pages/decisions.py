"""The pages on which a webhook is registered, changed, given a new secret, removed, or sent again what failed."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from services.notifications.parameters import settings_of
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.forms import EndpointForm, RegisterForm, RotateForm, SinceForm
from services.notifications.webhooks.pages.common import HOME, Coordinator
from services.notifications.webhooks.views import Webhook
from shared.contracts.codes import WebhookReach
from shared.i18n import gettext
from shared.ids import new_id, read_id
from shared.time import clock
from shared.time.workdays import ZONE
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form
from shared.web.render import render

router = APIRouter(prefix=HOME, include_in_schema=False)


async def _webhook(asked: DecisionRequest[Form]) -> Webhook:
    async with asked.bus.read() as session:
        return await views.webhook(session, asked.id)


def _draft(form: EndpointForm) -> endpoints.Draft:
    return endpoints.Draft(form.url.data or "", form.description.data or "", form.events.data or [])


def _offer(form: EndpointForm, reach: WebhookReach) -> None:
    form.offer(reach, [type_ for _, group in views.groups(reach) for type_ in group])


async def _check_address(asked: DecisionRequest[EndpointForm]) -> None:
    """Refuse a bad address beside the other errors; where there are none, the action checks it."""
    form = asked.form
    if form.problems() and not form.url.errors:
        problem = await endpoints.wrong_with(settings_of(asked.request), form.url.data or "")
        if problem is not None:
            form.refuse("url", problem)


def _question(form: EndpointForm, title: str, button: str, back: str) -> Question:
    assert form.reach is not None
    more = {"reach": form.reach, "groups": views.groups(form.reach)}
    return Question(title, button, back, template="webhooks/form.html", more=more)


def _secret_page(asked: DecisionRequest[Form], endpoint_id: object, secret: str, *, rotated: bool) -> Response:
    return render(asked.request, "webhooks/secret.html", endpoint_id=endpoint_id, secret=secret, rotated=rotated)


async def _new_endpoint(_: DecisionRequest[RegisterForm]) -> RegisterForm:
    return RegisterForm(data={"key": str(new_id())})


async def _prepare_registration(asked: DecisionRequest[RegisterForm]) -> None:
    reach = asked.request.query_params.get("reach")
    _offer(asked.form, WebhookReach(reach) if reach in set(WebhookReach) else WebhookReach.OUTSIDE)


async def _ask_registration(asked: DecisionRequest[RegisterForm]) -> Question:
    return _question(asked.form, gettext("Register a webhook"), gettext("Register"), HOME)


async def _register(asked: DecisionRequest[RegisterForm]) -> str | Response:
    form, key = asked.form, read_id(asked.form.key.data) or new_id()
    assert form.reach is not None
    settings = settings_of(asked.request)
    secret = await endpoints.register(asked.bus, settings, asked.principal.subject, key, form.reach, _draft(form))
    if secret is None:
        return f"{HOME}/{key}?done=known"
    return _secret_page(asked, key, secret, rotated=False)


async def _known_endpoint(asked: DecisionRequest[EndpointForm]) -> EndpointForm:
    webhook = await _webhook(asked)
    known = {"url": webhook.url, "description": webhook.description, "events": webhook.events}
    form = EndpointForm(data=known)
    _offer(form, webhook.reach)
    return form


async def _prepare_change(asked: DecisionRequest[EndpointForm]) -> None:
    if asked.form.reach is None:
        _offer(asked.form, (await _webhook(asked)).reach)


async def _ask_change(asked: DecisionRequest[EndpointForm]) -> Question:
    return _question(asked.form, gettext("Change the webhook"), gettext("Save"), f"{HOME}/{asked.id}")


async def _change(asked: DecisionRequest[EndpointForm]) -> str:
    settings = settings_of(asked.request)
    await endpoints.change(asked.bus, settings, asked.principal.subject, asked.id, _draft(asked.form))
    return f"{HOME}/{asked.id}?done=changed"


async def _new_secret(_: DecisionRequest[RotateForm]) -> RotateForm:
    return RotateForm(data={"key": str(new_id())})


async def _ask_rotation(asked: DecisionRequest[RotateForm]) -> Question:
    webhook = await _webhook(asked)
    return Question(
        gettext("Make a new secret"),
        gettext("Make it and show it"),
        f"{HOME}/{webhook.id}",
        text=gettext(
            "While both secrets count, each event carries a signature by either, and the receiver may check with the"
            " one or the other."
        ),
    )


async def _rotate(asked: DecisionRequest[RotateForm]) -> str | Response:
    key, hours = read_id(asked.form.key.data) or new_id(), int(asked.form.hours.data)
    settings = settings_of(asked.request)
    secret = await endpoints.rotate(asked.bus, settings, asked.principal.subject, asked.id, key, hours)
    if secret is None:
        return f"{HOME}/{asked.id}?done=known"
    return _secret_page(asked, asked.id, secret, rotated=True)


async def _ask_removal(asked: DecisionRequest[Form]) -> Question:
    webhook = await _webhook(asked)
    text = gettext(
        "%(description)s gets nothing more, and what was sent to it can no longer be looked at. To stop it for a while,"
        " pause it instead."
    )
    return Question(
        gettext("Remove the webhook?"),
        gettext("Yes, remove it"),
        f"{HOME}/{webhook.id}",
        text=text % {"description": webhook.description},
        cancel=gettext("No, go back"),
        warning=True,
    )


async def _remove(asked: DecisionRequest[Form]) -> str:
    await endpoints.remove(asked.bus, asked.principal.subject, asked.id)
    return f"{HOME}?done=removed"


async def _week_ago(_: DecisionRequest[SinceForm]) -> SinceForm:
    return SinceForm(data={"since": clock.today() - timedelta(days=7)})


async def _ask_redelivery(asked: DecisionRequest[SinceForm]) -> Question:
    webhook = await _webhook(asked)
    return Question(
        gettext("Send again what failed"),
        gettext("Send them again"),
        f"{HOME}/{webhook.id}",
        caption=webhook.description,
        text=gettext(
            "Every event since that day which this receiver did not take is sent again, under the same number: a"
            " receiver can tell by it what it has."
        ),
    )


async def _redeliver(asked: DecisionRequest[SinceForm]) -> str:
    assert asked.form.since.data is not None
    since = datetime.combine(asked.form.since.data, datetime.min.time(), ZONE)
    count = await endpoints.send_failed_again(asked.bus, asked.principal.subject, asked.id, since)
    return f"{HOME}/{asked.id}?done_again={count}"


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
