"""The base and the metadata of all tables of the service, and writing many rows at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from shared.bus.db.transaction import driver
from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance
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


async def put(session: AsyncSession, model: type[Table], rows: Iterable[Table | DataclassInstance]) -> None:
    """Write whole rows, one an id: insert new ones and replace those that exist.

    A row is an object of the table, or of a dataclass with a field for each column, which is made ten times faster.
    """
    await _write(session, model, sorted(rows, key=_id), replace=True)


async def add(session: AsyncSession, model: type[Table], rows: Sequence[Table | DataclassInstance]) -> None:
    """Write whole rows in their order; those that exist stay as they are."""
    await _write(session, model, rows, replace=False)


def _id(row: Table | DataclassInstance) -> str:
    return str(getattr(row, "id"))  # noqa: B009 - neither type declares it, but each table here has an id


async def _write(
    session: AsyncSession, model: type[Table], rows: Sequence[Table | DataclassInstance], *, replace: bool
) -> None:
    """Write all rows in one statement with one JSON parameter, which is much faster than row by row."""
    if not rows:
        return
    statement, columns = _statement(model, replace=replace)
    values = [{column: getattr(row, name) for column, name in columns} for row in rows]
    await (await driver(session)).execute(statement, orjson.dumps(values, default=_plain).decode())


def _plain(value: object) -> object:
    """Return what orjson does not serialise by itself: the driver's own kind of UUID, and models."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError


@cache
def _statement(model: type[Table], *, replace: bool) -> tuple[str, list[tuple[str, str]]]:
    """Return the insert statement, and each column with its name in the model.

    The database casts each value to the type of its column.
    """
    table = table_of(model)
    mapper = sa.inspect(model)
    columns = [(str(column.name), mapper.get_property_by_column(column).key) for column in table.columns]
    quoted = [f'"{column}"' for column, _ in columns]
    names, conflict = ", ".join(quoted), "ON CONFLICT DO NOTHING"
    changes = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    if replace and changes:
        conflict = f"ON CONFLICT (id) DO UPDATE SET {changes}"
    statement = (
        f'INSERT INTO "{table.name}" ({names}) SELECT {names}'  # noqa: S608 - names of our own tables and columns
        f' FROM json_populate_recordset(NULL::"{table.name}", $1::text::json) {conflict}'
    )
    return statement, columns
