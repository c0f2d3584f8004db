"""How long does it take to publish all files of a half-year of a large programme, and how long to fetch them?

The figures of a hundred thousand participations were submitted and approved. Publishing them is measured whole, as the
service does it: gate, files, their check against schema and rules, keeping the bytes, signing the manifest, the events.
Beside it, in the same run: counting the figures from the facts, which each file would have to do if they shared no
statement. Then all files are fetched as a consumer's program does; beside it each is made anew for who asks.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import httpx2

from services.reporting.app import create_app
from services.reporting.approval.actions import periods as actions
from services.reporting.consumers import consumers
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.feeds.actions import files, tokens
from services.reporting.figures import store as figures_store
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.periods import store as periods_store
from services.reporting.periods.model import periods
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
from tests.support import settings_for

if TYPE_CHECKING:
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


async def measure(servers: Servers) -> list[Figure]:
    """Publishing and fetching, each beside its reference."""
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
        anew = await _made_anew(bus)
        fetched = await _fetched(app, bus, other)
    finally:
        await bus.close()
    return [
        within(
            f"all {len(files.KINDS)} files of a half-year at {people:,} participations: gate, checks, bytes, signature",
            published,
            Reference(
                "counting the figures, as each file would have to if they shared no statement", round(counted, 1)
            ),
            MOST_MS,
        ),
        within(
            "all of them fetched with a token, one after the other",
            fetched,
            Reference("each made anew for who asks", round(anew, 1)),
            FETCH_MS,
        ),
    ]


async def _filled(bus: Bus) -> int:
    """Have the facts of all participations: of a few as the reader keeps them, and copies of those under other ids."""
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


async def _made_anew(bus: Bus) -> float:
    """Milliseconds to make each file for itself from the figures that are kept, as if nothing were stored."""
    began = perf_counter()
    period = periods.parse(PERIOD)
    for kind in files.KINDS.values():
        async with bus.read() as session:
            where = await periods_store.approval(session, period)
            released = await disclosure_actions.released(
                session, where, await figures_store.figures_of_statement(session, period, where.statement)
            )
        at = files.made_at(released, where)
        assert at is not None
        await asyncio.to_thread(kind.made, agreed(released), where, files.ours(bus.settings), at, ())
    return 1000 * (perf_counter() - began)


async def _fetched(app: FastAPI, bus: Bus, coordinator: Principal) -> float:
    """Milliseconds until a consumer's program has all files; the middle one of a few times."""
    draft = tokens.Draft("The benchmark", clock.today())
    _, token = await tokens.issue(bus, coordinator, new_id(), draft)
    took = []
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://localhost:8000",
        headers={"Authorization": f"Bearer {token}"},
    ) as program:
        for _ in range(FETCHED):
            began = perf_counter()
            for name in files.KINDS:
                answer = await program.get(f"/reporting/feeds/{PERIOD}/latest/{name}")
                if answer.status_code != 200:
                    raise RuntimeError(f"{name} was answered by {answer.status_code}")
            took.append(1000 * (perf_counter() - began))
    return median(took)
