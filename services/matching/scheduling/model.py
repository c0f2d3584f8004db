"""The states of a plan of visits, and what it would change."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class PlanState(StrEnum):
    """The state of a plan: still improved, proven to be the best, the best found in time, or stopped."""

    SEARCHING = "searching"
    PROVEN = "proven"
    TIME_OVER = "time_over"
    CANCELLED = "cancelled"


class PlannedChange(BaseModel):
    """A visit that a plan would give other dates (`before` is not empty), or first dates; `after` is empty if none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match_id: UUID
    application_id: UUID
    before: tuple[date, ...]
    after: tuple[date, ...]
    moved_days: Annotated[int, Field(description="By how many calendar days the start moves.")]
