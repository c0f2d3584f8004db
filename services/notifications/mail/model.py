"""Read delivery reports about mails (RFC 3464), and sign the return paths that they come back to.

Each mail has its own return path, `bounces+<token>@...`; the token is the notification's id with a keyed digest of it.
Nobody can make a token without having seen the mail, so a report under a token is believed as far as it fits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from email.parser import BytesParser
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.codes import Code
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

# 112 bits: nobody guesses one by mail. With the id they are 48 letters, none of them half used, and stay under the 64
# characters of a local part (RFC 5321 4.5.3.1).
_DIGEST_BYTES = 14
_TOKEN_BYTES = 16 + _DIGEST_BYTES
LARGEST = 1024 * 1024
"""The most bytes of a delivery report."""
# A report has three parts (RFC 6522 3), of which we need less than this; a status has a group for each recipient.
_MOST_PARTS, _MOST_GROUPS = 3, 100
_LARGEST_PART = 64 * 1024
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})
_BOUNDARY = re.compile(r'\bboundary\s{0,9}=\s{0,9}(?:"([^"\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_STATUS = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<([^<>@\s]+)@[^<>@\s]+>")


WORK = N_("Messages")
"""The sending of messages, on the page of problems."""


UNSURE_WORK, UNSURE_WHY = N_("Emails that may have been sent"), N_("May have been sent. Open the message and decide")
"""Emails of which two copies may be out: the work and the reason on the page of problems."""


class ResendReason(Code):
    """A coordinator's reason to send a message again; a code, since a free text could name somebody."""

    LOST = "lost", N_("The recipient says that it did not arrive")
    ADDRESS = "address", N_("The recipient has another address now")
    NEEDED = "needed", N_("The recipient needs it again to act on it")


class Verdict(StrEnum):
    """The verdict on a report. The first three change something, the others nothing."""

    HARD = "hard"
    GIVEN_UP = "given_up"
    SOFT = "soft"
    AGAIN = "again"
    FORGED = "forged"
    UNKNOWN = "unknown"
    OTHER_MAIL = "other_mail"
    NO_REPORT = "no_report"


VERDICTS: dict[Verdict, str] = {
    Verdict.HARD: N_("The mailbox does not accept email"),
    Verdict.GIVEN_UP: N_("The other email server gave up"),
    Verdict.SOFT: N_("Delayed, or only a note"),
    Verdict.AGAIN: N_("Already reported"),
    Verdict.FORGED: N_("Refused: the signature is not ours"),
    Verdict.UNKNOWN: N_("Refused: no such email was sent"),
    Verdict.OTHER_MAIL: N_("Refused: it is about another email"),
    Verdict.NO_REPORT: N_("Not a delivery report"),
}
REFUSED = (Verdict.FORGED, Verdict.UNKNOWN, Verdict.OTHER_MAIL, Verdict.NO_REPORT)


@dataclass(frozen=True, slots=True)
class Report:
    """A report's content about its mail: action and status (RFC 3463) of the recipient who fared worst.

    `message_id` is the left side of the Message-ID of the returned mail, where one is included.
    """

    action: str
    status: str
    message_id: str | None

    @property
    def verdict(self) -> Verdict:
        """Hard where the mailbox will never take it; given up where a server tried long enough; else a note.

        `failed` means that nobody tries any more (RFC 3464 2.3.3), whatever the status.
        """
        if self.action != "failed":
            return Verdict.SOFT
        return Verdict.HARD if self.status.startswith("5") else Verdict.GIVEN_UP


def return_path(address: str, keys: Sequence[bytes], notification_id: UUID) -> str:
    """Return the sender of one mail: `bounces@x` becomes `bounces+<token>@x`; the newest key signs."""
    box, _, domain = address.rpartition("@")
    token = base64.b32encode(notification_id.bytes + _digest(keys[0], notification_id)).decode().rstrip("=").lower()
    return f"{box}+{token}@{domain}"


def notification_in(address: str, keys: Sequence[bytes]) -> UUID | None:
    """Return the notification whose return path an address is; None where none of the keys signed it.

    Servers may change the case of an address, so the token is read without regard to case.
    """
    token = address.rpartition("@")[0].rpartition("+")[2].upper()
    try:
        raw = base64.b32decode(token + "=" * (-len(token) % 8))
    except ValueError:
        return None
    if len(raw) != _TOKEN_BYTES:
        return None
    found = UUID(bytes=raw[:16])
    # A list, not a generator: all keys are tried, so the duration reveals nothing.
    good = [hmac.compare_digest(_digest(key, found), raw[16:]) for key in keys]
    return found if any(good) else None


def _digest(key: bytes, notification_id: UUID) -> bytes:
    return hmac.new(key, b"tandem/bounces/" + notification_id.bytes, hashlib.sha256).digest()[:_DIGEST_BYTES]


def report_in(raw: bytes) -> Report | None:
    """Return the delivery report in a mail; None where it is something else (an automatic answer, a letter).

    Read are the header of the mail, and header and text of its first parts, in bounded length. Nothing within a part is
    parsed as a mail, so what is nested or repeated in one costs nothing.
    """
    if len(raw) > LARGEST:
        return None
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    if len(head) > _LARGEST_PART:
        return None
    kind, separator = _type_of(_header(head))
    if kind != "multipart/report" or separator is None:
        return None
    delimiter = re.compile(rb"^--" + re.escape(separator) + rb"(?:--)?[ \t]*$", re.MULTILINE)
    parts = [_header(part[1:_LARGEST_PART]) for part in delimiter.split(body, _MOST_PARTS + 1)[1 : _MOST_PARTS + 1]]
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    found = [outcome for part in statuses[:1] for group in _groups(part) if (outcome := _outcome(group)) is not None]
    if not found:
        return None
    action, status = max(found, key=lambda outcome: (outcome[0] == "failed", outcome[1]))
    return Report(action, status, _returned(parts))


def _header(raw: bytes) -> Message:
    """Return the header of a mail, or of a part, with all that follows as its text."""
    return BytesParser().parsebytes(raw, headersonly=True)


def _type_of(mail: Message) -> tuple[str, bytes | None]:
    """Return the content type of a mail and the boundary of its parts.

    Not by `Message.get_boundary`, whose time grows with the square of the number of parameters.
    """
    found = _BOUNDARY.search(str(mail.get("Content-Type", "")))
    return mail.get_content_type(), None if found is None else (found[1] or found[2]).encode("utf-8", "replace")


def _text(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _groups(part: Message) -> list[Message]:
    """Return the groups of fields of a delivery status: the first is about the mail, each other about a recipient."""
    return [_header(group.strip(b"\n")) for group in _text(part).split(b"\n\n", _MOST_GROUPS)[:_MOST_GROUPS]]


def _outcome(group: Message) -> tuple[str, str] | None:
    action = str(group.get("Action", "")).split(";")[0].strip().lower()
    status = _STATUS.match(str(group.get("Status", "")))
    return None if not action or status is None else (action, status[1])


def _returned(parts: Sequence[Message]) -> str | None:
    """Return the left side of the Message-ID of the returned mail: in whole, or its header alone."""
    for part in parts:
        if part.get_content_type() in _RETURNED:
            found = _MESSAGE_ID.search(str(_header(_text(part).lstrip(b"\n")).get("Message-ID", "")))
            if found is not None:
                return found[1]
    return None
