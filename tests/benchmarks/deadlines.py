"""Measure a sweep over 100,000 open deadlines.

Notifications' own tables are used; the deadlines are those of 100,000 applications that wait for their endorsement.
With nothing due the reference is a plain SELECT of all open deadlines. With a thousand due it is the same work with a
transaction for each deadline; the events in the journal and outbox, the messages and the deadlines' state are written
as in the service.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from sqlalchemy import text

from services.notifications.cases.model import APPLICATIONS, Case
from services.notifications.cases.store.cases import CaseRow
from services.notifications.deadlines.model.rules import CaseDeadline
from services.notifications.deadlines.store import deadlines as store
from services.notifications.reminders.actions import deadlines
from services.notifications.settings import Settings
from services.notifications.tables import put
from shared.bus import Bus
from shared.bus.db import leases
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.ids import new_id
from shared.runtime.migrate import migrate
from tests.benchmarks.figures import Reference, faster, within
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.bus import Lease
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

OPEN = 100_000
DUE = 1_000
ALONE = 200
AT_ONCE = 10_000
RUNS = 5
_STEP = 2_000
MOST = 1_000.0
_START = datetime(2030, 1, 1, tzinfo=UTC)

_ALL = "SELECT id, kind, owner, case_id, due, reminder, open FROM deadline WHERE open ORDER BY due, id"


async def measure(servers: Servers) -> list[Figure]:
    """Return a sweep with nothing due, one with a thousand due, and deadlines a second where 10,000 are due at once."""
    async with _office(servers) as (bus, lease):
        await _fill(bus)
        idle, plain = [], []
        for _ in range(RUNS):
            idle.append(await _sweep(bus, lease, _START))
            plain.append(await _select(bus))
        until, thousand, single, together = _START, [], [], []
        for _ in range(RUNS):
            until += timedelta(minutes=DUE)
            thousand.append(await _sweep(bus, lease, until))
            until += timedelta(minutes=ALONE)
            single.append(await _one_by_one(bus, lease, until) / ALONE)
        for _ in range(2):
            until += timedelta(minutes=AT_ONCE)
            together.append(AT_ONCE / await _sweep(bus, lease, until))
    select = Reference("plain SELECT of all of them", round(median(plain) * 1000, 1))
    alone = Reference("one deadline a transaction", round(median(single) * DUE * 1000, 1))
    return [
        within("sweep over 100,000 open deadlines, none due", median(idle) * 1000, select, MOST),
        within("sweep over 100,000 open deadlines, 1,000 due", median(thousand) * 1000, alone, MOST),
        faster("deadlines announced, 10,000 at once", together, alone.name, [1 / each for each in single], 5),
    ]


@asynccontextmanager
async def _office(servers: Servers) -> AsyncIterator[tuple[Bus, Lease]]:
    """Notifications on a database of its own, with the lease to sweep."""
    url = servers.database("bench_deadlines")
    await asyncio.to_thread(migrate, "notifications", url)
    bus = Bus("notifications", Settings(**settings_for(url, kafka=servers.kafka)))
    try:
        lease = await leases.acquire(bus, "deadlines", 3600)
        assert lease is not None
        yield bus, lease
    finally:
        await bus.close()


async def _fill(bus: Bus) -> None:
    """One deadline a minute, each of an application of its own, set so late that it has no reminder."""
    for start in range(0, OPEN, _STEP):
        made = [Case(new_id(), APPLICATIONS, reference=f"MD-2030-{start + n}", country="MD") for n in range(_STEP)]
        known = {case.id: replace(case, application_id=case.id) for case in made}
        waited = [
            CaseDeadline(
                DeadlineKind.ENDORSEMENT,
                AudienceKind.HOME_COORDINATOR,
                APPLICATIONS,
                id_,
                due=_START + timedelta(minutes=start + n + 1),
                set_at=_START + timedelta(minutes=start + n),
                about=new_id(),
            )
            for n, id_ in enumerate(known)
        ]
        async with bus.transaction("system:bench") as tx:
            await put(tx.session, CaseRow, known.values())
            await store.save_changes(tx.session, waited, known)
    async with bus.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))


async def _sweep(bus: Bus, lease: Lease, until: datetime) -> float:
    """Return the seconds of a sweep."""
    started = perf_counter()
    await deadlines.sweep(bus, lease, until)
    return perf_counter() - started


async def _select(bus: Bus) -> float:
    """Return the seconds to read all open deadlines and do nothing."""
    started = perf_counter()
    async with bus.read() as session:
        assert len((await session.execute(text(_ALL))).all()) > 0
    return perf_counter() - started


async def _one_by_one(bus: Bus, lease: Lease, until: datetime) -> float:
    """Return the seconds of the same work with a transaction for each deadline."""
    started = perf_counter()
    async with bus.read() as session:
        found = await store.due_for_announcement(session, until)
    for each in found:
        await deadlines._announce_chunk(bus, lease, [each], until)
    return perf_counter() - started
