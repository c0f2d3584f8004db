"""A restatement is decided by the right people, and names every number that moved and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.facts.model.book import Book
from services.reporting.figures.model import restatement as model
from services.reporting.figures.model.restatement import Proposal, ProposalState, changes, decide
from services.reporting.indicators.model.catalogue import figures
from services.reporting.periods.model.approval import Approval, NotNow
from services.reporting.periods.model.periods import parse
from shared.contracts.codes import PeriodState, RestatementReason
from tests.unit.reporting.fact_samples import LATER, YEAR, counted, ident, visit

if TYPE_CHECKING:
    from uuid import UUID

AT = datetime(2027, 1, 20, 9, tzinfo=UTC)
PROPOSAL = Proposal(ident("proposal"), "2026", 2, RestatementReason.LATE_FACTS, "author", AT, AT, 3)


def test_two_people_decide() -> None:
    """Another person approves or declines, the author withdraws, and decisions are final."""
    approved = decide(PROPOSAL, "another", AT, ProposalState.APPROVED)
    assert (approved.state, approved.decided_by, approved.decided_at) == (ProposalState.APPROVED, "another", AT)
    assert decide(PROPOSAL, "another", AT, ProposalState.DECLINED).state is ProposalState.DECLINED
    assert decide(PROPOSAL, "author", AT, ProposalState.WITHDRAWN).state is ProposalState.WITHDRAWN
    for who, state in (("author", ProposalState.APPROVED), ("author", ProposalState.DECLINED)):
        with pytest.raises(NotNow, match="somebody else"):
            decide(PROPOSAL, who, AT, state)
    with pytest.raises(NotNow, match="Only the author"):
        decide(PROPOSAL, "another", AT, ProposalState.WITHDRAWN)
    for state in ProposalState:
        with pytest.raises(NotNow, match=r"This restatement was decided on .*: “Approved”"):
            decide(approved, "a third", AT, state)


def test_only_frozen_figures_are_restated() -> None:
    """Draft, returned and submitted periods are submitted again instead."""
    for state in PeriodState:
        where = Approval(parse("2026"), state, frozen_at=AT)
        if state in {PeriodState.FROZEN, PeriodState.PUBLISHED}:
            model.restatable(where)
        else:
            with pytest.raises(NotNow):
                model.restatable(where)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_the_difference_explains_the_new_events(before: set[int], after: set[int]) -> None:
    """Old events without the removed and with the added ones are the new events, and equal numbers are not named."""

    def book_of(people: set[int]) -> Book:
        return Book(
            [fact for n in sorted(people) for fact in (counted(n, n), *visit(n))], LATER, first=date(2026, 1, 1)
        )

    old, new = figures(book_of(before), YEAR), figures(book_of(after), YEAR)
    events = {
        (figure.definition.id, dimension, value): cell.events
        for figure in old
        for dimension, value, cell in figure.cells()
    }

    def events_of(indicator: str, dimension: str, value: str) -> tuple[UUID, ...]:
        return events.get((indicator, dimension, value), ())

    found = changes(old, new, events_of)
    assert bool(found) == (before != after)
    for each in found:
        had = set(events_of(each.indicator, each.dimension, each.value))
        assert (had - set(each.removed)) | set(each.added) == set(each.new.events)
        assert (each.old.value, each.old.digest) != (each.new.value, each.new.digest)
