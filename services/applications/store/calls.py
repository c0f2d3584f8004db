"""Which calls are there, with their terms?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, select

from services.applications.store.base import Table
from shared.contracts.calls import CallTerms
from shared.contracts.codes import CallState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession


class Call(Table, table=True):
    """A call; `terms` is the whole of it as published (`shared.contracts.calls.CallTerms`)."""

    __tablename__ = "call"

    id: UUID = Field(primary_key=True)
    reference: str = Field(unique=True)
    state: str = CallState.PUBLISHED
    opens: datetime = Field(sa_type=sa.DateTime(timezone=True))
    deadline: datetime = Field(sa_type=sa.DateTime(timezone=True))
    terms_json: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"name": "terms"})
    published_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))

    @property
    def terms(self) -> CallTerms:
        """The call's terms, read from the row."""
        return CallTerms.model_validate(self.terms_json)

    @property
    def title(self) -> str:
        """The title in the first language that the call is written in."""
        return str(self.terms_json["texts"][0]["title"])

    def takes_applications(self, at: datetime) -> bool:
        """Whether one can apply at that moment."""
        return self.state == CallState.PUBLISHED and self.opens <= at <= self.deadline

    def shown_state(self, at: datetime) -> str:
        """The state as pages show it: a published call whose deadline is over is `past_deadline`."""
        return "past_deadline" if self.state == CallState.PUBLISHED and self.deadline < at else self.state


async def call(session: AsyncSession, call_id: UUID, *, lock: bool = False, hold: bool = False) -> Call | None:
    """One call; `lock`: nobody else changes it until the commit; `hold`: neither, but others may hold it too."""
    return await session.get(Call, call_id, with_for_update={"read": True} if hold else lock)


async def calls(session: AsyncSession, *, state: CallState | None = None) -> list[Call]:
    """All calls, or those in a state, the one with the latest deadline first."""
    query = select(Call).order_by(sa.column("deadline").desc(), Call.reference)
    if state is not None:
        query = query.where(Call.state == state)
    return list((await session.scalars(query)).all())


async def calls_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Call]:
    """The calls with these ids."""
    query = select(Call).where(sa.column("id", sa.Uuid).in_(sorted(set(ids)))).order_by(Call.reference)
    return {one.id: one for one in (await session.scalars(query)).all()}
