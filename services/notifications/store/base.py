"""What do all tables of notifications have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.bus import bus_tables
from shared.identity import access_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Table(SQLModel):
    """The base of the tables of notifications."""

    metadata = metadata


async def put(session: AsyncSession, table: type[Table], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write whole rows (column -> value), one an id: new ones, and in the place of those that are there."""
    values = sorted(rows, key=lambda row: str(row["id"]))
    for start in range(0, len(values), 1000):
        new = insert(table).values(values[start : start + 1000])
        changes = {name: new.excluded[name] for name in values[start] if name != "id"}
        await session.execute(new.on_conflict_do_update(index_elements=["id"], set_=changes))
