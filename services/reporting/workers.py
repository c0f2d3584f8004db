"""Run the loops beside the pages, each in one instance at a time by lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from services.reporting.answers.actions import drafts, waves
from services.reporting.cascades import actions as cascades_actions
from shared.bus.set_aside import SetAside
from shared.runtime.leased_loops import run_by_lease

if TYPE_CHECKING:
    from services.reporting.settings import Settings
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

_LOOK_SECONDS = 600.0


async def look_after_answers(service: Service) -> None:
    """Delete abandoned drafts, remind line managers of cascade sessions, and announce closed and reopened answers."""
    settings = cast("Settings", service.settings)
    sessions = SetAside[UUID](service.bus, cascades_actions.WORK)
    closed = SetAside[UUID](service.bus, waves.WORK)

    async def look(bus: Bus, lease: Lease) -> None:
        await drafts.forget(bus, settings.draft_days, lease)
        await cascades_actions.remind(bus, lease, sessions)
        await waves.announce_all(bus, lease, closed)

    await run_by_lease(service, "answers", look, every=_LOOK_SECONDS)
