"""After the deadline the deputy is asked in the coordinator's place, then the programme coordinator."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.applications.access.model import Deciders, Deputyship, programme_asked_since
from shared.time.workdays import ZONE

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
SPANS = st.timedeltas(timedelta(), timedelta(days=60))
PLACES = st.sampled_from(("AM", "FR", "UA", "019a0000-0000-7000-8000-00000000000e"))
DAYS = st.dates(date(2025, 11, 1), date(2027, 2, 1))
CALLS = [UUID(int=entry) for entry in (1, 2)]


@given(since=MOMENTS, given_time=SPANS, more=st.none() | SPANS, later=SPANS, has_decider=st.booleans())
def test_the_programme_acts_after_country_and_deputy_or_at_once(
    *, since: datetime, given_time: timedelta, more: timedelta | None, later: timedelta, has_decider: bool
) -> None:
    """The programme acts after the deadlines of country and deputy, or at once if there is nobody."""
    due = since + given_time
    deputy = None if more is None else due + more
    last = due if deputy is None else deputy
    at_the_end = programme_asked_since(due=due, deputy_until=deputy, since=since, has_decider=has_decider, now=last)
    assert at_the_end == (None if has_decider else since)
    moment = last + later + timedelta(seconds=1)
    assert programme_asked_since(due=due, deputy_until=deputy, since=since, has_decider=has_decider, now=moment) == (
        last if has_decider else since
    )


@given(MOMENTS, SPANS)
def test_a_case_without_a_deadline_stays_with_the_country(since: datetime, later: timedelta) -> None:
    """Without a deadline nothing becomes overdue."""
    assert programme_asked_since(due=None, deputy_until=None, since=since, has_decider=True, now=since + later) is None


@given(
    deputies=st.lists(
        st.builds(
            lambda place, since, days: Deputyship(place, since, None if days is None else since + timedelta(days=days)),
            PLACES,
            DAYS,
            st.none() | st.integers(0, 90),
        ),
        max_size=3,
    ),
    terms=st.lists(st.integers(0, 20), min_size=2, max_size=2),
    due=MOMENTS,
    now=SPANS,
    place=PLACES,
)
def test_lists_and_cases_agree_on_the_deputys_term(
    *, deputies: list[Deputyship], terms: list[int], due: datetime, now: timedelta, place: str
) -> None:
    """The spans for queries are exactly those in which the rule for one case leaves it with the deputy."""
    due = datetime.combine(due.astimezone(ZONE).date(), datetime.max.time().replace(microsecond=0), ZONE)
    moment = due + now + timedelta(seconds=1)
    deciders = Deciders(frozenset(), tuple(deputies), dict(zip(CALLS, terms, strict=True)))
    spans = deciders.deputy_spans(moment)
    for call in CALLS:
        until = deciders.deputy_until(place, place if len(place) == 2 else "EU", call, due)
        found = any(span.place == place and call in span.calls and span.since <= due < span.until for span in spans)
        assert found == (until is not None and until >= moment)
