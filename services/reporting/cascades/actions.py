"""Report cascade sessions as an officer, and confirm or refuse them as the line manager."""

from __future__ import annotations

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
from shared.contracts.codes import AnswerForm, Respondent
from shared.contracts.outcomes import AnswerAsked, CascadeConfirmed, CascadeRefused
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Lease, Tx

log = structlog.get_logger(__name__)
REMINDER_DAYS = 14
"""The days without the manager's answer after which there is one reminder."""
WORK = N_("Reminders of cascade sessions")
_AT_ONCE, _MOST = 100, 10_000


async def report(bus: Bus, subject: str, cascade_id: UUID, reported: model.Session) -> Sessions:
    """Report a session; the same id once more changes nothing.

    Raises `Refused`: 404 for others than the officer, 409 before the end or too late, 422 with the fields.
    """
    async with bus.transaction("respondent") as tx:
        found = await sessions(tx.session, subject)
        case = found.form.case
        if found.managed:
            raise Refused(gettext("There is no such form."), 404)
        if not case.open:
            raise Refused(
                gettext("It is not over yet: you can answer from its last day on."), code=ProblemCode.TOO_EARLY
            )
        if not found.open:
            raise Refused(gettext("The time to report sessions is over."), code=ProblemCode.DEADLINE_PASSED)
        try:
            event = model.delivered(case, cascade_id, reported, clock.today())
        except NotComplete as problem:
            raise _refused(problem) from None
        tx.actor = f"respondent:{found.form.respondent.value}"
        row = Cascade(
            id=cascade_id,
            case_id=case.id,
            application_id=case.application_id,
            held_on=event.delivered_on,
            format=event.format.value,
            attendees=event.attendees,
            about=reported.about.strip(),
            told_at=clock.now(),
        )
        if await store.add(tx.session, row):
            await tx.record(event, case.id, correlation=case.application_id)
    async with bus.read() as session:
        return await sessions(session, subject)


async def confirm(bus: Bus, subject: str, cascade_id: UUID, attendees: int | None, reason: str) -> None:
    """Confirm a session as line manager, perhaps with a lower number.

    Raises as `report`, and 409 once it was answered.
    """
    async with bus.transaction("respondent") as tx:
        found, row = await _waiting(tx.session, subject, cascade_id)
        case = found.form.case
        try:
            event = model.confirmed(case, row.id, row.held_on, row.attendees, attendees, reason)
        except NotComplete as problem:
            raise _refused(problem) from None
        row.state, row.confirmed, row.settled_at = CascadeState.CONFIRMED, event.attendees, clock.now()
        row.why = reason.strip() if event.attendees < row.attendees else ""
        await _settle(tx, found, row, event)


async def refuse(bus: Bus, subject: str, cascade_id: UUID, reason: str) -> None:
    """Refuse a session as line manager, with a reason (a code of `CascadeRefusal`); raises as `confirm`."""
    async with bus.transaction("respondent") as tx:
        found, row = await _waiting(tx.session, subject, cascade_id)
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


async def _waiting(session: AsyncSession, subject: str, cascade_id: UUID) -> tuple[Sessions, Cascade]:
    found = await sessions(session, subject)
    row = await store.cascade(session, found.form.case.id, cascade_id)
    if not found.managed or row is None:
        raise Refused(gettext("There is no such session."), 404)
    if not found.form.case.open:
        raise Refused(gettext("This was entered in error: nothing is asked about it any more."), 409)
    if row.state != CascadeState.REPORTED:
        raise Refused(gettext("You have answered about this session before."), code=ProblemCode.ALREADY_DONE)
    return found, row


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
