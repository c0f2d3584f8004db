"""Mail waits for the morning during quiet hours, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.messages.model.table import BY_NAME
from services.notifications.preferences.model.quiet_hours import Hours, Quiet, pressing, urgent
from shared.time.zones import zone_of

DEFAULT_REMINDERS = Hours(time(21), time(7))


def at(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "country", "until"),
    [
        ("2026-01-19T16:59", "AM", None),  # 20:59 in Yerevan
        ("2026-01-19T17:00", "AM", "2026-01-20T03:00"),  # 21:00
        ("2026-01-20T02:59", "AM", "2026-01-20T03:00"),
        ("2026-01-20T03:00", "AM", None),  # 07:00
        ("2026-01-19T17:00", "FR", None),  # 18:00 in Paris
        ("2026-03-28T21:00", "FR", "2026-03-29T05:00"),  # the clocks go forward in this night
        ("2026-10-24T20:00", "FR", "2026-10-25T06:00"),  # and back in this one
        ("2026-01-24T12:00", "AM", None),  # a Saturday
        ("2026-01-19T23:00", None, "2026-01-20T06:00"),  # the programme's own office
    ],
)
def test_the_night_of_a_country(moment: str, country: str | None, until: str | None) -> None:
    """Quiet hours follow the country's clock, over midnight and over a change of the clocks."""
    assert Quiet(DEFAULT_REMINDERS, {}).until(country, at(moment)) == (None if until is None else at(until))


@given(st.integers(0, 60 * 24 * 730), st.sampled_from(["AM", "FR", "PT", "AZ", "EU"]))
def test_a_mail_waits_until_the_next_morning(minutes: int, country: str) -> None:
    """A mail waits for at most one night, and is sent at its end."""
    now = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    until = Quiet(DEFAULT_REMINDERS, {}).until(country, now)
    if until is not None:
        assert timedelta() < until - now <= timedelta(hours=11)
        assert until.astimezone(zone_of(country)).time() == time(7)
        assert Quiet(DEFAULT_REMINDERS, {}).until(country, until) is None


def test_hours_of_a_country_of_its_own() -> None:
    """A country may have later quiet hours, none, or hours within a day."""
    quiet = Quiet(DEFAULT_REMINDERS, {"AM": Hours.read("12:00-13:00"), "FR": Hours.read("none")})
    assert quiet.until("AM", at("2026-01-19T17:00")) is None
    assert quiet.until("AM", at("2026-01-19T08:30")) == at("2026-01-19T09:00")
    assert quiet.until("FR", at("2026-01-19T23:00")) is None


@given(st.integers(0, 23), st.integers(1, 23), st.integers(0, 60 * 24 * 400), st.sampled_from(["AM", "PT", "MD"]))
def test_mail_comes_within_a_day_for_any_quiet_hours(since: int, length: int, minutes: int, country: str) -> None:
    """A waiting mail comes at the end of the chosen hours, which then no longer apply."""
    hours = Hours.read(f"{since:02}:00-{(since + length) % 24:02}:00")
    assert hours is not None
    assert Hours.read(str(hours)) == hours
    now = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    until = hours.over(now, zone_of(country))
    if until is not None:
        assert timedelta() < until - now <= timedelta(hours=length + 1)
        assert hours.over(until, zone_of(country)) is None


@pytest.mark.parametrize("text", ["", "21-7", "24:00-07:00", "07:00-07:00", "21:00 - 07:00"])
def test_hours_that_are_none_are_refused_with_the_remedy(text: str) -> None:
    """A mistyped setting is refused with the expected form."""
    with pytest.raises(ValueError, match="write quiet hours as 21:00-07:00"):
        Hours.read(text)


@pytest.mark.parametrize(
    ("rule", "facts", "when"),
    [
        ("partner_suspended", {}, "now"),
        ("application_submitted", {}, "morning"),
        ("application_submitted", {"due": "2026-01-20T10:00:00+00:00"}, "now"),
        ("application_submitted", {"due": "2026-01-21T10:00:00+00:00"}, "morning"),
        ("deadline_near", {"due": "2026-01-20T10:00:00+00:00"}, "now"),
        ("deadline_near", {"due": "2026-01-24T10:00:00+00:00"}, "morning"),
        ("deadline_passed", {"due": "2026-01-19T19:00:00+00:00"}, "morning"),
        ("visit_cancelled", {"start": "2026-01-22"}, "now"),
        ("visit_cancelled", {"start": "2026-02-22"}, "morning"),
    ],
)
def test_urgent_messages_do_not_wait(rule: str, facts: dict[str, str], when: str) -> None:
    """Urgent rows, dates within a day and visits about to begin do not wait."""
    assert urgent(BY_NAME[rule], facts, at("2026-01-19T20:00")) is (when == "now")


@pytest.mark.parametrize(
    ("rule", "facts", "since"),
    [
        ("application_submitted", {"due": "2026-01-22T10:00:00+00:00"}, "2026-01-21T10:00"),
        ("application_submitted", {"due": "2026-01-19T10:00:00+00:00"}, None),
        ("visit_cancelled", {"start": "2026-02-22"}, "2026-02-18T23:00"),
        ("visit_cancelled", {"start": "2026-02-22", "due": "2026-01-22T10:00:00+00:00"}, "2026-01-21T10:00"),
    ],
)
def test_since_when_it_cannot_wait(rule: str, facts: dict[str, str], since: str | None) -> None:
    """A message stops waiting a day before its date and three days before its visit."""
    found = pressing(BY_NAME[rule], facts, at("2026-01-19T20:00"))
    assert found == (None if since is None else at(since))
    if found is not None:
        assert not urgent(BY_NAME[rule], facts, found - timedelta(seconds=1))
        assert urgent(BY_NAME[rule], facts, found)
