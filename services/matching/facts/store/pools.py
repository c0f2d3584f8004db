"""The version of each call's facts, how far it is matched, and its provisional matches.

`input_version` grows with everything that could change a call's matching; the instance with the call's lease matches
and stores the version it has used (design.md, "One at a time"). Provisional pairs are stored only here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, bindparam, select, text
from sqlmodel import Field, col

from services.matching.tables import Table, keep, moment
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class Pool(Table, table=True):
    """The progress of a call's matching; `cohort` counts its committed cohorts."""

    call_id: UUID = Field(primary_key=True)
    input_version: int
    matched_version: int = 0
    matched_on: date | None = None
    cohort: int = 0


class Standing(Table, table=True):
    """The provisional seat of an eligible application without a match, or why it has none.

    `score` is what the applicant gains, `host_score` what the host prefers; `rule` is the hard rule that took the last
    seat away, `reason` the engine's code. `since` is when this seat, or none, was found first.
    """

    __table_args__ = (Index("standing_call", "call_id", "kind", "seat_id"),)

    application_id: UUID = Field(primary_key=True)
    call_id: UUID
    kind: str
    seat_id: UUID | None = None
    score: int = 0
    host_score: int = 0
    reason: str | None = None
    rule: str | None = None
    feasible: int | None = None
    since: datetime = Field(sa_column=moment(index=True))


class Vacancy(Table, table=True):
    """A place that fell free and is to be offered to the next in line; `cause_id` is the fact that freed it."""

    __table_args__ = (Index("vacancy_call", "call_id", "match_id"),)

    match_id: UUID = Field(primary_key=True)
    call_id: UUID
    kind: str
    seat_id: UUID
    application_id: UUID
    run_id: UUID
    cause_id: UUID


_TOUCH = text(
    "INSERT INTO pool AS p (call_id, input_version, matched_version, cohort)"
    " SELECT id, 1, 0, 0 FROM unnest(CAST(:ids AS uuid[])) AS touched(id) ORDER BY id"
    " ON CONFLICT (call_id) DO UPDATE SET input_version = p.input_version + 1"
)
# An update alone locks in the order in which the rows happen to lie.
_TOUCH_ALL = text(
    "WITH held AS MATERIALIZED (SELECT call_id FROM pool ORDER BY call_id FOR UPDATE)"
    " UPDATE pool SET input_version = input_version + 1 FROM held WHERE pool.call_id = held.call_id"
)


async def touch(session: AsyncSession, call_ids: Collection[UUID]) -> None:
    """Mark the matching of these calls as out of date."""
    if call_ids:
        await session.execute(_TOUCH, {"ids": sorted(call_ids)})


async def touch_all(session: AsyncSession) -> None:
    """Mark the matching of every call as out of date (after a change of the register).

    The calls are locked in their order.
    """
    await session.execute(_TOUCH_ALL)


# These three are asked with each change, so they are put together once.
_BEHIND = text(
    "SELECT call_id, bool_or(free) AS free FROM (SELECT call_id, false AS free FROM pool"
    " WHERE input_version > matched_version OR matched_on IS DISTINCT FROM :today"
    " UNION ALL SELECT call_id, true FROM vacancy) AS one GROUP BY call_id ORDER BY call_id"
)
_VERSION = select(Pool).where(col(Pool.call_id) == bindparam("call"))
_HELD_VERSION = for_update(_VERSION)


async def behind(session: AsyncSession, today: date) -> dict[UUID, bool]:
    """Return the calls to match: newer facts, not matched today, or a free place.

    By id; True where there is a free place.
    """
    found = await session.execute(_BEHIND, {"today": today})
    return {row.call_id: row.free for row in found}


async def version(session: AsyncSession, call_id: UUID, *, lock: bool = False) -> Pool | None:
    """Return the version of a call's facts; `lock` locks it until the end of the transaction."""
    return (await session.scalars(_HELD_VERSION if lock else _VERSION, {"call": call_id})).one_or_none()


_HOLD = text(
    "SELECT call_id FROM pool WHERE call_id = ANY(:calls)"
    " OR call_id IN (SELECT call_id FROM match WHERE id = ANY(:ids)) ORDER BY call_id FOR UPDATE"
)


async def hold(session: AsyncSession, match_ids: Collection[UUID] = (), calls: Collection[UUID] = ()) -> None:
    """Lock these calls, and those of these matches, until the end of the transaction.

    Every transaction that changes matches does so before it locks anything else, so that two of them never wait for
    each other.
    """
    if match_ids or calls:
        await session.execute(_HOLD, {"calls": sorted(calls), "ids": sorted(match_ids)})


async def standings(session: AsyncSession, call_id: UUID) -> dict[UUID, Standing]:
    """Return the standings of a call by application."""
    found = await session.scalars(select(Standing).where(col(Standing.call_id) == call_id))
    return {row.application_id: row for row in found}


async def keep_standings(session: AsyncSession, rows: Sequence[Standing], removed_ids: Collection[UUID]) -> None:
    """Write changed standings and remove those that are gone."""
    await keep(session, rows)
    await drop_standings(session, removed_ids)


async def drop_standings(session: AsyncSession, applications: Collection[UUID]) -> None:
    """Remove the standings of these applications: they have a match, or left the pool."""
    if applications:
        await session.execute(
            text("DELETE FROM standing WHERE application_id = ANY(:ids)"), {"ids": sorted(applications)}
        )


async def vacancies(session: AsyncSession, call_id: UUID) -> list[Vacancy]:
    """Return the free places of a call that have not been offered yet, in the order in which they fell free."""
    found = await session.scalars(
        select(Vacancy).where(col(Vacancy.call_id) == call_id).order_by(col(Vacancy.cause_id))
    )
    return list(found)


async def add_vacancies(session: AsyncSession, rows: Sequence[Vacancy]) -> None:
    """Insert places that fell free."""
    await keep(session, rows)


async def settle(session: AsyncSession, match_ids: Collection[UUID]) -> None:
    """Remove vacancies that have been dealt with."""
    if match_ids:
        await session.execute(text("DELETE FROM vacancy WHERE match_id = ANY(:ids)"), {"ids": sorted(match_ids)})
