"""The inbox lists cases by index, unread first, with numbers that fit its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import sqlalchemy as sa

from services.notifications.messages.store import messages as store
from shared.identity import service_headers
from tests.integration.notifications.conftest import post, recipient, rows
from tests.integration.notifications.mail.test_one_email import submit
from tests.integration.notifications.stories import APPLICATION, event

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Contacts
    from tests.support import Feed

INBOX = "/notifications/internal/inbox"
READER = recipient("home_coordinator", "first")
RECOUNTED = (
    "SELECT recipient, case_id, count(*) AS messages, count(*) FILTER (WHERE read_at IS NULL) AS unread"
    " FROM notification AS n WHERE NOT EXISTS (SELECT FROM notification AS o WHERE o.message_id = n.message_id"
    " AND o.recipient = n.recipient AND o.generation > n.generation) GROUP BY recipient, case_id ORDER BY 1, 2"
)
COUNTED = "SELECT recipient, case_id, messages, unread FROM inbox_case WHERE messages > 0 ORDER BY 1, 2"


async def ask(app: FastAPI, **query: Any) -> dict[str, Any]:
    """Return a page of the reader's inbox."""
    headers = service_headers("applications", "service-token-of-the-tests")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x", headers=headers) as client:
        answer = await client.get(INBOX, params={"recipient": str(READER), **query})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def mark(app: FastAPI, **which: Any) -> int:
    """Mark messages of the reader as read; return how many were unread."""
    headers = service_headers("applications", "service-token-of-the-tests")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x", headers=headers) as client:
        answer = await client.post(f"{INBOX}/read", json={"recipient": str(READER), **which})
        return int(answer.json()["read"])


async def test_cases_are_paged_with_unread_ones_first(app: FastAPI, feed: Feed, contacts: Contacts) -> None:
    """Twenty cases a page; what is read comes after what is not, and the numbers are those of the messages."""
    contacts.names["home_coordinator"] = ["first"]
    await submit(feed, 25)
    await post(app)
    first, second = await ask(app), await ask(app, page=2)
    assert [(len(page["cases"]), page["more"], page["unread"]) for page in (first, second)] == [
        (20, True, 25),
        (5, False, 25),
    ]
    newest = first["cases"][0]
    assert newest["title"].startswith("Application MD-2026-")
    assert [await mark(app, case=newest["id"]) for _ in range(2)] == [1, 0]
    second = await ask(app, page=2)
    assert second["cases"][-1]["id"] == newest["id"]
    assert newest["id"] not in {case["id"] for case in (await ask(app, unread=True, page=2))["cases"]}
    assert await rows(app, COUNTED) == await rows(app, RECOUNTED)
    assert await mark(app, seen="2020-01-01T00:00:00+00:00") == 0
    assert await mark(app, seen=first["seen"]) == 24
    assert await rows(app, COUNTED) == await rows(app, RECOUNTED)


async def test_a_case_shows_a_few_messages_and_all_on_its_own_page(
    app: FastAPI, feed: Feed, contacts: Contacts
) -> None:
    """Five messages of a case are listed, the newest first; its page has them all."""
    contacts.names["home_coordinator"] = ["first"]
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    for _ in range(6):
        await feed.deliver((event("ApplicationResubmitted"), APPLICATION))
    await post(app)
    (case,) = (await ask(app))["cases"]
    assert (case["total"], len(case["messages"])) == (7, 5)
    times = [message["at"] for message in case["messages"]]
    assert times == sorted(times, reverse=True)
    (whole,) = (await ask(app, case=case["id"]))["cases"]
    assert len(whole["messages"]) == 7
    assert await mark(app, ids=[message["id"] for message in whole["messages"][:3]]) == 3
    (unread,) = (await ask(app, case=case["id"], unread=True))["cases"]
    assert len(unread["messages"]) == 4


async def test_a_resent_message_counts_once(app: FastAPI, feed: Feed, contacts: Contacts) -> None:
    """A message that is sent again takes the place of the earlier one, and is unread."""
    contacts.names["home_coordinator"] = ["first"]
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    for reads in (1, 0):
        assert await mark(app, ids=[each["id"] for each in (await ask(app))["cases"][0]["messages"][:reads]]) == reads
        async with app.state.service.bus.transaction("system:tests") as tx:
            for row in await rows(app, "SELECT id, queued_at FROM message"):
                await store.write_anew(tx.session, row.id, row.queued_at)
        await post(app)
        (case,) = (await ask(app))["cases"]
        assert (case["total"], case["unread"], len(case["messages"])) == (1, 1, 1)
        assert await rows(app, COUNTED) == await rows(app, RECOUNTED)
    assert await mark(app) == 1
    assert await rows(app, COUNTED) == await rows(app, RECOUNTED)


async def test_a_resent_message_that_is_dropped_leaves_the_earlier_one(
    app: FastAPI, feed: Feed, contacts: Contacts
) -> None:
    """The inbox has the first copy again where nobody got the second, with numbers that fit."""
    contacts.names["home_coordinator"] = ["first"]
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    async with app.state.service.bus.transaction("system:tests") as tx:
        for row in await rows(app, "SELECT id, queued_at FROM message"):
            await store.write_anew(tx.session, row.id, row.queued_at)
    await post(app)
    async with app.state.service.bus.transaction("system:tests") as tx:
        again = "UPDATE notification SET state = 'waiting', attempts = 0, sent_at = NULL WHERE generation = 2"
        await tx.session.execute(sa.text(again))
        await tx.session.execute(sa.text("UPDATE message SET state = 'waiting'"))
        await store.drop_messages(tx.session, [row.id for row in await rows(app, "SELECT id FROM message")])
    assert [row.generation for row in await rows(app, "SELECT DISTINCT generation FROM notification")] == [1]
    (case,) = (await ask(app))["cases"]
    assert (case["total"], case["unread"]) == (1, 0)
    assert await rows(app, COUNTED) == await rows(app, RECOUNTED)
