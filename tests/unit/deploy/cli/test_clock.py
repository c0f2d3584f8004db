"""Test how far forward `tandem clock` moves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deploy.cli.clock import span
from deploy.cli.system import Failed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+14d", timedelta(days=14)),
        ("+6h", timedelta(hours=6)),
        ("+30m", timedelta(minutes=30)),
        (" +2w ", timedelta(weeks=2)),
        ("+1.5d", timedelta(hours=36)),
        ("+0d", timedelta()),
    ],
)
def test_a_span_is_read_in_minutes_hours_days_and_weeks(text: str, meant: timedelta) -> None:
    """Spans are understood in all forms that the help promises."""
    assert span(text) == meant


@pytest.mark.parametrize("text", ["14d", "-14d", "+d", "+14", "+14y", "+ 14d", "tomorrow", "+401d", "+99999w"])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    """Backwards, without a unit, or so far that the log has forgotten: said, not guessed."""
    with pytest.raises(Failed, match=r"clock moves|not a time span"):
        span(text)
