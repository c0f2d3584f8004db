"""Have sheets checked and matched in a process of its own: bounded in time and memory, nothing stored or published."""

from __future__ import annotations

import asyncio
import resource
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

SECONDS = 60.0
AT_ONCE = 2
"""So many coordinators are served at once by an instance; each has one run at a time."""
_MOST_MEMORY = 3 * 1024**3


class SheetRuns:
    """The runs of one instance that are under way, by who asked for them."""

    def __init__(self) -> None:
        """Begin without a run."""
        self._people: set[str] = set()

    async def run(self, by: str, request: SheetRequest, *, seconds: float = SECONDS) -> SheetOutcome:
        """Return the outcome of a request of `by`.

        Raises `Refused`: 409 while another run of the same person is under way or too many are, 422 if the files take
        too long, too much memory, or cannot be used.
        """
        if by in self._people:
            sentence = gettext("Your other spreadsheet is still being worked on. Try again when it is done.")
            raise Refused(sentence, code=ProblemCode.IN_PROGRESS)
        if len(self._people) >= AT_ONCE:
            sentence = gettext("Other spreadsheets are being worked on. Try again in a minute.")
            raise Refused(sentence, code=ProblemCode.LIMIT_REACHED)
        self._people.add(by)
        try:
            return await _apart(request, seconds)
        finally:
            self._people.discard(by)


async def _apart(request: SheetRequest, seconds: float) -> SheetOutcome:
    end = monotonic() + seconds

    async def within_time(_: int) -> bool:
        await asyncio.sleep(0)
        return monotonic() < end

    try:
        return await processes.run_in_process(limited_answer, request, watch=within_time)
    except processes.Stopped:
        sentence = gettext("This took longer than %(seconds)d seconds and was stopped. Send fewer rows.")
        raise Refused(sentence % {"seconds": seconds}, 422) from None
    except processes.Failed as wrong:
        # The message may quote a cell, so only the kind of error is logged.
        log.warning("sheets could not be read", kind=str(wrong).partition(":")[0][:80])
        sentence = gettext("These files cannot be read. Copy the tables into a new workbook and send that.")
        raise Refused(sentence, 422) from None


def limited_answer(request: SheetRequest, step: Callable[[int], None]) -> SheetOutcome:
    """Return the answer, computed with a limit on memory. For a process of its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _MOST_MEMORY if hard == resource.RLIM_INFINITY else min(_MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    return answer(request, step)
