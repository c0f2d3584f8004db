"""The loop that sends queued messages as mails, under a lease, so that no two processes send the same."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from services.notifications.mail.sending.contacts import Portal
from services.notifications.mail.sending.delivery_log import DeliveryLog
from services.notifications.mail.sending.dispatch import Dispatcher
from services.notifications.mail.sending.signature import Signer
from services.notifications.mail.sending.smtp import Post
from services.notifications.settings import Settings
from shared.bus.db import leases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

_LOOK_EVERY = 1.0


async def send_mail(service: Service) -> None:
    """Send what is due, again and again, while this process has the lease."""
    assert isinstance(service.settings, Settings)
    async with leases.hold(service.bus, "mail") as lease, dispatcher(service.bus, service.settings, lease) as desk:
        await desk.delivery_log.tidy()
        while True:
            await leases.ensure(service.bus, lease)
            if not await desk.send_due():
                await asyncio.sleep(_LOOK_EVERY)


@asynccontextmanager
async def dispatcher(bus: Bus, settings: Settings, lease: Lease) -> AsyncIterator[Dispatcher]:
    """Yield a `Dispatcher` with its connections, and close them at the end."""
    portal, post = Portal.at(settings), Post(settings)
    desk = Dispatcher(bus, settings, portal, post, DeliveryLog(bus, lease), Signer.of(settings))
    try:
        yield desk
    finally:
        await desk.stop()
        await portal.close()
        await post.close()
