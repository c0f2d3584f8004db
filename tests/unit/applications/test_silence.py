"""When is the programme coordinator asked in a country's place?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.applications.model.silence import asked_since

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
SPANS = st.timedeltas(timedelta(), timedelta(days=60))


@given(since=MOMENTS, given_time=SPANS, later=SPANS, held=st.booleans())
def test_it_is_asked_from_the_deadline_on_or_at_once_where_nobody_is(
    *, since: datetime, given_time: timedelta, later: timedelta, held: bool
) -> None:
    """Never before the deadline while the country has somebody; from then on for good; at once where it has nobody."""
    due = since + given_time
    at_the_end = asked_since(due=due, since=since, held=held, now=due)
    assert at_the_end == (None if held else since)
    afterwards = asked_since(due=due, since=since, held=held, now=due + later + timedelta(seconds=1))
    assert afterwards == (due if held else since)


@given(MOMENTS, SPANS)
def test_what_has_no_deadline_stays_with_the_country(since: datetime, later: timedelta) -> None:
    """Without a deadline nothing can be overdue."""
    assert asked_since(due=None, since=since, held=True, now=since + later) is None
