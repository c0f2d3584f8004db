"""The items with which something fails are found, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shared.culprits import culprits

if TYPE_CHECKING:
    from collections.abc import Sequence


@given(st.integers(0, 60), st.sets(st.integers(0, 59), max_size=5))
def test_exactly_the_failing_items_are_found(count: int, bad: set[int]) -> None:
    """Each item that fails by itself is found, in order; few trials are made if few items fail."""
    trials = 0

    def works(some: Sequence[int]) -> bool:
        nonlocal trials
        trials += 1
        return not bad.intersection(some)

    found = culprits(range(count), works)
    assert found == sorted(bad & set(range(count)))
    assert trials <= 1 + 13 * len(found)


def test_one_of_two_items_that_fail_together_is_found() -> None:
    """Of two items that fail only together one is found, and the rest works without it."""
    assert culprits([1, 2, 3, 4], lambda some: not {1, 4} <= set(some)) == [4]
