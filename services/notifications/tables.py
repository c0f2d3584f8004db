"""The base and the metadata of all tables of the service, and writing many rows at once."""

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
    """The base of the tables of the service."""

    metadata = metadata


def table_of(model: type[Table]) -> sa.Table:
    """Return the table behind a model; a statement on it is compiled once for any number of rows."""
    return metadata.tables[str(model.__tablename__)]


def among(column: Mapped[UUID], ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of these ids, as one array parameter.

    `IN` has a parameter for each id, so the statement would be parsed and planned anew for every count.
    """
    return column == sa.any_(sa.literal(sorted(ids), _IDS))


async def put(session: AsyncSession, model: type[Table], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write whole rows (column -> value), one an id: insert new ones and replace those that exist."""
    await _write(session, model, sorted(rows, key=lambda row: str(row["id"])), replace=True)


async def add(session: AsyncSession, model: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows (column -> value, the same columns in each) in their order; those that exist stay as they are."""
    await _write(session, model, rows, replace=False)


async def _write(
    session: AsyncSession, model: type[Table], rows: Sequence[Mapping[str, Any]], *, replace: bool
) -> None:
    """Write all rows in one statement with one JSON parameter, which is much faster than row by row."""
    if rows:
        statement = _statement(table_of(model), tuple(rows[0]), replace=replace)
        await (await driver(session)).execute(statement, orjson.dumps(list(rows), default=_plain).decode())


def _plain(value: object) -> str:
    """Return the text of the driver's own kind of UUID, which orjson does not serialise."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


@cache
def _statement(table: sa.Table, names: tuple[str, ...], *, replace: bool) -> str:
    """Return the insert statement; the database casts each value to the type of its column."""
    quoted = [f'"{name}"' for name in names]
    columns, conflict = ", ".join(quoted), "ON CONFLICT DO NOTHING"
    changes = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    if replace and changes:
        conflict = f"ON CONFLICT (id) DO UPDATE SET {changes}"
    return (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {columns}'  # noqa: S608 - names of our own tables and columns
        f' FROM json_populate_recordset(NULL::"{table.name}", $1::text::json) {conflict}'
    )
