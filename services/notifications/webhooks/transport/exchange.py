"""What is said to a receiver over one connection, and what does it answer? One POST by HTTP/1.1 (RFC 9112).

A general client looks after a pool, cookies, redirects and the state of a connection that is used again, which took
more than all the rest of a webhook. Here nothing is followed and nothing is used twice: what is said goes out at once,
and of the answer there are kept its status, for how long the receiver wants to be left alone, and how its body begins.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import httpx2
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from services.notifications.webhooks.model.target import Address, Target

READ = 2048
"""So many bytes of a body are kept."""
# For so long the rest of a body is waited for: the status counts, whatever becomes of it.
_BODY_SECONDS = 2.0
# So long before the caller's patience ends no body is waited for any more: what was taken must not be sent again.
_SPARE_SECONDS = 0.1
# What stands before a body, with all that is said in between (RFC 9110 15.2): no receiver of good will has as much.
_LONGEST = 65_536
_SWITCHES = 101


class NotConnected(Exception):
    """No connection came about, so nothing was sent; the text says why."""


class Broken(Exception):
    """The receiver hung up, or said what is no HTTP, before its status was known."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A receiver's answer: its status, its `Retry-After` as it stands there, and the beginning of its body."""

    status: int
    retry_after: str | None
    body: bytes


async def exchange(to: Target, address: Address, said: bytes, trust: ssl.SSLContext, until: float) -> Heard:
    """Connect to the judged `address` in the name of the target's host, say `said` (see `request`), hear the answer.

    Takes as long as the receiver does: to be bounded by the caller, who ends it at `until` of the loop's time. Raises
    `NotConnected`, also where TLS does not come about, and `Broken`.
    """
    loop = asyncio.get_running_loop()
    secure = to.scheme == "https"
    try:
        transport, exchanged = await loop.create_connection(
            lambda: _Exchange(said, loop, until),
            str(address),
            to.port,
            ssl=trust if secure else None,
            server_hostname=to.host if secure else None,
        )
    except (OSError, ValueError) as error:
        raise NotConnected(getattr(error, "strerror", None) or str(error)) from error
    try:
        heard = await exchanged.heard
    finally:
        exchanged.end()
        transport.abort()  # not `close`: that would wait for a receiver that never takes the rest
    if isinstance(heard, Broken):
        raise heard
    return heard


def request(to: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """What is said: a POST of `body` with these headers, and those that HTTP needs. Raises `httpx2.InvalidURL`."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return b"".join((_beginning(to), f"{lines}content-length: {len(body)}\r\n\r\n".encode("ascii"), body))


@lru_cache(maxsize=256)
def _beginning(to: Target) -> bytes:
    """What each request to a target begins with. Of its path, what cannot stand in a request is written as it can."""
    path = httpx2.URL(f"http://host{to.path}").raw_path
    fixed = "accept: */*\r\naccept-encoding: identity\r\nconnection: close\r\n"
    return b"POST " + path + f" HTTP/1.1\r\nhost: {to.authority}\r\n{fixed}".encode("ascii")


class _Exchange(asyncio.Protocol):
    """One request and its answer; `heard` is done with the answer, or with why there is none."""

    def __init__(self, said: bytes, loop: asyncio.AbstractEventLoop, until: float) -> None:
        self.heard: asyncio.Future[Heard | Broken] = loop.create_future()
        self._said = said
        self._loop = loop
        self._until = until
        self._parser = HttpResponseParser(self)
        # Bare line feeds, and a header in several lines, were always read; nobody else reads what comes after them.
        self._parser.set_dangerous_leniencies(lenient_headers=True, lenient_optional_cr_before_lf=True)
        self._before = 0
        self._status = 0
        self._asked: list[bytes] = []
        self._body = bytearray()
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say all at once."""
        cast("asyncio.WriteTransport", transport).write(self._said)

    def data_received(self, data: bytes) -> None:
        """Take in a part of the answer."""
        if self.heard.done():
            return
        if not self._status:
            self._before += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:  # after a 101 something else is spoken
            self._over(str(error))
            return
        if self.heard.done():
            return
        if self._status:
            if self._limit is None:
                last = min(self._loop.time() + _BODY_SECONDS, self._until - _SPARE_SECONDS)
                self._limit = self._loop.call_at(last, self._over, "")
        elif self._before > _LONGEST:
            self._over("The answer has no end.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of an answer."""
        if name.lower() == b"retry-after" and not self._status:
            self._asked.append(value)

    def on_headers_complete(self) -> None:
        """The status is known, where it is the last one (RFC 9110 15.2)."""
        status = self._parser.get_status_code()
        if status >= 200 or status == _SWITCHES:
            self._status = status
        else:
            self._asked.clear()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if len(self._body) < READ:
            self._body += body[:READ]
        if len(self._body) >= READ:
            self._over("")

    def on_message_complete(self) -> None:
        """The end of the answer, if it was not one that another follows."""
        if self._status:
            self._over("")

    def connection_lost(self, exc: Exception | None) -> None:
        """No more comes: a body that has no other end ends so."""
        self._over("The receiver hung up before it answered." if exc is None else str(exc))

    def _over(self, why: str) -> None:
        """Nothing more is waited for; `why` is told where no status is known."""
        if self.heard.done():
            return
        if not self._status:
            self.heard.set_result(Broken(why))
            return
        asked = b", ".join(self._asked).decode("latin-1") if self._asked else None
        self.heard.set_result(Heard(self._status, asked, bytes(self._body[:READ])))

    def end(self) -> None:
        """Wait for nothing any more."""
        if self._limit is not None:
            self._limit.cancel()
