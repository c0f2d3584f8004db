"""What is said to the mail server over one connection, and what does it answer?

`aiosmtplib` connects, starts TLS, says who we are and signs in. It then says one command at a time and waits for the
answer to each, four times a mail; most of what a mail costs are these turns. So the mails themselves are spoken here:
where the server offers it (PIPELINING, RFC 2920) sender, recipient and the wish to hand over go together, and the three
answers are waited for once.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from services.notifications.mail.sending.letter import Letter
    from services.notifications.settings import Settings

# So many times a connection's patience for the mail itself, which a server may look into before it answers. Whether it
# was taken is not known after that: another try at once would be another mail each time.
_CONTENT_TIMES = 3
_CRLF = b"\r\n"
_END = re.compile(rb"\r\n|\r|\n")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_DATA = b"DATA"
_TAKEN, _PASSED_ON, _GO_ON, _CLOSING = 250, 251, 354, 421
# An answer's longest line (RFC 5321 4.5.3.1.5 says 512); what goes on without an end is no answer.
_LONGEST = 8192


class Conversation(asyncio.Protocol):
    """One open connection, used for one mail at a time. Of an answer its code is kept: the text may hold an address."""

    def __init__(self, transport: asyncio.Transport, extensions: Collection[str], seconds: float) -> None:
        """`extensions` are what the server offers, in small letters; `seconds` how long it may take for an answer."""
        self._transport = transport
        self._extensions = frozenset(extensions)
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._part = b""
        self._codes: list[int] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    async def begin(cls, settings: Settings, seconds: float) -> Conversation:
        """Connect, greet and sign in. Raises what `aiosmtplib` raises."""
        password = settings.smtp_password
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=None if password is None else password.get_secret_value(),
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=seconds,
        )
        try:
            await client.connect()
            await _greet(client)
        except BaseException:
            client.close()
            raise
        transport = cast("asyncio.Transport | None", client.transport)
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("The server hung up.")
        made = cls(transport, client.esmtp_extensions, seconds)
        transport.set_protocol(made)
        return made

    @property
    def is_open(self) -> bool:
        """Whether another mail can be handed over."""
        return not self._transport.is_closing()

    async def hand_over(self, mail: Letter) -> None:
        """One mail; returns after the server's 250, and raises what `aiosmtplib` would.

        A server that is silent before it has the content raises `SMTPReadTimeoutError`, afterwards `TimeoutError`.
        """
        try:
            codes = await self._asked([*self._envelope(mail), _DATA])
        except TimeoutError as error:
            raise aiosmtplib.SMTPReadTimeoutError("The server says nothing.") from error
        if codes[0] != _TAKEN or codes[1] not in {_TAKEN, _PASSED_ON}:
            if codes[-1] == _GO_ON:
                self.close()  # it would take a mail for nobody
            if codes[0] != _TAKEN:
                raise aiosmtplib.SMTPSenderRefused(codes[0], "", mail.sender)
            raise aiosmtplib.SMTPRecipientRefused(codes[1], "", mail.address)
        if codes[2] != _GO_ON:
            raise aiosmtplib.SMTPDataError(codes[2], "")
        (code,) = await self._answers(_content(mail.raw), 1, _CONTENT_TIMES * self._seconds)
        if code != _TAKEN:
            raise aiosmtplib.SMTPDataError(code, "")

    def _envelope(self, mail: Letter) -> tuple[bytes, bytes]:
        """From whom and to whom: MAIL and RCPT (RFC 5321 3.3)."""
        options = ""
        if "size" in self._extensions:
            options = f" SIZE={len(mail.raw)}"  # RFC 1870; the letter's lines end as they are sent
        if mail.utf8:
            if "smtputf8" not in self._extensions:
                raise aiosmtplib.SMTPNotSupported("The server does not take addresses beyond ASCII.")
            options += " SMTPUTF8"
        return f"MAIL FROM:<{mail.sender}>{options}".encode(), f"RCPT TO:<{mail.address}>".encode()

    async def afresh(self) -> None:
        """Forget a mail that was refused half way; a server that is gone by then is found to be so at the next mail."""
        with suppress(ConnectionError, aiosmtplib.SMTPException, TimeoutError):
            if await self._asked([b"RSET"]) == [_TAKEN]:
                return
        self.close()

    async def end(self, seconds: float) -> None:
        """Say goodbye, and hang up whatever the answer is."""
        with suppress(ConnectionError, aiosmtplib.SMTPException, TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked([b"QUIT"])
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    async def _asked(self, commands: Sequence[bytes]) -> list[int]:
        """The codes of the answers to commands, all at once where the server takes them so; else up to a refusal."""
        if any(map(_CONTROL.search, commands)):
            raise ValueError("A line break or another control character in a command.")
        if "pipelining" in self._extensions:
            return await self._answers(_CRLF.join([*commands, b""]), len(commands), self._seconds)
        codes: list[int] = []
        for command in commands:
            codes += await self._answers(command + _CRLF, 1, self._seconds)
            if codes[-1] >= 400:
                break
        return codes

    async def _answers(self, said: bytes, wanted: int, seconds: float) -> list[int]:
        """Say something, and wait for so many answers, no longer than that. Raises TimeoutError."""
        if self._transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("The connection is closed.")
        self._codes, self._wanted = [], wanted
        self._waiter = self._loop.create_future()
        self._transport.write(said)
        limit = self._loop.call_later(seconds, self._silent)  # `asyncio.timeout` takes as long as writing the mail out
        try:
            await self._waiter
        finally:
            limit.cancel()
            self._waiter = None
        if _CLOSING in self._codes:
            self.close()
        return self._codes

    def data_received(self, data: bytes) -> None:
        """Take answers in; a server that speaks unasked is not listened to any more: who knows what it answers."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            self.close()
            return
        *lines, self._part = (self._part + data).split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                continue  # another line of the same answer follows
            if len(self._codes) == self._wanted:
                self.close()  # what was asked is answered all the same
                break
            if not line[:3].isdigit():
                self._confused(waiter)
                return
            self._codes.append(int(line[:3]))
        if len(self._codes) == self._wanted:
            waiter.set_result(None)
        elif len(self._part) > _LONGEST:
            self._confused(waiter)

    def _confused(self, waiter: asyncio.Future[None]) -> None:
        waiter.set_exception(aiosmtplib.SMTPServerDisconnected("The server says something else."))
        self.close()

    def _silent(self) -> None:
        """Let whoever waits for an answer know that it takes too long."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError("The server says nothing."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits for an answer know that none comes."""
        if self._waiter is not None and not self._waiter.done():
            lost = aiosmtplib.SMTPServerDisconnected("The server hung up.")
            lost.__cause__ = exc
            self._waiter.set_exception(lost)


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Say who we are where signing in or TLS has not done so already; a server that knows no EHLO is told HELO."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


def _content(raw: bytes) -> bytes:
    """A mail as it is sent: lines end with CRLF, a dot at their start is doubled (RFC 5321 4.5.2), a dot ends all."""
    ends = raw.count(_CRLF)
    if raw.count(b"\r") != ends or raw.count(b"\n") != ends:
        raw = _END.sub(_CRLF, raw)
    if not raw.endswith(_CRLF):
        raw += _CRLF
    if raw.startswith(b"."):
        raw = b"." + raw
    return raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
