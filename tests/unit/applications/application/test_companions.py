"""Tests of pairs and groups: their rules hold, whatever officers do in whatever order."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.applications.application.model import companions
from services.applications.application.model.companions import CompanionState
from services.applications.transitions import AlreadyDone, NotNow
from shared.contracts.codes import ApplicationState
from shared.contracts.lifecycle import BEFORE_OFFERED

OFFICERS = st.integers(0, 6)
ROWS = st.integers(0, 30)
MOST = 4
LIVE = companions.LIVE


class Together(RuleBasedStateMachine):
    """Seven officers who ask each other into groups, say yes and no, leave, remove, submit and withdraw."""

    def __init__(self) -> None:
        super().__init__()
        self.applications: dict[int, UUID] = {who: uuid4() for who in range(7)}
        self.gone: set[int] = set()
        self.submitted: set[int] = set()
        self.rows: list[list[object]] = []  # leader, member, state

    def leads(self, who: int) -> int:
        """How many an officer's group has beside the leader, asked or confirmed."""
        return sum(row[0] == who and row[2] in LIVE for row in self.rows)

    def member(self, who: int) -> bool:
        """Whether an officer has said yes to somebody else's group."""
        return any(row[1] == who and row[2] is CompanionState.CONFIRMED for row in self.rows)

    @rule(leader=OFFICERS, member=OFFICERS)
    def ask(self, leader: int, member: int) -> None:
        """A leader asks somebody."""
        if leader == member or leader in self.gone:
            return
        try:
            companions.check_alone(member=self.member(leader), leads=False, paired=False)
            companions.check_group_size(self.leads(leader), MOST)
        except NotNow:
            return
        self.rows.append([leader, member, CompanionState.ASKED])

    @rule(at=ROWS, yes=st.booleans())
    def answer(self, at: int, yes: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        """Whoever is asked says yes or no."""
        if at >= len(self.rows):
            return
        row = self.rows[at]
        assert isinstance(row[1], int)
        try:
            state = companions.after_answer(row[2], yes=yes)  # type: ignore[arg-type]  # the third of a row is its state
            if yes:
                if row[1] in self.gone:
                    return
                companions.check_alone(member=self.member(row[1]), leads=self.leads(row[1]) > 0, paired=False)
        except NotNow:
            return
        row[2] = state

    @rule(at=ROWS, by_leader=st.booleans())
    def end(self, at: int, by_leader: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        """A member leaves, or the leader removes or takes back."""
        if at >= len(self.rows):
            return
        try:
            rule_ = companions.after_removal if by_leader else companions.after_leaving
            self.rows[at][2] = rule_(self.rows[at][2])  # type: ignore[arg-type]  # as above
        except NotNow:
            return

    @rule(who=OFFICERS)
    def submit(self, who: int) -> None:
        """Each member submits alone."""
        if who not in self.gone:
            self.submitted.add(who)

    @rule(who=OFFICERS)
    def withdraw(self, who: int) -> None:
        """Whoever withdraws is in no group any more, as the portal's clock sees to."""
        self.gone.add(who)
        for row in self.rows:
            if row[0] == who and row[2] in LIVE:
                row[2] = CompanionState.REMOVED
            elif row[1] == who and row[2] is CompanionState.CONFIRMED:
                row[2] = CompanionState.LEFT

    def groups(self) -> dict[UUID, set[int]]:
        """Who is in which group."""
        found: dict[UUID, set[int]] = {}
        for leader, member, state in self.rows:
            if state is CompanionState.CONFIRMED:
                assert isinstance(leader, int)
                assert isinstance(member, int)
                found.setdefault(companions.group_id(self.applications[leader]), {leader}).add(member)
        return found

    @invariant()
    def no_group_is_too_large(self) -> None:
        """At most as many as the call allows, its leader included."""
        assert all(len(members) <= MOST for members in self.groups().values())

    @invariant()
    def nobody_is_in_two(self) -> None:
        """One application is in one group, as leader or as member."""
        everybody = [who for members in self.groups().values() for who in members]
        assert len(everybody) == len(set(everybody))

    @invariant()
    def nobody_who_has_gone_is_in_one(self) -> None:
        """Whoever has withdrawn holds nobody's group together."""
        assert not self.gone & {who for members in self.groups().values() for who in members}


TestTogether = Together.TestCase


def test_a_second_click_finds_what_the_first_one_did() -> None:
    """The same again is no error; something else is."""
    with pytest.raises(AlreadyDone):
        companions.after_answer(CompanionState.CONFIRMED, yes=True)
    with pytest.raises(AlreadyDone):
        companions.after_leaving(CompanionState.LEFT)
    with pytest.raises(NotNow, match="taken back") as refused:
        companions.after_answer(CompanionState.REMOVED, yes=True)
    assert not isinstance(refused.value, AlreadyDone)


@pytest.mark.parametrize("state", list(ApplicationState))
def test_with_whom_changes_until_a_place_is_offered(state: ApplicationState) -> None:
    """A draft and what is before the offer may change it; everything else is refused with the reason."""
    if state is ApplicationState.DRAFT or state in BEFORE_OFFERED:
        companions.check_open_for_change(state)
        return
    with pytest.raises(NotNow, match="until a place is offered"):
        companions.check_open_for_change(state)
