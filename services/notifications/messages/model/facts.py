"""Take from an event what the words of a message need: dates, numbers and labels of codes as JSON, never a person."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from services.notifications.deadlines.model.rules import due_times
from services.notifications.deadlines.model.tasks import TASKS
from services.notifications.messages.model.causes import actor
from shared.contracts.applications import ApplicationFoundIneligible
from shared.contracts.calls import Timers
from shared.contracts.codes import AnswerForm, Code, DeadlineKind, Respondent
from shared.contracts.codes.priorities import PRIORITIES
from shared.contracts.lifecycle import Unit
from shared.contracts.matches import MatchEvent
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.notifications import DeadlineEvent, WorkWaiting
from shared.contracts.outcomes import AnswerAsked
from shared.contracts.participation import MeetingEvent, MentorshipParticipation
from shared.contracts.visits import PlannedVisitEvent, VisitMoveProposed, VisitUnschedulable
from shared.i18n import N_
from shared.time import workdays

if TYPE_CHECKING:
    from pydantic import JsonValue

    from services.notifications.events import PublishedEvent
    from shared.contracts.base import Event

ON_SITE, REMOTE = N_("on site"), N_("remote")
"""The places of a mentorship's meetings."""

# Fields that are copied where an event has them.
_FIELDS = (
    "sections",
    "reason",
    "by",
    "silent",
    "outcome",
    "cause",
    "attended_days",
    "required_days",
    "held_on",
    "delivered_on",
    "attendees",
    "since",
    "minutes",
    "version",
    "days",
    "started_on",
    "until",
    "ended_on",
    "sessions",
    "number",
    "kind",
    "mode",
    "answer",
    "failing_since",
    "pauses_at",
)
# A repeated question has the words of its deadline.
_ASKED = {
    AnswerForm.EVALUATION: DeadlineKind.EVALUATION,
    AnswerForm.REPORT: DeadlineKind.REPORT,
    AnswerForm.FOLLOW_UP: DeadlineKind.FOLLOW_UP,
}
# The names under which events have the date of an answer.
_DUE = ("due", "appeal_until", "host_due", "agenda_due", "contact_check_until")


def facts(event: PublishedEvent, timers: Timers | None = None) -> dict[str, JsonValue]:
    """Return the facts of an event; `timers` are the call's, the defaults without.

    A field without a value is None: a paragraph that needs it is left out.
    """
    data = event.data
    found = {name: _plain(getattr(data, name)) for name in _of(type(data), _FIELDS)}
    found["actor"] = actor(data)
    found["due"] = next((_until(getattr(data, name)) for name in _of(type(data), _DUE)), None)
    found |= {f"{kind}_due": due.isoformat() for kind, due in due_times(event, timers or Timers()).items()}
    if isinstance(data, ApplicationFoundIneligible):
        found["failed"] = [check.rule.label for check in data.checks if not check.held]
    if (topic := _topic(data)) is not None:
        found["topic"] = topic
    if isinstance(data, PlannedVisitEvent):
        found |= {"start": data.plan.start.isoformat(), "end": data.plan.end.isoformat()}
        found["visit_days"] = [day.isoformat() for day in data.plan.days]
        found["sequence"] = event.sequence
    if isinstance(data, MeetingEvent):
        found |= {"begins_at": data.begins_at.isoformat(), "sequence": data.version, "meeting": str(data.meeting_id)}
        found["place"] = ON_SITE if data.on_site else REMOTE
    if isinstance(data, MentorshipParticipation):
        found["mentorship"] = str(data.mentorship_id)
    if isinstance(data, VisitMoveProposed):
        found |= {"new_start": data.start.isoformat(), "new_end": data.end.isoformat()}
    if isinstance(data, DeadlineEvent):
        found["next_due"] = _plain(getattr(data, "next_due", None))
        found |= {"task": TASKS[data.kind], "owner": data.owner.kind.label, "deadline": data.kind.value}
    if isinstance(data, AnswerAsked):
        kind = _deadline_of(data)
        found |= {"task": TASKS[kind], "question": kind.value} if kind else {"task": None}
    if isinstance(data, WorkWaiting):
        found["waiting"] = [entry.model_dump(mode="json") for entry in data.waiting]
    return found


def _deadline_of(data: AnswerAsked) -> DeadlineKind | None:
    """Return the deadline of which a repeated question has the words; None where the message says it itself."""
    if data.respondent is Respondent.NATIONAL_COORDINATOR:
        return DeadlineKind.RESULTS
    return _ASKED.get(data.form)


@cache
def _of(event: type[Event], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the names that such events have; cached, since asking the class is slow."""
    return tuple(name for name in names if name in event.model_fields or hasattr(event, name))


def _topic(data: Event) -> str | None:
    """Return the topic's label in plain English, from the scheme that has it."""
    match data:
        case MatchEvent():
            code = data.pairing.topic
        case PlannedVisitEvent() | MentorshipEvent():
            code = data.plan.topic
        case VisitUnschedulable():
            code = data.visit.topic
        case _:
            return None
    return next((topics[code].label for topics in PRIORITIES.values() if code in topics), code)


def _until(value: date | datetime | None) -> str | None:
    """Return when something is due: a day ends where the programme's office is, as all deadlines do."""
    if value is not None and not isinstance(value, datetime):
        value = workdays.due(value, 0, Unit.DAYS, "EU")
    return None if value is None else value.isoformat()


def _plain(value: Any) -> Any:
    """Return a value as JSON; a code becomes its label, which is translated when the message is written."""
    match value:
        case Code():
            return value.label
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
    return value
