"""Notify open pages that something has changed, by server-sent events.

A store's transaction says `pg_notify('tandem_changed', name)`; one LISTEN connection a process receives it and wakes
the event streams of that name. A stream carries only "something changed": the page then reads the store again, so that
no cursor can miss a commit that came late (design.md, "To the browser"). Each client has a mailbox of one message, into
which any number of changes fall together. After a lost connection to the database all pages are refreshed.

LISTEN needs a direct connection (`TANDEM_DATABASE_DIRECT_URL`): a pooler between would swallow it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import structlog
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the endpoint's annotation at run time
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from shared.bus.db.transaction import ACCESS, CHANGED_CHANNEL, MORE
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.supervision import supervise
from shared.identity.guard import session_lasts
from shared.settings import plain_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Lasts = Callable[[], Awaitable[bool]]

HEARTBEAT = 15.0  # seconds; below the 30 to 60 s after which proxies cut a silent stream
QUIET = 0.2  # average seconds between two messages to one client: a burst of commits causes few refreshes
SOON = 0.005  # the same while BURST is not used up: immediate consequences of a fact are shown at once
CHECKED = 5.0  # seconds after which a change is sent only once the session was found again
BURST = 5.0  # messages that may follow each other after SOON; one more each QUIET seconds
PATIENCE = 0.05  # seconds for which a change waits that is about to be followed by another
CLIENTS = 500  # streams that a process keeps open at most
_PING = 20.0
_log = structlog.get_logger(__name__)


class Live:
    """The hub of one process: one connection to the database, many waiting pages."""

    def __init__(self, url: str, *, clients: int = CLIENTS) -> None:
        """Prepare a hub for the database at `url` (`postgresql://...`) with at most `clients` streams."""
        self._url = plain_address(url)
        self._limit = clients
        self._mailboxes: dict[asyncio.Event, str] = {}
        # A page is rendered at some tick; when it connects later, it is notified at once of any change since then.
        self._process = uuid4().hex[:8]
        self._tick = 0
        self._last: dict[str, int] = {}
        self._followed: dict[str, asyncio.TimerHandle] = {}
        self._era = 0  # counts how often all streams had to pass their guards again
        self._closed = asyncio.Event()
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._restore: list[tuple[signal.Signals, Callable[..., Any]]] = []

    @property
    def clients(self) -> int:
        """Return how many streams are open."""
        return len(self._mailboxes)

    @property
    def listening(self) -> asyncio.Event:
        """Return an event that is set while notifications arrive."""
        return self._listening

    def stamp(self) -> str:
        """Return the stamp that a page sends when it connects, so that no change after its rendering is missed."""
        return f"{self._process}.{self._tick}"

    def changed(self, name: str | None = None) -> None:
        """Wake all pages that wait for `name`; all pages of this process when it is None.

        `ACCESS` ends all streams: a browser opens its stream again by itself, if it still may. A name with `MORE` waits
        for the same name without it, but not for long.
        """
        if name is not None and name.endswith(MORE):
            name = name.removesuffix(MORE)
            if name not in self._followed:
                self._followed[name] = asyncio.get_running_loop().call_later(PATIENCE, self.changed, name)
            return
        for known in (name,) if name is not None else tuple(self._followed):
            if (timer := self._followed.pop(known, None)) is not None:
                timer.cancel()
        self._tick += 1
        if name == ACCESS:
            self._era += 1
            for mailbox in self._mailboxes:
                mailbox.set()
            return
        if name is None:
            self._last = dict.fromkeys(set(self._last) | set(self._mailboxes.values()), self._tick)
        else:
            self._last[name] = self._tick
        for mailbox, wanted in self._mailboxes.items():
            if name is None or wanted == name:
                mailbox.set()

    def _missed(self, name: str, seen: str | None) -> bool:
        """Return whether a page rendered at the stamp `seen` may have missed a change (in another process: maybe)."""
        if not seen:
            return False
        process, _, tick = seen.partition(".")
        return process != self._process or not tick.isdigit() or self._last.get(name, 0) > int(tick)

    async def start(self) -> None:
        """Begin to listen, in the background, and end the streams when the process gets a signal to stop."""
        self._task = asyncio.create_task(supervise(self.run), name="live")
        self._end_on_signal()

    async def stop(self) -> None:
        """End all streams and the listening."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        while self._restore:
            signal.signal(*self._restore.pop())

    def close(self) -> None:
        """End all streams now; new ones are refused. May be called more than once."""
        self._closed.set()
        while self._followed:
            self._followed.popitem()[1].cancel()
        for mailbox in self._mailboxes:
            mailbox.set()

    def _end_on_signal(self) -> None:
        """Have SIGTERM and SIGINT end the streams first.

        A server that shuts down waits for open answers before it runs any shutdown code of ours, and a stream is an
        answer that never ends: so the signal itself has to end it. The server's own handler runs as before.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if not callable(before):
                continue

            def end_streams(signum: int, frame: Any, before: Callable[..., Any] = before) -> None:
                with contextlib.suppress(RuntimeError):  # the loop may be closed already
                    loop.call_soon_threadsafe(self.close)
                before(signum, frame)

            signal.signal(number, end_streams)
            self._restore.append((number, before))

    async def run(self) -> None:
        """Listen until cancelled. A lost connection is opened again, with growing pauses of at most 10 s."""
        pause = 0.25
        first = True
        while True:
            try:
                connection = await asyncpg.connect(self._url, timeout=10, command_timeout=10)
            except DATABASE_ERRORS as error:
                _log.warning("live_connection_failed", error=error, again_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)
                continue
            try:
                await self._listen(connection, first=first)
            except DATABASE_ERRORS as error:
                _log.warning("live_connection_lost", error=error)
            finally:
                self._listening.clear()
                connection.terminate()
            first, pause = False, 0.25

    async def _listen(self, connection: asyncpg.Connection[asyncpg.Record], *, first: bool) -> None:
        lost = asyncio.Event()

        def heard(_connection: object, _pid: int, _channel: str, name: object) -> None:
            self.changed(str(name))

        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANGED_CHANNEL, heard)
        self._listening.set()
        if not first:
            self.changed()
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), _PING)
            except TimeoutError:
                await connection.execute("SELECT 1")  # detects a connection that was cut silently

    @contextlib.contextmanager
    def _mailbox(self, name: str) -> Iterator[asyncio.Event]:
        mailbox = asyncio.Event()
        self._mailboxes[mailbox] = name
        try:
            yield mailbox
        finally:
            del self._mailboxes[mailbox]

    async def stream(self, name: str, seen: str | None = None, lasts: Lasts | None = None) -> AsyncIterator[bytes]:
        """Send server-sent events to one page: `changed` after each change of `name`, a comment as heartbeat.

        The stream ends when `lasts` says that the reader's session does not.
        """
        with self._mailbox(name) as mailbox:
            yield b"retry: 2000\n\n"
            if self._missed(name, seen):
                mailbox.set()
            spare, sent_at, era = BURST, monotonic(), self._era
            checked_at = monotonic()
            while not self._closed.is_set():
                beat = False
                try:
                    await asyncio.wait_for(mailbox.wait(), HEARTBEAT)
                except TimeoutError:
                    beat = True
                if self._closed.is_set() or self._era != era:
                    break
                if lasts is not None and (beat or monotonic() - checked_at >= CHECKED):
                    checked_at = monotonic()
                    if not await lasts():
                        break
                if beat:
                    yield b": still here\n\n"
                    continue
                mailbox.clear()
                spare = min(BURST, spare + (monotonic() - sent_at) / QUIET) - 1
                sent_at = monotonic()
                yield f"event: changed\ndata: {name}\n\n".encode()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), SOON if spare >= 1 else QUIET * (1 - spare) + SOON)

    def response(self, name: str, seen: str | None = None, lasts: Lasts | None = None) -> Response:
        """Return the answer that streams `name`; 503 when too many streams are open or the process is stopping."""
        if self._closed.is_set() or self.clients >= self._limit:
            return PlainTextResponse("Too many open pages. This one asks again by itself.", 503, {"retry-after": "10"})
        return StreamingResponse(
            self.stream(name, seen, lasts),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )


def live_route(name: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that streams `changed` for `name`.

    `router.add_api_route("/matching/live", live_route("board"), dependencies=[...])`
    """

    async def live(request: Request, seen: str | None = None) -> Response:
        hub: Live = request.app.state.service.live
        return hub.response(name, seen, partial(session_lasts, request))

    return live
