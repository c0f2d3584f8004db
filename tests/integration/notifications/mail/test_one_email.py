"""Messages that fall to one person at one moment are one email, and each of them knows which."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from services.notifications.mail import actions
from services.notifications.mail.bounces.reports import take_report
from services.notifications.mail.model import Verdict
from services.notifications.mail.sending import delivery_log, dispatch
from services.notifications.messages.model.table import BY_NAME
from services.notifications.preferences.actions import choose
from services.notifications.preferences.model.choices import Choice
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.conftest import (
    Catcher,
    Contacts,
    desk_of,
    post,
    published_events,
    recipient,
    rows,
    text_of,
    write,
)
from tests.integration.notifications.mail.test_sending import change
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.reports import report
from tests.integration.notifications.stories import APPLICATION, CALL, MATCH, OFFER, VISIT, event, in_days

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope
    from fastapi import FastAPI

    from tests.support import Feed

FIRST, DEPUTY = "home_coordinator.first@police.example", "home_coordinator.deputy@police.example"
MINE = "applicant.only@police.example"


def numbered(number: int) -> str:
    """Return the reference of an application."""
    return f"MD-2026-{number:04}"


async def submit(feed: Feed, count: int, start: int = 1) -> None:
    """Have so many officers apply, each under a reference of its own."""
    profile = event("ApplicationSubmitted").model_dump(mode="json")["profile"]
    for number in range(start, start + count):
        data = event("ApplicationSubmitted", due=in_days(30), profile=profile | {"reference": numbered(number)})
        await feed.deliver((data, new_id()))


async def test_forty_cases_for_one_coordinator_are_one_email(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Forty cases are one email to each coordinator, with each sentence, link and cause, and no other's words."""
    contacts.languages["home_coordinator"] = "ro"
    await submit(feed, 40)
    await post(app)
    for address, name, other in ((FIRST, "First", "Deputy"), (DEPUTY, "Deputy", "First")):
        (mail,) = catcher.to(address)
        assert mail["subject"].startswith("40 de mesaje: ")
        assert mail["references"] is None
        text, words = text_of(mail), text_of(mail, "html")
        assert (name in text, other in text + words) == (True, False)
        for number in range(1, 41):
            assert text.count(f"* [{numbered(number)}]") == 1
            assert f"({numbered(number)})" in " ".join(text.split())
        assert len(set(_addresses(text))) >= 40
    sent = await rows(app, "SELECT id, state, mail_id, recipient FROM notification")
    assert {row.state for row in sent} == {"sent"}
    ids = {str(mail["message-id"]).strip("<>").partition("@")[0] for mail in catcher.mails}
    assert {str(row.mail_id or row.id) for row in sent} == ids
    assert len([1 for type_, _, _ in await published_events(app) if type_ == "NotificationSent"]) == 120
    (some,) = await rows(app, "SELECT message_id, mail_id FROM notification WHERE mail_id IS NOT NULL LIMIT 1")
    assert str(some.mail_id) in await page(app, "programme", f"/notifications/messages/{some.message_id}")


def _addresses(text: str) -> list[str]:
    return [line for line in text.splitlines() if "/applications/cases/" in line]


async def test_more_than_a_batch_for_one_reader_is_in_few_emails(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Messages of one reader that lie apart in the queue are in one email, up to a hundred."""
    contacts.names["home_coordinator"] = ["first"]
    await submit(feed, 120)  # with those to the officers more than one batch
    await post(app)
    counts = [str(mail["subject"]).split(" ")[0] for mail in catcher.to(FIRST)]
    assert sorted(counts, reverse=True) == ["20", "100"]


async def test_the_urgent_leads_and_an_invitation_goes_with_the_others(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """In one email the urgent comes first; a second invitation is in an email of its own."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION), (event("VisitScheduled"), VISIT))
    await feed.deliver((event("VisitNoShow"), VISIT), (event("VisitCancelled"), VISIT))
    await post(app)
    mails = catcher.to(MINE)
    assert [len([part for part in mail.walk() if part.get_filename() == "invite.ics"]) for mail in mails] == [1, 1]
    assert mails[0]["subject"].startswith("[MD-2026-0042] 3 messages: Your host reports that you did not come; ")
    assert mails[1]["subject"] == "[MD-2026-0042] Your visit is cancelled"


async def test_the_same_words_are_shown_once(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Two messages in the same words are one entry, and both count as sent."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    clock.move(timedelta(hours=1))
    for _ in range(2):
        await feed.deliver((event("CallRevised", touches=[str(APPLICATION)]), CALL))
    await post(app)
    assert catcher.to(MINE)[-1]["subject"] == "[MD-2026-0042] The call was revised in your favour"
    states = "SELECT state FROM message WHERE rule = 'call_revised_in_favour'"
    assert [row.state for row in await rows(app, states)] == ["done", "done"]


async def test_a_bounce_fails_all_that_was_in_the_email(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A bounced email fails each of its messages, and names its recipient once."""
    await submit(feed, 3)
    await post(app)
    sender = next(sender for sender, whom in zip(catcher.senders, catcher.recipients, strict=True) if whom == FIRST)
    about = str(catcher.to(FIRST)[0]["message-id"]).strip("<>").partition("@")[0]
    bus, keys = app.state.service.bus, app.state.service.settings.bounce_keys
    verdict = await take_report(bus, keys, report(about), sender, "smtp")
    assert verdict is Verdict.HARD
    found = await rows(app, "SELECT state, cause FROM notification WHERE state = 'failed'")
    assert [row.cause for row in found] == ["bounced"] * 3
    assert len([1 for type_, _, _ in await published_events(app) if type_ == "NotificationFailed"]) == 3
    assert [row.times for row in await rows(app, "SELECT times FROM unreachable_recipient")] == [1]


async def test_a_second_copy_is_the_same_email(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """After an attempt without an end the email goes out again as it was, and what has come since goes in another."""
    await submit(feed, 3)
    await post(app)
    (before,) = catcher.to(FIRST)
    await doubt(app)
    await submit(feed, 1, start=9)
    await post(app)
    _, *after = catcher.to(FIRST)
    assert sorted(str(mail["message-id"]) == before["message-id"] for mail in after) == [False, True]
    again = next(mail for mail in after if mail["message-id"] == before["message-id"])
    assert text_of(again) == text_of(before)
    assert numbered(9) not in text_of(again)


ONE = "(SELECT id FROM message WHERE rule = 'application_to_endorse' ORDER BY id LIMIT 1)"


async def doubt(app: FastAPI, attempts: int = 1) -> None:
    """Let all emails be without an answer, as if the process had ended so many times in the midst of them."""
    sql = "UPDATE notification SET state = 'waiting', open_attempts = :attempts, sent_at = NULL, attempts = 0"
    await write(app, sql, attempts=attempts)
    await write(app, "UPDATE message SET state = 'waiting'")


@pytest.mark.parametrize(
    "changed",
    [
        f"UPDATE message SET attempts = 4, next_at = now() + interval '10 minutes' WHERE id = {ONE}",
        f"UPDATE message SET held_until = now() + interval '50 minutes' WHERE id = {ONE}",
        f"UPDATE message SET audience_key = '', next_at = now() + interval '9 minutes' WHERE id = {ONE}",
    ],
    ids=["tried later than the others", "held for the hour", "of another audience"],
)
async def test_an_email_that_may_have_been_sent_goes_again_whole(
    app: FastAPI, feed: Feed, catcher: Catcher, changed: str
) -> None:
    """The message that is due first takes the others along, and both copies are the same."""
    await submit(feed, 3)
    await post(app)
    before = {str(mail["message-id"]): text_of(mail) for mail in catcher.mails}
    await doubt(app)
    await write(app, changed)
    count = len(catcher.raw)
    await post(app)
    assert {str(mail["message-id"]): text_of(mail) for mail in catcher.mails[count:]} == before
    assert len(catcher.raw) == 2 * count


async def test_an_email_that_cannot_go_again_as_it_was_waits_for_a_decision(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """One of its messages has ended: the others do not go under another id, and a person decides."""
    await submit(feed, 3)
    await post(app)
    await doubt(app)
    await write(app, f"UPDATE notification SET state = 'failed' WHERE message_id = {ONE}")
    await write(app, f"UPDATE message SET state = 'failed' WHERE id = {ONE}")
    count = len(catcher.raw)
    await post(app)
    assert [mail["to"] for mail in catcher.mails[count:] if "coordinator" in str(mail["to"])] == []
    states = "SELECT state, count(*) FROM message WHERE rule = 'application_to_endorse' GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await rows(app, states)] == [("failed", 1), ("unsure", 2)]
    assert len(await rows(app, "SELECT 1 FROM set_aside")) == 2


async def two_in_one(app: FastAPI, feed: Feed, catcher: Catcher) -> tuple[EmailMessage, dict[str, Any]]:
    """Have one email with a mandatory and an optional message to the coordinator without an answer; return both."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    clock.move(timedelta(hours=1))
    await feed.deliver((event("ApplicationWithdrawn", by="guest"), APPLICATION))
    await feed.deliver((event("OfferSubmitted", due=in_days(10)), OFFER), (event("MatchProposed"), MATCH))
    await post(app)
    found = await rows(
        app,
        "SELECT n.id, n.mail_id, n.message_id, m.rule FROM notification n JOIN message m"
        f" ON m.id = n.message_id WHERE n.recipient = '{recipient('home_coordinator', 'first')}'"
        " AND n.mail_id IS NOT NULL",
    )
    parts = {"mandatory" if BY_NAME[row.rule].mandatory else "optional": row for row in found}
    assert len(found) == len(parts) == 2
    sql = (
        "UPDATE notification SET state = 'waiting', open_attempts = 1, sent_at = NULL, attempts = 0 WHERE mail_id = :id"
    )
    await write(app, sql, id=found[0].mail_id)
    await write(
        app,
        "UPDATE message SET state = 'waiting' WHERE id IN (SELECT message_id FROM notification"
        " WHERE state = 'waiting')",
    )
    return catcher.to(FIRST)[-1], parts


async def states_of(app: FastAPI, parts: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """Return the state and the open attempts of each of these notifications."""
    found = {row.id: (row.state, row.open_attempts) for row in await rows(app, "SELECT * FROM notification")}
    return {name: found[row.id] for name, row in parts.items()}


async def test_a_second_attempt_leaves_out_a_message_that_was_refused_since(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """The mandatory message goes once more, alone and under an id of its own; the optional one stands in the portal."""
    before, parts = await two_in_one(app, feed, catcher)
    await choose(app.state.service.bus, recipient("home_coordinator", "first"), Choice.NONE)
    count = len(catcher.raw)
    await post(app)
    (mail,) = catcher.mails[count:]
    assert mail["to"] == before["to"]
    assert mail["message-id"] != before["message-id"]
    assert "messages" not in mail["subject"]
    assert "List-Unsubscribe" not in mail
    assert await states_of(app, parts) == {"mandatory": ("sent", 0), "optional": ("kept", 1)}


@pytest.mark.parametrize("first", ["mandatory", "optional"])
async def test_each_message_of_a_second_attempt_goes_to_its_own_address(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two messages whose addresses differ by now go once more, each alone and to its own address."""
    before, parts = await two_in_one(app, feed, catcher)
    moved, usual = parts[first].rule, contacts.recipients

    def recipients(wanted: dict[str, Any]) -> list[dict[str, str]]:
        return [
            each | ({"address": "new@police.example"} if wanted["purpose"] == moved else {}) for each in usual(wanted)
        ]

    monkeypatch.setattr(contacts, "recipients", recipients)
    count = len(catcher.raw)
    await post(app)
    ids = {whom: str(mail["message-id"]).strip("<>").partition("@")[0] for mail, whom in _since(catcher, count)}
    other = next(row for name, row in parts.items() if name != first)
    assert ids == {"new@police.example": str(parts[first].id), FIRST: str(other.id)}
    assert len(catcher.raw) == count + 2
    assert before["message-id"] not in {mail["message-id"] for mail, _ in _since(catcher, count)}
    assert await states_of(app, parts) == dict.fromkeys(parts, ("sent", 0))


@pytest.mark.parametrize("first", ["mandatory", "optional"])
async def test_a_message_whose_reader_is_gone_waits_for_a_decision_and_the_other_goes(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one of two messages whose reader is no longer meant is not sent again, and its page says so."""
    _, parts = await two_in_one(app, feed, catcher)
    gone, usual = parts[first], contacts.recipients

    def recipients(wanted: dict[str, Any]) -> list[dict[str, str]]:
        people = usual(wanted)
        return [each for each in people if wanted["purpose"] != gone.rule or each["address"] != FIRST]

    monkeypatch.setattr(contacts, "recipients", recipients)
    count = len(catcher.raw)
    await post(app)
    (mail,) = (mail for mail, whom in _since(catcher, count) if whom == FIRST)
    (other,) = (row for name, row in parts.items() if name != first)
    assert str(other.id) in mail["message-id"]
    assert await states_of(app, parts) == {name: ("unsure", 1) if name == first else ("sent", 0) for name in parts}
    assert [row.subject for row in await rows(app, "SELECT subject FROM set_aside")] == [str(gone.message_id)]
    assert "so it may have arrived" in await page(app, "programme", f"/notifications/messages/{gone.message_id}")


def _since(catcher: Catcher, count: int) -> list[tuple[EmailMessage, str]]:
    return list(zip(catcher.mails, catcher.recipients, strict=True))[count:]


async def test_messages_that_are_due_again_wait_for_the_next_round(
    app: FastAPI, feed: Feed, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message is tried once a round: only the next one sees all that became of it."""
    tries: list[str] = []

    async def refuse(_s: object, _c: object, envelope: Envelope, /) -> str:
        tries.extend(envelope.rcpt_tos)
        await asyncio.sleep(0.4)
        return "451 Later"

    monkeypatch.setattr(catcher, "handle_DATA", refuse)
    monkeypatch.setattr(delivery_log, "pause", lambda _: timedelta())
    monkeypatch.setattr(dispatch, "BATCH", 1)
    await feed.deliver((event("ApplicationSubmitted", due=in_days(30)), APPLICATION))
    await feed.deliver((event("VisitScheduled"), VISIT))
    async with desk_of(app) as desk, asyncio.timeout(10):
        await desk.send_due()
    assert len(tries) == len(set(tries)) > 3


async def test_one_decision_settles_an_email_that_may_have_been_sent(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """Of an email that was tried twice without an end, all is counted as sent, or sent again, by one decision."""
    await submit(feed, 3)
    await post(app)
    await doubt(app, attempts=2)
    count = len(catcher.raw)
    await post(app)
    assert len(catcher.raw) == count
    unsure = "SELECT id FROM message WHERE state = 'unsure' AND rule = 'application_to_endorse' ORDER BY id"
    first, *others = await rows(app, unsure)
    assert len(others) == 2
    bus = app.state.service.bus
    await actions.count_as_sent(bus, "somebody", first.id)
    assert await rows(app, unsure) == []
    (mine,) = await rows(app, unsure.replace("application_to_endorse", "application_submitted") + " LIMIT 1")
    await actions.retry(bus, "somebody", mine.id)
    await post(app)
    assert [str(mail["subject"]) for mail in catcher.mails[count:]] == ["3 messages: We have your application"]
    assert await rows(app, "SELECT 1 FROM set_aside") == []


async def test_a_message_that_cannot_be_written_holds_up_no_other(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """One message that cannot be written fails by itself, and the others of its reader go out in one email."""
    await submit(feed, 3)
    (broken,) = await rows(app, "SELECT id FROM message WHERE rule = 'application_to_endorse' ORDER BY at LIMIT 1")
    await write(app, """UPDATE message SET facts = '{"due": "never"}' WHERE id = :id""", id=broken.id)
    await post(app)
    assert [str(mail["subject"]).split(":")[0] for mail in catcher.to(FIRST)] == ["2 messages"]
    assert [row.id for row in await rows(app, "SELECT id FROM message WHERE state = 'failed'")] == [broken.id]


async def test_messages_gather_for_a_moment_and_urgent_ones_do_not(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A new message waits for others to the same reader; an urgent one goes at once and takes them along."""
    change(app, mail_gathers_seconds=60)
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert catcher.raw == []
    await feed.deliver((event("VisitScheduled"), VISIT))
    await post(app)
    assert catcher.raw == []
    await feed.deliver((event("VisitNoShow"), VISIT))
    await post(app)
    assert [str(mail["subject"])[:45] for mail in catcher.to(MINE)] == ["[MD-2026-0042] 3 messages: Your host reports "]
    await write(app, "UPDATE message SET queued_at = queued_at - interval '61 seconds'")
    await post(app)
    assert await rows(app, "SELECT 1 FROM message WHERE state = 'waiting'") == []


async def test_optional_messages_can_be_left_out_of_an_email(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """An email with something optional can be unsubscribed from; after that only the mandatory part comes."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert "List-Unsubscribe" not in catcher.to(FIRST)[0]
    clock.move(timedelta(hours=1))
    await feed.deliver((event("ApplicationWithdrawn", by="guest"), APPLICATION))
    await feed.deliver((event("OfferSubmitted", due=in_days(10)), OFFER), (event("MatchProposed"), MATCH))
    await post(app)
    mail = catcher.to(FIRST)[-1]
    assert "2 messages" in mail["subject"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["List-Unsubscribe"]).strip("<>") in text_of(mail)
