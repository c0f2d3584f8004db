"""Hand mails over to the mail server, over a few connections that stay open."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.notifications.mail.sending.letter import Letter
    from services.notifications.settings import Settings

# For connecting, and for sender and recipient together; a stale connection is silent for longer.
_SECONDS = 20.0
# So many times that for the content, which a server may check before it answers. After that nobody knows whether it was
# taken, so a retry at once could send the mail twice.
_CONTENT_TIMES = 3
_GOODBYE = 2.0
# What a stale connection raises: the mail is retried at once on a new one.
_BROKEN = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, aiosmtplib.SMTPReadTimeoutError)
_PAUSES = (0.1, 0.2)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLOSING = 421


class Refused(RuntimeError):
    """The server will never take this mail (5xx, RFC 5321 4.2.1), or no server could.

    `code` is its answer; `address` is whether it refused the address.
    """

    def __init__(self, reason: str, code: int = 0, *, address: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.address = address


class ServerAway(RuntimeError):
    """The server is away, busy or misconfigured (4xx, sign-in, sender): the mail is tried again later."""


class Unanswered(ServerAway):
    """The content was on its way, and the server did not say whether it took it: it may have been sent."""


class Post:
    """The mail server, over as many connections as are needed at the same time."""

    def __init__(self, settings: Settings, *, seconds: float = _SECONDS) -> None:
        """`seconds` is after how long a silent connection counts as stale."""
        self._settings = settings
        self._seconds = seconds
        self._idle: list[aiosmtplib.SMTP] = []

    async def send(self, mail: Letter, ensure: Callable[[], Awaitable[None]] | None = None) -> None:
        """Hand over one mail; return after the server's 250. Raises `Refused`, `ServerAway`, `Unanswered`, ValueError.

        `ensure` is awaited right before the content leaves: what it raises ends the conversation, and nothing is sent.
        """
        if _CONTROL.search(mail.sender + mail.address):
            raise ValueError("A line break or another control character in an address.")
        try:
            await self._until_unbroken(mail, ensure)
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

    async def _until_unbroken(self, mail: Letter, ensure: Callable[[], Awaitable[None]] | None) -> None:
        for pause in _PAUSES:
            try:
                await self._once(mail, ensure)
            except _BROKEN:
                self._close_idle()
                await asyncio.sleep(pause)
            else:
                return
        await self._once(mail, ensure)

    async def _once(self, mail: Letter, ensure: Callable[[], Awaitable[None]] | None) -> None:
        connection = self._idle_connection() or await self._connect()
        try:
            await self._address(connection, mail)
            if ensure is not None:
                await ensure()
            await self._hand_over(connection, mail)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError, aiosmtplib.SMTPNotSupported):
            # The answer is about this mail alone: after a reset the connection can be used for the next one.
            try:
                await connection.rset()
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
            else:
                self._idle.append(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    async def _connect(self) -> aiosmtplib.SMTP:
        """Connect, secure, sign in and greet. Raises what `aiosmtplib` raises."""
        password = self._settings.smtp_password
        connection = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host,
            port=self._settings.smtp_port,
            username=self._settings.smtp_user,
            password=None if password is None else password.get_secret_value(),
            use_tls=self._settings.smtp_tls == "tls",
            start_tls=self._settings.smtp_tls == "starttls",
            timeout=self._seconds,
        )
        try:
            await connection.connect()
            if connection.is_ehlo_or_helo_needed:
                try:
                    await connection.ehlo()
                except aiosmtplib.SMTPHeloError:
                    await connection.helo()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _address(self, connection: aiosmtplib.SMTP, mail: Letter) -> None:
        """Send sender and recipient of a mail. A server that closes the connection has taken nothing."""
        encoding, options = "ascii", []
        if connection.supports_extension("size"):
            options.append(f"SIZE={len(mail.raw)}")  # RFC 1870; the letter has CRLF already
        if mail.utf8:
            if not connection.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("The server does not take addresses beyond ASCII.")
            encoding = "utf-8"
            options.append("SMTPUTF8")
        try:
            async with asyncio.timeout(self._seconds):
                await connection.mail(mail.sender, options=options, encoding=encoding, timeout=None)
                await connection.rcpt(mail.address, encoding=encoding, timeout=None)
        except TimeoutError as error:
            raise aiosmtplib.SMTPReadTimeoutError("The server says nothing.") from error
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused) as error:
            if error.code == _CLOSING:
                raise aiosmtplib.SMTPServerDisconnected("The server said goodbye.") from error
            raise

    async def _hand_over(self, connection: aiosmtplib.SMTP, mail: Letter) -> None:
        """Send the content; one without an answer may have been taken, so it is not sent again at once."""
        try:
            async with asyncio.timeout(_CONTENT_TIMES * self._seconds):
                await connection.data(mail.raw, timeout=None)
        except aiosmtplib.SMTPDataError:
            raise
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unanswered("the server did not say whether it took the mail") from error

    def _idle_connection(self) -> aiosmtplib.SMTP | None:
        """Return an open connection that nobody uses."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected:
                return connection
        return None

    def _close_idle(self) -> None:
        """Close the idle connections: what broke one has mostly broken the others."""
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """Say goodbye on all connections in parallel, since a silent server would delay each."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_end(connection) for connection in idle))


async def _end(connection: aiosmtplib.SMTP) -> None:
    """Say goodbye and hang up, whatever the answer is."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await connection.quit(timeout=_GOODBYE)
    connection.close()
