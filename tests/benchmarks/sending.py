"""Measure events a second from the outbox to the log's acknowledgement.

The reference selects the same rows in order and sends them as the same records with an idempotent producer. It deletes
nothing, records nothing and holds no lease.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from shared.bus.db import leases
from shared.bus.db.transaction import driver
from shared.bus.log.envelope import headers_of
from shared.bus.log.kafka import producer
from shared.bus.outbox.relay import LEASE, Relay
from shared.contracts.applications import ApplicationSubmitted
from shared.ids import new_id
from tests.benchmarks.figures import alternate, faster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

EVENTS = 20_000
RUNS = 5


async def measure(servers: Servers) -> list[Figure]:
    """Return the relay beside its reference."""
    ours, plain = await alternate([lambda: _measured(servers, _ours), lambda: _measured(servers, _plain)], RUNS)
    return [faster("outbox row to acknowledged", ours, "plain SELECT plus idempotent produce", plain, 0.6)]


async def _measured(servers: Servers, way: Callable[[Bus], Awaitable[float]]) -> float:
    """Events a second of one way to send, from an outbox of its own."""
    event = ApplicationSubmitted.model_validate(dict(ApplicationSubmitted.example))
    async with servers.bus("applications") as bus:
        for _ in range(0, EVENTS, 2000):
            async with bus.transaction("system:bench") as tx:
                for _ in range(2000):
                    await tx.record(event, new_id())
        return EVENTS / await way(bus)


async def _ours(bus: Bus) -> float:
    """Return the seconds of the relay, which deletes what was acknowledged and records its offsets."""
    relay = Relay(bus)
    lease = await leases.acquire(bus, LEASE)
    assert lease is not None
    await relay._take_over()
    started = perf_counter()
    while await relay.send_on(lease):
        pass
    await relay.settled()
    seconds = perf_counter() - started
    await relay.close()
    return seconds


async def _plain(bus: Bus) -> float:
    """Return the seconds of a SELECT in order, sending, and waiting for the acknowledgements."""
    sender = producer(bus.settings, "bench")
    await sender.start()
    started = perf_counter()
    position = 0
    async with bus.read() as session:
        connection = await driver(session)
        while rows := await connection.fetch(
            "SELECT * FROM outbox WHERE position > $1 ORDER BY position LIMIT 2000", position
        ):
            sent = []
            for row in rows:
                headers = headers_of(
                    "applications",
                    row["id"],
                    row["type"],
                    row["aggregateid"],
                    row["occurred_at"],
                    row["sequence"],
                    row["correlationid"],
                    row["causationid"],
                    row["traceparent"],
                )
                sent.append(
                    await sender.send(
                        row["aggregatetype"],
                        row["payload"].encode(),
                        key=row["aggregateid"].encode(),
                        partition=row["partition"],
                        headers=headers,
                    )
                )
            await asyncio.gather(*sent)
            position = rows[-1]["position"]
    seconds = perf_counter() - started
    await sender.stop()
    return seconds
