"""Test that people in different zones read the time of a meeting by their own clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.notifications.catalogues import MAILS
from shared.i18n import speaking
from shared.time.clocks import clocks


@pytest.mark.parametrize(
    ("moment", "countries", "said"),
    [
        ("2026-04-01T08:00", ("AM", "LT"), "1 April 2026, 12:00 (Armenia), 11:00 (Lithuania)"),
        ("2026-04-01T08:00", ("LT", "AM", "LT"), "1 April 2026, 11:00 (Lithuania), 12:00 (Armenia)"),
        ("2026-12-01T21:30", ("AM", "PT"), "2 December 2026, 01:30 (Armenia), 1 December, 21:30 (Portugal)"),
        ("2026-04-01T08:00", ("AM", "GE"), "1 April 2026, 12:00 (Armenia, Georgia)"),
        ("2026-04-01T08:00", ("AM", None), "1 April 2026, 12:00 (Armenia)"),
        ("2026-04-01T08:00", (None,), "1 April 2026, 10:00 CEST"),
    ],
)
def test_a_time_is_named_once_for_all_that_share_it(moment: str, countries: tuple[str | None, ...], said: str) -> None:
    """Times are listed in the given order, with summer time, and with the day if it differs."""
    assert clocks(datetime.fromisoformat(moment).replace(tzinfo=UTC), countries) == said


def test_it_is_in_the_language_that_is_spoken() -> None:
    """Month and countries by their names in the language."""
    with speaking("uk", MAILS):
        assert (
            clocks(datetime(2026, 4, 1, 8, tzinfo=UTC), ("AM", "LT"))
            == "1 квітня 2026, 12:00 (Вірменія), 11:00 (Литва)"
        )
