"""The page of all components with a live part, a form, and pages that fail: an app of their own, for tests."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from markupsafe import Markup

from shared.contracts.codes import Role
from shared.errors import Refused
from shared.identity.principal import Grant, Principal
from shared.web import setup, site
from shared.web.design import TEMPLATE, ExampleForm, draw, examples
from shared.web.live import Live, live_route
from shared.web.render import render, see_other

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


def app(live: Live | None = None) -> FastAPI:
    """Return the demo as an app; `live` as in a service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if live:
            await live.start()
        yield
        if live:
            await live.stop()

    made = FastAPI(lifespan=lifespan)
    setup.install(made, place="board", templates=HERE / "templates", local=True)
    made.mount("/static", StaticFiles(directory=site.STATIC))
    made.state.service = SimpleNamespace(live=live)

    @made.middleware("http")
    async def signed_in(request: Request, call_next: Any) -> Response:
        grants = (Grant(Role.NATIONAL_COORDINATOR, NOW, "AM"), Grant(Role.PROGRAMME_COORDINATOR, NOW))
        request.state.principal = None if "stranger" in request.query_params else Principal("ani", grants)
        answer: Response = await call_next(request)
        return answer

    @made.get("/")
    async def page(request: Request) -> Response:
        return render(
            request,
            TEMPLATE,
            **examples(),
            sort=request.query_params.get("sort") or "reference",
            form_=None,
            live_at="/live",
        )

    @made.get("/design")
    async def design(request: Request) -> Response:
        return draw(request)

    @made.post("/")
    async def sent(request: Request) -> Response:
        form = await ExampleForm.read(request)
        if await form.rows_changed(request) or not form.validate():
            return render(request, "form.html", 422, form_=form)
        return see_other("/?sent=1")

    @made.get("/form")
    async def form(request: Request) -> Response:
        return render(request, "form.html", form_=ExampleForm())

    @made.get("/refused")
    async def refused() -> None:
        raise Refused("The offer was withdrawn a minute ago.", 409)

    drafts: list[str] = []

    @made.post("/draft", status_code=204)
    async def draft(request: Request) -> None:
        drafts.append((await request.body()).decode())

    @made.get("/drafts")
    async def list_drafts() -> list[str]:
        return drafts

    @made.get("/broken")
    async def broken() -> float:
        return 1 / 0

    made.add_api_route("/live", live_route("board"))
    return made


if __name__ == "__main__":
    site.csrf = lambda *_: Markup()  # nobody signs in here
    hub = Live(os.environ["DEMO_DATABASE"]) if "DEMO_DATABASE" in os.environ else None
    uvicorn.run(app(hub), port=int(sys.argv[1]) if len(sys.argv) > 1 else 8123, log_level="warning")
