"""How fast does reporting come back from a log of a million events, and how fast does a page of figures open then?

The whole rebuild is measured: Kafka, reading and checking each event, every projection of reporting, and the marks of
how far each subject has come. Beside it, in the same run: the same events by the reader's own way, one a transaction.
The page is asked of the service as a browser does, with a hundred thousand participations behind it; beside it the same
figures counted from the facts.
"""

from __future__ import annotations

import asyncio
import resource
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

import httpx2
from confluent_kafka import Producer
from sqlalchemy import text

from deploy.cli.system import consumers_of
from services.reporting.app import create_app
from services.reporting.figures.actions import counting
from services.reporting.settings import Settings
from shared.bus.db.transaction import driver
from shared.bus.inbox.apply import Applier
from shared.bus.rebuild.loading import load
from shared.contracts.codes import Role
from shared.identity import Grant, write_access
from shared.identity.session import Session, sealed_session
from shared.identity.state import identity_of
from shared.runtime.migrate import migrate
from shared.time import clock
from tests.benchmarks.figures import Figure, Reference, faster, within
from tests.benchmarks.programme import stories
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

    from shared.bus import Bus
    from tests.benchmarks.servers import Servers

PEOPLE = 109_000
"""So many stories are a million events, and leave more than a hundred thousand participations."""
ONE_BY_ONE = 500
PAGES = 60
PERIOD = "2026"


async def measure(servers: Servers) -> list[Figure]:
    """The rebuild and the page, each beside its reference."""
    return await _measure(servers, PEOPLE)


async def _measure(servers: Servers, people: int) -> list[Figure]:
    total, newest = await asyncio.to_thread(_fill, servers.kafka, people)
    settings = await asyncio.to_thread(_reporting, servers, "bench_rebuild")
    app = create_app(settings, background=False)
    bus: Bus = app.state.service.bus
    try:
        await _has_read(bus, newest)
        started, worked, served = perf_counter(), _worked(), servers.worked()
        taken = await load(settings, "reporting", consumers_of, by="bench")
        seconds, loaded = perf_counter() - started, _worked() - worked
        served = servers.worked() - served
        async with bus.read() as session:
            held = await session.scalar(text("SELECT count(*) FROM fact"))
        if taken != total or held != total - 1:  # the call is no fact
            raise RuntimeError(f"{total} events were told, {taken} read, {held} kept as facts")
        ours = total / seconds
        plain = await _one_by_one(await asyncio.to_thread(_reporting, servers, "bench_one_by_one"))
        counted = await _counted(bus)
        opened = await _opened(app)
    finally:
        await bus.close()
    per_second = Reference("aim", 30_000)
    core = Reference("what 30,000 events/s leave to two cores", round(2 / 30_000 * 1e6, 1))
    each, apart = (loaded + served) / total * 1e6, (loaded / total * 1e6, served / total * 1e6)
    return [
        Figure(
            f"rebuild of reporting from {total:,} events",
            round(ours),
            "events/s",
            per_second,
            round(ours / per_second.value, 2),
            "at least 30,000 events/s",
            ours >= per_second.value,
        ),
        Figure(
            f"rebuild: processor time an event, {apart[0]:.1f} of the loading processes, {apart[1]:.1f} of PostgreSQL"
            " and Kafka (tells on a machine with other work)",
            round(each, 1),
            "us",
            core,
            round(each / core.value, 2),
            "less than two cores have",
            each < core.value,
        ),
        faster(
            f"rebuild of reporting from {total:,} events",
            [ours],
            f"the same, one event a transaction, by {ONE_BY_ONE} of them",
            [plain],
            10,
        ),
        within(
            f"figures page at {people:,} participations, p95",
            opened,
            Reference("the same figures counted from the facts", round(counted, 1)),
            100,
        ),
    ]


def _worked() -> float:
    """Seconds of processor time of this process, which loads a share itself, and of all of ours that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


Applied = tuple[str, str, str, int, UUID, int]
"""A row of `applied`: topic, source, subject, the number and the id of its newest event, how far it was reacted to."""


def _fill(kafka: str, people: int) -> tuple[int, list[Applied]]:
    """Put the stories on the log; give how many events there are, and how far each subject has come with them."""
    sender = Producer(
        {
            "bootstrap.servers": kafka,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 200_000,
        }
    )
    total = 0
    newest: dict[tuple[str, str], Applied] = {}
    for record in stories(people):
        while True:
            try:
                sender.produce(
                    record.topic, record.value, record.key, partition=record.partition, headers=list(record.headers)
                )
                break
            except BufferError:
                sender.poll(0.1)
        headers = {name: (value or b"").decode() for name, value in record.headers}
        subject, sequence = headers["ce_subject"], int(headers["ce_sequence"])
        come = record.topic, headers["ce_source"], subject, sequence, UUID(headers["ce_id"]), sequence
        newest[record.topic, subject] = come
        total += 1
    if left := sender.flush(60):
        raise RuntimeError(f"{left} events did not reach the log")
    return total, [newest[key] for key in sorted(newest)]


def _reporting(servers: Servers, name: str) -> Settings:
    url = servers.database(name)
    migrate("reporting", url)
    return Settings(**settings_for(url, kafka=servers.kafka))


async def _has_read(bus: Bus, newest: Sequence[Applied]) -> None:
    """As where a service has read all of it before: nothing is told twice, so a rebuild only has to make tables."""
    async with bus.transaction("system:bench") as tx:
        connection = await driver(tx.session)
        await connection.copy_records_to_table("applied", records=newest)


async def _one_by_one(settings: Settings) -> float:
    """Events a second when each is applied in a transaction of its own, as a reader without batches would."""
    app = create_app(settings, background=False)
    bus = app.state.service.bus
    applier = Applier(bus, app.state.service.consumers)
    records = list(stories(ONE_BY_ONE // 9))
    started = perf_counter()
    for record in records:
        async with bus.transaction("system:reporting") as tx:
            await applier.apply(tx, [record])
    seconds = perf_counter() - started
    await bus.close()
    return len(records) / seconds


async def _counted(bus: Bus) -> float:
    """Milliseconds to count the figures of the period from the facts, and to keep them as the service does."""
    started = perf_counter()
    await counting.recount_stale(bus, [PERIOD])
    return (perf_counter() - started) * 1000


async def _opened(app: FastAPI) -> float:
    """Milliseconds (p95) until the overview of the period is there, whole."""
    bus = app.state.service.bus
    async with bus.transaction("system:bench") as tx:
        await write_access(tx.session, {"donor": ([Grant(Role.DONOR, clock.today(), "MD", None)], clock.now())})
    identity = identity_of(app)
    cookie = f"{identity.cookies.session}={sealed_session(Session.begin('donor'), identity.sessions)}"
    took = []
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost:8000", headers={"Cookie": cookie}
    ) as browser:
        for _ in range(PAGES):
            started = perf_counter()
            page = await browser.get(f"/reporting/?period={PERIOD}")
            took.append((perf_counter() - started) * 1000)
            if page.status_code != 200:
                raise RuntimeError(f"the page answered {page.status_code}")
    return quantiles(took[5:], n=20, method="inclusive")[18]
