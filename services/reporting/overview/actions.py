"""Read the published figures of all periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.actions import released_periods
from services.reporting.overview.views import trends
from services.reporting.targets.views import target_values

if TYPE_CHECKING:
    from services.reporting.overview.views.trends import Timeline
    from services.reporting.settings import Settings
    from shared.bus import Bus


async def read_timeline(bus: Bus, settings: Settings, kind: str | None = None) -> Timeline:
    """Return the published periods of a kind, as released."""
    async with bus.read() as session:
        return trends.timeline(
            await released_periods(session), await target_values(session), settings.programme_start, kind
        )
