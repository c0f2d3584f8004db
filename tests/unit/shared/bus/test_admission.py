"""Test the rule of admission: every event takes effect once and in order, however events arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.inbox.admission import Standing, Verdict
from shared.ids import new_id

IDS = {number: new_id() for number in range(1, 12)}


@given(st.lists(st.integers(1, 10), max_size=60))
def test_events_are_applied_in_the_order_one_two_three(arriving: list[int]) -> None:
    """Of any sequence of arrivals, what is applied is 1, 2, 3 and so on; the rest is dropped or named a gap."""
    standing, applied = Standing(), []
    for number in arriving:
        verdict = standing.judge(number, IDS[number], compacted=False)
        if verdict is Verdict.APPLY:
            standing.advance(number, IDS[number])
            applied.append(number)
        else:
            assert verdict is (Verdict.DROP if number <= len(applied) else Verdict.GAP)
    assert applied == list(range(1, len(applied) + 1))


@given(st.lists(st.integers(1, 10), max_size=60))
def test_on_a_compacted_topic_the_newest_state_wins(arriving: list[int]) -> None:
    """Older events are dropped and gaps do not matter on a topic whose events hold the whole state."""
    standing = Standing()
    for number in arriving:
        verdict = standing.judge(number, IDS[number], compacted=True)
        assert verdict is (Verdict.APPLY if number > standing.sequence else Verdict.DROP)
        if verdict is Verdict.APPLY:
            standing.advance(number, IDS[number])
    assert standing.sequence == max(arriving, default=0)


def test_another_event_with_a_number_that_is_taken_is_a_fork() -> None:
    """An owner that was restored from a backup and goes on differently is noticed."""
    standing = Standing(sequence=3, ce_id=IDS[3])
    assert standing.judge(3, IDS[3], compacted=False) is Verdict.DROP
    assert standing.judge(3, IDS[4], compacted=False) is Verdict.FORK


def test_a_subject_with_a_dead_letter_waits_behind_it_unless_the_missing_one_arrives() -> None:
    """Behind a failed event all wait; behind a gap the missing one is let in."""
    assert Standing(sequence=1, dead_letter="failed").judge(2, IDS[2], compacted=False) is Verdict.BEHIND
    assert Standing(sequence=1, dead_letter=Verdict.GAP).judge(2, IDS[2], compacted=False) is Verdict.APPLY
    assert Standing(sequence=1, dead_letter=Verdict.GAP).judge(4, IDS[4], compacted=False) is Verdict.BEHIND
