"""Render a template as the answer of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse

from shared.i18n import gettext
from shared.identity.confirmations import changed_since
from shared.identity.own_cases import own_case_of
from shared.time import clock
from shared.web.form_versions import add_versions
from shared.web.navigation import navigation
from shared.web.site import Site, current

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

_SUMMARY = '<div class="govuk-error-summary"'
"""The mark of a form that is shown again with its errors: the title of its page begins with "Error"."""


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Return the page `template` of the service (or of shared/web) with `context`, in the language of the request.

    Every template also has: request, site, principal (None for a stranger), places, now, clock_offset, own_case (why
    the reader may not decide what the page shows, else empty), changed_since (whether a record has changed since the
    reader's action that led here), and the globals of `site.environment`. Raises `TypeError` where `context` has one of
    these names: the shell would show that page's value as its own, and in some pages only while the clock is moved.
    """
    site: Site = request.app.state.site
    principal = getattr(request.state, "principal", None)
    ours = {
        "request": request,
        "site": site,
        "principal": principal,
        "guarded": hasattr(request.state, "principal"),
        "places": navigation(principal, request.url.path),
        "now": clock.now(),
        "clock_offset": clock.offset(),
        "own_case": own_case_of(request),
        "changed_since": changed_since(request),
    }
    if clashing := sorted(ours.keys() & context.keys()):
        raise TypeError(f"{template} is given {', '.join(clashing)}, which the shell has already.")
    token = current.set(request)
    try:
        html = site.environment.get_template(template).render(ours | context)
        if status >= 400 and _SUMMARY in html:
            html = html.replace("<title>", f"<title>{gettext('Error')}: ", 1)
    finally:
        current.reset(token)
    return _Page(request, html, status)


class _Page(HTMLResponse):
    """A page, whose forms get the versions of their records when it is sent."""

    def __init__(self, request: Request, html: str, status: int) -> None:
        self._request = request
        super().__init__(html, status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        self.body = (await add_versions(self._request, bytes(self.body).decode())).encode()
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def see_other(address: str) -> RedirectResponse:
    """Return the redirect after a form (303), so that going back or reloading does not send it again."""
    return RedirectResponse(address, status_code=303)


def moved_to(address: str) -> RedirectResponse:
    """Return the redirect (307) from an address that moves on to the one that stays."""
    return RedirectResponse(address, status_code=307)
