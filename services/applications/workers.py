"""Which loops does the portal run beside answering requests? The harness starts them again when they fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.applications.actions.deadlines import keep_deadlines
from services.applications.actions.partners.clock import keep_partners
from services.applications.actions.pulse import keep_pulse
from services.applications.actions.register import enter_first_coordinator
from services.applications.actions.register.yearly import keep_access
from services.applications.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.service import Service


async def first_start(service: Service) -> None:
    """See that somebody can open the register; once, then rest (a loop that ends would be started again)."""
    assert isinstance(service.settings, Settings)
    if service.settings.first_coordinator:
        await enter_first_coordinator(service.bus, service.settings.first_coordinator)
    await asyncio.Event().wait()


workers: list[Callable[[Service], Awaitable[None]]] = [
    first_start,
    keep_deadlines,
    keep_pulse,
    keep_partners,
    keep_access,
]
