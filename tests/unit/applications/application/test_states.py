"""Tests of an application's states: only lawful transitions, and one outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.applications.application.model import states
from shared.contracts import applications as events
from shared.contracts.codes import ApplicationState, Outcome
from shared.contracts.lifecycle import OPEN, TRANSITIONS, allowed

S = ApplicationState
MOVES = (
    events.ApplicationSubmitted,
    events.ApplicationReturned,
    events.ApplicationResubmitted,
    events.ApplicationEndorsed,
    events.ApplicationNotEndorsed,
    events.ApplicationFoundEligible,
    events.ApplicationFoundIneligible,
    events.ApplicationWithdrawn,
    events.ApplicationCancelled,
)


@given(st.sampled_from(MOVES), st.sampled_from(list(S)))
def test_what_is_possible_is_what_the_contract_allows(event: type[events.ApplicationEvent], state: S) -> None:
    """The model knows no transition of its own: it asks the contract's table."""
    assert states.possible(event, state) is allowed(event.type, state)


@given(st.sampled_from(MOVES), st.sampled_from(list(S)))
def test_what_is_not_possible_is_said_in_a_sentence(event: type[events.ApplicationEvent], state: S) -> None:
    """A refusal names the state in which the application is."""
    if states.possible(event, state):
        target = next(row.target for row in TRANSITIONS if row.event == event.type)
        assert states.after(event, state) == target
        return
    with pytest.raises(states.NotPossible, match="the application is now"):
        states.after(event, state)


# The states that the portal itself holds; all others are projected.
OWN_STATES: frozenset[S] = frozenset(
    {
        S.DRAFT,
        S.SUBMITTED,
        S.RETURNED_FOR_INFORMATION,
        S.ENDORSED,
        S.NOT_ENDORSED,
        S.ELIGIBLE,
        S.INELIGIBLE,
        S.UNPLACED,
        S.WITHDRAWN,
        S.CANCELLED,
        S.APPEALED,
        S.VOIDED,
    }
)


class Life(RuleBasedStateMachine):
    """Anything that anybody does to one application, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = S.DRAFT
        self.told: list[Outcome] = []
        self.endorsed = False

    @rule(event=st.sampled_from(MOVES))
    def move(self, event: type[events.ApplicationEvent]) -> None:
        """Somebody does something; what is not possible changes nothing."""
        if not states.possible(event, self.state):
            return
        self.state = states.after(event, self.state)
        self.endorsed = self.endorsed or event is events.ApplicationEndorsed
        outcome = states.outcome_of(self.state, self.told[0] if self.told else None)
        if outcome is not None:
            self.told.append(outcome)

    @precondition(lambda self: self.state is S.ELIGIBLE)
    @rule()
    def confirm(self) -> None:
        """Matching confirms a place."""
        if not self.told:
            self.told.append(Outcome.PLACE_CONFIRMED)

    @invariant()
    def one_outcome(self) -> None:
        """The first final outcome is told once, and whoever is at an end was told one."""
        assert len(self.told) <= 1
        if self.state in states.FINAL:
            assert self.told

    @invariant()
    def none_eligible_without_endorsement(self) -> None:
        """Without endorsement an application never reaches matching (domain.md, "Rules")."""
        if self.state in {S.ELIGIBLE, S.INELIGIBLE}:
            assert self.endorsed

    @invariant()
    def a_state_of_the_portal(self) -> None:
        """The portal holds no state that is projected."""
        assert self.state in OWN_STATES


TestLife = Life.TestCase


def test_a_close_leaves_nobody_open() -> None:
    """All open states that the portal itself holds are decided by the close of a call."""
    assert set(states.LEFT_AT_CLOSE) == set(OPEN) & OWN_STATES


def test_references_read_well_aloud() -> None:
    """Country, year, four digits."""
    assert states.reference("AM", 2026, 42) == "AM-2026-0042"
