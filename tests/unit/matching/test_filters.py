"""Test which call a page of the board shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.matching.facts.store.facts import Call
from services.matching.facts.views import Calls, CallSummary
from services.matching.filters import ALL, call_of
from shared.contracts.calls import CallPublished
from shared.contracts.codes import CallState
from shared.ids import new_id
from shared.time import clock


def _calls(*begins_in: int) -> Calls:
    """Return open calls that begin in so many days, in that order."""
    terms = CallPublished.model_validate(dict(CallPublished.example)).terms.model_dump(mode="json")
    rows = [
        Call(
            id=new_id(),
            reference=f"TC-{number}",
            title="Exchange",
            state=CallState.PUBLISHED,
            terms=terms | {"opens": str(clock.today() + timedelta(days=days))},
            changed_at=clock.now(),
        )
        for number, days in enumerate(begins_in)
    ]
    summaries = [CallSummary.model_validate(row, from_attributes=True) for row in rows]
    return Calls(summaries, {row.id: row for row in rows})


@pytest.mark.parametrize(("begins_in", "shown"), [((10, -60, -300), 1), ((0, -60), 0), ((10, 20), 0)])
def test_a_board_begins_with_the_newest_call_that_has_begun(begins_in: tuple[int, ...], shown: int) -> None:
    """A call that is only announced has nothing to show while another one is under way."""
    calls = _calls(*begins_in)
    assert call_of("", calls) == calls.summaries[shown]


def test_the_call_in_the_address_is_shown() -> None:
    """A chosen call is shown whether it has begun or not; all together and an unknown one are none."""
    calls = _calls(10, -60)
    for summary in calls.summaries:
        assert call_of(str(summary.id), calls) == summary
    assert call_of(ALL, calls) is None
    assert call_of(str(new_id()), calls) is None
