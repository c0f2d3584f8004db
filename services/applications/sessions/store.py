"""Store sessions: one row for each sign-in, found by the digest of its cookie's key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table
from shared.identity.session import IDLE
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.sessions.model import SessionEnd
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class SessionRow(Table, table=True):
    """A sign-in of one person in one browser; all times are real."""

    __tablename__ = "sign_in_session"
    __table_args__ = (
        sa.Index("sign_in_session_subject", "subject", "begun_at", "id"),
        sa.Index("sign_in_session_over_at", "over_at"),
    )

    digest: str = Field(primary_key=True, description="SHA-256 of the key in the cookie, which is not kept")
    id: UUID = Field(unique=True, description="The name of the session for its person")
    subject: str = Field(description="Sign-in subject")
    begun_at: datetime = Field(sa_type=_TIME)
    seen_at: datetime = Field(sa_type=_TIME, description="Written every ten minutes at the most")
    over_at: datetime = Field(sa_type=_TIME, description="When it ends at the latest")
    ended_at: datetime | None = Field(default=None, sa_type=_TIME)
    end_reason: str | None = None
    browser: str = Field(description="Such as Firefox; empty where it is not known")
    system: str = Field(description="Such as Windows; empty where it is not known")
    id_token: str | None = Field(default=None, description="Sealed; ends the sign-in at the provider")


# Run with each request, so it is built once.
_FIND = sa.select(col(SessionRow.subject), col(SessionRow.begun_at), col(SessionRow.seen_at)).where(
    col(SessionRow.digest) == sa.bindparam("digest"), col(SessionRow.ended_at).is_(None)
)


async def find(session: AsyncSession, digest: str) -> tuple[str, datetime, datetime] | None:
    """Return subject, begin and when last seen of a session that nobody has ended; it may be over all the same."""
    row = (await (await session.connection()).execute(_FIND, {"digest": digest})).one_or_none()
    return None if row is None else (row.subject, row.begun_at, row.seen_at)


async def note_seen(session: AsyncSession, digest: str, at: datetime) -> None:
    """Write that the person of a session is active."""
    seen = sa.update(SessionRow).where(
        col(SessionRow.digest) == digest, col(SessionRow.ended_at).is_(None), col(SessionRow.seen_at) < at
    )
    await session.execute(seen.values(seen_at=at))


async def sealed_id_token(session: AsyncSession, digest: str) -> str | None:
    """Return the sealed ID token of a session that nobody has ended."""
    query = select(SessionRow.id_token).where(col(SessionRow.digest) == digest, col(SessionRow.ended_at).is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def end(session: AsyncSession, digests: Collection[str], cause: SessionEnd, at: datetime) -> None:
    """End sessions; those that have ended stay as they are."""
    await session.execute(_ending(cause, at).where(col(SessionRow.digest).in_(sorted(digests))))


async def end_of(
    session: AsyncSession,
    subjects: Collection[str],
    cause: SessionEnd,
    at: datetime,
    *,
    only: UUID | None = None,
    but: str | None = None,
) -> int:
    """End the sessions of people, only the one with the id `only`, all but the one with the digest `but`.

    Returns how many ended.
    """
    ending = _ending(cause, at).where(col(SessionRow.subject).in_(sorted(subjects)))
    if only is not None:
        ending = ending.where(col(SessionRow.id) == only)
    if but is not None:
        ending = ending.where(col(SessionRow.digest) != but)
    # Those that were over by themselves keep that end.
    ending = ending.where(_open(at))
    return len((await session.execute(ending.returning(col(SessionRow.id)))).all())


def _ending(cause: SessionEnd, at: datetime) -> sa.Update:
    return (
        sa.update(SessionRow)
        .where(col(SessionRow.ended_at).is_(None))
        .values(ended_at=at, end_reason=cause.value, id_token=None)
        .execution_options(synchronize_session=False)
    )


def _open(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        col(SessionRow.ended_at).is_(None), col(SessionRow.over_at) > at, col(SessionRow.seen_at) > at - IDLE
    )


async def open_page(session: AsyncSession, subject: str, at: datetime, request: PageRequest) -> Sequence[SessionRow]:
    """Return a page of the sessions of a person that go on, the newest first, and one more row."""
    query = select(SessionRow).where(col(SessionRow.subject) == subject, _open(at))
    page = cut(query, [col(SessionRow.begun_at), col(SessionRow.id)], request, newest=True)
    return list((await session.execute(page)).scalars())


async def ended_of(session: AsyncSession, subject: str, at: datetime, most: int) -> Sequence[SessionRow]:
    """Return the newest sessions of a person that have ended, by their begin."""
    query = select(SessionRow).where(col(SessionRow.subject) == subject, sa.not_(_open(at)))
    query = query.order_by(col(SessionRow.begun_at).desc(), col(SessionRow.id).desc()).limit(most)
    return (await session.execute(query)).scalars().all()


async def open_of(session: AsyncSession, subjects: Collection[str], at: datetime) -> Sequence[SessionRow]:
    """Return the sessions of people that go on, by person."""
    query = select(SessionRow).where(col(SessionRow.subject).in_(sorted(subjects)), _open(at))
    query = query.order_by(col(SessionRow.subject), col(SessionRow.id))
    return (await session.execute(query)).scalars().all()


async def is_of(session: AsyncSession, session_id: UUID, subject: str) -> bool:
    """Return whether a session is that person's, whether it goes on or not."""
    query = select(SessionRow.id).where(col(SessionRow.id) == session_id, col(SessionRow.subject) == subject)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def forget_before(session: AsyncSession, moment: datetime) -> int:
    """Delete the sessions that were over before a moment; return how many."""
    gone = sa.delete(SessionRow).where(col(SessionRow.over_at) < moment).returning(col(SessionRow.id))
    return len((await session.execute(gone)).all())
