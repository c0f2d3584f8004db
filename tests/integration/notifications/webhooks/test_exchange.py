"""Webhooks reach receivers that are secured, slow, old-fashioned, confused or rude, or are tried again."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from services.notifications.settings import Settings
from services.notifications.webhooks.model.target import target
from services.notifications.webhooks.model.webhook import AttemptResult
from services.notifications.webhooks.transport.post import Answer, Poster, resolve
from tests.integration.notifications.certificates import self_signed
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Loop = Callable[[], asyncio.AbstractEventLoop]

_LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
_BODY = b'{"type":"FigurePublished"}'
_OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """A server with a scripted answer to a whole request; `gone` is set when its peer has left."""

    def __init__(self, *says: bytes, stays: bool = False) -> None:
        self.says = says
        self.stays = stays
        self.heard: list[bytes] = []
        self.gone = asyncio.Event()
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request and send the answer."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heard.append(head + await reader.readexactly(len(_BODY)))
            for part in self.says:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            if self.stays:
                await reader.read()
        except ConnectionError:
            pass
        self.gone.set()
        await _hang_up(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, even if its peer reads nothing more."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def _receiving(receiver: Receiver, **options: Any) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, **options)
    receiver.port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(PATIENCE):
        yield receiver
        server.close()
        await server.wait_closed()
        if answering := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(answering)


def _poster(
    seconds: float = 30.0,
    lookup: Callable[[str, int], Awaitable[list[str]]] = resolve,
    trust: ssl.SSLContext | None = None,
) -> Poster:
    values = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_seconds": seconds}
    return Poster(Settings(**settings_for("postgresql://x/y", **values)), lookup, trust)


async def _posted(*says: bytes, stays: bool = False, seconds: float = 30.0) -> Answer:
    """Return the result of a post to a receiver with this answer."""
    async with _receiving(Receiver(*says, stays=stays)) as receiver:
        return await _poster(seconds).post(target(f"http://127.0.0.1:{receiver.port}/"), {}, _BODY)


async def test_each_delivery_is_one_whole_request() -> None:
    """The request has Host, our headers and its length, and ends the connection."""
    async with _receiving(Receiver(_OK)) as receiver:
        to = target(f'http://127.0.0.1:{receiver.port}/a/../hook"{{x}}?key=a%20b&c=<d>')
        answer = await _poster().post(to, {"webhook-id": "msg_1", "user-agent": "Tandem"}, _BODY)
    assert answer.result is AttemptResult.DELIVERED
    (heard,) = receiver.heard
    first, *lines = heard.removesuffix(b"\r\n\r\n" + _BODY).split(b"\r\n")
    assert heard.endswith(b"\r\n\r\n" + _BODY)
    assert first == b"POST /hook%22%7Bx%7D?key=a%20b&c=%3Cd%3E HTTP/1.1"
    assert sorted(line.lower() for line in lines) == sorted(
        [
            b"host: 127.0.0.1:" + str(receiver.port).encode(),
            *(b"accept: */*", b"accept-encoding: identity", b"connection: close"),
            *(b"webhook-id: msg_1", b"user-agent: tandem", b"content-length: 26"),
        ]
    )


@_LOOPS
@pytest.mark.parametrize(
    ("says", "status", "said", "retry_after"),
    [
        (_OK, 204, "", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\ntaken", 200, "taken", None),
        (b"HTTP/1.1 202\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nta\r\n3\r\nken\r\n0\r\n\r\n", 202, "taken", None),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\ncut off", 200, "cut off", None),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\ntaken", 200, "taken", None),
        (b"HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 5\r\n\r\ntaken", 200, "taken", None),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nRetry-After: 9\r\n\r\n" + _OK, 204, "", None),
        (b"HTTP/1.1 503 Later\r\nRETRY-after: 60\r\nContent-Length: 4\r\n\r\nbusy", 503, "busy", 60.0),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nta\r\nnonsense\r\n", 200, "ta", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, 200, "x" * 500, None),
    ],
    ids=[
        "none",
        "old",
        "chunked",
        "to-the-end",
        "cut-off",
        "lf",
        "folded",
        "hints",
        "wait",
        "broken",
        "long",
    ],
)
def test_every_kind_of_answer_is_heard(
    loop: Loop, says: bytes, status: int, said: str, retry_after: float | None
) -> None:
    """Status, beginning of the body and Retry-After are read in whatever form they come."""
    with asyncio.Runner(loop_factory=loop) as runner:
        for parts in ((says,), [says[at : at + 1] for at in range(len(says))] if len(says) < 999 else (says,)):
            answer = runner.run(_posted(*parts))
            assert (answer.status, answer.said, answer.retry_after) == (status, said, retry_after)
            assert (answer.result is AttemptResult.DELIVERED) == (200 <= status < 300)


@_LOOPS
@pytest.mark.parametrize(
    ("says", "stays"),
    [
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-", False),
        (b"SSH-2.0-OpenSSH_9.6\r\n", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n" + b"X-More: of it\r\n" * 6000, True),
        (b"HTTP/1.1 103 Hints\r\n\r\n" * 6000, True),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n\x00\x00", True),
    ],
    ids=["hangs-up", "half", "another", "only-hints", "headers-without-end", "hints-without-end", "switch"],
)
def test_a_broken_answer_is_tried_again(loop: Loop, says: bytes, *, stays: bool) -> None:
    """Incomplete, foreign and endless answers mean unreachable, at once."""
    with asyncio.Runner(loop_factory=loop) as runner:
        answer = runner.run(_posted(says, stays=stays))
    assert (answer.result, answer.status) == (AttemptResult.UNREACHABLE, None)
    assert answer.said


@_LOOPS
def test_a_status_counts_though_the_answer_does_not_end_in_time(loop: Loop) -> None:
    """A status in time is a delivery, even if the body never comes."""
    with asyncio.Runner(loop_factory=loop) as runner:
        answer = runner.run(_posted(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwell", stays=True, seconds=1.0))
    assert (answer.result, answer.status, answer.said) == (AttemptResult.DELIVERED, 200, "well")


@_LOOPS
def test_a_receiver_that_falls_silent_is_left(loop: Loop) -> None:
    """Silence before the status is a timeout, after it the status counts; the connection is closed."""

    async def posted(*says: bytes, seconds: float) -> Answer:
        async with _receiving(Receiver(*says, stays=True)) as receiver:
            answer = await _poster(seconds).post(target(f"http://127.0.0.1:{receiver.port}/"), {}, _BODY)
            await receiver.gone.wait()
        return answer

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(posted(seconds=0.3)).result is AttemptResult.TIMEOUT
        half = runner.run(posted(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf", seconds=30.0))
        assert (half.result, half.said) == (AttemptResult.DELIVERED, "half")


@_LOOPS
@pytest.mark.parametrize("host", ["hooks.example", "127.0.0.1"])
def test_a_secured_receiver_is_known_by_its_name(loop: Loop, host: str, tmp_path: Path) -> None:
    """A certificate must be that of the name or address."""
    file = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)

    async def lookup(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async def send() -> tuple[Receiver, list[Answer]]:
        async with _receiving(Receiver(_OK), ssl=context) as receiver:
            poster = _poster(lookup=lookup, trust=ssl.create_default_context(cafile=file))
            to = (f"https://{name}:{receiver.port}/" for name in (host, "other.example"))
            return receiver, [await poster.post(target(path), {}, _BODY) for path in to]

    with asyncio.Runner(loop_factory=loop) as runner:
        receiver, (taken, refused) = runner.run(send())
    assert (taken.result, refused.result) == (AttemptResult.DELIVERED, AttemptResult.UNREACHABLE)
    assert "not valid for" in refused.said
    assert len(receiver.heard) == 1


@_LOOPS
def test_a_receiver_that_never_takes_the_body_is_left(loop: Loop) -> None:
    """The answer of a receiver that reads nothing is heard, and the connection is closed at once."""

    async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_OK)
        await writer.drain()
        await left.wait()
        await _hang_up(writer)

    async def send() -> Answer:
        server = await asyncio.start_server(answers, "127.0.0.1", 0)
        to = target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        async with asyncio.timeout(PATIENCE):
            heard = await _poster(5.0).post(to, {}, b"x" * 30_000_000)
            await asyncio.sleep(0.05)
        left.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        server.close()
        return heard

    with asyncio.Runner(loop_factory=loop) as runner:
        left = asyncio.Event()
        assert runner.run(send()).status == 204


async def test_an_address_is_looked_up_nowhere() -> None:
    """An IP address is not resolved; other spellings of one are checked by what they resolve to."""
    assert await resolve("127.0.0.1", 80) == ["127.0.0.1"]
    assert await resolve("2001:DB8::0:1", 80) == ["2001:db8::1"]
    assert await resolve("127.1", 80) == ["127.0.0.1"]
    assert await resolve("no-such-name.invalid", 80) == []
