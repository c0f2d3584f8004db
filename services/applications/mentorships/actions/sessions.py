"""Log, correct, confirm, dispute and withdraw the sessions of a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import pair_member, required_text
from services.applications.mentorships.model import sessions as model
from services.applications.mentorships.model.sessions import SessionReport
from services.applications.mentorships.store import sessions as store
from services.applications.refusals import may_proceed, not_found
from shared.contracts.participation import SessionConfirmed, SessionDisputed, SessionLogged, SessionWithdrawn
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.store.sessions import PairSession
    from shared.bus import Bus
    from shared.contracts.codes import Party
    from shared.identity import Principal


async def log(
    bus: Bus, principal: Principal, mentorship_id: UUID, report: SessionReport, *, another: bool = False
) -> PairSession:
    """Log a session; the same side's same day and length again is the same session.

    Where a session of that day is logged already, `another` says that this is one more. Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        sessions = [
            earlier for earlier in await store.sessions(tx.session, mentorship_id) if earlier.withdrawn_at is None
        ]
        for earlier in sessions:
            if (earlier.party, earlier.held_on, earlier.minutes) == (member.party, report.held_on, report.minutes):
                return earlier
        may_proceed(model.may_log, member.mentorship.stands, len(sessions))
        _check_report(member, report)
        if not another:
            _check_not_logged_yet(sessions, report.held_on, member.party)
        logged = store.PairSession(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=member.party,
            held_on=report.held_on,
            minutes=report.minutes,
            on_site=report.on_site,
            note=_note(report.note),
            next_on=report.next_on,
            at=clock.now(),
        )
        tx.session.add(logged)
        await _record_logged(member, logged)
        return logged


def _note(text: str) -> str:
    return text.strip()[: model.LONGEST_NOTE]


def _check_report(member: PairMember, report: SessionReport) -> None:
    may_proceed(
        model.check_session,
        report.held_on,
        report.minutes,
        report.next_on,
        started_on=member.mentorship.started_on,
        today=clock.today(),
    )


def _check_not_logged_yet(logged: Sequence[PairSession], day: date, party: Party) -> None:
    """Raise `Refused` (409) where a session of that day is logged: it may be the same one."""
    found = next((earlier for earlier in logged if earlier.held_on == day), None)
    if found is None:
        return
    minutes = ngettext("%(num)d minute", "%(num)d minutes", found.minutes) % {"num": found.minutes}
    sentence = gettext(
        "You have already logged a session of %(minutes)s on %(day)s. Select that this is another session."
    )
    if found.party != party:
        sentence = gettext(
            "The other side has logged a session of %(minutes)s on %(day)s. Confirm that session, or select "
            "that this is another one."
        )
    sentence %= {"minutes": minutes, "day": dates.day(day)}
    raise Refused(sentence, 409, {"another": sentence}, code=ProblemCode.DUPLICATE)


async def _record_logged(member: PairMember, logged: PairSession) -> None:
    await member.record(
        SessionLogged(
            **member.ids,
            session_id=logged.id,
            by=member.party,
            held_on=logged.held_on,
            minutes=logged.minutes,
            on_site=logged.on_site,
            next_on=logged.next_on,
        )
    )


async def correct(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    session_id: UUID,
    report: SessionReport,
) -> PairSession:
    """Correct an unconfirmed session of one's own; the other is asked again. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        logged = await _session(member, session_id)
        before = SessionReport(logged.held_on, logged.minutes, logged.on_site, logged.note, logged.next_on)
        now = SessionReport(report.held_on, report.minutes, report.on_site, _note(report.note), report.next_on)
        if before == now and logged.disputed_at is None:
            return logged
        may_proceed(model.may_correct, member.mentorship.stands, logged.as_logged, member.party)
        _check_report(member, now)
        logged.held_on, logged.minutes, logged.on_site = now.held_on, now.minutes, now.on_site
        logged.note, logged.next_on = now.note, now.next_on
        logged.version += 1
        logged.disputed_at, logged.dispute = None, ""
        tx.session.add(logged)
        await _record_logged(member, logged)
        return logged


async def confirm(bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID) -> PairSession:
    """Confirm a session of the other side. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        logged = await _session(member, session_id)
        if not may_proceed(model.may_confirm, member.mentorship.stands, logged.as_logged, member.party):
            return logged
        logged.confirmed_at = clock.now()
        logged.disputed_at, logged.dispute = None, ""
        tx.session.add(logged)
        await member.record(
            SessionConfirmed(**member.ids, session_id=session_id, by=member.party, held_on=logged.held_on)
        )
        return logged


async def dispute(bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID, reason: str) -> PairSession:
    """Dispute a session of the other side, with a reason. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        logged = await _session(member, session_id)
        sentence = gettext("Enter what is not right, in up to %(most)s characters.") % {"most": model.LONGEST_NOTE}
        reason = required_text(reason, model.LONGEST_NOTE, "text", sentence)
        if not may_proceed(model.may_dispute, member.mentorship.stands, logged.as_logged, member.party):
            return logged
        logged.disputed_at, logged.dispute = clock.now(), reason
        tx.session.add(logged)
        await member.record(
            SessionDisputed(**member.ids, session_id=session_id, by=member.party, held_on=logged.held_on)
        )
        return logged


async def withdraw(bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID) -> PairSession:
    """Withdraw an unconfirmed session of one's own. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        logged = await _session(member, session_id)
        if not may_proceed(model.may_withdraw, member.mentorship.stands, logged.as_logged, member.party):
            return logged
        logged.withdrawn_at = clock.now()
        tx.session.add(logged)
        await member.record(
            SessionWithdrawn(**member.ids, session_id=session_id, by=member.party, held_on=logged.held_on)
        )
        return logged


async def _session(member: PairMember, session_id: UUID) -> PairSession:
    logged = await store.pair_session(member.tx.session, session_id)
    if logged is None or logged.mentorship_id != member.mentorship.id:
        raise not_found()
    return logged
