"""Mail keeps to the hours that a person has chosen, whatever the country's are."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from services.notifications.mail.sending.dispatch import Dispatcher
from shared.identity import service_headers
from shared.ids import new_id
from shared.time import clock
from shared.time.zones import zone_of
from tests.integration.notifications.conftest import Catcher, Contacts, post, recipient, rows
from tests.integration.notifications.mail.test_one_email import doubt
from tests.integration.notifications.mail.test_sending import change
from tests.integration.notifications.messages.test_pages import ORIGIN, as_, page
from tests.integration.notifications.preferences.test_choices import choice_in
from tests.integration.notifications.stories import APPLICATION, MATCH, OFFER, VISIT, event, in_days
from tests.support import ReadFirst

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.support import Feed

HOME = "home_coordinator"
FIRST, DEPUTY, OFFICER = (f"{name}@police.example" for name in (f"{HOME}.first", f"{HOME}.deputy", "applicant.only"))


async def choose(app: FastAPI, name: str, night: str, choice: str = "each", *, kind: str = HOME) -> int:
    """Choose hours without mail for a home coordinator through the portal's route; return the status."""
    body = {"recipient": str(recipient(kind, name)), "choice": choice, "night": night}
    headers = service_headers("applications", "service-token-of-the-tests")
    async with httpx2.AsyncClient(transport=ReadFirst(app), base_url="http://x") as portal:
        return (await portal.post("/notifications/internal/choice", json=body, headers=headers)).status_code


def go_to(hour: int, zone: str = "MD", *, days: int = 0) -> None:
    """Move the clock to one second after that hour in a country, so many days from its present day."""
    here = clock.now().astimezone(zone_of(zone))
    clock.move(datetime.combine(here.date() + timedelta(days=days), time(hour, 0, 1), here.tzinfo) - here)


async def test_own_hours_go_before_those_of_the_country(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Each recipient gets the message once, at the end of the hours that apply to them.

    Nobody waits for another, not even where the mail server was away at first.
    """
    change(app, quiet_hours="21:00-07:00")
    contacts.zones[f"{HOME}.deputy"] = "Europe/Lisbon"
    assert await choose(app, "first", "none") == 200
    assert await choose(app, "deputy", "20:00-06:00") == 200
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due="2036-01-30T22:59:59Z"), APPLICATION))
    catcher.to_mail = "451 Later"
    await post(app)
    catcher.to_mail = "250 Caught"
    async with app.state.service.bus.transaction("test") as tx:
        await tx.session.execute(sa.text("UPDATE message SET next_at = now()"))
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST]
    log = await page(app, "programme", "/notifications/")
    assert "waits until the recipient&#39;s quiet hours end" in log
    assert "08:00 in" not in log  # a person's own hours are nobody else's matter
    go_to(7, days=1)
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST, OFFICER]
    go_to(6, "PT")
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST, OFFICER, DEPUTY]
    assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM message WHERE country = 'MD'")] == ["done"]


async def test_an_email_that_may_have_been_sent_goes_again_whole_at_night(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """Messages that could wait for the morning go with one that cannot; without such a one the whole email waits."""
    change(app, quiet_hours="21:00-07:00")
    go_to(20, days=1)
    soon = (clock.now() + timedelta(hours=20)).isoformat()
    await feed.deliver((event("ApplicationSubmitted", due="2036-01-30T22:59:59Z"), APPLICATION))
    await feed.deliver((event("MatchOffered", due=soon), VISIT))
    await post(app)
    before = catcher.mails
    assert any("2 messages" in mail["subject"] for mail in before)
    await doubt(app)
    go_to(22)
    await post(app)
    again = [str(mail["message-id"]) for mail in catcher.mails[len(before) :]]
    assert set(again) < {str(mail["message-id"]) for mail in before}
    await post(app)
    go_to(7, days=1)
    await post(app)
    again = [str(mail["message-id"]) for mail in catcher.mails[len(before) :]]
    assert sorted(again) == sorted(str(mail["message-id"]) for mail in before)


async def test_an_email_that_may_have_been_sent_goes_again_without_what_was_refused_since(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """Of a mandatory and an optional message the mandatory one goes once more after the choice."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    clock.move(timedelta(hours=1))
    await feed.deliver((event("ApplicationWithdrawn", by="guest"), APPLICATION))
    await feed.deliver((event("OfferSubmitted", due=in_days(10)), OFFER), (event("MatchProposed"), MATCH))
    await post(app)
    (before,) = [mail for mail in catcher.to(FIRST) if mail["list-unsubscribe"]]
    assert " messages: " in before["subject"]
    count = len(catcher.to(FIRST))
    await doubt(app)
    assert await choose(app, "first", "country", "none") == 200
    await post(app)
    again = catcher.to(FIRST)[count:]
    assert len(again) == count
    assert not any(mail["list-unsubscribe"] or mail["message-id"] == before["message-id"] for mail in again)


async def test_mail_to_people_awake_does_not_wait_when_the_sender_ends(
    app: FastAPI, feed: Feed, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a sender ends between preparing and sending, the next one sends to those awake at once."""
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "first", "none")
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due="2036-01-30T22:59:59Z"), APPLICATION))

    async def ends(*_: object) -> None:
        raise RuntimeError("The process ends here.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Dispatcher, "_sent", ends)
        with pytest.raises(RuntimeError):
            await post(app)
    await post(app)
    assert catcher.recipients == [FIRST]


async def test_recipients_are_decided_when_they_are_awake(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Recipients are decided in the morning: people who left or opted out meanwhile get nothing.

    Hours that somebody else has chosen change nothing about it.
    """
    change(app, quiet_hours="21:00-07:00")
    assert await choose(app, "elsewhere", "22:00-06:00") == 200
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    assert await rows(app, "SELECT 1 FROM notification") == []
    contacts.names[HOME] = ["new", "deputy"]
    assert await choose(app, "deputy", "country", "none") == 200
    await post(app)
    go_to(7, days=1)
    await post(app)
    assert f"{HOME}.new@police.example" in catcher.recipients
    assert FIRST not in catcher.recipients
    assert [mail for mail in catcher.to(DEPUTY) if mail["list-unsubscribe"]] == []
    assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM message WHERE country = 'MD'")] == ["done"]


async def test_a_waiting_message_is_dropped_when_its_recipient_opts_out(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """A sleeper who refuses optional mails before the morning gets none."""
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "first", "none")
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    assert [mail for mail in catcher.to(FIRST) if mail["list-unsubscribe"]] != []
    await choose(app, "deputy", "country", "none")
    go_to(7, days=1)
    await post(app)
    assert DEPUTY in catcher.recipients
    assert [mail for mail in catcher.to(DEPUTY) if mail["list-unsubscribe"]] == []
    assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM message WHERE country = 'MD'")] == ["done"]


async def test_the_recipient_is_decided_again_in_the_morning(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """A person who replaces a sleeper before the morning gets the message instead.

    Where nobody replaces the sleeper, the message is done without a failure.
    """
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "first", "none")
    go_to(23, days=1)
    for after in (["first", "new"], ["first"]):
        contacts.names[HOME] = ["first", "deputy"]
        await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), new_id()))
        await post(app)
        assert catcher.recipients == [FIRST]
        contacts.names[HOME] = after
        go_to(7, days=1)
        for _ in range(2):
            await post(app)
        new = [f"{HOME}.{name}@police.example" for name in after if name != "first"]
        assert sorted(catcher.recipients) == sorted([FIRST, OFFICER, *new])
        assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM message")] == ["done"]
        assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM notification")] == ["sent"]
        catcher.recipients.clear()
        go_to(23)


async def test_a_message_that_becomes_urgent_at_night_is_sent_then(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message due in 27 hours waits until a day before, and the log may show that time."""
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "first", "22:00-09:00")
    go_to(23, days=1)
    due = (clock.now() + timedelta(hours=27)).replace(microsecond=0).isoformat()
    await feed.deliver((event("ApplicationSubmitted", due=due), APPLICATION))
    await post(app)
    assert catcher.recipients == []
    assert "waits until 02:00 in Chi" in await page(app, "programme", "/notifications/")
    go_to(2, days=1)
    clock.move(timedelta(minutes=1))
    await post(app)
    assert sorted(catcher.recipients) == sorted([FIRST, DEPUTY, OFFICER])


async def test_other_hours_hold_for_what_waits_already(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Changed hours release what waits, in the order of the story; others sleep on."""
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "elsewhere", "22:00-06:00")
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION))
    await feed.deliver((event("VisitScheduled"), VISIT))
    await post(app)
    assert catcher.recipients == []
    for name, address in (("first", FIRST), ("deputy", DEPUTY)):
        await choose(app, name, "none")  # of the second it is fixed by now that it waits for it
        await post(app)
        assert catcher.recipients == [address]
        assert "is waiting for you" in str(catcher.mails[0]["subject"])
        catcher.raw.clear()
        catcher.recipients.clear()


async def test_a_failure_is_sent_again_while_another_sleeps(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A failed recipient can be retried while the message waits for another."""
    await choose(app, "deputy", "22:00-09:00")
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION))
    catcher.to_address = "550 No"
    await post(app)
    catcher.to_address = "250 OK"
    (message,) = await rows(app, "SELECT id FROM message WHERE audience ->> 'kind' = 'home_coordinator'")
    address, person = f"/notifications/messages/{message.id}", f"/notifications/unreachable/{recipient(HOME, 'first')}"
    assert "Send again" in await page(app, "programme", address)
    assert f'{person}/retry"' in await page(app, "programme", person)
    async with as_(app, "programme") as client:
        assert (await client.post(f"{person}/retry")).status_code == 303
        await post(app)
        assert catcher.recipients == [FIRST]
        assert (await client.post(f"{address}/retry")).status_code == 409
    assert "Send again" not in await page(app, "programme", address)
    go_to(9, days=1)
    await post(app)
    assert catcher.recipients == [FIRST, DEPUTY]


async def test_the_hours_of_an_erased_person_are_deleted(app: FastAPI, feed: Feed, contacts: Contacts) -> None:
    """The hours of an erased person are deleted, and nobody else's."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    for kind, name in (("applicant", "only"), ("applicant", "other")):
        assert await choose(app, name, "22:00-06:00", kind=kind) == 200
    contacts.erased = True
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    assert [row.recipient for row in await rows(app, "SELECT recipient FROM mail_preference")] == [
        recipient("applicant", "other")
    ]


async def test_an_urgent_message_is_sent_in_quiet_hours(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message due tomorrow is sent within a person's quiet hours; others wait."""
    await choose(app, "first", "12:00-15:00")
    go_to(12, days=1)
    due = (clock.now() + timedelta(hours=20)).isoformat()
    await feed.deliver((event("ApplicationSubmitted", due=due), APPLICATION))
    await post(app)
    assert FIRST in catcher.recipients
    go_to(14)  # more than the hour of a case after the first email, however long that took
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION), (event("VisitScheduled"), VISIT))
    catcher.recipients.clear()
    await post(app)
    assert DEPUTY in catcher.recipients
    assert FIRST not in catcher.recipients
    go_to(15)
    await post(app)
    assert FIRST in catcher.recipients


async def test_own_hours_are_chosen_by_the_link_in_a_mail_too(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """The linked page shows and saves hours; invalid ones are refused; unsubscribing keeps them."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    (courtesy,) = [mail for mail in catcher.to(FIRST) if mail["list-unsubscribe"]]
    path = choice_in(courtesy)
    question = {"choice": "each", "night": "own", "since": "22:00"}
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"}) as anybody:
        wrong = await anybody.post(path, data=question | {"until": "22:00"})
        assert (wrong.status_code, "The last hour must be different from the first hour" in wrong.text) == (422, True)
        long = await anybody.post(path, data=question | {"until": "11:00"})
        assert (long.status_code, "Choose at most 12 hours a day without emails" in long.text) == (422, True)
        kept = question | {"until": "09:00"}
        passed = await anybody.post(path, data=kept | {"night": "country", "seen": "21:00-07:00"})
        assert (passed.status_code, "You chose your own hours. Choose" in passed.text) == (422, True)
        assert 'name="seen" value="22:00-09:00"' in passed.text
        again = await anybody.post(path, data=kept | {"night": "country", "seen": "22:00-09:00"})
        assert again.status_code == 303
        assert (await anybody.post(path, data=kept)).status_code == 303
        shown = (await anybody.get(path)).text
        assert 'value="own" checked' in shown
        assert 'value="09:00" selected' in shown
        await anybody.post(path, data={"List-Unsubscribe": "One-Click"})
    (kept,) = await rows(app, "SELECT recipient, choice, quiet FROM mail_preference")
    assert (kept.recipient, kept.choice, kept.quiet) == (recipient(HOME, "first"), "none", "22:00-09:00")


@pytest.mark.parametrize("night", ["07:00-07:00", "07:00-20:00", "25:00-07:00", "21:30-07:00", "sometimes", ""])
async def test_hours_that_are_none_are_not_kept(app: FastAPI, night: str) -> None:
    """Invalid hours are refused on every way, and nothing is saved."""
    assert await choose(app, "first", night) == 422
    assert await rows(app, "SELECT 1 FROM mail_preference") == []
