"""The projection of cases: one row an application, placement, mentor, match, visit and mentorship, ids only."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.notifications.cases.model import Case, case_in, case_key, id_of
from services.notifications.tables import Table, put, table_of
from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class CaseRow(Table, table=True):
    """A `Case` after its newest event."""

    __tablename__ = "case"

    id: UUID = Field(primary_key=True)
    topic: str
    application_id: UUID | None = Field(default=None)
    reference: str = Field(default="", index=True)
    call_id: UUID | None = None
    country: str | None = None
    organisation_id: UUID | None = None
    host_country: str | None = None
    host_organisation_id: UUID | None = None
    offer_id: UUID | None = None
    mentor_id: UUID | None = None
    match_id: UUID | None = None
    guest: str | None = None

    def case(self) -> Case:
        """Return the case of the model."""
        return Case(*(getattr(self, name) for name in _FIELDS))


_FIELDS = tuple(field.name for field in fields(Case))
_COLUMNS = tuple(table_of(CaseRow).c[name] for name in _FIELDS)
_IS_WANTED = table_of(CaseRow).c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
_DIALECT = sa.make_url("postgresql+asyncpg://").get_dialect()()
_SELECT = str(sa.select(*_COLUMNS).where(_IS_WANTED).compile(dialect=_DIALECT))
"""A case's columns in the order of its fields: asked for past the mapper, which costs several times as much."""


async def evolve(tx: Tx, events: Sequence[Envelope]) -> dict[UUID, Case]:
    """Save each case as its newest event describes it; return those that were described."""
    described = {case.id: case for event in events if (case := case_in(event)) is not None}
    await put(tx.session, CaseRow, described.values())
    return described


async def cases(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Case]:
    """Return the cases with these ids, as far as they are known."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await (await driver(session)).fetch(_SELECT, sorted(wanted))
    return {row["id"]: Case(*row) for row in rows}


async def cases_of(session: AsyncSession, events: Sequence[Envelope]) -> dict[UUID, Case]:
    """Return the cases of events with the references of their applications, as far as both are known."""
    found = await cases(session, (id_of(case_key(event)[1]) for event in events))
    return await with_references(session, found)


async def with_references(session: AsyncSession, found: dict[UUID, Case]) -> dict[UUID, Case]:
    """Return those of the cases whose reference is known: their own, or their application's."""
    unnamed = {case.application_id for case in found.values() if not case.reference and case.application_id is not None}
    applications = await cases(session, unnamed)
    whole = {}
    for id_, case in found.items():
        if case.reference or case.application_id is None:
            whole[id_] = case
        elif (application := applications.get(case.application_id)) is not None:
            whole[id_] = replace(case, reference=application.reference)
    return whole
