"""Test that the mail catcher shows a mail as it came, and safely."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import httpx2
import pytest

from deploy.local.ports import free_port
from shared.web.headers import security_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Catcher:
    """A running mail catcher."""

    def __init__(self, smtp: int, pages: httpx2.Client) -> None:
        """Take its SMTP port and a client of its pages."""
        self.smtp = smtp
        self.pages = pages

    def send(self, to: str, subject: str, html: str = "") -> None:
        """Send a mail with an invitation through real SMTP."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Tandem <no-reply@tandem.example>", to, subject
        mail.set_content("Your visit is scheduled.\n")
        if html:
            mail.add_alternative(html, subtype="html")
        mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="invite.ics")
        with smtplib.SMTP("127.0.0.1", self.smtp) as connection:
            connection.send_message(mail)


@pytest.fixture
def catcher(helper: Callable[..., None], tmp_path: Path) -> Iterator[Catcher]:
    """A catcher without mail."""
    smtp = free_port()
    pages = free_port({smtp})
    address = f"http://127.0.0.1:{pages}"
    helper(
        "deploy.local.mail",
        f"{address}/livez",
        TANDEM_MAIL_FILE=str(tmp_path / "mail.db"),
        TANDEM_SMTP_PORT=str(smtp),
        TANDEM_MAIL_PORT=str(pages),
        TANDEM_ORIGIN="http://localhost:8000",
    )
    with httpx2.Client(base_url=address) as client:
        yield Catcher(smtp, client)


def test_a_mail_is_listed_read_and_its_invitation_fetched(catcher: Catcher) -> None:
    """The catcher answers in JSON: newest first, found by recipient and subject, text, and attachment as sent."""
    catcher.send("Անի <ani@service.example>", "Visit scheduled ✓")
    catcher.send("host@agency.example", "A guest is coming")
    listed = catcher.pages.get("/api/v1/messages").json()
    assert [mail["Subject"] for mail in listed["messages"]] == ["A guest is coming", "Visit scheduled ✓"]
    found = catcher.pages.get("/api/v1/search", params={"query": "ani@service scheduled"}).json()["messages"]
    assert [mail["To"] for mail in found] == [[{"Name": "Անի", "Address": "ani@service.example"}]]
    whole = catcher.pages.get(f"/api/v1/message/{found[0]['ID']}").json()
    assert whole["Text"].strip() == "Your visit is scheduled."
    assert [(part["FileName"], part["ContentType"]) for part in whole["Attachments"]] == [
        ("invite.ics", "text/calendar")
    ]
    part = catcher.pages.get(f"/api/v1/message/{found[0]['ID']}/part/{whole['Attachments'][0]['PartID']}")
    assert part.content == b"BEGIN:VCALENDAR"
    assert catcher.pages.get("/api/v1/message/99").status_code == 404
    catcher.pages.delete("/api/v1/messages")
    assert catcher.pages.get("/api/v1/messages").json()["total"] == 0


def test_deliveries_of_webhooks_are_taken(catcher: Catcher) -> None:
    """The catcher stands for the systems that the sample programme tells of its events: it takes what they are sent."""
    assert catcher.pages.post("/webhooks/figures", json={"type": "PeriodPublished"}).status_code == 204
    assert catcher.pages.get("/webhooks/figures").status_code == 405


def test_a_mails_html_can_do_nothing(catcher: Catcher) -> None:
    """The list escapes what a mail says of itself; its HTML is in a frame without scripts, forms or addresses."""
    catcher.send("x@y.example", "<script>alert(1)</script>", html="<p>Hello<script>alert(1)</script></p>")
    assert "<script>" not in catcher.pages.get("/").text
    page = catcher.pages.get("/mail/1")
    assert "<script>" not in page.text
    assert '<iframe src="/mail/1/html" sandbox' in page.text
    policy = catcher.pages.get("/mail/1/html").headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")


def test_every_answer_has_the_security_headers(catcher: Catcher) -> None:
    """Pages, mails, JSON and what is not there may not be framed elsewhere, and pass no address on."""
    catcher.send("ani@service.example", "With HTML", "<p>Hello</p>")
    for path in (
        "/",
        "/mail/1",
        "/mail/1/html",
        "/mail/1/raw",
        "/mail/1/part/1",
        "/api/v1/messages",
        "/none",
        "/mail/9",
    ):
        headers = catcher.pages.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["permissions-policy"] == security_headers()["permissions-policy"], path
        assert {"base-uri", "form-action", "frame-ancestors"} <= {
            directive.split()[0] for directive in headers["content-security-policy"].split(";")
        }, path
