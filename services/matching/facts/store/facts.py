"""The facts that matching knows from the portal: calls, applications, offers, mentors and the register.

All tables are projections, so a rebuild empties them and reads them again. Ids across topics are no foreign keys, since
topics arrive in any order; rows are joined when they are read.
"""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - SQLModel reads the annotations
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import Index, bindparam, select, text
from sqlmodel import Field, col

from services.matching.tables import Table, document, moment
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Table as SqlTable
    from sqlalchemy import TextClause
    from sqlalchemy.ext.asyncio import AsyncSession


class Call(Table, table=True):
    """A call as it was last published or revised."""

    id: UUID = Field(primary_key=True)
    reference: str
    title: str
    state: str
    terms: dict[str, Any] = Field(sa_column=document())
    changed_at: datetime = Field(sa_column=moment())


class Candidate(Table, table=True):
    """An application with the facts that rules and matching use; it holds no name."""

    __table_args__ = (
        Index("candidate_pool", "call_id", "state", "id"),
        Index("candidate_country", "country", "reference"),
        Index("candidate_reference", "reference"),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    reference: str
    kind: str
    country: str
    organisation_id: UUID
    state: str
    group_id: UUID | None = None
    profile: dict[str, Any] = Field(sa_column=document())
    submitted_at: datetime = Field(sa_column=moment())
    changed_at: datetime = Field(sa_column=moment())


class Seat(Table, table=True):
    """A seat: an offer of a placement with its terms, or a mentor with the profile."""

    __table_args__ = (
        Index("seat_call", "call_id", "kind", "id"),
        Index("seat_country", "country", "reference"),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    call_id: UUID
    reference: str
    title: str
    country: str
    organisation_id: UUID
    state: str
    terms: dict[str, Any] = Field(sa_column=document())
    changed_at: datetime = Field(sa_column=moment())


class Organisation(Table, table=True):
    """An organisation of the register: its name is public."""

    id: UUID = Field(primary_key=True)
    name: str
    kind: str
    country: str
    active: bool


class Partner(Table, table=True):
    """The status of a partner country, from a day on."""

    country: str = Field(primary_key=True)
    status: str
    since: date


class Fund(Table, table=True):
    """A fund and the period for which it pays."""

    id: UUID = Field(primary_key=True)
    name: str
    since: date
    until: date | None = None
    active: bool


class Exclusion(Table, table=True):
    """Two countries or organisations that the programme keeps apart."""

    id: UUID = Field(primary_key=True)
    first: str
    second: str
    since: date
    until: date | None = None
    confidential: bool


class Need(Table, table=True):
    """A training need from the OTNA; a call cites it by its id."""

    id: UUID = Field(primary_key=True)
    country: str
    topic: str
    area: str | None = None
    since: date
    until: date
    withdrawn: bool


_PART = 2_000
"""So many rows are written at once: what one statement takes stays small, and the loop serves others in between."""

PROJECTIONS = ("call", "candidate", "seat", "organisation", "partner", "fund", "exclusion", "need")


async def keep(session: AsyncSession, rows: Sequence[Table], *, only_new: bool = False) -> None:
    """Write rows of one table, new or changed (or `only_new` ones); the last of two with the same key counts.

    They are sent as one JSON text that PostgreSQL takes apart, however many they are, because a parameter for each
    value is much slower.
    """
    if not rows:
        return
    table = type(rows[0]).__table__  # type: ignore[attr-defined]  # SQLModel gives every table class one
    names, keys = [column.name for column in table.columns], [column.name for column in table.primary_key]
    newest = {tuple(getattr(row, key) for key in keys): row for row in rows}
    for part in batched(({name: getattr(row, name) for name in names} for row in newest.values()), _PART):
        text = orjson.dumps(part, default=_written).decode()
        await session.execute(_keep_into(table, only_new=only_new), {"rows": text})


def batched(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Return the rows in lists of at most `size`."""
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


def _written(value: object) -> str:
    """Return a value that JSON does not know as PostgreSQL reads it: bytes, and the ids of its driver."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a column")


@cache
def _keep_into(table: SqlTable, *, only_new: bool) -> TextClause:
    """Return the statement that writes rows (a JSON list of objects) into a table, new or changed."""
    names, keys = [column.name for column in table.columns], [column.name for column in table.primary_key]
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in keys and not only_new)
    listed = ", ".join(f'"{name}"' for name in names)
    return text(
        f'INSERT INTO "{table.name}" ({listed}) SELECT {listed}'  # noqa: S608 - names of our own tables and columns
        f' FROM jsonb_populate_recordset(CAST(NULL AS "{table.name}"), CAST(:rows AS jsonb))'
        f" ON CONFLICT ({', '.join(keys)}) DO {f'UPDATE SET {changed}' if changed else 'NOTHING'}"
    )


_CANDIDATES = (
    select(Candidate).where(col(Candidate.id).in_(bindparam("ids", expanding=True))).order_by(col(Candidate.id))
)
"""Asked with each batch of events, so it is put together once."""


async def candidates(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Candidate]:
    """Return the applications with these ids, as far as they have arrived."""
    found = await session.scalars(_CANDIDATES, {"ids": list(ids)})
    return {row.id: row for row in found}


async def seats(session: AsyncSession, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Seat]:
    """Return the offers and mentors with these ids.

    `lock` locks them, so that only one transaction fills their weeks.
    """
    query = select(Seat).where(col(Seat.id).in_(ids)).order_by(col(Seat.id))
    found = await session.scalars(for_update(query) if lock else query)
    return {row.id: row for row in found}


async def calls(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Call]:
    """Return the calls with these ids, as far as they have arrived."""
    found = await session.scalars(select(Call).where(col(Call.id).in_(ids)).order_by(col(Call.id)))
    return {row.id: row for row in found}


async def all_calls(session: AsyncSession) -> list[Call]:
    """Return all calls: open ones first, then the newest."""
    found = await session.scalars(select(Call).order_by(text("state = 'closed'"), col(Call.id).desc()))
    return list(found)


async def open_calls(session: AsyncSession) -> set[UUID]:
    """Return the ids of the calls that are still matched."""
    found = await session.scalars(select(col(Call.id)).where(col(Call.state) != "closed").order_by(col(Call.id)))
    return set(found)


async def seats_of(session: AsyncSession, call_id: UUID, kind: str) -> list[Seat]:
    """Return the offers (`placement`) or mentors (`mentor`) of a call that are published or paused, by id."""
    published = col(Seat.call_id) == call_id, col(Seat.state).in_(("published", "paused"))
    return list(await session.scalars(select(Seat).where(*published, col(Seat.kind) == kind).order_by(col(Seat.id))))


async def suspended(session: AsyncSession) -> dict[str, date]:
    """Return the suspended partner countries, each with the first day."""
    found = await session.scalars(select(Partner).where(col(Partner.status) == "suspended"))
    return {row.country: row.since for row in found}


async def needs(session: AsyncSession, cited: Collection[UUID]) -> list[Need]:
    """Return the cited training needs by id."""
    return list(await session.scalars(select(Need).where(col(Need.id).in_(cited)).order_by(col(Need.id))))


async def organisation_names(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the published names of organisations."""
    found = await session.scalars(
        select(Organisation).where(col(Organisation.id).in_(ids)).order_by(col(Organisation.id))
    )
    return {row.id: row.name for row in found}
