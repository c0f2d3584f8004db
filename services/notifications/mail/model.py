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
from email import message_from_bytes, policy
from email.message import EmailMessage
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
_MOST_PARTS = 100
_STATUS = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<([^<>@\s]+)@[^<>@\s]+>")


WORK = N_("Messages")
"""The sending of messages, on the page of problems."""


UNSURE_WORK, UNSURE_WHY = N_("Emails that may have been sent"), N_("May have been sent: open the message and decide")
"""Emails of which two copies may be out: the work and the reason on the page of problems."""


class ResendReason(Code):
    """A coordinator's reason to send a message again; a code, since a free text could name somebody."""

    LOST = "lost", N_("They say that it did not arrive")
    ADDRESS = "address", N_("They have another address now")
    NEEDED = "needed", N_("They need it once more, to act on it")


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
    Verdict.HARD: N_("The mailbox does not take mail"),
    Verdict.GIVEN_UP: N_("The other server gave up"),
    Verdict.SOFT: N_("Delayed, or a note only"),
    Verdict.AGAIN: N_("Reported before"),
    Verdict.FORGED: N_("Refused: its signature is not ours"),
    Verdict.UNKNOWN: N_("Refused: no such mail was sent"),
    Verdict.OTHER_MAIL: N_("Refused: it speaks of another mail"),
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

    A mail that is larger or has more parts than a report about one of our mails could have is something else too: each
    part within a part costs the parser a call, and thousands would end it.
    """
    if len(raw) > LARGEST or raw.lower().count(b"content-type:") > _MOST_PARTS:
        return None
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    if mail.get_content_type() != "multipart/report":
        return None
    parts = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    if not parts:
        return None
    found = [outcome for group in _groups(parts[0]) if (outcome := _outcome(group)) is not None]
    if not found:
        return None
    action, status = max(found, key=lambda outcome: (outcome[0] == "failed", outcome[1]))
    return Report(action, status, _returned(mail))


def _groups(part: Message) -> list[Message]:
    """Return the groups of fields of a delivery status: the first is about the mail, each other about a recipient."""
    content = part.get_payload()
    return [part for part in content if not isinstance(part, str)] if isinstance(content, list) else []


def _outcome(group: Message) -> tuple[str, str] | None:
    action = str(group.get("Action", "")).split(";")[0].strip().lower()
    status = _STATUS.match(str(group.get("Status", "")))
    return None if not action or status is None else (action, status[1])


def _returned(mail: EmailMessage) -> str | None:
    """Return the left side of the Message-ID of the returned mail: in whole, or its header alone."""
    for part in mail.walk():
        text = ""
        match part.get_content_type():
            case "message/rfc822":
                inner = part.get_payload()
                text = str(inner[0].get("Message-ID", "")) if isinstance(inner, list) and inner else ""  # type: ignore[union-attr]
            case "text/rfc822-headers" | "message/rfc822-headers":
                content = part.get_payload(decode=True)
                header = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
                text = str(header.get("Message-ID", ""))
        if found := _MESSAGE_ID.search(text):
            return found[1]
    return None
