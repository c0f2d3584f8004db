"""Show how far a period is approved."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from services.reporting.periods import store
from services.reporting.periods.model.approval import Approval, is_frozen
from shared.contracts.codes import PeriodState
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.periods import Period


class PeriodStatus(ReadModel):
    """A period, and how far its figures are approved."""

    period: Annotated[
        str, Field(description="Its label; `programme` is the programme as a whole.", examples=["2026-H1"])
    ]
    start: date
    end: Annotated[date, Field(description="Its last day.")]
    state: PeriodState
    cut_off: Annotated[
        AwareDatetime | None, Field(description="Facts up to then count; null before the figures are submitted.")
    ]
    figures_digest: Annotated[
        str | None,
        Field(
            description="SHA-256 of the figures that were submitted, in hex; once published, of those that are shown.",
            examples=["9f86d081884c7d65"],
        ),
    ]
    frozen_at: AwareDatetime | None
    statement: Annotated[int, Field(description="Above 1 the figures were restated.", examples=[1])]


async def approval_of(session: AsyncSession, period: Period) -> Approval:
    """Return how far a period is approved; the programme as a whole never is."""
    return await store.approval(session, period) if period.kind else Approval(period)


async def in_frozen_period(session: AsyncSession, day: date) -> bool:
    """Return whether a frozen or published period contains the day."""
    return is_frozen(await store.approvals(session), day)


def period_status(approval: Approval) -> PeriodStatus:
    """Return how far a period is approved."""
    return PeriodStatus(
        period=approval.period.label,
        start=approval.period.start,
        end=approval.period.end,
        state=approval.state,
        cut_off=approval.cut_off,
        figures_digest=approval.figures_digest,
        frozen_at=approval.frozen_at,
        statement=approval.statement,
    )
