"""Mails reach servers that are secured, slow, confused or rude, or wait for a later attempt."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from services.notifications.mail.sending.letter import Letter
from services.notifications.mail.sending.smtp import Post, Refused, ServerAway
from services.notifications.settings import Settings
from tests.integration.notifications.certificates import self_signed
from tests.integration.notifications.silent_server import Silent
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_LETTER = Letter("bounces@tandem.example", "somebody@police.example", b"Subject: Hello\r\n\r\nGood day.\r\n")
_LONG = replace(_LETTER, raw=_LETTER.raw + b"Good day.\r\n" * 30_000)


@asynccontextmanager
async def _post(port: int, **changes: Any) -> AsyncIterator[Post]:
    """Return the connections to a server on that port, with a patience of two seconds."""
    values = settings_for("postgresql://x/y", smtp_host="127.0.0.1", smtp_port=port, **changes)
    made = Post(Settings(**values), seconds=2.0)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for this machine, trusted while the test runs."""
    file = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_mails_go_over_a_secured_connection(
    certificate: ssl.SSLContext, loop: Callable[[], asyncio.AbstractEventLoop], tls: str
) -> None:
    """A long and a short mail use one connection with TLS from its start or with STARTTLS and sign-in."""

    def authenticate(_server: SMTP, _session: object, _envelope: object, _mechanism: str, said: object) -> AuthResult:
        return AuthResult(success=said == LoginPassword(b"tandem", b"secret"))

    async def send() -> Silent:
        catcher, here = Silent(), asyncio.get_running_loop()
        later: dict[str, Any] = {}
        mine: dict[str, str] = {}
        if tls == "starttls":
            later = {"authenticator": authenticate, "auth_required": True, "tls_context": certificate}
            mine = {"smtp_user": "tandem", "smtp_password": "secret"}
        server = await here.create_server(
            lambda: SMTP(catcher, loop=here, **later), "127.0.0.1", 0, ssl=certificate if tls == "tls" else None
        )
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(PATIENCE), _post(port, smtp_tls=tls, **mine) as mails:
            await mails.send(_LONG)
            await mails.send(_LETTER)
        server.close()
        return catcher

    with asyncio.Runner(loop_factory=loop) as runner:
        catcher = runner.run(send())
    assert catcher.raw == [_LONG.raw, _LETTER.raw]
    assert len(catcher.connections) == 1


class ScriptedServer:
    """A server with scripted answers: the next text for each thing that arrives, in pieces of a size.

    After 421 it hangs up, as RFC 5321 3.8 requires.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.says: list[str] = []
        self.heard: list[bytes] = []
        self.piece = 1000
        self.writers: list[asyncio.StreamWriter] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the script ends."""
        self.connections += 1
        self.writers.append(writer)
        await self.send_pieces(writer, "220 here\r\n")
        await reader.readline()
        await self.send_pieces(writer, "250-mail\r\n250 SIZE 1000\r\n")
        while self.says and (heard := await reader.read(65536)):
            self.heard.append(heard)
            said = self.says.pop(0)
            await self.send_pieces(writer, said)
            if "421" in said:
                break
        writer.close()

    async def send_pieces(self, writer: asyncio.StreamWriter, text: str) -> None:
        """Send a text in pieces, each in a packet of its own."""
        for place in range(0, len(text), self.piece):
            writer.write(text[place : place + self.piece].encode())
            await writer.drain()
            await asyncio.sleep(0.002)

    @property
    def contents(self) -> int:
        """The number of mails that were handed over."""
        return sum(heard.startswith(b"Subject: ") for heard in self.heard)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """Such a server on a free port."""
    made = ScriptedServer()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
    for writer in made.writers:
        writer.close()


_YES = ["250 Yes\r\n", "250-Yes\r\n250 him\r\n", "354 Go on\r\n"]
_TAKEN = "250 Caught\r\n"


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_answers_are_understood_in_whatever_pieces_they_come(server: ScriptedServer, piece: int) -> None:
    """Two mails are taken over one connection, however the answers are split."""
    server.piece = piece
    server.says = [*_YES, _TAKEN, *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        await mails.send(_LETTER)
        await mails.send(_LETTER)
    mail = [
        b"MAIL FROM:<bounces@tandem.example> SIZE=%d\r\n" % len(_LETTER.raw),
        b"RCPT TO:<somebody@police.example>\r\n",
        b"DATA\r\n",
        _LETTER.raw + b".\r\n",
    ]
    assert server.heard[:8] == mail + mail
    assert server.connections == 1


async def test_a_server_that_would_take_a_mail_for_nobody_gets_none(server: ScriptedServer) -> None:
    """A server that refuses the address and asks for the content gets nothing."""
    server.says = ["250 Yes\r\n", "550 No\r\n354 Go on\r\n", "354 Go on\r\n", *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        with pytest.raises(Refused) as refused:
            await mails.send(_LETTER)
        assert refused.value.address
        assert server.contents == 0
        await mails.send(_LETTER)
    assert (server.contents, server.connections) == (1, 2)


async def test_a_server_that_says_goodbye_between_two_mails_is_called_again(server: ScriptedServer) -> None:
    """After an unasked 421 the next mail uses a new connection and is not refused."""
    server.says = [*_YES, _TAKEN, *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        await mails.send(_LETTER)
        await server.send_pieces(server.writers[0], "421 Too long idle\r\n")
        server.writers[0].close()
        await mails.send(_LETTER)
    assert (server.contents, server.connections) == (2, 2)


@pytest.mark.parametrize("before", [0, 1], ids=["sender", "address"])
async def test_a_server_that_answers_with_goodbye_is_called_again(server: ScriptedServer, before: int) -> None:
    """After 421 to sender or recipient the mail uses a new connection at once."""
    server.says = [*_YES[:before], "421 Closing\r\n", *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        await mails.send(_LETTER)
    assert (server.contents, server.connections) == (1, 2)


async def test_a_mail_that_was_taken_with_a_goodbye_is_not_sent_again(server: ScriptedServer) -> None:
    """After 250 and 421 together the mail counts as taken."""
    server.says = [*_YES, _TAKEN + "421 Enough for today\r\n", *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        await mails.send(_LETTER)
        await mails.send(_LETTER)
    assert (server.contents, server.connections) == (2, 2)


async def test_a_mail_is_not_sent_again_at_once_when_the_server_hangs_up_over_it(server: ScriptedServer) -> None:
    """A mail whose connection is lost after the content waits for a later attempt."""
    server.says = [*_YES, ""]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        with pytest.raises(ServerAway):
            await mails.send(_LETTER)
    assert (server.contents, server.connections) == (1, 1)


async def test_a_server_that_gives_one_answer_too_many_gets_no_mail_twice(server: ScriptedServer) -> None:
    """After a surplus answer the next mail waits for a later attempt, on another connection."""
    server.says = [*_YES, _TAKEN + "250 More\r\n", *_YES, "250 Started anew\r\n", *_YES, _TAKEN]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        await mails.send(_LETTER)
        with pytest.raises(ServerAway):
            await mails.send(_LETTER)
        assert server.contents == 1
        await mails.send(_LETTER)
    assert (server.contents, server.connections) == (2, 2)


@pytest.mark.parametrize(
    "nonsense", ["hello\r\n", "250 a\r\n250 b\r\n354 c\r\n250 d\r\n", "2" * 9000, "421 Closing\r\n", ""]
)
async def test_an_invalid_answer_leaves_the_mail_for_later(server: ScriptedServer, nonsense: str) -> None:
    """After an invalid answer or a hang-up the server is away, and nothing is handed over."""
    server.says = [nonsense]
    async with asyncio.timeout(PATIENCE), _post(server.port) as mails:
        with pytest.raises(ServerAway):
            await mails.send(_LETTER)
    assert all(heard.startswith(b"MAIL") for heard in server.heard)
