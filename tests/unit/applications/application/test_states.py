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
def test_possible_transitions_are_those_of_the_contract(event: type[events.ApplicationEvent], state: S) -> None:
    """The model has no transitions of its own, but reads the contract's table."""
    assert states.possible(event, state) is allowed(event.type, state)


@given(st.sampled_from(MOVES), st.sampled_from(list(S)))
def test_a_refused_transition_names_the_state(event: type[events.ApplicationEvent], state: S) -> None:
    """A refusal names the state of the application."""
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
    """A state machine of one application: any action in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = S.DRAFT
        self.outcomes: list[Outcome] = []
        self.endorsed = False

    @rule(event=st.sampled_from(MOVES))
    def move(self, event: type[events.ApplicationEvent]) -> None:
        """Try an action; an impossible one changes nothing."""
        if not states.possible(event, self.state):
            return
        self.state = states.after(event, self.state)
        self.endorsed = self.endorsed or event is events.ApplicationEndorsed
        outcome = states.outcome_of(self.state, self.outcomes[0] if self.outcomes else None)
        if outcome is not None:
            self.outcomes.append(outcome)

    @precondition(lambda self: self.state is S.ELIGIBLE)
    @rule()
    def confirm(self) -> None:
        """Confirm a place, as matching."""
        if not self.outcomes:
            self.outcomes.append(Outcome.PLACE_CONFIRMED)

    @invariant()
    def one_outcome(self) -> None:
        """The first final outcome is published once, and an ended application has one."""
        assert len(self.outcomes) <= 1
        if self.state in states.FINAL:
            assert self.outcomes

    @invariant()
    def none_eligible_without_endorsement(self) -> None:
        """An application without endorsement never reaches matching (domain.md, "Rules")."""
        if self.state in {S.ELIGIBLE, S.INELIGIBLE}:
            assert self.endorsed

    @invariant()
    def a_state_of_the_portal(self) -> None:
        """The portal never stores a projected state."""
        assert self.state in OWN_STATES


TestLife = Life.TestCase


def test_a_close_decides_every_open_application() -> None:
    """The close of a call decides all open states that the portal itself stores."""
    assert set(states.LEFT_AT_CLOSE) == set(OPEN) & OWN_STATES


def test_references_have_country_year_and_four_digits() -> None:
    """A reference is made of country, year and four digits."""
    assert states.reference("AM", 2026, 42) == "AM-2026-0042"
