"""Attack the programmes of many seeds, several at the same time."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import resource
import secrets
import shutil
import sys
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.reporting.app import create_app
from services.reporting.consumers import consumers
from services.reporting.settings import Settings
from tests.conftest import Administrator, Databases
from tests.integration.reporting.conftest import House
from tests.local_run import quick_folder
from tests.portal_of_strangers import strangers_portal
from tests.redteam.play import Result, play
from tests.redteam.results import CODE, Attacked, summary
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

PROGRAMMES_PER_PROCESS = 50
"""A process attacks so many programmes and is replaced, so that what it does not give back cannot add up."""


@contextmanager
def environment() -> Iterator[tuple[Databases, str]]:
    """Run a database server and a portal for all processes."""
    folder = quick_folder("tandem-redteam-")
    folder.chmod(0o755)
    server = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe(16), log=folder / "log", durable=False)
    server.start()
    administrator = Administrator(server.url("postgres"))
    try:
        with strangers_portal() as portal:
            yield Databases(server, administrator), portal
    finally:
        administrator.close()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Run:
    """A run: which programmes it attacked, and with what result."""

    def __init__(self, databases: Databases, portal: str, *, grouped: bool, results: Path | None) -> None:
        self.databases, self.portal = databases, portal
        self.grouped, self.results = grouped, results
        self.found: list[Attacked] = []

    def attack(self, seeds: Sequence[int], processes: int, minutes: float | None) -> int:
        """Attack the programmes of these seeds, some at the same time, and return the exit code."""
        started, template = monotonic(), self.databases.of_service("reporting")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=PROGRAMMES_PER_PROCESS) as pool:
            running: dict[Future[Attacked], str] = {}
            for seed in seeds:
                if minutes is not None and monotonic() - started >= 60 * minutes:
                    break
                if len(running) == processes:
                    self._take_in(running, started)
                address = self.databases.new(template)
                running[pool.submit(attacked, address, self.portal, seed, grouped=self.grouped)] = address
            while running:
                self._take_in(running, started)
        self._print(started)
        return 1 if any(each.pinned or each.error for each in self.found) else 0

    def _take_in(self, running: dict[Future[Attacked], str], started: float) -> None:
        """Wait for a programme, note its result, and forget its database."""
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            result = done.result()
            self.databases.drop(running.pop(done))
            self.found.append(result)
            if self.results is not None:
                self.results.parent.mkdir(parents=True, exist_ok=True)
                with self.results.open("a") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
            for each in (*result.pinned, *filter(None, (result.error,))):
                sys.stdout.write(f"seed {result.seed}: {each}\n")
            if len(self.found) % 10 == 0:
                self._print(started)

    def _print(self, started: float) -> None:
        sys.stdout.write(f"{monotonic() - started:.0f} s: {'; '.join(summary(self.found))}\n")
        sys.stdout.flush()


def attacked(address: str, portal: str, seed: int, *, grouped: bool) -> Attacked:
    """Return the result of the attack on one programme, played on that database."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started = monotonic()
    try:
        result = asyncio.run(_result(address, portal, seed, grouped=grouped))
    except Exception as failure:  # noqa: BLE001 - whatever goes wrong is a result, and the others go on
        result, error = Result(seed), f"{type(failure).__name__}: {failure}"[:1000]
    else:
        error = ""
    return Attacked(
        seed,
        grouped,
        CODE,
        tuple(map(str, result.pinned)),
        error,
        result.tried,
        result.shown,
        result.published,
        result.refused,
        round(monotonic() - started, 2),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


async def _result(address: str, portal: str, seed: int, *, grouped: bool) -> Result:
    app = create_app(Settings(**settings_for(address, portal_url=portal)), background=False)
    try:
        return await play(House(app, Feed(app.state.service.bus, consumers)), seed, grouped=grouped)
    finally:
        await app.state.service.bus.close()
