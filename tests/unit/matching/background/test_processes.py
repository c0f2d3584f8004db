"""Long work in a process of its own: progress, failure and cancelling."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from services.matching.background.processes import Failed, Stopped, run_in_process, run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.matching.background.processes import ReportStep


def where(started: int, report: ReportStep) -> tuple[int, int]:
    """Return the id of the process."""
    report(1)
    return started, os.getpid()


def endless(report: ReportStep) -> None:
    """Work that never ends."""
    report(1)
    time.sleep(600)


def talkative(report: ReportStep) -> None:
    """Work that never ends and reports all the time."""
    while True:
        report(1)
        time.sleep(0.05)


def broken(report: ReportStep) -> None:
    """Work that raises an error."""
    report(1)
    raise ValueError("nothing to divide by")


def killed(report: ReportStep) -> None:
    """Work whose process is killed, as the system does when memory is short."""
    report(1)
    os.kill(os.getpid(), signal.SIGKILL)


async def go_on(_: int) -> bool:
    """Continue the work."""
    return True


async def test_it_is_another_process() -> None:
    """The result is that of the work, in another process or in this one."""
    started, other = await run_in_process(where, 7, watch=go_on)
    assert (started, other != os.getpid()) == (7, True)
    assert await run_in_thread(where, 7) == (7, os.getpid())


@pytest.mark.parametrize("work", [endless, talkative])
async def test_it_ends_when_it_is_no_longer_wanted(work: Callable[[ReportStep], None]) -> None:
    """The watch sees the step that has begun, and ends the process by returning False, however much it reports."""
    heard: list[int] = []

    async def until_begun(step: int) -> bool:
        heard.append(step)
        return step < 1

    with pytest.raises(Stopped):
        await run_in_process(work, watch=until_begun)
    assert heard[-1] == 1


async def test_an_error_and_an_exit_code_are_reported() -> None:
    """An error is reported, and so is the exit code of a killed process."""
    with pytest.raises(Failed, match="ValueError: nothing to divide by"):
        await run_in_process(broken, watch=go_on)
    with pytest.raises(Failed, match="ended with -9"):
        await run_in_process(killed, watch=go_on)
