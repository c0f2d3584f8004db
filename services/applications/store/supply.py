"""Which placements and mentors does the clock have to see to: to be asked, silent, over, or of a call that is closed?

Both tables have the columns that this needs under the same names. What is found is locked, a hundred at the most; what
somebody else holds is left for the next look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from services.applications.store.calls import Call
from services.applications.store.mentors import Mentor
from services.applications.store.offers import Offer
from shared.contracts.codes import CallState, OfferState

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

Supply = Offer | Mentor

AT_ONCE = 100
# The codes are the same for both.
_PUBLISHED = OfferState.PUBLISHED.value
_OPEN = (OfferState.PUBLISHED.value, OfferState.PAUSED.value)


async def unheard(session: AsyncSession, table: type[Supply], call_id: UUID, before: datetime) -> list[Supply]:
    """Those of a call that are published, not asked, and have not been changed or confirmed since `before`."""
    return await _locked(
        session,
        table,
        col(table.call_id) == call_id,
        col(table.state) == _PUBLISHED,
        col(table.due).is_(None),
        col(table.saved_at) < before,
    )


async def silent(session: AsyncSession, table: type[Supply], at: datetime) -> list[Supply]:
    """Those that are published, were asked, and did not answer in time."""
    return await _locked(session, table, col(table.state) == _PUBLISHED, col(table.due) < at)


async def over(session: AsyncSession, table: type[Supply], today: date) -> list[Supply]:
    """Those that are open though their last period is over."""
    return await _locked(session, table, col(table.state).in_(_OPEN), col(table.last_day) < today)


async def of_closed_calls(session: AsyncSession, table: type[Supply]) -> list[Supply]:
    """Those that are open though their call is closed."""
    closed = select(Call.id).where(Call.state == CallState.CLOSED)
    return await _locked(session, table, col(table.state).in_(_OPEN), col(table.call_id).in_(closed))


async def _locked(session: AsyncSession, table: type[Supply], *among: sa.ColumnElement[bool]) -> list[Supply]:
    query = select(table).where(*among).order_by(col(table.id)).limit(AT_ONCE).with_for_update(skip_locked=True)
    return [one for one in await session.scalars(query) if isinstance(one, Offer | Mentor)]
