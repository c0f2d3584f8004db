"""Search the log of messages."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import col, select

from services.notifications.messages.store.messages import PAGE, MessageRow
from shared.ids import read_id
from shared.time.workdays import ZONE
from shared.web.paging import cut

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.model.log import Search
    from shared.web.paging import PageRequest


async def messages_about(session: AsyncSession, event_id: UUID, countries: frozenset[str] | None) -> list[MessageRow]:
    """Return the messages about an event, in a fixed order; those of `countries` only, where given."""
    query = select(MessageRow).where(col(MessageRow.about) == event_id, _visible(countries))
    return list((await session.scalars(query.order_by(col(MessageRow.id)))).all())


async def search_messages(session: AsyncSession, search: Search) -> tuple[list[MessageRow], int]:
    """Return one page of messages, the newest first, and their number."""
    where = _matching(search)
    total = (await session.execute(sa.select(sa.func.count()).select_from(MessageRow).where(*where))).scalar_one()
    query = select(MessageRow).where(*where).order_by(col(MessageRow.at).desc(), col(MessageRow.id).desc())
    rows = (await session.scalars(query.limit(PAGE).offset((search.page - 1) * PAGE))).all()
    return list(rows), int(total)


async def messages_by_cursor(session: AsyncSession, search: Search, request: PageRequest) -> list[MessageRow]:
    """Return one page of messages, the newest first; `since` is when their events happened."""
    query = select(MessageRow).where(*_matching(search))
    if request.since is not None:
        query = query.where(col(MessageRow.at) >= request.since)
    rows = await session.scalars(cut(query, (col(MessageRow.at), col(MessageRow.id)), request, newest=True))
    return list(rows.all())


def _matching(search: Search) -> list[sa.ColumnElement[bool]]:
    where = [_visible(search.countries)]
    if search.state:
        where.append(col(MessageRow.state) == search.state)
    if search.words:
        where.append(_named(search.words))
    if search.rule:
        where.append(col(MessageRow.rule) == search.rule)
    if search.week is not None:
        monday = datetime.combine(search.week, time(), ZONE)
        where.append(col(MessageRow.at).between(monday, monday + timedelta(weeks=1)))
    return where


async def state_counts(session: AsyncSession, countries: frozenset[str] | None) -> dict[str, int]:
    """Return how many messages are in each state."""
    query = sa.select(col(MessageRow.state), sa.func.count()).where(_visible(countries)).group_by(MessageRow.state)
    return {state: int(count) for state, count in (await session.execute(query)).all()}


def _visible(countries: frozenset[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if countries is None else col(MessageRow.country).in_(sorted(countries))


def _named(words: str) -> sa.ColumnElement[bool]:
    """Match the reference, or the id of the application, as it was typed."""
    application_id = read_id(words.strip())
    if application_id is not None:
        return col(MessageRow.application_id) == application_id
    return col(MessageRow.reference) == words.strip().upper()
