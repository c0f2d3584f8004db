"""What do mentee and mentor do in their mentorship: sign, set and close goals, log and confirm sessions, end it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import cases
from services.applications.actions.common import not_found
from services.applications.actions.now import goes
from services.applications.model import mentorship as model
from services.applications.store import pairs as store
from services.applications.store import participation
from shared import clock
from shared.contracts.codes import Party, StatedReason, published
from shared.contracts.participation import (
    AgreementSigned,
    EndRequested,
    GoalClosed,
    GoalSet,
    SessionConfirmed,
    SessionLogged,
)
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.applications.store.mentorships import Mentorship
    from shared.bus import Bus
    from shared.identity import Principal

PAIR = (Party.MENTEE, Party.MENTOR)
LONGEST_GOAL = 500


async def sign(bus: Bus, principal: Principal, mentorship_id: UUID) -> Mentorship:
    """Sign the agreement as it is. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        signed = await store.signed(tx.session, mentorship_id, model.FIRST_VERSION)
        if not goes(model.may_sign, mentorship.stands, signed, party):
            return mentorship
        text = model.agreement(str(mentorship_id), mentorship.plan)
        document = model.digest(text)
        tx.session.add(
            store.Signature(
                mentorship_id=mentorship_id,
                version=model.FIRST_VERSION,
                party=party,
                document=document,
                text=text,
                actor=principal.subject,
                at=clock.now(),
            )
        )
        event = AgreementSigned(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            by=party,
            version=model.FIRST_VERSION,
            document=document,
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return mentorship


async def set_goal(
    bus: Bus, principal: Principal, mentorship_id: UUID, text: str, target: date | None = None
) -> store.Goal:
    """Set a goal; the same words again are the same goal. Raises `Refused` (404, 409, 422)."""
    text = text.strip()
    if not text or len(text) > LONGEST_GOAL:
        sentence = gettext("Write a goal of up to %(most)s characters.") % {"most": LONGEST_GOAL}
        raise Refused(sentence, 422, {"text": sentence})
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        goals = await store.goals(tx.session, mentorship_id)
        known = next((one for one in goals if one.text == text and one.met is None), None)
        if known is not None:
            return known
        goes(model.may_set_goal, mentorship.stands, len(goals))
        goal = store.Goal(
            id=new_id(),
            mentorship_id=mentorship_id,
            number=len(goals) + 1,
            text=text,
            target=target,
            party=party,
            at=clock.now(),
        )
        tx.session.add(goal)
        event = GoalSet(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            goal_id=goal.id,
            by=party,
            number=goal.number,
            target=target,
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return goal


async def close_goal(bus: Bus, principal: Principal, mentorship_id: UUID, goal_id: UUID, *, met: bool) -> store.Goal:
    """Close a goal: met, or given up. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        goal = await store.goal(tx.session, goal_id)
        if goal is None or goal.mentorship_id != mentorship_id:
            raise not_found()
        if not goes(model.may_close_goal, mentorship.stands, closed=goal.met is not None):
            return goal
        goal.met, goal.closed_at = met, clock.now()
        tx.session.add(goal)
        event = GoalClosed(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            goal_id=goal_id,
            by=party,
            number=goal.number,
            met=met,
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return goal


async def log_session(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    held_on: date,
    minutes: int,
    *,
    on_site: bool = False,
    note: str = "",
) -> store.Session:
    """Log a session; the same side's same day and length again is the same session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        for one in await store.sessions(tx.session, mentorship_id):
            if (one.party, one.held_on, one.minutes) == (party, held_on, minutes):
                return one
        goes(
            model.may_log,
            mentorship.stands,
            held_on,
            minutes,
            started_on=mentorship.started_on,
            today=clock.today(),
        )
        held = store.Session(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=party,
            held_on=held_on,
            minutes=minutes,
            on_site=on_site,
            note=note.strip()[:1000],
            at=clock.now(),
        )
        tx.session.add(held)
        event = SessionLogged(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            session_id=held.id,
            by=party,
            held_on=held_on,
            minutes=minutes,
            on_site=on_site,
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return held


async def confirm_session(bus: Bus, principal: Principal, mentorship_id: UUID, session_id: UUID) -> store.Session:
    """The other side confirms a session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        held = await store.session_held(tx.session, session_id)
        if held is None or held.mentorship_id != mentorship_id:
            raise not_found()
        logged_by, confirmed = Party(held.party), held.confirmed_at is not None
        if not goes(model.may_confirm, mentorship.stands, logged_by, party, confirmed=confirmed):
            return held
        held.confirmed_at = clock.now()
        tx.session.add(held)
        event = SessionConfirmed(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            session_id=session_id,
            by=party,
            held_on=held.held_on,
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return held


async def end(
    bus: Bus, principal: Principal, mentorship_id: UUID, reason: StatedReason | None = None, text: str = ""
) -> Mentorship:
    """Ask to end the mentorship; with a reason where it is early. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, mentorship = await cases.of_mentorship(tx.session, principal, mentorship_id, lock=True)
        party = case.acts_as(*PAIR)
        asked = {(one.what, one.party) for one in await participation.statements(tx.session, mentorship.match_id)}
        if not goes(model.may_end, mentorship.stands) or (EndRequested.type, party) in asked:
            return mentorship
        tx.session.add(
            participation.Statement(
                match_id=mentorship.match_id,
                what=EndRequested.type,
                party=party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        event = EndRequested(
            application_id=mentorship.application_id,
            mentorship_id=mentorship_id,
            by=party,
            reason=reason and published(reason),
        )
        await tx.record(event, mentorship.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return mentorship
