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
WORK = N_("Reports about mails")
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
        verdict, row = await _judged(tx, found, report)
        digest = hashlib.sha256(address.lower().encode() + b"\0" + raw).hexdigest()
        noted = {
            "id": reaction_id(_NOBODY if row is None else row.id, "bounce", digest),
            "at": clock.now(),
            "verdict": verdict.value,
            "status": None if report is None else report.status,
            "notification_id": None if row is None or verdict in REFUSED else row.id,
            "source": source,
        }
        if not await unreachable.note_report(tx.session, noted):
            return Verdict.AGAIN
        if row is not None and report is not None and verdict not in REFUSED:
            await _take(tx, row, report, verdict)
        if found is not None:
            await set_aside.clear(tx.session, WORK, {str(found)})
        await tx.changed("messages")
    log.info("a report about a mail", verdict=verdict.value, status=noted["status"], source=source)
    return verdict


async def _judged(tx: Tx, found: UUID | None, report: Report | None) -> tuple[Verdict, NotificationRow | None]:
    if found is None:
        return Verdict.FORGED, None
    row = await store.notification(tx.session, found)
    if row is None:
        return Verdict.UNKNOWN, None
    if report is None:
        return Verdict.NO_REPORT, row
    if report.message_id is not None and report.message_id != str(row.id):
        return Verdict.OTHER_MAIL, row
    if row.state == store.WAITING:
        raise TooEarly
    return report.verdict, row


async def _take(tx: Tx, row: NotificationRow, report: Report, verdict: Verdict) -> None:
    await messages.note_report(tx, row.id, report.status)
    message = await store.message(tx.session, row.message_id)
    if verdict is Verdict.SOFT or message is None or row.state != store.SENT:
        return
    cause = FailureCause.BOUNCED
    await messages.mark_returned(tx, row, cause.value)
    await tx.record(failed(message, row.attempts, cause), row.id, correlation=message.story)
    if verdict is Verdict.HARD:
        person = {
            "recipient": row.recipient,
            "country": message.country,
            "cause": cause.value,
            "status": report.status,
            "message_id": message.id,
            "at": clock.now(),
        }
        await unreachable.add_unreachable(tx.session, [person])
