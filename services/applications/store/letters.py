"""Which letters were made for a visit? Each as it was signed off: its facts, the document, its digest; insert-only."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import defer
from sqlmodel import Field, col, select

from services.applications.store.base import Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Letter(Table, table=True):
    """A letter about a visit, by its number; a later one of its kind takes its place."""

    __tablename__ = "letter"
    __table_args__ = (sa.Index("letter_visit", "visit_id", "kind", "version", unique=True),)

    number: str = Field(primary_key=True, description="Cannot be guessed: whoever holds the paper can verify it")
    visit_id: UUID
    kind: str
    version: int
    start: date
    end: date
    facts: dict[str, Any] = Field(sa_type=JSONB, description="What it says")
    digest: str = Field(description="SHA-256 of the document")
    document: bytes = Field(sa_type=sa.LargeBinary, description="PDF")
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def letter(session: AsyncSession, number: str) -> Letter | None:
    """One letter by its number, with its document."""
    return await session.get(Letter, number)


async def letters(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, list[Letter]]:
    """By visit, its letters without the documents, by kind and the newest first."""
    found: dict[UUID, list[Letter]] = {id_: [] for id_ in visit_ids}
    query = select(Letter).where(col(Letter.visit_id).in_(sorted(visit_ids))).options(defer(Letter.document))  # type: ignore[arg-type]  # a column of the mapped class
    for one in await session.scalars(
        query.order_by(col(Letter.visit_id), col(Letter.kind), col(Letter.version).desc())
    ):
        found[one.visit_id].append(one)
    return found


async def newest(session: AsyncSession, visit_id: UUID, kind: str, version: int | None = None) -> Letter | None:
    """The newest letter of a kind, or the version named, with its document."""
    query = select(Letter).where(Letter.visit_id == visit_id, Letter.kind == kind)
    if version is not None:
        query = query.where(Letter.version == version)
    return await session.scalar(query.order_by(col(Letter.version).desc()).limit(1))
