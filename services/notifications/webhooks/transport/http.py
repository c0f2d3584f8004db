"""Send one HTTP request to a checked address, with bounded time and a bounded answer.

The name is resolved once an attempt; the connection is made to the address that was checked, with the name in `Host`
and in the TLS handshake. A connection serves one request: nothing stays open and nothing is remembered.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from services.notifications.webhooks.model.target import Target, checked_addresses

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

    from services.notifications.webhooks.model.target import Address, Network

    Lookup = Callable[[str, int], Awaitable[list[str]]]

READ = 2048
"""So many bytes of a body are kept."""
_ADDRESSES = 4
# How long to wait for the rest of a body; the status counts whatever happens to it.
_BODY_SECONDS = 2.0
# Stop waiting for a body so long before the deadline: what was taken must not be sent again.
_SPARE_SECONDS = 0.1
# The most bytes of an answer with interim responses (RFC 9110 15.2), more than a sound receiver sends.
_LONGEST = 65_536
_PROTOCOL = b"HTTP/"
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError)


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Gives a client an answer's status, its `Retry-After` and the beginning of its body as it came.

    Other headers stay out, so that a client follows no redirect, keeps no cookie and unpacks no body.
    """

    def __init__(
        self, networks: Sequence[Network], lookup: Lookup, *, seconds: float, trust: ssl.SSLContext | None
    ) -> None:
        """`networks` are allowed beside public addresses; `seconds` is for all, from the name to the answer."""
        self._networks = networks
        self._lookup = lookup
        self._seconds = seconds
        self._trust = trust

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Raises `WrongTarget` where it may not go, and `httpx2.TransportError`."""
        until = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(until):
                to = _target(request.url)
                addresses = checked_addresses(to, await self._lookup(to.host, to.port), self._networks)
                return await self._first_that_connects(request, addresses[:_ADDRESSES], until)
        except TimeoutError as error:
            raise httpx2.ReadTimeout("The receiver takes too long.", request=request) from error
        except httpcore2.ConnectError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        except _BROKEN as error:
            raise httpx2.RemoteProtocolError(str(error), request=request) from error

    async def _first_that_connects(
        self, request: httpx2.Request, addresses: Sequence[Address], until: float
    ) -> httpx2.Response:
        """Try the next address only where no connection was made, so that nothing is sent twice."""
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError):
                return await self._sent(request, address, until)
        return await self._sent(request, addresses[-1], until)

    async def _sent(self, request: httpx2.Request, address: Address, until: float) -> httpx2.Response:
        url = request.url
        sent_request = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
        )
        connection = httpcore2.AsyncHTTPConnection(
            sent_request.url.origin, ssl_context=self._trust, network_backend=_OneAddress(address)
        )
        try:
            answer = await connection.handle_async_request(sent_request)
            body = await _beginning(answer, until)
        finally:
            await connection.aclose()
        kept = [(name, value) for name, value in answer.headers if name.lower() == b"retry-after"]
        return httpx2.Response(answer.status, headers=kept, content=body)


def _target(url: httpx2.URL) -> Target:
    port = url.port or (443 if url.scheme == "https" else 80)
    return Target(url.scheme, url.raw_host.decode("ascii"), port, url.raw_path.decode("ascii"))


async def _beginning(answer: httpcore2.Response, until: float) -> bytes:
    """Return the beginning of an answer's body, as far as it comes in time."""
    body = bytearray()
    last = min(asyncio.get_running_loop().time() + _BODY_SECONDS, until - _SPARE_SECONDS)
    with suppress(TimeoutError, *_BROKEN):
        async with asyncio.timeout_at(last), aclosing(answer.aiter_stream()) as parts:
            async for part in parts:
                body += part
                if len(body) >= READ:
                    break
    return bytes(body[:READ])


class _OneAddress(httpcore2.AsyncNetworkBackend):
    """A network with one address, whatever name is requested."""

    def __init__(self, address: Address) -> None:
        self._address = address

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - this is what must not be looked up again
        port: int,
        *_: Any,
        **_options: Any,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the address; time is bounded by the transport."""
        try:
            reader, writer = await asyncio.open_connection(str(self._address), port)
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or str(error)) from error
        return _Bounded(reader, writer)


class _Bounded(httpcore2.AsyncNetworkStream):
    """A connection that reads no more than an answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._left = _LONGEST
        self._begun = b""

    async def read(self, max_bytes: int, *_: Any, **_options: Any) -> bytes:
        """Return some bytes; none at the end. A receiver that speaks something else than HTTP is cut off."""
        if not self._left:
            raise httpcore2.RemoteProtocolError("The answer has no end.")
        try:
            data = await self._reader.read(min(max_bytes, self._left))
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error
        self._left -= len(data)
        self._begun = (self._begun + data)[: len(_PROTOCOL)]
        if not _PROTOCOL.startswith(self._begun):
            raise httpcore2.RemoteProtocolError("The receiver does not speak HTTP.")
        return data

    async def write(self, buffer: bytes, *_: Any, **_options: Any) -> None:
        """Write without waiting: a receiver may answer before it has read everything, and a body is small."""
        self._writer.write(buffer)

    async def aclose(self) -> None:
        """Hang up, and do not wait for a receiver that never reads the rest."""
        self._writer.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **_options: Any
    ) -> httpcore2.AsyncNetworkStream:
        """Secure the connection for that name."""
        try:
            await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except (OSError, ValueError) as error:
            await self.aclose()
            raise httpcore2.ConnectError(getattr(error, "strerror", None) or str(error)) from error
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._writer.get_extra_info(info)
