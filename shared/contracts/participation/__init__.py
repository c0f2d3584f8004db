"""Gather the events on `exchange.participation`: what people do about a match, owner the portal.

The key is the match throughout. They are requests and statements; matching and reporting draw the conclusions.
"""

from shared.contracts.participation.base import MentorshipParticipation, ParticipationEvent, VisitParticipation
from shared.contracts.participation.matches import (
    AnswerGiven,
    CancellationRequested,
    ClearanceGiven,
    ClearanceRefused,
    FundChangeRequested,
    IdentityReleased,
)
from shared.contracts.participation.mentorships import (
    AgreementSigned,
    EndRequested,
    GoalClosed,
    GoalSet,
    MeetingEvent,
    PauseRequested,
    ResumeRequested,
    SessionCancelled,
    SessionConfirmed,
    SessionDisputed,
    SessionLogged,
    SessionMoved,
    SessionPlanned,
    SessionWithdrawn,
    VisitRequested,
)
from shared.contracts.participation.visits import (
    AgendaAgreed,
    AttendanceRecorded,
    EarlyReturnReported,
    MoveAccepted,
    MoveRefused,
    MoveRequested,
    NoShowReported,
    PartPrepared,
    PreparationCompleted,
)

__all__ = [
    "AgendaAgreed",
    "AgreementSigned",
    "AnswerGiven",
    "AttendanceRecorded",
    "CancellationRequested",
    "ClearanceGiven",
    "ClearanceRefused",
    "EarlyReturnReported",
    "EndRequested",
    "FundChangeRequested",
    "GoalClosed",
    "GoalSet",
    "IdentityReleased",
    "MeetingEvent",
    "MentorshipParticipation",
    "MoveAccepted",
    "MoveRefused",
    "MoveRequested",
    "NoShowReported",
    "PartPrepared",
    "ParticipationEvent",
    "PauseRequested",
    "PreparationCompleted",
    "ResumeRequested",
    "SessionCancelled",
    "SessionConfirmed",
    "SessionDisputed",
    "SessionLogged",
    "SessionMoved",
    "SessionPlanned",
    "SessionWithdrawn",
    "VisitParticipation",
    "VisitRequested",
]
