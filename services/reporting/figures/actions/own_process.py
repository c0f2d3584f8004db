"""Run long work on the figures in a process of its own, so that pages are answered meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from shared.bus import Bus
from shared.bus.db.processes import tune_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from shared.settings import ServiceSettings

T = TypeVar("T")


@contextmanager
def own_process() -> Iterator[ProcessPoolExecutor]:
    """Yield an executor of one process, which starts with the first work and ends with the block."""
    executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def run_in(
    executor: ProcessPoolExecutor, settings: ServiceSettings, work: Callable[..., Awaitable[T]], *arguments: Any
) -> T:
    """Return `await work(bus, *arguments)`, done in the executor's process with a bus of its own.

    The function is one of a module, its arguments can be pickled. Raises what the work raises.
    """
    return await asyncio.get_running_loop().run_in_executor(executor, _run, settings, work, arguments)


def _run(settings: ServiceSettings, work: Callable[..., Awaitable[T]], arguments: tuple[Any, ...]) -> T:
    tune_memory()

    async def with_bus() -> T:
        bus = Bus("reporting", settings)
        try:
            return await work(bus, *arguments)
        finally:
            await bus.close()

    return asyncio.run(with_bus())
