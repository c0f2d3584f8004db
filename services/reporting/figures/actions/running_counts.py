"""Track the counts of whole periods that run, so that a page need not keep its reader waiting for half a minute.

A count that takes longer than a moment goes on in the instance that started it, and so does the check before figures
are published. The period's row is locked meanwhile, so that no other instance starts the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from shared.bus.db.outdated import Outdated
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds for which a request waits for the result."""
PUBLISH, RESTATE = "publish", "approve restatement"
"""The actions that check figures and publish them; the others count them."""


@dataclass(slots=True)
class RunningCount:
    """A count that runs or has failed, since when, and whose request it is: person and action."""

    since: datetime
    request: tuple[str, str]
    task: asyncio.Task[Any]

    @property
    def publishes(self) -> bool:
        """Return whether figures are checked and published, not counted."""
        return self.request[1] in {PUBLISH, RESTATE}

    @property
    def wrong(self) -> str:
        """The cause of a failure; empty while it runs."""
        error = self.task.exception() if self.task.done() and not self.task.cancelled() else None
        if error is None:
            return ""
        if isinstance(error, Refused | Outdated):
            return str(error.detail)
        if self.publishes:
            return gettext("The figures could not be published. Try again. If the problem remains, tell the operator.")
        return gettext(
            "The figures could not be counted. Check the figures, then try again. If the problem "
            "remains, tell the operator."
        )


class RunningCounts:
    """The counts of this instance, by period."""

    def __init__(self) -> None:
        self._works: dict[str, RunningCount] = {}

    async def run(self, label: str, work: Coroutine[Any, Any, object], request: tuple[str, str]) -> None:
        """Run the count, waiting for a moment; a longer one goes on, and `of` returns it.

        `request` is the person and the action: the same request again changes nothing. Raises what the count raises
        within that moment, `Refused` (409) if another one of the period runs already.
        """
        known = self._works.get(label)
        if known is not None and not known.task.done():
            work.close()
            if known.request == request:
                return
            sentence = (
                gettext("The figures of this period are being published. Wait until that is done.")
                if known.publishes
                else gettext("The figures of this period are being counted. Wait until they are ready.")
            )
            raise Refused(sentence, code=ProblemCode.IN_PROGRESS)
        task = asyncio.create_task(work)
        self._works[label] = RunningCount(clock.now(), request, task)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if done:
            del self._works[label]
            task.result()
        else:
            task.add_done_callback(_log_failure)

    def of(self, label: str, counted: datetime | None = None, *, publishable: bool = True) -> RunningCount | None:
        """Return the count that runs for a period or failed last; None if there is none.

        `counted` is when the period's present figures were counted, here or in another instance: an earlier failure is
        over and forgotten. So is a failure to publish where nothing is left to publish (not `publishable`).
        """
        work = self._works.get(label)
        if work is None or not work.task.done():
            return work
        if work.wrong and work.publishes and not publishable:
            return None
        if work.wrong and (counted is None or counted < work.since):
            return work
        del self._works[label]
        return None


def _log_failure(task: asyncio.Task[Any]) -> None:
    """Nobody may be looking when it goes wrong: the log has it, where it is not only a refusal."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Refused | Outdated):
        log.error("figures could not be counted", exc_info=error)
