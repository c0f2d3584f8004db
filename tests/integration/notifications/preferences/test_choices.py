"""People can refuse optional mails, and coordinators get one digest a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx2

from services.notifications.reminders.actions.digests import write_due
from shared.bus.db.leases import hold
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import is_working_day
from shared.time.zones import zone_of
from tests.integration.notifications.conftest import Catcher, post, published_events, rows, text_of
from tests.integration.notifications.mail.test_mail import subjects
from tests.integration.notifications.messages.test_pages import ORIGIN, page
from tests.integration.notifications.stories import APPLICATION, VISIT, event, in_days
from tests.support import ReadFirst

if TYPE_CHECKING:
    from email.message import EmailMessage

    from fastapi import FastAPI

    from tests.support import Feed

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def choice_in(mail: EmailMessage) -> str:
    """Return the path to its recipient's choice in a mail."""
    address = str(mail["list-unsubscribe"]).strip("<>")
    assert address.startswith(f"{ORIGIN}/notifications/choice/")
    return address.removeprefix(ORIGIN)


async def test_a_courtesy_is_turned_off_by_one_click_and_by_nothing_less(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """A mail program's POST ends optional mails; a GET or a forged link changes nothing.

    Mandatory mails have no such header, and are still sent.
    """
    for each in ((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT)):
        await feed.deliver(each)
        await post(app)
        clock.move(timedelta(hours=1))
    mine = catcher.to("home_coordinator.first@police.example")
    (courtesy,) = [mail for mail in mine if mail["list-unsubscribe"]]
    assert str(courtesy["list-unsubscribe-post"]) == "List-Unsubscribe=One-Click"
    (mandatory,) = [mail for mail in mine if "is waiting for you" in str(mail["subject"])]
    assert mandatory["list-unsubscribe"] is None
    path = choice_in(courtesy)
    assert path in text_of(courtesy)
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as anybody:
        assert (await anybody.get(path)).status_code == 200
        assert (await anybody.post(path[:-3] + "abc", data=ONE_CLICK)).status_code == 404
        wrong = await anybody.get(f"/notifications/choice/{new_id().hex}.x")
        assert (wrong.status_code, "Links like this choose which emails you get." in wrong.text) == (404, True)
        assert await rows(app, "SELECT 1 FROM mail_preference") == []
        for _ in range(2):
            assert (await anybody.post(path, data=ONE_CLICK)).status_code == 200
    catcher.raw.clear()
    catcher.recipients.clear()
    plan = {**event("VisitScheduled").model_dump(mode="json")["plan"], "start": "2026-04-20", "end": "2026-04-24"}
    plan["days"] = [f"2026-04-{day}" for day in range(20, 25)]
    await feed.deliver((event("VisitMoved", plan=plan), VISIT), (event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    assert "home_coordinator.first@police.example" not in catcher.recipients
    assert "home_coordinator.deputy@police.example" in catcher.recipients
    (message,) = await rows(app, "SELECT id, state FROM message WHERE rule = 'visit_moved_home'")
    assert message.state == "done"
    assert "In the portal only" in await page(app, "programme", f"/notifications/messages/{message.id}")


async def test_the_page_of_a_choice(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Without signing in the page shows and saves the choice, and an error where none is made."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    (courtesy,) = [m for m in catcher.to("home_coordinator.first@police.example") if m["list-unsubscribe"]]
    path = choice_in(courtesy)
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"}) as anybody:
        wrong = await anybody.post(path, data={"choice": "never"})
        assert wrong.status_code == 422
        done = await anybody.post(path, data={"choice": "digest"})
        assert done.status_code == 303
        shown = (await anybody.get(done.headers["location"])).text
        assert "Choice saved" in shown
        assert 'value="digest" checked' in shown
        assert "police.example" not in shown


async def test_mails_of_one_application_are_one_thread_and_no_subject_has_a_name(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """All mails of one application share a thread; a name is in no header but To."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    assert len({str(mail["references"]) for mail in catcher.mails}) == 1
    assert all(mail["references"] == mail["in-reply-to"] for mail in catcher.mails)
    assert len({str(mail["message-id"]) for mail in catcher.mails}) == len(catcher.mails)
    for mail in catcher.mails:
        assert "Ștefan" in str(mail["to"])
        assert not [name for name, value in mail.items() if name.lower() != "to" and "Ștefan" in str(value)]


def morning(hour: int = 8, after: int = 1) -> timedelta:
    """Return the time until that hour of a working day in Chisinau, at least so many days from now."""
    here = clock.now().astimezone(zone_of("MD"))
    day = here.date() + timedelta(days=after)
    while not is_working_day(day, "MD"):
        day += timedelta(days=1)
    return datetime.combine(day, datetime.min.time().replace(hour=hour, minute=5), zone_of("MD")) - here


async def write(app: FastAPI) -> int:
    """Write the digests that are due, as the loop does, after a restart each time."""
    bus = app.state.service.bus
    async with hold(bus, "digests") as lease:
        return await write_due(bus, lease, 8)


async def test_a_morning_has_one_digest_if_something_waits(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Coordinator and deputy get one digest with counts and pages, not before the hour."""
    await feed.deliver(*((event("ApplicationSubmitted", due=in_days(60)), id_) for id_ in (APPLICATION, new_id())))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    clock.move(morning(7))
    assert await write(app) == 0
    clock.move(timedelta(hours=1))
    assert await write(app) == 1
    assert await write(app) == 0
    await post(app)
    assert subjects(catcher) == ["Your tasks today"] * 2
    assert set(catcher.recipients) == {f"home_coordinator.{name}@police.example" for name in ("first", "deputy")}
    text = text_of(catcher.mails[0])
    assert "Endorsement: 2 (http://localhost:8000/notifications/due?kind=endorsement)" in " ".join(text.split())
    waits = [payload for type_, _, payload in await published_events(app) if type_ == "WorkWaiting"]
    assert [digest["waiting"] for digest in waits] == [[{"kind": "endorsement", "count": 2, "over": 0}]]


async def test_days_that_are_leapt_over_have_no_digest(app: FastAPI, feed: Feed) -> None:
    """After three weeks at once there is one digest; where nothing waits there is none."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(60)), APPLICATION))
    clock.move(morning())
    assert await write(app) == 1
    clock.move(morning(15, after=21))
    assert await write(app) == 1
    assert await write(app) == 0
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION), at=clock.now() + timedelta(days=60))
    clock.move(morning())
    assert [
        row.kind for row in await rows(app, "SELECT kind FROM deadline WHERE open AND owner = 'home_coordinator'")
    ] == []
