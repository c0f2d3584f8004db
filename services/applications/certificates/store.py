"""Store certificates: grants of reporting as a projection, and the portal's issues and signed files.

The projection comes from `exchange.outcomes`. Issues (for which name, under which number) and files are the portal's
own and insert-only.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.applications.certificates.model import VisitFacts
from services.applications.tables import Table
from services.applications.visits.store import Visit
from shared.bus.db.documents import JsonDocument
from shared.contracts.codes import Party
from shared.contracts.outcomes import CertificateGranted, CertificateRevoked

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class Certificate(Table, table=True):
    """A granted certificate of attendance: its number, its days, and since when it no longer counts."""

    __tablename__ = "certificate"

    number: str = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    visit_id: UUID | None = Field(default=None, index=True, description="Of a visit: who travelled is named")
    attended_days: int
    start: date
    end: date
    granted_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


class Issue(Table, table=True):
    """A certificate made out for a name. A later issue of the same grant replaces it."""

    __tablename__ = "certificate_issue"
    __table_args__ = (sa.Index("certificate_issue_granted", "granted", "version", unique=True),)

    number: str = Field(primary_key=True, description="The first has the number of the grant; nobody can guess one")
    granted: str = Field(description="The number of the grant")
    version: int
    name: str
    own_name: str
    visit: VisitFacts = Field(
        sa_type=JsonDocument(VisitFacts), sa_column_kwargs={"name": "facts"}, description="What it says beside the name"
    )
    actor: str
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Document(Table, table=True):
    """A certificate in one language as it was signed; the bytes are kept, as a new signature would differ."""

    __tablename__ = "certificate_document"

    number: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    revoked: bool = Field(primary_key=True, description="Whether the file says that the certificate was revoked")
    digest: str = Field(index=True, description="SHA-256 of the document")
    document: bytes = Field(sa_type=sa.LargeBinary, description="PDF")
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply events of exchange.outcomes to certificates."""
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


async def certificate(session: AsyncSession, number: str, *, lock: bool = False) -> Certificate | None:
    """Return a certificate by a number of its grant or its issues; with `lock` nobody else makes it out."""
    issue = await session.get(Issue, number)
    granted = number if issue is None else issue.granted
    return await session.get(Certificate, granted, with_for_update=lock, populate_existing=lock)


async def issue(session: AsyncSession, number: str) -> Issue | None:
    """Return the issue with a number; None if nobody has opened it yet."""
    return await session.get(Issue, number)


async def newest_issue(session: AsyncSession, granted: str) -> Issue | None:
    """Return the newest issue of a certificate."""
    query = select(Issue).where(Issue.granted == granted).order_by(col(Issue.version).desc()).limit(1)
    return await session.scalar(query)


async def number_of_version(session: AsyncSession, granted: str, version: int) -> str | None:
    """Return the number of the `version`th issue of a certificate, from 1."""
    return await session.scalar(select(Issue.number).where(Issue.granted == granted, Issue.version == version))


async def document(session: AsyncSession, number: str, language: str, *, revoked: bool) -> Document | None:
    """Return the stored file of a number in a language: as granted, or as revoked."""
    return await session.get(Document, (number, language, revoked))


async def number_by_digest(session: AsyncSession, digest: str) -> str | None:
    """Return the number of the file with this digest, if it is one of ours."""
    return await session.scalar(select(Document.number).where(Document.digest == digest).limit(1))


async def certificates_of(session: AsyncSession, application_id: UUID) -> list[Certificate]:
    """Return an application's certificates, newest first, without those of visits on which the mentor travelled."""
    others = sa.exists().where(col(Visit.id) == col(Certificate.visit_id), col(Visit.guest) == Party.MENTOR.value)
    query = select(Certificate).where(Certificate.application_id == application_id, ~others)
    return list((await session.scalars(query.order_by(col(Certificate.granted_at).desc()))).all())


async def certified(session: AsyncSession, visit_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these visits for which a certificate was granted, revoked or not."""
    query = select(Certificate.visit_id).where(col(Certificate.visit_id).in_(sorted(visit_ids)))
    return {found for found in await session.scalars(query) if found is not None}


async def of_visit(session: AsyncSession, visit_id: UUID) -> list[Certificate]:
    """Return a visit's certificates, newest first."""
    query = select(Certificate).where(Certificate.visit_id == visit_id)
    return list((await session.scalars(query.order_by(col(Certificate.granted_at).desc()))).all())
