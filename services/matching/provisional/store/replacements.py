"""The outcome for the place of a visit that did not take place: who took it over, or why nobody did.

Written when the place was offered again; if the first officer declines, the next one replaces the first here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.matching.overview.store.board import reach_values
from services.matching.tables import Table

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach


class ReplacementOutcome(StrEnum):
    """The outcome for the place; `too_late`: no week is left in which it could be used with due notice."""

    PROPOSED = "proposed"
    TOO_LATE = "too_late"
    NOBODY = "nobody"


class Replacement(Table, table=True):
    """The outcome for a visit's place: `match_id` is the match that was proposed or called up for it."""

    __tablename__ = "replacement"
    __table_args__ = (Index("replacement_match", "match_id"),)

    visit_id: UUID = Field(primary_key=True)
    outcome: str
    match_id: UUID | None = None


_OF_VISIT = text(
    "INSERT INTO replacement (visit_id, outcome, match_id)"
    " SELECT id, :outcome, CAST(:match AS uuid) FROM visit WHERE match_id = :freed AND offer_id IS NOT NULL"
    " ORDER BY id DESC LIMIT 1"
    " ON CONFLICT (visit_id) DO UPDATE SET outcome = excluded.outcome, match_id = excluded.match_id"
    # A place that went on is not looked for again because its first match ends too.
    " WHERE replacement.outcome <> 'proposed'"
)
_OF_MATCH = text("UPDATE replacement SET outcome = :outcome, match_id = :match WHERE match_id = :freed")


async def note(session: AsyncSession, freed: UUID, outcome: ReplacementOutcome, match_id: UUID | None) -> None:
    """Store the outcome for the place that the match `freed`: of its visit, or of the visit that it was to replace."""
    values = {"freed": freed, "outcome": outcome.value, "match": match_id}
    await session.execute(_OF_VISIT, values)
    await session.execute(_OF_MATCH, values)


_BOTH_WAYS = text(
    "SELECT v.id, y.outcome, y.match_id, m.state AS match_state, m.application_id AS by_application,"
    " CASE WHEN :everything OR m.country = ANY(:countries) OR m.host_country = ANY(:countries)"
    "  OR m.host_organisation_id = ANY(CAST(:organisations AS uuid[])) THEN c.reference END AS by_reference,"
    " o.id AS replaces, o.application_id AS for_application,"
    " CASE WHEN :everything OR o.country = ANY(:countries) OR o.host_country = ANY(:countries)"
    "  OR o.host_organisation_id = ANY(CAST(:organisations AS uuid[])) THEN b.reference END AS for_reference,"
    " EXISTS (SELECT 1 FROM vacancy n WHERE n.match_id = v.match_id) AS looked_for"
    " FROM visit v LEFT JOIN replacement y ON y.visit_id = v.id LEFT JOIN match m ON m.id = y.match_id"
    " LEFT JOIN candidate c ON c.id = m.application_id"
    " LEFT JOIN visit o ON o.id = CAST(v.details ->> 'replaces' AS uuid)"
    " LEFT JOIN candidate b ON b.id = o.application_id"
    " WHERE v.id = ANY(:ids) ORDER BY v.id"
)


async def both_ways(session: AsyncSession, reach: Reach, visit_ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return by visit the outcome for its place, and whose place it took over itself; references within reach only."""
    if not visit_ids:
        return {}
    found = await session.execute(_BOTH_WAYS, {"ids": sorted(visit_ids), **reach_values(reach)})
    return {row.id: row for row in found}


_TOO_LATE = text(
    "SELECT count(*) FROM visit v JOIN replacement y ON y.visit_id = v.id WHERE y.outcome = 'too_late'"
    " AND v.state IN ('cancelled', 'no_show') AND v.since >= :after"
    " AND (CAST(:call AS uuid) IS NULL OR v.call_id = :call)"
    " AND (:everything OR v.country = ANY(:countries) OR v.host_country = ANY(:countries)"
    " OR v.host_organisation_id = ANY(CAST(:organisations AS uuid[])))"
)


async def too_late(session: AsyncSession, reach: Reach, call_id: UUID | None, after: datetime) -> int:
    """Return how many places of visits that did not take place since `after` could not be used any more."""
    found = await session.execute(_TOO_LATE, {"call": call_id, "after": after, **reach_values(reach)})
    return int(found.scalar_one())
