"""Is what the followed matching is held against itself that of a run, and does it notice what is wrong?"""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.matching import run
from tests.benchmarks.matching.anew import Anew
from tests.unit.matching.engine.random_events import event, world


@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@settings(max_examples=25, deadline=None)
def test_lists_that_were_kept_match_as_a_run_does(seed: int, *, crowded: bool) -> None:
    """After any events, kept lists with those that were made anew are the whole market's, and match as a run does."""
    dice = random.Random(seed)
    live = LiveMatching(world(dice, crowded=crowded))
    anew = Anew(live.problem)
    for number in range(12):
        happening = event(dice, live.problem, live.matching, number)
        if happening is not None:
            happening[1](live)
        assert anew.matching(live.problem) == run(live.problem).matching
        assert anew.holds(live.problem)


def test_a_list_that_was_not_made_anew_is_noticed() -> None:
    """Lists of a pool that has changed since are not told to be those of the pool as it is."""
    dice = random.Random(3)
    problem = world(dice, crowded=True)
    anew = Anew(problem)
    anew.matching(problem)
    assert anew.holds(problem)
    assert not anew.holds(replace(problem, candidates=problem.candidates[1:]))
    assert not anew.holds(replace(problem, seed="another"))
