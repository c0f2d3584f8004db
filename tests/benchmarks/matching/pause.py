"""Measure how long the service's event loop stands still while a large cohort is computed and written.

The cohort is a job of a process of its own. A task beside it looks every millisecond at the processor time of its
thread; the longest work between two looks is what a page would have waited for. Other processes do not count.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from time import thread_time
from typing import TYPE_CHECKING

from services.matching.app import create_app
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.model import JobState
from services.matching.cohorts.store import jobs
from services.matching.settings import Settings
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching import stored
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PEOPLE, MENTORS = 3_000, 1_000
MOST = 30.0
_LOOK_EVERY = 0.001
_IDLE = 5.0


def measure(people: int = PEOPLE, mentors: int = MENTORS) -> list[Figure]:
    """Return the longest work without a break in milliseconds, beside that of an idle loop."""
    with stored.server() as address:
        pause, idle, proposed = asyncio.run(_measured(address, people, mentors))
    return [
        Figure(
            f"longest work of the loop while a cohort of {people:,} x {mentors:,} is committed, {proposed:,} matches",
            round(pause, 1),
            "ms",
            Reference("the same loop with nothing to do", round(idle, 1)),
            round(pause / idle, 2),
            f"at most {MOST:g} ms",
            pause <= MOST,
        )
    ]


async def _measured(address: str, people: int, mentors: int) -> tuple[float, float, int]:
    """Return the longest work in milliseconds, with a cohort and without, and how many matches it proposed."""
    bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    try:
        call_id = await stored.fill(bus, people, mentors)
        async with _watched() as idle:
            await asyncio.sleep(_IDLE)
        job_id = await cohorts_job.ask(bus, "carla", call_id, effort=0)
        async with _watched() as busy:
            await cohorts_job.work_once(bus)
        async with bus.read() as session:
            job = await jobs.job(session, job_id)
        if job is None or job.state != JobState.DONE:
            raise RuntimeError(f"The cohort was not committed: {job and (job.state, job.refusal, job.problem)}")
        return 1000 * max(busy), 1000 * max(idle), job.proposed or 0
    finally:
        await bus.close()


@asynccontextmanager
async def _watched() -> AsyncIterator[list[float]]:
    """Collect, while the block runs, the processor time of the loop's thread from one look to the next, in seconds."""
    gaps: list[float] = []

    async def look() -> None:
        last = thread_time()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            now = thread_time()
            gaps.append(now - last)
            last = now

    task = asyncio.create_task(look())
    try:
        yield gaps
    finally:
        task.cancel()
        await asyncio.wait([task])
