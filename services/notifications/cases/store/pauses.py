"""The projection of placements and mentors' profiles that pause with their country.

Each owner gets a message when the country takes part again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from services.notifications.cases.store.cases import CaseRow
from services.notifications.tables import Table, put, table_of
from shared.contracts.codes import PauseCause
from shared.contracts.mentors import MentorClosed, MentorPaused, MentorResumed
from shared.contracts.offers import OfferClosed, OfferPaused, OfferResumed, OfferVoided, OfferWithdrawn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.cases.model import Case
    from shared.bus import Envelope

_ENDS = (OfferResumed, OfferClosed, OfferWithdrawn, OfferVoided, MentorResumed, MentorClosed)


class CountryPause(Table, table=True):
    """A placement or a mentor's profile that has paused since its country was suspended."""

    __tablename__ = "country_pause"

    id: UUID = Field(primary_key=True)


async def evolve(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """Save what pauses with its country; a pause for another cause, and anything that ends one, removes it."""
    pauses: dict[UUID, bool] = {}
    for event in events:
        if isinstance(event.data, OfferPaused | MentorPaused):
            pauses[UUID(event.subject)] = event.data.cause is PauseCause.PARTNER_SUSPENDED
        elif isinstance(event.data, _ENDS):
            pauses[UUID(event.subject)] = False
    over = sorted(id_ for id_, pausing in pauses.items() if not pausing)
    if over:
        table = table_of(CountryPause)
        await session.execute(sa.delete(table).where(table.c.id.in_(over)))
    await put(session, CountryPause, [CountryPause(id=id_) for id_, pausing in pauses.items() if pausing])


async def of_countries(session: AsyncSession, countries: Collection[str]) -> list[Case]:
    """Return the cases that pause with these countries, by reference."""
    query = sa.select(CaseRow).join(CountryPause, col(CountryPause.id) == col(CaseRow.id))
    query = query.where(col(CaseRow.host_country).in_(sorted(countries)))
    rows = await session.scalars(query.order_by(col(CaseRow.reference), col(CaseRow.id)))
    return [row.case() for row in rows]
