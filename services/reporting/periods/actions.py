"""Lock and save how far a period is approved, for the rooms that decide on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.periods import store

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.approval import Approval
    from services.reporting.periods.model.periods import Period


async def lock_approval(session: AsyncSession, period: Period) -> Approval:
    """Return the approval of a period, its row locked until the transaction ends; a new period begins as a draft."""
    return await store.locked(session, period.label)


async def save_approval(session: AsyncSession, approval: Approval) -> None:
    """Save the approval of a period."""
    await store.keep(session, approval)
