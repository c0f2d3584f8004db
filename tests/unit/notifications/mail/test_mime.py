"""Mails are read back by the standard library as they were written, whatever they contain."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.mail.sending.mime import Part, mail, mailbox
from services.notifications.messages.model.wording import Wording
from services.notifications.messages.views.bodies import bodies as bodies_of_one

_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], include_characters=" "), max_size=300)
_TEXT = st.lists(_LINE, max_size=8).map("\n".join)
_NAME = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], include_characters=" "), max_size=60)


def read(raw: bytes) -> EmailMessage:
    """Return a mail as a mail program reads it."""
    made = message_from_bytes(raw, policy=policy.default)
    assert isinstance(made, EmailMessage)
    assert not made.defects
    return made


def content(message: EmailMessage, kind: str) -> str:
    """Return the text of a body."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@given(text=_TEXT, html=_TEXT, subject=_LINE, name=_NAME)
def test_any_text_is_read_back(text: str, html: str, subject: str, name: str) -> None:
    """Texts, subject and name in any script and length come back, and no line is too long."""
    headers = [("From", mailbox("Tandem", "a@tandem.example")), ("To", mailbox(name, "b@police.example"))]
    raw = mail([*headers, ("Subject", subject)], [Part("text/plain", text), Part("text/html", html)], [], "x1")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    made = read(raw)
    assert content(made, "plain").replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    assert content(made, "html").replace("\r\n", "\n").rstrip("\n") == html.rstrip("\n")
    assert str(made["subject"]).split() == subject.split()
    assert made["to"].addresses[0].addr_spec == "b@police.example"
    assert made["to"].addresses[0].display_name.split() == name.split()


def test_an_attached_calendar_stands_beside_the_bodies() -> None:
    """A calendar is one alternative with its method, and the same bytes as an attached file of another type."""
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Ցանց\r\nEND:VCALENDAR\r\n"
    kind = "text/calendar; method=REQUEST"
    bodies = [Part("text/plain", "a"), Part("text/html", "<p>a</p>"), Part(kind, calendar)]
    file = Part('application/ics; name="invite.ics"', calendar, filename="invite.ics")
    made = read(mail([("Subject", "x")], bodies, [file], "x1"))
    alternatives, attached = made.iter_parts()
    assert (made.get_content_type(), alternatives.get_content_type()) == ("multipart/mixed", "multipart/alternative")
    plain, html, shown = alternatives.iter_parts()
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    assert (shown.get_content_type(), shown.get_param("method")) == ("text/calendar", "REQUEST")
    assert (attached.get_content_type(), attached.get_filename()) == ("application/ics", "invite.ics")
    assert attached.get_content_disposition() == "attachment"
    assert attached.get_payload(decode=True) == calendar.encode()
    assert shown.get_content().split() == calendar.split()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("A\r\nBcc: x@y.example", "a@b.example"),
        ("A", "a@b.example\nX: y"),
        ("A", "a b@c.example"),
        ("A", "a@b@c"),
        ("", ""),
    ],
)
def test_a_line_break_in_a_header_is_refused(name: str, address: str) -> None:
    """A name or address with a line break is refused, as is an ambiguous address."""
    with pytest.raises(ValueError, match="cannot stand in a mail"):
        mailbox(name, address)


def test_a_long_header_is_folded_between_words() -> None:
    """References of many mails are folded into lines that no server cuts."""
    value = " ".join(f"<{number:032x}@tandem.example>" for number in range(30))
    raw = mail([("References", value)], [Part("text/plain", "x")], [], "x1")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert re.sub(r"\r\n ", " ", raw.decode()).split("\r\n")[0] == f"References: {value}"


def test_an_address_beyond_ascii_stays_as_it_is() -> None:
    """Such an address is not encoded, since the mail is handed over by SMTPUTF8; the name is."""
    made = mailbox("Ștefan", "ștefan@poliția.example")
    assert made.endswith("<ștefan@poliția.example>")


def test_the_first_line_for_lists_has_whole_words_and_no_address() -> None:
    """The line that lists of emails show has no address in brackets, and ends after a whole word, at most 120 long."""
    text = "Read the\nguide (https://a.example/g), then answer (https://a.example/x)."
    short = Wording("T", "[SV-1] T", (text,), "", "")
    html = bodies_of_one(short, "", "https://a.example")["html"]
    assert "Read the guide, then answer." in html
    long = Wording("T", "[SV-1] T", ("word " * 40, "more"), "", "")
    html = bodies_of_one(long, "", "https://a.example")["html"]
    assert " ".join(["word"] * 23) + " …" in html or " ".join(["word"] * 23) + " &#8230;" in html
