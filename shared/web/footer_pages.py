"""List the pages that the footer of every page leads to: privacy, accessibility and help; the portal serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request

from shared import privacy_notice
from shared.identity import public
from shared.web.render import render
from shared.web.states import states

if TYPE_CHECKING:
    from starlette.responses import Response


def router() -> APIRouter:
    """Return the router of the three pages, open to everybody."""
    pages = APIRouter(prefix="/applications", dependencies=[Depends(public())], include_in_schema=False)

    @pages.get("/privacy")
    async def privacy(request: Request) -> Response:
        return render(request, "plain/privacy.html", version=privacy_notice.VERSION)

    @pages.get("/accessibility")
    async def accessibility(request: Request) -> Response:
        return render(request, "plain/accessibility.html")

    @pages.get("/help")
    async def help_(request: Request) -> Response:
        return render(request, "plain/help.html", applications=list(states("application")))

    return pages
