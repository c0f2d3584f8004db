"""Reduce an event to a fact: its business date and the few values that indicators use.

Facts do not depend on each other: in whatever order their topics arrive, the same facts give the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from services.reporting.facts.model.flaws import JudgedValues, flaws
from shared.contracts import (
    applications,
    counting,
    matches,
    mentorships,
    offers,
    outcomes,
    participation,
    periods,
    receipts,
    visits,
)
from shared.contracts.codes import LanguageLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from services.reporting.facts.model.flaws import Flaw
    from shared.contracts import Event


class FactValues(JudgedValues, total=False):
    """The values of a fact, as JSON has them (ids, days and moments are text); the event's type says which it has.

    A dictionary and no object: millions are read from JSON, and most of their values are never looked at.
    """

    application: str
    applied: str
    attended: int
    attendees: int
    by: str
    call: str
    cascade: str
    failed: str | None
    frozen_at: str | None
    goals: int
    goals_met: int
    host: str
    in_window: bool
    key: str
    kind: str
    label: str
    language: str | None
    late: bool
    level: str | None
    match: str
    mentor: str
    mentorship: str
    met_by_goal: dict[str, bool]
    objectives: int
    offer: str | None
    outcome: str
    overall: int
    periods: list[tuple[str, str, int]]
    phase: str
    places: int
    present: bool
    rank_group: str | None
    reason: str | None
    reference: str
    required: int
    respondent: str
    session: str
    sex: str | None
    submitted_on: str
    visit: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One event as figures use it.

    `day` is its business date (the day on which it happened locally; else the UTC date of `occurred_at`), `values` hold
    what indicators use, as JSON, `story` is the application that it belongs to.
    """

    id: UUID
    type: str
    subject: str
    sequence: int
    occurred_at: datetime
    day: date
    topic: str = ""
    story: str = ""
    values: FactValues = field(default_factory=FactValues)


class FactContent(NamedTuple):
    """The content that a fact adds to the envelope of its event: business date, values as JSON, and its flaws."""

    day: date
    values: bytes
    flaws: tuple[Flaw, ...] = ()


def content_of(event: Event, occurred_at: datetime) -> FactContent:
    """Return what the fact of an event adds to its envelope; `occurred_at` is the envelope's time.

    Facts are written to the database from these alone, without making a `Fact` of each event.
    """
    reader = _READERS.get(event.type)
    if reader is None:
        return FactContent(occurred_at.astimezone(UTC).date(), b"{}")
    day, values = reader(event)
    return FactContent(day or occurred_at.astimezone(UTC).date(), orjson.dumps(values), flaws(event.type, values))


NO_OFFER = "no_offer"
"""The reason of a failed application that had no place at all to be considered for."""

Read = tuple["date | None", FactValues]


def _application(event: applications.ApplicationSubmitted) -> Read:
    profile = event.profile
    return None, {
        "reference": profile.reference,
        "kind": profile.kind,
        "call": str(profile.call_id),
        "country": profile.country,
        "rank_group": profile.rank_group,
        "topic": profile.topics[0] if profile.topics else None,
        "objectives": profile.objectives,
        "language": _spoken(profile),
        "level": str(max(each.level for each in profile.expertise)) if profile.expertise else None,
    }


def _spoken(profile: applications.ApplicationProfile) -> str | None:
    """Return the language that the officer has best besides a native one; the native one if there is no other."""
    learnt = [each for each in profile.languages if each.level != LanguageLevel.NS]
    if not learnt:
        return profile.languages[0].language if profile.languages else None
    best = max(each.level.order for each in learnt)
    return next(each.language for each in learnt if each.level.order == best)


def _no_match(event: receipts.NoMatchExplained) -> Read:
    if not event.considered:
        return None, {"failed": NO_OFFER}
    failed = next((step.rule for step in event.funnel if not step.remaining), None)
    return None, {"failed": None if event.feasible else failed}


def _decided(event: applications.ApplicationDecided) -> Read:
    return None, {
        "outcome": event.outcome,
        "submitted_on": event.submitted_at.astimezone(UTC).date().isoformat(),
        "country": event.country,
        "kind": event.kind,
    }


def _counting(event: counting.CountingKeyAssigned) -> Read:
    return None, {"key": event.counting_key, "sex": event.sex}


def _offer(event: offers.OfferPublished | offers.OfferRevised) -> Read:
    terms = event.terms
    return None, {
        "country": terms.country,
        "topic": terms.topics[0] if terms.topics else None,
        "places": terms.places,
        "periods": [(p.start.isoformat(), p.end.isoformat(), p.places_per_week) for p in terms.periods],
    }


def _match(event: matches.MatchEvent) -> Read:
    pairing = event.pairing
    return None, {
        "application": str(pairing.application_id),
        "offer": _id(pairing.offer_id),
        "host_country": pairing.host_country,
    }


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _plan(plan: visits.VisitPlan) -> FactValues:
    return {
        "application": str(plan.application_id),
        "match": str(plan.match_id),
        "offer": _id(plan.offer_id),
        "country": plan.country,
        "host_country": plan.host_country,
        "host": str(plan.host_organisation_id),
        "rank_group": plan.rank_group,
        "topic": plan.topic,
        "start": plan.start.isoformat(),
        "end": plan.end.isoformat(),
    }


def _planned(event: visits.VisitScheduled | visits.VisitMoved) -> Read:
    """Return a planned visit: its business date is the planned start."""
    values = _plan(event.plan)
    values["reason"] = None
    return event.plan.start, values


def _not_held(event: visits.VisitCancelled | visits.VisitNoShow | visits.VisitVoided) -> Read:
    """Return a visit that will not take place: its business date is the planned start."""
    values = _plan(event.plan)
    values["reason"] = event.reason
    return event.plan.start, values


def _ended(event: visits.VisitEnded | visits.VisitCompleted) -> Read:
    values = _plan(event.plan)
    values["attended"], values["required"] = event.attended_days, event.required_days
    values["ended"] = event.ended_on.isoformat()
    if type(event) is visits.VisitEnded and not set(event.attended) <= set(event.plan.days):
        values["outside"] = True
    return event.ended_on, values


def _attendance(event: participation.AttendanceRecorded) -> Read:
    return event.day, {"visit": str(event.visit_id), "present": event.present}


def _mentorship(event: mentorships.MentorshipEvent) -> Read:
    plan = event.plan
    values: FactValues = {
        "application": str(plan.application_id),
        "mentor": str(plan.mentor_id),
        "country": plan.country,
        "topic": plan.topic,
    }
    match event:
        case mentorships.MentorshipStarted():
            return event.started_on, values
        case mentorships.MentorshipCompleted():
            return event.ended_on, {**values, "goals": event.goals, "goals_met": event.goals_met}
        case mentorships.MentorshipEndedEarly():
            return event.ended_on, values
        case _:
            return None, values


def _session(event: participation.SessionConfirmed) -> Read:
    return event.held_on, {"mentorship": str(event.mentorship_id), "session": str(event.session_id)}


def _outcome(event: outcomes.OutcomeEvent) -> FactValues:
    return {"application": str(event.application_id), "country": event.country, "topic": event.topic_code}


def _evaluation(event: outcomes.EvaluationSubmitted) -> Read:
    goals = {str(goal.number): goal.met for goal in event.goals}
    return None, {
        **_outcome(event),
        "respondent": event.respondent,
        "overall": event.overall,
        "met_by_goal": goals,
        "late": event.late,
    }


def _test(event: outcomes.TestScored) -> Read:
    return None, {**_outcome(event), "phase": event.phase, "score": event.score, "maximum": event.maximum}


def _follow_up(event: outcomes.FollowUpSubmitted) -> Read:
    return None, {**_outcome(event), "by": event.by, "applied": event.applied, "in_window": event.in_window}


def _cascade(event: outcomes.CascadeDelivered | outcomes.CascadeConfirmed) -> Read:
    return event.delivered_on, {**_outcome(event), "cascade": str(event.cascade_id), "attendees": event.attendees}


def _period(event: periods.PeriodEvent) -> Read:
    period = event.period
    return None, {
        "label": period.label,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "frozen_at": None if period.frozen_at is None else period.frozen_at.isoformat(),
    }


def _dated(name: str) -> Callable[[Any], Read]:
    return lambda event: (getattr(event, name), {})


_READERS: dict[str, Callable[[Any], Read]] = {
    applications.ApplicationSubmitted.type: _application,
    applications.ApplicationDecided.type: _decided,
    receipts.NoMatchExplained.type: _no_match,
    counting.CountingKeyAssigned.type: _counting,
    offers.OfferPublished.type: _offer,
    offers.OfferRevised.type: _offer,
    matches.MatchConfirmed.type: _match,
    matches.MatchCancelled.type: _match,
    visits.VisitScheduled.type: _planned,
    visits.VisitMoved.type: _planned,
    visits.VisitCancelled.type: _not_held,
    visits.VisitNoShow.type: _not_held,
    visits.VisitVoided.type: _not_held,
    visits.VisitEnded.type: _ended,
    visits.VisitCompleted.type: _ended,
    mentorships.MentorshipOpened.type: _mentorship,
    mentorships.MentorshipStarted.type: _mentorship,
    mentorships.MentorshipCompleted.type: _mentorship,
    mentorships.MentorshipEndedEarly.type: _mentorship,
    participation.SessionConfirmed.type: _session,
    participation.SessionLogged.type: _dated("held_on"),
    participation.AttendanceRecorded.type: _attendance,
    outcomes.EvaluationSubmitted.type: _evaluation,
    outcomes.TestScored.type: _test,
    outcomes.FollowUpSubmitted.type: _follow_up,
    outcomes.CascadeDelivered.type: _cascade,
    outcomes.CascadeConfirmed.type: _cascade,
    periods.PeriodFrozen.type: _period,
    periods.PeriodPublished.type: _period,
    periods.PeriodRestated.type: _period,
}

COUNTED_ONLY = (
    applications.ApplicationVoided.type,
    offers.OfferWithdrawn.type,
    offers.OfferClosed.type,
    offers.OfferVoided.type,
)
"""Types that indicators use though nothing of their payload is needed."""

USED: tuple[str, ...] = tuple(sorted({*_READERS, *COUNTED_ONLY}))
"""The types from which figures are computed."""


def reads(event: type[Event]) -> bool:
    """Return whether figures use that type of event."""
    return event.type in USED


FREEZES = (periods.PeriodFrozen.type, periods.PeriodPublished.type, periods.PeriodRestated.type)
"""The events that say that a period is frozen."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A period whose figures no longer move, and since when."""

    start: date
    end: date
    at: datetime


def frozen_by(facts: Iterable[Fact]) -> list[Frozen]:
    """Return the periods that are frozen, with the first moment at which each was, from the facts that say so.

    Each such event holds the whole state, since the log keeps a period's newest one only: any of them says when the
    period was frozen.
    """
    found: dict[tuple[date, date], datetime] = {}
    for fact in facts:
        if fact.type not in FREEZES:
            continue
        frozen_at = fact.values.get("frozen_at")
        if frozen_at is None and fact.type != periods.PeriodFrozen.type:
            continue
        at = datetime.fromisoformat(frozen_at) if frozen_at else fact.occurred_at
        days = date.fromisoformat(fact.values["start"]), date.fromisoformat(fact.values["end"])
        found[days] = min(found.get(days, at), at)
    return [Frozen(start, end, at) for (start, end), at in sorted(found.items())]
