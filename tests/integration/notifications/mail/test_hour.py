"""A person gets one email about a case in an hour; what comes in between is one email at the end of that hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

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


async def test_a_clock_that_is_set_back_holds_nothing_up(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message held back while the clock was days ahead goes once the clock is right again."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    assert [row.rule for row in await rows(app, WAITING)] == ["application_endorsed"]
    async with app.state.service.bus.transaction("system:tests") as tx:
        for ahead in ("message SET held_until = held_until", "notification SET sent_at = sent_at"):
            await tx.session.execute(sa.text(f"UPDATE {ahead} + interval '30 days'"))
    await post(app)
    assert [number_of(mail) for mail in catcher.to(MINE)] == [1, 1]


async def test_a_copy_that_may_be_out_stays_with_its_recipient(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A person who may have got a message after its hour keeps it, also when somebody else would get it by then."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    message = "message_id = (SELECT id FROM message WHERE rule = 'application_endorsed')"
    async with app.state.service.bus.transaction("system:tests") as tx:
        someone = "recipient = '019a0000-0000-7000-8000-0000000000ff'"
        await tx.session.execute(sa.text(f"UPDATE notification SET open_attempts = 1, {someone} WHERE {message}"))
    clock.move(HOUR)
    await post(app)
    left = await rows(app, f"SELECT open_attempts FROM notification WHERE {message} AND {someone}")
    assert len(left) == 1


async def test_a_message_that_becomes_pressing_ends_its_hour(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message waits no longer than until a day before its due date."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    due = (clock.now() + timedelta(hours=24, minutes=5)).isoformat()
    await feed.deliver((event("MatchOffered", due=due), VISIT))
    await post(app)
    assert len(catcher.to(MINE)) == 1
    clock.move(timedelta(minutes=6))
    await post(app)
    assert len(catcher.to(MINE)) == 2
