"""Tests of pairs and groups: their rules hold, whatever officers do in whatever order."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.applications.application.model import companions
from services.applications.application.model.companions import CompanionState
from services.applications.transitions import AlreadyDone, NotNow, state_word
from shared.contracts.codes import ApplicationState
from shared.contracts.lifecycle import BEFORE_OFFERED

OFFICERS = st.integers(0, 6)
ROWS = st.integers(0, 30)
MOST = 4
LIVE = companions.LIVE


class Together(RuleBasedStateMachine):
    """Seven officers who invite each other into groups, accept, decline, leave, remove, submit and withdraw."""

    def __init__(self) -> None:
        super().__init__()
        self.applications: dict[int, UUID] = {who: uuid4() for who in range(7)}
        self.gone: set[int] = set()
        self.submitted: set[int] = set()
        self.rows: list[list[object]] = []  # leader, member, state

    def group_size(self, who: int) -> int:
        """Return how many are in an officer's group besides the leader, invited or confirmed."""
        return sum(row[0] == who and row[2] in LIVE for row in self.rows)

    def is_member(self, who: int) -> bool:
        """Return whether an officer has accepted another officer's group."""
        return any(row[1] == who and row[2] is CompanionState.CONFIRMED for row in self.rows)

    @rule(leader=OFFICERS, member=OFFICERS)
    def invite(self, leader: int, member: int) -> None:
        """Invite somebody as the leader of a group."""
        if leader == member or leader in self.gone:
            return
        try:
            companions.check_alone(member=self.is_member(leader), leads=False, paired=False)
            companions.check_group_size(self.group_size(leader), MOST)
        except NotNow:
            return
        self.rows.append([leader, member, CompanionState.ASKED])

    @rule(at=ROWS, yes=st.booleans())
    def answer(self, at: int, yes: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        """Accept or decline an invitation."""
        if at >= len(self.rows):
            return
        row = self.rows[at]
        assert isinstance(row[1], int)
        try:
            state = companions.after_answer(row[2], yes=yes)  # type: ignore[arg-type]  # the third of a row is its state
            if yes:
                if row[1] in self.gone:
                    return
                companions.check_alone(member=self.is_member(row[1]), leads=self.group_size(row[1]) > 0, paired=False)
        except NotNow:
            return
        row[2] = state

    @rule(at=ROWS, by_leader=st.booleans())
    def end(self, at: int, by_leader: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        """End a membership, as the member or the leader."""
        if at >= len(self.rows):
            return
        try:
            rule_ = companions.after_removal if by_leader else companions.after_leaving
            self.rows[at][2] = rule_(self.rows[at][2])  # type: ignore[arg-type]  # as above
        except NotNow:
            return

    @rule(who=OFFICERS)
    def submit(self, who: int) -> None:
        """Submit the application of one member."""
        if who not in self.gone:
            self.submitted.add(who)

    @rule(who=OFFICERS)
    def withdraw(self, who: int) -> None:
        """Withdraw an officer's application, which ends its companions, as the portal's clock does."""
        self.gone.add(who)
        for row in self.rows:
            if row[0] == who and row[2] in LIVE:
                row[2] = CompanionState.REMOVED
            elif row[1] == who and row[2] is CompanionState.CONFIRMED:
                row[2] = CompanionState.LEFT

    def groups(self) -> dict[UUID, set[int]]:
        """Return the members of each group."""
        found: dict[UUID, set[int]] = {}
        for leader, member, state in self.rows:
            if state is CompanionState.CONFIRMED:
                assert isinstance(leader, int)
                assert isinstance(member, int)
                found.setdefault(companions.group_id(self.applications[leader]), {leader}).add(member)
        return found

    @invariant()
    def no_group_is_too_large(self) -> None:
        """A group has at most as many members as the call allows, its leader included."""
        assert all(len(members) <= MOST for members in self.groups().values())

    @invariant()
    def nobody_is_in_two(self) -> None:
        """An application is in one group only, as leader or as member."""
        everybody = [who for members in self.groups().values() for who in members]
        assert len(everybody) == len(set(everybody))

    @invariant()
    def no_withdrawn_application_is_in_a_group(self) -> None:
        """A withdrawn application is in no group, as leader or as member."""
        assert not self.gone & {who for members in self.groups().values() for who in members}


TestTogether = Together.TestCase


def test_a_second_click_changes_nothing() -> None:
    """The same action again is no error, and a different one is."""
    with pytest.raises(AlreadyDone):
        companions.after_answer(CompanionState.CONFIRMED, yes=True)
    with pytest.raises(AlreadyDone):
        companions.after_leaving(CompanionState.LEFT)
    with pytest.raises(NotNow, match="was withdrawn") as refused:
        companions.after_answer(CompanionState.REMOVED, yes=True)
    assert not isinstance(refused.value, AlreadyDone)


@pytest.mark.parametrize("state", list(ApplicationState))
def test_companions_change_until_a_place_is_offered(state: ApplicationState) -> None:
    """Drafts and applications before the offer may change companions, and others are refused with the reason."""
    if state is ApplicationState.DRAFT or state in BEFORE_OFFERED:
        companions.check_open_for_change(state)
        return
    with pytest.raises(NotNow, match=f"now “{state_word('application', state)}”, so you can no longer change"):
        companions.check_open_for_change(state)
