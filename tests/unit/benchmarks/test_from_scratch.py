"""The reference of the followed matching is itself a run's matching, and notices what is wrong."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.matching import run
from tests.benchmarks.matching.from_scratch import FromScratch
from tests.unit.matching.engine.random_events import event, world


@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@settings(max_examples=25, deadline=None)
def test_lists_that_were_kept_match_as_a_run_does(seed: int, *, crowded: bool) -> None:
    """After any events the lists are those of the whole market, and match as a run does."""
    dice = random.Random(seed)
    live = LiveMatching(world(dice, crowded=crowded))
    scratch = FromScratch(live.problem)
    for number in range(12):
        happening = event(dice, live.problem, live.matching, number)
        if happening is not None:
            happening[1](live)
        assert scratch.matching(live.problem) == run(live.problem).matching
        assert scratch.holds(live.problem)


def test_an_outdated_list_is_noticed() -> None:
    """Lists of a pool that has changed since are not accepted as those of the pool as it is."""
    dice = random.Random(3)
    problem = world(dice, crowded=True)
    scratch = FromScratch(problem)
    scratch.matching(problem)
    assert scratch.holds(problem)
    assert not scratch.holds(replace(problem, candidates=problem.candidates[1:]))
    assert not scratch.holds(replace(problem, seed="another"))
