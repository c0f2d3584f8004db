"""Find a period by its label, its figures as they stand, and the periods that a reader can choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.facts.views import days_of_facts
from services.reporting.figures import store
from services.reporting.figures.actions import counting
from services.reporting.periods.model import periods
from services.reporting.periods.views import approval_of
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.approval import Approval
    from services.reporting.periods.model.periods import Period


async def period_of(session: AsyncSession, label: str | None) -> Period:
    """Return the period with that label (none: this year), the programme as a whole from its first fact to its last.

    Raises `Refused` (404).
    """
    try:
        return await counting.period_of(session, label or str(clock.today().year))
    except periods.UnknownPeriod:
        sentence = gettext("There is no such period. Enter it like 2026, 2026-H1 or 2026-Q3.")
        raise Refused(sentence, 404) from None


async def standing_figures(session: AsyncSession, period: Period) -> tuple[Approval, list[Figure]]:
    """Return how far a period is approved, and its figures: those that were submitted, or as the facts are now."""
    approval = await approval_of(session, period)
    if approval.fixed:
        return approval, await store.figures_of_statement(session, period, approval.statement)
    return approval, await counting.current_figures(session, period)


async def events_of(
    session: AsyncSession,
    approval: Approval,
    figure: Figure,
    *,
    statement: int,
    first: int = 0,
    count: int = store.ALL,
) -> list[UUID]:
    """Return the events behind a figure's total in a statement: `count` of them from the one numbered `first`."""
    if figure.total.events:
        return list(figure.total.events[first : first + count])
    if approval.fixed:
        named = approval.period, figure.definition.id
        return await store.events(session, *named, statement=statement, first=first, count=count)
    return await store.moving_events(session, approval.period, figure.definition.id, first=first, count=count)


async def all_period_choices(session: AsyncSession) -> list[tuple[str, str]]:
    """Return the labels and names of all periods since the programme's first fact."""
    today = clock.today()
    first, _ = await days_of_facts(session)
    whole = (periods.PROGRAMME, gettext("Programme as a whole"))
    return [whole, *((label, label) for label in periods.labels(min(first, today), today))]


async def forget_statement(session: AsyncSession, period: Period, statement: int) -> None:
    """Delete a statement of a period's figures that was never made public, since they are counted again."""
    await store.forget(session, period, statement)


async def forget_moving_figures(session: AsyncSession) -> None:
    """Delete all figures that still move, since they are counted by other groupings from now on."""
    await store.forget_moving(session)
