"""Count all figures of a period for a statement, in a separate process if there is much to count.

To submit or restate a period, all of its figures are counted with the events behind each number. In a large programme
that is a million facts: a process counts and stores them, and returns only the numbers that changed. Pages are answered
meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.reporting.figures import store
from services.reporting.figures.actions import counting
from services.reporting.figures.actions.own_process import own_process, run_in
from services.reporting.figures.model import restatement
from services.reporting.indicators.model.catalogue import definition

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.figures.model.restatement import Change
    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.periods import Period
    from shared.bus import Bus
    from shared.contracts.periods import CountedEvents
    from shared.settings import ServiceSettings


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CountRequest:
    """Figures of a period to be counted, by definition and version.

    `against` is the statement that they are compared with (none: each is new), `keep_as` the one under which those that
    changed are stored (none: nothing is stored).
    """

    label: str
    definitions: tuple[tuple[str, int], ...]
    against: int | None = None
    keep_as: int | None = None


@dataclass(frozen=True, slots=True)
class CountResult:
    """The numbers that changed, in the order of the definitions, and which events all were counted from."""

    changes: list[Change]
    counted: CountedEvents


async def count(bus: Bus, session: AsyncSession, request: CountRequest) -> CountResult:
    """Count figures and store them as requested.

    In a large programme the figures are committed apart from the caller's transaction: they are read under their
    statement's number only, which the caller publishes, and are overwritten if the caller fails.
    """
    if await counting.has_few_facts(session):
        return await count_here(session, request)
    if request.keep_as is not None:
        return await _apart(bus.settings, request)
    if (task := _running.get(request)) is None:
        task = _running[request] = asyncio.create_task(_count_once(bus.settings, request))
        task.add_done_callback(partial(_finished, request))
    return await asyncio.shield(task)


_running: dict[CountRequest, asyncio.Task[CountResult]] = {}
"""Counts that only show a difference: the same request meanwhile gets the same task, so reloading starts nothing."""
_one_at_a_time = asyncio.Semaphore(1)


async def _count_once(settings: ServiceSettings, request: CountRequest) -> CountResult:
    async with _one_at_a_time:
        return await _apart(settings, request)


def _finished(request: CountRequest, task: asyncio.Task[CountResult]) -> None:
    del _running[request]
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("figures could not be counted", exc_info=error)  # nobody may be waiting for it any more


async def _apart(settings: ServiceSettings, request: CountRequest) -> CountResult:
    with own_process() as process:
        return await run_in(process, settings, _count_and_commit, request)


async def _count_and_commit(bus: Bus, request: CountRequest) -> CountResult:
    async with bus.transaction("system:figures") as tx:
        return await count_here(tx.session, request)


async def count_here(session: AsyncSession, request: CountRequest) -> CountResult:
    """Count figures in this process and transaction."""
    period = await counting.period_of(session, request.label)
    definitions = [definition(*each) for each in request.definitions]
    made, counted = await counting.count_statement(session, period, definitions)
    changes: list[Change] = []
    if request.against is not None:
        standing = await store.figures_of_statement(session, period, request.against)
        changes = await differences(session, period, request.against, standing, made)
        changed = {each.indicator for each in changes}
        made = [each for each in made if each.definition.id in changed]
    if request.keep_as is not None:
        await store.forget(session, period, request.keep_as)
        await store.keep(session, made, request.keep_as)
    return CountResult(changes, counted)


async def differences(
    session: AsyncSession, period: Period, statement: int, standing: Sequence[Figure], after: Sequence[Figure]
) -> list[Change]:
    """Return each number of `after` that differs from a statement; the events of these alone are read."""
    proofs: dict[str, dict[tuple[str, str], tuple[UUID, ...]]] = {}
    for indicator in sorted(restatement.changed_indicators(standing, after)):
        proofs[indicator] = await store.proofs(session, period, indicator, statement)

    def events_of(indicator: str, dimension: str, value: str) -> tuple[UUID, ...]:
        return proofs[indicator].get((dimension, value), ())

    return restatement.changes(standing, after, events_of)
