"""The newest receipt of each application."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Field, col

from services.matching.tables import Table, document, keep, moment
from shared.contracts.receipts import MatchExplained, NoMatchExplained

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession


class Receipt(Table, table=True):
    """The newest receipt of an application, as it was published; `matched` says which of the two events it is."""

    application_id: UUID = Field(primary_key=True)
    call_id: UUID
    run_id: UUID
    matched: bool
    at: datetime = Field(sa_column=moment())
    event: MatchExplained | NoMatchExplained = Field(sa_column=document(MatchExplained | NoMatchExplained))


async def keep_receipts(session: AsyncSession, receipts: list[Receipt]) -> None:
    """Write receipts, replacing the earlier one of each application."""
    await keep(session, receipts)


async def receipt(session: AsyncSession, application_id: UUID) -> Receipt | None:
    """Return the newest published receipt of an application."""
    return await session.get(Receipt, application_id)


async def receipts_of(session: AsyncSession, applications: Collection[UUID]) -> dict[UUID, Receipt]:
    """Return the newest published receipts of these applications."""
    query = select(Receipt).where(col(Receipt.application_id).in_(applications)).order_by(col(Receipt.application_id))
    return {row.application_id: row for row in await session.scalars(query)}


async def notified_of_no_match(session: AsyncSession, applications: Collection[UUID]) -> set[UUID]:
    """Return those of these applications whose newest receipt says why they have no match."""
    query = select(col(Receipt.application_id)).where(col(Receipt.application_id).in_(applications))
    return set(await session.scalars(query.where(~col(Receipt.matched))))


async def explained(session: AsyncSession, applications: Collection[UUID]) -> set[UUID]:
    """Return those of these applications that were part of a committed cohort, and not held back from the newest."""
    found = await session.scalars(
        select(col(Receipt.application_id)).where(
            col(Receipt.application_id).in_(applications), text("event->>'held_back' IS NULL")
        )
    )
    return set(found)
