"""What do all tables of notifications have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from shared.bus.db.transaction import driver
from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Mapped

metadata = own_metadata()
_IDS = ARRAY(sa.Uuid)


class Table(SQLModel):
    """The base of the tables of notifications."""

    metadata = metadata


def table_of(model: type[Table]) -> sa.Table:
    """The table behind a model: statements on it are compiled once, however many rows they are given."""
    return metadata.tables[str(model.__tablename__)]


def among(column: Mapped[UUID], ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """Whether an id is one of these: one array, so that a statement is the same text for any number of them.

    `IN` has a place for each, so that a thousand are written out, parsed and planned anew each time.
    """
    return column == sa.any_(sa.literal(sorted(ids), _IDS))


async def put(session: AsyncSession, model: type[Table], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write whole rows (column -> value), one an id: new ones, and in the place of those that are there."""
    await _write(session, model, sorted(rows, key=lambda row: str(row["id"])), replace=True)


async def add(session: AsyncSession, model: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows (column -> value, the same columns in each) in their order; those that are there stay as they are."""
    await _write(session, model, rows, replace=False)


async def _write(
    session: AsyncSession, model: type[Table], rows: Sequence[Mapping[str, Any]], *, replace: bool
) -> None:
    """One statement for all, as one JSON text: a thousand rows one by one take several times as long on both sides."""
    if rows:
        statement = _statement(table_of(model), tuple(rows[0]), replace=replace)
        await (await driver(session)).execute(statement, orjson.dumps(list(rows), default=_plain).decode())


def _plain(value: object) -> str:
    """The driver's own kind of UUID, which orjson does not take for one."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


@cache
def _statement(table: sa.Table, names: tuple[str, ...], *, replace: bool) -> str:
    """The database gives each value the type of its column."""
    quoted = [f'"{name}"' for name in names]
    columns, conflict = ", ".join(quoted), "ON CONFLICT DO NOTHING"
    changes = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    if replace and changes:
        conflict = f"ON CONFLICT (id) DO UPDATE SET {changes}"
    return (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {columns}'  # noqa: S608 - names of our own tables and columns
        f' FROM json_populate_recordset(NULL::"{table.name}", $1::text::json) {conflict}'
    )
