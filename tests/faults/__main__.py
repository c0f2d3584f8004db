"""Stop every process of a local run in turn (SIGSTOP) while officers submit, and judge what is left.

    python -m tests.faults                             each process for 25 seconds, some 25 minutes
    python -m tests.faults --seconds 25 75             also for longer than any lease and than a session with Kafka
    python -m tests.faults --only matching kafka       those with one of these words in their name
    python -m tests.faults --only kafka --cut 3        then cut the newest records off the log's partitions three times
    python -m tests.faults --data .data                a local run that is up, in this folder; else one is started

After each stop all services must be ready again by themselves. At the end every acknowledged submission is with each
reader once, each email went out once, and nothing is left aside. Prints what officers and the pages of problems said
meanwhile. Ends with 1 if something was lost, done twice or left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import httpx2
import uvloop

from deploy.cli.journey.steps import PROGRAMME
from deploy.cli.system import System
from deploy.local.ports import free_port
from tests.faults.aftermath import judge
from tests.faults.tails import cut_all
from tests.faults.targets import stopped, targets
from tests.faults.watch import Watch
from tests.load.browser import Browser, Troubles
from tests.load.people import enter
from tests.load.rush import Submission, apply
from tests.local_run import LocalRun

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.faults.targets import Target
    from tests.load.people import Entered

_RECOVERY = 120.0
"""Seconds within which all services are to be ready again."""
_BETWEEN = 3.0
_NOTICED = 75.0
"""Seconds after which owners and readers have noticed that records are gone."""
_WRITES = 2.0
"""Seconds that an officer takes for the form."""
_PATIENCE = 200.0
"""Seconds that a browser waits for an answer: longer than any stop."""
_OWN_WORDS = (
    "Your form was not saved",
    "Your form may not be saved",
    "This part does not answer",
    "Not available at the moment",
    "problems/unavailable",
)
"""Answers of the gateway, and of a service without its database, that say what became of a form, and what to do."""


@dataclass(slots=True)
class _Officers:
    """A stream of officers, each of whom begins, saves and submits."""

    system: System
    entered: Entered
    rate: float
    submissions: list[Submission] = field(default_factory=list)
    troubles: Troubles = field(default_factory=Troubles)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send one after another until it is over or none is left; return when all are through."""
        end = time() + 6 * 3600
        limits = httpx2.Limits(max_connections=500, max_keepalive_connections=500)
        async with httpx2.AsyncHTTPTransport(limits=limits) as transport, asyncio.TaskGroup() as acting:
            for subject, cookie in self.entered.officers.items():
                if self.over.is_set():
                    break
                browser = Browser(self.system.origin, cookie, transport, self.troubles, end, _PATIENCE)
                self.submissions.append(submission := Submission())
                now = time()
                acting.create_task(apply(browser, self.entered, submission, now, now + _WRITES), name=subject)
                await asyncio.sleep(1 / self.rate)

    @property
    def accepted(self) -> int:
        """The number of those who have read that they have submitted."""
        return sum(each.accepted is not None for each in self.submissions)


def main() -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[25.0], help="how long each process is stopped")
    parser.add_argument("--cut", type=int, default=0, help="how often the broker loses its newest records then")
    parser.add_argument("--rate", type=float, default=1.0, help="officers a second")
    parser.add_argument("--only", nargs="+", default=[], help="words of names")
    parser.add_argument("--data", type=Path, help="the folder of a local run that is up; else one is started")
    chosen = parser.parse_args()
    if chosen.data is not None:
        return _run(chosen.data, chosen)
    folder = Path(tempfile.mkdtemp(prefix="tandem-faults-"))
    run = LocalRun(folder / "data", free_port(), folder / "run.out")
    try:
        run.ready()
        return _run(folder / "data", chosen)
    finally:
        run.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, chosen: argparse.Namespace) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_stop_each(folder, chosen))


async def _stop_each(folder: Path, chosen: argparse.Namespace) -> int:
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    names = [each.name for each in targets(folder) if _wanted(each.name, chosen.only)]
    lasts = sum(seconds + 30 for _ in names for seconds in chosen.seconds) + chosen.cut * (_NOTICED + 30)
    entered = await enter(system, round(chosen.rate * lasts), 6 * 3600)
    officers = _Officers(system, entered, chosen.rate)
    watch = Watch(system, entered.others[PROGRAMME])
    wrong: list[str] = []
    async with asyncio.TaskGroup() as beside:
        watching = beside.create_task(watch.run())
        acting = beside.create_task(officers.run())
        if await watch.well(_RECOVERY) is None:
            wrong.append(f"before the first stop: {watch.wrong}")
        for name in names:
            for seconds in chosen.seconds:
                wrong += await _stop(folder, name, seconds, officers, watch)
        for number in range(chosen.cut):
            wrong += await _watched(f"cut {number + 1} of the log's newest records", _cut(folder), officers, watch)
        officers.over.set()
        await acting
        watching.cancel()
    found = await judge(system, folder, entered.call_id, officers.accepted)
    refused = Counter(each.refused for each in officers.submissions if each.accepted is None)
    wrong += [f"{count} officers were refused: {why}" for why, count in refused.items()] + found.wrong
    _print("", *found.counted, *(f"WRONG: {each}" for each in wrong), f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0


async def _stop(folder: Path, name: str, seconds: float, officers: _Officers, watch: Watch) -> list[str]:
    """Stop one target for so long, wait until all is well again, print what was seen; return what is wrong."""
    target = next((each for each in targets(folder) if each.name == name), None)
    if target is None:
        _print(f"{name}: it is there no more")
        return []
    return await _watched(f"{name}, {seconds:g} s", _stopped(target, seconds), officers, watch)


async def _stopped(target: Target, seconds: float) -> None:
    with stopped(target):
        await asyncio.sleep(seconds)


async def _cut(folder: Path) -> None:
    partitions = await asyncio.to_thread(cut_all, folder)
    _print(f"cut: {', '.join(partitions)}")
    await asyncio.sleep(_NOTICED)


async def _watched(name: str, fault: Coroutine[Any, Any, None], officers: _Officers, watch: Watch) -> list[str]:
    """Wait for the end of a fault and until all is well again, print what was seen; return what is wrong."""
    troubles, begun = officers.troubles, monotonic()
    before, busy, accepted = Counter(troubles.errors), troubles.busy, officers.accepted
    await fault
    during = officers.accepted - accepted
    after = await watch.well(_RECOVERY)
    await asyncio.sleep(_BETWEEN)
    met = troubles.errors - before
    _print(
        f"{name}: all well after {'-' if after is None else f'{after:.1f} s'}, {during} accepted"
        f" meanwhile and {officers.accepted - accepted - during} then, busy {troubles.busy - busy}",
        *(f"    {count} times {what}" for what, count in met.most_common()),
        *(f"    problems: {each}" for each, at in watch.sentences.items() if at > begun),
    )
    wrong = [f"{name}: an officer met {what}" for what in met if not any(words in what for words in _OWN_WORDS)]
    return wrong + ([f"{name}: not well after {_RECOVERY:g} s: {watch.wrong}"] if after is None else [])


def _wanted(name: str, words: list[str]) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def _print(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
