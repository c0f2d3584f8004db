"""The events of the board's stream, and their lines in the language of the reader."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts import labels
from shared.contracts.base import Country
from shared.contracts.codes import ApplicationKind
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.read_models import ReadModel


class BoardEvent(ReadModel):
    """An event as the board lists it; the person who acted is not named."""

    id: UUID
    at: AwareDatetime
    type: Annotated[str, Field(description="Name of the event, as in the event catalogue.", examples=["MatchProposed"])]
    topic: Annotated[str, Field(examples=["exchange.matches"])]
    subject: Annotated[str, Field(description="Id of what the event is about.")]
    by_system: Annotated[bool, Field(description="The system did it, not a coordinator.")]
    cause_id: Annotated[UUID | None, Field(description="The event that led to it.")]
    application_id: UUID | None
    about: Annotated[dict[str, JsonValue], Field(description="Codes of the event that its line shows.")]
    reference: Annotated[str | None, Field(examples=["MD-2026-0001"])]
    country: Country | None
    seat_reference: Annotated[str | None, Field(examples=["PL-FR-0012"])]
    seat_country: Country | None
    call_reference: Annotated[str | None, Field(examples=["TDM-2026-01"])]


class TimelineEntry(TypedDict):
    """An event as the timeline shows it."""

    title: str
    when: datetime
    by: str | None
    text: str
    link: str


def event_view(row: Any) -> BoardEvent:
    """Return the view of a row of the stream."""
    return BoardEvent(
        id=row.id,
        at=row.at,
        type=row.type,
        topic=row.topic,
        subject=row.subject,
        by_system=row.actor is None or row.actor.startswith("system:"),
        cause_id=row.cause_id,
        application_id=row.application_id,
        about=row.about,
        reference=row.reference,
        country=row.country,
        seat_reference=row.seat_reference,
        seat_country=row.seat_country,
        call_reference=row.call_reference,
    )


_LINES: dict[str, str] = {
    "CallPublished": N_("Call published"),
    "CallRevised": N_("Call changed"),
    "CallClosed": N_("Call closed"),
    "ApplicationSubmitted": N_("Application submitted"),
    "ApplicationReturned": N_("Application returned for information"),
    "ApplicationResubmitted": N_("Application submitted again"),
    "ApplicationEndorsed": N_("Application endorsed by the home country"),
    "ApplicationNotEndorsed": N_("Application not endorsed"),
    "ApplicationFoundEligible": N_("Application found eligible"),
    "ApplicationFoundIneligible": N_("Application found not eligible"),
    "ApplicationChanged": N_("Application changed"),
    "LineManagerNamed": N_("Line manager named"),
    "LineManagerLinkAsked": N_("New link for the line manager asked for"),
    "CompanionAsked": N_("Counterpart named, or somebody asked into a group"),
    "CompanionAnswered": N_("Counterpart or member has answered"),
    "ApplicationWithdrawn": N_("Application withdrawn"),
    "ApplicationCancelled": N_("Application cancelled"),
    "ApplicationDecided": N_("Application decided"),
    "ApplicationVoided": N_("Application entered in error"),
    "AppealFiled": N_("Appeal filed"),
    "AppealDecided": N_("Appeal decided"),
    "OfferSubmitted": N_("Placement submitted"),
    "OfferReturned": N_("Placement sent back"),
    "OfferEndorsed": N_("Placement endorsed by the host country"),
    "OfferPublished": N_("Placement published"),
    "OfferRevised": N_("Placement changed"),
    "OfferPaused": N_("Placement paused"),
    "OfferResumed": N_("Placement available again"),
    "OfferClosed": N_("Placement closed"),
    "OfferWithdrawn": N_("Placement withdrawn"),
    "OfferVoided": N_("Placement entered in error"),
    "AvailabilityAsked": N_("Host asked whether still available"),
    "AvailabilityConfirmed": N_("Host still available"),
    "MentorPublished": N_("Mentor published"),
    "MentorRevised": N_("Mentor's profile changed"),
    "MentorPaused": N_("Mentor paused"),
    "MentorAvailabilityAsked": N_("Mentor asked whether still available"),
    "MentorAvailabilityConfirmed": N_("Mentor still available"),
    "MentorResumed": N_("Mentor available again"),
    "MentorClosed": N_("Mentor's profile closed"),
    "RunFinished": N_("Cohort committed"),
    "MatchProposed": N_("Match proposed"),
    "MatchExplained": N_("Match explained to the officer"),
    "NoMatchExplained": N_("Officer told why there is no match"),
    "MatchCleared": N_("Match cleared by both countries"),
    "MatchCalledUp": N_("Reserve called up"),
    "MatchOffered": N_("Match offered to both sides"),
    "MatchConfirmed": N_("Match confirmed"),
    "MatchDeclined": N_("Match declined"),
    "MatchExpired": N_("Match expired without an answer"),
    "AnswerTooLate": N_("Answer came too late"),
    "MatchSuperseded": N_("Match replaced"),
    "MatchCancelled": N_("Match cancelled"),
    "MatchFundChanged": N_("Another fund pays"),
    "ClearanceGiven": N_("Clearance given"),
    "ClearanceRefused": N_("Clearance refused"),
    "AnswerGiven": N_("Answer given"),
    "AgendaAgreed": N_("Agenda agreed"),
    "AttendanceRecorded": N_("Attendance recorded"),
    "NoShowReported": N_("No-show reported"),
    "EarlyReturnReported": N_("Early return reported"),
    "AgreementSigned": N_("Agreement signed"),
    "GoalSet": N_("Goal set"),
    "GoalClosed": N_("Goal closed"),
    "SessionLogged": N_("Session logged"),
    "SessionConfirmed": N_("Session confirmed"),
    "SessionDisputed": N_("Session disputed"),
    "SessionWithdrawn": N_("Session taken back"),
    "SessionPlanned": N_("Session planned"),
    "SessionMoved": N_("Session moved"),
    "SessionCancelled": N_("Planned session cancelled"),
    "VisitRequested": N_("Pair asks for a visit"),
    "PauseRequested": N_("Pause asked for"),
    "ResumeRequested": N_("Pair asks to go on"),
    "EndRequested": N_("End asked for"),
    "CancellationRequested": N_("Cancellation asked for"),
    "FundChangeRequested": N_("Another fund asked for"),
    "PartPrepared": N_("One side is ready for travel"),
    "PreparationCompleted": N_("Preparation complete"),
    "MoveRequested": N_("Other dates asked for"),
    "MoveAccepted": N_("New dates accepted"),
    "MoveRefused": N_("New dates refused"),
    "VisitScheduled": N_("Visit scheduled"),
    "VisitUnschedulable": N_("No lawful week for the visit"),
    "VisitMoveProposed": N_("New dates proposed"),
    "VisitMoved": N_("Visit moved to new dates"),
    "VisitMoveDropped": N_("Visit keeps its dates"),
    "VisitStarted": N_("Visit began"),
    "VisitEnded": N_("Visit ended"),
    "VisitCompleted": N_("Visit completed"),
    "VisitCancelled": N_("Visit cancelled"),
    "VisitNoShow": N_("Guest did not come"),
    "VisitVoided": N_("Visit entered in error"),
    "MentorshipOpened": N_("Mentorship opened"),
    "MentorshipStarted": N_("Mentorship began"),
    "MentorshipPaused": N_("Mentorship paused"),
    "MentorshipResumed": N_("Mentorship goes on"),
    "MentorshipCompleted": N_("Mentorship completed"),
    "MentorshipEndedEarly": N_("Mentorship ended early"),
}

TOPICS = (
    "exchange.applications",
    "exchange.offers",
    "mentoring.mentors",
    "exchange.participation",
    "exchange.matches",
    "exchange.runs",
    "exchange.visits",
    "mentoring.mentorships",
    "exchange.calls",
)
"""The topics whose events the stream shows."""

_PARTIES: dict[str, str] = {
    "guest": N_("by the officer"),
    "mentee": N_("by the mentee"),
    "host": N_("by the host"),
    "mentor": N_("by the mentor"),
    "home_coordinator": N_("by the home country"),
    "host_coordinator": N_("by the host country"),
    "programme": N_("by the programme"),
    "clock": N_("by the deadline"),
}


KINDS = tuple(_LINES)
"""The event types that a list can be narrowed to."""


def kinds() -> list[tuple[str, str]]:
    """Return the event types with their names, sorted by name, for a filter."""
    return sorted(((code, gettext(name)) for code, name in _LINES.items()), key=lambda kind: kind[1])


def line(event: BoardEvent) -> TimelineEntry:
    """Return an event as the timeline shows it."""
    what = gettext(_LINES[event.type]) if event.type in _LINES else labels.label(_spaced(event.type))
    whose = event.reference or event.seat_reference or event.call_reference
    return {
        "title": f"{whose}: {what}" if whose else what,
        "when": event.at,
        "by": event.seat_reference if event.reference else None,
        "text": _details(event.about),
        "link": f"/matching/events/{event.id}",
    }


def topic_name(topic: str) -> str:
    """Return the name of a topic, for a filter."""
    return labels.label(topic.partition(".")[2])


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _details(about: Mapping[str, Any]) -> str:
    """Return what the codes of an event add to its line."""
    parts = [gettext("as a reserve")] if about.get("reserve") else []
    parts += _of_cohort(about)
    if by := about.get("by"):
        parts.append(gettext(_PARTIES.get(by, by)))
    if side := about.get("side"):
        parts.append(gettext("by the home country") if side == "home" else gettext("by the host country"))
    parts.extend(labels.label(about[name]) for name in ("answer", "reason", "cause") if about.get(name))
    return ", ".join([*parts, *_dates(about)])


def _of_cohort(about: Mapping[str, Any]) -> list[str]:
    """Return the number of a cohort and its result."""
    cohort = about.get("cohort")
    if cohort is None:
        return []
    return [
        gettext("cohort %(number)d") % {"number": cohort},
        labels.label(ApplicationKind(about["kind"])),
        ngettext("%(num)d match", "%(num)d matches", about["matched"]) % {"num": about["matched"]},
        gettext("%(num)d without a place") % {"num": about["unmatched"]},
    ]


def _dates(about: Mapping[str, Any]) -> list[str]:
    """Return the deadline, the day and the dates that an event names."""
    parts = []
    if due := about.get("due"):
        parts.append(gettext("due %(day)s") % {"day": dates.day(datetime.fromisoformat(due))})
    if day := about.get("day") or about.get("held_on"):
        parts.append(dates.day(datetime.fromisoformat(day)))
    if (start := about.get("start")) and (end := about.get("end")):
        parts.append(dates.span(datetime.fromisoformat(start).date(), datetime.fromisoformat(end).date()))
    return parts
