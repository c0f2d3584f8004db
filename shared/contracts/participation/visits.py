"""Define the events about a visit: agenda, other dates, attendance, and preparation before travel."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from shared.contracts.base import DatePeriod, Day
from shared.contracts.codes import N_, Party, PreparationItem, Reason
from shared.contracts.participation.base import OF_VISIT, VisitParticipation


class AgendaAgreed(VisitParticipation):
    """One side agrees to the agenda of a visit; `complete` when both have, two weeks before the start."""

    label: ClassVar[str] = N_("Agenda agreed")

    by: Party
    version: Annotated[int, Field(ge=1)] = 1
    complete: bool

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "host", "version": 1, "complete": True}


class MoveAccepted(VisitParticipation):
    """Guest or host accepts new dates; with both, matching moves the visit. `move` is the proposal's number."""

    label: ClassVar[str] = N_("New dates accepted")

    by: Party
    move: Annotated[int, Field(ge=1)]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "guest", "move": 1}


class MoveRefused(VisitParticipation):
    """Guest or host refuses new dates: the old ones remain."""

    label: ClassVar[str] = N_("New dates refused")

    by: Party
    move: Annotated[int, Field(ge=1)]
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "by": "host", "move": 1, "reason": "not_available"}


class AttendanceRecorded(VisitParticipation):
    """The host records whether the guest was there on one day of the visit; a later record of the day replaces it."""

    label: ClassVar[str] = N_("Attendance recorded")

    day: Day
    present: bool

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "day": "2026-03-16", "present": True}


class NoShowReported(VisitParticipation):
    """The host reports that the guest did not come at all."""

    label: ClassVar[str] = N_("No-show reported")

    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "reason": None}


class EarlyReturnReported(VisitParticipation):
    """The host reports that the guest left before the end; the actual days count."""

    label: ClassVar[str] = N_("Early return reported")

    last_day: Day
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "last_day": "2026-03-18", "reason": "operational_duty"}


class MoveRequested(VisitParticipation):
    """Guest, host or the programme coordinator asks for other dates of a visit; the old ones remain until both accept.

    For a visit that has no dates yet, these are further periods in which matching looks for them.
    """

    label: ClassVar[str] = N_("Other dates requested")

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
    """One side has completed its part of the preparation before travel: guest, host, sender (the home coordinator).

    Published when a part becomes complete, and when a visit gets dates or new ones, for the parts then complete.
    """

    label: ClassVar[str] = N_("One side is ready for travel")

    parties: tuple[Party, ...]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "parties": ["guest", "home_coordinator"]}


class PreparationCompleted(VisitParticipation):
    """All that guest, sender and host need before travel is ready; `items` are the required items."""

    label: ClassVar[str] = N_("Preparation complete")

    items: tuple[PreparationItem, ...]

    example: ClassVar[Mapping[str, Any]] = {**OF_VISIT, "items": ["authorisation", "visa", "insurance"]}
