"""How are all figures of a period counted for good? In a process of its own where there is much to count.

To submit a period, or to state it again, all of its figures are counted with the events behind each number. In a large
programme that is a million facts: a process counts them and keeps what it has counted, and hands back only what is
another number than before. Pages are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.reporting.actions import figures as moving
from services.reporting.model import restatement
from services.reporting.model.indicators import definition
from services.reporting.store import figures as kept
from shared.bus import Bus
from shared.telemetry import tune_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.model.figure import Figure
    from services.reporting.model.periods import Period
    from services.reporting.model.restatement import Change
    from shared.contracts.periods import CountedEvents
    from shared.settings import ServiceSettings


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Figures of a period to be counted, by definition and version.

    `against` is the statement that they are held against (none: each is new), `keep_as` the one under which those that
    changed are kept (none: nothing is kept).
    """

    label: str
    definitions: tuple[tuple[str, int], ...]
    against: int | None = None
    keep_as: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers that changed, in the order of the definitions, and which events all were counted from."""

    changes: list[Change]
    counted: CountedEvents


async def count(bus: Bus, session: AsyncSession, asked: Asked) -> Found:
    """Count figures and keep them as asked.

    In a large programme what is kept is committed apart from the caller's transaction: it is read under its statement's
    number only, which the caller makes known, and is counted over where the caller fails.
    """
    if await moving.few(session):
        return await found(session, asked)
    if asked.keep_as is not None:
        return await _apart(bus.settings, asked)
    if (task := _looking.get(asked)) is None:
        task = _looking[asked] = asyncio.create_task(_one_look(bus.settings, asked))
        task.add_done_callback(partial(_looked, asked))
    return await asyncio.shield(task)


_looking: dict[Asked, asyncio.Task[Found]] = {}
"""What is counted only to be seen: who asks for the same meanwhile gets the same, so that reloading starts nothing."""
_one_at_a_time = asyncio.Semaphore(1)


async def _one_look(settings: ServiceSettings, asked: Asked) -> Found:
    async with _one_at_a_time:
        return await _apart(settings, asked)


def _looked(asked: Asked, task: asyncio.Task[Found]) -> None:
    del _looking[asked]
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("figures could not be counted", exc_info=error)  # who asked may have gone away


async def _apart(settings: ServiceSettings, asked: Asked) -> Found:
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, _work, settings, asked)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _work(settings: ServiceSettings, asked: Asked) -> Found:
    """In a process of its own: count the figures."""
    tune_memory()

    async def work() -> Found:
        bus = Bus("reporting", settings)
        try:
            async with bus.transaction("system:figures") as tx:
                return await found(tx.session, asked)
        finally:
            await bus.close()

    return asyncio.run(work())


async def found(session: AsyncSession, asked: Asked) -> Found:
    """Count figures in this process and transaction."""
    period = await moving.period_of(session, asked.label)
    definitions = [definition(*each) for each in asked.definitions]
    made, counted = await moving.stated(session, period, definitions)
    changes: list[Change] = []
    if asked.against is not None:
        standing = await kept.kept(session, period, asked.against)
        changes = await differences(session, period, asked.against, standing, made)
        changed = {each.indicator for each in changes}
        made = [each for each in made if each.definition.id in changed]
    if asked.keep_as is not None:
        await kept.forget(session, period, asked.keep_as)
        await kept.keep(session, made, asked.keep_as)
    return Found(changes, counted)


async def differences(
    session: AsyncSession, period: Period, statement: int, standing: Sequence[Figure], after: Sequence[Figure]
) -> list[Change]:
    """Each number of `after` that is another than what stands with a statement; only of these are the events read."""
    proofs: dict[str, dict[tuple[str, str], tuple[UUID, ...]]] = {}
    for indicator in sorted(restatement.moved(standing, after)):
        proofs[indicator] = await kept.proofs(session, period, indicator, statement)

    def events_of(indicator: str, dimension: str, value: str) -> tuple[UUID, ...]:
        return proofs[indicator].get((dimension, value), ())

    return restatement.changes(standing, after, events_of)
