"""Start a loop again that has failed or ended, so that no work of a process stops without a word."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from shared.bus.db.transient_errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)

_SHORTEST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


async def supervise(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; when it fails or ends, log that and start it again after a growing pause.

    A library may cancel its own work and so raise `CancelledError` in ours: that is a failure as well.
    """
    name = getattr(getattr(work, "func", work), "__qualname__", str(work))
    pause = _SHORTEST_PAUSE
    while True:
        started = monotonic()
        try:
            await work()
            log.warning("a loop ended; it starts again", work=name)
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
                raise
            # What passes by itself, such as a database that restarts, needs no stack trace.
            trace = None if is_transient(error) else error
            log.error(  # noqa: TRY400 - with or without a stack trace
                "a loop failed; it starts again", work=name, reason=type(error).__name__, exc_info=trace
            )
        pause = _SHORTEST_PAUSE if monotonic() - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
        await asyncio.sleep(pause)
