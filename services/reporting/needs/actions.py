"""Read the training needs of a period beside its figures, for the page and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.actions import released_figures, released_periods
from services.reporting.groupings import store as groupings_store
from services.reporting.indicators.model.demand import RECEIVED
from services.reporting.needs import store

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.needs.model import Need
    from services.reporting.periods.model.approval import Approval
    from services.reporting.periods.model.periods import Period
    from shared.bus import Bus


async def needs_and_figures(
    bus: Bus, label: str | None, *, steers: bool
) -> tuple[Approval, dict[str, Released], list[Need]]:
    """Return how far a period is approved, its released figures by id, and the needs of which a part falls into it.

    Needs are in the groups by which the figures are broken down.
    """
    approval, released = await released_figures(bus, label, steers=steers)
    async with bus.read() as session:
        needs = await grouped_needs(session, approval.period)
    return approval, {each.definition.id: each for each in released}, needs


async def grouped_needs(session: AsyncSession, period: Period) -> list[Need]:
    """Return the needs of which a part falls into a period, in the groups by which figures are broken down."""
    levels = await groupings_store.levels(session)
    return [each.grouped(levels) for each in await store.of_period(session, period)]


async def periods_with_applications(bus: Bus) -> list[str]:
    """Return the labels of the published periods that show applications received, the newest first."""
    async with bus.read() as session:
        published = await released_periods(session)
    return [
        period.label
        for period, figures in reversed(published)
        if any(each.definition.id == RECEIVED and each.total.value for each in figures)
    ]
