"""Measure how soon another instance serves a large call when the one that kept it stops without notice.

`python -m tests.benchmarks.matching.takeover STORE` is the instance that stops. The reference is its own start, to
the first mentee on the board.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import subprocess
import sys
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from services.matching.app import create_app
from services.matching.facts.store import pools as store
from services.matching.provisional import call_lease, worker
from services.matching.settings import Settings
from services.matching.tables import keep
from shared.bus.db.processes import tune_memory
from tests.benchmarks.figures import NO_AIM, Figure, Reference
from tests.benchmarks.matching import stored
from tests.support import settings_for

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.runtime.service import Service

PEOPLE, MENTORS = 10_000, 3_333
WITHIN = 10.0
_PATIENCE = 180


def measure(people: int = PEOPLE, mentors: int = MENTORS) -> list[Figure]:
    """Return the seconds until the next mentee is on the board, and the processor time within them."""
    with stored.server() as address:
        tune_memory()
        start, seconds, worked, again = asyncio.run(_measured(address, people, mentors))
    size = f"{people:,} x {mentors:,}"
    return [
        Figure(
            f"takeover of a call of {size}: from the stop of its keeper to the next mentee on the board",
            round(seconds, 2),
            "s",
            Reference("the first start of an instance, to the first mentee on the board", round(start, 2)),
            round(seconds / start, 2),
            f"at most {WITHIN:g} s",
            seconds <= WITHIN,
        ),
        Figure(
            f"the same, work of one core: facts of {size} read, matched and written",
            round(worked, 2),
            "s",
            Reference("the mentee after, while the state of the matching is loaded", round(again, 2)),
            round(worked / again, 2),
            NO_AIM,
            True,
        ),
    ]


async def _measured(address: str, people: int, mentors: int) -> tuple[float, float, float, float]:
    """Return the seconds of a start and of a takeover, the processor time of the latter and of the next change."""
    service = _service(address)
    bus = service.bus
    call_id = await stored.fill(bus, people, mentors)
    first = await _arrives(bus, call_id, people)
    started = perf_counter()
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.matching.takeover", address, stdout=subprocess.DEVNULL
    )
    taking = None
    try:
        await _on_board(bus, first)
        start = perf_counter() - started
        taking = asyncio.create_task(worker.match_live(service))
        await asyncio.sleep(call_lease.LEASE_SECONDS + 1)
        keeper.send_signal(signal.SIGSTOP)
        started, worked = perf_counter(), process_time()
        await _on_board(bus, await _arrives(bus, call_id, people + 1))
        seconds, worked = perf_counter() - started, process_time() - worked
        again = process_time()
        await _on_board(bus, await _arrives(bus, call_id, people + 2))
        return start, seconds, worked, process_time() - again
    finally:
        keeper.kill()
        await keeper.wait()
        if taking is not None:
            taking.cancel()
            await asyncio.wait([taking])
        await bus.close()


def _service(address: str) -> Service:
    service: Service = create_app(Settings(**settings_for(address)), background=False).state.service
    return service


async def _arrives(bus: Bus, call_id: UUID, number: int) -> UUID:
    """Return one more mentee is found eligible."""
    row = stored.mentee(random.Random(number), call_id, number)
    async with bus.transaction("system:benchmark") as tx:
        await keep(tx.session, [row])
        await store.touch(tx.session, [call_id])
        await tx.changed("matching")
    return row.id


async def _on_board(bus: Bus, application_id: UUID) -> None:
    """Wait until an application has its place on the board, or none."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            async with bus.read() as session:
                query = text("SELECT 1 FROM standing WHERE application_id = :id")
                if (await session.execute(query, {"id": application_id})).first():
                    return
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    tune_memory()
    asyncio.run(worker.match_live(_service(sys.argv[1])))
