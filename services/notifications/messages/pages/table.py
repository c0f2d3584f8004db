"""The pages of the table of messages, each row with its message in any language, for an example or a real event.

The table has a part for each area and is read as a whole, so it is no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.notifications.catalogues import MAILS
from services.notifications.deadlines.model.rules import REMINDERS
from services.notifications.deadlines.model.tasks import TASKS
from services.notifications.guards import countries_read
from services.notifications.messages.model.examples import preview
from services.notifications.messages.model.rule import Rule
from services.notifications.messages.model.table import AREAS, BY_NAME, RULES, WITHOUT_MESSAGE
from services.notifications.messages.model.wording import Wording, short_subject
from services.notifications.messages.views import messages
from services.notifications.messages.views.bodies import bodies
from services.notifications.messages.views.messages import CausedMessage
from services.notifications.parameters import BusDep, Reader
from shared.bus import Bus
from shared.contracts import EVENTS
from shared.contracts.labels import label, tongue
from shared.contracts.lifecycle import DEADLINES
from shared.i18n import gettext, offered, own_name, speaking
from shared.i18n import language as spoken
from shared.identity import Principal
from shared.ids import read_id
from shared.web.query import one_of
from shared.web.render import render

router = APIRouter(prefix="/notifications/rules", include_in_schema=False)
# More rows than this are folded by subject.
_FEW = 12
# The name in a preview; real names are asked for only when a mail is sent.
_SAMPLE = "Ana Popescu"
# A mail has inline styles, which pages may not have, so it is shown in a sandboxed frame.
_FRAME = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
}

Event = Annotated[str, Query(max_length=100)]
Whom = Annotated[str, one_of(*(str(rule.to) for rule in RULES))]
Language = Annotated[str, Query(max_length=20)]


@router.get("")
async def table(request: Request, bus: BusDep, principal: Reader, event: Event = "", to: Whom = "") -> Response:
    """Return the rows by subject (of an event, to an audience, or all), events without a message, and reminders."""
    about = read_id(event.strip())
    caused: set[str] = set()
    if about is not None:
        async with bus.read() as session:
            caused = await messages.rules_of_event(session, about, countries_read(principal))
    whole = not event.strip() and not to
    wanted = {
        rule.name for rule in RULES if (rule.name in caused or not event.strip()) and (str(rule.to) == to or not to)
    }
    areas = [(gettext(area), [rule for rule in rules if rule.name in wanted]) for area, rules in AREAS.items()]
    return render(
        request,
        "messages/rules.html",
        areas=[(area, [_row(rule) for rule in rules]) for area, rules in areas if rules],
        whole=whole,
        few=len(wanted) <= _FEW,
        event=event.strip(),
        to=to,
        audiences=list({str(rule.to): messages.audience_of_rule(rule) for rule in RULES}.items()),
        problem=gettext("This is not the id of an event.") if event.strip() and about is None else None,
        written_in=", ".join(tongue(code) for code in offered(MAILS)),
        untold=[(gettext(EVENTS[name].label), gettext(why)) for name, why in WITHOUT_MESSAGE.items()],
        reminders=_reminders(),
    )


def _row(rule: Rule) -> dict[str, object]:
    """Return a row of the table; `apart` names its special features."""
    apart = [
        label(rule.channel) if rule.invitation else None,
        None if rule.inbox else gettext("not on the page “Messages”"),
        None if rule.mandatory else gettext("can be turned off"),
        gettext("may come at night too") if rule.urgent else None,
        gettext("does not wait for the hour") if rule.at_once else None,
    ]
    return {
        "name": rule.name,
        "subject": short_subject(rule),
        "to": messages.audience_of_rule(rule),
        "when": ", ".join(filter(None, (gettext(rule.event.label), gettext(rule.when.words) if rule.when else None))),
        "apart": ", ".join(filter(None, apart)),
    }


def _reminders() -> list[dict[str, object]]:
    return [
        {
            "kind": label(kind),
            "task": gettext(TASKS[kind]),
            "days": REMINDERS[kind].days,
            "escalates": ", ".join(
                label(kind_) for kind_ in (*filter(None, [deadline.deputy]), *deadline.escalates_to)
            ),
        }
        for kind, deadline in DEADLINES.items()
    ]


@router.get("/{name}")
async def rule_page(
    request: Request, name: str, bus: BusDep, principal: Reader, event: Event = "", language: Language = ""
) -> Response:
    """Return one row, with its message for a real event or for the example, in any language of the mails."""
    rule = _rule(name)
    real, problem = await _real_message(bus, principal, rule, event)
    with speaking(language or spoken(), MAILS) as code:
        wording_ = _wording(real, rule, request.app.state.service.settings.origin)
        text = bodies(wording_, _SAMPLE, "")["text"]
    return render(
        request,
        "messages/rule.html",
        rule=rule,
        to_whom=messages.audience_of_rule(rule),
        condition=gettext(rule.when.words) if rule.when else None,
        wording=wording_,
        text=text,
        code=code,
        codes=[(code_, own_name(code_)) for code_ in offered(MAILS)],
        event=event.strip(),
        example=real.message if real else None,
        problem=problem,
    )


@router.get("/{name}/mail")
async def mail(
    request: Request, name: str, bus: BusDep, principal: Reader, event: Event = "", language: Language = ""
) -> Response:
    """Return the HTML body alone, as a mail program gets it, for the frame of the page above."""
    rule = _rule(name)
    real, _ = await _real_message(bus, principal, rule, event)
    origin = request.app.state.service.settings.origin
    with speaking(language or spoken(), MAILS):
        return HTMLResponse(bodies(_wording(real, rule, origin), _SAMPLE, origin)["html"], headers=_FRAME)


def _rule(name: str) -> Rule:
    rule = BY_NAME.get(name)
    if rule is None:
        raise HTTPException(404)
    return rule


async def _real_message(
    bus: Bus, principal: Principal, rule: Rule, event: str
) -> tuple[CausedMessage | None, str | None]:
    """Return the message that a real event caused by this rule, if the reader may see it; else the problem."""
    if not event.strip():
        return None, None
    about = read_id(event.strip())
    if about is None:
        return None, gettext("This is not the id of an event.")
    async with bus.read() as session:
        caused = await messages.caused_message(session, about, rule.name, countries_read(principal))
    if caused is None:
        return None, gettext("This event has caused no such message that you may see.")
    return caused, None


def _wording(real: CausedMessage | None, rule: Rule, origin: str) -> Wording:
    """Return the message in the current language: the real one, or the example's."""
    return preview(rule, origin) if real is None else real.wording(origin)
