"""What do mentee and mentor do with a session: log, correct, confirm, dispute, take back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import acting, required_text
from services.applications.mentorships.model import sessions as model
from services.applications.mentorships.model.sessions import SessionReport
from services.applications.mentorships.store import sessions as store
from services.applications.refusals import may_proceed, not_found
from shared.contracts.participation import SessionConfirmed, SessionDisputed, SessionLogged, SessionWithdrawn
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.applications.mentorships.actions.parties import Acting
    from services.applications.mentorships.store.sessions import Session
    from shared.bus import Bus
    from shared.contracts.codes import Party
    from shared.identity import Principal


async def log(
    bus: Bus, principal: Principal, mentorship_id: UUID, said: SessionReport, *, another: bool = False
) -> Session:
    """Log a session; the same side's same day and length again is the same session.

    Where a session of that day is there already, `another` says that this is one more. Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = [earlier for earlier in await store.sessions(tx.session, mentorship_id) if earlier.withdrawn_at is None]
        for earlier in held:
            if (earlier.party, earlier.held_on, earlier.minutes) == (one.party, said.held_on, said.minutes):
                return earlier
        may_proceed(model.may_log, one.mentorship.stands, len(held))
        _lawful(one, said)
        if not another:
            _alone(held, said.held_on, one.party)
        made = store.Session(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=one.party,
            held_on=said.held_on,
            minutes=said.minutes,
            on_site=said.on_site,
            note=_note(said.note),
            next_on=said.next_on,
            at=clock.now(),
        )
        tx.session.add(made)
        await _tell_logged(one, made)
        return made


def _note(text: str) -> str:
    return text.strip()[: model.LONGEST_NOTE]


def _lawful(one: Acting, said: SessionReport) -> None:
    may_proceed(
        model.lawful,
        said.held_on,
        said.minutes,
        said.next_on,
        started_on=one.mentorship.started_on,
        today=clock.today(),
    )


def _alone(held: Sequence[Session], day: date, party: Party) -> None:
    """Raises `Refused` (409) where a session of that day is there: it may be the same one."""
    found = next((earlier for earlier in held if earlier.held_on == day), None)
    if found is None:
        return
    minutes = ngettext("%(num)d minute", "%(num)d minutes", found.minutes) % {"num": found.minutes}
    sentence = gettext("You have logged a session of %(minutes)s on %(day)s already. Tick that this is another one.")
    if found.party != party:
        sentence = gettext(
            "The other side has logged a session of %(minutes)s on %(day)s. Confirm that one, or tick that this is"
            " another one."
        )
    sentence %= {"minutes": minutes, "day": dates.day(day)}
    raise Refused(sentence, 409, {"another": sentence})


async def _tell_logged(one: Acting, held: Session) -> None:
    await one.tell(
        SessionLogged(
            **one.ids,
            session_id=held.id,
            by=one.party,
            held_on=held.held_on,
            minutes=held.minutes,
            on_site=held.on_site,
            next_on=held.next_on,
        )
    )


async def correct(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    session_id: UUID,
    said: SessionReport,
    *,
    version: int | None = None,
) -> Session:
    """Correct an own session that is not confirmed yet; the other is asked anew. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, session_id)
        before = SessionReport(held.held_on, held.minutes, held.on_site, held.note, held.next_on)
        now = SessionReport(said.held_on, said.minutes, said.on_site, _note(said.note), said.next_on)
        if before == now and held.disputed_at is None:
            return held
        may_proceed(model.may_correct, one.mentorship.stands, held.held, one.party, version)
        _lawful(one, now)
        held.held_on, held.minutes, held.on_site = now.held_on, now.minutes, now.on_site
        held.note, held.next_on = now.note, now.next_on
        held.version += 1
        held.disputed_at, held.dispute = None, ""
        tx.session.add(held)
        await _tell_logged(one, held)
        return held


async def confirm(
    bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID, version: int | None = None
) -> Session:
    """The other side confirms a session (`version`: as it was read). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, session_id)
        if not may_proceed(model.may_confirm, one.mentorship.stands, held.held, one.party, version):
            return held
        held.confirmed_at = clock.now()
        held.disputed_at, held.dispute = None, ""
        tx.session.add(held)
        await one.tell(SessionConfirmed(**one.ids, session_id=session_id, by=one.party, held_on=held.held_on))
        return held


async def dispute(
    bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID, why: str, version: int | None = None
) -> Session:
    """The other side says that a session did not take place so, and why. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, session_id)
        sentence = gettext("Say what is not right, in up to %(most)s characters.") % {"most": model.LONGEST_NOTE}
        why = required_text(why, model.LONGEST_NOTE, "text", sentence)
        if not may_proceed(model.may_dispute, one.mentorship.stands, held.held, one.party, version):
            return held
        held.disputed_at, held.dispute = clock.now(), why
        tx.session.add(held)
        await one.tell(SessionDisputed(**one.ids, session_id=session_id, by=one.party, held_on=held.held_on))
        return held


async def withdraw(bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID) -> Session:
    """Take an own session back that is not confirmed. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, session_id)
        if not may_proceed(model.may_withdraw, one.mentorship.stands, held.held, one.party):
            return held
        held.withdrawn_at = clock.now()
        tx.session.add(held)
        await one.tell(SessionWithdrawn(**one.ids, session_id=session_id, by=one.party, held_on=held.held_on))
        return held


async def _held(one: Acting, session_id: UUID) -> Session:
    held = await store.one(one.tx.session, session_id)
    if held is None or held.mentorship_id != one.mentorship.id:
        raise not_found()
    return held
