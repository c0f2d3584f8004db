"""The loops that the portal runs beside answering requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.applications.access.actions.yearly_confirmation import keep_access
from services.applications.application.actions.deadlines import keep_deadlines
from services.applications.availability.actions.checks import run_checks
from services.applications.partners.actions.clock import keep_partners
from services.applications.register.actions.bulk import enter_first_coordinator
from services.applications.sessions.actions import forget_sessions
from services.applications.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.runtime.service import Service


async def first_start(service: Service) -> None:
    """Give the first programme coordinator access, once, then rest: a loop that ends would be started again."""
    assert isinstance(service.settings, Settings)
    if service.settings.first_coordinator:
        await enter_first_coordinator(service.bus, service.settings.first_coordinator)
    await asyncio.Event().wait()


workers: list[Callable[[Service], Awaitable[None]]] = [
    first_start,
    keep_deadlines,
    run_checks,
    keep_partners,
    keep_access,
    forget_sessions,
]
