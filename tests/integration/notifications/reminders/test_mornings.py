"""Reminders are sent in the morning of each reader, once, and only while the task is open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifications.deadlines.model.mornings import eve_of, in_zone, morning_of
from services.notifications.reminders.actions import deadlines
from shared.bus.db.leases import hold
from shared.time import clock
from shared.time.workdays import ZONE
from tests.integration.notifications.conftest import Catcher, Contacts, post, rows
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.stories import APPLICATION, event

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.support import Feed

FIRST, DEPUTY = "home_coordinator.first@police.example", "home_coordinator.deputy@police.example"


async def until(app: FastAPI, moment: datetime) -> None:
    """Move the clock, sweep and send, as the loops do after a restart."""
    clock.move(max(timedelta(), moment - clock.now()))
    async with hold(app.state.service.bus, "deadlines") as lease:
        await deadlines.sweep(app.state.service.bus, lease, clock.now())
    await post(app)


async def submitted(app: FastAPI, feed: Feed, catcher: Catcher, due: date) -> None:
    """Have a coordinator asked for an endorsement by the end of a day at the office."""
    end = datetime.combine(due, time(23, 59, 59), ZONE)
    await feed.deliver((event("ApplicationSubmitted", due=end.isoformat()), APPLICATION))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()


async def test_each_reader_is_reminded_in_the_own_morning(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Three days before the date readers east and west get it at eight of their clocks; a missed date the day after."""
    contacts.zones = {"home_coordinator.first": "Asia/Tokyo", "home_coordinator.deputy": "America/Los_Angeles"}
    due = clock.today() + timedelta(days=10)
    await submitted(app, feed, catcher, due)
    for day, others in ((due - timedelta(days=3), []), (due + timedelta(days=1), ["programme_coordinator.only"])):
        east, west = (in_zone(morning_of(day), ZoneInfo(zone)) for zone in contacts.zones.values())
        await until(app, east - timedelta(minutes=1))
        assert catcher.recipients == []
        # A date is missed at the end of its day at the office: Tokyo has eight o'clock of the next day only then.
        await until(app, max(east, datetime.combine(due, time(23, 59, 59), ZONE) if others else east))
        assert catcher.recipients == [FIRST]
        await until(app, west - timedelta(minutes=1))
        assert [whom for whom in catcher.recipients if whom.startswith("home")] == [FIRST]
        await until(app, west)
        await until(app, west + timedelta(days=2) if others else west)
        assert sorted(catcher.recipients) == sorted([DEPUTY, FIRST, *(f"{name}@police.example" for name in others)])
        catcher.raw.clear()
        catcher.recipients.clear()


async def test_a_deadline_met_overnight_is_not_reminded_of(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A reminder whose deadline is met between its announcement and the morning is dropped, and the log says so."""
    due = clock.today() + timedelta(days=10)
    await submitted(app, feed, catcher, due)
    day = due - timedelta(days=3)
    await until(app, eve_of(day) + timedelta(minutes=1))
    (waits,) = await rows(app, "SELECT id, state FROM message WHERE rule = 'deadline_near'")
    assert waits.state == "waiting"
    assert "waits for the recipient&#39;s morning" in (await page(app, "programme", "/notifications/"))
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await until(app, in_zone(morning_of(day), ZoneInfo("Europe/Chisinau")))
    assert [mail for mail in catcher.mails if "Due by" in str(mail["subject"])] == []
    assert [row.state for row in await rows(app, "SELECT state FROM message WHERE rule = 'deadline_near'")] == [
        "dropped"
    ]
    shown = await page(app, "programme", f"/notifications/messages/{waits.id}")
    assert "No longer needed" in shown
    assert "Send new email" not in shown


async def test_a_date_moved_overnight_has_a_new_reminder(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A deadline that gets another date before the morning is reminded of before the new one only."""
    due = clock.today() + timedelta(days=10)
    await submitted(app, feed, catcher, due)
    day = due - timedelta(days=3)
    await until(app, eve_of(day) + timedelta(minutes=1))
    later = datetime.combine(due + timedelta(days=20), time(23, 59, 59), ZONE)
    await feed.deliver((event("ApplicationChanged", due=later.isoformat(), state="submitted"), APPLICATION))
    for _ in range(2):
        await until(app, in_zone(morning_of(day), ZoneInfo("Europe/Chisinau")))
        day += timedelta(days=20)
    due_by = [str(mail["subject"]) for mail in catcher.mails if "Due by" in str(mail["subject"])]
    assert len(due_by) == 2
    assert all(f"{later.day} {later:%B %Y}" in subject for subject in due_by)


async def test_a_reader_who_travels_is_reminded_once(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """A reader whose zone changes while the reminder waits gets it once, at eight of the new clock."""
    due = clock.today() + timedelta(days=10)
    contacts.names["home_coordinator"] = ["first"]
    contacts.zones = {"home_coordinator.first": "Asia/Tokyo"}
    await submitted(app, feed, catcher, due)
    day = due - timedelta(days=3)
    await until(app, eve_of(day) + timedelta(minutes=1))
    contacts.zones = {"home_coordinator.first": "Europe/Lisbon"}
    here = in_zone(morning_of(day), ZoneInfo("Europe/Lisbon"))
    await until(app, here - timedelta(minutes=1))
    assert catcher.recipients == []
    await until(app, here)
    await until(app, here + timedelta(hours=8))
    assert catcher.recipients == [FIRST]


async def test_a_reminder_that_arises_late_goes_out_at_once(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """After a standstill over the morning it is sent by day as soon as it is announced, and once."""
    due = clock.today() + timedelta(days=10)
    await submitted(app, feed, catcher, due)
    ten = datetime.combine(due - timedelta(days=3), time(10, 30), ZoneInfo("Europe/Chisinau"))
    for minutes in (0, 1, 24 * 60):
        await until(app, ten + timedelta(minutes=minutes))
        assert sorted(catcher.recipients) == [DEPUTY, FIRST]
