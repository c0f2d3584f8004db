"""Which messages were sent to me? The page is the portal's, which knows who I am; notifications keeps the list."""

from datetime import datetime
from typing import Annotated, Any

import httpx2
import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.api.applications import Portal
from services.applications.store import register
from shared import outgoing
from shared.bus import Bus
from shared.identity import Principal, service_headers, signed_in
from shared.service import bus_of
from shared.web.i18n import language
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)
_SECONDS = 3.0
_log = structlog.get_logger()


@router.get("/inbox")
async def inbox(
    request: Request,
    principal: Annotated[Principal, Depends(signed_in())],
    bus: Annotated[Bus, Depends(bus_of)],
    settings: Portal,
) -> Response:
    """The messages of whoever is signed in, the newest first."""
    async with bus.read() as session:
        person = await register.person(session, principal.subject)
    messages = [] if person is None else await _messages(settings, str(person.id))
    return render(request, "inbox.html", messages=messages, mail_url=settings.mail_url if settings.local else None)


async def _messages(settings: Portal, recipient: str) -> list[dict[str, Any]] | None:
    """What notifications has for a recipient, read from now on; None where it does not answer."""
    address = f"{settings.notifications_url}/notifications/internal/inbox"
    headers = service_headers("applications", settings.service_token.get_secret_value())
    try:
        async with outgoing.client(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get(address, params={"recipient": recipient, "language": language()}, headers=headers)
            answer.raise_for_status()
            found: list[dict[str, Any]] = [
                one | {"at": datetime.fromisoformat(one["at"])} for one in answer.json()["messages"]
            ]
            if any(not one["read"] for one in found):
                await client.post(f"{address}/read", json={"recipient": recipient}, headers=headers)
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        _log.warning("inbox not read", reason=type(error).__name__)
        return None
    return found
