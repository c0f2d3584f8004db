"""A mail server that falls silent on request, like a hung server or one behind a firewall that drops packets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.notifications.conftest import Catcher

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Session
    from aiosmtpd.smtp import Envelope as SmtpEnvelope


class Silent(Catcher):
    """A mail server that can fall silent: on its open connections, on the next ones, or after a mail's content."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[Session] = []
        self.forgotten: list[Session] = []
        self.to_next = 0
        self.after_content = False
        self.handed_over = 0

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _s: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Answer to a sender; nothing on a forgotten connection."""
        if session not in self.connections:
            self.connections.append(session)
            if self.to_next > 0:
                self.to_next -= 1
                self.forgotten.append(session)
        if session in self.forgotten:
            await asyncio.Event().wait()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer to one mail."""
        self.handed_over += 1
        if self.after_content:
            await asyncio.Event().wait()
        return await super().handle_DATA(server, session, envelope)

    def forget(self) -> None:
        """Answer no more on the open connections, as behind a firewall that dropped them."""
        self.forgotten = list(self.connections)
