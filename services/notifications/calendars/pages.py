"""The private calendar feed, as calendar programs fetch it."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, Response

from services.notifications.calendars import actions
from services.notifications.calendars.model.feed import etag, unchanged
from services.notifications.parameters import BusDep
from shared.identity import public
from shared.identity.page_limits import count_link

router = APIRouter(prefix="/notifications", include_in_schema=False, dependencies=[Depends(public(count_link("key")))])
_AGAIN = "60"


@router.api_route("/feed.ics", methods=["GET", "HEAD"])
async def feed(
    request: Request,
    bus: BusDep,
    key: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Return the feed behind a key, or that it has not changed; 404 for a key that is wrong or was ended.

    No trace and no log records the key, which is in the query.
    """
    try:
        body = await actions.read_feed(bus, request.app.state.service.settings, key) if key else None
    except actions.TooManyReads as refused:
        return PlainTextResponse("Too many requests.", 429, {"Retry-After": str(refused.seconds)})
    except actions.PortalAway:
        return PlainTextResponse("Try again in a minute.", 503, {"Retry-After": _AGAIN})
    if body is None:
        return PlainTextResponse("There is no such calendar.", 404)
    headers = {"ETag": etag(body), "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
    if unchanged(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="tandem.ics"'
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)
