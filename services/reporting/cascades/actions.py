"""Report cascade sessions as an officer, and confirm or refuse them as the line manager."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.reporting.answers.model.forms import NotComplete
from services.reporting.cascades import model, store
from services.reporting.cascades.model import CascadeState
from services.reporting.cascades.store import Cascade
from services.reporting.cascades.views import Sessions, sessions
from services.reporting.cases import views as cases_views
from shared.bus.set_aside import SetAside
from shared.contracts.codes import AnswerForm, CascadeRefusal, Respondent
from shared.contracts.labels import label
from shared.contracts.outcomes import AnswerAsked, CascadeConfirmed, CascadeDelivered, CascadeRefused
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext, ngettext
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Lease, Tx

log = structlog.get_logger(__name__)
REMINDER_DAYS = 14
"""The days without the manager's answer after which there is one reminder."""
WORK = N_("Reminders of training sessions at home")
_AT_ONCE, _MOST = 100, 10_000


async def report(bus: Bus, subject: str, cascade_id: UUID, reported: model.Session) -> Sessions:
    """Report a session; the same one once more changes nothing.

    Raises `Refused`: 404 for others than the officer, 409 before the end, too late or if another session has the id,
    422 with the fields.
    """
    async with bus.transaction("respondent") as tx:
        found = await sessions(tx.session, subject)
        case = found.form.case
        if found.managed:
            raise Refused(gettext("This form does not exist."), 404)
        before = await store.by_id(tx.session, cascade_id)
        if before is None:
            event = _delivered(found, cascade_id, reported)
            tx.actor = f"respondent:{found.form.respondent.value}"
            row = Cascade(
                id=cascade_id,
                case_id=case.id,
                application_id=case.application_id,
                held_on=event.delivered_on,
                format=event.format.value,
                attendees=event.attendees,
                about=reported.about.strip(),
                reported_at=clock.now(),
            )
            if await store.add(tx.session, row):
                await tx.record(event, case.id, correlation=case.application_id)
            else:
                before = await store.by_id(tx.session, cascade_id)
        if before is not None:
            _same(found, before, reported)
    async with bus.read() as session:
        return await sessions(session, subject)


def _delivered(found: Sessions, cascade_id: UUID, reported: model.Session) -> CascadeDelivered:
    found.form.case.check_open()
    if not found.open:
        raise Refused(gettext("The time to report sessions has ended."), code=ProblemCode.DEADLINE_PASSED)
    try:
        return model.delivered(found.form.case, cascade_id, reported, clock.today())
    except NotComplete as problem:
        raise _refused(problem) from None


def _same(found: Sessions, before: Cascade, reported: model.Session) -> None:
    """Raise `Refused` (409) unless the session with that id is the one that is reported."""
    if before.case_id != found.form.case.id:
        sentence = gettext("Another session has this id, so yours was not saved. Report it with a new id.")
        raise Refused(sentence, code=ProblemCode.DUPLICATE)
    known = model.Session(before.held_on, before.format, before.attendees, before.about)
    if known != replace(reported, about=reported.about.strip()):
        sentence = gettext(
            "This was reported with other answers on %(when)s, so nothing was changed. If both sessions were held,"
            " report this one as a new session."
        )
        raise Refused(sentence % {"when": moment(before.reported_at)}, code=ProblemCode.DUPLICATE)


async def confirm(bus: Bus, subject: str, cascade_id: UUID, attendees: int | None, reason: str) -> None:
    """Confirm a session as line manager, perhaps with a lower number; the same answer again changes nothing.

    Raises as `report`, and 409 where another answer was given.
    """
    async with bus.transaction("respondent") as tx:
        found, row = await _session_asked_about(tx.session, subject, cascade_id)
        why = reason.strip() if attendees is not None and attendees < row.attendees else ""
        if _answered(row, CascadeState.CONFIRMED, (row.confirmed, row.explanation) == (attendees, why)):
            return
        try:
            event = model.confirmed(found.form.case, row.id, row.held_on, row.attendees, attendees, reason)
        except NotComplete as problem:
            raise _refused(problem) from None
        row.state, row.confirmed, row.settled_at = CascadeState.CONFIRMED, event.attendees, clock.now()
        row.explanation = why
        await _settle(tx, found, row, event)


async def refuse(bus: Bus, subject: str, cascade_id: UUID, reason: str) -> None:
    """Refuse a session as line manager, with a reason (a code of `CascadeRefusal`); raises as `confirm`."""
    async with bus.transaction("respondent") as tx:
        found, row = await _session_asked_about(tx.session, subject, cascade_id)
        if _answered(row, CascadeState.REFUSED, row.reason == reason):
            return
        try:
            event = model.refused(found.form.case, row.id, row.held_on, reason)
        except NotComplete as problem:
            raise _refused(problem) from None
        row.state, row.reason, row.settled_at = CascadeState.REFUSED, event.reason.value, clock.now()
        await _settle(tx, found, row, event)


async def _settle(tx: Tx, found: Sessions, row: Cascade, event: CascadeConfirmed | CascadeRefused) -> None:
    tx.actor = f"respondent:{Respondent.LINE_MANAGER.value}"
    tx.session.add(row)
    await tx.record(event, row.case_id, correlation=found.form.case.application_id)


async def _session_asked_about(session: AsyncSession, subject: str, cascade_id: UUID) -> tuple[Sessions, Cascade]:
    found = await sessions(session, subject)
    row = await store.cascade(session, found.form.case.id, cascade_id)
    if not found.managed or row is None:
        raise Refused(gettext("There is no such session."), 404)
    if row.state == CascadeState.REPORTED:
        found.form.case.check_open()
    return found, row


def _answered(row: Cascade, state: CascadeState, same: bool) -> bool:  # noqa: FBT001 - a comparison, not a switch
    """Return whether a session was answered so before: with that state, and the same words. Raises `Refused` (409)."""
    if row.state == CascadeState.REPORTED:
        return False
    if row.state == state and same:
        return True
    words = {"when": moment(row.settled_at)}
    if row.state == CascadeState.CONFIRMED:
        sentence = ngettext(
            "This session was confirmed on %(when)s, for %(num)d person.",
            "This session was confirmed on %(when)s, for %(num)d people.",
            row.confirmed or 0,
        )
        raise Refused(sentence % {**words, "num": row.confirmed or 0}, code=ProblemCode.ALREADY_DONE)
    reason = label(CascadeRefusal(row.reason)) if row.reason else ""
    sentence = gettext("On %(when)s the answer was that this session cannot be confirmed: %(reason)s.")
    raise Refused(sentence % {**words, "reason": reason}, code=ProblemCode.ALREADY_DONE)


async def remind(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """Remind line managers once of sessions that wait for their answer; return the number of visits and mentorships.

    A visit or mentorship that fails is set aside. Raises `LeaseLost`.
    """
    before = clock.now() - timedelta(days=REMINDER_DAYS)
    async with bus.read() as session:
        ids = await store.to_remind(session, before, _MOST)
    reminded = await (aside or SetAside(bus, WORK)).each(ids, partial(_remind, bus, before, lease), at_once=_AT_ONCE)
    if reminded:
        log.info("line managers reminded of cascade sessions", cases=reminded)
    return reminded


async def _remind(bus: Bus, before: datetime, lease: Lease | None, ids: Sequence[UUID]) -> int:
    async with bus.transaction("system:cascades", lease) as tx:
        rows = await store.lock_to_remind(tx.session, before, ids)
        about = await cases_views.cases(tx.session, sorted({row.case_id for row in rows}))
        for row in rows:
            row.reminded_at = clock.now()
            tx.session.add(row)
        reminded = [case for _, case in sorted(about.items()) if case.open]
        for case in reminded:
            request = AnswerAsked(
                application_id=case.application_id,
                visit_id=case.visit_id,
                mentorship_id=case.mentorship_id,
                country=case.country,
                topic_code=case.topic,
                form=AnswerForm.CASCADE,
                respondent=Respondent.LINE_MANAGER,
            )
            await tx.record(request, case.id, correlation=case.application_id)
    return len(reminded)


def _refused(problem: NotComplete) -> Refused:
    fields = {name: gettext(text) for name, text in problem.fields.items()}
    return Refused(gettext("Something is missing."), 422, fields)
