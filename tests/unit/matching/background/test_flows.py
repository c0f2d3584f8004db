"""Large flows in a child process: the same result, whatever happens to the process."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from services.matching.background import flows
from services.matching.engine.matching import run
from services.matching.engine.optimal import network
from services.matching.engine.optimal.network import FlowProblem
from shared.contracts.codes import Objective
from tests.unit.matching.engine.worlds import make_problem

if TYPE_CHECKING:
    from services.matching.engine.market.market import Integers
    from shared.runtime.service import Service

_ASKED = FlowProblem(
    nodes=3,
    tail=np.array([0, 1, 2, 0]),
    head=np.array([1, 2, 0, 2]),
    capacity=np.array([2, 1, 3, 1]),
    cost=np.array([-5, -1, 0, -2]),
    supply=None,
)


def test_the_same_flow_comes_from_beside_and_after_a_kill_from_here() -> None:
    """The child's flow equals this process's; after a kill it is solved here, and then by a new child."""
    beside = flows.FlowProcess()
    try:
        here = network.solve_flow(_ASKED).tolist()
        assert here == [1, 1, 2, 1]
        assert beside.solved(_ASKED).tolist() == here
        first = beside.pid
        assert first is not None
        assert first != os.getpid()
        os.kill(first, signal.SIGKILL)
        assert beside.solved(_ASKED).tolist() == here
        assert beside.solved(_ASKED).tolist() == here
        assert beside.pid not in {None, first}
    finally:
        beside.end()


@pytest.mark.parametrize("arcs", [4, 40_000])
def test_a_child_that_stalls_is_ended(monkeypatch: pytest.MonkeyPatch, arcs: int) -> None:
    """A flow whose child stalls is solved here, also one that the pipe cannot hold, and the next by a new child."""
    beside = flows.FlowProcess()
    tail, head, capacity, cost = (
        np.resize(each, arcs) for each in (_ASKED.tail, _ASKED.head, _ASKED.capacity, _ASKED.cost)
    )
    problem = FlowProblem(nodes=3, tail=tail, head=head, capacity=capacity, cost=cost, supply=None)
    try:
        here = network.solve_flow(problem).tolist()
        assert beside.solved(problem).tolist() == here
        first = beside.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        with monkeypatch.context() as shorter:
            shorter.setattr(flows, "ANSWER_SECONDS", 0.2)
            assert beside.solved(problem).tolist() == here
        assert beside.solved(problem).tolist() == here
        assert beside.pid not in {None, first}
    finally:
        beside.end()


def test_an_infeasible_flow_raises_the_same_error() -> None:
    """An infeasible flow raises the same error, and the child continues."""
    beside = flows.FlowProcess()
    impossible = replace(_ASKED, supply=np.array([100, 0, -100]))
    try:
        with pytest.raises(RuntimeError, match="has no optimum"):
            network.solve_flow(impossible)
        with pytest.raises(RuntimeError, match="has no optimum"):
            beside.solved(impossible)
        assert beside.solved(_ASKED).tolist() == [1, 1, 2, 1]
    finally:
        beside.end()


async def test_while_the_worker_runs_a_run_has_its_flows_from_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's process serves every run, and ends with the worker."""
    monkeypatch.setattr(network, "LARGE", 1)
    problem = make_problem(random.Random(5), 20, 6, tight=0.1, objective=Objective.MOST_GOOD)
    expected = run(problem).pairs
    worker = asyncio.create_task(flows.run_flow_process(cast("Service", None)))
    await asyncio.sleep(0)
    before = {child.pid for child in multiprocessing.active_children()}
    assert (await asyncio.to_thread(run, problem)).pairs == expected
    (lent,) = [child for child in multiprocessing.active_children() if child.pid not in before]
    assert lent.name == "tandem-flows"
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    assert not lent.is_alive()
    assert run(problem).pairs == expected
    assert {child.pid for child in multiprocessing.active_children()} == before


def test_large_flows_of_a_run_go_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run passes its large flows on, gives the same result, and keeps small ones here."""
    problem = make_problem(random.Random(3), 20, 6, tight=0.1, objective=Objective.MOST_GOOD)
    expected, seen = run(problem).pairs, []

    def elsewhere(problem: FlowProblem) -> Integers:
        seen.append(len(problem.tail))
        return network.solve_flow(problem)

    network.solve_large_flows_by(elsewhere)
    try:
        assert run(problem).pairs == expected
        assert seen == []
        monkeypatch.setattr(network, "LARGE", 1)
        assert run(problem).pairs == expected
        assert seen
    finally:
        network.solve_large_flows_by(None)
