"""Run the loops beside the pages, each in one instance at a time by lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from services.reporting.answers.actions import drafts, waves
from services.reporting.cascades import actions as cascades_actions
from shared.bus.db import leases
from shared.time import clock

if TYPE_CHECKING:
    from services.reporting.settings import Settings
    from shared.runtime.service import Service

_LEASE_SECONDS = 60
_LOOK_SECONDS = 600.0


async def look_after_answers(service: Service) -> None:
    """Delete abandoned drafts, remind line managers of cascade sessions, and announce closed and reopened answers."""
    settings = cast("Settings", service.settings)
    while True:
        if await leases.acquire(service.bus, "answers", _LEASE_SECONDS):
            await drafts.forget(service.bus, settings.draft_days)
            await cascades_actions.remind(service.bus)
            await waves.announce_all(service.bus)
        await clock.moved_or(_LOOK_SECONDS)
