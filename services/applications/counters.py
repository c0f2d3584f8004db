"""Count series, such as the references of one country and year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlmodel import Field

from services.applications.tables import Table
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Counter(Table, table=True):
    """The last number of a series."""

    __tablename__ = "counter"

    series: str = Field(primary_key=True)
    last: int


def this_year() -> int:
    """Return the year that a reference made now names: that of the programme's seat."""
    return clock.now().astimezone(ZONE).year


async def next_number(session: AsyncSession, series: str) -> int:
    """Return the next number of `series`, from 1; its row stays locked until the commit, so that no number repeats."""
    statement = text(
        "INSERT INTO counter AS c (series, last) VALUES (:series, 1)"
        " ON CONFLICT (series) DO UPDATE SET last = c.last + 1 RETURNING last"
    )
    return int((await session.execute(statement, {"series": series})).scalar_one())
