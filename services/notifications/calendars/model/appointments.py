"""What has a day in somebody's calendar? Visits, mentoring sessions, and when a pair meets next; pure."""

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

_SEES = (A.APPLICANT, A.HOST_CONTACT, A.MENTOR, A.HOME_COORDINATOR, A.HOST_COORDINATOR, A.PROGRAMME_COORDINATOR)


class Kind(StrEnum):
    """What it is; `meeting` is the next session that a pair has agreed on."""

    VISIT = "visit"
    SESSION = "session"
    MEETING = "meeting"


@dataclass(frozen=True, slots=True)
class Appointment:
    """One thing with its days, in order; `over` where it does not take place. `at` is when that was said."""

    id: UUID
    kind: Kind
    case_id: UUID
    days: tuple[date, ...]
    at: datetime
    over: bool = False


def appointments_of(event: PublishedEvent) -> list[Appointment]:
    """What an event says of days: each thing whole, as it now stands."""
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
            held = (data.held_on,)
            return [
                Appointment(data.session_id, Kind.SESSION, subject, held, event.time, over=True),
                Appointment(_meeting(data.session_id), Kind.MEETING, subject, (), event.time, over=True),
            ]
    return []


def planned(event: PublishedEvent) -> UUID | None:
    """The match of a pair that plans its next session: it takes the place of a day that the two had agreed on."""
    return id_of(event.subject) if isinstance(event.data, SessionPlanned) else None


def ended(event: PublishedEvent) -> UUID | None:
    """The match of a mentorship that an event ends: the pair does not meet again."""
    data = event.data
    return data.plan.match_id if isinstance(data, MentorshipCompleted | MentorshipEndedEarly) else None


def _meeting(session_id: UUID) -> UUID:
    """The id of what was agreed on in a session."""
    return reaction_id(session_id, Kind.MEETING, "")


def sees(case: Case) -> list[str]:
    """Who has a case's days in the calendar, as keys of `due.Holder`: both sides, their offices, the programme."""
    keys = {holder(kind, case).key for kind in _SEES}
    return sorted(key for key in keys if key != NOBODY and not key.endswith(":None"))
