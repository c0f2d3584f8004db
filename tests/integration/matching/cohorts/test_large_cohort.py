"""A large cohort as a job: same result as a direct commit, progress, cancelling, takeover by another instance."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.matching.app import create_app
from services.matching.background import processes
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.actions import plan as cohorts_plan
from services.matching.cohorts.actions.plan import EXPLAINING, MATCHING, WRITING
from services.matching.cohorts.model import OPEN
from services.matching.cohorts.store import jobs
from services.matching.facts.store import pools as store
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.ids import new_id
from tests.processes import instead_of_spawned
from tests.support import settings_for, without_versions
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx2
    from fastapi import FastAPI

    from services.matching.cohorts.store.jobs import CohortJob
    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


@pytest.fixture
async def app(store_address: str, portal_url: str) -> AsyncIterator[FastAPI]:
    """The service with the limit so low that every cohort is a large one."""
    settings = Settings(**settings_for(store_address, portal_url=portal_url), cohort_apart_above=0)
    app = create_app(settings, background=False)
    yield app
    await app.state.service.bus.close()


@pytest.fixture(autouse=True)
def quick_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each job's process by fork, so that it has the engine loaded."""
    monkeypatch.setattr(processes, "multiprocessing", instead_of_spawned("services.matching.cohorts.actions.job"))


async def _three_for_two_places(world: World) -> list[UUID]:
    """Two Moldovans and a Georgian with an earlier exchange, and one place at each of two agencies."""
    await world.call(share_of_offer=100)
    await world.offer(places=1, group_size=1)
    await world.offer(places=1, group_size=1)
    people = [await world.officer("MD"), await world.officer("MD"), await world.officer("GE", first_time=False)]
    await world.match_calls()
    return people


async def _stored(world: World, job_id: UUID) -> CohortJob:
    async with world.bus.read() as session:
        row = await jobs.job(session, job_id)
    assert row is not None
    return row


async def _until(world: World, job_id: UUID, state: str, unless: asyncio.Task[bool] | None = None) -> None:
    """Wait until a job is in a state, unless the work on it has ended without."""

    async def holds() -> bool:
        return (await _stored(world, job_id)).state == state

    await until(holds, f"the job is {state}", unless=unless)


async def _finished(world: World, job_id: UUID) -> CohortJob:
    """Work until a job is over, as a service does: an instance that was too slow to keep it begins it again."""

    async def over() -> bool:
        await cohorts_job.work_once(world.bus)
        return (await _stored(world, job_id)).state not in OPEN

    await until(over, "the job is over")
    return await _stored(world, job_id)


async def _provisional(world: World) -> dict[UUID, UUID]:
    rows = await world.rows("SELECT application_id, seat_id FROM standing WHERE seat_id IS NOT NULL")
    return {row.application_id: row.seat_id for row in rows}


async def _cohort_page(world: World, browser: httpx2.AsyncClient) -> str:
    return (await browser.get(f"/matching/cohorts/{world.call_id}")).text


async def _post(world: World, browser: httpx2.AsyncClient, address: str, **body: Any) -> httpx2.Response:
    """Post what a page of this browser would send."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', await _cohort_page(world, browser))
    assert token is not None
    return await browser.post(address, headers={"X-CSRF-Token": token[1]}, **body)


def _plain(receipt: Any) -> dict[str, Any]:
    """Return an event without the ids and moments of its run."""
    plain: dict[str, Any] = receipt.model_dump(exclude={"run_id", "match_id", "started_at", "due"})
    return plain


async def test_it_gives_what_the_direct_way_gives(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matches, receipts and runs from another process equal those computed here from the same facts."""
    people = await _three_for_two_places(world)
    request = cohorts_job.CohortRequest(world.call_id, None, 12)
    plan = await processes.run_in_thread(cohorts_job.work_out_stored, world.bus.settings, request)
    assert isinstance(plan, cohorts_plan.CohortPlan)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id, effort=12)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("matched in the process of the service")

    monkeypatch.setattr(cohorts_plan, "solve", never)
    row = await _finished(world, job)
    assert (row.state, row.cohort, row.proposed, row.unmatched) == ("done", 1, 2, 1), row.problem
    here = {str(person): _plain(receipt) for part in plan.parts for person, receipt in part.receipts.items()}
    there = {subject: _plain(event) for subject, event in await world.facts("MatchExplained", "NoMatchExplained")}
    assert there == here
    assert there.keys() == {str(person) for person in people}
    runs = await world.facts("RunFinished")
    assert [_plain(event) for _, event in runs] == [_plain(part.finished) for part in plan.parts]
    assert {UUID(subject) for subject, _ in runs} == set((row.runs or {}).values())
    pairs = {proposal.application_id: proposal.seat_id for part in plan.parts for proposal in part.proposals}
    matches = await world.rows("SELECT application_id, seat_id, state FROM match")
    assert {match.application_id: match.seat_id for match in matches} == pairs
    assert [run.committed_by for run in await world.rows("SELECT committed_by FROM run")] == ["carla"]
    kept = await world.rows("SELECT problem, pairs FROM run_inputs")
    assert [(run.problem, run.pairs) for run in kept] == [(part.kept.problem, part.kept.pairs) for part in plan.parts]


async def test_every_step_is_reported_in_order(world: World) -> None:
    """Progress goes through facts, matching and receipts, never back, and ends before the writing."""
    await _three_for_two_places(world)
    steps: list[int] = []
    request = cohorts_job.CohortRequest(world.call_id, None, 0)
    await asyncio.to_thread(cohorts_job.work_out_stored, world.bus.settings, request, steps.append)
    assert steps[:2] == [MATCHING, EXPLAINING]
    assert steps == sorted(set(steps))
    assert len(steps) == 1 + 3
    assert steps[-1] < WRITING


async def test_its_page_answers_while_it_is_under_way(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Committing leads to the job's page, which answers meanwhile, can be found again, and at last names the run."""
    await _three_for_two_places(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    form = {"pair": re.findall(r'name="pair" value="([^"]+)"', await _cohort_page(world, browser))}
    response = await _post(world, browser, f"/matching/cohorts/{world.call_id}/commit", data=form)
    assert response.status_code == 303, response.text
    page = response.headers["location"]
    assert page.startswith("/matching/cohorts/jobs/")
    assert "Waiting" in (await browser.get(page)).text
    again = await _post(world, browser, f"/matching/cohorts/{world.call_id}/commit", data=form)
    assert again.headers["location"] == page
    working = asyncio.create_task(cohorts_job.work_once(world.bus))
    seen, found = 0, False

    async def over() -> bool:
        nonlocal seen, found
        text = (await browser.get(page)).text
        if "<progress" in text and not working.done():
            seen += 1
            found = found or page in (await browser.get(f"/matching/cohorts/{world.call_id}")).text
        return working.done()

    await until(over, "the cohort is worked out")
    assert await working
    assert seen, "the page was not answered while the work was under way"
    assert found, "no page led back to it"
    text = (await browser.get(page)).text
    assert "2 matches are proposed" in text
    assert f"/matching/runs/{(await world.rows('SELECT id FROM run'))[0].id}" in text
    assert "Cancel it" not in text


async def test_a_cancel_leaves_nothing_behind(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A cancelled job ends, publishes nothing, and the call may be committed again."""
    await _three_for_two_places(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id)
    working = asyncio.create_task(cohorts_job.work_once(world.bus))
    await _until(world, job, "running", working)
    stopped = await _post(world, browser, f"/matching/cohorts/jobs/{job}/cancel", data={})
    assert stopped.status_code == 303
    assert await working
    assert (await _stored(world, job)).state == "cancelled"
    assert await world.facts("RunFinished", "MatchProposed", "NoMatchExplained") == []
    assert len(await _provisional(world)) == 2
    await cohorts_job.cancel(world.bus, "carla", job)
    with pytest.raises(Refused, match="Another coordinator cancelled this cohort on") as late:
        await cohorts_job.cancel(world.bus, "bruno", job)
    assert late.value.status_code == 409
    second = await cohorts_job.ask(world.bus, "carla", world.call_id)
    assert await cohorts_job.work_once(world.bus)
    assert (await _stored(world, second)).state == "done"


async def test_a_cohort_being_written_is_not_cancelled(world: World) -> None:
    """A cancel after writing has begun is refused, and the cohort is committed."""
    await _three_for_two_places(world)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id, effort=0)
    async with world.bus.transaction("system:tests") as tx:
        await store.version(tx.session, world.call_id, lock=True)  # whoever writes waits for it
        working = asyncio.create_task(cohorts_job.work_once(world.bus))
        await _until(world, job, "writing", working)
        with pytest.raises(Refused, match="Saving of the cohort began on") as refused:
            await cohorts_job.cancel(world.bus, "carla", job)
    assert refused.value.status_code == 409
    assert await working
    assert (await _stored(world, job)).state == "done"


async def test_another_instance_does_what_a_killed_one_left(world: World, store_address: str) -> None:
    """If an instance is killed while it works, the next one starts the job again, and there is one run of each kind."""
    people = await _three_for_two_places(world)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.matching.work_until_killed",
        store_address,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until(world, job, "running")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert (await _stored(world, job)).state == "running", "it was killed too late to leave anything"
    await until(lambda: cohorts_job.work_once(world.bus), "its lease is to be had")
    assert (await _stored(world, job)).state == "done"
    assert not await cohorts_job.work_once(world.bus)
    assert len(await world.rows("SELECT 1 FROM run")) == 1
    assert sorted(subject for subject, _ in await world.facts("MatchExplained", "NoMatchExplained")) == sorted(
        str(person) for person in people
    )


async def test_facts_that_arrive_meanwhile_are_matched_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result from older facts is discarded: the cohort includes the officer who arrived meanwhile."""
    people = await _three_for_two_places(world)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id, effort=0)
    apart, ends = processes.run_in_process, []

    async def arrive(*given: Any, **options: Any) -> Any:
        ends.append(await apart(*given, **options))
        return ends[-1]

    monkeypatch.setattr(processes, "run_in_process", arrive)
    late = await world.officer("AM", eligible=False, first_time=False)
    async with world.bus.transaction("system:tests") as tx:
        await store.version(tx.session, world.call_id, lock=True)  # whoever writes waits for it
        working = asyncio.create_task(cohorts_job.work_once(world.bus))
        await _until(world, job, "writing", working)
        await tx.session.execute(sa.text("UPDATE candidate SET state = 'eligible' WHERE id = :id"), {"id": late})
        await store.touch(tx.session, [world.call_id])
    assert await working
    assert ends == [cohorts_job.Ended.LATE, cohorts_job.Ended.OVER]
    assert (await _stored(world, job)).state == "done"
    explained = {subject for subject, _ in await world.facts("MatchExplained", "NoMatchExplained")}
    assert explained == {str(person) for person in [*people, late]}
    assert len(await world.rows("SELECT 1 FROM run")) == 1


async def test_a_lease_that_is_lost_leaves_the_job_to_others(world: World) -> None:
    """An instance that loses its lease while it works writes nothing; the job stays open and another does it."""
    await _three_for_two_places(world)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id, effort=0)
    lease = await leases.acquire(world.bus, f"cohort:{job}")
    assert lease is not None
    stale, request = replace(lease, epoch=lease.epoch - 1), cohorts_job.CohortRequest(world.call_id, None, 0)
    ended = await processes.run_in_thread(cohorts_job.do_stored, world.bus.settings, request, job, stale)
    assert ended is cohorts_job.Ended.DISTURBED
    assert (await _stored(world, job)).state == "waiting"
    assert await world.facts("RunFinished", "MatchProposed") == []
    assert not await cohorts_job.work_once(world.bus), "another has the lease"
    await leases.release(world.bus, lease)
    assert await cohorts_job.work_once(world.bus)
    assert (await _stored(world, job)).state == "done"


async def test_pairs_that_have_moved_are_refused_by_the_job(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A pair that was never found is not committed; page and API say why, and nothing is published."""
    people = await _three_for_two_places(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    job = await cohorts_job.ask(world.bus, "carla", world.call_id, {people[0]: new_id()})
    assert await cohorts_job.work_once(world.bus)
    row = await _stored(world, job)
    assert (row.state, row.refusal, row.moved) == ("refused", "moved", 1)
    assert "The matching has changed" in (await browser.get(f"/matching/cohorts/jobs/{job}")).text
    answer = (await browser.get(f"/matching/api/v1/jobs/{job}")).json()
    assert (answer["state"], answer["runs"]) == ("refused", {})
    assert "The matching has changed" in answer["problem"]
    assert await world.facts("RunFinished", "MatchProposed") == []


async def test_programs_are_given_the_address_of_the_job(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The API answers 202 with the job's address, which shows progress and at last the runs.

    Other roles are refused.
    """
    await _three_for_two_places(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    pairs = [
        {"application_id": str(application), "seat_id": str(seat)}
        for application, seat in (await _provisional(world)).items()
    ]
    body = {"call_id": str(world.call_id), "pairs": pairs}
    async with without_versions(browser, world.app) as program:
        refused = await _post(world, program, "/matching/api/v1/cohorts", json=body)
        assert (refused.status_code, len(refused.json()["errors"])) == (428, 2)
        assert await world.rows("SELECT id FROM cohort_job") == []
    response = await _post(world, browser, "/matching/api/v1/cohorts", json=body)
    assert response.status_code == 202
    address = response.headers["location"]
    assert response.json()["state"] == "waiting"
    assert await cohorts_job.work_once(world.bus)
    answer = (await browser.get(address)).json()
    assert (answer["state"], answer["cohort"], answer["proposed"], answer["unmatched"]) == ("done", 1, 2, 1)
    assert set(answer["runs"]) == {"study_visit"}
    assert (await _post(world, browser, f"{address}/cancel")).status_code == 409
    assert (await browser.get(f"/matching/api/v1/jobs/{new_id()}")).status_code == 404
    await sign_in("nina", Role.NATIONAL_COORDINATOR, country="MD")
    assert (await browser.get(address)).status_code == 403
    unknown = await _refused_status(world)
    assert unknown == 404


async def _refused_status(world: World) -> int:
    """Return the status of a large cohort of an unknown call."""
    with pytest.raises(Refused) as refused:
        await cohorts_job.ask(world.bus, "carla", new_id())
    return refused.value.status_code


async def test_jobs_are_found_by_index(app: FastAPI) -> None:
    """The queries of pages and worker for jobs use an index."""
    under_way = "state IN ('waiting', 'running', 'writing')"
    queries = {
        "cohort_job_pkey": "SELECT * FROM cohort_job WHERE id = :id",
        "cohort_job_call": "SELECT * FROM cohort_job WHERE call_id = :id ORDER BY id DESC LIMIT 1",
        "cohort_job_open": f"SELECT 1 FROM cohort_job WHERE call_id = :id AND {under_way}",
    }
    async with app.state.service.bus.read() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        for index, query in queries.items():
            values = {"id": "01977a1e-0000-7000-8000-000000000001"}
            plan = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {query}"), values))
            assert index in plan, plan
