"""Read in one statement what belongs to a call's facts, and which transaction wrote each row.

PostgreSQL keeps with every row the number of the transaction that wrote it (`xmin`): another number, another row. So
one round trip tells which rows must be read again; most have not changed.
"""

# ruff: noqa: S608 - the queries are put together from constants only

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from services.matching.tables import Table
from shared.contracts.lifecycle.state_sets import APPLICATION_UNDECIDED, MENTORSHIP_OVER, SEAT_OPEN, in_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

Numbers = dict[UUID, int]
"""By id, and in its order, the number of the transaction that wrote the row."""

_WRITTEN = text(
    "SELECT 'version' AS what, NULL::uuid AS id, input_version::bigint AS number FROM pool WHERE call_id = :call"
    " UNION ALL SELECT 'cohort', NULL, cohort FROM pool WHERE call_id = :call"
    " UNION ALL SELECT 'call', id, xmin::text::bigint FROM call WHERE id = :call"
    " UNION ALL SELECT 'seat', id, xmin::text::bigint FROM seat"
    f"  WHERE call_id = :call AND state IN ({in_sql(SEAT_OPEN)})"
    " UNION ALL SELECT 'candidate', id, xmin::text::bigint FROM candidate WHERE call_id = :call AND state = 'eligible'"
    " UNION ALL SELECT 'standing', application_id, xmin::text::bigint FROM standing WHERE call_id = :call"
    " UNION ALL SELECT 'match', id, xmin::text::bigint FROM match WHERE call_id = :call"
    # The place of a match whose mentorship is over, or whose guest did not come, can be given again.
    " UNION ALL SELECT 'given_back', match_id, 0 FROM mentorship"
    f"  WHERE call_id = :call AND state IN ({in_sql(MENTORSHIP_OVER)})"
    " UNION ALL SELECT 'given_back', match_id, 0 FROM visit"
    "  WHERE call_id = :call AND state = 'no_show' AND offer_id IS NOT NULL"
    # The groups of which a member is not eligible yet, but may still be found so.
    " UNION ALL SELECT DISTINCT 'incomplete', group_id, 0 FROM candidate"
    f"  WHERE call_id = :call AND state IN ({in_sql(APPLICATION_UNDECIDED)})"
    "  AND group_id IS NOT NULL"
    " UNION ALL SELECT 'vacancy', match_id, 0 FROM vacancy WHERE call_id = :call"
    " UNION ALL SELECT 'exclusion', id, xmin::text::bigint FROM exclusion"
    " UNION ALL SELECT 'inactive', id, 0 FROM organisation WHERE NOT active"
    " UNION ALL SELECT 'suspended', NULL, count(*) FROM partner WHERE status = 'suspended'"
    " UNION ALL SELECT 'stays', NULL, 1 WHERE EXISTS (SELECT 1 FROM stay)"
    " ORDER BY what, id"
)


@dataclass(frozen=True, slots=True)
class RowVersions:
    """The rows of a call and of the register at one moment, by id, with the transaction that wrote each.

    `candidates` are its eligible applications, also those with a match; `seats` its offers and mentors that are
    published or paused; `given_back` matches whose place can be given again; `incomplete` groups of which a member may
    still become eligible; `inactive` organisations that take part in nothing new.
    """

    version: int
    cohort: int
    call: Numbers
    seats: Numbers
    candidates: Numbers
    standings: Numbers
    matches: Numbers
    given_back: frozenset[UUID]
    incomplete: frozenset[UUID]
    vacant: bool
    exclusions: Numbers
    inactive: frozenset[UUID]
    suspended: bool
    stays: bool


async def of_call(session: AsyncSession, call_id: UUID) -> RowVersions | None:
    """Return the row versions of a call; None while it has no facts."""
    found: Mapping[str, Numbers] = defaultdict(dict)
    alone: dict[str, int] = {}
    for what, id_, number in await session.execute(_WRITTEN, {"call": call_id}):
        if id_ is None:
            alone[what] = number
        else:
            found[what][id_] = number
    if "version" not in alone:
        return None
    return RowVersions(
        version=alone["version"],
        cohort=alone["cohort"],
        call=found["call"],
        seats=found["seat"],
        candidates=found["candidate"],
        standings=found["standing"],
        matches=found["match"],
        given_back=frozenset(found["given_back"]),
        incomplete=frozenset(found["incomplete"]),
        vacant=bool(found["vacancy"]),
        exclusions=found["exclusion"],
        inactive=frozenset(found["inactive"]),
        suspended=alone["suspended"] > 0,
        stays="stays" in alone,
    )


R = TypeVar("R", bound=Table)

_PART = 500
"""So many rows are read at once: a few tens of milliseconds."""


class RowCache(Generic[R]):
    """Rows of one table that were read before, by the column `key`; they are never changed."""

    def __init__(self, table: type[R], key: str = "id") -> None:
        self._table = table
        self._key = key
        self._rows: dict[UUID, tuple[int, R]] = {}

    def __len__(self) -> int:
        """Return how many rows are known."""
        return len(self._rows)

    async def read(self, session: AsyncSession, written: Mapping[UUID, int]) -> dict[UUID, R]:
        """Return the rows in `written`, by key and in its order; the session should see one snapshot."""
        known = self._rows
        self._rows = {id_: known[id_] for id_, number in written.items() if id_ in known and known[id_][0] == number}
        wanted = [id_ for id_ in written if id_ not in self._rows]
        key = col(getattr(self._table, self._key))
        for at in range(0, len(wanted), _PART):
            found = await session.scalars(select(self._table).where(key.in_(wanted[at : at + _PART])))
            for row in found.all():
                session.expunge(row)  # a transaction that is broken off empties the rows of its session
                id_ = getattr(row, self._key)
                self._rows[id_] = written[id_], row
        return {id_: self._rows[id_][1] for id_ in written if id_ in self._rows}
