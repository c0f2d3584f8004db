"""The JSON API of mentorships: agreement, course, goals, sessions, meetings and visits."""

from datetime import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Pair, PairOrDecider
from services.applications.mentorships.actions import agreement, course, goals, meetings, sessions, visit
from services.applications.mentorships.model.agreement import Terms
from services.applications.mentorships.model.goals import LONGEST_GOAL
from services.applications.mentorships.model.meetings import MeetingTime
from services.applications.mentorships.model.sessions import SessionReport
from services.applications.mentorships.model.visit import MOST_PERIODS
from services.applications.mentorships.views import read_models
from services.applications.mentorships.views.read_models import (
    Goal,
    GoalNote,
    MentoringSession,
    Mentorship,
    MentorshipEntry,
    PlannedSession,
    ProposedVisit,
)
from services.applications.outcomes.actions import tickets
from services.applications.outcomes.views import Ticket
from services.applications.parameters import Body, BusDep, MaybeReason, Portal, Reason, Text, TicketFor
from shared.bus import Bus
from shared.contracts.base import DatePeriod, Day
from shared.contracts.codes import Answer, MentorshipState, Party
from shared.identity import Principal
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/mentorships", tags=["mentorships"])


async def _mentorship_answer(bus: Bus, principal: Principal, mentorship_id: UUID) -> Mentorship:
    """Return the mentorship as the caller sees it."""
    async with bus.read() as session:
        return await read_models.mentorship(session, principal, mentorship_id)


class VersionToSign(Body):
    """The version that was read."""

    version: int | None = None


class ProposedTerms(Body):
    """The terms that the pair agrees on; `based_on` is the newest version that was read."""

    terms: Terms
    based_on: int


class NewPairVisit(Body):
    """A visit: who travels (`mentee` or `mentor`), for how many working days, and when; the note is for the two."""

    guest: Party
    days: int
    periods: Annotated[tuple[DatePeriod, ...], Field(max_length=MOST_PERIODS)]
    note: Text = ""


class PairVisitAnswer(Body):
    """Yes or no to a visit; a no needs a reason, for the two of them."""

    answer: Answer
    text: Text = ""


@router.get("")
async def read_all(
    principal: PairOrDecider, bus: BusDep, page: PageDep, state: MentorshipState | None = None, *, waits: bool = False
) -> Page[MentorshipEntry]:
    """Return the mentorships that concern the caller, the newest first; `waits`: only those that wait for the caller.

    `since` is about their state.
    """
    read = read_models.waiting_page if waits else read_models.page
    async with bus.read() as session:
        return await read(session, principal, state, page)


@router.get("/{mentorship_id}")
async def read_one(mentorship_id: UUID, principal: PairOrDecider, bus: BusDep) -> Mentorship:
    """Return one mentorship."""
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/sign")
async def sign(mentorship_id: UUID, principal: Pair, bus: BusDep, body: VersionToSign | None = None) -> Mentorship:
    """Sign the agreement: the version that was read, or the one that waits."""
    await agreement.sign(bus, principal, mentorship_id, body.version if body is not None else None)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement", operation_id="propose_mentorship_agreement", status_code=201)
async def propose(mentorship_id: UUID, body: ProposedTerms, principal: Pair, bus: BusDep) -> Mentorship:
    """Propose the next version of the agreement, and sign it."""
    await agreement.propose(bus, principal, mentorship_id, body.terms, based_on=body.based_on)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement/versions/{version}/take-back")
async def take_back(mentorship_id: UUID, version: int, principal: Pair, bus: BusDep) -> Mentorship:
    """Withdraw your own proposal before the other signs it."""
    await agreement.take_back(bus, principal, mentorship_id, version)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/pause", status_code=202)
async def pause(mentorship_id: UUID, body: Reason, principal: Pair, bus: BusDep) -> Mentorship:
    """Ask for a pause."""
    await course.pause(bus, principal, mentorship_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/resume", status_code=202)
async def resume(mentorship_id: UUID, principal: Pair, bus: BusDep) -> Mentorship:
    """Ask to resume after a pause."""
    await course.resume(bus, principal, mentorship_id)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/end", status_code=202)
async def end(mentorship_id: UUID, principal: Pair, bus: BusDep, body: MaybeReason | None = None) -> Mentorship:
    """Ask to complete the mentorship or, with a reason, to end it early."""
    body = body or MaybeReason()
    await course.end(bus, principal, mentorship_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/visit", operation_id="propose_mentorship_visit", status_code=201)
async def ask_visit(mentorship_id: UUID, body: NewPairVisit, principal: Pair, bus: BusDep) -> ProposedVisit:
    """Propose a visit under the same agreement."""
    request = await visit.ask(bus, principal, mentorship_id, body.periods, body.days, body.guest, body.note)
    return read_models.proposed_visit_of(request)


@router.post("/{mentorship_id}/visit/{request_id}/answer", status_code=202)
async def answer_visit(
    mentorship_id: UUID, request_id: UUID, body: PairVisitAnswer, principal: Pair, bus: BusDep
) -> ProposedVisit:
    """Agree to a visit that the other side proposed, or refuse it with a reason."""
    request = await visit.answer(bus, principal, mentorship_id, request_id, body.answer, body.text)
    return read_models.proposed_visit_of(request)


@router.post("/{mentorship_id}/visit/{request_id}/withdraw")
async def withdraw_visit(mentorship_id: UUID, request_id: UUID, principal: Pair, bus: BusDep) -> ProposedVisit:
    """Withdraw a visit that you proposed, before it is answered."""
    return read_models.proposed_visit_of(await visit.withdraw(bus, principal, mentorship_id, request_id))


@router.post("/{mentorship_id}/visits/{pair_visit_id}/cancel", status_code=202)
async def cancel_visit(
    mentorship_id: UUID, pair_visit_id: UUID, body: Reason, principal: Pair, bus: BusDep
) -> Mentorship:
    """Ask to cancel the pair's visit; the mentorship continues."""
    await visit.cancel(bus, principal, mentorship_id, pair_visit_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/tickets", status_code=201)
async def ticket(
    mentorship_id: UUID, body: TicketFor, principal: PairOrDecider, bus: BusDep, settings: Portal
) -> Ticket:
    """Issue a ticket to reporting's form about the mentorship; valid for two minutes."""
    return await tickets.for_mentorship(bus, settings, principal, mentorship_id, body.purpose)


class NewGoal(Body):
    """A goal, and by when."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_GOAL)]
    target: Day | None = None


class GoalClosing(Body):
    """The close of a goal: reached, or given up for a reason."""

    met: bool
    reason: Text = ""


class NewGoalNote(Body):
    """Progress towards a goal, for the two of them."""

    text: Text
    percent: int | None = None


class GoalTarget(Body):
    """The day by which a resumed goal is to be reached."""

    target: Day | None = None


class SessionBody(Body):
    """A session that was held; the note is for the two of them."""

    held_on: Day
    minutes: int
    on_site: bool = False
    note: Text = ""
    next_on: Day | None = None

    def report(self) -> SessionReport:
        """Return the session as the actions take it."""
        return SessionReport(self.held_on, self.minutes, self.on_site, self.note, self.next_on)


class NewSession(SessionBody):
    """A session that was held; `another` where one of that day is logged already and this is a different one."""

    another: bool = False


class NewMeeting(Body):
    """The time of the next session, on the clocks of your country."""

    day: Day
    time: time
    minutes: int
    on_site: bool = False

    def meeting_time(self) -> MeetingTime:
        """Return the time as the actions take it."""
        return MeetingTime(self.day, self.time.replace(tzinfo=None), self.minutes, self.on_site)


class SessionDispute(Body):
    """A dispute of a session, with its reason, for the pair."""

    text: Text


@router.post("/{mentorship_id}/goals", status_code=201)
async def set_goal(mentorship_id: UUID, body: NewGoal, principal: Pair, bus: BusDep) -> Goal:
    """Set a goal."""
    return read_models.goal_of(await goals.set_goal(bus, principal, mentorship_id, body.text, body.target))


@router.post("/{mentorship_id}/goals/{goal_id}/notes", status_code=201)
async def note(mentorship_id: UUID, goal_id: UUID, body: NewGoalNote, principal: Pair, bus: BusDep) -> GoalNote:
    """Note progress towards a goal."""
    return read_models.note_of(await goals.note(bus, principal, mentorship_id, goal_id, body.text, body.percent))


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(mentorship_id: UUID, goal_id: UUID, body: GoalClosing, principal: Pair, bus: BusDep) -> Goal:
    """Close a goal: reached, or given up with a reason."""
    closed = await goals.close(bus, principal, mentorship_id, goal_id, met=body.met, reason=body.reason)
    return read_models.goal_of(closed)


@router.post("/{mentorship_id}/goals/{goal_id}/take-up", status_code=201)
async def take_up(
    mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep, body: GoalTarget | None = None
) -> Goal:
    """Resume a closed goal as a new one that follows it."""
    target = body.target if body is not None else None
    return read_models.goal_of(await goals.take_up(bus, principal, mentorship_id, goal_id, target))


@router.post("/{mentorship_id}/meetings", status_code=201)
async def plan(mentorship_id: UUID, body: NewMeeting, principal: Pair, bus: BusDep) -> PlannedSession:
    """Plan the next session: day and time are those of the clocks in your country."""
    return read_models.planned_session_of(await meetings.plan(bus, principal, mentorship_id, body.meeting_time()))


@router.put("/{mentorship_id}/meetings/{meeting_id}")
async def move(mentorship_id: UUID, meeting_id: UUID, body: NewMeeting, principal: Pair, bus: BusDep) -> PlannedSession:
    """Move a planned session."""
    stored = await meetings.move(bus, principal, mentorship_id, meeting_id, body.meeting_time())
    return read_models.planned_session_of(stored)


@router.post("/{mentorship_id}/meetings/{meeting_id}/cancel")
async def cancel(mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: BusDep) -> PlannedSession:
    """Cancel a planned session."""
    return read_models.planned_session_of(await meetings.cancel(bus, principal, mentorship_id, meeting_id))


@router.post("/{mentorship_id}/sessions", status_code=201)
async def log_session(mentorship_id: UUID, body: NewSession, principal: Pair, bus: BusDep) -> MentoringSession:
    """Log a session."""
    stored = await sessions.log(bus, principal, mentorship_id, body.report(), another=body.another)
    return read_models.session_of(stored)


@router.put("/{mentorship_id}/sessions/{session_id}")
async def correct(
    mentorship_id: UUID, session_id: UUID, body: SessionBody, principal: Pair, bus: BusDep
) -> MentoringSession:
    """Correct your own session before it is confirmed."""
    stored = await sessions.correct(bus, principal, mentorship_id, session_id, body.report())
    return read_models.session_of(stored)


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> MentoringSession:
    """Confirm a session that the other side logged."""
    return read_models.session_of(await sessions.confirm(bus, principal, mentorship_id, session_id))


@router.post("/{mentorship_id}/sessions/{session_id}/dispute")
async def dispute(
    mentorship_id: UUID, session_id: UUID, body: SessionDispute, principal: Pair, bus: BusDep
) -> MentoringSession:
    """Dispute a session that the other side logged."""
    stored = await sessions.dispute(bus, principal, mentorship_id, session_id, body.text)
    return read_models.session_of(stored)


@router.post("/{mentorship_id}/sessions/{session_id}/withdraw")
async def withdraw(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> MentoringSession:
    """Withdraw your own session that is not confirmed."""
    return read_models.session_of(await sessions.withdraw(bus, principal, mentorship_id, session_id))
