"""Receive delivery reports by SMTP on a port of this service, at the return paths of its mails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiosmtpd.smtp import SMTP

from services.notifications.mail.bounces.reports import ACTOR, WORK, TooEarly, take_report
from services.notifications.mail.model import LARGEST, notification_in
from services.notifications.settings import Settings
from shared.bus import set_aside
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.set_aside import of_subject, reason_of

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

    from shared.bus import Bus
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)
_SECONDS = 60.0


async def receive_reports(service: Service) -> None:
    """Listen until cancelled; runs only where a port is set."""
    settings = service.settings
    assert isinstance(settings, Settings)
    loop = asyncio.get_running_loop()
    desk = Inbound(service.bus, settings)
    server = await loop.create_server(lambda: desk.line(loop), settings.host, settings.bounce_port)
    log.info("reports about mails are received", port=settings.bounce_port)
    async with server:
        await server.serve_forever()


class Inbound:
    """Answers mail servers that bring reports; takes nothing for other addresses."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus, self._settings = bus, settings
        box, _, domain = (settings.bounce_address or "").lower().rpartition("@")
        self._begin, self._end = f"{box}+", f"@{domain}"

    def line(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        """Return the protocol of one connection."""
        name = self._settings.mail_domain
        return SMTP(self, data_size_limit=LARGEST, hostname=name, ident="Tandem", timeout=_SECONDS, loop=loop)

    async def handle_RCPT(self, _s: SMTP, _c: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept one recipient, since a report is about one mail."""
        if not (address.lower().startswith(self._begin) and address.lower().endswith(self._end)):
            return "550 5.1.1 Only reports about our mails are taken here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: SMTP, _c: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept a report once it is saved, else ask for it again; a refused report is saved too."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        address = envelope.rcpt_tos[0]
        try:
            await take_report(self._bus, self._settings.bounce_keys, raw, address, "smtp")
        except TooEarly:
            return "451 4.3.0 Not yet; bring it again"
        except Exception as error:
            if of_subject(error):
                await self._name(address, reason_of(error))
            elif not isinstance(error, DATABASE_ERRORS):
                raise
            log.warning("a report could not be written down", why=type(error).__name__)
            return "451 4.3.0 It cannot be noted now; bring it again"
        return "250 Noted"

    async def _name(self, address: str, why: str) -> None:
        """Name a report on the page of problems that cannot be applied by itself; its sender brings it again."""
        mail = notification_in(address, self._settings.bounce_keys)
        try:
            async with self._bus.transaction(ACTOR) as tx:
                await set_aside.add(tx.session, WORK, {str(mail or "?"): why})
        except DATABASE_ERRORS as error:
            log.warning("a report could not be named", why=type(error).__name__)
