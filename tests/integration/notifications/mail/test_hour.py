"""A person gets one email about a case in an hour; what comes in between is one email at the end of that hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.time import clock
from tests.integration.notifications.conftest import post, published_events, rows, text_of
from tests.integration.notifications.mail.test_one_email import MINE, submit
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.stories import APPLICATION, VISIT, event, in_days

if TYPE_CHECKING:
    from email.message import EmailMessage

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Catcher, Contacts
    from tests.support import Feed

HOUR = timedelta(hours=1)
WAITING = "SELECT rule FROM message WHERE state = 'waiting' AND held_until IS NOT NULL ORDER BY rule"


def number_of(mail: EmailMessage) -> int:
    """Return how many messages are in an email."""
    return text_of(mail).count("Cause: ")


async def test_messages_within_the_hour_are_one_email_at_its_end(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """The first email goes at once, further ones wait and are in the inbox, and go together with each cause."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert [number_of(mail) for mail in catcher.to(MINE)] == [1]
    for name in ("ApplicationEndorsed", "ApplicationFoundEligible"):
        await feed.deliver((event(name), APPLICATION))
        await post(app)
        clock.move(timedelta(minutes=20))
    await post(app)
    assert "waits up to an hour" in await page(app, "programme", "/notifications/")
    assert len(catcher.to(MINE)) == 1
    inbox = "SELECT rule FROM notification JOIN message ON message.id = message_id WHERE recipient = "
    ((mine,),) = await rows(
        app,
        "SELECT recipient FROM notification JOIN message ON message.id = message_id"
        " WHERE rule = 'application_submitted'",
    )
    assert [row.rule for row in await rows(app, f"{inbox}'{mine}' ORDER BY rule")] == [
        "application_eligible",
        "application_endorsed",
        "application_submitted",
    ]
    clock.move(timedelta(minutes=21))
    await post(app)
    assert [number_of(mail) for mail in catcher.to(MINE)] == [1, 2]
    assert await rows(app, "SELECT id FROM message WHERE state = 'waiting'") == []
    sent = [payload for type_, _, payload in await published_events(app) if type_ == "NotificationSent"]
    assert len(sent) == len(await rows(app, "SELECT id FROM notification")) > 3
    await post(app)
    assert len(catcher.to(MINE)) == 2


async def test_urgent_messages_take_the_waiting_ones_along(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A missed visit goes at once, in one email with what waited about the case."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    assert [row.rule for row in await rows(app, WAITING)] == ["application_endorsed"]
    await feed.deliver((event("VisitNoShow"), VISIT))
    await post(app)
    first, second = catcher.to(MINE)
    assert (number_of(first), number_of(second)) == (1, 2)
    assert second["subject"].startswith("[MD-2026-0042] 2 messages: Your host reports that you did not come; ")
    assert await rows(app, WAITING) == []


async def test_a_deadline_within_a_day_does_not_wait(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message whose deadline ends within a day goes at once, whatever went within the hour."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    due = (clock.now() + timedelta(hours=20)).isoformat()
    await feed.deliver((event("MatchOffered", due=due), VISIT))
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    assert [number_of(mail) for mail in catcher.to(MINE)] == [1, 2]


async def test_each_case_and_each_reader_has_an_hour_of_its_own(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """An email about a second case goes at once, also to somebody who had one about another."""
    contacts.names["home_coordinator"] = ["first"]
    for start in (1, 2):
        await submit(feed, 1, start=start)
        await post(app)
    assert [number_of(mail) for mail in catcher.to("home_coordinator.first@police.example")] == [1, 1]


async def test_a_restart_in_the_hour_loses_nothing(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A process that takes over keeps the hour, and sends what waits once at its end."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION))
    await post(app)
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    for _ in range(3):
        await post(app)  # each with a lease and connections of its own
    assert len(catcher.to(MINE)) == 1
    clock.move(HOUR)
    for _ in range(2):
        await post(app)
    assert [number_of(mail) for mail in catcher.to(MINE)] == [1, 1]
