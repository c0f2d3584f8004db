"""A reminder is sent once, in the morning of the day that it names, wherever its reader is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.cases.model import APPLICATIONS
from services.notifications.deadlines.model.mornings import MORNING, eve_of, in_zone, morning_of, named_day
from services.notifications.deadlines.model.rules import REMINDERS, CaseDeadline
from services.notifications.mail.sending.contacts import Contact, Recipients
from services.notifications.mail.sending.quiet_hours import Sleepers
from services.notifications.messages.store.due import DueMessage
from services.notifications.preferences.model.quiet_hours import Hours, Quiet
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from pydantic import JsonValue

PERSON, MESSAGE, CASE = UUID(int=1), UUID(int=2), UUID(int=3)
ZONES = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"}))
DAYS = st.dates(date(2024, 1, 1), date(2034, 12, 31))
NIGHT = Hours(time(21), time(7))
NOBODYS = Quiet(None, {})


def sleepers(zone: str, now: datetime, quiet: Quiet = NOBODYS) -> Sleepers:
    """Return who waits at `now`, where the one recipient is in a zone."""
    contact = Contact(recipient=PERSON, name="", address="a@police.example", timezone=zone)
    return Sleepers(quiet, {MESSAGE: Recipients((contact,))}, {}, now)


def reminder(rule: str, day: date, due: datetime) -> DueMessage:
    """Return a reminder that names a day."""
    facts: dict[str, JsonValue] = {"not_before": morning_of(day), "due": due.isoformat()}
    return DueMessage(
        MESSAGE,
        rule,
        CASE,
        due,
        "MD-2030-0001",
        CASE,
        "MD",
        {},
        {},
        facts,
        0,
        due,
        due,
        None,
        1,
    )


def sent_at(message: DueMessage, zone: str, since: datetime, quiet: Quiet = NOBODYS) -> datetime:
    """Return when a message that arises at `since` is sent: after each wait it is looked at anew."""
    now = since
    for _ in range(4):
        until = sleepers(zone, now, quiet).all_of([message]).get(MESSAGE)
        if until is None:
            return now
        assert until > now
        now = until
    raise AssertionError("it waits again and again")


@given(day=DAYS, zone=ZONES)
@example(day=date(2026, 3, 29), zone="Europe/Chisinau")  # the clocks go forward in the night before
@example(day=date(2026, 10, 25), zone="Europe/Chisinau")  # and back
@example(day=date(2026, 4, 24), zone="Africa/Cairo")  # a day that begins at one o'clock
@example(day=date(2026, 11, 1), zone="America/Havana")  # a day whose first hour comes twice
@example(day=date(2026, 4, 5), zone="Pacific/Kiritimati")  # the first zone to see a day
@example(day=date(2026, 4, 5), zone="Pacific/Pago_Pago")  # the last
def test_a_reminder_comes_at_eight_of_the_day_it_names(day: date, zone: str) -> None:
    """Announced on the eve, it is sent at eight by the clock of its reader, on that day, in every zone."""
    due = datetime.combine(day + timedelta(days=3), time(23, 59, 59), ZONE)
    moment = sent_at(reminder("deadline_near", day, due), zone, eve_of(day))
    local = moment.astimezone(ZoneInfo(zone))
    assert (local.date(), local.time()) == (day, MORNING)
    assert moment - eve_of(day) < timedelta(hours=40)


@given(day=DAYS, zone=ZONES, hours=st.integers(0, 100))
def test_a_late_reminder_is_sent_at_once_by_day(day: date, zone: str, hours: int) -> None:
    """After its morning a reminder waits for nothing but the end of the night."""
    due = datetime.combine(day + timedelta(days=30), time(23, 59, 59), ZONE)
    late = in_zone(morning_of(day), ZoneInfo(zone)) + timedelta(hours=hours)
    moment = sent_at(reminder("deadline_near", day, due), zone, late, Quiet(NIGHT, {}))
    assert moment == late or moment.astimezone(ZoneInfo(zone)).time() == NIGHT.until
    assert moment - late <= timedelta(hours=11)


@given(day=DAYS, zone=ZONES)
def test_a_missed_date_is_announced_the_next_morning(day: date, zone: str) -> None:
    """An overdue date is announced at eight of the day after it, or at once where that morning has begun already."""
    due = datetime.combine(day, time(23, 59, 59), ZONE).astimezone(UTC)
    moment = sent_at(reminder("deadline_passed", day + timedelta(days=1), due), zone, due)
    local = moment.astimezone(ZoneInfo(zone))
    assert local.date() == day + timedelta(days=1)
    assert local.time() == MORNING or (moment == due and local.time() > MORNING)


@given(day=DAYS, before=ZONES, after=ZONES, share=st.floats(0, 1))
def test_a_reader_who_moves_gets_it_once_in_the_morning_or_at_once(
    day: date, before: str, after: str, share: float
) -> None:
    """A reader in another zone by then gets it at eight there, or at once where eight has passed; never before."""
    due = datetime.combine(day + timedelta(days=9), time(23, 59, 59), ZONE)
    message = reminder("deadline_near", day, due)
    first = sleepers(before, eve_of(day)).all_of([message])[MESSAGE]
    looked = eve_of(day) + (first - eve_of(day)) * share
    moment = sent_at(message, after, max(looked, first))
    local = moment.astimezone(ZoneInfo(after))
    assert local.replace(tzinfo=None) >= datetime.combine(day, MORNING)
    assert local.time() == MORNING or moment == first


@given(
    kind=st.sampled_from(sorted(REMINDERS)),
    set_at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - UTC is given below
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=60)),
    zone=ZONES,
)
def test_a_deadline_is_announced_before_any_morning_of_its_day(
    kind: DeadlineKind, set_at: datetime, length: timedelta, zone: str
) -> None:
    """The reminder names the day so many days before the date, and is announced before eight in any zone.

    There is none where that day was over, or running, when the deadline was set.
    """
    begun = set_at.replace(tzinfo=UTC)
    due = begun + length
    deadline = CaseDeadline(kind, AudienceKind.HOME_COORDINATOR, APPLICATIONS, CASE, due, begun)
    day = named_day(due) - REMINDERS[kind]
    if day <= named_day(begun):
        assert deadline.remind_on is deadline.remind_at is None
        return
    assert deadline.remind_on == day
    assert deadline.remind_at is not None
    assert begun <= deadline.remind_at < due
    assert deadline.remind_at <= max(begun, in_zone(morning_of(day), ZoneInfo(zone)))


@pytest.mark.parametrize(("zone", "kept"), [("Asia/Tokyo", "Asia/Tokyo"), ("Mars/Base", ZONE.key), ("../x", ZONE.key)])
def test_an_unknown_zone_is_the_programmes(zone: str, kept: str) -> None:
    """A zone that this machine does not know stops no mail."""
    contact = Contact(recipient=PERSON, name="", address="a@police.example", timezone=zone)
    assert contact.timezone == kept
