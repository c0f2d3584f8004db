"""Give a service's app its pages: templates, errors, language, security headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.web import footer_pages, middleware, problem_pages, problems
from shared.web.admission import AdmissionMiddleware
from shared.web.answers import IdempotencyMiddleware
from shared.web.headers import security_headers
from shared.web.site import Site, environment, version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fastapi import FastAPI


def install(
    app: FastAPI,
    *,
    place: str,
    templates: Path,
    local: bool,
    origin: str = "",
    issuer: str = "",
    connections: int = 12,
    crowd: Sequence[str] = (),
) -> None:
    """Install what `render` needs in this app: templates, language of each request, error pages, security headers.

    `place` names the service on its pages (portal, board, messages, figures); `templates` the service's folder;
    `origin` the address at which people reach the gateway, `issuer` that of the sign-in provider; `connections` are
    those to the store, and `crowd` the beginnings of the paths that many people ask for at the same time.
    """
    app.state.site = Site(place, environment(templates), local, version(), origin, security_headers(origin, issuer))
    problems.install(app)
    if place == "portal":
        app.include_router(footer_pages.router())
        app.include_router(problem_pages.router())
    app.add_middleware(middleware.ConfirmationsMiddleware)
    app.add_middleware(middleware.VersionsMiddleware)
    app.add_middleware(IdempotencyMiddleware)
    app.add_middleware(middleware.RefuseControlCharacters)
    app.add_middleware(AdmissionMiddleware, connections=connections, crowd=crowd)
    app.add_middleware(middleware.LanguageMiddleware)
    app.add_middleware(middleware.StampMiddleware)
    app.add_middleware(middleware.HeadersMiddleware)
    app.add_middleware(middleware.HeadMiddleware)
    app.add_middleware(middleware.ArrivalMiddleware)
