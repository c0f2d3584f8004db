"""The access log: who was given a name, an address or a text about a person, when and what for.

Its table is insert-only.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.applications.tables import Table
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class Access(Table, table=True):
    """One release of something about people."""

    __tablename__ = "access_log"
    __table_args__ = (sa.Index("access_log_case", "case_id", "at"), sa.Index("access_log_at", "at", "id"))

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    caller: str = Field(description="The service, or the sign-in subject, that asked")
    category: str = Field(description="contact, objectives, ...")
    audience: str
    case_id: str
    purpose: str
    people: list[str] = Field(sa_type=JSONB, description="The opaque ids of those it was about")
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


async def log_access(
    session: AsyncSession,
    *,
    caller: str,
    what: str,
    audience: str,
    case_id: str,
    purpose: str,
    people: Sequence[UUID],
) -> None:
    """Note that something about `people` is given out, in the transaction in which it is read."""
    session.add(
        Access(
            id=new_id(),
            at=clock.now(),
            caller=caller,
            category=what,
            audience=audience,
            case_id=case_id,
            purpose=purpose,
            people=[str(person) for person in people],
        )
    )
