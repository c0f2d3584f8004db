"""All facts of a small programme are counted to name what cannot be, but not with each fact that arrives."""

from __future__ import annotations

from services.reporting.figures.actions.counting import LONGEST_SECONDS, QUIET_SECONDS, NamingTurns


def test_facts_are_counted_once_they_have_come_to_rest() -> None:
    """While facts arrive each second it is done once a minute, and once more some seconds after the last one."""
    turns, done, changes = NamingTurns(), [], {"VisitCompleted": (0, 0)}
    arriving = int(LONGEST_SECONDS) + 30
    for second in range(arriving + 60):
        count = min(second, arriving)
        changes = {"VisitCompleted": (count, count)}
        if turns.is_due(changes, float(second)):
            turns.done(changes)
            done.append(second)
    assert done == [int(LONGEST_SECONDS), arriving + int(QUIET_SECONDS)]
