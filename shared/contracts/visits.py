"""Define the events on `exchange.visits`: a visit from its dates to its end (key the visit)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, Day, Due, Event, Example, Part, TopicCode
from shared.contracts.codes import N_, MoveDropCause, Party, RankGroup, Reason, UnschedulableCause, VoidReason

RequiredDays = Annotated[int, Field(ge=1, le=5, description="Working days that a guest must attend")]


class VisitOf(Part):
    """The people of a visit, and the dimensions for counting.

    Guest, host and the owner of the dates never change on a visit: another person is another visit, which says what
    it `replaces`. A visit under a mentorship names it and the mentor; `offer_id` is none then, and `guest` is the
    person of the pair who travels: the other is the host side, keeps attendance and evaluates as host.
    """

    match_id: UUID
    application_id: UUID
    call_id: UUID
    offer_id: UUID | None = None
    mentorship_id: UUID | None = None
    mentor_id: UUID | None = None
    guest: Party = Party.GUEST
    country: Country
    host_country: Country
    host_organisation_id: UUID
    rank_group: RankGroup
    topic: TopicCode
    fund_id: UUID
    group_id: UUID | None = None
    replaces: UUID | None = None


class VisitPlan(VisitOf):
    """A visit with its planned dates; `days` are its working days, as many as required."""

    start: Day
    end: Day
    required_days: RequiredDays
    days: tuple[Day, ...]


class VisitEvent(Event):
    """An event on `exchange.visits`."""

    topic: ClassVar[str] = "exchange.visits"


class PlannedVisitEvent(VisitEvent):
    """Each has the whole plan, so that a reader needs no other event to know whose visit it is."""

    abstract: ClassVar[bool] = True

    plan: VisitPlan

    example: ClassVar[Example] = {"plan": ex.VISIT_PLAN}


class VisitScheduled(PlannedVisitEvent):
    """Matching gives a confirmed match its dates, at least six weeks ahead; both sides agree by `agenda_due`."""

    label: ClassVar[str] = N_("Visit dates set")

    agenda_due: Due

    example: ClassVar[Example] = {"plan": ex.VISIT_PLAN, "agenda_due": "2026-03-02T23:00:00Z"}


class VisitUnschedulable(VisitEvent):
    """Matching finds no possible week for a confirmed match; it goes to the board."""

    label: ClassVar[str] = N_("No dates found for the visit")

    visit: VisitOf
    required_days: RequiredDays
    cause: UnschedulableCause

    example: ClassVar[Example] = {
        "visit": {k: v for k, v in ex.VISIT_PLAN.items() if k not in {"start", "end", "required_days", "days"}},
        "required_days": 5,
        "cause": "no_common_week",
    }


class VisitMoveProposed(PlannedVisitEvent):
    """New dates are proposed (on request or from the board); until guest and host accept, the plan remains.

    `move` counts the proposals for this visit; `cost` is what the move costs the schedule, in points.
    """

    label: ClassVar[str] = N_("Other visit dates proposed")

    move: Annotated[int, Field(ge=1)]
    start: Day
    end: Day
    days: tuple[Day, ...]
    by: Party
    reason: Reason
    cost: Count = 0
    due: Due

    example: ClassVar[Example] = {
        "plan": ex.VISIT_PLAN,
        "move": 1,
        "start": "2026-04-20",
        "end": "2026-04-24",
        "days": ["2026-04-20", "2026-04-21", "2026-04-22", "2026-04-23", "2026-04-24"],
        "by": "host",
        "reason": "timetable_conflict",
        "cost": 0,
        "due": "2026-03-06T23:00:00Z",
    }


class VisitMoved(PlannedVisitEvent):
    """Guest and host accepted: the plan has the new dates, `previous_*` the old ones."""

    label: ClassVar[str] = N_("Visit dates changed")

    move: Annotated[int, Field(ge=1)]
    previous_start: Day
    previous_end: Day
    agenda_due: Due

    example: ClassVar[Example] = {
        "plan": ex.VISIT_PLAN,
        "move": 1,
        "previous_start": "2026-03-09",
        "previous_end": "2026-03-13",
        "agenda_due": "2026-03-02T23:00:00Z",
    }


class VisitMoveDropped(PlannedVisitEvent):
    """The visit keeps its dates: a side refused the new ones or did not answer in time, or no week was possible.

    `move` is the number of the proposal, or the one that it would have had; `by` who refused or whose request failed.
    """

    label: ClassVar[str] = N_("Change of visit dates dropped")

    move: Annotated[int, Field(ge=1)]
    cause: MoveDropCause
    by: Party
    reason: Reason | None = None

    example: ClassVar[Example] = {
        "plan": ex.VISIT_PLAN,
        "move": 1,
        "cause": "refused",
        "by": "host",
        "reason": "not_available",
    }


class VisitStarted(PlannedVisitEvent):
    """The first day on which the host recorded the guest's attendance."""

    label: ClassVar[str] = N_("Visit began")


class VisitEnded(PlannedVisitEvent):
    """The visit is over: which days were attended, of how many required. The business date is the last day attended."""

    label: ClassVar[str] = N_("Visit ended")

    attended: tuple[Day, ...]
    attended_days: Count
    required_days: RequiredDays
    ended_on: Day
    early: bool = False
    reason: Reason | None = None

    example: ClassVar[Example] = {
        "plan": ex.VISIT_PLAN,
        "attended": ex.VISIT_PLAN["days"],
        "attended_days": 5,
        "required_days": 5,
        "ended_on": "2026-03-20",
        "early": False,
        "reason": None,
    }


class VisitCompleted(PlannedVisitEvent):
    """All required days were attended: the visit counts as completed on `ended_on`."""

    label: ClassVar[str] = N_("Visit completed")

    attended_days: Count
    required_days: RequiredDays
    ended_on: Day

    example: ClassVar[Example] = {
        "plan": ex.VISIT_PLAN,
        "attended_days": 5,
        "required_days": 5,
        "ended_on": "2026-03-20",
    }


class VisitCancelled(PlannedVisitEvent):
    """A scheduled visit does not take place: on request, or because match, partner, host or call ended."""

    label: ClassVar[str] = N_("Visit cancelled")

    by: Party
    reason: Reason

    example: ClassVar[Example] = {"plan": ex.VISIT_PLAN, "by": "guest", "reason": "visa_refused"}


class VisitNoShow(PlannedVisitEvent):
    """The host reported that the guest did not come; the sender is informed."""

    label: ClassVar[str] = N_("Guest reported as absent")

    reason: Reason | None = None

    example: ClassVar[Example] = {"plan": ex.VISIT_PLAN, "reason": None}


class VisitVoided(PlannedVisitEvent):
    """The programme coordinator removes a visit that was entered in error: it leaves the counts."""

    label: ClassVar[str] = N_("Visit removed as entered in error")

    reason: VoidReason

    example: ClassVar[Example] = {"plan": ex.VISIT_PLAN, "reason": "entered_in_error"}
