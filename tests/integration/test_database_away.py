"""Each service answers 503 while its database is away, and as before once it is back."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import shutil
from typing import TYPE_CHECKING

import asyncpg
import httpx2
import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.contracts.codes import Role
from shared.identity import Grant, csrf, write_access
from shared.identity.state import identity_of
from shared.runtime.migrate import migrate
from shared.time import clock
from tests.local_run import quick_folder
from tests.sessions import session_key
from tests.support import SERVING, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

ORIGIN = "http://localhost:8000"
# Of each service a page, a read by the API and a write by it, which a programme coordinator may ask for.
REQUESTS = {
    "applications": ("/applications/", "/applications/api/v1/funds", "/applications/api/v1/funds"),
    "matching": ("/matching/", "/matching/api/v1/matches", "/matching/api/v1/cohorts"),
    "notifications": ("/notifications/", "/notifications/api/v1/webhooks", "/notifications/api/v1/webhooks"),
    "reporting": ("/reporting/", "/reporting/api/v1/targets", "/reporting/api/v1/targets"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own, which they may stop, with the role of the services."""
    folder = quick_folder("tandem-each-away-")
    made = Postgres(folder / "data", free_port(), secrets.token_urlsafe(16), log=folder / "log")
    made.start()
    asyncio.run(_execute(made, f"CREATE ROLE {SERVING}"))
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def _execute(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", REQUESTS)
async def test_each_service_asks_to_come_again_while_its_database_is_away(server: Postgres, service: str) -> None:
    """Pages, reads and writes get 503 with a time to wait when the database was killed, and no error gets further."""
    await _execute(server, f"CREATE DATABASE {service}")
    url = server.url(service)
    await asyncio.to_thread(migrate, service, url)
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings").Settings
    values = settings_for(url.replace("postgresql://", "postgresql+asyncpg://"))
    app = module.create_app(settings(**values), background=False)
    bus, identity = app.state.service.bus, identity_of(app)
    async with bus.transaction("system:tests") as tx:
        grants = [Grant(Role.PROGRAMME_COORDINATOR, clock.today())]
        await write_access(tx.session, {"programme": (grants, clock.now())})
    token = csrf.new_token(identity.csrf, csrf.person("programme"))
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=ORIGIN, headers={csrf.HEADER: token, "Origin": ORIGIN}
    )
    client.cookies.set(identity.cookies.session, session_key(app, "programme"), domain="localhost.local")
    page, read, write = REQUESTS[service]
    sends: dict[str, Callable[[], Awaitable[httpx2.Response]]] = {
        "page": lambda: client.get(page, headers={"Accept": "text/html"}),
        "read": lambda: client.get(read),
        "write": lambda: client.post(write, json={}),
    }

    async def statuses() -> dict[str, int]:
        return {name: (await send()).status_code for name, send in sends.items()}

    before = await statuses()
    assert max(before.values()) < 500, before
    assert (before["page"], before["read"]) == (200, 200)
    await asyncio.to_thread(server.child.kill)
    for _ in range(2):  # the first may meet a connection of the pool that is just breaking
        for name, send in sends.items():
            answer = await send()
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5"), (name, answer.text)
            wanted = "text/html; charset=utf-8" if name == "page" else "application/problem+json"
            assert answer.headers["content-type"] == wanted
    server.start()  # here: the server ends with the thread that has started it

    async def as_before() -> bool:
        return await statuses() == before

    await until(as_before, "it answers as before")
    await client.aclose()
    await bus.close()
