"""The days on which all tests are run are the ones that their names say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.time.arrival import ANSWERED_WITHIN
from shared.time.workdays import ZONE
from shared.time.zones import _ZONES, zone_of
from tests.days import changes, runs

DAYS = [date(2026, 11, 28), date(2027, 1, 31), date(2027, 3, 28), date(2027, 12, 31), date(2028, 2, 29)]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_each_run_is_on_its_day(today: date) -> None:
    """Seven weekdays at seven times, ends of month and year, 29 February, changes of summer time, late hours."""
    begins = {run.name: run.begins for run in runs(today) if run.begins is not None}
    assert len(begins) == 7 + 3 + 6 + 2
    for name, moment in begins.items():
        assert moment.date() >= today
        if name.rpartition("-")[2].endswith("day") and name != "leap-day":
            assert f"{moment:%A}".lower() == name.rpartition("-")[2]
    weekdays = [moment for name, moment in begins.items() if name.endswith("day") and "-" not in name]
    assert len({moment.hour // 3 for moment in weekdays}) == 7
    assert (begins["month-end"] + timedelta(days=1)).day == 1
    assert (begins["year-end"].month, begins["year-end"].day) == (12, 31)
    assert (begins["leap-day"].month, begins["leap-day"].day) == (2, 29)
    assert begins["late-evening"].astimezone(ZONE).date() == today + timedelta(days=1)
    assert (begins["after-midnight"] - ANSWERED_WITHIN).date() == today


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_all_countries_change_their_clocks_with_the_office_or_never(today: date) -> None:
    """So one pair of Sundays is enough."""
    office = changes(ZONE, today, 366)
    for country in _ZONES:
        assert changes(zone_of(country), today, 366) in ([], office), country
