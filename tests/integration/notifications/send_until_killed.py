"""Processes that send mails or webhooks until they are killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.notifications.app import create_app
from services.notifications.mail.sending.worker import send_mail
from services.notifications.settings import Settings
from services.notifications.webhooks.worker import courier
from shared.bus import Bus
from shared.bus.db.leases import hold
from tests.processes import take_environment
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping


def send_all(environment: Mapping[str, str]) -> None:
    """Send mails, with the settings of an environment."""
    take_environment(environment)
    asyncio.run(send_mail(create_app(background=False).state.service))


def post_all(store: str) -> None:
    """Post to webhooks on this machine."""
    asyncio.run(_post(store))


async def _post(store: str) -> None:
    values = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "0.1", "webhook_connections": 4}
    settings = Settings(**settings_for(store, **values))
    bus = Bus("notifications", settings)
    async with hold(bus, "webhooks") as lease:
        sender = courier(bus, settings, lease)
        await sender.run()
