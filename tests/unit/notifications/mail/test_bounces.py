"""Delivery reports are read as servers write them, and forged return paths are recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.mail.model import LARGEST, Report, Verdict, notification_in, report_in, return_path
from tests.integration.notifications.reports import report

if TYPE_CHECKING:
    from collections.abc import Callable

_BEGUN = b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
KEYS = (b"k" * 32, b"o" * 32)


@given(st.uuids(), st.sampled_from(KEYS), st.sampled_from([str.upper, str.lower]))
def test_a_return_path_is_known_again(id_: UUID, key: bytes, changed: Callable[[str], str]) -> None:
    """A return path is recognised under any of the keys and in any case, and fits into a local part."""
    address = return_path("bounces@tandem.example", (key,), id_)
    assert len(address.rpartition("@")[0]) <= 64
    assert notification_in(changed(address), KEYS) == id_


@given(st.uuids(), st.integers(0, 47), st.sampled_from("abcdefgh234567"))
def test_a_changed_token_is_nobodys(id_: UUID, place: int, letter: str) -> None:
    """A token with another letter or key names no notification."""
    address = return_path("b@x.example", KEYS, id_)
    token = address[2:].partition("@")[0]
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        assert notification_in(f"b+{changed}@x.example", KEYS) != id_
    assert notification_in(address, (b"z" * 32,)) is None


@pytest.mark.parametrize("address", ["", "b@x", "b+@x", "b+!!@x", f"b+{'a' * 500}@x", "b+ünïcode@x", "b+aaaaaaaa@x"])
def test_an_unknown_token_belongs_to_nobody(address: str) -> None:
    """Anything that a stranger writes to the address is read without an error."""
    assert notification_in(address, KEYS) is None


@pytest.mark.parametrize(
    ("action", "status", "verdict"),
    [
        ("failed", "5.1.1", Verdict.HARD),
        ("Failed", "5.2.2 (mailbox full)", Verdict.HARD),
        ("failed", "4.4.7", Verdict.GIVEN_UP),
        ("delayed", "4.4.1", Verdict.SOFT),
        ("relayed", "2.0.0", Verdict.SOFT),
        ("delivered", "2.1.5", Verdict.SOFT),
    ],
)
def test_a_report_is_read(action: str, status: str, verdict: Verdict) -> None:
    """A report says whether a mail failed for good, was given up or is delayed, and which mail it is about."""
    found = report_in(report(uuid4(), action=action, status=status))
    assert found is not None
    assert found.verdict is verdict
    assert found.status == status[:5]


def test_the_mail_that_comes_back_is_named() -> None:
    """The returned mail is recognised in whole or by its header alone."""
    id_ = uuid4()
    for raw in (report(id_, whole=True), report(id_)):
        found = report_in(raw)
        assert found is not None
        assert found.message_id == str(id_)


@pytest.mark.parametrize(
    "raw",
    [b"", b"Subject: I am away\r\n\r\nBack on Monday.", b"\xff\xfe\x00", b"Content-Type: multipart/report\r\n\r\n"],
)
def test_other_mails_are_no_reports(raw: bytes) -> None:
    """Automatic answers, empty mails and arbitrary bytes are no reports."""
    assert report_in(raw) is None


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=b%d", "multipart/digest; boundary=b%d", "message/rfc822"])
def test_parts_within_parts_end_no_parser(kind: str) -> None:
    """A mail of thousands of parts within parts is no report, and neither is one of more bytes than a report has."""
    deep = report(uuid4(), whole=True)
    for number in range(5_000):
        header = "Content-Type: " + (kind % number if "%" in kind else kind)
        deep = header.encode() + b"\r\n\r\n" + (b"--b%d\r\n" % number if "%" in kind else b"") + deep
    begun = _BEGUN.replace(b"message/delivery-status\r\n\r\n", b"message/delivery-status\r\n\r\n--x\r\n")
    assert report_in(begun + deep) is None
    assert report_in(report(uuid4()) + b"a line\r\n" * LARGEST) is None


_HEAD = b"Content-Type: multipart/report; boundary=B\r\n"
_STATUS = b"\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
_FAILED = b"Action: failed\r\nStatus: 5.1.1\r\n\r\n"
_RETURNED = b"--B\r\nContent-Type: message/rfc822\r\n\r\n"


def test_nothing_within_a_returned_mail_is_parsed() -> None:
    """A report is read whatever its returned mail holds: a thousand mails within it, which are not looked into."""
    deep = b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"Message-ID: <deep@x>\r\n\r\n"
    assert report_in(_HEAD + _STATUS + _FAILED + _RETURNED + deep + b"--B--\r\n") == Report("failed", "5.1.1", None)
    named = b"Message-ID: <outer@x>\r\n" + deep
    assert report_in(_HEAD + _STATUS + _FAILED + _RETURNED + named + b"--B--\r\n") == Report("failed", "5.1.1", "outer")


def test_only_the_beginning_of_a_report_is_read() -> None:
    """Neither a fourth part nor the two hundredth recipient counts, and a header of more than 64 KB is no report's."""
    text = b"\r\n--B\r\n\r\ntext"
    assert report_in(_HEAD + text * 2 + _STATUS + _FAILED) == Report("failed", "5.1.1", None)
    assert report_in(_HEAD + text * 3 + _STATUS + _FAILED) is None
    delayed = b"Action: delayed\r\nStatus: 4.4.1\r\n\r\n"
    assert report_in(_HEAD + _STATUS + delayed * 50 + _FAILED) == Report("failed", "5.1.1", None)
    assert report_in(_HEAD + _STATUS + delayed * 200 + _FAILED) == Report("delayed", "4.4.1", None)
    assert report_in(b"X: x\r\n" * 10_000 + _HEAD + _STATUS + _FAILED) == Report("failed", "5.1.1", None)
    assert report_in(b"X: x\r\n" * 20_000 + _HEAD + _STATUS + _FAILED) is None


@pytest.mark.parametrize(
    ("begin", "repeated"),
    [
        (_HEAD + _STATUS + _FAILED, b"\r\n"),
        (_HEAD + _STATUS + _FAILED, b"a:b\r\n\r\n"),
        (_HEAD + _STATUS + _FAILED, b"--B\r\n"),
        (_HEAD + _STATUS + _FAILED, b"--B\r\n\r\nx\r\n"),
        (_HEAD + _STATUS + _FAILED + _RETURNED + b"Message-ID: ", b"("),
        (_HEAD + _STATUS + _FAILED + _RETURNED + b"Message-ID: ", b"<a"),
        (_HEAD + _STATUS + _FAILED + b"--B\r\nContent-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: ", b"x "),
        (_HEAD + _STATUS + _FAILED[:14], b" =?utf-8?q?a?="),
        (_HEAD + _STATUS + _FAILED[:14], b"\r\n x"),
        (_HEAD[:-2], b"; a=b"),
        (_HEAD[:-2], b"; a*1*=b"),
        (_HEAD[:-2] + b'; x="', b'\\"'),
        (_HEAD[:-2], b"("),
    ],
)
def test_no_repetition_keeps_the_reader_busy(begin: bytes, repeated: bytes) -> None:
    """A mail as large as may be, of one thing again and again, has a result: minutes of reading would end the test."""
    bomb = begin + repeated * ((LARGEST - len(begin)) // len(repeated))
    assert report_in(bomb) in {None, Report("failed", "5.1.1", None)}


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    """A report that begins well and continues badly raises nothing."""
    report_in(raw)
    report_in(
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n" + raw
    )
