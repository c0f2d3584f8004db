"""How does a mail get to the mail server? A few connections, kept open, and what a refusal means."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiosmtplib

if TYPE_CHECKING:
    from services.notifications.sending.letter import Letter
    from services.notifications.settings import Settings

# For connecting, and for sender and recipient of a mail together: what a stale connection never answers. A limit for
# each answer would be a timer, a future and a turn of the loop for each, more than the rest of the conversation costs.
_SECONDS = 20.0
# So many times that for the mail itself, which a server may look into before it answers. Whether it was taken is not
# known after that: another try at once would be another mail each time.
_CONTENT_TIMES = 3
# What a connection that has grown stale raises: worth another try at once, on a new one.
_BROKEN = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, aiosmtplib.SMTPReadTimeoutError)
_PAUSES = (0.1, 0.2)


class Refused(RuntimeError):
    """The server will never take this mail (5xx, RFC 5321 4.2.1), or no server could.

    `code` is what it answered; `address` says that it was the address that it refused.
    """

    def __init__(self, why: str, code: int = 0, *, address: bool = False) -> None:
        super().__init__(why)
        self.code = code
        self.address = address


class ServerAway(RuntimeError):
    """The server is away, busy or wants something of us (4xx, sign-in, sender): the mail is tried again later."""


class Post:
    """The mail server, over as many connections as are asked for at the same time."""

    def __init__(self, settings: Settings, *, seconds: float = _SECONDS) -> None:
        """`seconds` is after how long a connection that says nothing is taken for a stale one."""
        self._settings = settings
        self._seconds = seconds
        self._idle: list[aiosmtplib.SMTP] = []

    async def send(self, mail: Letter) -> None:
        """Hand over one mail; returns after the server's 250. Raises `Refused`, `ServerAway`."""
        try:
            await self._until_unbroken(mail)
        except aiosmtplib.SMTPRecipientRefused as error:
            if error.code >= 500:
                raise Refused(f"the server refused the address ({error.code})", error.code, address=True) from error
            raise ServerAway("the server does not take the address now") from error
        except aiosmtplib.SMTPDataError as error:
            if error.code >= 500:
                raise Refused(f"the server refused the mail ({error.code})", error.code) from error
            raise ServerAway(f"the server does not take the mail now ({error.code})") from error
        except aiosmtplib.SMTPNotSupported as error:
            raise Refused("the server does not know such addresses") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise ServerAway(type(error).__name__) from error

    async def _until_unbroken(self, mail: Letter) -> None:
        for pause in _PAUSES:
            try:
                await self._once(mail)
            except _BROKEN:
                self._drop()
                await asyncio.sleep(pause)
            else:
                return
        await self._once(mail)

    async def _once(self, mail: Letter) -> None:
        client = self._idle.pop() if self._idle else self._new()
        try:
            if not client.is_connected:
                await client.connect()
                await _greet(client)
            await self._hand_over(client, mail)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError, aiosmtplib.SMTPNotSupported):
            # An answer about this mail alone: the connection is good for the next one after a fresh start (RSET).
            await _afresh(client)
            if client.is_connected:
                self._idle.append(client)
            raise
        except BaseException:
            client.close()
            raise
        self._idle.append(client)

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: Letter) -> None:
        """One mail over an open connection.

        The library's `sendmail` takes the two addresses apart four times, as long as writing the whole mail; ours are
        checked where the letter is written, and the library still refuses a line break in a command.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await _envelope(client, mail)
        except TimeoutError as error:
            raise aiosmtplib.SMTPReadTimeoutError("The server says nothing.") from error
        async with asyncio.timeout(_CONTENT_TIMES * self._seconds):
            await client.data(mail.raw, timeout=None)

    def _new(self) -> aiosmtplib.SMTP:
        settings = self._settings
        password = settings.smtp_password
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=None if password is None else password.get_secret_value(),
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=self._seconds,
        )

    def _drop(self) -> None:
        """Leave the connections that nobody uses: what broke one has mostly broken those that idled beside it."""
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """Say goodbye on all connections, side by side: a server that is silent must not hold up the end on each."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_goodbye(client) for client in idle))


async def _goodbye(client: aiosmtplib.SMTP) -> None:
    try:
        async with asyncio.timeout(2):
            await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        client.close()


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Say who we are where signing in or TLS has not done so already; a server that knows no EHLO is told HELO."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


async def _afresh(client: aiosmtplib.SMTP) -> None:
    """Forget a mail that was refused half way; a server that is gone by then is found to be so at the next mail."""
    with suppress(ConnectionError, aiosmtplib.SMTPException):
        await client.rset()


async def _envelope(client: aiosmtplib.SMTP, mail: Letter) -> None:
    """From whom and to whom: MAIL and RCPT, the second after the answer to the first (RFC 5321 3.3)."""
    encoding, options = "ascii", []
    if client.supports_extension("size"):
        options.append(b"SIZE=%d" % len(mail.raw))  # RFC 1870; the letter's lines end as they are sent
    if mail.utf8:
        if not client.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("The server does not take addresses beyond ASCII.")
        encoding = "utf-8"
        options.append(b"SMTPUTF8")
    answer = await client.execute_command(b"MAIL", f"FROM:<{mail.sender}>".encode(), *options, timeout=None)
    if answer.code != 250:
        raise aiosmtplib.SMTPSenderRefused(answer.code, answer.message, mail.sender)
    answer = await client.execute_command(b"RCPT", f"TO:<{mail.address}>".encode(encoding), timeout=None)
    if answer.code not in {250, 251}:
        raise aiosmtplib.SMTPRecipientRefused(answer.code, answer.message, mail.address)
