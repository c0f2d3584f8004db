"""The base of the portal's tables: one metadata, bulk upserts and paging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

metadata = own_metadata()


class Table(SQLModel):
    """The base of the portal's tables."""

    metadata = metadata


# The driver takes 32,767 parameters a statement; no table here has more than 30 columns.
_AT_ONCE = 1000


async def write_rows(session: AsyncSession, table: type[Table], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write whole rows (each with every column, by name), a thousand in one statement.

    They are sorted by key, so that two transactions that write the same rows wait for each other in one order only.
    """
    sql_table: sa.Table = table.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
    keys = [column.name for column in sql_table.primary_key]
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    for start in range(0, len(ordered), _AT_ONCE):
        new = insert(sql_table).values([dict(row) for row in ordered[start : start + _AT_ONCE]])
        changes = {column.name: new.excluded[column.name] for column in sql_table.columns if column.name not in keys}
        await session.execute(new.on_conflict_do_update(index_elements=keys, set_=changes))


if TYPE_CHECKING:
    import sqlalchemy as sa

    Query = TypeVar("Query", bound=sa.Select[*tuple[Any, ...]])

PAGE = 50
AT_ONCE = 100
"""The number of subjects on which a background loop acts in one transaction."""
MOST_IN_A_SWEEP = 10_000
"""The most subjects that a background loop takes on in one round."""


def one_page(query: Query, number: int, size: int = PAGE) -> Query:
    """Limit an ordered query to one page, counted from 1."""
    return query.limit(size).offset((number - 1) * size)
