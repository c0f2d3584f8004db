"""Measure the options of a cohort of 1,000 applications through their job: time, progress and proven gaps."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING

from services.matching.app import create_app
from services.matching.options import actions, store
from services.matching.settings import Settings
from shared.contracts.codes import CohortOption
from tests.benchmarks.figures import NO_AIM, Figure, Reference
from tests.benchmarks.matching import stored
from tests.support import settings_for

if TYPE_CHECKING:
    from uuid import UUID

    from services.matching.options.model import OptionsOutcome
    from shared.bus import Bus

PEOPLE, MENTORS = 1_000, 333
_LOOK_EVERY = 0.1
_WITHIN = 90
_SILENT = 2


def measure(people: int = PEOPLE, mentors: int = MENTORS) -> list[Figure]:
    """Return the seconds of the whole job, the longest time without progress, and the gap of each option between."""
    with stored.server() as address:
        alone, seconds, silent, outcome = asyncio.run(_measured(address, people, mentors))
    size = f"{people:,} x {mentors:,}"
    whole = Reference("the whole job", round(seconds, 1))
    return [
        Figure(
            f"options of a cohort of {size} with refusals, the whole job, {len(outcome.options)} options",
            round(seconds, 1),
            "s",
            Reference("the same in one process, without the job", round(alone, 1)),
            round(seconds / alone, 2),
            f"at most {_WITHIN} s and twice the reference",
            seconds <= min(_WITHIN, 2 * alone),
        ),
        Figure(
            f"the same, longest time without progress on the page, {size}",
            round(silent, 1),
            "s",
            whole,
            round(silent / seconds, 2),
            f"at most {_SILENT} s",
            silent <= _SILENT,
        ),
        *(
            Figure(
                f"option “{option.option.label}” of {size}, {option.blocking:,} of {option.allowed:,} blocking pairs",
                option.total,
                "points",
                Reference("bound that no such matching exceeds", option.bound),
                round(option.total / option.bound, 4),
                NO_AIM,
                True,
            )
            for option in outcome.options
            if option.allowed is not None and option.bound
        ),
    ]


async def _measured(address: str, people: int, mentors: int) -> tuple[float, float, float, OptionsOutcome]:
    """Return the seconds without and with the job, the longest time without progress, and the options."""
    settings = Settings(**settings_for(address))
    bus = create_app(settings, background=False).state.service.bus
    try:
        call_id = await stored.fill(bus, people, mentors)
        started = perf_counter()
        await asyncio.to_thread(actions.calculate_stored, settings, call_id, lambda _: None)
        alone = perf_counter() - started
        options_id = await actions.ask(bus, "carla", call_id)
        looks: list[float] = [perf_counter()]
        watching = asyncio.create_task(_watched(bus, options_id, looks))
        await actions.work_once(bus)
        looks.append(perf_counter())
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        async with bus.read() as session:
            row = await store.option_set(session, options_id)
        if row is None or row.outcome is None:
            raise RuntimeError(f"The options were not calculated: {row and (row.state, row.problem)}")
        silent = max(after - before for before, after in pairwise(looks))
        kinds = {option.option for option in row.outcome.options}
        if not {CohortOption.STABLE, CohortOption.HIGHEST_SUM} <= kinds:
            raise RuntimeError(f"Both ends are options, and here there are {sorted(kinds)}")
        return alone, looks[-1] - looks[0], silent, row.outcome
    finally:
        await bus.close()


async def _watched(bus: Bus, options_id: UUID, looks: list[float]) -> None:
    """Note each moment at which the stored progress is another."""
    step = -1
    while True:
        async with bus.read() as session:
            row = await store.option_set(session, options_id)
        if row is not None and row.step != step:
            step = row.step
            looks.append(perf_counter())
        await asyncio.sleep(_LOOK_EVERY)
