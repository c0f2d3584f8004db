"""Set, note, close and resume the goals of a mentorship."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import pair_member, required_text
from services.applications.mentorships.model import goals as model
from services.applications.mentorships.store import goals as store
from services.applications.refusals import may_proceed, not_found
from services.applications.transitions import Recorded
from shared.contracts.participation import GoalClosed, GoalSet
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.store.goals import Goal, GoalNote
    from shared.bus import Bus
    from shared.identity import Principal


async def set_goal(bus: Bus, principal: Principal, mentorship_id: UUID, text: str, target: date | None = None) -> Goal:
    """Set a goal; the same text again is the same goal. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        text = _goal_text(text)
        goals = await store.goals(tx.session, mentorship_id)
        existing = next((goal for goal in goals if goal.text == text and goal.met is None), None)
        return existing or await _add_goal(member, goals, text, target)


def _goal_text(text: str) -> str:
    sentence = gettext("Enter a goal of up to %(most)s characters.") % {"most": model.LONGEST_GOAL}
    return required_text(text, model.LONGEST_GOAL, "text", sentence)


async def _add_goal(
    member: PairMember, goals: list[Goal], text: str, target: date | None, follows: UUID | None = None
) -> Goal:
    may_proceed(model.may_set, member.mentorship.stands, sum(goal.met is None for goal in goals), len(goals))
    may_proceed(model.in_time, target, clock.today())
    goal = store.Goal(
        id=new_id(),
        mentorship_id=member.mentorship.id,
        number=len(goals) + 1,
        text=text,
        target=target,
        party=member.party,
        at=clock.now(),
        follows=follows,
    )
    member.tx.session.add(goal)
    await member.record(GoalSet(**member.ids, goal_id=goal.id, by=member.party, number=goal.number, target=target))
    return goal


async def note(
    bus: Bus, principal: Principal, mentorship_id: UUID, goal_id: UUID, text: str, percent: int | None = None
) -> GoalNote:
    """Note progress towards a goal; the note stays in the portal. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        goal = await _goal(member, goal_id)
        sentence = gettext("Enter a note of up to %(most)s characters.") % {"most": model.LONGEST_NOTE}
        text = required_text(text, model.LONGEST_NOTE, "note", sentence)
        if percent is not None and not 0 <= percent <= model.WHOLE:
            sentence = gettext("Enter the progress as a number from 0 to 100.")
            raise Refused(sentence, 422, {"percent": sentence})
        notes = [row for row in await store.notes(tx.session, mentorship_id) if row.goal_id == goal_id]
        last = notes[-1] if notes else None
        if last is not None and (last.party, last.text, last.percent) == (member.party, text, percent):
            return last
        may_proceed(model.may_note, member.mentorship.stands, closed=goal.met is not None, notes=len(notes))
        note_row = store.GoalNote(
            id=new_id(),
            mentorship_id=mentorship_id,
            goal_id=goal_id,
            party=member.party,
            percent=percent,
            text=text,
            at=clock.now(),
        )
        tx.session.add(note_row)
        await tx.changed("matches")
        return note_row


async def close(
    bus: Bus, principal: Principal, mentorship_id: UUID, goal_id: UUID, *, met: bool, reason: str = ""
) -> Goal:
    """Close a goal: reached, or given up with a reason. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        goal = await _goal(member, goal_id)
        if not met:
            sentence = gettext("Enter why you are giving it up, in up to %(most)s characters.") % {
                "most": model.LONGEST_NOTE
            }
            reason = required_text(reason, model.LONGEST_NOTE, "reason", sentence)
        how = model.MET if met else model.GIVEN_UP
        if not may_proceed(model.may_close, member.mentorship.stands, _closed(goal), how, member.party):
            return goal
        goal.met, goal.closed_at, goal.closed_by = met, clock.now(), member.party
        goal.reason = "" if met else reason
        tx.session.add(goal)
        await member.record(GoalClosed(**member.ids, goal_id=goal_id, by=member.party, number=goal.number, met=met))
        return goal


async def take_up(
    bus: Bus, principal: Principal, mentorship_id: UUID, goal_id: UUID, target: date | None = None
) -> Goal:
    """Resume a closed goal as a new one with the same text that follows it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        old = await _goal(member, goal_id)
        goals = await store.goals(tx.session, mentorship_id)
        follower = next((goal for goal in goals if goal.follows == goal_id), None)
        if not may_proceed(
            model.may_take_up, member.mentorship.stands, closed=old.met is not None, taken_up=follower is not None
        ):
            assert follower is not None
            return follower
        return await _add_goal(member, goals, old.text, target, old.id)


def _closed(goal: Goal) -> Recorded | None:
    """Return how a goal was closed, by which side and when."""
    if goal.closed_at is None or goal.closed_by is None:
        return None
    return Recorded(model.MET if goal.met else model.GIVEN_UP, goal.closed_by, goal.closed_at)


async def _goal(member: PairMember, goal_id: UUID) -> Goal:
    goal = await store.goal(member.tx.session, goal_id)
    if goal is None or goal.mentorship_id != member.mentorship.id:
        raise not_found()
    return goal
