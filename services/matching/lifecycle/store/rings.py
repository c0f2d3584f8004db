"""The matches that were proposed together as an exchange ring."""

# ruff: noqa: S608 - the queries are put together from constants only
from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.matching.lifecycle.model.match import HELD
from services.matching.tables import Table, keep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach


class RingLeg(Table, table=True):
    """One match of a ring: the officer goes to the agency of the next `place`, the last to that of the first (1)."""

    __tablename__ = "ring_leg"
    __table_args__ = (Index("ring_leg_ring", "ring_id", "place"), Index("ring_leg_call", "call_id", "ring_id"))

    match_id: UUID = Field(primary_key=True)
    ring_id: UUID
    call_id: UUID
    place: int


_LEGS = """
SELECT l.ring_id, l.place, m.id AS match_id, m.state, m.since, m.proposed_at, m.application_id, m.country,
  m.host_country, c.reference, s.reference AS seat_reference, s.title AS seat_title,
  m.state = ANY(:held) AS stands,
  (:everything OR m.country = ANY(:countries) OR m.host_country = ANY(:countries)
   OR m.host_organisation_id = ANY(CAST(:organisations AS uuid[]))) AS within
FROM ring_leg l JOIN match m ON m.id = l.match_id
LEFT JOIN candidate c ON c.id = m.application_id LEFT JOIN seat s ON s.id = m.seat_id
"""


def _values(reach: Reach) -> dict[str, Any]:
    return {
        "held": [state.value for state in HELD],
        "everything": reach.everything,
        "countries": sorted(reach.countries),
        "organisations": [UUID(organisation) for organisation in sorted(reach.organisations)],
    }


async def write(session: AsyncSession, legs: Sequence[RingLeg]) -> None:
    """Insert the legs of a ring."""
    await keep(session, legs)


async def legs(session: AsyncSession, reach: Reach, call_id: UUID | None = None, limit: int = 100) -> list[Row[Any]]:
    """Return the legs of the newest rings that have a leg within reach, ring by ring, the newest first.

    `within` says whether the reader may see whose leg it is; `stands` whether its match still takes a place.
    """
    found = await session.execute(
        text(
            f"WITH legs AS ({_LEGS} WHERE (CAST(:call AS uuid) IS NULL OR l.call_id = :call))"
            " SELECT * FROM legs WHERE ring_id IN"
            " (SELECT DISTINCT ring_id FROM legs WHERE within ORDER BY ring_id DESC LIMIT :limit)"
            " ORDER BY ring_id DESC, place"
        ),
        _values(reach) | {"call": call_id, "limit": limit},
    )
    return list(found)


async def of_match(session: AsyncSession, reach: Reach, match_id: UUID) -> list[Row[Any]]:
    """Return all legs of the ring of a match; none if it is part of no ring."""
    found = await session.execute(
        text(_LEGS + " WHERE l.ring_id = (SELECT ring_id FROM ring_leg WHERE match_id = :match) ORDER BY l.place"),
        _values(reach) | {"match": match_id},
    )
    return list(found)


async def broken(session: AsyncSession, reach: Reach, call_id: UUID | None) -> int:
    """Return how many rings have lost a match while one within reach still stands."""
    found = await session.execute(
        text(
            f"WITH legs AS ({_LEGS} WHERE (CAST(:call AS uuid) IS NULL OR l.call_id = :call))"
            " SELECT count(*) FROM (SELECT ring_id FROM legs GROUP BY ring_id"
            " HAVING bool_or(stands AND within) AND NOT bool_and(stands)) AS lost"
        ),
        _values(reach) | {"call": call_id},
    )
    return int(found.scalar_one())
