"""Show how far a period is approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.periods import store
from services.reporting.periods.model.approval import Approval, is_frozen

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.periods import Period


async def approval_of(session: AsyncSession, period: Period) -> Approval:
    """Return how far a period is approved; the programme as a whole never is."""
    return await store.approval(session, period) if period.kind else Approval(period)


async def in_frozen_period(session: AsyncSession, day: date) -> bool:
    """Return whether a frozen or published period contains the day."""
    return is_frozen(await store.approvals(session), day)


def period_as_json(where: Approval) -> dict[str, Any]:
    """Return how far a period is approved, for programs."""
    return {
        "period": where.period.label,
        "start": where.period.start,
        "end": where.period.end,
        "state": where.state.value,
        "cut_off": where.cut_off,
        "figures_digest": where.figures_digest,
        "frozen_at": where.frozen_at,
        "statement": where.statement,
    }
