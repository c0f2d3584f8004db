"""Derive from events the days in people's calendars: visits, mentoring sessions and planned meetings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.notifications.cases.model import id_of
from services.notifications.deadlines.model.rules import NOBODY, holder
from shared.contracts.codes import AudienceKind as A
from shared.contracts.mentorships import MentorshipCompleted, MentorshipEndedEarly
from shared.contracts.participation import (
    MeetingEvent,
    SessionCancelled,
    SessionLogged,
    SessionPlanned,
    SessionWithdrawn,
)
from shared.contracts.visits import PlannedVisitEvent, VisitCancelled, VisitNoShow, VisitVoided
from shared.ids import reaction_id
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.notifications.cases.model import Case
    from services.notifications.events import PublishedEvent

_VIEWERS = (A.APPLICANT, A.HOST_CONTACT, A.MENTOR, A.HOME_COORDINATOR, A.HOST_COORDINATOR, A.PROGRAMME_COORDINATOR)


class Kind(StrEnum):
    """The kind of an appointment; `meeting` is the next session that mentor and mentee have agreed on."""

    VISIT = "visit"
    SESSION = "session"
    MEETING = "meeting"


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment with its days, in order; `over` where it does not take place. `at` is when that was known."""

    id: UUID
    kind: Kind
    case_id: UUID
    days: tuple[date, ...]
    at: datetime
    over: bool = False


def appointments_of(event: PublishedEvent) -> list[Appointment]:
    """Return the appointments of an event, each as a whole."""
    data, subject = event.data, id_of(event.subject)
    match data:
        case PlannedVisitEvent():
            over = isinstance(data, VisitCancelled | VisitNoShow | VisitVoided)
            return [Appointment(subject, Kind.VISIT, subject, data.plan.days, event.time, over)]
        case SessionLogged():
            next_on = () if data.next_on is None else (data.next_on,)
            return [
                Appointment(data.session_id, Kind.SESSION, subject, (data.held_on,), event.time),
                Appointment(_meeting(data.session_id), Kind.MEETING, subject, next_on, event.time, over=not next_on),
            ]
        case MeetingEvent():
            day = data.begins_at.astimezone(ZONE).date()
            over = isinstance(data, SessionCancelled)
            return [Appointment(data.meeting_id, Kind.MEETING, subject, (day,), event.time, over)]
        case SessionWithdrawn():
            days = (data.held_on,)
            return [
                Appointment(data.session_id, Kind.SESSION, subject, days, event.time, over=True),
                Appointment(_meeting(data.session_id), Kind.MEETING, subject, (), event.time, over=True),
            ]
    return []


def replanned_match(event: PublishedEvent) -> UUID | None:
    """Return the match whose mentor and mentee plan the next session; it replaces the day that they had agreed on."""
    return id_of(event.subject) if isinstance(event.data, SessionPlanned) else None


def ended_match(event: PublishedEvent) -> UUID | None:
    """Return the match of a mentorship that an event ends: its people do not meet again."""
    data = event.data
    return data.plan.match_id if isinstance(data, MentorshipCompleted | MentorshipEndedEarly) else None


def _meeting(session_id: UUID) -> UUID:
    """Return the id of the meeting that was agreed on in a session."""
    return reaction_id(session_id, Kind.MEETING, "")


def viewer_keys(case: Case) -> list[str]:
    """Return who has a case's days in the calendar, as keys of `Holder`: both sides, their offices, the programme."""
    keys = {holder(kind, case).key for kind in _VIEWERS}
    return sorted(key for key in keys if key != NOBODY and not key.endswith(":None"))
