"""Measure mails a second, from the events to the mail server's 250, beside a plain loop of sends.

The events are 5,000 submitted applications: a receipt to each officer and a request to a coordinator. Reading and
sending run side by side, as in the service. The local run's mail catcher and a portal that knows everybody are
processes of their own. The reference sends finished mails of the same size over as many connections: it renders
nothing, asks nobody and keeps no account. It runs once before and once after ours.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiosmtplib
import httpx2
from fastapi import FastAPI
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotations of the routes below

from deploy.local.ports import free_port
from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.mail.sending.worker import dispatcher
from services.notifications.settings import Settings
from shared.bus.db.leases import hold
from shared.contracts.applications import ApplicationSubmitted
from shared.ids import new_id, reaction_id
from shared.runtime.migrate import migrate
from tests.benchmarks.figures import Figure, Reference, faster
from tests.support import Feed, example_of, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.benchmarks.servers import Servers

MAILS = 10_000
PLAIN = 4_000
CONNECTIONS = 24
_NOBODY = UUID(int=0)


async def measure(servers: Servers) -> list[Figure]:
    """Return mails a second and the processor time of a mail, both beside the plain loop."""
    async with _catcher() as (port, pages), _portal() as url:
        spent: list[float] = []
        raw = await _one_mail(servers, port, pages, url)
        loop_spent: list[float] = []
        plain = [await _plain(port, raw, loop_spent)]
        ours = [await _ours(servers, port, url, spent)]
        plain.append(await _plain(port, raw, loop_spent))
    beside = faster("event to the mail server's 250", ours, "plain loop of aiosmtplib", plain, 0.5)
    cost, least = (1000 * min(seconds) / mails for seconds, mails in ((spent, MAILS), (loop_spent, PLAIN)))
    each = Figure(
        "processor time of a mail",
        round(cost, 2),
        "ms",
        Reference("plain loop of aiosmtplib", round(least, 2)),
        round(cost / least, 2),
        "at most 4 ms",
        cost <= 4,
    )
    return [replace(beside, unit="mails/s"), each]


async def _ours(servers: Servers, port: int, url: str, spent: list[float], applications: int = MAILS // 2) -> float:
    """Return the mails a second from the events to the last recorded 250, on a database of its own."""
    address = servers.database("bench_mail")
    await asyncio.to_thread(migrate, "notifications", address)
    values = settings_for(address, portal_url=url, smtp_host="127.0.0.1", smtp_port=port, mail_connections=CONNECTIONS)
    app = create_app(Settings(**values), background=False)
    bus = app.state.service.bus
    feed = Feed(bus, consumers)
    records = [feed.record(_event(number), new_id()) for number in range(applications)]

    async def read() -> None:
        at_once = app.state.service.settings.reader_batch
        for place in range(0, applications, at_once):
            await feed.apply(records[place : place + at_once])

    async with hold(bus, "mail") as lease, dispatcher(bus, app.state.service.settings, lease) as desk:
        started, processor = perf_counter(), process_time()
        reading = asyncio.create_task(read())
        handled = 0
        while (some := await desk.send_due()) or not reading.done():
            handled += some
            if not some:
                await asyncio.sleep(0.02)
        await reading
        while some := await desk.send_due():  # what was committed after the last look
            handled += some
        seconds = perf_counter() - started
        spent.append(process_time() - processor)
    await bus.close()
    if handled != applications * 2:
        raise RuntimeError(f"{handled} messages were due, not {applications * 2}.")
    return handled / seconds


def _event(number: int) -> ApplicationSubmitted:
    """Return a submitted application with a reference of its own, so that no two mails have the same words."""
    example = example_of(ApplicationSubmitted)
    return ApplicationSubmitted.model_validate(
        example | {"profile": {**example["profile"], "reference": f"SV-2026-{number:05}"}}
    )


async def _plain(port: int, raw: bytes, spent: list[float]) -> float:
    """Return the mails a second of a loop that only sends; add its seconds of processor time to `spent`."""
    left = iter(range(PLAIN))

    async def line() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
            for number in left:
                await client.sendmail("no-reply@tandem.example", [f"officer.{number}@police.example"], raw)

    started, processor = perf_counter(), process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(line())
    spent.append(process_time() - processor)
    return PLAIN / (perf_counter() - started)


async def _one_mail(servers: Servers, port: int, pages: str, url: str) -> bytes:
    """Return a mail of ours as the catcher has it."""
    await _ours(servers, port, url, [], applications=1)
    async with httpx2.AsyncClient(base_url=pages, trust_env=False) as client:
        newest = (await client.get("/api/v1/messages")).json()["messages"][0]["ID"]
        return bytes((await client.get(f"/api/v1/message/{newest}/raw")).content)


@asynccontextmanager
async def _catcher() -> AsyncIterator[tuple[int, str]]:
    """The port of the local run's mail catcher, and the address of its pages."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        smtp = free_port()
        pages = free_port({smtp})
        environment = os.environ | {
            "TANDEM_MAIL_FILE": f"{folder}/mail.db",
            "TANDEM_SMTP_PORT": str(smtp),
            "TANDEM_MAIL_PORT": str(pages),
            "TANDEM_ORIGIN": "http://localhost:8000",
        }
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "deploy.local.mail", env=environment)
        try:
            async with asyncio.timeout(30):
                while not await _listens(pages):  # noqa: ASYNC110 - another process sets it
                    await asyncio.sleep(0.05)
            yield smtp, f"http://127.0.0.1:{pages}"
        finally:
            process.terminate()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def _portal() -> AsyncIterator[str]:
    """The address of a portal that knows one person for each audience."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "tests.benchmarks.mail:portal", "--port", str(port)),
        *("--no-access-log", "--log-level", "warning", "--lifespan", "off"),
    )
    try:
        async with asyncio.timeout(30):
            while not await _listens(port):  # noqa: ASYNC110 - another process sets it
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


portal = FastAPI()


@portal.post("/applications/internal/contacts/many")
async def many(request: Request) -> dict[str, list[list[dict[str, str]]]]:
    """Answer each request with one person."""
    return {"answers": [[_person(person)] for person in (await request.json())["wanted"]]}


def _person(wanted: dict[str, Any]) -> dict[str, str]:
    whom = reaction_id(_NOBODY, "person", wanted["audience"] + str(wanted.get("application_id")))
    return {"recipient": str(whom), "name": f"Ștefan {whom.hex[:8]}", "address": f"{whom.hex}@police.example"}
