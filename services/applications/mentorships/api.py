"""The JSON API of mentorships: agreement, course, goals, sessions, meetings and visits."""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.display import page_rows
from services.applications.guards import Pair, PairOrDecider
from services.applications.mentorships.actions import agreement, course, goals, meetings, sessions, visit
from services.applications.mentorships.model.agreement import Terms
from services.applications.mentorships.model.goals import LONGEST_GOAL
from services.applications.mentorships.model.meetings import MeetingTime
from services.applications.mentorships.model.sessions import SessionReport
from services.applications.mentorships.model.visit import MOST_PERIODS
from services.applications.mentorships.views import resources
from services.applications.mentorships.views.mentorship import mentorship_rows, mentorship_view
from services.applications.outcomes.actions import tickets
from services.applications.parameters import Body, BusDep, MaybeReason, Portal, Reason, Text, TicketFor
from services.applications.tables import PAGE
from shared.bus import Bus
from shared.contracts.calls import DatePeriod
from shared.contracts.codes import Answer, MentorshipState, Party
from shared.identity import Principal

router = APIRouter(prefix="/applications/api/v1/mentorships", tags=["mentorships"])


async def _mentorship_answer(bus: Bus, principal: Principal, mentorship_id: UUID) -> dict[str, Any]:
    """Return the mentorship as the caller sees it."""
    async with bus.read() as session:
        return resources.mentorship(await mentorship_view(session, principal, mentorship_id))


class Signing(Body):
    """The version that was read."""

    version: int | None = None


class Proposal(Body):
    """The terms that the pair agrees on; `based_on` is the newest version that was read."""

    terms: Terms
    based_on: int


class NewVisit(Body):
    """A visit: who travels (`mentee` or `mentor`), for how many working days, and when; the note is for the two."""

    guest: Party
    days: int
    periods: Annotated[tuple[DatePeriod, ...], Field(max_length=MOST_PERIODS)]
    note: Text = ""


class VisitAnswer(Body):
    """Yes or no to a visit; a no needs a reason, for the two of them."""

    answer: Answer
    text: Text = ""


@router.get("")
async def read_all(
    principal: PairOrDecider,
    bus: BusDep,
    state: MentorshipState | None = None,
    page: Annotated[int, Query(ge=1, le=100)] = 1,
    *,
    waits: bool = False,
) -> dict[str, Any]:
    """Return the mentorships that concern the caller, those that wait for the caller first; 50 a page."""
    async with bus.read() as session:
        rows = await mentorship_rows(session, principal)
    found = [row for row in rows if (state is None or row.mentorship.stands is state) and (row.waits or not waits)]
    return {
        "total": len(found),
        "page": page,
        "size": PAGE,
        "mentorships": [resources.row(row) for row in page_rows(found, page)],
    }


@router.get("/{mentorship_id}")
async def read_one(mentorship_id: UUID, principal: PairOrDecider, bus: BusDep) -> dict[str, Any]:
    """Return one mentorship."""
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/sign")
async def sign(mentorship_id: UUID, principal: Pair, bus: BusDep, body: Signing | None = None) -> dict[str, Any]:
    """Sign the agreement: the version that was read, or the one that waits."""
    await agreement.sign(bus, principal, mentorship_id, body.version if body is not None else None)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement", status_code=201)
async def propose(mentorship_id: UUID, body: Proposal, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Propose the next version of the agreement, and sign it."""
    await agreement.propose(bus, principal, mentorship_id, body.terms, based_on=body.based_on)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement/versions/{version}/take-back")
async def take_back(mentorship_id: UUID, version: int, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Take back your own proposal before the other signs it."""
    await agreement.take_back(bus, principal, mentorship_id, version)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/pause", status_code=202)
async def pause(mentorship_id: UUID, body: Reason, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Ask for a pause."""
    await course.pause(bus, principal, mentorship_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/resume", status_code=202)
async def resume(mentorship_id: UUID, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Ask to resume after a pause."""
    await course.resume(bus, principal, mentorship_id)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/end", status_code=202)
async def end(mentorship_id: UUID, principal: Pair, bus: BusDep, body: MaybeReason | None = None) -> dict[str, Any]:
    """Ask to complete the mentorship or, with a reason, to end it early."""
    body = body or MaybeReason()
    await course.end(bus, principal, mentorship_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/visit", status_code=201)
async def ask_visit(mentorship_id: UUID, body: NewVisit, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Propose a visit under the same agreement."""
    request = await visit.ask(bus, principal, mentorship_id, body.periods, body.days, body.guest, body.note)
    return resources.pair_visit(request)


@router.post("/{mentorship_id}/visit/{request_id}/answer", status_code=202)
async def answer_visit(
    mentorship_id: UUID, request_id: UUID, body: VisitAnswer, principal: Pair, bus: BusDep
) -> dict[str, Any]:
    """Agree to a visit that the other side proposed, or refuse it with a reason."""
    request = await visit.answer(bus, principal, mentorship_id, request_id, body.answer, body.text)
    return resources.pair_visit(request)


@router.post("/{mentorship_id}/visit/{request_id}/withdraw")
async def withdraw_visit(mentorship_id: UUID, request_id: UUID, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Withdraw a visit that you proposed, before it is answered."""
    return resources.pair_visit(await visit.withdraw(bus, principal, mentorship_id, request_id))


@router.post("/{mentorship_id}/visits/{pair_visit_id}/cancel", status_code=202)
async def cancel_visit(
    mentorship_id: UUID, pair_visit_id: UUID, body: Reason, principal: Pair, bus: BusDep
) -> dict[str, Any]:
    """Ask to cancel the pair's visit; the mentorship goes on."""
    await visit.cancel(bus, principal, mentorship_id, pair_visit_id, body.reason, body.text)
    return await _mentorship_answer(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/tickets", status_code=201)
async def ticket(
    mentorship_id: UUID, body: TicketFor, principal: PairOrDecider, bus: BusDep, settings: Portal
) -> dict[str, str]:
    """Issue a ticket to reporting's form about the mentorship; valid for two minutes."""
    issued = await tickets.for_mentorship(bus, settings, principal, mentorship_id, body.purpose)
    return {"ticket": issued.ticket, "address": issued.address, "link": issued.link}


class NewGoal(Body):
    """A goal, and by when."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_GOAL)]
    target: date | None = None


class Closing(Body):
    """Whether the goal was reached; if not, why it is given up."""

    met: bool
    reason: Text = ""


class NewNote(Body):
    """Progress towards a goal, for the two of them."""

    text: Text
    percent: int | None = None


class TakingUp(Body):
    """The day by which a resumed goal is to be reached."""

    target: date | None = None


class SessionBody(Body):
    """A session that was held; the note is for the two of them."""

    held_on: date
    minutes: int
    on_site: bool = False
    note: Text = ""
    next_on: date | None = None

    def report(self) -> SessionReport:
        """Return the session as the actions take it."""
        return SessionReport(self.held_on, self.minutes, self.on_site, self.note, self.next_on)


class NewSession(SessionBody):
    """A session that was held; `another` where one of that day is logged already and this is a different one."""

    another: bool = False


class Correction(SessionBody):
    """A corrected session; `version` is the one that was read."""

    version: int | None = None


class NewMeeting(Body):
    """The time of the next session, on the clocks of your country."""

    day: date
    time: time
    minutes: int
    on_site: bool = False

    def meeting_time(self) -> MeetingTime:
        """Return the time as the actions take it."""
        return MeetingTime(self.day, self.time.replace(tzinfo=None), self.minutes, self.on_site)


class NewTime(NewMeeting):
    """Another time for a planned session; `version` is the one that was read."""

    version: int | None = None


class Reading(Body):
    """The version of a session that was read."""

    version: int | None = None


class Dispute(Reading):
    """Why a session is disputed, for the two of them."""

    text: Text


@router.post("/{mentorship_id}/goals", status_code=201)
async def set_goal(mentorship_id: UUID, body: NewGoal, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Set a goal."""
    return resources.goal(await goals.set_goal(bus, principal, mentorship_id, body.text, body.target))


@router.post("/{mentorship_id}/goals/{goal_id}/notes", status_code=201)
async def note(mentorship_id: UUID, goal_id: UUID, body: NewNote, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Note progress towards a goal."""
    return resources.note(await goals.note(bus, principal, mentorship_id, goal_id, body.text, body.percent))


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(mentorship_id: UUID, goal_id: UUID, body: Closing, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Close a goal: reached, or given up with a reason."""
    closed = await goals.close(bus, principal, mentorship_id, goal_id, met=body.met, reason=body.reason)
    return resources.goal(closed)


@router.post("/{mentorship_id}/goals/{goal_id}/take-up", status_code=201)
async def take_up(
    mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep, body: TakingUp | None = None
) -> dict[str, Any]:
    """Resume a closed goal as a new one that follows it."""
    target = body.target if body is not None else None
    return resources.goal(await goals.take_up(bus, principal, mentorship_id, goal_id, target))


@router.post("/{mentorship_id}/meetings", status_code=201)
async def plan(mentorship_id: UUID, body: NewMeeting, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Plan the next session: day and time are those of the clocks in your country."""
    return resources.meeting(await meetings.plan(bus, principal, mentorship_id, body.meeting_time()))


@router.put("/{mentorship_id}/meetings/{meeting_id}")
async def move(mentorship_id: UUID, meeting_id: UUID, body: NewTime, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Move a planned session."""
    stored = await meetings.move(bus, principal, mentorship_id, meeting_id, body.meeting_time(), version=body.version)
    return resources.meeting(stored)


@router.post("/{mentorship_id}/meetings/{meeting_id}/cancel")
async def cancel(
    mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: BusDep, body: Reading | None = None
) -> dict[str, Any]:
    """Cancel a planned session."""
    version = body.version if body is not None else None
    return resources.meeting(await meetings.cancel(bus, principal, mentorship_id, meeting_id, version=version))


@router.post("/{mentorship_id}/sessions", status_code=201)
async def log_session(mentorship_id: UUID, body: NewSession, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Log a session."""
    stored = await sessions.log(bus, principal, mentorship_id, body.report(), another=body.another)
    return resources.session(stored)


@router.put("/{mentorship_id}/sessions/{session_id}")
async def correct(
    mentorship_id: UUID, session_id: UUID, body: Correction, principal: Pair, bus: BusDep
) -> dict[str, Any]:
    """Correct your own session before it is confirmed."""
    stored = await sessions.correct(bus, principal, mentorship_id, session_id, body.report(), version=body.version)
    return resources.session(stored)


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(
    mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep, body: Reading | None = None
) -> dict[str, Any]:
    """Confirm a session that the other side logged."""
    version = body.version if body is not None else None
    return resources.session(await sessions.confirm(bus, principal, mentorship_id, session_id, version))


@router.post("/{mentorship_id}/sessions/{session_id}/dispute")
async def dispute(mentorship_id: UUID, session_id: UUID, body: Dispute, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Dispute a session that the other side logged."""
    stored = await sessions.dispute(bus, principal, mentorship_id, session_id, body.text, body.version)
    return resources.session(stored)


@router.post("/{mentorship_id}/sessions/{session_id}/withdraw")
async def withdraw(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> dict[str, Any]:
    """Withdraw your own session that is not confirmed."""
    return resources.session(await sessions.withdraw(bus, principal, mentorship_id, session_id))
