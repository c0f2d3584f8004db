"""Solve large minimum-cost flows in a child process, because OR-tools blocks all other threads.

There is one process an instance, started for the first large flow; arrays are sent over a pipe both ways. It ends with
its parent. If the process is gone or stalls, the flow is solved in the caller and the next flow starts a new process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from threading import Lock, Timer
from typing import TYPE_CHECKING

from services.matching.engine.optimal import network
from shared.bus.db.processes import tune_memory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from services.matching.engine.market.market import Integers
    from services.matching.engine.optimal.network import FlowProblem
    from shared.runtime.service import Service

ANSWER_SECONDS = 60.0
"""After so long the process is ended: the largest flows take a few seconds, and one that stalls never answers."""


async def run_flow_process(_: Service) -> None:
    """Solve large flows in a child process for as long as this worker of the service runs."""
    beside = FlowProcess()
    network.solve_large_flows_by(beside.solved)
    try:
        await asyncio.Event().wait()
    finally:
        network.solve_large_flows_by(None)
        beside.end()


class FlowProcess:
    """A process that solves one flow at a time, for any thread that asks."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._running: tuple[BaseProcess, Connection] | None = None
        self._ended = False

    @property
    def pid(self) -> int | None:
        """The id of the process, if it has been started."""
        return None if self._running is None else self._running[0].pid

    def solved(self, problem: FlowProblem) -> Integers:
        """Return a flow of least cost, as `network.solve_flow` does. Raises RuntimeError if there is no optimum."""
        with self._alone:
            if self._ended:
                return network.solve_flow(problem)
            try:
                answer = self._ask(problem)
            except (EOFError, OSError):
                self._drop()
                return network.solve_flow(problem)
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    def end(self) -> None:
        """End the process for good; callers that wait, and all later ones, solve their flows themselves."""
        self._ended = True
        running = self._running
        if running is not None:
            running[0].kill()  # before the lock: whoever has it waits for this process, and now hears that it is gone
        with self._alone:
            self._drop()

    def _drop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running[0].kill()
            running[0].join()
            running[1].close()

    def _ask(self, problem: FlowProblem) -> Integers | RuntimeError:
        if self._running is None:
            context = multiprocessing.get_context("spawn")
            mine, theirs = context.Pipe()
            started = context.Process(target=_work, args=(theirs,), daemon=True, name="tandem-flows")
            started.start()
            theirs.close()
            self._running = started, mine
        process, pipe = self._running
        bound = Timer(ANSWER_SECONDS, process.kill)
        bound.start()
        try:
            pipe.send(problem)
            answer: Integers | RuntimeError = pipe.recv()
        finally:
            bound.cancel()
        return answer


def _work(pipe: Connection) -> None:
    """Solve the flows that arrive, until the pipe is closed at the other end; runs in the child."""
    tune_memory()
    while True:
        try:
            problem = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(network.solve_flow(problem))
        except RuntimeError as wrong:
            pipe.send(wrong)
