"""Agree on the agenda of a visit, record attendance, report a no-show or an early return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.progress import restate_due
from services.applications.matches.views import parties
from services.applications.overview.views.participation import agenda_of
from services.applications.refusals import may_proceed
from services.applications.visits import model, store
from shared.contracts.codes import Party, StatedReason, published
from shared.contracts.participation import (
    AgendaAgreed,
    AttendanceRecorded,
    EarlyReturnReported,
    NoShowReported,
)
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.applications.visits.store import Visit
    from shared.bus import Bus
    from shared.identity import Principal

LONGEST_AGENDA = 5000


async def write_agenda(bus: Bus, principal: Principal, visit_id: UUID, text: str) -> Visit:
    """Write the next version of the agenda; agreements remain with the version they were given for.

    The same text again is the same version. Raises `Refused` (404; 409; 422 for none or too long a text).
    """
    text = text.strip()
    if not text or len(text) > LONGEST_AGENDA:
        sentence = gettext("Agenda must be %(most)s characters or fewer.") % {"most": LONGEST_AGENDA}
        raise Refused(sentence, 422, {"text": sentence})
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        case.acts_as(*model.BOTH)
        may_proceed(model.may_prepare, visit.stands)
        newest, before = await agenda_of(tx.session, visit)
        if text == before:
            return visit
        tx.session.add(
            store.Agenda(visit_id=visit_id, version=newest + 1, text=text, actor=principal.subject, at=clock.now())
        )
        await restate_due(tx, {visit.application_id})
        await tx.changed("matches")
        return visit


async def agree(bus: Bus, principal: Principal, visit_id: UUID, version: int | None = None) -> Visit:
    """Agree to the agenda (`version`: the one that was read). Raises `Refused` (404; 409 if another is there)."""
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        party = case.acts_as(*model.BOTH)
        may_proceed(model.may_prepare, visit.stands)
        newest, _ = await agenda_of(tx.session, visit)
        if version is not None and version != newest:
            text = gettext("The agenda has changed since you opened it. Read version %(number)s first.")
            present = {"version": str(newest)}
            raise Refused(text % {"number": newest}, code=ProblemCode.EDIT_CONFLICT, present=present)
        agreed = await store.agenda_agreed(tx.session, visit_id)
        if not may_proceed(model.agenda_complete, agreed, party, newest):
            return visit
        complete = model.agenda_complete(agreed, party, newest)
        await store.put_agreed(tx.session, visit_id, party, newest, clock.now())
        event = AgendaAgreed(
            application_id=visit.application_id, visit_id=visit_id, by=party, version=newest, complete=complete
        )
        await tx.record(event, visit.match_id, correlation=case.correlation)
        await restate_due(tx, {visit.application_id})
        await tx.changed("matches")
        return visit


async def record_days(bus: Bus, principal: Principal, visit_id: UUID, days: Mapping[date, bool]) -> Visit:
    """Record for the host who attended, by day; another answer corrects it, the same answer changes nothing.

    Raises `Refused` (404; 422 without a day; 409 where a day cannot be recorded now).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        case.acts_as(Party.HOST)
        if not days:
            raise Refused(gettext("Record attendance for at least one day."), 422)
        before = await store.attendance(tx.session, visit_id)
        today, moment = clock.today(), clock.now()
        for day, present in sorted(days.items()):
            if before.get(day) is present:
                continue
            may_proceed(model.may_record, visit.stands, visit.dates, day, today)
            row = store.Attendance(
                visit_id=visit_id,
                day=day,
                present=present,
                corrected_from=before.get(day),
                actor=principal.subject,
                at=moment,
            )
            await store.put_attendance(tx.session, row)
            event = AttendanceRecorded(application_id=visit.application_id, visit_id=visit_id, day=day, present=present)
            await tx.record(event, visit.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return visit


async def no_show(
    bus: Bus, principal: Principal, visit_id: UUID, reason: StatedReason | None = None, text: str = ""
) -> Visit:
    """Report for the host that the guest did not come. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        case.acts_as(Party.HOST)
        attended = {day for day, present in (await store.attendance(tx.session, visit_id)).items() if present}
        reported = {statement.kind for statement in await store.statements(tx.session, visit.about)}
        assert visit.start is not None or not visit.dates
        start = visit.start or clock.today()
        if not may_proceed(model.may_report_no_show, visit.stands, start, attended, clock.today()):
            return visit
        if NoShowReported.type not in reported:
            tx.session.add(_statement(visit, NoShowReported.type, principal, reason, text))
            event = NoShowReported(
                application_id=visit.application_id, visit_id=visit_id, reason=reason and published(reason)
            )
            await tx.record(event, visit.match_id, correlation=case.correlation)
            await tx.changed("matches")
        return visit


async def early_return(
    bus: Bus,
    principal: Principal,
    visit_id: UUID,
    last_day: date,
    reason: StatedReason | None = None,
    text: str = "",
) -> Visit:
    """Report for the host that the guest left before the end; the days attended count. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        case.acts_as(Party.HOST)
        reported = {statement.kind for statement in await store.statements(tx.session, visit.about)}
        if not may_proceed(model.may_report_return, visit.stands, visit.dates, last_day, clock.today()):
            return visit
        if EarlyReturnReported.type not in reported:
            statement = _statement(visit, EarlyReturnReported.type, principal, reason, text)
            statement.last_day = last_day
            tx.session.add(statement)
            event = EarlyReturnReported(
                application_id=visit.application_id,
                visit_id=visit_id,
                last_day=last_day,
                reason=reason and published(reason),
            )
            await tx.record(event, visit.match_id, correlation=case.correlation)
            await tx.changed("matches")
        return visit


def _statement(
    visit: Visit, what: str, principal: Principal, reason: StatedReason | None, text: str
) -> store.Statement:
    return store.Statement(
        match_id=visit.about,
        kind=what,
        party=Party.HOST,
        reason=reason,
        text=text.strip()[:1000],
        actor=principal.subject,
        at=clock.now(),
    )
