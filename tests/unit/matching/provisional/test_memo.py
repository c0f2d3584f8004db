"""Remembered objects are reused only for the identical sources."""

from __future__ import annotations

from services.matching.provisional.model.memo import Memo
from shared.ids import new_id


def test_the_same_object_is_made_once() -> None:
    """Another source, another dependency or another id makes a new object; otherwise the old one is returned."""
    remembered: Memo[list[int]] = Memo()
    first, other, source, twin = new_id(), new_id(), ["a"], ["a"]
    made = remembered.of(first, (source,), 1, lambda: [1])
    assert remembered.of(first, (source,), 1, lambda: [2]) is made
    assert remembered.of(other, (source,), 1, lambda: [3]) == [3]
    assert remembered.of(first, (twin,), 1, lambda: [4]) == [4]
    assert remembered.of(first, (twin,), 2, lambda: [5]) == [5]
