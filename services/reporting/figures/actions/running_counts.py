"""What is being counted for good just now? A page says so, instead of keeping its reader waiting for half a minute.

What takes longer than a moment goes on by itself in the instance that began it; a period's row is locked meanwhile, so
that no other instance begins the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""So many seconds the one who asked waits for the answer."""


@dataclass(slots=True)
class RunningCount:
    """Something that goes on: since when, and what became of it."""

    since: datetime
    task: asyncio.Task[Any]

    @property
    def wrong(self) -> str:
        """Why it came to nothing; empty while it goes on."""
        error = self.task.exception() if self.task.done() and not self.task.cancelled() else None
        if error is None:
            return ""
        if isinstance(error, Refused):
            return str(error.detail)
        return gettext("It could not be counted, and nothing was changed. Try again; if it stays, tell the operator.")


class RunningCounts:
    """What goes on in this instance, by period."""

    def __init__(self) -> None:
        self._works: dict[str, RunningCount] = {}

    async def run(self, label: str, work: Coroutine[Any, Any, object]) -> None:
        """Do it, waiting for a moment; what takes longer goes on, and `of` tells of it.

        Raises what the work raises within that moment, `Refused` (409) where something of the period goes on already.
        """
        known = self._works.get(label)
        if known is not None and not known.task.done():
            work.close()
            raise Refused(gettext("The figures of this period are being counted. Wait until they are there."), 409)
        task = asyncio.create_task(work)
        self._works[label] = RunningCount(clock.now(), task)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if done:
            del self._works[label]
            task.result()
        else:
            task.add_done_callback(_told)

    def of(self, label: str, counted: datetime | None = None) -> RunningCount | None:
        """What goes on about a period, or went wrong last; None where nothing is to be told.

        `counted` is when what stands of the period was counted, here or in another instance: what went wrong before
        that is over, and forgotten.
        """
        work = self._works.get(label)
        if work is None or not work.task.done():
            return work
        if work.wrong and (counted is None or counted < work.since):
            return work
        del self._works[label]
        return None


def _told(task: asyncio.Task[Any]) -> None:
    """Nobody may be looking when it goes wrong: the log has it, where it is not only a refusal."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Refused):
        log.error("figures could not be counted", exc_info=error)
