"""A returned mail becomes a failure and an unreachable person; a forged report changes nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from email.feedparser import FeedParser
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import aiosmtplib
import pytest

from deploy.cli import bounces
from services.notifications.mail.bounces.inbound import Inbound
from services.notifications.mail.bounces.reports import take_report
from services.notifications.mail.model import return_path
from services.notifications.settings import Settings
from shared.bus import Bus
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.conftest import Catcher, post, published_events, recipient, rows
from tests.integration.notifications.messages.test_pages import as_, page
from tests.integration.notifications.reports import report
from tests.integration.notifications.stories import APPLICATION, event
from tests.stalls import ENDED, stalled
from tests.support import SESSION_KEY, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI

    from tests.support import Feed

BOX = "bounces@tandem.example"


@asynccontextmanager
async def mail_server(app: FastAPI) -> AsyncIterator[aiosmtplib.SMTP]:
    """A client that brings reports to the service's port."""
    loop = asyncio.get_running_loop()
    desk = Inbound(app.state.service.bus, app.state.service.settings)
    server = await loop.create_server(lambda: desk.line(loop), "127.0.0.1", 0)
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.sockets[0].getsockname()[1])
    await client.connect()
    yield client
    await client.quit()
    server.close()
    await server.wait_closed()


@pytest.fixture
async def sent(app: FastAPI, feed: Feed, catcher: Catcher) -> dict[str, str]:
    """Send a mail to an officer; return its return path and its notification's id."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    (mail,) = catcher.to("applicant.only@police.example")
    sender = catcher.senders[catcher.recipients.index("applicant.only@police.example")]
    return {"sender": sender, "id": str(mail["message-id"])[1:].partition("@")[0]}


async def verdicts(app: FastAPI) -> list[str]:
    """Return the verdicts on reports, in order."""
    return [row.verdict for row in await rows(app, "SELECT verdict FROM bounce ORDER BY at, id")]


async def failures(app: FastAPI) -> list[str]:
    """Return the causes of failed mails."""
    return [payload["cause"] for type_, _, payload in await published_events(app) if type_ == "NotificationFailed"]


async def test_an_unreachable_mailbox_is_reported_once_and_listed(app: FastAPI, sent: dict[str, str]) -> None:
    """A hard report is a failure and lists the person; the same report again changes nothing."""
    async with mail_server(app) as server:
        for _ in range(2):
            await server.sendmail("", [sent["sender"]], report(sent["id"]))
    assert await failures(app) == ["bounced"]
    (row,) = await rows(app, "SELECT recipient, country, cause, status, times FROM unreachable_recipient")
    assert tuple(row) == (recipient("applicant"), "MD", "bounced", "5.1.1", 1)
    (state,) = await rows(app, f"SELECT state, cause, status FROM notification WHERE id = '{sent['id']}'")
    assert tuple(state) == ("failed", "bounced", "5.1.1")
    listed = await page(app, "moldova", "/notifications/unreachable")
    assert "Bounced (5.1.1)" in listed
    assert 'Applicant (Moldova), <span class="tandem-together">MD-2026-0042</span></a>' in listed
    assert str(row.recipient)[:7] + "…" not in listed
    assert "Everybody we wrote to" in await page(app, "france", "/notifications/unreachable")
    await page(app, "france", f"/notifications/unreachable/{row.recipient}", 404)
    shown = await page(app, "moldova", f"/notifications/unreachable/{row.recipient}")
    assert f"/applications/register/people/{row.recipient}" in shown
    assert "police.example" not in shown


async def test_a_delay_is_noted_and_a_server_that_gave_up_is_a_failure_only(app: FastAPI, sent: dict[str, str]) -> None:
    """A delay changes nothing; a server that gave up means a failure without listing the person."""
    async with mail_server(app) as server:
        await server.sendmail("", [sent["sender"]], report(sent["id"], action="delayed", status="4.4.1"))
        assert await failures(app) == []
        (state,) = await rows(app, f"SELECT state, status FROM notification WHERE id = '{sent['id']}'")
        assert tuple(state) == ("sent", "4.4.1")
        await server.sendmail("", [sent["sender"].upper()], report(sent["id"], status="4.4.7"))
    assert await failures(app) == ["bounced"]
    assert await rows(app, "SELECT 1 FROM unreachable_recipient") == []
    assert await verdicts(app) == ["soft", "given_up"]


async def test_a_forged_report_changes_nothing_and_is_counted(app: FastAPI, sent: dict[str, str]) -> None:
    """Forged, unknown, mismatched and other mails are saved and shown, without effect."""
    keys = app.state.service.settings.bounce_keys
    async with mail_server(app) as server:
        await server.sendmail("", ["bounces+abcdefgh@tandem.example"], report(sent["id"]))
        await server.sendmail("", [return_path(BOX, (b"z" * 32,), UUID(sent["id"]))], report(sent["id"]))
        await server.sendmail("", [return_path(BOX, keys, new_id())], report(sent["id"]))
        await server.sendmail("", [sent["sender"]], report(new_id()))
        await server.sendmail("", [sent["sender"]], b"Subject: I am away\r\n\r\nBack on Monday.\r\n")
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await server.sendmail("", ["ani@tandem.example"], report(sent["id"]))
    assert await verdicts(app) == ["forged", "forged", "unknown", "other_mail", "no_report"]
    assert await failures(app) == []
    assert await rows(app, "SELECT 1 FROM unreachable_recipient") == []
    assert {row.state for row in await rows(app, "SELECT state FROM notification")} == {"sent"}
    shown = await page(app, "programme", "/notifications/unreachable")
    assert "Refused: the signature is not ours" in shown
    assert "the signature" not in await page(app, "moldova", "/notifications/unreachable")


async def test_the_body_of_a_forged_report_is_not_parsed(
    app: FastAPI, sent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is judged first: a deeply nested mail under a wrong one meets no parser; the owner's report does."""
    parsed: list[int] = []
    feed_parser = FeedParser.feed

    def feed(self: FeedParser[Any], data: str) -> None:
        parsed.append(len(data))
        feed_parser(self, data)

    depth = 3000
    parts = [f'Content-Type: multipart/report; boundary="{level}"\r\n\r\n--{level}\r\n' for level in range(depth)]
    bomb = "".join(
        [*parts, "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"]
    ).encode()
    monkeypatch.setattr(FeedParser, "feed", feed)
    foreign = return_path(BOX, (b"z" * 32,), UUID(sent["id"]))
    async with mail_server(app) as server:
        for address in (foreign, "bounces+abcdefgh@tandem.example"):
            await server.sendmail("", [address], bomb)
        assert parsed == []
        await server.sendmail("", [sent["sender"]], bomb)
        assert parsed
    assert await verdicts(app) == ["forged", "forged", "no_report"]
    assert await failures(app) == []


async def test_a_report_quicker_than_our_note_is_to_be_brought_again(app: FastAPI, sent: dict[str, str]) -> None:
    """A report about a mail that still waits gets 451, and nothing is saved."""
    async with app.state.service.bus.transaction("system:test") as tx:
        await (await tx.session.connection()).exec_driver_sql("UPDATE notification SET state = 'waiting'")
    async with mail_server(app) as server:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await server.sendmail("", [sent["sender"]], report(sent["id"]))
    assert refused.value.code == 451
    assert await verdicts(app) == []


async def test_reports_in_a_file_are_taken_in(
    app: FastAPI, sent: dict[str, str], tmp_path: Path, migrated: str
) -> None:
    """An mbox with a report, a forged one and a letter is read; the same file again changes nothing."""

    class Here:
        env: ClassVar = {"TANDEM_BOUNCE_ADDRESS": BOX, "TANDEM_SESSION_KEY": SESSION_KEY}

        def __getitem__(self, name: str) -> str:
            return self.env[name]

        def bus(self, _: str) -> object:
            return type("Held", (), {"transaction": app.state.service.bus.transaction, "close": _nothing})()

    box = tmp_path / "reports.mbox"
    mails = [
        report(sent["id"], to=sent["sender"]),
        report(sent["id"], to="bounces+aaaa@tandem.example"),
        b"Subject: x\n\ny\n",
    ]
    box.write_bytes(
        b"".join(b"From x Mon Jan 19 10:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n" for raw in mails)
    )
    found = await bounces.import_reports(Here(), box)  # type: ignore[arg-type]  # what the command asks of a system
    assert found == {"The mailbox does not accept email": 1, "Refused: the signature is not ours": 2}
    assert await failures(app) == ["bounced"]
    again = await bounces.import_reports(Here(), box)  # type: ignore[arg-type]  # as above
    assert again == {"Already reported": 3}


async def _nothing(_: object) -> None:
    return


async def test_a_refused_address_is_listed_tried_again_and_settled(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A refused address is listed with its code, retried and settled; a second click changes nothing."""
    catcher.to_address = "550 No such user"
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    catcher.to_address = "250 OK"
    whom = recipient("applicant")
    address = f"/notifications/unreachable/{whom}"
    assert "Refused by the server (550)" in await page(app, "moldova", "/notifications/unreachable")
    assert ">3<" in await page(app, "programme", "/notifications/")
    async with as_(app, "auditor") as client:
        assert (await client.post(f"{address}/settle")).status_code == 403
    async with as_(app, "france") as client:
        assert (await client.post(f"{address}/settle")).status_code == 404
    async with as_(app, "moldova") as client:
        for _ in range(2):
            assert (await client.post(f"{address}/retry")).status_code == 303
        await post(app)
        assert catcher.recipients == ["applicant.only@police.example"]
        assert "Try again" not in (await client.get(address)).text
        for _ in range(2):
            assert (await client.post(f"{address}/settle")).status_code == 303
    async with as_(app, "programme") as client:
        assert (await client.post(f"{address}/settle")).status_code == 409
    assert "You, " in await page(app, "moldova", "/notifications/unreachable?settled=yes")
    shown = await page(app, "programme", "/notifications/unreachable?settled=yes")
    assert "A coordinator, " in shown
    assert "moldova" not in shown, "no sign-in name"


async def test_a_new_address_that_is_confirmed_settles_it(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A new address that was asked for and confirmed settles the entry; a change of roles does not."""
    catcher.to_address = "550 No such user"
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    known = {"recipient_id": str(recipient("applicant")), "country": "MD", "contact_check": None}
    clock.move(timedelta(hours=1))
    await feed.deliver((event("AccessChanged", **known, contact_confirmed=True), "ani"))
    assert str(len(await rows(app, "SELECT 1 FROM unreachable_recipient WHERE settled_at IS NULL"))) == "3"
    await feed.deliver(
        (event("AccessChanged", **known | {"contact_check": str(new_id())}, contact_confirmed=False), "ani")
    )
    assert "confirmation requested" in await page(
        app, "moldova", f"/notifications/unreachable/{recipient('applicant')}"
    )
    clock.move(timedelta(hours=1))
    await feed.deliver((event("AccessChanged", **known, contact_confirmed=True), "ani"))
    (row,) = await rows(app, "SELECT recipient, settled_by FROM unreachable_recipient WHERE settled_at IS NOT NULL")
    assert tuple(row) == (recipient("applicant"), None)


async def receive(address: str, notification: str, sender: str) -> None:
    """Take a report about an email, as the port for them does."""
    settings = Settings(**settings_for(address))
    await take_report(Bus("notifications", settings), settings.bounce_keys, report(notification), sender, "smtp")


@pytest.mark.parametrize("at", ["services.notifications.mail.bounces.reports:_judged", "shared.bus.db.bus:commit"])
async def test_a_report_that_slept_is_taken_once(app: FastAPI, sent: dict[str, str], at: str) -> None:
    """A process stops as it takes a report; the mail server brings it again, and it counts once."""
    address = app.state.service.bus.settings.database_url.get_secret_value()
    async with stalled(__name__, receive, address, sent["id"], sent["sender"], at=at) as process:
        async with mail_server(app) as server:
            await server.sendmail("", [sent["sender"]], report(sent["id"]))
        taken = (await verdicts(app), await failures(app))
        assert taken == (["hard"], ["bounced"])
        assert await process.go_on() in ENDED | {"done"}
    assert (await verdicts(app), await failures(app)) == taken
    assert [row.times for row in await rows(app, "SELECT times FROM unreachable_recipient")] == [1]
