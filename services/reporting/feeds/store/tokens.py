"""Store consumers' tokens, and what each fetched on which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.reporting.feeds.model.tokens import PullToken
from services.reporting.tables import Table
from shared.web.paging import cut

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


class TokenRow(Table, table=True):
    """A token of a consumer; of the token itself only a digest is kept."""

    __tablename__ = "pull_token"

    id: UUID = Field(primary_key=True)
    consumer: str
    digest: str = Field(unique=True, description="SHA-256 of the token")
    expires: date
    issued_by: str = Field(description="Sign-in subject")
    issued_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    revoked_by: str | None = Field(default=None, description="Sign-in subject")
    revoked_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    last_used_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    minute: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True), description="By real time")
    in_minute: int = Field(default=0, description="Asked for in that minute")


class PullDay(Table, table=True):
    """The number of times that a token fetched a file on a day."""

    __tablename__ = "pull_day"

    token: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    period: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    times: int


@dataclass(frozen=True, slots=True)
class Download:
    """A file of a period that a token fetched on a day."""

    day: date
    period: str
    name: str
    times: int


async def add(session: AsyncSession, token: PullToken, digest: str) -> bool:
    """Save a new token; return False if there is one with its id or digest."""
    row = insert(TokenRow).values(
        id=token.id,
        consumer=token.consumer,
        digest=digest,
        expires=token.expires,
        issued_by=token.issued_by,
        issued_at=token.issued_at,
        in_minute=0,
    )
    made = row.on_conflict_do_nothing().returning(col(TokenRow.id))
    return await session.scalar(made) is not None


async def is_token(session: AsyncSession, token_id: UUID, digest: str) -> bool:
    """Return whether the token with that id has that digest."""
    query = select(TokenRow.digest).where(col(TokenRow.id) == token_id)
    return await session.scalar(query) == digest


async def everything(session: AsyncSession) -> list[PullToken]:
    """Return all tokens that were ever issued, the newest first; a few dozen."""
    rows = await session.scalars(select(TokenRow).order_by(col(TokenRow.issued_at).desc(), col(TokenRow.id)))
    return [_token(row) for row in rows]


async def page(session: AsyncSession, request: PageRequest) -> list[PullToken]:
    """Return one page of all tokens, the newest first; `since` is when they were issued, revoked or used."""
    query = select(TokenRow)
    rows = await session.scalars(cut(query, (col(TokenRow.issued_at), col(TokenRow.id)), request, newest=True))
    return [_token(row) for row in rows]


async def token_by_id(session: AsyncSession, token_id: UUID) -> PullToken | None:
    """Return a token by its id."""
    row = await session.get(TokenRow, token_id)
    return _token(row) if row else None


async def locked(session: AsyncSession, token_id: UUID) -> PullToken | None:
    """Return a token by its id, locked until the transaction ends."""
    row = await session.get(TokenRow, token_id, with_for_update=True, populate_existing=True)
    return _token(row) if row else None


async def revoke(session: AsyncSession, token_id: UUID, by: str, at: datetime) -> bool:
    """Revoke a token; return False if it was revoked before, or never existed."""
    change = (
        sa.update(TokenRow)
        .where(col(TokenRow.id) == token_id, col(TokenRow.revoked_at).is_(None))
        .values(revoked_by=by, revoked_at=at)
        .returning(col(TokenRow.id))
    )
    return await session.scalar(change) is not None


async def commit_without_sync(session: AsyncSession) -> None:
    """Commit this transaction without waiting for the disc: a crash loses a count of uses, no more."""
    await session.execute(sa.text("SET LOCAL synchronous_commit TO off"))


async def note_use(session: AsyncSession, digest: str, at: datetime, real: datetime) -> tuple[PullToken, int] | None:
    """Note that a token is used `at` (the programme's clock); return it with its uses in this minute of `real` time.

    Return None if there is no such token, or it is expired or revoked.
    """
    minute = real.replace(second=0, microsecond=0)
    same_minute = col(TokenRow.minute) == minute
    change = (
        sa.update(TokenRow)
        .where(
            col(TokenRow.digest) == digest,
            col(TokenRow.revoked_at).is_(None),
            col(TokenRow.expires) >= at.astimezone(UTC).date(),
        )
        .values(last_used_at=at, minute=minute, in_minute=sa.case((same_minute, TokenRow.in_minute + 1), else_=1))
        .returning(TokenRow)
    )
    row = await session.scalar(change)
    return None if row is None else (_token(row), row.in_minute)


async def note_download(session: AsyncSession, token_id: UUID, day: date, period: str, name: str) -> None:
    """Note that a file was fetched with a token."""
    row = insert(PullDay).values(token=token_id, day=day, period=period, name=name, times=1)
    keys = ["token", "day", "period", "name"]
    await session.execute(row.on_conflict_do_update(index_elements=keys, set_={"times": PullDay.times + 1}))


async def pulls(session: AsyncSession, token_id: UUID, today: date, days: int = 90) -> list[Download]:
    """Return what a token fetched in the last `days`, the newest day first."""
    query = select(PullDay).where(col(PullDay.token) == token_id, col(PullDay.day) > today - timedelta(days=days))
    rows = await session.scalars(
        query.order_by(col(PullDay.day).desc(), col(PullDay.period), col(PullDay.name)).limit(500)
    )
    return [Download(row.day, row.period, row.name, row.times) for row in rows]


def _token(row: TokenRow) -> PullToken:
    return PullToken(
        row.id,
        row.consumer,
        row.expires,
        row.issued_by,
        row.issued_at,
        row.revoked_by,
        row.revoked_at,
        row.last_used_at,
    )
