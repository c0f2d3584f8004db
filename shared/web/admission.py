"""Let in as many requests as can be served in time, and say to the others at once that they are to come again.

Requests wait here, before they take a connection. What a crowd does (officers at a deadline) has a lane of its own, so
that everybody else's pages stay quick. A form that is not let in comes back with what was written and a stamp that says
when it arrived: sent again within ten minutes, it counts as arrived then.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client import Counter
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.identity import csrf
from shared.identity.refusals import SAFE_METHODS, here
from shared.identity.state import identity_of
from shared.identity.versions import hide_versions
from shared.time import clock, dates
from shared.time.arrival import arrived, arrived_at
from shared.web.media_types import media_type_of
from shared.web.problem_types import PROBLEM_TYPES
from shared.web.problems import answer, wants_json
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.identity.sealing import Seal

BUSY = Counter("tandem_requests_not_let_in", "Requests that are to come again, by lane", ["place", "lane"])
PATIENCE = 6.0
"""Seconds for which a request waits to be let in."""
_MOST_WAITING = 2000
GOOD_FOR = timedelta(minutes=10)
"""A stamp counts for so long after the moment that it names."""
SLOW = 30.0
"""A body that takes more seconds to come counts as arrived at its end: nobody goes on writing after a deadline."""
STAMP = "arrival_stamp"
STAMP_HEADER = "X-Arrival-Stamp"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_OWN = ("readyz", "metrics", "internal")


class NotLetIn(Exception):
    """A request cannot be served in time; `seconds` is after how long it may come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Lane:
    """Requests of one kind: so many are served at once, in the order in which they came."""

    def __init__(self, places: int, takes: float = 0.0) -> None:
        """Make a lane in which a request takes so many seconds, as far as is known; it learns from each."""
        self._places = places
        self._free = asyncio.Semaphore(places)
        self._waiting = 0
        self._takes = takes

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Callable[[], None]]:
        """Hold a place for a block, or until what it gives is called.

        Raises `NotLetIn` where none becomes free in time, as soon as that is known.
        """
        await self._enter()
        begun, inside = monotonic(), True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._takes += (monotonic() - begun - self._takes) / 16
                self._free.release()

        try:
            yield leave
        finally:
            leave()

    async def _enter(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        expected = (self._waiting + 1) * self._takes / self._places
        if expected > PATIENCE or self._waiting >= _MOST_WAITING:
            raise NotLetIn(_pause(expected))
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise NotLetIn(_pause(expected)) from None
        finally:
            self._waiting -= 1


def _pause(expected: float) -> int:
    """Return seconds after which a request may come again; spread, so that not all come at once."""
    return min(30, 2 + round(expected / 2) + secrets.randbelow(7))


class AdmissionMiddleware:
    """Lets requests in by two lanes: those whose path begins as `crowd` says, and all others.

    The crowd never holds more than half of the `connections`. A place is held until the answer begins, so that slow
    readers hold none. Health, the routes between services and streams of events pass at once.
    """

    def __init__(self, app: ASGIApp, *, connections: int, crowd: Sequence[str] = ()) -> None:
        self.app = app
        self._crowd = tuple(crowd)
        self._lanes = {"crowd": Lane(max(1, connections // 2)), "others": Lane(connections * 2)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or _passes_at_once(scope):
            await self.app(scope, receive, send)
            return
        if scope["method"] not in SAFE_METHODS:
            begun = monotonic()
            messages = await whole(receive)
            slow = monotonic() - begun > SLOW
            receive = replayed(messages, receive)
            stamped = await _stamped(Request(scope, replayed(messages, receive)), b"".join(_bodies(messages)))
            if stamped is None and slow:
                stamped = datetime.now(UTC)
        else:
            messages, stamped = [], None
        name = "crowd" if scope["path"].startswith(self._crowd) else "others"
        with nullcontext() if stamped is None else arrived_at(stamped):
            try:
                async with self._lanes[name].place() as leave:
                    await self.app(scope, receive, _leaving(send, leave))
            except NotLetIn as busy:
                BUSY.labels(scope["app"].state.site.place, name).inc()
                refused = await _come_again(Request(scope, replayed(messages, receive)), busy, messages)
                await refused(scope, receive, send)


def _leaving(send: Send, leave: Callable[[], None]) -> Send:
    """Return a `send` that gives up the place when the answer begins."""

    async def send_and_leave(message: Message) -> None:
        if message["type"] == "http.response.start":
            leave()
        await send(message)

    return send_and_leave


def _passes_at_once(scope: Scope) -> bool:
    place = scope["path"].split("/")[2:3]
    return place in ([name] for name in _OWN) or "text/event-stream" in Headers(scope=scope).get("accept", "")


async def whole(receive: Receive) -> list[Message]:
    """Return all messages of a request's body; the last one may say that the sender has disconnected."""
    messages = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def replayed(messages: list[Message], receive: Receive) -> Receive:
    """Return a `receive` that gives `messages` once more, then what follows them."""
    waiting = list(reversed(messages))

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def _bodies(messages: Sequence[Message]) -> list[bytes]:
    return [message.get("body", b"") for message in messages]


async def _fields(request: Request) -> list[tuple[str, str]] | None:
    """Return the fields of a form without its stamp; None where it holds a file or cannot be read."""
    try:
        form = await csrf.sent_form(request)
        found = form.multi_items()
        await form.close()
    except HTTPException:  # the route would refuse it
        return None
    if any(isinstance(value, UploadFile) and (value.filename or value.size) for _, value in found):
        return None
    return [(name, value) for name, value in found if isinstance(value, str) and name != STAMP]


def _signed(request: Request, moment: int, content: bytes) -> str:
    """Return what a stamp signs: the request with the version of the record that it acts on, and its content.

    Without the version somebody could change a draft after a deadline and submit it with an earlier stamp.
    """
    version = request.headers.get("if-match", "")
    return f"{request.method} {here(request)} {version} {moment} {hashlib.sha256(content).hexdigest()}"


def _content(fields: Sequence[tuple[str, str]]) -> bytes:
    # Browsers send line ends as they like; all else comes back as it was.
    return repr(sorted((name, value.replace("\r\n", "\n")) for name, value in fields)).encode()


def stamp_for(request: Request, seal: Seal, content: bytes) -> str:
    """Return the stamp that says when this content arrived at this address."""
    moment = round((arrived() - clock.offset()).timestamp() * 1000)
    return f"{moment}.{seal.sign(_signed(request, moment, content))}"


async def _stamped(request: Request, body: bytes) -> datetime | None:
    """Return when the content of a request arrived first, as its stamp says; None without a stamp that counts."""
    content = body
    if media_type_of(request) in _FORMS:
        if STAMP.encode() not in body:
            return None
        fields = await _fields(request)
        if fields is None:
            return None
        stamp = str((await request.form()).get(STAMP, ""))
        content = _content(fields)
    else:
        stamp = request.headers.get(STAMP_HEADER, "")
    moment, _, digest = stamp.partition(".")
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= 14):
        return None
    if not identity_of(request.app).csrf.signed(_signed(request, int(moment), content), digest):
        return None
    first = datetime.fromtimestamp(int(moment) / 1000, UTC)
    return first if first > datetime.now(UTC) - GOOD_FOR else None


async def _come_again(request: Request, busy: NotLetIn, messages: Sequence[Message]) -> Response:
    """Return the answer to a request that was not let in; nothing of it was done."""
    headers = {"Retry-After": str(busy.seconds)}
    seal = identity_of(request.app).csrf
    if request.method in SAFE_METHODS:
        return answer(request, 503, code=ProblemCode.BUSY, headers=headers)
    if media_type_of(request) not in _FORMS or wants_json(request):
        headers[STAMP_HEADER] = stamp_for(request, seal, b"".join(_bodies(messages)))
        return answer(request, 503, gettext("Nothing was saved."), code=ProblemCode.BUSY, headers=headers)
    fields = await _fields(request)
    if fields is None:
        sentence = gettext("Nothing was saved. Go back, choose the file again and send the form once more.")
        return answer(request, 503, sentence, code=ProblemCode.BUSY, headers=headers)
    hide_versions(request)  # the form has what its page gave it: with more its stamp would not count
    page = render(
        request,
        "busy.html",
        503,
        title=gettext(PROBLEM_TYPES[ProblemCode.BUSY].title),
        sent=[*fields, (STAMP, stamp_for(request, seal, _content(fields)))],
        action=here(request),
        arrived=dates.moment(arrived()),
        until=dates.moment(arrived() + GOOD_FOR),
        seconds=busy.seconds,
    )
    page.headers.update(headers)
    return page
