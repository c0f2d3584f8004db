"""One PartnerStatusChanged ends the access of a country's people in every service that reads it."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

import httpx2
import pytest

from shared.contracts.codes import PartnerStatus, Role
from shared.contracts.registry import PartnerStatusChanged
from shared.identity import Grant, every_route, write_access
from shared.time import clock
from tests.sessions import session_cookie
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI

    from tests.conftest import Databases

ORIGIN = "http://localhost:8000"
ANYBODY = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture(params=["matching", "notifications", "reporting"])
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """Return a service, and a database as its migrations make it."""
    service = request.param
    address = postgres.new(postgres.of_service(service))
    yield service, address
    postgres.drop(address)


@pytest.fixture
async def running(migrated: tuple[str, str]) -> AsyncIterator[tuple[FastAPI, Feed]]:
    """Run the service with a person from Belarus who holds every role of a country, and its feed."""
    service, address = migrated
    settings = importlib.import_module(f"services.{service}.settings").Settings(**settings_for(address))
    app: FastAPI = importlib.import_module(f"services.{service}.app").create_app(settings, background=False)
    consumers = importlib.import_module(f"services.{service}.consumers").consumers
    async with app.state.service.bus.transaction("system:tests") as tx:
        grants = [Grant(role, clock.today(), "BY", ANYBODY) for role in Role]
        await write_access(tx.session, {"minsk": (grants, clock.now())})
    yield app, Feed(app.state.service.bus, consumers)
    await app.state.service.bus.close()


async def page_status(app: FastAPI, path: str, cookie: str) -> int:
    """Return the status of a page for the person with that session."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        return (await client.get(path, headers={"Cookie": cookie, "Accept": "text/html"})).status_code


async def test_a_suspension_closes_every_page_and_reinstatement_opens_them(running: tuple[FastAPI, Feed]) -> None:
    """After a suspension old sign-ins must sign in again and new ones are refused; reinstatement ends both."""
    app, feed = running
    paths = [
        re.sub(r"{\w+(?::\w+)?}", ANYBODY, str(route.path))
        for route, access in every_route(app)
        if access.kind == "roles" and "GET" in (route.methods or ()) and not str(route.path).endswith("live")
    ]
    assert paths
    before, after = (session_cookie(app, "minsk", ago=ago) for ago in (60, -60))
    day = clock.today()
    suspended = PartnerStatusChanged(country="BY", status=PartnerStatus.SUSPENDED, since=day)
    await feed.deliver((suspended, "BY"))
    for path in paths:
        assert await page_status(app, path, before) in {303, 401}, path
        assert await page_status(app, path, after) == 403, path
    await feed.deliver((PartnerStatusChanged(country="BY", status=PartnerStatus.REINSTATED, since=day), "BY"))
    for path in paths:
        assert await page_status(app, path, before) in {303, 401}, path
        assert await page_status(app, path, after) not in {303, 401, 403}, path
