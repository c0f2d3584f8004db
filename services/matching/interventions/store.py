"""The what-ifs with their state and outcome; they belong to matching and are not published.

A row is a job as well: an instance works on it while it has its lease, and after a restart it begins again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.facts.store.facts import Candidate, Seat
from services.matching.interventions.model import Comparison, OtherTerms, WhatIfState
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update
from shared.contracts.lifecycle.state_sets import SEAT_PUBLISHED_ONCE
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

_OPEN = text("state IN ('waiting', 'running')")
_NEWEST = 50


class WhatIf(Table, table=True):
    """A call matched again under other terms.

    `own` and `other` are the terms compared, complete; `revision` is that of the call then, `version` that of its
    facts.
    """

    __tablename__ = "what_if"
    __table_args__ = (
        Index("what_if_call", "call_id", "id"),
        Index("what_if_open", "id", postgresql_where=_OPEN),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    basis: str
    asked_by: str
    asked_at: datetime = Field(sa_column=moment())
    own: OtherTerms = Field(sa_column=document(OtherTerms))
    other: OtherTerms = Field(sa_column=document(OtherTerms))
    revision: int
    state: str
    step: int = 0
    steps: int
    version: int | None = None
    since: datetime = Field(sa_column=moment(index=True))
    outcome: Comparison | None = Field(default=None, sa_column=document(Comparison, nullable=True))
    problem: str | None = None
    cancelled_by: str | None = None


async def write(session: AsyncSession, row: WhatIf) -> None:
    """Insert or update a what-if."""
    await keep(session, [row])


async def what_if(session: AsyncSession, what_if_id: UUID, *, lock: bool = False) -> WhatIf | None:
    """Return one what-if; `lock` locks it until the end of the transaction."""
    query = select(WhatIf).where(col(WhatIf.id) == what_if_id)
    return (await session.scalars(for_update(query) if lock else query)).one_or_none()


async def listed(session: AsyncSession, call_id: UUID | None, *, limit: int = 100) -> list[WhatIf]:
    """Return the what-ifs of a call, or of all, the newest first."""
    query = select(WhatIf).order_by(col(WhatIf.id).desc()).limit(limit)
    return list(await session.scalars(query if call_id is None else query.where(col(WhatIf.call_id) == call_id)))


async def listed_from(session: AsyncSession, call_id: UUID | None, request: PageRequest) -> Sequence[WhatIf]:
    """Return one page of the what-ifs (and one more) of a call, or of all, the newest first."""
    query = select(WhatIf)
    if call_id is not None:
        query = query.where(col(WhatIf.call_id) == call_id)
    if request.since is not None:
        query = query.where(col(WhatIf.since) >= request.since)
    return (await session.scalars(cut(query, [col(WhatIf.id)], request, newest=True))).all()


async def asked_by(session: AsyncSession, by: str, call_id: UUID, version: int | None) -> list[WhatIf]:
    """Return the what-ifs of a call that a person asked for, the newest first.

    They wait, are under way, or were done with this version of the facts.
    """
    query = select(WhatIf).where(
        col(WhatIf.call_id) == call_id,
        col(WhatIf.asked_by) == by,
        col(WhatIf.state).in_([WhatIfState.WAITING, WhatIfState.RUNNING])
        | (col(WhatIf.state) == WhatIfState.DONE) & (col(WhatIf.version) == version),
    )
    return list(await session.scalars(query.order_by(col(WhatIf.id).desc()).limit(_NEWEST)))


async def open_ones(session: AsyncSession, *, limit: int = 500) -> list[UUID]:
    """Return the what-ifs that wait or are under way, the oldest first."""
    found = await session.scalars(select(col(WhatIf.id)).where(_OPEN).order_by(col(WhatIf.id)).limit(limit))
    return list(found)


async def open_count(session: AsyncSession) -> int:
    """Return how many wait or are under way."""
    return int(
        (await session.execute(text("SELECT count(*) FROM what_if WHERE state IN ('waiting', 'running')"))).scalar_one()
    )


async def advance(session: AsyncSession, what_if_id: UUID, step: int) -> tuple[bool, bool]:
    """Store the step that has begun; return whether it is a new one, and whether the what-if is still open."""
    row = await what_if(session, what_if_id, lock=True)
    if row is None or row.state != WhatIfState.RUNNING:
        return False, False
    moved, row.step = row.step != step, step
    return moved, True


async def took_part(session: AsyncSession, call_id: UUID) -> Sequence[Candidate]:
    """Return the applications that the call's matching ever covered.

    Eligible, unplaced at its close, or in a cohort.
    """
    found = await session.scalars(
        select(Candidate)
        .where(
            col(Candidate.call_id) == call_id,
            text(
                "(candidate.state IN ('eligible', 'unplaced') OR EXISTS"
                " (SELECT 1 FROM receipt r WHERE r.application_id = candidate.id))"
            ),
        )
        .order_by(col(Candidate.id))
    )
    return list(found)


async def was_offered(session: AsyncSession, call_id: UUID) -> Sequence[Seat]:
    """Return the offers and mentors of a call that were ever published and not taken back."""
    found = await session.scalars(
        select(Seat)
        .where(col(Seat.call_id) == call_id, col(Seat.state).in_(SEAT_PUBLISHED_ONCE))
        .order_by(col(Seat.id))
    )
    return list(found)
