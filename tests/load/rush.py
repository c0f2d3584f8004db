"""Let many officers begin, save and submit before a deadline, and watch what all people and the processes meet."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING

import httpx2

from deploy.cli.journey.cast import HOME
from deploy.cli.journey.steps import PROGRAMME
from tests.load.browser import Browser, GivenUp, Troubles, only_form, token_of
from tests.load.people import answers, enter, submitted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deploy.cli.system import System
    from tests.load.people import Entered

PATIENCE = 120.0
"""Seconds after the deadline within which all that arrived in time is to be accepted."""
_CONNECTIONS = 300
_OTHERS_EVERY = 2.0
_LAG_EVERY = 0.05
_LOOK_EVERY = 2.0
_LAST_SHARE = 1 / 3
_LATE_SHARE = 0.01
_PAGES = {
    PROGRAMME: ("/applications/", "/applications/eligibility", "/matching/"),
    HOME: ("/applications/cases", "/applications/inbox"),
}
"""Pages of people who do not apply."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many officers within so many seconds before the deadline, a third of them in the last tenth of it."""

    officers: int
    seconds: float
    kill: bool = False
    """Kill one of the portal's processes half way."""


@dataclass(slots=True)
class Submission:
    """The times (seconds since 1970) at which an officer sent and was accepted, or why not."""

    sent: float = 0.0
    accepted: float | None = None
    refused: str = ""


@dataclass(slots=True)
class Usage:
    """Memory of a process over time, in MB, and the processor seconds that it used."""

    memory: list[float] = field(default_factory=list)
    processor: float = 0.0


@dataclass(slots=True)
class Outcome:
    """All that was seen."""

    plan: Plan
    begun: float
    deadline: float
    submissions: list[Submission] = field(default_factory=list)
    troubles: Troubles = field(default_factory=Troubles)
    others: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    usage: dict[str, Usage] = field(default_factory=dict)
    stored: int = 0
    last_stored: datetime | None = None


async def rush(system: System, plan: Plan, pids: Callable[[], dict[str, int]]) -> Outcome:
    """Do it all once; `pids` names the processes of the services. Bounded by the deadline and `PATIENCE`."""
    entered = await enter(system, plan.officers, plan.seconds)
    outcome = Outcome(plan, time(), entered.deadline.timestamp())
    transport = httpx2.AsyncHTTPTransport(
        limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    )
    async with transport, asyncio.TaskGroup() as watching:
        watchers = [
            watching.create_task(_lag(outcome)),
            watching.create_task(_usage(outcome, pids)),
            watching.create_task(_others(system, entered, outcome, transport)),
            watching.create_task(_kill(outcome, pids)),
        ]
        moments = _moments(plan, outcome)
        async with asyncio.TaskGroup() as acting:
            for (subject, cookie), moment in zip(entered.officers.items(), moments, strict=True):
                browser = Browser(system.origin, cookie, transport, outcome.troubles, outcome.deadline + PATIENCE)
                submission = Submission()
                outcome.submissions.append(submission)
                acting.create_task(apply(browser, entered, submission, outcome.begun, moment), name=subject)
        for watcher in watchers:
            watcher.cancel()
    outcome.stored, outcome.last_stored = await submitted(system, entered)
    return outcome


def _moments(plan: Plan, outcome: Outcome) -> list[float]:
    """Return when each officer submits: a third in the last tenth of the time, some after the deadline."""
    chance = random.Random(22)
    late = max(1, round(plan.officers * _LATE_SHARE))
    last = round(plan.officers * _LAST_SHARE)
    tenth = outcome.deadline - plan.seconds / 10
    early = [chance.uniform(outcome.begun + plan.seconds / 20, tenth) for _ in range(plan.officers - last - late)]
    rushed = [chance.uniform(tenth, outcome.deadline - 0.5) for _ in range(last)]
    too_late = [outcome.deadline + chance.uniform(1, plan.seconds / 20 + 1) for _ in range(late)]
    moments = [*early, *rushed, *too_late]
    chance.shuffle(moments)
    return moments


async def apply(browser: Browser, entered: Entered, submission: Submission, begun: float, moment: float) -> None:
    """Begin, save and submit as one officer does; the form to submit is open when its moment comes."""
    chance, deadline = random.Random(moment), entered.deadline.timestamp()
    await _until(begun + chance.uniform(0, 0.7) * (moment - begun))
    try:
        call = await browser.open(f"/applications/calls/{entered.call_id}")
        draft = (await browser.press(only_form(call, "/apply"))).headers["location"]
        saved = await browser.put(
            f"/applications/api/v1/applications{draft.removeprefix('/applications/mine')}/answers",
            answers(entered.ahead),
            token_of(call),
        )
        saved.raise_for_status()
        check = only_form(await browser.open(f"{draft}/check"), "/check")
        await _until(moment)
        submission.sent = time()
        answer = await browser.press(check)
    except (GivenUp, LookupError, httpx2.HTTPStatusError) as wrong:
        if isinstance(wrong, LookupError) and time() > deadline:  # the page has no button any more
            submission.sent = time()
        submission.refused = f"{type(wrong).__name__} {wrong}".strip()
        return
    if answer.is_redirect and "done=submitted" in answer.headers["location"]:
        submission.accepted = time()
    else:
        submission.refused = str(answer.status_code)


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time()))


async def _others(system: System, entered: Entered, outcome: Outcome, transport: httpx2.AsyncHTTPTransport) -> None:
    """Read each of other people's pages every two seconds; note how long each took."""
    end = outcome.deadline + PATIENCE

    async def read(browser: Browser, path: str) -> None:
        while True:
            started = monotonic()
            (await browser.open(path)).raise_for_status()
            outcome.others.append(monotonic() - started)
            await asyncio.sleep(_OTHERS_EVERY)

    async with asyncio.TaskGroup() as reading:
        for subject, pages in _PAGES.items():
            browser = Browser(system.origin, entered.others[subject], transport, outcome.troubles, end)
            for path in pages:
                reading.create_task(read(browser, path))


async def _lag(outcome: Outcome) -> None:
    """Note by how much this process comes late to its own work: a client that starves measures itself."""
    while True:
        started = monotonic()
        await asyncio.sleep(_LAG_EVERY)
        outcome.lags.append(monotonic() - started - _LAG_EVERY)


async def _usage(outcome: Outcome, pids: Callable[[], dict[str, int]]) -> None:
    before: dict[int, float] = {}
    while True:
        for name, pid in pids().items():
            used = outcome.usage.setdefault(name, Usage())
            try:
                memory, processor = _memory(pid), _processor(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            used.memory.append(memory)
            used.processor += processor - before.get(pid, processor if len(used.memory) == 1 else 0.0)
            before[pid] = processor
        await asyncio.sleep(_LOOK_EVERY)


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _kill(outcome: Outcome, pids: Callable[[], dict[str, int]]) -> None:
    if outcome.plan.kill:
        await _until((outcome.begun + outcome.deadline) / 2)
        os.kill(pids()["applications"], 9)
