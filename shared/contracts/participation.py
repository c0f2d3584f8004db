"""What people do about a match, from clearance to the end: the events on `exchange.participation`, owner the portal.

The key is the match throughout. They are requests and statements; matching and reporting draw the conclusions.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import Country, Day, Digest, Due, Event, Moment
from shared.contracts.calls import DatePeriod
from shared.contracts.codes import (
    ActingAs,
    Answer,
    IdentityField,
    LegalBasis,
    Party,
    PreparationItem,
    Reason,
    ReleasePurpose,
    Side,
)


class ParticipationEvent(Event):
    """An event on `exchange.participation`; each says whose application the match is about."""

    topic: ClassVar[str] = "exchange.participation"

    application_id: UUID


class VisitParticipation(ParticipationEvent):
    """What somebody does about a visit."""

    abstract: ClassVar[bool] = True

    visit_id: UUID


class MentorshipParticipation(ParticipationEvent):
    """What somebody does about a mentorship."""

    abstract: ClassVar[bool] = True

    mentorship_id: UUID


_OF_VISIT: Mapping[str, Any] = {"application_id": ex.APPLICATION, "visit_id": ex.VISIT}
_OF_MENTORSHIP: Mapping[str, Any] = {"application_id": ex.APPLICATION, "mentorship_id": ex.MENTORSHIP}


class ClearanceGiven(ParticipationEvent):
    """A national coordinator (or an EU agency's clearance officer) clears the match; home first, then host.

    `host_due` stands with the home side's: when the host country, `host_country`, is to clear.
    """

    side: Side
    country: Country
    acting_as: ActingAs = ActingAs.COORDINATOR
    host_due: Due | None = None
    host_country: Country | None = None

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "side": "home",
        "country": "MD",
        "acting_as": "coordinator",
        "host_due": "2026-02-27T23:00:00Z",
        "host_country": "FR",
    }


class ClearanceRefused(ParticipationEvent):
    """A national coordinator does not clear the match; matching cancels it."""

    side: Side
    country: Country
    reason: Reason
    acting_as: ActingAs = ActingAs.COORDINATOR

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "side": "host",
        "country": "FR",
        "reason": "personal",
        "acting_as": "coordinator",
    }


class IdentityReleased(ParticipationEvent):
    """The portal shows fields of somebody's identity to another: which, to whom, what for, on what legal basis.

    Never the values.
    """

    of: Party
    to: Party
    country: Country
    organisation_id: UUID | None = None
    fields: tuple[IdentityField, ...]
    purpose: ReleasePurpose
    basis: LegalBasis

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "of": "guest",
        "to": "host_coordinator",
        "country": "FR",
        "organisation_id": None,
        "fields": ["name", "national_rank", "unit"],
        "purpose": "vetting",
        "basis": "public_task",
    }


class AnswerGiven(ParticipationEvent):
    """Officer or mentee, host agency or mentor answers an offered match: a request until matching confirms it."""

    by: Party
    answer: Answer
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "by": "guest",
        "answer": "accept",
        "reason": None,
    }


class AgendaAgreed(VisitParticipation):
    """One side agrees to the agenda of a visit; `complete` when both have, two weeks before the start."""

    by: Party
    version: Annotated[int, Field(ge=1)] = 1
    complete: bool

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "by": "host", "version": 1, "complete": True}


class MoveAccepted(VisitParticipation):
    """Guest or host accepts new dates; with both, matching moves the visit. `move` is the proposal's number."""

    by: Party
    move: Annotated[int, Field(ge=1)]

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "by": "guest", "move": 1}


class MoveRefused(VisitParticipation):
    """Guest or host refuses new dates: the old ones stand."""

    by: Party
    move: Annotated[int, Field(ge=1)]
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "by": "host", "move": 1, "reason": "not_available"}


class AttendanceRecorded(VisitParticipation):
    """The host records whether the guest was there on one day of the visit; a later record of the day replaces it."""

    day: Day
    present: bool

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "day": "2026-03-16", "present": True}


class NoShowReported(VisitParticipation):
    """The host reports that the guest did not come at all."""

    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "reason": None}


class EarlyReturnReported(VisitParticipation):
    """The host reports that the guest left before the end; the actual days count."""

    last_day: Day
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "last_day": "2026-03-18", "reason": "operational_duty"}


class AgreementSigned(MentorshipParticipation):
    """Mentee or mentor signs a version of the agreement; `document` is the digest of the text that was signed.

    `until` is the end that this version agrees on: once both have signed it (`complete`), the mentorship is planned
    until then.
    """

    by: Party
    version: Annotated[int, Field(ge=1)]
    document: Digest
    until: Day | None = None
    complete: bool = False

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "by": "mentor",
        "version": 1,
        "document": ex.DIGEST,
        "until": None,
        "complete": False,
    }


class GoalSet(MentorshipParticipation):
    """Mentee or mentor sets a goal of the mentorship; its text stays in the portal."""

    goal_id: UUID
    by: Party
    number: Annotated[int, Field(ge=1)]
    target: Day | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "goal_id": ex.GOAL,
        "by": "mentee",
        "number": 1,
        "target": "2026-09-30",
    }


class GoalClosed(MentorshipParticipation):
    """A goal of the mentorship is closed: met, or given up."""

    goal_id: UUID
    by: Party
    number: Annotated[int, Field(ge=1)]
    met: bool

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "goal_id": ex.GOAL,
        "by": "mentee",
        "number": 1,
        "met": True,
    }


class SessionLogged(MentorshipParticipation):
    """Mentee or mentor logs a session; the other side confirms it. `next_on` is when the two agreed to meet again."""

    session_id: UUID
    by: Party
    held_on: Day
    minutes: Annotated[int, Field(ge=5, le=1440)]
    on_site: bool = False
    next_on: Day | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentor",
        "held_on": "2026-03-04",
        "minutes": 60,
        "on_site": False,
        "next_on": "2026-04-01",
    }


class SessionConfirmed(MentorshipParticipation):
    """The other side than the one who logged a session confirms it."""

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentee",
        "held_on": "2026-03-04",
    }


class SessionDisputed(MentorshipParticipation):
    """The other side than the one who logged a session says that it did not take place so; why stays in the portal."""

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentee",
        "held_on": "2026-03-04",
    }


class SessionWithdrawn(MentorshipParticipation):
    """Whoever logged a session takes it back before it was confirmed."""

    session_id: UUID
    by: Party
    held_on: Day

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "session_id": ex.SESSION,
        "by": "mentor",
        "held_on": "2026-03-04",
    }


class MeetingEvent(MentorshipParticipation):
    """What a pair says of a session that is still to come; `version` counts what was said of it, from 1.

    Each says the whole, so that a calendar can be written from any of them: when it begins, and for how long.
    """

    abstract: ClassVar[bool] = True

    meeting_id: UUID
    by: Party | None = None
    begins_at: Moment
    minutes: Annotated[int, Field(ge=5, le=1440)]
    on_site: bool = False
    version: Annotated[int, Field(ge=1)] = 1

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "meeting_id": ex.MEETING,
        "by": "mentee",
        "begins_at": "2026-04-01T08:00:00Z",
        "minutes": 60,
        "on_site": False,
        "version": 1,
    }


class SessionPlanned(MeetingEvent):
    """Mentee or mentor plans the next session; the one that is held is logged afterwards, as any other."""


class SessionMoved(MeetingEvent):
    """Mentee or mentor gives a planned session another time."""

    example: ClassVar[Mapping[str, Any]] = {
        **MeetingEvent.example,
        "by": "mentor",
        "begins_at": "2026-04-03T12:30:00Z",
        "version": 2,
    }


class SessionCancelled(MeetingEvent):
    """A planned session does not take place: by mentee or mentor, or by nobody as the mentorship rests or has ended."""

    example: ClassVar[Mapping[str, Any]] = {**MeetingEvent.example, "by": "mentor", "version": 3}


class VisitRequested(MentorshipParticipation):
    """A mentoring pair asks for an on-site visit under the same agreement and goals.

    First one side asks (`answer` is none), then the other answers, with the same periods and days: what is accepted is
    the pair's request, and matching gives the visit its dates. `guest` is the one of the two who travels.
    """

    by: Party
    periods: tuple[DatePeriod, ...]
    days: Annotated[int, Field(ge=1, le=5)]
    request_id: UUID | None = None
    guest: Party = Party.MENTEE
    answer: Answer | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_MENTORSHIP,
        "by": "mentee",
        "periods": [{"start": "2026-06-01", "end": "2026-06-26"}],
        "days": 3,
        "request_id": ex.REQUEST,
        "guest": "mentee",
        "answer": None,
    }


class MoveRequested(VisitParticipation):
    """Guest, host or the programme coordinator asks for other dates of a visit; they stand until both accept new ones.

    Asked of a visit that has found no dates yet, these are further periods in which matching looks for them.
    """

    by: Party
    periods: tuple[DatePeriod, ...]
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_VISIT,
        "by": "host",
        "periods": [{"start": "2026-04-20", "end": "2026-05-08"}],
        "reason": "timetable_conflict",
    }


class CancellationRequested(ParticipationEvent):
    """Somebody asks that a match, with its visit or mentorship where there is one, be cancelled."""

    by: Party
    reason: Reason
    visit_id: UUID | None = None
    mentorship_id: UUID | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **_OF_VISIT,
        "by": "guest",
        "reason": "visa_refused",
        "mentorship_id": None,
    }


class FundChangeRequested(ParticipationEvent):
    """The programme coordinator asks that another fund pays for a match and what came of it; matching moves it.

    Where a partner is suspended, what is in flight may go on under another fund (lifecycles.md, "Match").
    """

    fund_id: UUID
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "fund_id": ex.FUND,
        "reason": "partner_suspended",
    }


class PauseRequested(MentorshipParticipation):
    """Mentee or mentor asks to pause the mentorship."""

    by: Party
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {**_OF_MENTORSHIP, "by": "mentor", "reason": "operational_duty"}


class ResumeRequested(MentorshipParticipation):
    """Mentee or mentor asks to go on with a paused mentorship."""

    by: Party

    example: ClassVar[Mapping[str, Any]] = {**_OF_MENTORSHIP, "by": "mentor"}


class EndRequested(MentorshipParticipation):
    """Mentee or mentor asks to end the mentorship; with a reason where it is early."""

    by: Party
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**_OF_MENTORSHIP, "by": "mentee", "reason": None}


class PartPrepared(VisitParticipation):
    """Who has all of the own part of what is asked before travel by now: guest, host, sender (the home coordinator).

    Told when a part becomes complete, and when a visit gets its dates or others, of the parts that are complete then.
    """

    parties: tuple[Party, ...]

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "parties": ["guest", "home_coordinator"]}


class PreparationCompleted(VisitParticipation):
    """All that a guest, sender and host need before travel is there; `items` says what was asked for."""

    items: tuple[PreparationItem, ...]

    example: ClassVar[Mapping[str, Any]] = {**_OF_VISIT, "items": ["authorisation", "visa", "insurance"]}
