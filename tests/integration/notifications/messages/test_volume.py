"""The page of volume counts messages, measures durations and links to the rows."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.notifications.messages.model.log import Span
from services.notifications.messages.store.volume import volume
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.conftest import Catcher, post
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.stories import APPLICATION, HOST, event

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.support import Feed

HERE = "/notifications/volume"


async def test_sent_and_failed_messages_are_counted(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Messages are counted by day, week and rule, with the seconds from the event to the server's 250."""
    assert "No messages in this period." in await page(app, "programme", HERE)
    await feed.deliver((event("OrganisationChanged"), HOST), (event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    catcher.to_address = "550 No"
    await feed.deliver((event("ApplicationSubmitted"), new_id()))
    await post(app)
    await feed.deliver((event("ApplicationResubmitted"), APPLICATION))
    bus = app.state.service.bus
    async with bus.transaction("system:test") as tx:
        await tx.session.execute(sa.text("UPDATE notification SET sent_at = at + interval '90 seconds'"))
    today = clock.today()
    async with bus.read() as session:
        span = Span(today - timedelta(days=7), today + timedelta(days=2))
        (day,) = await volume(session, span, "day")
        rules = {str(part.value): part for part in await volume(session, span, "rule")}
        none = await volume(session, Span(span.first, span.end, frozenset({"FR"})), "day")
    assert day.sent > 0
    assert day.failed > 0
    assert day.waiting > 0
    assert (day.half, day.most) == (90.0, 90.0)
    assert rules["application_submitted"].sent == 1
    assert none == []
    text = await page(app, "programme", HERE)
    total = day.all
    assert f"{total} messages, " in text
    assert "<svg" in text
    assert "half of the emails reach the email server within 2 min" in text
    assert ">1 min</text>" in text, "the axis stands at round minutes, not at 50 s"
    assert "No messages in this period." in await page(app, "france", HERE)
    assert "No messages in this period." in await page(app, "programme", f"{HERE}?country=GE")
    assert "No messages in this period." in await page(app, "programme", f"{HERE}?week=2020-01-06")


async def test_each_count_leads_to_its_rows(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """The counts of a week and of a message open as many rows, under each filter."""
    await feed.deliver((event("OrganisationChanged"), HOST), (event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    await feed.deliver((event("ApplicationReturned"), APPLICATION), (event("ApplicationResubmitted"), APPLICATION))
    for shown in (HERE, f"{HERE}?week={clock.today()}", f"{HERE}?weeks=26&country=MD"):
        text = await page(app, "programme", shown)
        found = re.findall(r'<a class="govuk-link" href="(/notifications/volume\?[^"]*state=[^"]+)">(\d+)</a>', text)
        assert len(found) >= 4
        for address, count in found:
            rows = await page(app, "programme", html.unescape(address))
            assert len(re.findall(r'href="/notifications/messages/', rows)) == int(count), address
    assert "No message fits these filters." in await page(app, "programme", f"{HERE}?state=failed")
