"""Define the baselines and targets of indicators, written by one person and approved by another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from services.reporting.periods.model.approval import NotNow
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from decimal import Decimal
    from uuid import UUID

    from services.reporting.periods.model.periods import Period


LESS_IS_BETTER = frozenset({"TOPCOP-PR-02", "TOPCOP-PR-04"})
"""Indicators whose targets are upper limits: days to a decision, visits cancelled."""


class TargetKind(StrEnum):
    """The kind of a value: baseline or target."""

    BASELINE = "baseline"
    """The value on that day, before the programme."""
    TARGET = "target"
    """The value to be reached by that day."""

    @property
    def label(self) -> str:
        """The kind in words."""
        return {"baseline": N_("Baseline"), "target": N_("Target")}[self.value]


@dataclass(frozen=True, slots=True)
class TargetValue:
    """A baseline or a target: `source` says where the value is written down; without `approved_at` it waits."""

    id: UUID
    indicator: str
    kind: TargetKind
    day: date
    value: Decimal
    source: str
    comment: str
    author: str
    written_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None

    @property
    def place(self) -> tuple[str, TargetKind, date]:
        """The place of the value: a later approved value for the same place replaces the earlier one."""
        return self.indicator, self.kind, self.day

    @property
    def content(self) -> tuple[object, ...]:
        """The value as it was written: two with the same content are one."""
        return *self.place, self.value, self.source, self.comment


def approve(target_value: TargetValue, by: str, at: datetime) -> TargetValue:
    """Approve what another person wrote. Raises `NotNow`."""
    if target_value.approved_at is not None:
        raise approved_before(target_value)
    if by == target_value.author:
        raise NotNow(N_("You wrote this value, so somebody else must approve it."), ProblemCode.SECOND_PERSON_NEEDED)
    return replace(target_value, approved_by=by, approved_at=at)


def approved_before(target_value: TargetValue) -> NotNow:
    """Return the exception that says when a value was approved."""
    sentence = gettext("This value was approved on %(when)s. To change it, enter another value for the same day.")
    return NotNow(sentence % {"when": moment(target_value.approved_at)}, ProblemCode.ALREADY_DONE)


def standing(target_values: Iterable[TargetValue], at: datetime | None = None) -> list[TargetValue]:
    """Return the value approved last for each indicator, kind and day, in that order, as it was `at` a moment."""
    newest: dict[tuple[str, TargetKind, date], TargetValue] = {}
    for target_value in sorted(target_values, key=lambda each: (str(each.approved_at), str(each.id))):
        if target_value.approved_at is not None and (at is None or target_value.approved_at <= at):
            newest[target_value.place] = target_value
    return [newest[place] for place in sorted(newest)]


def waiting(target_values: Iterable[TargetValue]) -> list[TargetValue]:
    """Return the values that wait for approval, in the given order."""
    return [target_value for target_value in target_values if target_value.approved_at is None]


def due_in_period(target_values: Iterable[TargetValue], period: Period) -> dict[str, TargetValue]:
    """Return the approved target of each indicator that is due last within a period."""
    return {
        target_value.indicator: target_value
        for target_value in standing(target_values)
        if target_value.kind is TargetKind.TARGET and target_value.day in period
    }


def added_from(baseline: TargetValue | None, otherwise: date) -> date:
    """Return the day from which figures are added up: that of the baseline, or `otherwise` without one.

    A period that begins on the baseline's own day counts: who writes 1 January means all of that year.
    """
    return baseline.day if baseline else otherwise


def baseline_of(target_values: Iterable[TargetValue], indicator: str) -> TargetValue | None:
    """Return the baseline of an indicator among approved values: the one of the latest day."""
    ours = [
        target_value
        for target_value in target_values
        if target_value.indicator == indicator and target_value.kind is TargetKind.BASELINE
    ]
    return max(ours, key=lambda each: each.day, default=None)


def is_reached(indicator: str, target: Decimal, value: Decimal) -> bool:
    """Return whether a value is as good as its target: at least as high, or as low where less is better."""
    return value <= target if indicator in LESS_IS_BETTER else value >= target


def target_on(target_values: Iterable[TargetValue], indicator: str, day: date) -> TargetValue | None:
    """Return the target of an indicator that is due on a day, among approved values."""
    place = indicator, TargetKind.TARGET, day
    return next((target_value for target_value in target_values if target_value.place == place), None)


def target_of(target_values: Iterable[TargetValue], indicator: str, period: str) -> TargetValue | None:
    """Return the target of an indicator for a calendar period, among approved values."""
    ours = (
        target_value
        for target_value in target_values
        if target_value.indicator == indicator and target_value.kind is TargetKind.TARGET
    )
    return next((target_value for target_value in ours if meant_for(target_value.day) == period), None)


def meant_for(day: date) -> str | None:
    """Return the label of the period that a target of that day is for: the longest calendar period that ends on it.

    So a target of 31 December is for the year, not for the second half or the last quarter. A day on which no period
    ends is a milestone within one: it is in the logframe only.
    """
    return next((f"{day.year}{part}" for end, part in _ENDS if (day.month, day.day) == end), None)


_ENDS = (((12, 31), ""), ((6, 30), "-H1"), ((3, 31), "-Q1"), ((9, 30), "-Q3"))
