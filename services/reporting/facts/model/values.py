"""Name what facts hold of their events, and the type of each value as JSON has it: ids, days and moments are text."""

from __future__ import annotations

from typing import TypedDict


class FactValues(TypedDict, total=False):
    """The values of a fact; which of them it has depends on the type of its event.

    A dictionary and no object: millions are read from JSON, and most of their values are never looked at.
    """

    application: str
    applied: str
    attended: int
    attendees: int
    by: str
    call: str
    cascade: str
    country: str
    end: str
    ended: str
    failed: str | None
    frozen_at: str | None
    goals: int
    goals_met: int
    host: str
    host_country: str
    in_window: bool
    key: str
    kind: str
    label: str
    language: str | None
    late: bool
    level: str | None
    match: str
    maximum: int
    mentor: str
    mentorship: str
    met_by_goal: dict[str, bool]
    objectives: int
    offer: str | None
    outcome: str
    outside: bool
    overall: int
    periods: list[tuple[str, str, int]]
    phase: str
    places: int
    present: bool
    rank_group: str | None
    reason: str | None
    reference: str
    required: int
    respondent: str
    score: int
    session: str
    sex: str | None
    start: str
    submitted_on: str
    topic: str | None
    visit: str
