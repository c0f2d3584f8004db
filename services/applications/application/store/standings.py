"""The projected states of eligible applications, from the events of matching and reporting.

Lists, filters and the officer's page all read this table; `overview/store/progress.py` writes it as it reads what
happened to matches, visits and mentorships. An eligible application without a row is in matching.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.applications.tables import Table
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.next_steps import Dues


class Standing(Table, table=True):
    """The projected state of one application, with its sources."""

    __tablename__ = "standing"

    application_id: UUID = Field(primary_key=True)
    state: str = Field(index=True, description="A projected ApplicationState: in_matching, matched, offered ...")
    since: datetime = Field(index=True, sa_type=sa.DateTime(timezone=True))
    due: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    changes_at: datetime | None = Field(
        default=None,
        sa_type=sa.DateTime(timezone=True),
        description="The beginning of a planned visit, or the end of a time to answer",
    )
    due_then: datetime | None = Field(
        default=None, sa_type=sa.DateTime(timezone=True), description="Due in place of `due` from `changes_at` on"
    )
    match_id: UUID | None = Field(default=None, index=True)
    cleared_ahead: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": sa.false()},
        description="It waits, and both countries have cleared it beforehand for a place",
    )

    @property
    def due_now(self) -> datetime | None:
        """Until when the next step is asked for now."""
        return self.due_then if self.changes_at is not None and self.changes_at <= clock.now() else self.due


async def put_standings(session: AsyncSession, rows: Sequence[Standing]) -> None:
    """Write the states of applications in one statement; the last of several rows of one application counts."""
    newest = {row.application_id: row for row in rows}
    if not newest:
        return
    new = insert(Standing).values([newest[key].model_dump() for key in sorted(newest)])
    changes = {name: new.excluded[name] for name in ("state", "since", "match_id", "cleared_ahead")}
    await session.execute(new.on_conflict_do_update(index_elements=["application_id"], set_=changes))


# Rows are locked in the order in which `put_standings` writes them.
_PUT_DUE = sa.text("""
WITH new AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:due AS timestamptz[]), CAST(:changes_at AS timestamptz[]),
                                  CAST(:due_then AS timestamptz[])) AS n(id, due, changes_at, due_then)),
     held AS (SELECT application_id FROM standing WHERE application_id IN (SELECT id FROM new)
              ORDER BY application_id FOR UPDATE)
UPDATE standing SET due = new.due, changes_at = new.changes_at, due_then = new.due_then FROM new, held
WHERE standing.application_id = held.application_id AND new.id = held.application_id
  AND (standing.due, standing.changes_at, standing.due_then)
      IS DISTINCT FROM (new.due, new.changes_at, new.due_then)
""")


async def put_due(session: AsyncSession, dues: Mapping[UUID, Dues]) -> None:
    """Write until when the next step of these applications is asked for, where it has changed."""
    ids = sorted(dues)
    values = {name: [getattr(dues[id_], name) for id_ in ids] for name in ("due", "changes_at", "due_then")}
    await session.execute(_PUT_DUE, {"ids": ids, **values})


async def standing_of(session: AsyncSession, application_id: UUID) -> Standing | None:
    """Return the projected state of an application; None while nothing was proposed for it."""
    return await session.get(Standing, application_id)


async def standings_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Return the projections of these applications, as far as something was proposed for them."""
    query = select(Standing).where(col(Standing.application_id).in_(sorted(ids))).order_by(col(Standing.application_id))
    return {standing.application_id: standing for standing in await session.scalars(query)}


async def states_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the projected states of these applications, as far as something was proposed for them."""
    query = sa.select(col(Standing.application_id), col(Standing.state)).where(
        col(Standing.application_id).in_(sorted(ids))
    )
    rows = await session.execute(query.order_by(col(Standing.application_id)))
    return {row[0]: row[1] for row in rows.all()}
