"""Store the versions of agreements and their signatures."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.mentorships.model.agreement import Terms, Version
from services.applications.tables import Table
from shared.bus.db.documents import JsonDocument
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Agreement(Table, table=True):
    """A version of the agreement, word for word; `party` proposed it (empty: the programme's own, the first)."""

    __tablename__ = "agreement"

    mentorship_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    terms: Terms = Field(sa_type=JsonDocument(Terms), description="What the pair adds")
    text: str
    document: str = Field(description="The digest of the text, which stands in events")
    party: str | None = None
    actor: str
    at: datetime = Field(sa_type=_TIME)
    due: datetime | None = Field(default=None, sa_type=_TIME, description="Until when it can be signed")
    lapsed_at: datetime | None = Field(
        default=None, sa_type=_TIME, description="Taken back, or another one was proposed"
    )


class Signature(Table, table=True):
    """The signature of one side; `document` is the digest of the text that was signed."""

    __tablename__ = "signature"

    mentorship_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    party: str = Field(primary_key=True)
    document: str
    text: str = Field(description="What was signed, word for word")
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def versions(session: AsyncSession, mentorship_id: UUID) -> list[Agreement]:
    """Return the versions that somebody signed or proposed, by number; the mentorship's row is the lock."""
    query = select(Agreement).where(Agreement.mentorship_id == mentorship_id).order_by(col(Agreement.version))
    return list(await session.scalars(query))


async def signatures(session: AsyncSession, mentorship_id: UUID) -> list[Signature]:
    """Return the signatures, the oldest first."""
    query = select(Signature).where(Signature.mentorship_id == mentorship_id)
    return list(await session.scalars(query.order_by(col(Signature.at), col(Signature.party))))


async def of_mentorships(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[Version]]:
    """Return, by mentorship, its versions as the rules see them: for lists."""
    query = select(Agreement).where(col(Agreement.mentorship_id).in_(sorted(ids)))
    rows = list(await session.scalars(query.order_by(col(Agreement.mentorship_id), col(Agreement.version))))
    signed = select(Signature).where(col(Signature.mentorship_id).in_(sorted(ids)))
    marks = list(await session.scalars(signed.order_by(col(Signature.mentorship_id), col(Signature.version))))
    return {
        mentorship_id: as_rules(
            [row for row in rows if row.mentorship_id == mentorship_id],
            [mark for mark in marks if mark.mentorship_id == mentorship_id],
        )
        for mentorship_id in ids
    }


def as_rules(rows: Sequence[Agreement], marks: Sequence[Signature]) -> list[Version]:
    """Return versions and signatures as the rules see them."""
    return [
        Version(
            row.version,
            row.due,
            lapsed=row.lapsed_at is not None,
            signed=frozenset(Party(mark.party) for mark in marks if mark.version == row.version),
            until=row.terms.until,
        )
        for row in rows
    ]
