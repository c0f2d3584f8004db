"""Repeating a committed run from its stored inputs."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from deploy.cli.rerun import repeat, report_lines
from services.matching.cohorts.store import runs as store
from shared.contracts import runs
from shared.contracts.codes import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


async def test_a_committed_cohort_is_repeated_to_the_same_digest_and_pairs(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Facts that came after the run do not matter; readers without the right do not get the inputs."""
    await world.call()
    await world.offer(places=2)
    await world.offer("EE", places=1)
    people = [await world.officer(country) for country in ("MD", "GE", "UA", "AM", "MD")]
    committed = await world.commit()
    (run_id,) = committed.runs.values()
    await world.offer("PL", places=3)
    await world.officer("GE")
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    kept = (await browser.get(f"/matching/api/v1/runs/{run_id}/inputs")).json()
    ((_, run),) = await world.facts("RunFinished")
    assert isinstance(run, runs.RunFinished)
    assert kept["digest"] == run.inputs
    assert {application for application, _ in kept["pairs"]} == {str(application) for application in committed.matches}
    assert len(kept["problem"]["candidates"]) == len(people)
    done = repeat(kept)
    assert done.same
    assert (done.digest_now, done.pairs) == (run.inputs, len(committed.matches))
    assert report_lines(done)[-1] == f"The same {len(committed.matches)} pairs again."
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    assert (await browser.get(f"/matching/api/v1/runs/{run_id}/inputs")).status_code == 403


async def test_a_run_with_other_results_is_reported(world: World) -> None:
    """Pairs that differ from those of the inputs are named one by one, and so are inputs of another digest."""
    await world.call()
    await world.offer()
    application = await world.officer()
    (run_id,) = (await world.commit()).runs.values()
    async with world.bus.read() as session:
        kept = await store.inputs(session, run_id)
    assert kept is not None
    opened = kept.opened()
    moved = repeat(opened | {"pairs": []})
    assert list(moved.moved) == [str(application)]
    assert not moved.same
    opened["problem"]["seed"] = "another"
    other = repeat(opened)
    assert other.digest_now != other.digest
    assert not other.same
    assert json.loads(zlib.decompress(kept.problem))["seed"] == "TC-2026-1/1"
