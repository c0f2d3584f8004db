"""Plan, move and cancel the next session of a pair, and cancel it when the mentorship pauses or ends.

Either side may do each: the other gets a mail with an invitation, and can move it in turn.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.mentorships.actions.parties import pair_member
from services.applications.mentorships.model import meetings as model
from services.applications.mentorships.store import meetings as store
from services.applications.mentorships.store import mentorships
from services.applications.mentorships.views.agreement import agreement_of
from services.applications.mentorships.views.requests import planned_end
from services.applications.message_quota import MessageKind, count_message
from services.applications.refusals import may_proceed, not_found
from shared.contracts.codes import Party
from shared.contracts.mentorships import MentorshipCompleted, MentorshipEndedEarly, MentorshipEvent, MentorshipPaused
from shared.contracts.participation import MeetingEvent, SessionCancelled, SessionMoved, SessionPlanned
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.model.meetings import MeetingTime
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus, Envelope, Tx
    from shared.identity import Principal

_ENDS_MEETINGS = MentorshipPaused | MentorshipCompleted | MentorshipEndedEarly


async def plan(bus: Bus, principal: Principal, mentorship_id: UUID, meeting_time: MeetingTime) -> Meeting:
    """Plan the next session; the same time again is the same session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        meeting = (await store.to_come(tx.session, [mentorship_id], clock.now())).get(mentorship_id)
        begins_at = model.begins(meeting_time.day, meeting_time.clock, country_of(member.mentorship, member.party))
        if meeting is not None and _time_of(meeting) == (
            begins_at.astimezone(UTC),
            meeting_time.minutes,
            meeting_time.on_site,
        ):
            return meeting
        may_proceed(model.may_plan, member.mentorship.stands, None if meeting is None else _as_planned(meeting))
        await _check_time(member, begins_at, meeting_time.minutes)
        await count_message(tx, MessageKind.MEETING)
        meeting = store.Meeting(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=member.party,
            begins_at=begins_at,
            minutes=meeting_time.minutes,
            on_site=meeting_time.on_site,
            at=clock.now(),
        )
        tx.session.add(meeting)
        await member.record(_meeting_event(SessionPlanned, member.mentorship, meeting, member.party))
        return meeting


async def move(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    meeting_id: UUID,
    meeting_time: MeetingTime,
) -> Meeting:
    """Move a planned session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        meeting = await _meeting(member, meeting_id)
        begins_at = model.begins(meeting_time.day, meeting_time.clock, country_of(member.mentorship, member.party))
        if meeting.cancelled_at is None and _time_of(meeting) == (
            begins_at.astimezone(UTC),
            meeting_time.minutes,
            meeting_time.on_site,
        ):
            return meeting
        may_proceed(model.may_move, member.mentorship.stands, _as_planned(meeting), clock.now())
        await _check_time(member, begins_at, meeting_time.minutes)
        await count_message(tx, MessageKind.MEETING)
        meeting.begins_at, meeting.minutes, meeting.on_site = begins_at, meeting_time.minutes, meeting_time.on_site
        meeting.party, meeting.at = member.party, clock.now()
        meeting.version += 1
        tx.session.add(meeting)
        await member.record(_meeting_event(SessionMoved, member.mentorship, meeting, member.party))
        return meeting


async def cancel(bus: Bus, principal: Principal, mentorship_id: UUID, meeting_id: UUID) -> Meeting:
    """Cancel a planned session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        meeting = await _meeting(member, meeting_id)
        if not may_proceed(model.may_cancel, _as_planned(meeting), clock.now()):
            return meeting
        _cancel_now(meeting)
        tx.session.add(meeting)
        await member.record(_meeting_event(SessionCancelled, member.mentorship, meeting, member.party))
        return meeting


async def react_to_mentorships(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to `mentoring.mentorships`: cancel the planned session of a mentorship that pauses or has ended."""
    found = {event.subject: event for event in events if isinstance(event.data, _ENDS_MEETINGS)}
    for id_, event in sorted(found.items()):
        assert isinstance(event.data, MentorshipEvent)
        mentorship = await mentorships.mentorship(tx.session, UUID(id_))
        if mentorship is None:
            continue
        meeting = (await store.to_come(tx.session, [mentorship.id], clock.now())).get(mentorship.id)
        if meeting is None:
            continue
        _cancel_now(meeting)
        tx.session.add(meeting)
        await tx.react(event, _meeting_event(SessionCancelled, mentorship, meeting, None), mentorship.match_id)
        await tx.changed("matches")


def country_of(mentorship: Mentorship, party: Party) -> str:
    """Return the home country of one of the two; the times that this person enters are on its clocks."""
    return mentorship.mentor_country if party is Party.MENTOR else mentorship.country


def _cancel_now(meeting: Meeting) -> None:
    meeting.cancelled_at = clock.now()
    meeting.version += 1


def _time_of(meeting: Meeting) -> tuple[object, ...]:
    return meeting.begins_at, meeting.minutes, meeting.on_site


def _as_planned(meeting: Meeting) -> model.PlannedMeeting:
    return model.PlannedMeeting(
        meeting.begins_at, meeting.minutes, meeting.on_site, cancelled=meeting.cancelled_at is not None
    )


async def _check_time(member: PairMember, begins_at: datetime, minutes: int) -> None:
    until = planned_end(member.mentorship, (await agreement_of(member.tx.session, member.mentorship)).until)
    may_proceed(model.check_time, begins_at, minutes, until=until, now=clock.now())


def _meeting_event(
    kind: type[MeetingEvent], mentorship: Mentorship, meeting: Meeting, by: Party | None
) -> MeetingEvent:
    return kind(
        application_id=mentorship.application_id,
        mentorship_id=mentorship.id,
        meeting_id=meeting.id,
        by=by,
        begins_at=meeting.begins_at,
        minutes=meeting.minutes,
        on_site=meeting.on_site,
        version=meeting.version,
    )


async def _meeting(member: PairMember, meeting_id: UUID) -> Meeting:
    meeting = await store.meeting(member.tx.session, meeting_id)
    if meeting is None or meeting.mentorship_id != member.mentorship.id:
        raise not_found()
    return meeting
