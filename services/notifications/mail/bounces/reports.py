"""Apply delivery reports: a mailbox that takes nothing means a failure and an unreachable person."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.notifications.mail.model import REFUSED, Verdict, notification_in, report_in
from services.notifications.mail.sending.delivery_log import failed
from services.notifications.mail.store import unreachable
from services.notifications.messages import actions as messages
from services.notifications.messages.store import messages as store
from shared.bus import set_aside
from shared.contracts.codes import FailureCause
from shared.i18n import N_
from shared.ids import reaction_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.notifications.mail.model import Report
    from services.notifications.messages.store.messages import NotificationRow
    from shared.bus import Bus, Tx

log = structlog.get_logger(__name__)

ACTOR = "system:bounces"
WORK = N_("Email delivery reports")
_NOBODY = UUID("019a0000-0000-7000-8000-00000000b001")


class TooEarly(RuntimeError):
    """The mail is known but not yet saved as sent: the report is to be brought again."""


async def take_report(bus: Bus, keys: Sequence[bytes], raw: bytes, address: str, source: str) -> Verdict:
    """Save and apply a report that came to an address; return its verdict.

    A report changes nothing, and is only saved and counted, if its token is not ours, if it names no mail of ours or
    another than its token, or if it is no report. The same report twice counts once. Raises `TooEarly`.
    """
    found = notification_in(address, keys)
    # Nothing that a stranger sent is parsed; the rest in a thread, since it may be long.
    report = None if found is None else await asyncio.to_thread(report_in, raw)
    async with bus.transaction(ACTOR) as tx:
        verdict, rows = await _judged(tx, found, report)
        digest = hashlib.sha256(address.lower().encode() + b"\0" + raw).hexdigest()
        noted = {
            "id": reaction_id(rows[0].id if rows else _NOBODY, "bounce", digest),
            "at": clock.now(),
            "verdict": verdict.value,
            "status": None if report is None else report.status,
            "notification_id": rows[0].id if rows and verdict not in REFUSED else None,
            "source": source,
        }
        if not await unreachable.note_report(tx.session, noted):
            return Verdict.AGAIN
        if report is not None and verdict not in REFUSED:
            await _take(tx, rows, report, verdict)
        if found is not None:
            await set_aside.clear(tx.session, WORK, {str(found)})
        await tx.changed("messages")
    log.info("a report about a mail", verdict=verdict.value, status=noted["status"], source=source)
    return verdict


async def _judged(tx: Tx, found: UUID | None, report: Report | None) -> tuple[Verdict, list[NotificationRow]]:
    """Return the verdict and the notifications of the email."""
    if found is None:
        return Verdict.FORGED, []
    rows = await store.in_mail(tx.session, found)
    if not rows:
        return Verdict.UNKNOWN, []
    if report is None:
        return Verdict.NO_REPORT, rows
    if report.message_id is not None and report.message_id != str(found):
        return Verdict.OTHER_MAIL, rows
    if any(row.state == store.WAITING for row in rows):
        raise TooEarly
    return report.verdict, rows


async def _take(tx: Tx, rows: Sequence[NotificationRow], report: Report, verdict: Verdict) -> None:
    """Apply a report to all messages of an email; its recipient is one person, who is noted once."""
    person = None
    for row in rows:
        await messages.note_report(tx, row.id, report.status)
        message = await store.message(tx.session, row.message_id)
        if verdict is Verdict.SOFT or message is None or row.state != store.SENT:
            continue
        cause = FailureCause.BOUNCED
        await messages.mark_returned(tx, row, cause.value)
        await tx.record(failed(message, row.attempts, cause), row.id, correlation=message.story)
        person = person or {
            "recipient": row.recipient,
            "country": message.country,
            "cause": cause.value,
            "status": report.status,
            "message_id": message.id,
            "at": clock.now(),
        }
    if verdict is Verdict.HARD and person is not None:
        await unreachable.add_unreachable(tx.session, [person])
