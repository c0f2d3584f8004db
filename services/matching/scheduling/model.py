"""The states of a plan of visits."""

from __future__ import annotations

from enum import StrEnum


class PlanState(StrEnum):
    """The state of a plan: still improved, proven to be the best, the best found in time, or stopped."""

    SEARCHING = "searching"
    PROVEN = "proven"
    TIME_OVER = "time_over"
    CANCELLED = "cancelled"
