"""How does a mail get to the mail server? A few connections, kept open, and what a refusal means."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosmtplib

from services.notifications.mail.sending.conversation import Conversation

if TYPE_CHECKING:
    from services.notifications.mail.sending.letter import Letter
    from services.notifications.settings import Settings

# For connecting, and for sender and recipient of a mail together: what a stale connection never answers. A limit for
# each answer would be a timer, a future and a turn of the loop for each, more than the rest of the conversation costs.
_SECONDS = 20.0
_GOODBYE = 2.0
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
        self._idle: list[Conversation] = []

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
        line = self._kept() or await Conversation.begin(self._settings, self._seconds)
        try:
            await line.hand_over(mail)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError, aiosmtplib.SMTPNotSupported):
            # An answer about this mail alone: the connection is good for the next one after a fresh start (RSET).
            await line.afresh()
            if line.is_open:
                self._idle.append(line)
            raise
        except BaseException:
            line.close()
            raise
        self._idle.append(line)

    def _kept(self) -> Conversation | None:
        """A connection that is open and that nobody uses."""
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
        return None

    def _drop(self) -> None:
        """Leave the connections that nobody uses: what broke one has mostly broken those that idled beside it."""
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """Say goodbye on all connections, side by side: a server that is silent must not hold up the end on each."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(line.end(_GOODBYE) for line in idle))
