"""Test that a burst is handled at once and a stream in batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.log import batching


class Clock:
    """Time that passes only where the test says so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.at = 1_000.0
        patch.setattr(batching, "monotonic", lambda: self.at)


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 500)), min_size=1, max_size=200))
def test_rounds_are_bounded_and_none_waits_longer_than_one_turn(idle: list[tuple[float, int]]) -> None:
    """Rounds are the first few and one each interval, and none waits for two intervals, however events arrive."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        paced, began = batching.BatchTiming(), clock.at
        for made, (pause, found) in enumerate(idle, 1):
            clock.at += pause
            wait = paced.wait()
            assert wait <= batching.EVERY_SECONDS + 1e-9
            clock.at += wait
            paced.count(found)
            assert made <= batching.FIRST + (clock.at - began) / batching.EVERY_SECONDS + 1e-6


def test_unused_rounds_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten at once wait for nothing, again and again, where there is half a second of rest between them."""
    clock, paced = Clock(monkeypatch), batching.BatchTiming()
    for _ in range(5):
        for _ in range(10):
            assert paced.wait() == 0
            paced.count()
        clock.at += 0.5


def test_a_long_row_of_full_rounds_is_not_paid_for_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """After hundreds of rounds that waited for nothing, the next one waits for one turn at most."""
    clock, paced = Clock(monkeypatch), batching.BatchTiming()
    for _ in range(500):
        clock.at += 0.001
        paced.count()
    assert paced.wait() <= batching.EVERY_SECONDS + 1e-9
    clock.at += batching.FIRST * batching.EVERY_SECONDS
    assert paced.wait() == 0


def test_a_stream_is_known_by_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of a few events run at once; after a large one, or several medium ones, the next waits its turn."""
    clock, paced = Clock(monkeypatch), batching.BatchTiming()
    for found, rounds in ((batching.FEW, batching.FIRST - 2), (batching.FIRST, 0), (500, 0), (batching.FEW + 1, 2)):
        for _ in range(rounds):
            paced.count(found)
            assert paced.wait() == 0
        paced.count(found)
        assert paced.wait() == pytest.approx(batching.EVERY_SECONDS if found > batching.FEW else 0, abs=1e-9)
        clock.at += batching.FIRST * batching.EVERY_SECONDS
