"""Have sheets checked and matched in a process of its own: bounded in time and memory, nothing stored or published."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from services.matching.background import processes
from services.matching.sheets.model import answer
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.matching.sheets.model import SheetOutcome, SheetRequest

log = structlog.get_logger(__name__)

SECONDS = 25
"""The gateway gives an answer up that has not begun after 30 seconds."""
AT_ONCE = 2
"""So many coordinators are served at once by an instance; each has one run at a time."""
MOST_MEMORY = 750_000_000
"""Bytes that a run may take. All runs at once fit into the memory of a container, beside the service."""


@dataclass(slots=True)
class _Run:
    """A run under way: whether the same person has sent files again, and what is set at its end."""

    is_replaced: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class SheetRuns:
    """The runs of one instance that are under way, by who asked for them."""

    def __init__(self) -> None:
        """Begin without a run."""
        self._runs: dict[str, _Run] = {}

    async def run(self, by: str, request: SheetRequest, *, seconds: float = SECONDS) -> SheetOutcome:
        """Return the outcome of a request of `by`, whose earlier run is stopped: after a second click nobody reads it.

        Raises `Refused`: 409 if the same person sends files again meanwhile or too many runs are under way, 422 if the
        files take too long, too much memory, or cannot be used.
        """
        while (earlier := self._runs.get(by)) is not None:
            earlier.is_replaced = True
            await earlier.ended.wait()
        if len(self._runs) >= AT_ONCE:
            sentence = gettext("Other spreadsheets are being worked on. Try again in a minute.")
            raise Refused(sentence, code=ProblemCode.LIMIT_REACHED)
        own = self._runs[by] = _Run()
        try:
            return await _apart(request, own, seconds)
        finally:
            del self._runs[by]
            own.ended.set()


async def _apart(request: SheetRequest, run: _Run, seconds: float) -> SheetOutcome:
    end = monotonic() + seconds

    async def goes_on(_: int) -> bool:
        await asyncio.sleep(0)
        return monotonic() < end and not run.is_replaced

    try:
        return await processes.run_in_process(limited_answer, request, watch=goes_on)
    except processes.Stopped:
        if run.is_replaced:
            sentence = gettext("You sent files in another tab, so this was stopped. Send these again after that.")
            raise Refused(sentence, code=ProblemCode.IN_PROGRESS) from None
        sentence = gettext("This took longer than %(seconds)d seconds and was stopped. Send fewer rows.")
        raise Refused(sentence % {"seconds": seconds}, 422) from None
    except processes.Failed as wrong:
        # The message may quote a cell, so only the kind of error is logged.
        kind = str(wrong).partition(":")[0][:80]
        log.warning("sheets could not be read", kind=kind)
        if kind == MemoryError.__name__:
            raise Refused(gettext("These files need too much memory. Send fewer rows."), 422) from None
        sentence = gettext("These files cannot be read. Copy the tables into a new workbook and send that.")
        raise Refused(sentence, 422) from None


def limited_answer(request: SheetRequest, step: Callable[[int], None]) -> SheetOutcome:
    """Return the answer, computed with a limit on memory. For a process of its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data_bytes() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    return answer(request, step)


def _data_bytes() -> int:
    """Return what this process has taken already, which counts towards the limit; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    except OSError:
        return 0
