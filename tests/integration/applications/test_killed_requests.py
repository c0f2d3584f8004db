"""A request with an `Idempotency-Key` acts once, and its answer can be had, even when the process is killed."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from shared.identity.idempotency import HEADER, REPLAYED
from tests.integration.applications import serve_until_killed
from tests.integration.applications.conftest import ORIGIN
from tests.integration.applications.test_idempotency import (
    ORGANISATIONS,
    SLOW_ANSWERS,
    age,
    execute,
    organisation,
    send,
)
from tests.processes import forked
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from multiprocessing.process import BaseProcess

    from tests.integration.applications.conftest import Programme


@asynccontextmanager
async def portal(store: str, *, hold: bool = False) -> AsyncIterator[tuple[str, BaseProcess]]:
    """Run the portal in a process of its own; give its address and the process."""
    context = forked(serve_until_killed.__name__)
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=serve_until_killed.serve, args=(store, theirs, hold), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    try:
        assert await asyncio.to_thread(mine.poll, PATIENCE), "the portal does not start"
        yield f"http://127.0.0.1:{mine.recv()}", process
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        mine.close()


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
    async with portal(migrated, hold=True) as (address, process), program(programme, address) as sender:
        request = asyncio.create_task(sender.post(ORGANISATIONS, json=organisation(), headers={HEADER: "killed"}))

        async def stored() -> bool:
            return await column(programme, "SELECT status FROM request_key") == [201]

        await until(stored, "the answer is stored", unless=request)
        process.kill()
        with pytest.raises(httpx2.HTTPError):
            await request
        await asyncio.to_thread(process.join)
        assert process.exitcode == -signal.SIGKILL
    assert await programme.facts_published() == facts + 1
    again = await send(programme, "killed", organisation())
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
        process.kill()
        with pytest.raises(httpx2.HTTPError):
            await request
        await asyncio.to_thread(process.join)
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'UPDATE request_key%'"
    # The service's own role sees the statement, which the owner of the database does not.
    await column(programme, f"{terminate} AND datname = current_database()")
    await execute(programme, "DROP TRIGGER slow ON request_key")
    assert await column(programme, "SELECT status FROM request_key") == [None]
    await age(programme, "1 minute")
    again = await send(programme, "killed", organisation())
    assert (again.status_code, again.json()["code"]) == (409, "answer-unavailable")
    assert await programme.facts_published() == facts + 1
