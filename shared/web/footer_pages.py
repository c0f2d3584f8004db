"""List the pages that the footer of every page leads to: privacy, accessibility, help and contact.

The portal serves them. `app.state.contacts` has who answers for the programme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request

from shared import privacy_notice
from shared.identity import public
from shared.programme_contacts import ProgrammeContacts
from shared.web.help_guides import GUIDES, Guide
from shared.web.render import render
from shared.web.states import states

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response


def router() -> APIRouter:
    """Return the router of these pages, open to everybody."""
    pages = APIRouter(prefix="/applications", dependencies=[Depends(public())], include_in_schema=False)

    @pages.get("/privacy")
    async def privacy(request: Request) -> Response:
        return render(request, "plain/privacy.html", version=privacy_notice.VERSION)

    @pages.get("/accessibility")
    async def accessibility(request: Request) -> Response:
        return render(request, "plain/accessibility.html")

    @pages.get("/help")
    async def help_(request: Request) -> Response:
        return render(request, "plain/help.html", applications=list(states("application")), guides=GUIDES)

    @pages.get("/contact")
    async def contact(request: Request) -> Response:
        contacts = getattr(request.app.state, "contacts", ProgrammeContacts())
        return render(request, "plain/contact.html", contacts=contacts)

    for each in GUIDES:
        pages.add_api_route(f"/help/{each.code}", _page_of(each))

    return pages


def _page_of(guide: Guide) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of a guide's page."""

    async def show(request: Request) -> Response:
        return render(request, "plain/guide.html", guide=guide)

    return show
