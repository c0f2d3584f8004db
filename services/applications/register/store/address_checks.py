"""Store the checks by which owners confirm their service addresses."""

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
    """One request to confirm an address. The link is derived from it and not stored."""

    __tablename__ = "address_check"
    __table_args__ = (
        sa.Index("address_check_address", sa.text("lower(address)"), "asked_at"),
        sa.Index("address_check_subject", "subject", "asked_at"),
    )

    id: UUID = Field(primary_key=True)
    subject: str
    address: str
    asked_by: str
    asked_at: datetime = Field(sa_type=_TIME)
    expires_at: datetime = Field(sa_type=_TIME)
    used_at: datetime | None = Field(default=None, sa_type=_TIME)
    void_at: datetime | None = Field(default=None, sa_type=_TIME, description="When a newer one took its place")

    def open(self, moment: datetime) -> bool:
        """Return whether its link still confirms the address."""
        return self.used_at is None and self.void_at is None and moment < self.expires_at


async def check(session: AsyncSession, check_id: UUID, *, lock: bool = False) -> AddressCheck | None:
    """Return one check; with `lock` nobody else uses it until the commit."""
    return await session.get(AddressCheck, check_id, with_for_update=lock, populate_existing=lock)


async def newest(session: AsyncSession, subject: str) -> AddressCheck | None:
    """Return the newest check of a person."""
    query = select(AddressCheck).where(AddressCheck.subject == subject).order_by(col(AddressCheck.asked_at).desc())
    return (await session.scalars(query.limit(1))).one_or_none()


async def count_since(session: AsyncSession, subject: str, moment: datetime) -> int:
    """Return how many checks of a person began since a moment."""
    query = sa.select(sa.func.count()).where(col(AddressCheck.subject) == subject, col(AddressCheck.asked_at) >= moment)
    return int((await session.execute(query)).scalar_one())


async def count_of_address(session: AsyncSession, address: str, moment: datetime) -> int:
    """Return how many checks of an address began since a moment, of all people together."""
    of_address = sa.func.lower(col(AddressCheck.address)) == address.lower()
    query = sa.select(sa.func.count()).where(of_address, col(AddressCheck.asked_at) >= moment)
    return int((await session.execute(query)).scalar_one())


async def close_open(session: AsyncSession, subject: str, moment: datetime) -> None:
    """Void the open checks of a person: only the newest link confirms."""
    await session.execute(
        sa.update(AddressCheck)
        .where(
            col(AddressCheck.subject) == subject,
            col(AddressCheck.used_at).is_(None),
            col(AddressCheck.void_at).is_(None),
        )
        .values(void_at=moment)
    )
