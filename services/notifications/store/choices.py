"""What has each person chosen to be sent, of what is not mandatory? By the portal's opaque id."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.notifications.model.choice import Choice
from services.notifications.store.base import Table, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession


class ChoiceRow(Table, table=True):
    """A person's choice, where they have made one."""

    __tablename__ = "choice"

    recipient: UUID = Field(primary_key=True)
    choice: str
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Domain time")


async def chosen(session: AsyncSession, recipients: Iterable[UUID]) -> dict[UUID, Choice]:
    """What these people have chosen, as far as they have."""
    wanted = sorted(set(recipients))
    if not wanted:
        return {}
    query = select(ChoiceRow).where(col(ChoiceRow.recipient).in_(wanted))
    return {row.recipient: Choice(row.choice) for row in (await session.scalars(query)).all()}


async def choose(session: AsyncSession, recipient: UUID, choice: Choice, at: datetime) -> None:
    """Keep what a person chooses from now on."""
    new = insert(table_of(ChoiceRow)).values(recipient=recipient, choice=choice.value, at=at)
    changes = {"choice": new.excluded.choice, "at": new.excluded.at}
    await session.execute(new.on_conflict_do_update(index_elements=["recipient"], set_=changes))
