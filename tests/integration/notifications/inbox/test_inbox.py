"""The portal and notifications together show people their inbox and their private calendar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa
import vobject
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from deploy.local.ports import free_port
from services.applications.app import create_app as create_portal
from services.applications.desk.actions.unread import Unread
from services.applications.schema import metadata as portal_metadata
from services.applications.settings import Settings as PortalSettings
from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.preferences.model.quiet_hours import Hours, Quiet
from services.notifications.settings import Settings
from shared.bus.db.journal import IN_ORDER
from shared.contracts import read
from shared.identity import csrf, service_headers
from shared.identity.versions import FIELD
from shared.ids import new_id
from tests.integration.applications.conftest import Programme
from tests.integration.notifications.conftest import Catcher, post, rows
from tests.integration.notifications.stories import event
from tests.serving import served
from tests.support import Feed, ReadFirst, create_all, settings_for, without_versions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

INBOX, SUBSCRIPTION, CHOICES = "/applications/inbox", "/applications/subscription", "/applications/choices"


@pytest.fixture
async def both(database: str, migrated: str, catcher: Catcher) -> AsyncIterator[tuple[Programme, FastAPI]]:
    """The portal with one application, and notifications with its events."""
    await create_all(database, portal_metadata)
    port = free_port()
    values = settings_for(
        migrated, portal_url=f"http://127.0.0.1:{port}", smtp_host="127.0.0.1", smtp_port=catcher.port
    )
    notifications = create_app(Settings(**values), background=False)
    async with served(notifications) as url:
        portal = create_portal(PortalSettings(**settings_for(database, notifications_url=url)), background=False)
        programme = Programme(portal)
        async with served(portal, port):
            await programme.fill()
            await programme.submitted("ani")
            await _deliver(portal, notifications)
            await post(notifications)
            yield programme, notifications
        for client in programme.clients.values():
            await client.aclose()
        await portal.state.service.bus.close()
    await notifications.state.service.bus.close()


async def _deliver(portal: FastAPI, notifications: FastAPI) -> None:
    """Give notifications all events of the portal."""
    query = sa.text(f"SELECT type, aggregateid, payload FROM journal ORDER BY {IN_ORDER}")
    async with portal.state.service.bus.read() as session:
        facts = (await session.execute(query)).all()
    events = [(read(type_, payload), subject) for type_, subject, payload in facts]
    feed = Feed(notifications.state.service.bus, consumers)
    await feed.deliver(*(event_ for event_ in events if event_[0].topic in consumers.readings))


async def page_text(client: httpx2.AsyncClient, path: str) -> str:
    """Return a page's text."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def _path(text: str) -> str:
    """Return the private address on a page as a path."""
    found = re.search(r"webcal://[^/]+(/notifications/feed\.ics\?key=[\w-]+)", text)
    assert found, text
    return found[1]


IDS = re.compile(r'name="id" id="[^"]+" value="([0-9a-f-]{36})"')


def _hidden(text: str, name: str) -> str:
    """Return the value of a hidden field of the page."""
    found = re.search(f'type="hidden" name="{name}" value="([^"]*)"', text)
    assert found, text
    return found[1]


async def test_the_inbox_keeps_what_is_read(both: tuple[Programme, FastAPI]) -> None:
    """A message is unread until it is marked, singly or with all; the filter and the header follow."""
    programme, _ = both
    ani, nino = programme.as_("ani"), programme.as_("nino")
    text = await page_text(ani, INBOX)
    assert "We have your application" in text
    count = int(re.search(r"Unread \((\d+)\)", text)[1])  # type: ignore[index]  # a failure if it is not there
    assert count == text.count("Mark as read<span")
    assert f"({count} unread)" in await page_text(ani, f"{INBOX}/unread")
    ids = list(dict.fromkeys(IDS.findall(text)))
    assert len(ids) == count
    for to, expected in (("/applications/privacy", "/applications/privacy"), ("//elsewhere.example", INBOX)):
        answer = await ani.post(f"{INBOX}/read", data={"open": f"{ids[0]} {to}"})
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, expected)
    assert f"Unread ({count - 1})" in await page_text(ani, INBOX)
    # Somebody else's message stays as it is, whoever sends its id.
    await nino.post(f"{INBOX}/read", data={"one": ids[-1]})
    assert f"Unread ({count - 1})" in await page_text(ani, INBOX)
    answer = await ani.post(f"{INBOX}/read", data={"do": "all", "show": "unread", "seen": _hidden(text, "seen")})
    read = await page_text(ani, answer.headers["location"])
    assert "You have read all messages." in read
    assert "All messages are marked as read." in read
    assert await page_text(ani, f"{INBOX}/unread") == ""
    assert "We have your application" in await page_text(ani, INBOX)
    assert "There are no more messages." in await page_text(ani, f"{INBOX}?page=9")
    assert "You have not received any messages yet." in await page_text(nino, INBOX)


async def test_messages_are_grouped_by_case(both: tuple[Programme, FastAPI]) -> None:
    """A case shows its newest message and the counts; its messages are marked together, or those selected."""
    programme, notifications = both
    ani = programme.as_("ani")
    (application,) = await rows(notifications, "SELECT id, reference FROM \"case\" WHERE reference LIKE 'AM-%'")
    await _publish(notifications, application.id, "ApplicationEndorsed", "ApplicationFoundEligible")
    text = await page_text(ani, INBOX)
    (group,) = re.findall(r'<details class="tandem-case" id="case-[^"]+">.*?</details>', text, re.DOTALL)
    assert f"Application {application.reference}" in group
    assert "3 messages, 3 unread" in group
    newest, *_ = re.findall(r'<span class="tandem-case__newest" lang="en">([^<]+)<', group)
    assert newest == re.findall(r'<section class="tandem-message" aria-label="\[[^]]+\] ([^"]+)"', group)[0]
    ids = IDS.findall(group)
    answer = await ani.post(f"{INBOX}/read", data={"do": "selected", "id": ids[:2]})
    assert answer.headers["location"] == f"{INBOX}?"
    assert "3 messages, 1 unread" in await page_text(ani, INBOX)
    none = await ani.post(f"{INBOX}/read", data={"do": "selected"})
    assert "Open a case below and select at least one message" in await page_text(ani, none.headers["location"])
    assert "3 messages, 1 unread" in await page_text(ani, f"{INBOX}?show=unread")
    for _ in range(2):
        await ani.post(f"{INBOX}/read", data={"about": str(application.id), "seen": _hidden(text, "seen")})
    text = await page_text(ani, f"{INBOX}?case={application.id}")
    assert "3 messages ·" in text
    assert text.count('<section class="tandem-message"') == 3
    assert "There are no more messages." in await page_text(ani, f"{INBOX}?case={new_id()}")


async def test_later_messages_stay_unread(both: tuple[Programme, FastAPI]) -> None:
    """In a tab that was opened before, all is marked as read except what has come since."""
    programme, notifications = both
    ani = programme.as_("ani")
    opened = await page_text(ani, INBOX)
    (application,) = await rows(notifications, "SELECT id FROM \"case\" WHERE reference LIKE 'AM-%'")
    await _publish(notifications, application.id, "ApplicationEndorsed")
    for button in ({"do": "all"}, {"about": str(application.id)}):
        answer = await ani.post(f"{INBOX}/read", data=button | {"seen": _hidden(opened, "seen")})
        assert "2 messages, 1 unread" in await page_text(ani, answer.headers["location"])
    answer = await ani.post(f"{INBOX}/read", data={"do": "all", "seen": _hidden(opened, "seen")})
    assert "New ones have arrived since." in await page_text(ani, answer.headers["location"])
    await ani.post(f"{INBOX}/read", data={"do": "all", "seen": _hidden(await page_text(ani, INBOX), "seen")})
    assert "2 messages ·" in await page_text(ani, INBOX)


async def _publish(notifications: FastAPI, application: UUID, *names: str) -> None:
    """Have notifications tell the officer of events of the application."""
    feed = Feed(notifications.state.service.bus, consumers)
    applied = await rows(notifications, "SELECT topic, subject, sequence FROM applied_sequence")
    feed.return_to({(row.topic, row.subject): row.sequence for row in applied})
    for name in names:
        await feed.deliver((event(name), application))
        await post(notifications)


async def test_the_inbox_is_in_the_readers_language(both: tuple[Programme, FastAPI]) -> None:
    """Messages, dates and labels are in the chosen language, as are mails; the page stays English."""
    programme, notifications = both
    ani = programme.as_("ani")
    await ani.post(CHOICES, data={"choice": "each", "language": "hy"})
    assert 'value="hy" selected' in await page_text(ani, CHOICES)
    text = await page_text(ani, INBOX)
    message = text[text.index("<section") : text.index("</section>")]
    assert 'lang="hy"' in message
    assert "դիմում" in message
    assert "Նշել որպես կարդացված" in message
    assert not re.search(r"[A-Za-z]{4,}", re.sub(r"<[^>]+>", "", message).replace("CEST", ""))
    assert "Mark all as read" in text
    assert '<html lang="en"' in text
    (application,) = await rows(notifications, "SELECT id FROM \"case\" WHERE reference LIKE 'AM-%'")
    question = {"audience": "applicant", "application_id": str(application.id), "purpose": "application_endorsed"}
    async with httpx2.AsyncClient(transport=ReadFirst(programme.app), base_url="http://x") as service:
        headers = service_headers("notifications", "service-token-of-the-tests")
        path = "/applications/internal/contacts/many"
        answer = await service.post(path, json={"wanted": [question]}, headers=headers)
    assert [person["language"] for person in answer.json()["answers"][0]] == ["hy"]


async def test_optional_messages_are_chosen_when_signed_in(both: tuple[Programme, FastAPI]) -> None:
    """The signed-in person's choice is saved; a form without one shows an error."""
    programme, notifications = both
    tigran, ani = programme.as_("tigran"), programme.as_("ani")
    for page in (INBOX, "/applications/account"):
        assert f'href="{CHOICES}"' in await page_text(tigran, page)
    text = await page_text(tigran, CHOICES)
    assert 'value="each" checked' in text
    assert "An officer of your country has a place" in text
    assert "We have your report" not in text  # that is told to officers
    assert "Your tasks today" in text
    assert "Emails come at any hour." in text
    vars(notifications.state.service.settings)["quiet"] = Quiet(None, {"AM": Hours.read("21:30-07:00")})
    assert "from 21:30 to 07:00" in await page_text(tigran, CHOICES)
    for wrong in ({"choice": "never", "language": "en"}, {"choice": "none", "language": "xx"}):
        assert (await tigran.post(CHOICES, data=wrong)).status_code == 422
    answer = await tigran.post(CHOICES, data={"choice": "digest", "language": "en"})
    text = await page_text(tigran, answer.headers["location"])
    assert "Choice saved. It applies" in text
    assert 'value="digest" checked' in text
    text = await page_text(ani, CHOICES)
    assert 'value="each" checked' in text
    assert "We have your report" in text
    assert "Your tasks today" not in text
    own = {"choice": "digest", "language": "en", "night": "own", "since": "20:00"}
    wrong_hours = await tigran.post(CHOICES, data=own | {"until": "20:00"})
    assert (wrong_hours.status_code, "The last hour must be different from the first hour" in wrong_hours.text) == (
        422,
        True,
    )
    await tigran.post(CHOICES, data=own | {"until": "08:00"})
    assert "from 20:00 to 08:00" in await page_text(tigran, CHOICES)
    await tigran.post(CHOICES, data={"choice": "digest", "language": "en"})
    assert "from 20:00 to 08:00" in await page_text(tigran, CHOICES)  # what was not asked stays
    passed = await tigran.post(CHOICES, data=own | {"night": "none", "until": "07:00"})
    assert (passed.status_code, "You chose your own hours" in passed.text) == (422, True)
    await tigran.post(CHOICES, data=own | {"night": "none", "until": "08:00"})
    assert "Emails come at any hour." in await page_text(tigran, CHOICES)
    (stored,) = await rows(notifications, "SELECT recipient, choice FROM mail_preference")
    async with programme.app.state.service.bus.read() as session:
        person = (await session.execute(sa.text("SELECT id FROM person WHERE subject = 'tigran'"))).scalar_one()
    assert (stored.recipient, stored.choice) == (person, "digest")


async def test_two_tabs_on_the_settings(both: tuple[Programme, FastAPI]) -> None:
    """A second tab does not overwrite what the first one saved: it shows both, and is saved when it is sent again."""
    tigran = both[0].as_("tigran")
    opened = _version(await page_text(tigran, CHOICES))
    first = {"choice": "digest", "language": "en", FIELD: opened}
    for _ in range(2):
        assert (await tigran.post(CHOICES, data=first)).headers["location"].endswith("done=yes")
    saved = (await tigran.post(CHOICES, data=first)).headers["location"]
    assert "Choice saved." in await page_text(tigran, saved)
    second = first | {"choice": "none"}
    stale = await tigran.post(CHOICES, data=second)
    assert (stale.status_code, "Your version" in stale.text) == (412, True)
    assert "It was last changed on" in stale.text
    assert 'value="digest" checked' in await page_text(tigran, CHOICES)
    async with without_versions(tigran, both[0].app) as elsewhere:
        headers = {csrf.HEADER: tigran.headers[csrf.HEADER]}
        again = await elsewhere.post(CHOICES, data=second | {FIELD: _version(stale.text)}, headers=headers)
        assert again.status_code == 303
    assert 'value="none" checked' in await page_text(tigran, CHOICES)
    reloaded = await page_text(tigran, saved)
    assert "Saved. Something has changed since then." in reloaded
    assert "Choice saved." not in reloaded
    opened = _version(await page_text(tigran, CHOICES))
    first = {"choice": "none", "language": "hy", FIELD: opened}
    for _ in range(2):
        assert (await tigran.post(CHOICES, data=first)).headers["location"].endswith("done=yes")
    second = {"choice": "digest", "language": "en", FIELD: opened}
    stale = await tigran.post(CHOICES, data=second)
    assert (stale.status_code, "Your version" in stale.text) == (412, True)
    kept = await page_text(tigran, CHOICES)
    assert 'value="hy" selected' in kept
    assert 'value="none" checked' in kept
    assert (await tigran.post(CHOICES, data=second | {FIELD: _version(stale.text)})).status_code == 303
    assert 'value="en" selected' in await page_text(tigran, CHOICES)


def _version(page: str) -> str:
    found: list[str] = re.findall(f'name="{FIELD}" value="([^"]+)"', page)
    return found[0]


async def test_the_unread_count_is_read_every_twenty_seconds() -> None:
    """The unread count is asked for every twenty seconds a person, and at once after reading.

    A number that was asked for before that does not count, and only the last few people's are cached.
    """
    requests: list[str] = []
    answer: dict[str, object] = {"unread": 3}
    app = FastAPI()

    now = 100.0

    async def count(recipient: str) -> JSONResponse:
        nonlocal now
        requests.append(recipient)
        if "read meanwhile" in answer:
            now += 1
            kept.forget(person)
        return JSONResponse(answer)

    app.get("/notifications/internal/inbox/unread")(count)
    kept, person = Unread(seconds=lambda: now, most=2), new_id()
    async with served(app) as url:
        settings = PortalSettings(**settings_for("postgresql://nowhere/x", notifications_url=url))
        assert [await kept.of(settings, person) for _ in range(3)] == [3, 3, 3]
        assert requests == [str(person)]
        answer["unread"] = 2
        now += 1
        kept.forget(person)
        assert [await kept.of(settings, person) for _ in range(2)] == [2, 2]
        assert len(requests) == 2
        now += 21
        answer.clear()
        assert [await kept.of(settings, person) for _ in range(2)] == [None, None]
        assert len(requests) == 3
        now += 6
        answer["unread"] = 0
        assert await kept.of(settings, person) == 0
        assert [await kept.of(settings, new_id()) for _ in range(2)] == [0, 0]
        before = len(requests)
        assert await kept.of(settings, person) == 0  # two others have looked since
        assert len(requests) == before + 1
        now += 21
        answer |= {"unread": 1, "read meanwhile": True}
        await kept.of(settings, person)
        answer.clear()
        answer["unread"] = 0
        assert await kept.of(settings, person) == 0


async def test_notifications_being_away_is_said(both: tuple[Programme, FastAPI]) -> None:
    """Pages and buttons say that notifications are away for now, and change nothing."""
    programme, _ = both
    settings = programme.app.state.service.settings.model_copy(update={"notifications_url": "http://127.0.0.1:1"})
    away = Programme(create_portal(settings, background=False))
    ani = away.as_("ani")
    assert "We cannot show the messages at the moment" in await page_text(ani, INBOX)
    assert await page_text(ani, f"{INBOX}/unread") == ""
    answer = await ani.post(f"{INBOX}/read", data={"do": "all"})
    assert "could not mark the messages as read" not in answer.headers["location"]
    assert "done=away" in answer.headers["location"]
    assert "Calendar addresses are not available at the moment" in await page_text(ani, SUBSCRIPTION)
    assert "cannot see or change your choice at the moment" in await page_text(ani, CHOICES)
    assert (await ani.post(CHOICES, data={"choice": "none"})).headers["location"].endswith("?done=away")
    assert (await ani.post(f"{SUBSCRIPTION}/make", data={})).headers["location"].endswith("?done=away")
    await ani.aclose()
    await away.app.state.service.bus.close()


async def test_a_private_calendar_from_the_page_to_the_program(both: tuple[Programme, FastAPI]) -> None:
    """A calendar address is made, shown once, read, renewed and ended; a form sent twice makes one."""
    programme, notifications = both
    tigran, ani = programme.as_("tigran"), programme.as_("ani")
    assert "Create address" in await page_text(tigran, SUBSCRIPTION)
    made = await tigran.post(f"{SUBSCRIPTION}/make", data={})
    path = _path(made.text)
    assert made.status_code == 200
    again = await tigran.post(f"{SUBSCRIPTION}/make", data={})
    assert again.headers["location"].endswith("?done=made")
    page = await page_text(tigran, SUBSCRIPTION)
    assert path.partition("=")[2] not in page
    assert "not yet" in page
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(notifications), base_url="http://x") as calendar:
        found = vobject.readOne((await calendar.get(path)).text).contents["vevent"]
        (application,) = await rows(notifications, "SELECT reference FROM \"case\" WHERE reference LIKE 'AM-%'")
        assert [item.summary.value for item in found] == [f"Due: Endorsement, {application.reference}"]
        assert "not yet" not in await page_text(tigran, SUBSCRIPTION)
        ours = await ani.post(f"{SUBSCRIPTION}/make", data={})
        assert (await calendar.get(_path(ours.text))).status_code == 200
        (replaced,) = re.findall(r'name="replaces" value="([^"]+)"', await page_text(tigran, SUBSCRIPTION))
        new = await tigran.post(f"{SUBSCRIPTION}/make", data={"replaces": replaced})
        assert "webcal://" in new.text
        assert (await calendar.get(path)).status_code == 404
        ended = await tigran.post(f"{SUBSCRIPTION}/end", data={})
        assert "The address no longer works" in await page_text(tigran, ended.headers["location"])
        assert (await calendar.get(_path(new.text))).status_code == 404
