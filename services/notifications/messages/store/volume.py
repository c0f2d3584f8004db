"""Count messages and measure their delivery times, by day, week or message."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import col, select

from services.notifications.messages.model.log import By, Part, Span
from services.notifications.messages.store.messages import (
    DONE,
    FAILED,
    PAGE,
    UNSURE,
    WAITING,
    MessageRow,
    NotificationRow,
)
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def rows(session: AsyncSession, span: Span, state: str, page: int) -> tuple[list[MessageRow], int]:
    """Return one page of the messages in a state that a span counts, the newest first, and their number."""
    where = [*_within(span), col(MessageRow.state).in_(_states(state))]
    total = await session.scalar(sa.select(sa.func.count()).select_from(MessageRow).where(*where))
    query = select(MessageRow).where(*where).order_by(col(MessageRow.at).desc(), col(MessageRow.id).desc())
    return list((await session.scalars(query.limit(PAGE).offset((page - 1) * PAGE))).all()), int(total or 0)


async def volume(session: AsyncSession, span: Span, by: By) -> list[Part]:
    """Return the parts in order of days, or of rules by their number of messages, the most first."""
    counted = {row.value: row for row in (await session.execute(_counts(span, by))).all()}
    delays = {row.value: row.delays for row in (await session.execute(_delays(span, by))).all()}
    parts = [
        Part(value, row.sent, row.failed, row.waiting, *(delays.get(value) or (None, None)))
        for value, row in counted.items()
    ]
    return sorted(parts, key=lambda part: (-part.all, part.value)) if by == "rule" else sorted(parts, key=_value)


def _states(state: str) -> tuple[str, ...]:
    """Return the stored states that count as one: what may have been sent counts as failed until somebody decides."""
    return (FAILED, UNSURE) if state == FAILED else (state,)


def _value(part: Part) -> Any:
    return part.value


def _counts(span: Span, by: By) -> sa.Select[Any, int, int, int]:
    state = col(MessageRow.state)
    value = _group(by)
    query = sa.select(
        value,
        sa.func.count().filter(state == DONE).label("sent"),
        sa.func.count().filter(state.in_(_states(FAILED))).label("failed"),
        sa.func.count().filter(state == WAITING).label("waiting"),
    )
    return query.where(*_within(span)).group_by(value)


def _delays(span: Span, by: By) -> sa.Select[Any, Any]:
    value = _group(by)
    seconds = sa.extract("epoch", col(NotificationRow.sent_at) - col(NotificationRow.at))
    shares = sa.cast([0.5, 0.9], sa.ARRAY(sa.Float))
    parts = sa.func.percentile_cont(shares, type_=sa.ARRAY(sa.Float)).within_group(sa.func.greatest(seconds, 0))
    query = sa.select(value, parts.label("delays")).select_from(MessageRow)
    query = query.join(NotificationRow, col(NotificationRow.message_id) == col(MessageRow.id))
    return query.where(col(NotificationRow.sent_at).is_not(None), *_within(span)).group_by(value)


def _group(by: By) -> sa.Label[Any]:
    if by == "rule":
        return col(MessageRow.rule).label("value")
    local = sa.func.date_trunc(by, sa.func.timezone(ZONE.key, col(MessageRow.at)))
    return sa.cast(local, sa.Date).label("value")


def _within(span: Span) -> list[sa.ColumnElement[bool]]:
    at = col(MessageRow.at)
    where = [at >= _midnight(span.first), at < _midnight(span.end)]
    if span.countries is not None:
        where.append(col(MessageRow.country).in_(sorted(span.countries)))
    if span.rule is not None:
        where.append(col(MessageRow.rule) == span.rule)
    return where


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)
