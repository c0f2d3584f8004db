"""Visits that swap weeks without overfilling one."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matching.lifecycle.actions.moves import fit

WEEKS = [date(2027, 3, 1) + timedelta(weeks=after) for after in range(4)]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_no_week_that_is_moved_to_is_overfull(moves: list[tuple[int, int]], others: list[int]) -> None:
    """After the moves no week that one leads to has more guests than places."""
    moves_of = {UUID(int=at): (WEEKS[before], WEEKS[then]) for at, (before, then) in enumerate(moves)}
    taken = Counter(before for before, _ in moves_of.values())
    taken.update(dict(zip(WEEKS, others, strict=True)))
    places = dict.fromkeys(WEEKS, 3)
    made = fit(moves_of, taken, places)
    after = Counter(taken)
    for move in made:
        after[moves_of[move][0]] -= 1
        after[moves_of[move][1]] += 1
    assert all(after[moves_of[move][1]] <= 3 for move in made)


def test_a_ring_of_full_weeks_turns() -> None:
    """Three visits in full weeks swap in a ring; a fourth who only enters one is left out."""
    ring = {UUID(int=at): (WEEKS[at], WEEKS[(at + 1) % 3]) for at in range(3)}
    places = dict.fromkeys(WEEKS, 1)
    taken = dict.fromkeys(WEEKS[:3], 1)
    assert fit(ring, taken, places) == set(ring)
    late = UUID(int=9)
    assert fit(ring | {late: (WEEKS[3], WEEKS[0])}, {**taken, WEEKS[3]: 1}, places) == set(ring)
