"""Measure webhook deliveries a second to one receiver, beside a plain loop of posts over as many connections.

The time runs from a thousand queued deliveries to the record of the last answer; the receiver is a process of its own
that answers at once. The reference posts as many finished bodies, each over a connection of its own as ours are: it
signs nothing, resolves no name through our checks and keeps no account.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import httpx2
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.settings import Settings
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.worker import courier
from shared.bus.db.leases import hold
from shared.contracts.codes import WebhookReach
from shared.contracts.figures import FigurePublished
from shared.ids import new_id
from shared.runtime.migrate import migrate
from tests.benchmarks.figures import alternate, faster
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

EVENTS = 1_000
RUNS = 3
_BODY = b"x" * 1_000


async def measure(servers: Servers) -> list[Figure]:
    """Return the deliveries beside the plain loop."""
    async with _receiver() as url:
        ours, plain = await alternate([lambda: _ours(servers, url), lambda: _plain(url)], RUNS)
    return [
        replace(
            faster("webhook deliveries to one receiver", ours, "plain loop of posts", plain, 0.3), unit="deliveries/s"
        )
    ]


async def _ours(servers: Servers, url: str) -> float:
    """Return the deliveries a second from the queue to the last record, on a database of its own."""
    address = servers.database("bench_webhooks")
    await asyncio.to_thread(migrate, "notifications", address)
    settings = Settings(**settings_for(address, webhook_allowed_networks="127.0.0.0/8"))
    app = create_app(settings, background=False)
    bus = app.state.service.bus
    draft = endpoints.Draft(url, "Benchmark", [FigurePublished.type])
    await endpoints.register(bus, settings, "system:bench", new_id(), WebhookReach.OUTSIDE, draft)
    event = FigurePublished.model_validate(dict(FigurePublished.example))
    await Feed(bus, consumers).deliver(*((event, f"figure-{number}") for number in range(EVENTS)))
    async with hold(bus, "webhooks") as lease:
        sender = courier(bus, settings, lease)
        started = perf_counter()
        while await sender.send_due():
            pass
        seconds = perf_counter() - started
    async with bus.read() as session:
        left = (
            await session.execute(text("SELECT count(*) FROM webhook_delivery WHERE state <> 'delivered'"))
        ).scalar()
    await bus.close()
    if left:
        raise RuntimeError(f"{left} of {EVENTS} events were not delivered.")
    return EVENTS / seconds


async def _plain(url: str) -> float:
    """Return the posts a second of a loop that only posts."""
    left = iter(range(EVENTS))
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:

        async def line() -> None:
            for _ in left:
                (await client.post(url, content=_BODY)).raise_for_status()

        started = perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(Settings.model_fields["webhook_connections"].default):
                group.create_task(line())
        return EVENTS / (perf_counter() - started)


@asynccontextmanager
async def _receiver() -> AsyncIterator[str]:
    """The address of a receiver that takes everything at once."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "tests.benchmarks.webhooks:receiver", "--port", str(port)),
        *("--no-access-log", "--log-level", "warning", "--lifespan", "off"),
    )
    url = f"http://127.0.0.1:{port}/hook"
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.post(url)
                except httpx2.ConnectError:
                    await asyncio.sleep(0.05)
                else:
                    break
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _take(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


receiver = Starlette(routes=[Route("/hook", _take, methods=["POST"])])
