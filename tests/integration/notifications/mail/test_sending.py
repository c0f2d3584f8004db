"""Mails are signed, sent anew on request, and held until the morning during quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from itertools import product
from typing import TYPE_CHECKING

import icalendar
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as other_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.notifications.app import create_app
from services.notifications.mail import actions as mail_actions
from services.notifications.mail.model import ResendReason
from services.notifications.mail.sending.signature import Signer
from services.notifications.settings import Settings
from shared.time import clock
from shared.time.zones import zone_of
from tests.integration.notifications.conftest import Catcher, post, rows, text_of
from tests.integration.notifications.messages.test_pages import as_, page
from tests.integration.notifications.stories import APPLICATION, HOST, VISIT, event
from tests.readers.mails import VERIFIERS
from tests.support import settings_for

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from fastapi import FastAPI

    from tests.support import Feed


def change(app: FastAPI, **settings: object) -> None:
    """Give the app other settings."""
    now = app.state.service.settings
    values = {name: getattr(now, name) for name in type(now).model_fields} | settings
    app.state.service.settings = Settings(**values)


def pem(size: int = 2048) -> str:
    """Return an RSA key."""
    key = generate_private_key(65537, size)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_a_signed_mail_is_verified_by_its_receiver(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Two libraries verify a signature against the DNS record; a header that is changed or added invalidates it."""
    key = pem()
    change(app, dkim_key=key, dkim_selector="s2026")
    record = Signer(key, "s2026", "tandem.example").record
    await feed.deliver(
        (event("OrganisationChanged"), HOST),
        (event("ApplicationSubmitted"), APPLICATION),
        (event("VisitScheduled"), VISIT),
    )
    await post(app)
    mails = {message_from_bytes(raw, policy=policy.SMTP).get_content_type(): raw for raw in catcher.raw}
    assert mails.keys() == {"multipart/alternative", "multipart/mixed"}, "without and with an invitation"
    for raw in catcher.raw:
        for valid in VERIFIERS:
            assert valid(raw, "s2026._domainkey.tandem.example", record)
    for raw, valid in product(mails.values(), VERIFIERS):
        changed = [
            raw.replace(b"Subject: ", b"Subject: Not ", 1),
            raw.replace(b"Tandem, the exchange", b"Tandem, an exchange"),
            raw.replace(b"MIME-Version: 1.0\r\n", b"", 1),
            raw.replace(b"Content-Type: multipart/", b"Content-Type: text/", 1),
        ]
        for header in ADDED:
            changed.append(raw.replace(b"\r\nFrom:", b"\r\n" + header + b"\r\nFrom:", 1))
            changed.append(raw.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n", 1))
        for each in changed:
            assert each != raw
            assert not valid(each, "s2026._domainkey.tandem.example", record), each[:3000]
        assert not valid(raw, "s2026._domainkey.other.example", record)
        assert not valid(raw, "s2026._domainkey.tandem.example", Signer(pem(), "s2026", "tandem.example").record)


ADDED = (
    b"From: Other <other@tandem.example>",
    b"To: other@police.example",
    b"Cc: other@police.example",
    b"Subject: Other",
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000",
    b"Reply-To: other@example.org",
    b"MIME-Version: 1.0",
    b"Content-Type: text/html",
    b"Content-Transfer-Encoding: base64",
    b"Content-Disposition: attachment",
    b"Content-ID: <other@example.org>",
    b"Content-Description: Other",
    b"Content-Language: fr",
    b"List-Unsubscribe: <https://example.org>",
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    b"List-Id: <other.example.org>",
    b"List-Help: <https://example.org>",
    b"List-Subscribe: <https://example.org>",
    b"List-Post: <mailto:other@example.org>",
    b"List-Owner: <mailto:other@example.org>",
    b"List-Archive: <https://example.org>",
)
"""Headers that somebody adds on the way."""


def test_a_key_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """An unsuitable key stops the start with one line that names the setting, without the key."""
    curve = other_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (tmp_path / "key.pem").write_text(pem())
    for wrong in (str(tmp_path / "nothing.pem"), "secretsecret", "-----BEGIN PRIVATE KEY-----\nsecret\n", curve):
        with pytest.raises(ValueError, match="TANDEM_DKIM_KEY: give an RSA private key") as refused:
            create_app(Settings(**settings_for("postgresql://x/y", dkim_key=wrong)), background=False)
        assert "secret" not in str(refused.value)
    create_app(Settings(**settings_for("postgresql://x/y", dkim_key=str(tmp_path / "key.pem"))), background=False)


async def test_a_message_is_sent_again_for_a_reason(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message sent anew has a new id in the same thread; person and reason are shown."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    (message,) = await rows(app, "SELECT id FROM message WHERE rule = 'application_submitted'")
    address = f"/notifications/messages/{message.id}"
    async with as_(app, "moldova") as client:
        assert (await client.post(f"{address}/resend", data={"reason": "lost"})).status_code == 403
    async with as_(app, "programme") as client:
        missing = await client.post(f"{address}/resend", data={})
        assert missing.status_code == 422
        assert "Select why you want to send it again" in missing.text
        done = await client.post(f"{address}/resend", data={"reason": "lost"})
        assert done.status_code == 303
        assert "written again and sent" in (await client.get(done.headers["location"])).text
        again = await client.post(f"{address}/resend", data={"reason": "lost"})
        assert (again.status_code, again.headers["location"]) == (303, done.headers["location"])
        await post(app)
        await post(app)
        shown = (await client.get(done.headers["location"], follow_redirects=True)).text
    assert "The recipient says that it did not arrive" in shown
    assert ">You<" in shown
    assert "Programme coordinator</" in await page(app, "auditor", address), "the role, no sign-in name"
    assert "within a few seconds" not in shown, "it is sent by now"
    first, second = catcher.to("applicant.only@police.example")
    assert first["message-id"] != second["message-id"]
    assert first["references"] == second["references"]
    assert text_of(first) == text_of(second)
    assert len(catcher.raw) == 4


async def test_an_invitation_sent_again_is_the_same_in_the_calendar(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """An invitation sent anew keeps UID and SEQUENCE."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    query = "SELECT id FROM message WHERE rule LIKE 'visit_scheduled%' AND audience->>'kind' = 'applicant'"
    (message,) = await rows(app, query)
    await mail_actions.resend(app.state.service.bus, "somebody", message.id, ResendReason.LOST)
    await post(app)
    plan = event("VisitScheduled").model_dump(mode="json")["plan"]
    await feed.deliver((event("VisitMoved", plan=plan), VISIT))
    await post(app)
    mails = [mail for mail in catcher.to("applicant.only@police.example") if _calendars(mail)]
    first, again, moved = (_entry(mail) for mail in mails)
    assert len({mail["message-id"] for mail in mails}) == 3
    assert first == again
    assert moved[0] == first[0]
    assert moved[1] > first[1]


def _calendars(mail: EmailMessage) -> list[str]:
    return [part.get_content() for part in mail.walk() if part.get_content_type() == "text/calendar"]


def _entry(mail: EmailMessage) -> tuple[str, int, str]:
    """Return UID, SEQUENCE and stamp of the visit in a mail."""
    (entry,) = icalendar.Calendar.from_ical(_calendars(mail)[0]).walk("VEVENT")
    return str(entry["UID"]), int(str(entry["SEQUENCE"])), str(entry.decoded("DTSTAMP"))


async def test_mail_waits_for_the_morning_and_says_so(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """At night a mail that can wait is held and the log shows until when; in the morning it is sent once."""
    change(app, quiet_hours="21:00-07:00")
    zone = zone_of("MD")
    here = clock.now().astimezone(zone)
    night = datetime.combine(here.date() + timedelta(days=1), datetime.min.time().replace(hour=23), zone)
    clock.move(night - here)
    await feed.deliver((event("ApplicationSubmitted", due="2027-01-30T22:59:59Z"), APPLICATION))
    await post(app)
    assert catcher.raw == []
    shown = await page(app, "programme", "/notifications/")
    assert shown.count("waits until 07:00 in Chi") == 2
    clock.move(timedelta(hours=7, minutes=59))
    await post(app)
    assert catcher.raw == []
    clock.move(timedelta(minutes=1, seconds=1))
    await post(app)
    await post(app)
    assert len(catcher.raw) == 3
    assert "waits until" not in await page(app, "programme", "/notifications/")


async def test_an_urgent_message_is_sent_at_night(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A message about a date tomorrow is sent at night."""
    change(app, quiet_hours="00:00-23:59")
    due = (clock.now() + timedelta(hours=20)).isoformat()
    await feed.deliver((event("ApplicationSubmitted", due=due), APPLICATION))
    await post(app)
    assert len(catcher.raw) == 3


async def test_the_log_is_searched_by_kind_country_and_week(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Each filter finds its rows; an unknown one is refused, and a foreign country is empty."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    monday = clock.today() - timedelta(days=clock.today().weekday())
    for query in ("?rule=application_submitted", "?country=MD", f"?week={monday}"):
        assert "We have your application" in await page(app, "programme", f"/notifications/{query}")
    for query in ("?week=nonsense", "?rule=nonsense", "?country=XX"):
        await page(app, "programme", f"/notifications/{query}", 422)
    before = monday - timedelta(weeks=2)
    for query in ("?rule=application_endorsed", "?country=FR", f"?week={before}"):
        assert "No message fits these filters" in await page(app, "programme", f"/notifications/{query}")
    assert "No message fits these filters" in await page(app, "france", "/notifications/?country=MD")
