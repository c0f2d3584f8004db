"""The states of a plan of visits, and what it would change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping


class PlanState(StrEnum):
    """The state of a plan: still improved, proven to be the best, the best found in time, or stopped."""

    SEARCHING = "searching"
    PROVEN = "proven"
    TIME_OVER = "time_over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Proposed:
    """The result of a request for other dates: the days of each match, and which of them are only proposed."""

    days: Mapping[UUID, tuple[date, ...]]
    asked_about: frozenset[UUID]
    moved_days: int


class PlannedChange(BaseModel):
    """A visit that a plan would give other dates (`before` is not empty), or first dates; `after` is empty if none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match_id: UUID
    application_id: UUID
    before: tuple[date, ...]
    after: tuple[date, ...]
    moved_days: Annotated[int, Field(description="By how many calendar days the start moves.")]
