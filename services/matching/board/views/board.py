"""Read the board: counts by stage, what is due next and the newest events."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.activity.views import BoardEvent, TimelineEntry, event_view, line
from services.matching.board.views.cases import Case, cases
from services.matching.board.views.monitoring import Progress, progress
from services.matching.board.views.overdue import DueMatch, OverdueCase, due_matches, overdue_cases
from services.matching.facts import views as facts
from services.matching.facts.views import CallSummary
from services.matching.lifecycle.store import rings
from services.matching.overview.store import board as store
from services.matching.overview.store.board import WAITING, EventFilter, Filter
from services.matching.provisional.views import too_late
from shared.identity.scope import Reach
from shared.time import clock
from shared.web.read_models import ReadModel

_SHOWN = 12
_LATE = 6
_LINES = 16
_DUE = 10
_NEWS = timedelta(days=14)
"""So long the board says of a visit that its place could not be used any more."""


class StageCount(ReadModel):
    """The number of cases in a stage, and the time since which the oldest is in it."""

    kind: Annotated[str, Field(examples=["match"])]
    state: Annotated[str, Field(examples=["provisional"])]
    count: int
    oldest: AwareDatetime | None


class Pipeline(ReadModel):
    """The number of applications that reached each step and are still there or went further."""

    submitted: int
    endorsed: int
    eligible: int
    matched: int
    confirmed: int
    completed: int


class Board(ReadModel):
    """The board now: all calls, the cases by stage, the pipeline, the newest events, and the number of dead letters."""

    calls: tuple[CallSummary, ...]
    stages: tuple[StageCount, ...]
    pipeline: Pipeline
    events: tuple[BoardEvent, ...]
    dead_letters: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The page of the board for one call, or for all."""

    stages: Sequence[StageCount]
    provisional: Sequence[Case]
    found: int
    waiting: Sequence[Case]
    due: Sequence[DueMatch]
    pipeline: Pipeline
    lines: Sequence[TimelineEntry]
    overdue: Sequence[OverdueCase]
    overdue_in_all: int
    progress: Progress
    broken_rings: int
    too_late: int

    @property
    def unplaced(self) -> int:
        """Return how many look for a place and have none, not even provisionally."""
        return sum(stage.count for stage in self.stages if stage.state in WAITING)

    @property
    def unschedulable(self) -> int:
        """Return how many visits have no lawful week."""
        return sum(stage.count for stage in self.stages if stage.state == "unschedulable")


async def board(session: AsyncSession, within: Reach, call_id: UUID | None) -> Board:
    """Return the board of one call, or of all."""
    calls = await facts.all_calls(session)
    stages = await stage_counts(session, within, call_id)
    pipeline = await _pipeline(session, within, call_id)
    events = await store.stream(session, within, EventFilter(call=call_id))
    return Board(
        calls=tuple(calls.summaries),
        stages=tuple(stages),
        pipeline=pipeline,
        events=tuple(event_view(row) for row in events),
        dead_letters=await store.dead_letters(session),
    )


async def board_page(
    session: AsyncSession, within: Reach, call_id: UUID | None, *, to_read: int | None, paused: str | None
) -> BoardPage:
    """Return the page of the board; `to_read` and `paused` are what the service's reader says."""
    filters = Filter(call_id=call_id, stage="match:provisional", sort="-score")
    provisional = await cases(session, within, filters, size=_SHOWN)
    waiting: list[Case] = []
    for stage in WAITING:
        filters = Filter(call_id=call_id, stage=f"application:{stage}")
        waiting += (await cases(session, within, filters, size=_SHOWN)).rows
    overdue = await overdue_cases(session, within, call_id)
    events = await store.stream(session, within, EventFilter(call=call_id), limit=_LINES)
    return BoardPage(
        stages=await stage_counts(session, within, call_id),
        provisional=provisional.rows,
        found=provisional.total,
        waiting=waiting[:_SHOWN],
        due=(await due_matches(session, within, call_id, limit=_DUE)).items,
        pipeline=await _pipeline(session, within, call_id),
        lines=[line(event_view(row)) for row in events],
        overdue=overdue.items[:_LATE],
        overdue_in_all=len(overdue.items),
        progress=await progress(session, call_id, to_read=to_read, paused=paused),
        broken_rings=await rings.broken(session, within, call_id),
        too_late=await too_late(session, within, call_id, clock.now() - _NEWS),
    )


async def stage_counts(session: AsyncSession, within: Reach, call_id: UUID | None) -> list[StageCount]:
    """Return the number of cases by stage."""
    return [_stage_count(row) for row in await store.stages(session, within, call_id)]


def _stage_count(row: Any) -> StageCount:
    return StageCount(kind=row.stage_kind, state=row.stage, count=row.number, oldest=row.oldest)


async def _pipeline(session: AsyncSession, within: Reach, call_id: UUID | None) -> Pipeline:
    return Pipeline.model_validate(await store.pipeline(session, within, call_id), from_attributes=True)
