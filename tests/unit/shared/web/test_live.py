"""Test that an open page learns of every change, and that its stream ends with the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from shared.bus.db.transaction import ACCESS, CHANGED_CHANNEL
from shared.web import live as module
from shared.web.live import Live
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[4]


@pytest.fixture
async def hub(database: str) -> AsyncIterator[Live]:
    """A hub that listens to a database of its own."""
    live = Live(database)
    await live.start()
    await asyncio.wait_for(live.listening.wait(), PATIENCE)
    yield live
    await live.stop()


@pytest.fixture
async def store(database: str) -> AsyncIterator[Any]:
    """A connection on which a store's transactions run."""
    connection = await asyncpg.connect(database.replace("+asyncpg", ""))
    yield connection
    await connection.close()


class Page:
    """An open page: collects what its stream says."""

    def __init__(self, hub: Live, name: str, seen: str | None = None) -> None:
        self._stream = hub.stream(name, seen)
        self.messages: list[str] = []
        self.ended = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for chunk in self._stream:
            if chunk.startswith(b"event:"):
                self.messages.append(chunk.decode().partition("data: ")[2].strip())
        self.ended.set()

    async def close(self) -> None:
        """Leave the page."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def hears(self, count: int) -> None:
        """Wait until so many messages have come."""
        await until(lambda: len(self.messages) >= count, f"message {count}")


async def opened(hub: Live, *names: str) -> list[Page]:
    """Open pages, and wait until the hub knows of all of them."""
    count = hub.clients + len(names)
    pages = [Page(hub, name) for name in names]
    await until(lambda: hub.clients == count, "the pages are known")
    return pages


async def notify(store: Any, name: str) -> None:
    """Do what `tx.changed(name)` does at commit."""
    await store.execute("SELECT pg_notify($1, $2)", CHANGED_CHANNEL, name)


async def test_a_commit_reaches_those_who_wait_for_its_name(hub: Live, store: Any) -> None:
    """The board hears of the board, and of nothing else."""
    board, inbox = await opened(hub, "board", "inbox")
    await notify(store, "board")
    await board.hears(1)
    await notify(store, "board")
    await board.hears(2)
    assert (board.messages, inbox.messages) == (["board"] * 2, [])
    await board.close()
    await inbox.close()


async def test_a_rollback_reaches_nobody(hub: Live, store: Any) -> None:
    """A change that was rolled back is not announced."""
    board, inbox = await opened(hub, "board", "inbox")
    transaction = store.transaction()
    await transaction.start()
    await notify(store, "board")
    await transaction.rollback()
    await notify(store, "inbox")
    await inbox.hears(1)  # the database tells in order: what came before it has been heard
    assert board.messages == []
    await board.close()
    await inbox.close()


async def test_a_burst_is_few_messages_and_includes_the_last_change(hub: Live, store: Any) -> None:
    """A thousand commits do not make a page read its store a thousand times, and none after the last is missed."""
    (board,) = await opened(hub, "board")
    for _ in range(1000):
        await notify(store, "board")
    await board.hears(1)
    await asyncio.sleep(2 * module.QUIET + 0.1)  # that a burst is over shows only in a QUIET without a word
    few = len(board.messages)
    assert few < 100
    await notify(store, "board")
    await board.hears(few + 1)
    await board.close()


async def test_single_changes_are_sent_at_once_and_a_stream_at_intervals(hub: Live) -> None:
    """A single change is announced at once; a stream of changes goes one each QUIET."""
    (board,) = await opened(hub, "board")
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() < began + 2:
        hub.changed("board")
        if len(board.messages) == module.BURST:
            soon = loop.time() - began
        await asyncio.sleep(0.005)
    assert soon < module.BURST * module.QUIET, "the first ones waited as if they were a stream"
    assert len(board.messages) <= module.BURST + 1 + (loop.time() - began) / module.QUIET
    await board.close()


async def test_a_fact_and_its_consequence_are_one_message(hub: Live, store: Any) -> None:
    """A fact and its consequence are one message; a fact without one is announced all the same."""
    board, inbox = await opened(hub, "board", "inbox")
    async with store.transaction():  # both are heard at one moment, however busy the machine is
        await notify(store, "board+")
        await notify(store, "board")
    await board.hears(1)
    await asyncio.sleep(2 * module.PATIENCE)  # a second message would have come within PATIENCE
    assert board.messages == ["board"]
    async with store.transaction():  # as above
        await notify(store, "board+")
        await notify(store, "board+")
    await board.hears(2)
    await asyncio.sleep(2 * module.PATIENCE)  # as above
    assert (board.messages, inbox.messages) == (["board"] * 2, [])
    await board.close()
    await inbox.close()


async def test_a_change_before_the_page_connects_is_announced(hub: Live, store: Any) -> None:
    """A page names the stamp at which it was rendered; later changes are announced when it connects."""
    stamp = hub.stamp()
    await notify(store, "board")
    await until(lambda: hub.stamp() != stamp, "the change is heard")
    late, right, other = Page(hub, "board", stamp), Page(hub, "board", hub.stamp()), Page(hub, "inbox", stamp)
    await late.hears(1)
    await until(lambda: hub.clients == 3, "the pages are known")
    await notify(store, "board")
    await late.hears(2)
    await right.hears(1)
    assert (late.messages, right.messages, other.messages) == (["board"] * 2, ["board"], [])
    for page in (late, right, other):
        await page.close()


async def test_a_stamp_of_another_process_means_look_again(hub: Live) -> None:
    """A page made by another process cannot know what it missed, and is asked to look again."""
    page = Page(hub, "board", "feedbeef.7")
    await page.hears(1)
    await page.close()


async def test_after_a_lost_connection_everybody_looks_again(hub: Live, store: Any) -> None:
    """While nobody listened anything may have happened."""
    pages = await opened(hub, "board", "inbox")
    await store.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    for page in pages:
        await page.hears(1)
    await notify(store, "board")
    await pages[0].hears(2)
    for page in pages:
        await page.close()


async def test_streams_are_bounded_and_leave_nothing_behind(database: str) -> None:
    """One more than the most is asked to come back later; a page that left makes room."""
    live = Live(database, clients=2)
    pages = await opened(live, "board", "board")
    refused = live.response("board")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    await pages[0].close()
    assert live.clients == 1
    await pages[1].close()
    assert live.clients == 0


async def test_closing_ends_all_streams_and_refuses_new_ones(hub: Live) -> None:
    """Nothing keeps a process that has to stop."""
    (page,) = await opened(hub, "board")
    hub.close()
    await asyncio.wait_for(page.ended.wait(), PATIENCE)
    assert hub.response("board").status_code == 503


async def test_a_change_of_access_ends_all_streams(hub: Live, store: Any) -> None:
    """Every page has to pass its guard again, whatever it waits for; a stream opened afterwards continues."""
    pages = await opened(hub, "board", "matches")
    await notify(store, ACCESS)
    for page in pages:
        await asyncio.wait_for(page.ended.wait(), PATIENCE)
        assert page.messages == []
    (again,) = await opened(hub, "board")
    hub.changed("board")
    await again.hears(1)
    await again.close()


async def test_a_quiet_stream_shows_that_it_lives(hub: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies cut what says nothing: a comment goes out in between."""
    monkeypatch.setattr(module, "HEARTBEAT", 0.05)
    stream = hub.stream("board")
    chunks = [await anext(stream) for _ in range(3)]
    assert chunks == [b"retry: 2000\n\n", b": still here\n\n", b": still here\n\n"]
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_server_with_an_open_stream_stops_at_once(database: str, store: Any) -> None:
    """A server waits for open answers before it shuts down: SIGTERM has to end the streams itself."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "browser" / "demo.py"),
        str(port),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DEMO_DATABASE": database},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await _up(client)
            async with client.stream("GET", "/live") as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == "retry: 2000"
                await _notify_until_received(lines, store)
                began = time.monotonic()
                server.send_signal(signal.SIGTERM)
                assert [line async for line in lines if line.strip()] == []
        output, _ = await asyncio.wait_for(server.communicate(), 10)
        assert time.monotonic() - began < 3, output.decode()
        assert server.returncode in (0, -signal.SIGTERM)
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()


async def _notify_until_received(lines: AsyncIterator[str], store: Any) -> None:
    """Notify until the stream says so: the hub may have begun to listen only just now."""

    async def notify_often() -> None:
        while True:
            await notify(store, "board")
            await asyncio.sleep(0.1)

    pressing = asyncio.create_task(notify_often())
    async with asyncio.timeout(PATIENCE):
        async for line in lines:
            if line == "event: changed":
                break
    pressing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pressing
    async for line in lines:
        if line.startswith("data:"):
            break
    await asyncio.sleep(2 * module.QUIET)  # in which the last of those changes is told: nothing else says so


async def _up(client: httpx.AsyncClient) -> None:
    async def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await client.get("/form")).status_code > 0
        return False

    await until(answers, "the server answers")
