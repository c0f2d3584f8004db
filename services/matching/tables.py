"""The parts that all tables of matching share: the metadata, column types, and writing many rows at once."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import Column, DateTime, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from shared.bus.db.documents import JsonDocument
from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Table as SqlTable
    from sqlalchemy import TextClause
    from sqlalchemy.ext.asyncio import AsyncSession

metadata = own_metadata()
_PART = 2_000
"""So many rows are written at once: what one statement takes stays small, and the loop serves others in between."""


class Table(SQLModel):
    """The base of matching's tables."""

    metadata = metadata


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """Return a column for a moment of domain time, with its zone."""
    return Column(DateTime(timezone=True), nullable=nullable, index=index)


def document(of: Any = None, *, nullable: bool = False) -> Any:
    """Return a column for a part of a contract, as JSON; its value is `of` that type, where it is given."""
    return Column(JSONB(none_as_null=True) if of is None else JsonDocument(of), nullable=nullable)


async def keep(session: AsyncSession, rows: Sequence[Table], *, only_new: bool = False) -> None:
    """Write rows of one table, new or changed (or `only_new` ones); the last of two with the same key counts.

    They are sent as one JSON text that PostgreSQL takes apart, however many they are, because a parameter for each
    value is much slower.
    """
    if not rows:
        return
    table = type(rows[0]).__table__  # type: ignore[attr-defined]  # SQLModel gives every table class one
    keys = [column.name for column in table.primary_key]
    documents = {column.name: column.type for column in table.columns if isinstance(column.type, JsonDocument)}
    names = [column.name for column in table.columns]
    newest = {tuple(getattr(row, key) for key in keys): row for row in rows}
    values = ({name: getattr(row, name) for name in names} for row in newest.values())
    if documents:
        values = (each | {name: type_.as_json(each[name]) for name, type_ in documents.items()} for each in values)
    for part in batched(values, _PART):
        as_json = orjson.dumps(part, default=_written).decode()
        await session.execute(_keep_into(table, only_new=only_new), {"rows": as_json})


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
