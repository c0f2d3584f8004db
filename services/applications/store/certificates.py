"""Which certificates did reporting grant or revoke? A projection of `exchange.outcomes`; the portal writes them out."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.applications.store.base import Table
from services.applications.store.visits import Visit
from shared.contracts.codes import Party
from shared.contracts.outcomes import CertificateGranted, CertificateRevoked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class Certificate(Table, table=True):
    """A certificate of attendance: its number, its days, and since when it no longer counts."""

    __tablename__ = "certificate"

    number: str = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    visit_id: UUID | None = Field(default=None, index=True, description="Of a visit: who travelled is named")
    attended_days: int
    start: date
    end: date
    granted_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of exchange.outcomes for certificates."""
    granted = {
        event.data.number: {
            "number": event.data.number,
            "application_id": event.data.application_id,
            "visit_id": event.data.visit_id,
            "attended_days": event.data.attended_days,
            "start": event.data.start,
            "end": event.data.end,
            "granted_at": event.time,
        }
        for event in events
        if isinstance(event.data, CertificateGranted)
    }
    if granted:
        new = insert(Certificate).values(list(granted.values()))
        await tx.session.execute(new.on_conflict_do_nothing())
    revoked = {event.data.number: event.time for event in events if isinstance(event.data, CertificateRevoked)}
    for number, at in revoked.items():
        await tx.session.execute(sa.update(Certificate).where(col(Certificate.number) == number).values(revoked_at=at))


async def certificate(session: AsyncSession, number: str) -> Certificate | None:
    """One certificate by its number."""
    return await session.get(Certificate, number)


async def certificates_of(session: AsyncSession, application_id: UUID) -> list[Certificate]:
    """An application's certificates, the newest first; not those of a visit on which the mentor travelled."""
    others = sa.exists().where(col(Visit.id) == col(Certificate.visit_id), col(Visit.guest) == Party.MENTOR.value)
    query = select(Certificate).where(Certificate.application_id == application_id, ~others)
    return list((await session.scalars(query.order_by(col(Certificate.granted_at).desc()))).all())


async def of_visit(session: AsyncSession, visit_id: UUID) -> list[Certificate]:
    """A visit's certificates, the newest first."""
    query = select(Certificate).where(Certificate.visit_id == visit_id)
    return list((await session.scalars(query.order_by(col(Certificate.granted_at).desc()))).all())
