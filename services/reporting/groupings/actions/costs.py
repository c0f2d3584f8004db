"""Work out how much of a period's figures a donor would read at each level, by the real gate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from services.reporting.disclosure.actions import shown_alone
from services.reporting.facts import store as facts_store
from services.reporting.facts.views import days_of_facts
from services.reporting.figures.actions import counting
from services.reporting.figures.actions.own_process import own_process, run_in
from services.reporting.groupings import store
from services.reporting.groupings.model import Cost, Costs, Levels
from services.reporting.indicators.model.figure import Measure
from shared.contracts.codes import GROUPINGS
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Pattern
    from services.reporting.groupings.model import Place
    from services.reporting.indicators.model.figure import Figure
    from shared.bus import Bus

log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds for which a page waits for the result."""
VISITS = "TOPCOP-OP-02"


def measure(count: Callable[[Levels], list[Figure]], present: Levels, seconds: float) -> Costs:
    """Return what each level of each dimension would show, the others as they are now; it takes `seconds` at most.

    The time of one count comes on top: no count or decision begins after it, and a decision ends with it.
    """
    end = monotonic() + seconds
    found: dict[Place, Cost] = {}
    figures = count(present)
    visits = next((each.total.contributors for each in figures if each.definition.id == VISITS), 0)
    if not visits:
        return Costs(0, {})
    if (pattern := _decided(figures, end)) is not None:
        found |= {(each, present.level(each)): cost_of(figures, pattern, each) for each in GROUPINGS}
    for dimension, levels in GROUPINGS.items():
        for level in levels:
            if level.code == present.level(dimension) or monotonic() >= end:
                continue
            figures = count(present.changed(dimension, level.code))
            if (pattern := _decided(figures, end)) is not None:
                found[dimension, level.code] = cost_of(figures, pattern, dimension)
    return Costs(visits, found)


def _decided(figures: Sequence[Figure], end: float) -> Pattern | None:
    """Return what would be shown if nothing was released before; None if that is not proven in time."""
    left = end - monotonic()
    return shown_alone(figures, left) if left > 0 else None


def cost_of(figures: Sequence[Figure], pattern: Pattern, dimension: str) -> Cost:
    """Return how many parts of a dimension a pattern shows, of all figures together."""
    parts = shown = cases = cases_shown = 0
    for figure in figures:
        if figure.definition.measure is Measure.MEDIAN:
            continue
        values = pattern.shown.get(figure.definition.id, {}).get(dimension, ())
        for value, cell in figure.breakdowns.get(dimension, {}).items():
            parts, cases = parts + 1, cases + cell.contributors
            if value in values:
                shown, cases_shown = shown + 1, cases_shown + cell.contributors
    return Cost(parts, shown, cases, cases_shown)


@dataclass(frozen=True, slots=True)
class _Request:
    """The costs of a period by the present levels, and the facts and the day on which they rest."""

    label: str
    levels: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, tuple[int, int]], ...]
    day: date


class CostsAtHand:
    """The costs of each period as last worked out in this instance, or being worked out: one at a time."""

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[_Request, asyncio.Task[Costs]]] = {}
        self._one_at_a_time = asyncio.Semaphore(1)

    async def of(self, bus: Bus, label: str, seconds: float) -> Costs | None:
        """Return the costs for a period; None while they are worked out. Raises what that raises."""
        async with bus.read() as session:
            levels = await store.levels(session)
            facts = await facts_store.changes(session)
        request = _Request(label, tuple(sorted(levels.chosen.items())), tuple(facts.items()), clock.today())
        known = self._tasks.get(label)
        if known is not None and (not known[1].done() or known[0] == request):
            task = known[1]  # one that runs is not begun again for each fact that arrives
        else:
            task = asyncio.create_task(self._worked_out(bus, label, levels, seconds))
            self._tasks[label] = request, task
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            return None
        if (task.cancelled() or task.exception() is not None) and self._tasks.get(label, (None, None))[1] is task:
            del self._tasks[label]
        return task.result()

    async def _worked_out(self, bus: Bus, label: str, levels: Levels, seconds: float) -> Costs:
        async with self._one_at_a_time:
            started = monotonic()
            async with bus.read() as session:
                few = await counting.has_few_facts(session)
            made = await (measure_here(bus, label, levels, seconds) if few else _apart(bus, label, levels, seconds))
            log.info("costs of groupings worked out", period=label, seconds=round(monotonic() - started, 1))
            return made


async def default_period(session: AsyncSession) -> str:
    """Return the label of the year of the last facts up to today."""
    _, last = await days_of_facts(session)
    return str(min(last, clock.today()).year)


async def measure_here(bus: Bus, label: str, levels: Levels, seconds: float) -> Costs:
    """Return the costs for a period, worked out in a thread of this process."""
    async with bus.read() as session:
        count = await counting.count_by_levels(session, await counting.period_of(session, label))
    return await asyncio.to_thread(measure, count, levels, seconds)


async def _apart(bus: Bus, label: str, levels: Levels, seconds: float) -> Costs:
    with own_process() as process:
        return await run_in(process, bus.settings, _measure, label, dict(levels.chosen), seconds)


async def _measure(bus: Bus, label: str, chosen: dict[str, str], seconds: float) -> Costs:
    return await measure_here(bus, label, Levels(chosen), seconds)
