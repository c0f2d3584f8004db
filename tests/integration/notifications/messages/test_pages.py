"""Pages, API and the portal's inbox show messages to the people who may see them, and to nobody else."""

from __future__ import annotations

import html
import re
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest
from markupsafe import escape

from services.notifications.messages.model.table import AREAS, RULES, WITHOUT_MESSAGE
from shared.contracts import EVENTS
from shared.contracts.codes import AudienceKind, Role
from shared.identity import Grant, csrf, service_headers, write_access
from shared.identity.state import identity_of
from shared.time import clock
from tests.integration.notifications.conftest import Catcher, post, published_events, recipient, rows, write
from tests.integration.notifications.stories import APPLICATION, CALL, HOST, VISIT, event, in_days
from tests.sessions import session_key
from tests.support import SERVICE_TOKEN, ReadFirst

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.support import Feed

ORIGIN = "http://localhost:8000"
_GRANTS = {
    "programme": (Role.PROGRAMME_COORDINATOR, None),
    "another": (Role.PROGRAMME_COORDINATOR, None),
    "moldova": (Role.NATIONAL_COORDINATOR, "MD"),
    "france": (Role.NATIONAL_COORDINATOR, "FR"),
    "auditor": (Role.AUDITOR, None),
}


@asynccontextmanager
async def as_(app: FastAPI, subject: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a browser that is signed in as one of a few people."""
    role, country = _GRANTS[subject]
    async with app.state.service.bus.transaction("system:test") as tx:
        grant = Grant(role, clock.today() - timedelta(days=1), country)
        await write_access(tx.session, {subject: ([grant], clock.now())})
    identity = identity_of(app)
    headers = {"X-CSRF-Token": csrf.new_token(identity.csrf, csrf.person(subject)), "Accept": "text/html"}
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        client.cookies.set(identity.cookies.session, session_key(app, subject), domain="localhost.local")
        yield client


async def page(app: FastAPI, subject: str, path: str, status: int = 200) -> str:
    """Return the text of a page as somebody sees it."""
    async with as_(app, subject) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_the_log_is_found_by_reference_and_state(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Messages are found by reference, application and state, without a name or an address."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    assert "Waiting" in await page(app, "programme", "/notifications/")
    await post(app)
    for query in ("", "?q=md-2026-0042", f"?q={APPLICATION}", "?state=sent"):
        text = await page(app, "programme", f"/notifications/{query}")
        assert "We have your application" in text
        assert "police.example" not in text
        assert "Ștefan" not in text
    assert "No message fits these filters" in await page(app, "programme", "/notifications/?q=AM-2026-0001")
    assert "No message fits these filters" in await page(app, "programme", "/notifications/?state=failed")


async def test_a_coordinator_sees_what_went_to_the_own_country(app: FastAPI, feed: Feed) -> None:
    """A coordinator sees the messages to the country's people; overseers see all and change nothing."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    pages = [await page(app, who, "/notifications/") for who in ("moldova", "france", "auditor")]
    # What stands behind the filters, which name all messages that there are.
    moldova, france, auditor = (text.rpartition('role="search"')[2].partition("</form>")[2] for text in pages)
    assert "We have your application" in moldova
    assert "A visit to you has dates" not in moldova
    assert "A visit to you has dates" in france
    assert "We have your application" not in france
    assert "We have your application" in auditor
    assert "A visit to you has dates" in auditor
    (message,) = await rows(app, "SELECT id FROM message WHERE rule = 'application_submitted'")
    await page(app, "france", f"/notifications/messages/{message.id}", 404)
    shown = " ".join((await page(app, "moldova", f"/notifications/messages/{message.id}")).split())
    assert "You do not need to do anything now" in shown
    async with as_(app, "auditor") as client:
        assert (await client.post(f"/notifications/messages/{message.id}/retry")).status_code == 403


async def test_a_failure_is_shown_and_sent_again(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A refused mail shows its recipient's role, the reason and a button; after the retry the button is gone.

    A coordinator can open the recipient in the portal; an auditor, who may not see the register, cannot.
    """
    await feed.deliver((event("OrganisationChanged"), HOST), (event("ApplicationSubmitted"), APPLICATION))
    catcher.to_address = "550 No"
    await post(app)
    catcher.to_address = "250 OK"
    (message,) = await rows(app, "SELECT id FROM message WHERE rule = 'application_submitted'")
    address = f"/notifications/messages/{message.id}"
    shown = await page(app, "programme", address)
    assert "Refused by the server" in shown
    assert "Send again" in shown
    assert re.search(r'href="/applications/register/people/[0-9a-f-]{36}">Applicant', shown)
    assert "/applications/register/people/" not in await page(app, "auditor", address)
    async with as_(app, "programme") as client:
        answer = await client.post(f"{address}/retry")
        assert answer.status_code == 303
        assert "sent again within a few seconds" in (await client.get(answer.headers["location"])).text
        await post(app)
        assert (await client.post(f"{address}/retry")).status_code == 409
    assert catcher.recipients == ["applicant.only@police.example"]
    assert "Send again" not in await page(app, "programme", address)


@pytest.mark.parametrize("again", [True, False])
async def test_a_mail_that_may_have_been_sent_waits_for_a_decision(
    app: FastAPI, feed: Feed, catcher: Catcher, *, again: bool
) -> None:
    """After two attempts without an end a mail is not sent a third time until a coordinator says so, or counts it."""
    await feed.deliver((event("OrganisationChanged"), HOST), (event("ApplicationSubmitted"), APPLICATION))
    catcher.to_address = "450 Later"
    await post(app)
    catcher.to_address = "250 OK"
    await write(app, "UPDATE notification SET open_attempts = 2 WHERE recipient = :id", id=recipient("applicant"))
    await write(app, "UPDATE message SET next_at = now() - interval '1 second'")
    await post(app)
    assert "applicant.only@police.example" not in catcher.recipients
    (message,) = await rows(app, "SELECT id, state FROM message WHERE rule = 'application_submitted'")
    assert message.state == "unsure"
    address = f"/notifications/messages/{message.id}"
    problems = await page(app, "programme", "/notifications/dead-letters")
    assert "May have been sent" in problems
    assert f'href="{address}"' in problems
    assert "May have been sent" in await page(app, "programme", "/notifications/?state=unsure")
    assert "Count as sent" in await page(app, "programme", address)
    assert "Count as sent" not in await page(app, "auditor", address)
    async with as_(app, "auditor") as client:
        assert (await client.post(f"{address}/count-as-sent")).status_code == 403
    async with as_(app, "programme") as client:
        way = "retry" if again else "count-as-sent"
        assert (await client.post(f"{address}/{way}")).status_code == 303
        await post(app)
        counted = await client.post(f"{address}/count-as-sent")
        assert (counted.status_code, "This message was sent on" in counted.text) == (
            (409, True) if again else (303, False)
        )
        against = await client.post(f"{address}/retry")
        assert (against.status_code, "This message was sent on" in against.text) == (409, True)
    assert catcher.recipients.count("applicant.only@police.example") == int(again)
    assert await rows(app, "SELECT state FROM message WHERE rule = 'application_submitted'") == [("done",)]
    assert "May have been sent" not in await page(app, "programme", "/notifications/dead-letters")
    sent = [type_ for type_, _, _ in await published_events(app)]
    assert sent.count("NotificationSent") == len(catcher.recipients) + int(not again)


async def test_open_deadlines_are_counted_by_week_and_country(app: FastAPI, feed: Feed) -> None:
    """Open deadlines are counted by week, holder and country, and each count leads to its rows."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    for by in ("week", "whom", "country"):
        text = await page(app, "moldova", f"/notifications/due?by={by}")
        assert "MD-2026-0042" in text
        ways = {
            html.unescape(each)
            for each in re.findall(r'<a class="govuk-link" href="(/notifications/due\?[^"]*)"', text)
        }
        narrowed = [each for each in ways if f"{by}=" in each and (by != "whom" or "office" in each)]
        assert narrowed, text
        for way in narrowed:
            assert "MD-2026-0042" in await page(app, "moldova", way)
    for something in ("?country=MD&kind=endorsement", "?whom=office:MD", "?owner=home_coordinator&over=no"):
        assert "MD-2026-0042" in await page(app, "programme", f"/notifications/due{something}")
    for nothing in ("?country=FR", "?kind=report", "?over=yes", "?whom=office:GE", "?week=2020-01-01"):
        assert "Nothing is due" in await page(app, "programme", f"/notifications/due{nothing}")
    assert "Nothing is due" in await page(app, "france", "/notifications/due?country=MD")
    clock.move(timedelta(days=20))
    assert "MD-2026-0042" in await page(app, "moldova", "/notifications/due?over=yes")
    assert "Nothing is due" in await page(app, "moldova", "/notifications/due?over=no")


async def test_the_way_back_to_what_falls_due_keeps_its_filters(app: FastAPI) -> None:
    """The page of times leads back to the list as it was filtered."""
    async with as_(app, "moldova") as client:
        await client.get("/notifications/due?country=MD&over=yes")
        text = (await client.get("/notifications/due/terms")).text
    assert 'href="/notifications/due?country=MD&amp;over=yes"' in text


async def test_the_times_in_force_are_those_of_the_call(app: FastAPI, feed: Feed) -> None:
    """The page shows a call's times beside the programme's usual ones."""
    terms = {**event("CallPublished").model_dump(mode="json")["terms"], "timers": {"endorse_wd": 4, "deputy_wd": 2}}
    await feed.deliver((event("CallPublished", terms=terms), CALL))
    assert "10 working days" in await page(app, "auditor", "/notifications/due/terms")
    text = await page(app, "auditor", f"/notifications/due/terms?call={CALL}")
    assert "4 working days (usually 10 working days)" in text
    assert "for 2 working days" in text
    assert "2 weeks before the visit" in text
    assert "Application withdrawn" in text, "what happens then is named in words"
    assert "ApplicationWithdrawn" not in text
    assert "usually" not in await page(app, "auditor", "/notifications/due/terms?call=unknown")


async def test_the_table_of_messages_and_every_preview(app: FastAPI) -> None:
    """Each row is listed once in its area with its special features, and its message can be seen.

    The events without a message are listed with the reason.
    """
    table = await page(app, "auditor", "/notifications/rules")
    urgent = re.findall(r'href="/notifications/rules/(\w+)">(?:(?!</tr>).)*may come at night too', table, re.DOTALL)
    assert urgent == [rule.name for rule in RULES if rule.urgent]
    assert not [name for name in urgent if name.startswith("deadline_")]  # those go at night only in the last day
    to_mentors = await page(app, "auditor", "/notifications/rules?to=mentor")
    for rule in RULES:
        there = f'href="/notifications/rules/{rule.name}"' in to_mentors
        assert there is (rule.to is AudienceKind.MENTOR), rule.name
    await page(app, "auditor", "/notifications/rules?to=nobody", 422)
    assert table.count('class="govuk-details tandem-area"') == len(AREAS) + 2
    assert "<details open" not in re.sub(r' class="[^"]*"', "", table)
    few = await page(app, "auditor", "/notifications/rules?to=companion")
    assert "<details open" in re.sub(r' class="[^"]*"', "", few)
    assert [table.count(f'href="/notifications/rules/{rule.name}"') for rule in RULES] == [1] * len(RULES)
    for shown in (
        "can be turned off",
        "at night too",
        "not on the page “Messages”",
        "Email with a calendar invitation",
        "Armenian",
        "Events without a notification",
        *(escape(EVENTS[name].label) for name in WITHOUT_MESSAGE),
    ):
        assert shown in table
    async with as_(app, "auditor") as client:
        for rule in RULES:
            assert f"/notifications/rules/{rule.name}" in table
            answer = await client.get(f"/notifications/rules/{rule.name}")
            assert answer.status_code == 200
            assert "%(" not in answer.text
        for row, night in (("deadline_near", "Sent in the morning,"), ("visit_cancelled", "Sent at once,")):
            assert night in (await client.get(f"/notifications/rules/{row}")).text
        assert (await client.get("/notifications/rules/nothing")).status_code == 404
        assert (await client.get("/notifications/rules/nothing/mail")).status_code == 404


async def test_a_message_is_previewed_in_any_language(app: FastAPI) -> None:
    """Text and HTML are shown in a mail language, else in English; the mail's styles stay in its frame."""
    path = "/notifications/rules/visit_scheduled"
    shown = await page(app, "moldova", f"{path}?language=ka")
    assert "თქვენი ვიზიტის თარიღები დადგენილია" in shown
    assert f'src="{path}/mail?language=ka"' in shown
    assert 'lang="ka"' in shown
    assert '<html lang="en"' in shown  # the page itself
    async with as_(app, "moldova") as client:
        framed = await client.get(f"{path}/mail?language=uk")
    assert "sandbox" in framed.headers["content-security-policy"]
    assert '<html lang="uk">' in framed.text
    assert "20 березня 2026" in framed.text
    for code in ("xx", ""):
        assert "Your visit dates are set" in await page(app, "moldova", f"{path}?language={code}")


async def test_a_real_event_is_previewed_by_who_may_see_it(app: FastAPI, feed: Feed) -> None:
    """An event's messages are found by its id, but not by another country or under another row."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    (message,) = await rows(app, "SELECT about FROM message WHERE rule = 'application_submitted'")
    rule, other = "/notifications/rules/application_submitted", "/notifications/rules/visit_scheduled"
    shown = await page(app, "moldova", f"{rule}?event={message.about}&language=ro")
    assert "Cererea dumneavoastră MD-2026-0042 a sosit." in shown
    assert "Below is the message for an example." in await page(app, "moldova", rule)
    assert "The name is made up" in shown
    for reader, path in (("france", rule), ("moldova", other)):
        assert "caused no such message" in await page(app, reader, f"{path}?event={message.about}")
    assert "not the id of an event" in await page(app, "moldova", f"{rule}?event=nonsense")
    found = await page(app, "moldova", f"/notifications/rules?event={message.about}")
    assert f"{rule}?event={message.about}" in found
    assert other not in found
    assert "caused no message that you may see" in await page(
        app, "france", f"/notifications/rules?event={message.about}"
    )
    wrong = await page(app, "moldova", "/notifications/rules?event=nonsense")
    assert "not the id of an event" in wrong


async def test_the_portal_reads_an_inbox_and_marks_it_read(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """With the service token the portal reads a recipient's messages and marks them as read."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("ApplicationReturned"), APPLICATION))
    await post(app)
    headers = service_headers("applications", SERVICE_TOKEN)
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        whom = str(recipient("applicant"))
        inbox = (await client.get("/notifications/internal/inbox", params={"recipient": whom})).json()
        assert inbox["unread"] == 2
        (case,) = inbox["cases"]
        assert (case["title"], case["total"], case["unread"]) == ("Application MD-2026-0042", 2, 2)
        assert {message["subject"] for message in case["messages"]} == {
            "[MD-2026-0042] We have your application",
            "[MD-2026-0042] Your coordinator has a question",
        }
        assert {message["link"] for message in case["messages"]} == {f"/applications/mine/{APPLICATION}"}
        query = {"recipient": whom, "country": "AM"}
        (abroad,) = (await client.get("/notifications/internal/inbox", params=query)).json()["cases"]
        assert all("(your time: " in message["when"] for message in abroad["messages"])
        assert all("(your time: " in message["cause"] for message in abroad["messages"])
        assert all("your time" not in message["when"] for message in case["messages"])
        body = {"recipient": whom, "ids": [case["messages"][0]["id"]]}
        assert (await client.post("/notifications/internal/inbox/read", json=body)).json() == {"read": 1}
        again = (await client.get("/notifications/internal/inbox", params={"recipient": whom})).json()
        assert again["unread"] == 1
        assert [message["read"] for message in again["cases"][0]["messages"]] == [True, False]
        other = str(recipient("mentor"))
        assert (await client.get("/notifications/internal/inbox", params={"recipient": other})).json()["cases"] == []
        stranger = await client.get(
            "/notifications/internal/inbox", params={"recipient": whom}, headers={"X-Service-Token": "wrong"}
        )
        assert stranger.status_code == 401


@pytest.mark.parametrize("path", ["messages", "deadlines", "rules"])
async def test_programs_read_the_same_by_the_api(app: FastAPI, feed: Feed, path: str) -> None:
    """The lists are available as JSON, within the reader's countries."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    async with as_(app, "moldova") as client:
        answer = await client.get(f"/notifications/api/v1/{path}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    assert ("application_submitted" if path != "deadlines" else "endorsement") in answer.text


@pytest.mark.parametrize("path", ["messages", "deadlines"])
async def test_programs_read_the_lists_page_by_page(app: FastAPI, feed: Feed, path: str) -> None:
    """Following `next` gives each item once, in the order of the whole list; a foreign cursor is refused."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await feed.deliver((event("VisitScheduled"), VISIT))
    address = f"/notifications/api/v1/{path}"
    async with as_(app, "programme") as client:
        whole = (await client.get(f"{address}?limit=200")).json()
        assert (len(whole["items"]) > 1, whole["next"]) == (True, None)
        found, cursor = [], ""
        while True:
            page_of_list = (await client.get(f"{address}?limit=1{cursor}")).json()
            found += page_of_list["items"]
            if page_of_list["next"] is None:
                break
            cursor = f"&cursor={page_of_list['next']}"
        assert found == whole["items"]
        assert (await client.get(f"{address}?since=2090-01-01T00:00:00Z")).json()["items"] == []
        assert (await client.get(f"{address}?cursor=x")).status_code == 422
