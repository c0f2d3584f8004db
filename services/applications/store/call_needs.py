"""Which training needs of the OTNA does a call cite, and which could one cite that begins on a day?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import col, select

from services.applications.store.needs import Need

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

# So many can be looked through on a page; a call cites needs of its own topics only.
MOST = 500


async def for_calls(
    session: AsyncSession, cited: Collection[UUID], topics: Collection[str] = (), since: date | None = None
) -> dict[UUID, Need]:
    """By id, the needs with these ids, and those of `topics` that stand and are not over on `since`, by country."""
    wanted: list[sa.ColumnElement[bool]] = [col(Need.id).in_(sorted(cited))]
    if topics:
        open_: list[sa.ColumnElement[bool]] = [col(Need.topic_code).in_(sorted(topics)), col(Need.withdrawn).is_(False)]
        if since is not None:
            open_.append(col(Need.until) >= since)
        wanted.append(sa.and_(*open_))
    query = (
        select(Need)
        .where(sa.or_(*wanted))
        .order_by(col(Need.country), col(Need.topic_code), col(Need.level), col(Need.id))
        .limit(MOST + len(cited))
    )
    return {need.id: need for need in (await session.scalars(query)).all()}
