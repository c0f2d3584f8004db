"""Read what became of the place of a visit that did not take place."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.provisional.store import replacements as store
from services.matching.provisional.store.replacements import ReplacementOutcome
from shared.contracts.codes import MatchState
from shared.identity.scope import Reach
from shared.web.read_models import ReadModel

_Reference = Annotated[str | None, Field(description="Null if it is not the reader's to see.", examples=["MD-2026-1"])]


class Replacement(ReadModel):
    """The application that took over the place of a visit, and the visit whose place this one took over itself."""

    outcome: ReplacementOutcome | None
    looked_for: Annotated[bool, Field(description="The next in line is being looked for.")]
    match_id: Annotated[UUID | None, Field(description="The match that took the place over.")]
    match_state: Annotated[MatchState | None, Field(description="Null if the match is not the reader's to see.")]
    by_application: UUID | None
    by_reference: _Reference
    replaces: Annotated[UUID | None, Field(description="The visit whose place this one took over.")]
    for_application: UUID | None
    for_reference: _Reference


async def replacements(session: AsyncSession, within: Reach, visit_ids: Collection[UUID]) -> dict[UUID, Replacement]:
    """Return by visit who took over its place, and whose place it took over itself."""
    return {id_: _replacement(row) for id_, row in (await store.both_ways(session, within, visit_ids)).items()}


def _replacement(row: Any) -> Replacement:
    return Replacement(
        outcome=row.outcome,
        looked_for=row.looked_for,
        match_id=row.match_id,
        match_state=row.match_state if row.by_reference is not None else None,
        by_application=row.by_application if row.by_reference is not None else None,
        by_reference=row.by_reference,
        replaces=row.replaces,
        for_application=row.for_application if row.for_reference is not None else None,
        for_reference=row.for_reference,
    )


async def too_late(session: AsyncSession, within: Reach, call_id: UUID | None, after: datetime) -> int:
    """Return how many places of visits that did not take place since `after` could not be used any more."""
    return await store.too_late(session, within, call_id, after)
