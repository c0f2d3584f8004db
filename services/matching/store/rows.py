"""Which rows have been written since they were read last? A call is read anew only as far as it has changed.

The numbers of the transactions that wrote all rows (`written.py`) are read in one snapshot with those rows that have to
be read again, a part at a time, so that other work goes on between the parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import select
from sqlmodel import col

from services.matching.store.base import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

R = TypeVar("R", bound=Table)

_PART = 500
"""So many rows are read at once: a few tens of milliseconds."""


class Kept(Generic[R]):
    """Rows of one table that were read before, by the column `key`. Nobody changes them."""

    def __init__(self, table: type[R], key: str = "id") -> None:
        self._table = table
        self._key = key
        self._rows: dict[UUID, tuple[int, R]] = {}

    def __len__(self) -> int:
        """How many rows are known."""
        return len(self._rows)

    async def read(self, session: AsyncSession, written: Mapping[UUID, int]) -> dict[UUID, R]:
        """The rows that are `written`, by key and in its order; the session should see one snapshot."""
        known = self._rows
        self._rows = {one: known[one] for one, number in written.items() if one in known and known[one][0] == number}
        wanted = [one for one in written if one not in self._rows]
        key = col(getattr(self._table, self._key))
        for at in range(0, len(wanted), _PART):
            found = await session.scalars(select(self._table).where(key.in_(wanted[at : at + _PART])))
            for row in found.all():
                session.expunge(row)  # a transaction that is broken off empties the rows of its session
                one = getattr(row, self._key)
                self._rows[one] = written[one], row
        return {one: self._rows[one][1] for one in written if one in self._rows}
