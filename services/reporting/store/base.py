"""What do all tables of reporting have in common? One metadata, names that migrations can count on, sets of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.bus import bus_tables
from shared.identity import access_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)
bus_tables(metadata)
access_table(metadata)

# The driver takes 32,767 parameters a statement; no table here has more than 20 columns.
_AT_ONCE = 1500


class Table(SQLModel):
    """The base of reporting's tables."""

    metadata = metadata


async def write_rows(
    session: AsyncSession, table: type[Table], rows: Iterable[Mapping[str, Any]], *, replace: bool = True
) -> None:
    """Write whole rows (each with every column, by name), one statement for many.

    Rows with a known key are replaced, or left as they are. Sorted by key, so that two transactions that write the same
    rows wait for each other in one order only.
    """
    made: sa.Table = table.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
    keys = [column.name for column in made.primary_key]
    ordered = sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))
    for start in range(0, len(ordered), _AT_ONCE):
        new = insert(made).values([dict(row) for row in ordered[start : start + _AT_ONCE]])
        changes = {column.name: new.excluded[column.name] for column in made.columns if column.name not in keys}
        await session.execute(
            new.on_conflict_do_update(index_elements=keys, set_=changes) if replace else new.on_conflict_do_nothing()
        )
