"""A request with an `Idempotency-Key` acts once, and its answer can be had, even when the process is killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from shared.identity.idempotency import HEADER, REPLAYED
from tests.integration.applications.conftest import ORIGIN
from tests.integration.applications.test_idempotency import ORGANISATIONS, SLOW_ANSWERS, age, execute, organisation
from tests.waiting import until

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from tests.integration.applications.conftest import Programme


@asynccontextmanager
async def portal(store: str, *options: str) -> AsyncIterator[tuple[str, Process]]:
    """Run the portal in a process of its own; give its address and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.applications.serve_until_killed",
        store,
        *options,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}", process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def program(programme: Programme, address: str) -> httpx2.AsyncClient:
    """Return a client of the programme coordinator at the address of another process."""
    known = programme.as_("programme")
    cookie = "; ".join(f"{each.name}={each.value}" for each in known.cookies.jar)
    headers = {**known.headers, "Cookie": cookie, "Origin": ORIGIN}
    return httpx2.AsyncClient(base_url=address, headers=headers, timeout=60)


async def column(programme: Programme, query: str) -> list[object]:
    """Return the first column of the rows of the portal's database."""
    async with programme.app.state.service.bus.read() as session:
        return list((await session.execute(sa.text(query))).scalars().all())


async def test_a_process_killed_before_it_answers_leaves_the_answer(programme: Programme, migrated: str) -> None:
    """Killed after the commit and before the first byte of the answer: the repeat gets that answer and acts no more."""
    facts = await programme.facts_published()
    async with portal(migrated, "--hold") as (address, process), program(programme, address) as sender:
        request = asyncio.create_task(sender.post(ORGANISATIONS, json=organisation(), headers={HEADER: "killed"}))

        async def stored() -> bool:
            return await column(programme, "SELECT status FROM request_key") == [201]

        await until(stored, "the answer is stored", unless=request)
        process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx2.HTTPError):
            await request
        assert await process.wait() == -signal.SIGKILL
    assert await programme.facts_published() == facts + 1
    async with portal(migrated) as (address, _), program(programme, address) as sender:
        again = await sender.post(ORGANISATIONS, json=organisation(), headers={HEADER: "killed"})
    assert (again.status_code, again.headers.get(REPLAYED)) == (201, "true"), again.text
    made = await column(programme, "SELECT id::text FROM organisation WHERE name = 'Police of Lyon'")
    assert again.json() == {"ids": made}
    assert len(made) == 1
    assert await programme.facts_published() == facts + 1


async def test_a_process_killed_before_it_keeps_the_answer_has_acted_once(programme: Programme, migrated: str) -> None:
    """Killed between the commit and the storing of the answer: repeats never act, and say to read the record."""
    await execute(programme, *SLOW_ANSWERS)
    facts = await programme.facts_published()
    async with portal(migrated) as (address, process), program(programme, address) as sender:
        request = asyncio.create_task(sender.post(ORGANISATIONS, json=organisation(), headers={HEADER: "killed"}))

        async def committed() -> bool:
            return await programme.facts_published() > facts

        await until(committed, "it is committed", unless=request)
        process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx2.HTTPError):
            await request
        await process.wait()
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'UPDATE request_key%'"
    await execute(programme, f"{terminate} AND datname = current_database()", "DROP TRIGGER slow ON request_key")
    assert await column(programme, "SELECT status FROM request_key") == [None]
    async with portal(migrated) as (address, _), program(programme, address) as sender:
        await age(programme, "1 minute")
        again = await sender.post(ORGANISATIONS, json=organisation(), headers={HEADER: "killed"})
    assert (again.status_code, again.json()["code"]) == (409, "answer-unavailable")
    assert await programme.facts_published() == facts + 1
