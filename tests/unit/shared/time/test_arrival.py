"""The clock closes nothing before the requests that arrived in time are answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN, arrived, arrived_at, arrived_on, settled, settled_on
from shared.web import admission, middleware

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_nothing_is_settled_before_the_last_request_is_answered() -> None:
    """A request that is sent again as late as its stamp allows, comes slowly and waits its turn is answered by then."""
    longest_wait = timedelta(seconds=admission.SLOW + admission.PATIENCE)
    assert max(admission.GOOD_FOR, middleware.LONGEST_WAIT) + longest_wait < ANSWERED_WITHIN


def test_settled_and_arrived_follow_the_moved_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are domain time; what arrived before a moment has arrived before it is settled."""
    monkeypatch.setenv("TANDEM_CLOCK_FILE", str(tmp_path / "clock"))
    clock.move(timedelta(days=400))
    with arrived_at(datetime.now(UTC) - timedelta(minutes=10)):
        assert settled() < arrived() < clock.now() - timedelta(minutes=9)
        assert settled_on() <= arrived_on() <= clock.today()
    assert settled() + ANSWERED_WITHIN <= clock.now()
