"""Requests while the database restarts are answered with 503, and the answer says only what is known."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.applications.app import create_app
from services.applications.settings import Settings
from shared.runtime.migrate import migrate
from tests.integration.applications.conftest import Programme
from tests.local_run import quick_folder
from tests.support import as_owner, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import httpx2

    from tests.conftest import Databases

FUND = {"name": "TOPCOP III", "payer": "European Commission", "since": "2025-01-01"}


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, which it may stop."""
    folder = quick_folder("tandem-away-")
    made = Postgres(folder / "data", free_port(), secrets.token_urlsafe(16), log=folder / "log")
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def portal_on(url: str) -> Programme:
    """Return the portal with a small programme, on an empty database."""
    await asyncio.to_thread(migrate, "applications", url)
    app = create_app(Settings(**settings_for(url.replace("postgresql://", "postgresql+asyncpg://"))), background=False)
    made = Programme(app)
    await made.fill()
    return made


@pytest.mark.parametrize("killed", [False, True])
async def test_requests_are_asked_to_come_again_while_the_database_restarts(server: Postgres, killed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Under load each answer is the usual one or 503 with a time to wait, on pages and API; then all is as before."""
    made = await portal_on(server.url("postgres"))
    seen: dict[str, Counter[int]] = {}

    async def load(name: str, send: Callable[[], Awaitable[httpx2.Response]]) -> None:
        counts = seen.setdefault(name, Counter())
        while True:
            answer = await send()  # raises what the app raises: no error may get that far
            counts[answer.status_code] += 1
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "5"
                wanted = "application/problem+json" if name.startswith("api") else "text/html; charset=utf-8"
                assert answer.headers["content-type"] == wanted

    page, api = made.as_("programme"), "/applications/api/v1"
    funds = (await made.get("programme", "/funds"))["items"]
    sends: dict[str, Callable[[], Awaitable[httpx2.Response]]] = {
        "page": lambda: page.get("/applications/"),
        "form": lambda: page.post("/applications/calls/new", data={}),
        "api read": lambda: page.get(f"{api}/funds"),
        "api write": lambda: page.post(f"{api}/funds", json={"funds": [FUND]}),
    }
    tasks = [asyncio.create_task(load(*each)) for each in sends.items()]

    async def answered(status: Callable[[int], bool]) -> None:
        before = {name: counts.copy() for name, counts in seen.items()}

        def all_have() -> bool:
            assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
            return len(seen) == len(sends) and all(
                any(status(each) for each in counts - before.get(name, Counter())) for name, counts in seen.items()
            )

        await until(all_have, "each kind of request is answered so")

    try:
        for _ in range(2):
            await answered(lambda status: status < 500)
            await asyncio.to_thread(server.child.kill if killed else server.stop)
            await answered(lambda status: status == 503)
            server.start()
            await answered(lambda status: status < 500)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
    assert {status for counts in seen.values() for status in counts if status >= 500} == {503}, seen
    written = (await made.get("programme", "/funds"))["items"]
    assert len(written) - len(funds) >= seen["api write"][201]
    await made.close()
    await made.app.state.service.bus.close()


class Line:
    """A line to the database that breaks at a message which holds `at`, once one with `after` was sent on it.

    Where `arrives`, the message reaches the database, and its answer is lost.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.after: bytes | None = None
        self.at = b""
        self.arrives = False

    @contextlib.contextmanager
    def open(self) -> Iterator[int]:
        """Give the port on which the line begins; it lives in a thread, since a test may block its own loop."""
        ready: Future[int] = Future()
        over = asyncio.Event()
        loop = asyncio.new_event_loop()
        with ThreadPoolExecutor(1) as thread:
            work = thread.submit(loop.run_until_complete, self._serve(ready, over))
            try:
                yield ready.result()
            finally:
                loop.call_soon_threadsafe(over.set)
                work.result()
                loop.close()

    async def _serve(self, ready: Future[int], over: asyncio.Event) -> None:
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as server:
            ready.set_result(server.sockets[0].getsockname()[1])
            await over.wait()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        answers = asyncio.create_task(self._answer(there, writer))
        passed = False
        while message := await reader.read(1 << 16):
            passed = passed or (self.after is not None and self.after in message)
            if passed and self.at in message:
                self.after = None
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
                if self.arrives:
                    back.write(message)
                    await there.read(1 << 16)
                break
            back.write(message)
        writer.close()
        back.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while message := await there.read(1 << 16):
            writer.write(message)
        writer.close()


UNKNOWN = {
    True: "We do not know whether the request took effect. Read the record before you repeat it. With the same "
    "Idempotency-Key it never takes effect twice.",
    False: "We do not know whether your change was saved. Open the page again and check before you send it again.",
}


@pytest.mark.parametrize("program", [False, True])
@pytest.mark.parametrize(
    ("at", "arrives", "saved", "known"),
    [
        (b"COMMIT", True, True, False),
        (b"COMMIT", False, False, False),
        (b"INSERT INTO fund", False, False, True),
    ],
)
async def test_the_answer_says_only_what_is_known(
    postgres: Databases,
    at: bytes,
    arrives: bool,  # noqa: FBT001 - a parameter of the test
    saved: bool,  # noqa: FBT001 - as above
    known: bool,  # noqa: FBT001 - as above
    program: bool,  # noqa: FBT001 - as above
) -> None:
    """A line that breaks during the commit leaves open whether it was saved; before that it is certain."""
    direct = as_owner(postgres.new())
    line = Line(urlsplit(direct).port or 0)
    with line.open() as port:
        made = await portal_on(direct.replace("+asyncpg", "").replace(f":{line.port}/", f":{port}/"))
        await made.app.state.service.bus.engine.dispose()  # new connections, on which each statement is sent as text
        line.at, line.arrives, line.after = at, arrives, b"INSERT INTO fund"
        client = made.as_("programme")
        if program:
            answer = await client.post("/applications/api/v1/funds", json={"funds": [FUND]})
            detail = answer.json()["detail"]
        else:
            form = {"name": FUND["name"], "payer": FUND["payer"], "active": "y"}
            form |= {"since-day": "1", "since-month": "1", "since-year": "2025"}
            answer = await client.post("/applications/register/funds/new", data=form)
            detail = answer.text
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5"), answer.text
        assert (UNKNOWN[program] in detail) is not known
        assert ("Nothing was saved." in detail) is known
        if not program:
            assert ("Send again" in detail) is known, "what was written is sent again from the page"
        async with made.app.state.service.bus.read() as session:
            count = await session.scalar(
                sa.text("SELECT count(*) FROM fund WHERE name = :name"), {"name": FUND["name"]}
            )
        assert count == (1 if saved else 0)
        await made.close()
        await made.app.state.service.bus.close()
    postgres.drop(direct)
