"""Send a webhook and return its result."""

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

from services.notifications.webhooks.model.target import Target, TargetProblem, WrongTarget, checked_addresses
from services.notifications.webhooks.model.webhook import AttemptResult, excerpt, result_of, retry_after_seconds
from services.notifications.webhooks.transport.http import CheckedTransport
from shared import http_client

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from services.notifications.settings import Settings
    from services.notifications.webhooks.model.target import Address, Network
    from services.notifications.webhooks.transport.http import Lookup

_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "connection": "close", "user-agent": "Tandem"}
# A silent name server blocks a thread until the system gives up; threads are made only as needed.
_THREADS = ThreadPoolExecutor(256, thread_name_prefix="resolve")


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, in the system's order; none where it is not known. An address is its own."""
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
    """Return where a target leads now, if it is allowed. Raises `WrongTarget`; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        return checked_addresses(to, await lookup(to.host, to.port), networks)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of an attempt; `retry_after` is for how many seconds the receiver wants to be left alone."""

    result: AttemptResult
    milliseconds: int = 0
    status: int | None = None
    said: str = ""
    retry_after: float | None = None


class Poster:
    """Sends webhooks, each over a connection of its own: a limit here would let a dead receiver delay the others."""

    def __init__(self, settings: Settings, lookup: Lookup = resolve, trust: ssl.SSLContext | None = None) -> None:
        """`lookup` finds the addresses of a name; `trust` replaces the machine's trusted certificates."""
        transport = CheckedTransport(
            settings.allowed_networks, lookup, seconds=settings.webhook_seconds, trust=trust or http_client.trust()
        )
        # Never closed, since each request has a connection of its own that ends with it.
        self._client = httpx2.AsyncClient(transport=transport, headers=_HEADERS, trust_env=False)

    async def post(self, to: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` once and return the result; never raises for what a receiver or the network does."""
        started = monotonic()
        answer = await self._tried(to, headers, body)
        return replace(answer, milliseconds=round((monotonic() - started) * 1000))

    async def _tried(self, to: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            heard = await self._client.post(to.url, headers=dict(headers), content=body)
        except WrongTarget as wrong:
            return Answer(
                AttemptResult.UNKNOWN_NAME if wrong.why is TargetProblem.UNKNOWN_NAME else AttemptResult.FORBIDDEN
            )
        except httpx2.TimeoutException:
            return Answer(AttemptResult.TIMEOUT)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            return Answer(AttemptResult.UNREACHABLE, said=excerpt(str(error).encode()))
        retry_after = heard.headers.get("retry-after")
        wait = None if retry_after is None else retry_after_seconds(retry_after, datetime.now(UTC))
        return Answer(
            result_of(heard.status_code), status=heard.status_code, said=excerpt(heard.content), retry_after=wait
        )
