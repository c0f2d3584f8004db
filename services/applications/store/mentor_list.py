"""Which mentors does a coordinator see, narrowed to what, and how many of each?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import col, select

from services.applications.store.mentors import Mentor
from services.applications.store.paging import one_page
from shared.contracts.codes import UNION, MentorState

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.offer_list import Sight

ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None is no filter. `state` may be `ASKED`: whose answer is waited for."""

    state: str | None = None
    call_id: UUID | None = None
    country: str | None = None
    reference: str | None = None


def _where(sight: Sight, filters: Filters, *, state: bool = True) -> list[sa.ColumnElement[bool]]:
    among = [col(Mentor.state) != MentorState.DRAFT]
    if sight.countries is not None:
        agency = sa.and_(col(Mentor.country) == UNION, col(Mentor.organisation_id).in_(sight.agencies))
        among.append(sa.or_(col(Mentor.country).in_(sight.countries), agency))
    if state and filters.state == ASKED:
        among.append(_asked())
    elif state and filters.state:
        among.append(col(Mentor.state) == filters.state)
    if filters.call_id:
        among.append(col(Mentor.call_id) == filters.call_id)
    if filters.country:
        among.append(col(Mentor.country) == filters.country)
    if filters.reference:
        among.append(col(Mentor.reference) == filters.reference.upper())
    return among


def _asked() -> sa.ColumnElement[bool]:
    return sa.and_(col(Mentor.state) == MentorState.PUBLISHED, col(Mentor.due).is_not(None))


async def lines(session: AsyncSession, sight: Sight, filters: Filters, page: int = 1) -> tuple[list[Mentor], int]:
    """One page of the published profiles within sight, and how many there are; those that are asked come first."""
    among = _where(sight, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(Mentor).where(*among))).scalar_one()
    query = select(Mentor).where(*among).order_by(col(Mentor.due).nulls_last(), col(Mentor.id).desc())
    return list(await session.scalars(one_page(query, page))), int(total)


async def counts(session: AsyncSession, sight: Sight, filters: Filters) -> dict[str, int]:
    """How many profiles within sight there are in each state, and how many are asked whether there is time."""
    query = sa.select(col(Mentor.state), sa.func.count(), sa.func.count().filter(_asked()))
    query = query.where(*_where(sight, filters, state=False)).group_by(col(Mentor.state)).order_by(col(Mentor.state))
    rows = (await session.execute(query)).all()
    return {str(state): int(count) for state, count, _ in rows} | {ASKED: sum(row[2] for row in rows)}
