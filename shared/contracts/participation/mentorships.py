"""Define the events about a mentorship: agreement, goals, sessions, a visit of the pair, pause and end."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import DatePeriod, Day, Digest, Moment
from shared.contracts.codes import N_, Answer, Party, Reason
from shared.contracts.participation.base import OF_MENTORSHIP, MentorshipParticipation


class AgreementSigned(MentorshipParticipation):
    """Mentee or mentor signs a version of the agreement; `document` is the digest of the text that was signed.

    `until` is the end that this version agrees on: once both have signed it (`complete`), the mentorship is planned
    until then.
    """

    label: ClassVar[str] = N_("Agreement signed")

    by: Party
    version: Annotated[int, Field(ge=1)]
    document: Digest
    until: Day | None = None
    complete: bool = False

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "by": "mentor",
        "version": 1,
        "document": ex.DIGEST,
        "until": None,
        "complete": False,
    }


class GoalSet(MentorshipParticipation):
    """Mentee or mentor sets a goal of the mentorship; its text stays in the portal."""

    label: ClassVar[str] = N_("Goal set")

    goal_id: UUID
    by: Party
    number: Annotated[int, Field(ge=1)]
    target: Day | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "goal_id": ex.GOAL,
        "by": "mentee",
        "number": 1,
        "target": "2026-09-30",
    }


class GoalClosed(MentorshipParticipation):
    """A goal of the mentorship is closed: met, or given up."""

    label: ClassVar[str] = N_("Goal closed")

    goal_id: UUID
    by: Party
    number: Annotated[int, Field(ge=1)]
    met: bool

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "goal_id": ex.GOAL,
        "by": "mentee",
        "number": 1,
        "met": True,
    }


class SessionLogged(MentorshipParticipation):
    """Mentee or mentor logs a session; the other side confirms it. `next_on` is the agreed next meeting."""

    label: ClassVar[str] = N_("Session logged")

    session_id: UUID
    by: Party
    held_on: Day
    minutes: Annotated[int, Field(ge=5, le=1440)]
    on_site: bool = False
    next_on: Day | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentor",
        "held_on": "2026-03-04",
        "minutes": 60,
        "on_site": False,
        "next_on": "2026-04-01",
    }


class SessionConfirmed(MentorshipParticipation):
    """The other side confirms a logged session."""

    label: ClassVar[str] = N_("Session confirmed")

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentee",
        "held_on": "2026-03-04",
    }


class SessionDisputed(MentorshipParticipation):
    """The other side says that a logged session did not take place so; the reason stays in the portal."""

    label: ClassVar[str] = N_("Session disputed")

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentee",
        "held_on": "2026-03-04",
    }


class SessionWithdrawn(MentorshipParticipation):
    """The side that logged a session withdraws it before it was confirmed."""

    label: ClassVar[str] = N_("Session withdrawn")

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentor",
        "held_on": "2026-03-04",
    }


class MeetingEvent(MentorshipParticipation):
    """An event about a session to come; `version` counts the events about it, from 1.

    Each has the whole session, so that a calendar can be written from any of them: when it begins, and for how long.
    """

    abstract: ClassVar[bool] = True

    meeting_id: UUID
    by: Party | None = None
    begins_at: Moment
    minutes: Annotated[int, Field(ge=5, le=1440)]
    on_site: bool = False
    version: Annotated[int, Field(ge=1)] = 1

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "meeting_id": ex.MEETING,
        "by": "mentee",
        "begins_at": "2026-04-01T08:00:00Z",
        "minutes": 60,
        "on_site": False,
        "version": 1,
    }


class SessionPlanned(MeetingEvent):
    """Mentee or mentor plans the next session; afterwards it is logged like any other."""

    label: ClassVar[str] = N_("Session planned")


class SessionMoved(MeetingEvent):
    """Mentee or mentor gives a planned session another time."""

    label: ClassVar[str] = N_("Session moved")

    example: ClassVar[Mapping[str, Any]] = {
        **MeetingEvent.example,
        "by": "mentor",
        "begins_at": "2026-04-03T12:30:00Z",
        "version": 2,
    }


class SessionCancelled(MeetingEvent):
    """A planned session does not take place: by mentee or mentor, or as the mentorship is paused or has ended."""

    label: ClassVar[str] = N_("Session cancelled")

    example: ClassVar[Mapping[str, Any]] = {**MeetingEvent.example, "by": "mentor", "version": 3}


class VisitRequested(MentorshipParticipation):
    """A mentoring pair asks for an on-site visit under the same agreement and goals.

    First one side asks (`answer` is none), then the other answers, with the same periods and days: what is accepted is
    the pair's request, and matching gives the visit its dates. `guest` is the one of the two who travels.
    """

    label: ClassVar[str] = N_("Visit within a mentorship requested or answered")

    by: Party
    periods: tuple[DatePeriod, ...]
    days: Annotated[int, Field(ge=1, le=5)]
    request_id: UUID | None = None
    guest: Party = Party.MENTEE
    answer: Answer | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **OF_MENTORSHIP,
        "by": "mentee",
        "periods": [{"start": "2026-06-01", "end": "2026-06-26"}],
        "days": 3,
        "request_id": ex.REQUEST,
        "guest": "mentee",
        "answer": None,
    }


class PauseRequested(MentorshipParticipation):
    """Mentee or mentor asks to pause the mentorship."""

    label: ClassVar[str] = N_("Pause requested")

    by: Party
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {**OF_MENTORSHIP, "by": "mentor", "reason": "operational_duty"}


class ResumeRequested(MentorshipParticipation):
    """Mentee or mentor asks to continue a paused mentorship."""

    label: ClassVar[str] = N_("Resumption requested")

    by: Party

    example: ClassVar[Mapping[str, Any]] = {**OF_MENTORSHIP, "by": "mentor"}


class EndRequested(MentorshipParticipation):
    """Mentee or mentor asks to end the mentorship; with a reason where it is early."""

    label: ClassVar[str] = N_("End requested")

    by: Party
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**OF_MENTORSHIP, "by": "mentee", "reason": None}
