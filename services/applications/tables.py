"""The base of the portal's tables: one metadata, bulk upserts and paging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.runtime.tables import own_metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

metadata = own_metadata()


class Table(SQLModel):
    """The base of the portal's tables."""

    metadata = metadata


async def write_rows(session: AsyncSession, rows: Iterable[Table], *, fixed: Collection[str] = ()) -> None:
    """Write whole rows of one table, new ones and those whose key is known; the columns in `fixed` never change.

    They are sorted by key, so that two transactions that write the same rows wait for each other in one order only.
    """
    written = list(rows)
    if not written:
        return
    table: sa.Table = type(written[0]).__table__  # type: ignore[attr-defined]  # SQLModel adds it
    keys = [column.name for column in table.primary_key]
    values = [{column.name: getattr(row, column.name) for column in table.columns} for row in written]
    values.sort(key=lambda row: tuple(row[key] for key in keys))
    new = insert(table)
    changes = {name: new.excluded[name] for name in values[0] if name not in {*keys, *fixed}}
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=changes), values)


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
