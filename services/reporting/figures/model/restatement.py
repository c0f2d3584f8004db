"""State frozen figures again: proposed by one person with a reason, approved by another.

proposed -> approved, declined (both by another person than the author) or withdrawn (by the author). Each number that
changes is named: the old value, the new value, and the events that make the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import Cell
from services.reporting.periods.model.approval import NotNow
from shared.contracts.lifecycle.state_sets import PERIOD_FROZEN
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.approval import Approval
    from shared.contracts.codes import RestatementReason

EMPTY = Cell(None, None, None, 0)
"""The cell of a part that did not exist."""
RESTATED = frozenset(PERIOD_FROZEN)
"""States in which figures change by restatement only."""


class ProposalState(StrEnum):
    """The state of a proposed restatement."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words."""
        return _LABELS[self]


_LABELS = {
    ProposalState.PROPOSED: N_("Proposed"),
    ProposalState.APPROVED: N_("Approved"),
    ProposalState.DECLINED: N_("Declined"),
    ProposalState.WITHDRAWN: N_("Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A restatement of a period: `statement` is the number that its figures have, one above the present ones."""

    id: UUID
    period: str
    statement: int
    reason: RestatementReason
    author: str
    proposed_at: datetime
    cut_off: datetime
    figures: int
    state: ProposalState = ProposalState.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    counted: str | None = None
    """The digest of the counted events, as PeriodRestated will carry it; None for old proposals."""


@dataclass(frozen=True, slots=True)
class Change:
    """One number that changed: `dimension` and `value` are empty for a total."""

    indicator: str
    dimension: str
    value: str
    old: Cell
    new: Cell
    added: tuple[UUID, ...] = ()
    removed: tuple[UUID, ...] = ()


def restatable(approval: Approval) -> None:
    """Raise `NotNow` if a period's figures are not frozen, so that they need no restatement."""
    if approval.state not in RESTATED:
        raise NotNow(N_("These figures are not frozen. Submit them instead of restating them."))


def decided_before(was: Proposal) -> NotNow:
    """Return the exception that says how and when a proposal was decided."""
    words = {"state": gettext(was.state.label), "when": moment(was.decided_at)}
    sentence = gettext("This restatement was decided on %(when)s: “%(state)s”.")
    return NotNow(sentence % words, ProblemCode.ALREADY_DONE)


def decide(was: Proposal, by: str, at: datetime, state: ProposalState) -> Proposal:
    """Approve, decline or withdraw a proposal. Raises `NotNow`."""
    if was.state is not ProposalState.PROPOSED:
        raise decided_before(was)
    if state is ProposalState.WITHDRAWN and by != was.author:
        raise NotNow(
            N_("Only the author can withdraw a proposal. You can decline it."), ProblemCode.SECOND_PERSON_NEEDED
        )
    if state is not ProposalState.WITHDRAWN and by == was.author:
        raise NotNow(
            N_("You proposed this restatement, so somebody else must decide on it."), ProblemCode.SECOND_PERSON_NEEDED
        )
    return replace(was, state=state, decided_by=by, decided_at=at)


def changes(
    old: Sequence[Figure], new: Sequence[Figure], events_of: Callable[[str, str, str], Iterable[UUID]]
) -> list[Change]:
    """Return each number of `new` that differs from `old`, totals first, with the events that make the difference.

    `events_of` returns the events of an old number by indicator, dimension and value.
    """
    before = {each.definition.id: each for each in old}
    found = []
    for figure in new:
        was = before.get(figure.definition.id)
        for dimension, value, old_cell, new_cell in _pairs(was, figure):
            if _same(old_cell, new_cell):
                continue
            old_events, new_events = set(events_of(figure.definition.id, dimension, value)), set(new_cell.events)
            found.append(
                Change(
                    figure.definition.id,
                    dimension,
                    value,
                    old_cell,
                    new_cell,
                    tuple(sorted(new_events - old_events)),
                    tuple(sorted(old_events - new_events)),
                )
            )
    return found


def changed_indicators(old: Sequence[Figure], new: Sequence[Figure]) -> set[str]:
    """Return the indicators with a number that differs between `old` and `new`."""
    before = {each.definition.id: each for each in old}
    found = set()
    for figure in new:
        pairs = _pairs(before.get(figure.definition.id), figure)
        if any(not _same(was, now) for _, _, was, now in pairs):
            found.add(figure.definition.id)
    return found


def _pairs(was: Figure | None, now: Figure) -> Iterator[tuple[str, str, Cell, Cell]]:
    old = {(dimension, value): cell for dimension, value, cell in was.cells()} if was else {}
    new = {(dimension, value): cell for dimension, value, cell in now.cells()}
    for key in dict.fromkeys([*new, *old]):
        yield *key, old.get(key, EMPTY), new.get(key, EMPTY)


def _same(cell: Cell, other: Cell) -> bool:
    return (cell.value, cell.numerator, cell.denominator, cell.digest) == (
        other.value,
        other.numerator,
        other.denominator,
        other.digest,
    )
