"""Define what all tables of reporting share: the metadata, and how rows are written in one statement."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import SQLModel

from shared.bus.db.documents import JsonDocument
from shared.bus.db.transaction import driver
from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import sqlalchemy as sa
    from _typeshed import DataclassInstance
    from sqlalchemy.ext.asyncio import AsyncSession

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
metadata = own_metadata()


class Table(SQLModel):
    """The base of reporting's tables."""

    metadata = metadata


async def write_rows(
    session: AsyncSession, table: type[Table], rows: Iterable[Table | DataclassInstance], *, replace: bool = True
) -> None:
    """Write whole rows in one statement: objects of the table, or of a dataclass with a field for each column.

    A dataclass is made and read ten times faster, which matters where a rebuild writes many.
    Rows with a known key are replaced, or with `replace=False` left as they are. Rows are sorted by key, so that two
    transactions that write the same rows wait for each other in one order only.
    """
    columns_of: sa.Table = table.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
    keys = [column.name for column in columns_of.primary_key]
    ordered = sorted(rows, key=lambda row: [str(getattr(row, key)) for key in keys])
    if not ordered:
        return
    await session.flush()
    statement, writers = _insert(columns_of, replace=replace)
    columns = [
        [getattr(row, name) if write is _as_it_is else write(getattr(row, name)) for row in ordered]
        for name, write in writers.items()
    ]
    await (await driver(session)).execute(statement, *columns)


@cache
def _insert(table: sa.Table, *, replace: bool) -> tuple[str, dict[str, Callable[[Any], Any]]]:
    """Return the statement that takes one list a column, and for each column the function that prepares its values.

    One parameter a column rather than one a value: a statement with a parameter for each value is slow to build.
    """
    parameters, expressions = [], []
    writers: dict[str, Callable[[Any], Any]] = {}
    for number, column in enumerate(table.columns, 1):
        kind = column.type.compile(_DIALECT)
        write: Callable[[Any], Any] = _as_it_is
        name = f'"{column.name}"'
        if isinstance(column.type, JSONB | JsonDocument):
            kind, write, expression = "TEXT", _json_writer(column.type), f"{name}::jsonb"
        elif isinstance(column.type, ARRAY):  # PostgreSQL's arrays of arrays must be rectangular
            write, expression, kind = _array_text, f"{name}::{kind}", "TEXT"
        else:
            expression = name
        parameters.append(f"${number}::{kind}[]")
        expressions.append(expression)
        writers[column.name] = write
    names = ", ".join(f'"{name}"' for name in writers)
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in writers if name not in keys)
    found = ", ".join(f'"{key}"' for key in keys)
    act = f"({found}) DO UPDATE SET {changes}" if replace and changes else "DO NOTHING"
    # The statement holds no input: names and types are those of our own tables.
    statement = (
        f'INSERT INTO "{table.name}" ({names}) SELECT {", ".join(expressions)}'  # noqa: S608 - constants of ours
        f" FROM unnest({', '.join(parameters)}) AS new({names}) ON CONFLICT {act}"
    )
    return statement, writers


def _json_writer(kind: JSONB | JsonDocument) -> Callable[[Any], str | None]:
    return (lambda value: json_text(kind.as_json(value))) if isinstance(kind, JsonDocument) else json_text


def json_text(value: Any) -> str | None:
    """Return a value as JSON text; ids, dates and codes become text."""
    return None if value is None else orjson.dumps(value).decode()


def _array_text(value: Iterable[Any] | None) -> str | None:
    return None if value is None else "{" + ",".join(str(each) for each in value) + "}"


def _as_it_is(value: Any) -> Any:
    return value
