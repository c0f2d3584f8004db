"""Read the published figures of all periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.actions import released_earlier, released_periods
from services.reporting.needs.actions import grouped_needs
from services.reporting.overview.documents.background import Background
from services.reporting.overview.views import trends
from services.reporting.targets.model import standing
from services.reporting.targets.views import target_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.overview.views.trends import Timeline
    from services.reporting.periods.model.approval import Approval
    from services.reporting.settings import Settings
    from shared.bus import Bus


async def read_timeline(bus: Bus, settings: Settings, kind: str | None = None) -> Timeline:
    """Return the published periods of a kind, as released."""
    async with bus.read() as session:
        return trends.timeline(
            await released_periods(session), await target_values(session), settings.programme_start, kind
        )


async def report_background(
    session: AsyncSession, approval: Approval, history: Sequence[Released], reason: str | None = None
) -> Background:
    """Return what a report says beside the period's figures; `history` are those of other published periods."""
    return Background(
        history=history,
        targets=standing(await target_values(session)),
        needs=await grouped_needs(session, approval.period),
        before=await released_earlier(session, approval),
        reason=reason,
    )
