"""Which service addresses wait for their owner to confirm them?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class AddressCheck(Table, table=True):
    """One time that somebody was asked to confirm an address. The link is worked out, and kept nowhere."""

    __tablename__ = "address_check"
    __table_args__ = (sa.Index("address_check_subject", "subject", "asked_at"),)

    id: UUID = Field(primary_key=True)
    subject: str
    address: str
    asked_by: str
    asked_at: datetime = Field(sa_type=_TIME)
    expires_at: datetime = Field(sa_type=_TIME)
    used_at: datetime | None = Field(default=None, sa_type=_TIME)
    void_at: datetime | None = Field(default=None, sa_type=_TIME, description="When a newer one took its place")

    def open(self, moment: datetime) -> bool:
        """Whether its link still confirms the address."""
        return self.used_at is None and self.void_at is None and moment < self.expires_at


async def check(session: AsyncSession, check_id: UUID, *, lock: bool = False) -> AddressCheck | None:
    """One of them; with `lock` nobody else uses it until the commit."""
    return await session.get(AddressCheck, check_id, with_for_update=lock, populate_existing=lock)


async def newest(session: AsyncSession, subject: str) -> AddressCheck | None:
    """The last time that somebody was asked."""
    query = select(AddressCheck).where(AddressCheck.subject == subject).order_by(col(AddressCheck.asked_at).desc())
    return (await session.scalars(query.limit(1))).one_or_none()


async def asked_since(session: AsyncSession, subject: str, moment: datetime) -> int:
    """How often somebody was asked since a moment."""
    query = sa.select(sa.func.count()).where(col(AddressCheck.subject) == subject, col(AddressCheck.asked_at) >= moment)
    return int((await session.execute(query)).scalar_one())


async def close_open(session: AsyncSession, subject: str, moment: datetime) -> None:
    """Take the open ones of somebody away: only the newest link confirms."""
    await session.execute(
        sa.update(AddressCheck)
        .where(
            col(AddressCheck.subject) == subject,
            col(AddressCheck.used_at).is_(None),
            col(AddressCheck.void_at).is_(None),
        )
        .values(void_at=moment)
    )
