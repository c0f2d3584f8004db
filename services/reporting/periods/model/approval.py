"""Take a period's figures from draft to published; author and approver are two people.

draft -> submitted -> (returned -> submitted) -> approved and frozen -> published (lifecycles.md, "Figures").
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.contracts.codes import PeriodState
from shared.contracts.lifecycle.state_sets import PERIOD_FROZEN
from shared.contracts.periods import ReportingPeriod
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from services.reporting.periods.model.periods import Period

FIXED = frozenset({PeriodState.SUBMITTED, PeriodState.APPROVED, PeriodState.FROZEN, PeriodState.PUBLISHED})
"""States in which the period's figures are those that were submitted, and no longer move."""
_FROZEN = frozenset(PERIOD_FROZEN)


class NotNow(ValueError):
    """The step is not possible in this state, or not for this person; the text says why."""

    def __init__(self, text: str, code: ProblemCode = ProblemCode.WRONG_STATE) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Approval:
    """The approval of a period: its author, the figures, and the moment up to which facts were counted."""

    period: Period
    state: PeriodState = PeriodState.DRAFT
    author: str | None = None
    cut_off: datetime | None = None
    figures: int = 0
    figures_digest: str | None = None
    frozen_at: datetime | None = None
    statement: int = 1

    @property
    def fixed(self) -> bool:
        """Return whether the period's figures are those that were submitted, and no longer move."""
        return self.state in FIXED

    def as_reporting_period(self) -> ReportingPeriod:
        """Return the whole state as the period's events carry it."""
        assert self.period.kind is not None
        return ReportingPeriod(
            label=self.period.label,
            kind=self.period.kind,
            start=self.period.start,
            end=self.period.end,
            state=self.state,
            cut_off=self.cut_off,
            figures=self.figures,
            figures_digest=self.figures_digest,
            frozen_at=self.frozen_at,
            statement=self.statement,
        )


def submittable(was: Approval, today: date) -> None:
    """Raise `NotNow` if a period's figures cannot be submitted."""
    _in(was, PeriodState.DRAFT, PeriodState.RETURNED)
    if was.period.kind is None:
        raise NotNow(N_("The programme as a whole is not submitted. Submit a year, a half-year or a quarter."))
    if today <= was.period.end:
        text = N_("The period has not ended yet. Figures are submitted after its last day.")
        raise NotNow(text, ProblemCode.TOO_EARLY)


def submit(was: Approval, by: str, today: date, cut_off: datetime, figures: int, digest: str) -> Approval:
    """Submit the figures as they are at `cut_off`. Raises `NotNow`."""
    submittable(was, today)
    return replace(was, state=PeriodState.SUBMITTED, author=by, cut_off=cut_off, figures=figures, figures_digest=digest)


def give_back(was: Approval) -> Approval:
    """Return submitted figures to their author. Raises `NotNow`."""
    _in(was, PeriodState.SUBMITTED)
    return replace(was, state=PeriodState.RETURNED)


def approve(was: Approval, by: str) -> Approval:
    """Approve what another person submitted. Raises `NotNow`."""
    _in(was, PeriodState.SUBMITTED)
    if by == was.author:
        text = N_("You submitted these figures, so somebody else must approve them.")
        raise NotNow(text, ProblemCode.SECOND_PERSON_NEEDED)
    return replace(was, state=PeriodState.APPROVED)


def freeze(was: Approval, at: datetime) -> Approval:
    """Freeze approved figures: from now on they change by restatement only. Raises `NotNow`."""
    _in(was, PeriodState.APPROVED)
    return replace(was, state=PeriodState.FROZEN, frozen_at=at)


def publish(was: Approval) -> Approval:
    """Publish frozen figures. Raises `NotNow`."""
    _in(was, PeriodState.FROZEN)
    return replace(was, state=PeriodState.PUBLISHED)


def _in(was: Approval, *states: PeriodState) -> None:
    if was.state not in states:
        sentence = gettext("The period is now “%(state)s”, so this step is not possible.")
        raise NotNow(sentence % {"state": gettext(was.state.label)})


def is_frozen(approvals: Iterable[Approval], day: date) -> bool:
    """Return whether a frozen or published period contains the day."""
    return any(each.state in _FROZEN and day in each.period for each in approvals)


@contextmanager
def as_refusal() -> Iterator[None]:
    """Turn `NotNow` into `Refused` (409), with its text in the reader's language."""
    try:
        yield
    except NotNow as problem:
        raise Refused(gettext(str(problem)), code=problem.code) from None
