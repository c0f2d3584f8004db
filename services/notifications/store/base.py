"""What do all tables of notifications have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.bus import bus_tables
from shared.identity import access_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

metadata = sa.MetaData(
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


def table_of(model: type[Table]) -> sa.Table:
    """The table behind a model: statements on it are compiled once, however many rows they are given."""
    return metadata.tables[str(model.__tablename__)]


async def put(session: AsyncSession, model: type[Table], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write whole rows (column -> value), one an id: new ones, and in the place of those that are there."""
    values = sorted(rows, key=lambda row: str(row["id"]))
    if values:
        table = table_of(model)
        new = insert(table)
        changes = {column.name: new.excluded[column.name] for column in table.columns if column.name != "id"}
        statement = new.on_conflict_do_nothing()
        if changes:
            statement = new.on_conflict_do_update(index_elements=["id"], set_=changes)
        await session.execute(statement, [dict(row) for row in values])
