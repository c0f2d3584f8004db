"""What does a program write down for a pair: goals with their notes, and sessions?"""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.applications.actions.mentorships import goals, meetings, sessions
from services.applications.api import shown_pairs
from services.applications.api.mentorships.parts import router
from services.applications.api.parts import Body, Store, Text
from services.applications.guards import Pair
from services.applications.model.mentorship.goals import LONGEST_GOAL


class NewGoal(Body):
    """A goal, and by when."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_GOAL)]
    target: date | None = None


class Closing(Body):
    """Whether the goal was met; if not, why it is given up."""

    met: bool
    reason: Text = ""


class NewNote(Body):
    """How far a goal is, for the two of them."""

    text: Text
    percent: int | None = None


class TakingUp(Body):
    """By when a goal that is taken up again is to be reached."""

    target: date | None = None


class SessionSaid(Body):
    """A session that was held; the note is for the two of them."""

    held_on: date
    minutes: int
    on_site: bool = False
    note: Text = ""
    next_on: date | None = None

    def said(self) -> sessions.Said:
        """As the actions take it."""
        return sessions.Said(self.held_on, self.minutes, self.on_site, self.note, self.next_on)


class NewSession(SessionSaid):
    """A session that was held; `another` where one of that day is logged already and this is not the same."""

    another: bool = False


class Correction(SessionSaid):
    """A session as it really was; `version` is the one that was read."""

    version: int | None = None


class NewMeeting(Body):
    """When the two are to meet, on the clocks of the own country."""

    day: date
    time: time
    minutes: int
    on_site: bool = False

    def wanted(self) -> meetings.Wanted:
        """As the actions take it."""
        return meetings.Wanted(self.day, self.time.replace(tzinfo=None), self.minutes, self.on_site)


class NewTime(NewMeeting):
    """Another time for a planned session; `version` is the one that was read."""

    version: int | None = None


class Reading(Body):
    """Which version of a session was read."""

    version: int | None = None


class Dispute(Reading):
    """What is not right with a session, for the two of them."""

    text: Text


@router.post("/{mentorship_id}/goals", status_code=201)
async def set_goal(mentorship_id: UUID, body: NewGoal, principal: Pair, bus: Store) -> dict[str, Any]:
    """Set a goal."""
    return shown_pairs.goal(await goals.set_goal(bus, principal, mentorship_id, body.text, body.target))


@router.post("/{mentorship_id}/goals/{goal_id}/notes", status_code=201)
async def note(mentorship_id: UUID, goal_id: UUID, body: NewNote, principal: Pair, bus: Store) -> dict[str, Any]:
    """Note how far a goal is."""
    return shown_pairs.note(await goals.note(bus, principal, mentorship_id, goal_id, body.text, body.percent))


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(mentorship_id: UUID, goal_id: UUID, body: Closing, principal: Pair, bus: Store) -> dict[str, Any]:
    """Close a goal: met, or given up and why."""
    closed = await goals.close(bus, principal, mentorship_id, goal_id, met=body.met, reason=body.reason)
    return shown_pairs.goal(closed)


@router.post("/{mentorship_id}/goals/{goal_id}/take-up", status_code=201)
async def take_up(
    mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: Store, body: TakingUp | None = None
) -> dict[str, Any]:
    """Take a closed goal up again, as a new one that follows it."""
    target = body.target if body is not None else None
    return shown_pairs.goal(await goals.take_up(bus, principal, mentorship_id, goal_id, target))


@router.post("/{mentorship_id}/meetings", status_code=201)
async def plan(mentorship_id: UUID, body: NewMeeting, principal: Pair, bus: Store) -> dict[str, Any]:
    """Plan the next session: day and time are those of the clocks in the own country."""
    return shown_pairs.meeting(await meetings.plan(bus, principal, mentorship_id, body.wanted()))


@router.put("/{mentorship_id}/meetings/{meeting_id}")
async def move(mentorship_id: UUID, meeting_id: UUID, body: NewTime, principal: Pair, bus: Store) -> dict[str, Any]:
    """Give a planned session another time."""
    held = await meetings.move(bus, principal, mentorship_id, meeting_id, body.wanted(), version=body.version)
    return shown_pairs.meeting(held)


@router.post("/{mentorship_id}/meetings/{meeting_id}/cancel")
async def cancel(
    mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: Store, body: Reading | None = None
) -> dict[str, Any]:
    """Cancel a planned session."""
    version = body.version if body is not None else None
    return shown_pairs.meeting(await meetings.cancel(bus, principal, mentorship_id, meeting_id, version=version))


@router.post("/{mentorship_id}/sessions", status_code=201)
async def log_session(mentorship_id: UUID, body: NewSession, principal: Pair, bus: Store) -> dict[str, Any]:
    """Log a session."""
    held = await sessions.log(bus, principal, mentorship_id, body.said(), another=body.another)
    return shown_pairs.session(held)


@router.put("/{mentorship_id}/sessions/{session_id}")
async def correct(
    mentorship_id: UUID, session_id: UUID, body: Correction, principal: Pair, bus: Store
) -> dict[str, Any]:
    """Correct an own session before it is confirmed."""
    held = await sessions.correct(bus, principal, mentorship_id, session_id, body.said(), version=body.version)
    return shown_pairs.session(held)


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(
    mentorship_id: UUID, session_id: UUID, principal: Pair, bus: Store, body: Reading | None = None
) -> dict[str, Any]:
    """Confirm a session that the other side logged."""
    version = body.version if body is not None else None
    return shown_pairs.session(await sessions.confirm(bus, principal, mentorship_id, session_id, version))


@router.post("/{mentorship_id}/sessions/{session_id}/dispute")
async def dispute(mentorship_id: UUID, session_id: UUID, body: Dispute, principal: Pair, bus: Store) -> dict[str, Any]:
    """Say that a session did not take place so."""
    held = await sessions.dispute(bus, principal, mentorship_id, session_id, body.text, body.version)
    return shown_pairs.session(held)


@router.post("/{mentorship_id}/sessions/{session_id}/withdraw")
async def withdraw(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: Store) -> dict[str, Any]:
    """Take an own session back that is not confirmed."""
    return shown_pairs.session(await sessions.withdraw(bus, principal, mentorship_id, session_id))
