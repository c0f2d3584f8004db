"""How is one webhook sent: to an address that was judged, in bounded time, with a bounded answer?

The name is resolved once; what was judged is what is connected to, with the name in `Host` and in the TLS handshake.
No proxy, no redirect, no cookie, no connection that is used twice.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING

import httpx2

from services.notifications.webhooks.model.target import Target, Wrong, WrongTarget, judged
from services.notifications.webhooks.model.webhook import Result, asked_for, excerpt, result_of
from services.notifications.webhooks.transport.exchange import Broken, NotConnected, exchange, request
from shared import http_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from services.notifications.settings import Settings
    from services.notifications.webhooks.model.target import Address, Network

    Lookup = Callable[[str, int], Awaitable[list[str]]]

_ADDRESSES = 4
# A name server that does not answer holds a thread for as long as the system asks it; threads are made as needed only.
_THREADS = ThreadPoolExecutor(256, thread_name_prefix="resolve")


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's order; none where it is not known. An address is its own."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_THREADS, _look_up, host, port)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(found))


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def allowed(
    to: Target, networks: Sequence[Network], *, seconds: float, lookup: Lookup = resolve
) -> list[Address]:
    """Where a target leads now, if something may be sent there. Raises `WrongTarget`; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        return judged(to, await lookup(to.host, to.port), networks)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt; `asked` is for how many seconds the receiver wants to be left alone."""

    result: Result
    milliseconds: int = 0
    status: int | None = None
    said: str = ""
    asked: float | None = None


class Poster:
    """Sends webhooks, each over a connection of its own: a bound here would let a dead receiver delay the others."""

    def __init__(self, settings: Settings, lookup: Lookup = resolve) -> None:
        """`lookup` finds the addresses of a name."""
        self._seconds = settings.webhook_seconds
        self._networks = settings.allowed_networks
        self._lookup = lookup
        self._trust = http_client.trust()

    async def post(self, to: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` once and say what came of it; never raises for what a receiver or the network does."""
        started = monotonic()
        answer = await self._tried(to, headers, body)
        return replace(answer, milliseconds=round((monotonic() - started) * 1000))

    async def _tried(self, to: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            until = asyncio.get_running_loop().time() + self._seconds
            async with asyncio.timeout_at(until):
                addresses = judged(to, await self._lookup(to.host, to.port), self._networks)
                return await self._first_that_answers(to, addresses[:_ADDRESSES], request(to, headers, body), until)
        except WrongTarget as wrong:
            return Answer(Result.UNKNOWN_NAME if wrong.why is Wrong.UNKNOWN_NAME else Result.FORBIDDEN)
        except TimeoutError:
            return Answer(Result.TIMEOUT)
        except (NotConnected, Broken, httpx2.InvalidURL, OSError) as error:
            return Answer(Result.UNREACHABLE, said=excerpt(str(error).encode()))

    async def _first_that_answers(self, to: Target, addresses: Sequence[Address], said: bytes, until: float) -> Answer:
        """Try the next address only where no connection came about, so that nothing is sent twice."""
        for address in addresses[:-1]:
            try:
                return await self._sent(to, address, said, until)
            except NotConnected:
                continue
        return await self._sent(to, addresses[-1], said, until)

    async def _sent(self, to: Target, address: Address, said: bytes, until: float) -> Answer:
        heard = await exchange(to, address, said, self._trust, until)
        asked = None if heard.retry_after is None else asked_for(heard.retry_after, datetime.now(UTC))
        return Answer(result_of(heard.status), status=heard.status, said=excerpt(heard.body), asked=asked)
