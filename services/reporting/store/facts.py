"""Which events happened? The table of facts, from which all figures are computed and every journey is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - SQLModel reads the annotations
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.reporting.model.facts import USED, Fact, fact_of
from services.reporting.store.base import Table, write_rows
from shared.contracts import applications

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class FactRow(Table, table=True):
    """One event: what it is about, when, whose story it belongs to, and the values that figures use."""

    __tablename__ = "fact"
    __table_args__ = (
        sa.Index("fact_type", "type", "day"),
        sa.Index("fact_story", "story", "occurred_at"),
        sa.Index("fact_subject", "subject", "type"),
    )

    id: UUID = Field(primary_key=True)
    topic: str
    type: str
    subject: str
    sequence: int = Field(sa_type=sa.BigInteger)
    source: str = Field(description="The service that owns the event")
    occurred_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    day: date = Field(description="Business date")
    story: str = Field(description="Correlation: mostly the application")
    values: dict[str, Any] = Field(sa_type=JSONB)


class Application(Table, table=True):
    """An application by its reference, for the journey's page and for forms."""

    __tablename__ = "application"

    id: UUID = Field(primary_key=True)
    reference: str = Field(index=True)
    kind: str
    country: str
    objectives: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a journey."""

    id: UUID
    type: str
    topic: str
    source: str
    subject: str
    occurred_at: datetime
    day: date


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of every topic of which facts are kept."""
    rows = []
    for event in events:
        fact = fact_of(event)
        rows.append(
            {
                "id": fact.id,
                "topic": fact.topic,
                "type": fact.type,
                "subject": fact.subject,
                "sequence": fact.sequence,
                "source": event.source.rpartition(":")[2],
                "occurred_at": fact.occurred_at,
                "day": fact.day,
                "story": fact.story,
                "values": dict(fact.values),
            }
        )
    await write_rows(tx.session, FactRow, rows, replace=False)
    if rows:
        await tx.changed("figures")


async def evolve_applications(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of exchange.applications: facts, and what is known of each application."""
    await evolve(tx, events)
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        match event.data:
            case (
                applications.ApplicationSubmitted(profile=profile)
                | applications.ApplicationResubmitted(profile=profile)
                | applications.ApplicationChanged(profile=profile)
            ):
                rows[event.subject] = {
                    "id": UUID(event.subject),
                    "reference": profile.reference,
                    "kind": profile.kind.value,
                    "country": profile.country,
                    "objectives": profile.objectives,
                }
            case _:
                continue
    await write_rows(tx.session, Application, rows.values())


async def used(session: AsyncSession, types: Collection[str] = USED) -> list[Fact]:
    """All facts of these types."""
    query = sa.select(
        col(FactRow.id),
        col(FactRow.type),
        col(FactRow.subject),
        col(FactRow.sequence),
        col(FactRow.occurred_at),
        col(FactRow.day),
        col(FactRow.topic),
        col(FactRow.story),
        col(FactRow.values),
    )
    query = query.where(col(FactRow.type).in_(sorted(types))).order_by(col(FactRow.type), col(FactRow.day))
    return [Fact(*row) for row in (await session.execute(query)).all()]


async def span(session: AsyncSession) -> tuple[date, date] | None:
    """The first and the last business date of all facts that figures use; None where there is none."""
    query = sa.select(sa.func.min(FactRow.day), sa.func.max(FactRow.day)).where(col(FactRow.type).in_(USED))
    first, last = (await session.execute(query)).one()
    return None if first is None else (first, last)


async def steps(session: AsyncSession, *, story: str | None = None, ids: Collection[UUID] = ()) -> list[Step]:
    """The events of one story, or those with these ids, oldest first."""
    query = sa.select(
        col(FactRow.id),
        col(FactRow.type),
        col(FactRow.topic),
        col(FactRow.source),
        col(FactRow.subject),
        col(FactRow.occurred_at),
        col(FactRow.day),
    )
    query = query.where(col(FactRow.story) == story) if story else query.where(col(FactRow.id).in_(sorted(ids)))
    rows = await session.execute(
        query.order_by(col(FactRow.occurred_at), col(FactRow.topic), col(FactRow.sequence), col(FactRow.id))
    )
    return [Step(*row) for row in rows.all()]


async def application(session: AsyncSession, key: str) -> Application | None:
    """The application with that id or reference."""
    try:
        query = select(Application).where(Application.id == UUID(key))
    except ValueError:
        query = select(Application).where(Application.reference == key.upper())
    return (await session.execute(query)).scalars().first()


async def references(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """The references of these applications, by id."""
    query = select(Application).where(col(Application.id).in_(sorted(ids))).order_by(col(Application.id))
    return {row.id: row.reference for row in await session.scalars(query)}
