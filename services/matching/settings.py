"""The settings of matching, beside those of every service; every service lists its own here."""

from __future__ import annotations

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of matching."""

    receipt_effort: int = Field(
        default=24,
        ge=0,
        description="How many changed runs are tried for the smallest change that would have matched somebody.",
    )
    cohort_apart_above: int = Field(
        default=20_000,
        ge=0,
        description="Above so many applications times places a cohort is worked out in a process of its own.",
    )
