"""Who is told of what, and when? The table of messages, with each message as its event's example would give it."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.notifications import views
from services.notifications.model.due import REMIND
from services.notifications.model.messages import BY_NAME, RULES
from services.notifications.model.messages.deadlines import TASKS
from services.notifications.model.preview import preview
from services.notifications.readers import READERS
from services.notifications.sending.letter import bodies
from shared.contracts.lifecycle import DEADLINES
from shared.identity import allow
from shared.web.i18n import gettext
from shared.web.render import render
from shared.web.words import label

router = APIRouter(prefix="/notifications/rules", include_in_schema=False)
_SAMPLE = "Ana Popescu"


@router.get("", dependencies=[Depends(allow(*READERS))])
async def table(request: Request) -> Response:
    """All rows, in the order of the story, and how long before a deadline people are reminded."""
    return render(
        request,
        "rules.html",
        rules=[(rule, views.told_to(rule), gettext(rule.when.words) if rule.when else None) for rule in RULES],
        reminders=[
            {
                "kind": label(kind),
                "task": gettext(TASKS[kind]),
                "days": REMIND[kind].days,
                "escalates": ", ".join(
                    label(each) for each in (*filter(None, [deadline.deputy]), *deadline.escalates_to)
                ),
            }
            for kind, deadline in DEADLINES.items()
        ],
    )


@router.get("/{name}")
async def one(request: Request, name: str, _: Annotated[object, Depends(allow(*READERS))]) -> Response:
    """One row, with the message for its event's example."""
    rule = BY_NAME.get(name)
    if rule is None:
        raise HTTPException(404)
    said = preview(rule, request.app.state.service.settings.origin)
    return render(
        request,
        "rule.html",
        rule=rule,
        to_whom=views.told_to(rule),
        condition=gettext(rule.when.words) if rule.when else None,
        said=said,
        text=bodies(said, _SAMPLE, "")["text"],
        name=_SAMPLE,
    )
