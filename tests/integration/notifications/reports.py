"""Delivery reports as Postfix writes them (RFC 3464)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


def report(
    about: UUID | str, *, action: str = "failed", status: str = "5.1.1", whole: bool = False, to: str = "x@y.example"
) -> bytes:
    """Return a report about the mail of a notification; `whole` returns the mail, else its header only."""
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    lines = f"""From: MAILER-DAEMON@mx.police.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.police.example
Arrival-Date: Mon, 19 Jan 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; ani@police.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B
Content-Type: {kind}

From: Tandem <no-reply@tandem.example>
Message-ID: <{about}@tandem.example>
Subject: [AM-2026-0042] We have your application

Dear
--B--
"""
    return lines.replace("\n", "\r\n").encode()
