"""What is done about a visit: agenda, other dates, attendance, and what is prepared before travel."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from shared.contracts.base import Day
from shared.contracts.calls import DatePeriod
from shared.contracts.codes import Party, PreparationItem, Reason
from shared.contracts.participation.base import OF_VISIT, VisitParticipation


class AgendaAgreed(VisitParticipation):
    """One side agrees to the agenda of a visit; `complete` when both have, two weeks before the start."""

    by: Party
    version: Annotated[int, Field(ge=1)] = 1
    complete: bool

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "host", "version": 1, "complete": True}


class MoveAccepted(VisitParticipation):
    """Guest or host accepts new dates; with both, matching moves the visit. `move` is the proposal's number."""

    by: Party
    move: Annotated[int, Field(ge=1)]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "guest", "move": 1}


class MoveRefused(VisitParticipation):
    """Guest or host refuses new dates: the old ones stand."""

    by: Party
    move: Annotated[int, Field(ge=1)]
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "host", "move": 1, "reason": "not_available"}


class AttendanceRecorded(VisitParticipation):
    """The host records whether the guest was there on one day of the visit; a later record of the day replaces it."""

    day: Day
    present: bool

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "day": "2026-03-16", "present": True}


class NoShowReported(VisitParticipation):
    """The host reports that the guest did not come at all."""

    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "reason": None}


class EarlyReturnReported(VisitParticipation):
    """The host reports that the guest left before the end; the actual days count."""

    last_day: Day
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "last_day": "2026-03-18", "reason": "operational_duty"}


class MoveRequested(VisitParticipation):
    """Guest, host or the programme coordinator asks for other dates of a visit; they stand until both accept new ones.

    Asked of a visit that has found no dates yet, these are further periods in which matching looks for them.
    """

    by: Party
    periods: tuple[DatePeriod, ...]
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {
        **OF_VISIT,
        "by": "host",
        "periods": [{"start": "2026-04-20", "end": "2026-05-08"}],
        "reason": "timetable_conflict",
    }


class PartPrepared(VisitParticipation):
    """Who has all of the own part of what is asked before travel by now: guest, host, sender (the home coordinator).

    Told when a part becomes complete, and when a visit gets its dates or others, of the parts that are complete then.
    """

    parties: tuple[Party, ...]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "parties": ["guest", "home_coordinator"]}


class PreparationCompleted(VisitParticipation):
    """All that a guest, sender and host need before travel is there; `items` says what was asked for."""

    items: tuple[PreparationItem, ...]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "items": ["authorisation", "visa", "insurance"]}
