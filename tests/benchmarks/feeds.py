"""Measure how long it takes to publish all files of a half-year of a large programme, and to fetch them.

The figures of a hundred thousand participations were submitted and approved. Publishing is measured whole, as the
service does it: disclosure control, files, their check against schema and rules, storing the bytes, signing the
manifest, the events. Its reference is the submission before it, which counts the figures from the facts. All files are
then fetched as a consumer's program does; the reference serves the same bytes from a folder.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx2
from starlette.staticfiles import StaticFiles

from services.reporting.app import create_app
from services.reporting.approval.actions import periods as actions
from services.reporting.consumers import consumers
from services.reporting.feeds.actions import files, tokens
from services.reporting.settings import Settings
from shared.bus.db.transaction import driver
from shared.bus.inbox.apply import Applier
from shared.contracts.codes import Role
from shared.identity import Grant, Principal
from shared.ids import new_id
from shared.runtime.migrate import migrate
from shared.time import clock
from tests.benchmarks.figures import Figure, Reference, within
from tests.benchmarks.programme import stories
from tests.support import ReadFirst, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI

    from shared.bus import Bus
    from tests.benchmarks.servers import Servers

PERIOD = "2026-H1"
KINDS, COPIES = 60, 1_800
# All ids of a story end in its number; a counting key is such a number too (`programme.py`).
_COPY = """
INSERT INTO fact (id, topic, type, subject, sequence, source, occurred_at, day, story, "values")
SELECT gen_random_uuid(), topic, type, replace(subject, old, new), sequence, source, occurred_at, day,
       replace(story, old, new), replace(replace("values"::text, old, new), old_key, new_key)::json
FROM (
    SELECT fact.*, '-8000-' || lpad(to_hex(n), 12, '0') AS old, '-8000-' || lpad(to_hex(n + $1 * copy), 12, '0') AS new,
           lpad(to_hex(n - n % 10 / 9), 32, '0') AS old_key,
           lpad(to_hex(n + $1 * copy - n % 10 / 9), 32, '0') AS new_key
    FROM fact, generate_series(1, $2) AS copy,
         LATERAL (SELECT ('x' || right(story, 12))::bit(48)::bigint AS n) AS number
    WHERE story LIKE '0190b000-%'
) AS copied
"""
MOST_MS, FETCH_MS = 10_000.0, 1_000.0
FETCHED = 5
FEED = f"/reporting/feeds/{PERIOD}/latest"


async def measure(servers: Servers) -> list[Figure]:
    """Return publishing and fetching, each beside its reference."""
    url = servers.database("bench_feeds")
    await asyncio.to_thread(migrate, "reporting", url)
    app = create_app(Settings(**settings_for(url, kafka=servers.kafka)), background=False)
    bus: Bus = app.state.service.bus
    try:
        people = await _filled(bus)
        author, other = _person("author", Role.EVALUATOR), _person("other", Role.PROGRAMME_COORDINATOR)
        began = perf_counter()
        await actions.submit(bus, author, PERIOD)
        counted = 1000 * (perf_counter() - began)
        await actions.approve(bus, other, PERIOD)
        began = perf_counter()
        await actions.publish(bus, author, PERIOD)
        published = 1000 * (perf_counter() - began)
        fetched, static = await _fetched(app, bus, other)
    finally:
        await bus.close()
    return [
        within(
            f"all {len(files.KINDS)} files of a half-year at {people:,} participations, disclosure to signature",
            published,
            Reference("submitting the same figures: counted from the facts", round(counted, 1)),
            MOST_MS,
        ),
        within(
            "all of them fetched with a token, one after the other",
            fetched,
            Reference("the same bytes served from a folder by Starlette", round(static, 1)),
            FETCH_MS,
        ),
    ]


async def _filled(bus: Bus) -> int:
    """Write the facts of a few participations as the reader does, and copies of them under other ids."""
    async with bus.transaction("system:bench") as tx:
        await Applier(bus, consumers).apply(tx, list(stories(KINDS)))
    async with bus.transaction("system:bench") as tx:
        connection = await driver(tx.session)
        await connection.execute(_COPY, KINDS, COPIES - 1)
        await connection.execute("UPDATE fact_count SET facts = facts * $1", COPIES)
        await connection.execute("ANALYZE fact")
        people: int = await connection.fetchval("SELECT count(*) FROM fact WHERE type = 'ApplicationSubmitted'")
    return people


def _person(name: str, role: Role) -> Principal:
    return Principal(name, (Grant(role, clock.today() - timedelta(days=1)),))


async def _fetched(app: FastAPI, bus: Bus, coordinator: Principal) -> tuple[float, float]:
    """Return the milliseconds of a program that fetches all files with a token, and of one that takes static files."""
    draft = tokens.Draft("The benchmark", clock.today())
    _, token = await tokens.issue(bus, coordinator, new_id(), draft)
    headers = {"Authorization": f"Bearer {token}"}
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        async with _program(app, headers) as program:
            for name in files.KINDS:
                content = await _get(program, f"{FEED}/{name}")
                await asyncio.to_thread(Path(folder, name).write_bytes, content)
            ours = [await _all(program, FEED) for _ in range(FETCHED)]
        async with _program(StaticFiles(directory=folder)) as program:
            static = [await _all(program, "") for _ in range(FETCHED)]
    return median(ours), median(static)


def _program(app: Callable[..., Any], headers: Mapping[str, str] | None = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=ReadFirst(app), base_url="http://localhost:8000", headers=dict(headers or {}))


async def _all(program: httpx2.AsyncClient, folder: str) -> float:
    """Return the milliseconds until every file has come, one after the other."""
    began = perf_counter()
    for name in files.KINDS:
        await _get(program, f"{folder}/{name}")
    return 1000 * (perf_counter() - began)


async def _get(program: httpx2.AsyncClient, path: str) -> bytes:
    answer = await program.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} was answered by {answer.status_code}")
    return bytes(answer.content)
