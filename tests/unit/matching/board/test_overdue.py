"""The rules that decide whether a case is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.board.model import STAGES, Stage, late
from shared.contracts.calls import Timers
from shared.contracts.codes import Party
from shared.web.states import states

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
TIMERS = Timers()


@pytest.mark.parametrize(
    ("kind", "state", "days", "holder"),
    [
        ("application", "submitted", 14, Party.HOME_COORDINATOR),
        ("application", "returned_for_information", 14, Party.GUEST),
        ("application", "endorsed", 7, Party.PROGRAMME),
        ("mentorship", "opened", 14, Party.MENTOR),
    ],
)
def test_a_stage_is_stuck_when_its_working_days_are_over(kind: str, state: str, days: int, holder: Party) -> None:
    """A stage is overdue after its working days, not the day before."""
    stage = Stage(kind, state, MONDAY, "EU")
    assert late(stage, TIMERS, MONDAY + timedelta(days=days - 1)) is None
    found = late(stage, TIMERS, MONDAY + timedelta(days=days + 1))
    assert found is not None
    assert found.holder is holder


def test_the_country_that_has_not_cleared_a_match_is_late() -> None:
    """The home country must act first, then the host's."""
    for cleared, holder, country in ((False, Party.HOME_COORDINATOR, "MD"), (True, Party.HOST_COORDINATOR, "FR")):
        stage = Stage("match", "proposed", MONDAY, "MD", "FR", due=MONDAY, home_cleared=cleared)
        found = late(stage, TIMERS, MONDAY + timedelta(seconds=1))
        assert found is not None
        assert (found.holder, found.country) == (holder, country)


@given(st.sampled_from([(kind, state.code) for kind in ("application", "match", "visit") for state in states(kind)]))
def test_no_other_stage_is_ever_stuck(where: tuple[str, str]) -> None:
    """A stage that asks nobody for anything is never overdue; the query covers all the others."""
    found = late(Stage(*where, MONDAY, "EU", "EU", due=MONDAY), TIMERS, MONDAY + timedelta(days=4000))
    assert (found is not None) == (f"{where[0]}:{where[1]}" in STAGES)
