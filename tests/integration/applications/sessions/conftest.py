"""Run the other three services beside the portal, which they ask over HTTP for sessions."""

from __future__ import annotations

import importlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx2
import pytest

from shared.contracts.codes import Role
from shared.identity import Grant, csrf, write_access
from shared.identity.remote_sessions import CHECK
from shared.identity.state import identity_of
from shared.time import clock
from tests.serving import served
from tests.sessions import session_key
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.conftest import Databases
    from tests.integration.applications.conftest import Programme

ORIGIN = "http://localhost:8000"
PAGES = {
    "applications": "/applications/account",
    "matching": "/matching/",
    "notifications": "/notifications/",
    "reporting": "/reporting/",
}
"""A page of each service that the programme coordinator may see."""


class Watched:
    """An app that counts the requests for sessions."""

    def __init__(self, app: ASGIApp) -> None:
        """Watch an app."""
        self._app = app
        self.checks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and pass on."""
        self.checks += scope.get("path") == CHECK
        await self._app(scope, receive, send)


@dataclass
class House:
    """All four services, and who is signed in in which browser."""

    programme: Programme
    apps: dict[str, FastAPI]
    portal: Watched
    stack: AsyncExitStack
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self, subject: str, *, ago: float = 0) -> Browser:
        """Return a browser in which `subject` signed in."""
        return self.with_key(subject, session_key(self.apps["applications"], subject, ago=ago))

    def with_key(self, subject: str, key: str) -> Browser:
        """Return a browser with the cookie of a session."""
        browser = Browser(self, subject, key)
        self.clients += browser.clients.values()
        return browser

    async def grant(self, subject: str, *grants: Grant) -> None:
        """Let the other services know what a person may do, as AccessChanged does."""
        for name, app in self.apps.items():
            if name != "applications":
                async with app.state.service.bus.transaction("system:tests") as tx:
                    await write_access(tx.session, {subject: (grants, clock.now())})


class Browser:
    """One person's browser, at all four services."""

    def __init__(self, house: House, subject: str, key: str) -> None:
        """Open it."""
        self.key = key
        self.clients = {}
        for name, app in house.apps.items():
            identity = identity_of(app)
            headers = {"Accept": "text/html", csrf.HEADER: csrf.new_token(identity.csrf, csrf.person(subject))}
            transport = httpx2.ASGITransport(app)
            client = httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)
            client.cookies.set(identity.cookies.session, key, domain="localhost.local")
            self.clients[name] = client

    async def statuses(self) -> dict[str, int]:
        """Return the status of a page of each service."""
        return {name: (await client.get(PAGES[name])).status_code for name, client in self.clients.items()}

    @property
    def portal(self) -> httpx2.AsyncClient:
        """The browser at the portal."""
        return self.clients["applications"]


OTHERS = ("matching", "notifications", "reporting")


@pytest.fixture(scope="session")
def templates(postgres: Databases) -> dict[str, str]:
    """Return the names of the databases of the other three services as their migrations make them."""
    return {name: postgres.of_service(name) for name in OTHERS}


@pytest.fixture
async def house(
    programme: Programme, portal: FastAPI, postgres: Databases, templates: dict[str, str]
) -> AsyncIterator[House]:
    """All four services; the programme coordinator may use each."""
    watched = Watched(portal)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(watched))
        apps = {"applications": portal}
        for name in OTHERS:
            address = postgres.new(templates[name])
            stack.callback(postgres.drop, address)
            settings = importlib.import_module(f"services.{name}.settings").Settings
            create = importlib.import_module(f"services.{name}.app").create_app
            app = apps[name] = create(settings(**settings_for(address, portal_url=url)), background=False)
            stack.push_async_callback(app.state.service.bus.close)
            stack.push_async_callback(identity_of(app).close)
        made = House(programme, apps, watched, stack)
        for subject in ("programme", "ani"):
            await made.grant(subject, Grant(Role.PROGRAMME_COORDINATOR, clock.today()))
        yield made
        for client in made.clients:
            await client.aclose()
