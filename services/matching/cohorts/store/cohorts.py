"""The committed cohorts: who committed which pairs, with the runs and matches.

A cohort that is asked for again by the same person is answered from here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Field, col

from services.matching.tables import Table, document, keep, moment
from shared.contracts.codes import ApplicationKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

_NEWEST = 50


class Cohort(Table, table=True):
    """A committed cohort, or an exchange ring.

    `pairs` maps applications to their offers or mentors, `matches` to their new matches. `reserves` is the number of
    reserves proposed, None where none were asked for.
    """

    call_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    committed_by: str
    committed_at: datetime = Field(sa_column=moment())
    ring: UUID | None = None
    pairs: dict[UUID, UUID] = Field(sa_column=document(dict[UUID, UUID]))
    matches: dict[UUID, UUID] = Field(sa_column=document(dict[UUID, UUID]))
    runs: dict[ApplicationKind, UUID] = Field(sa_column=document(dict[ApplicationKind, UUID]))
    unmatched: int
    reserves: int | None = None


async def write(session: AsyncSession, row: Cohort) -> None:
    """Insert a cohort."""
    await keep(session, [row])


async def newest(session: AsyncSession, call_id: UUID) -> Cohort | None:
    """Return the newest cohort of a call."""
    query = select(Cohort).where(col(Cohort.call_id) == call_id).order_by(col(Cohort.number).desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def committed(
    session: AsyncSession, by: str, call_id: UUID, pairs: Mapping[UUID, UUID], *, reserves: bool, ring: bool
) -> Cohort | None:
    """Return the newest cohort (or `ring`) of just these pairs that this person committed.

    One without pairs has told those who wait why there is no place; it counts while it is the newest of the call.
    """
    if not pairs:
        found = [await newest(session, call_id)]
    else:
        query = select(Cohort).where(col(Cohort.call_id) == call_id, col(Cohort.committed_by) == by)
        found = list(await session.scalars(query.order_by(col(Cohort.number).desc()).limit(_NEWEST)))
    for row in found:
        if (
            row is not None
            and row.committed_by == by
            and row.pairs == pairs
            and (row.reserves is not None) == reserves
            and (row.ring is not None) == ring
        ):
            return row
    return None
