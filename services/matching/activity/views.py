"""The events of the board's stream, and their lines in the language of the reader."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts import EVENTS, labels
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
    by_system: Annotated[
        bool | None,
        Field(description="The system did it, not a coordinator. Null for events of the portal: they do not say."),
    ]
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
        by_system=None if row.actor is None else row.actor.startswith("system:"),
        cause_id=row.cause_id,
        application_id=row.application_id,
        about=row.about,
        reference=row.reference,
        country=row.country,
        seat_reference=row.seat_reference,
        seat_country=row.seat_country,
        call_reference=row.call_reference,
    )


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
    "clock": N_("deadline passed"),
}


KINDS = tuple(name for name, event in EVENTS.items() if event.topic in TOPICS)
"""The event types that a list can be narrowed to."""


def kinds() -> list[tuple[str, str]]:
    """Return the event types with their names, sorted by name, for a filter."""
    return sorted(((code, gettext(EVENTS[code].label)) for code in KINDS), key=lambda kind: kind[1])


def line(event: BoardEvent) -> TimelineEntry:
    """Return an event as the timeline shows it."""
    what = gettext(EVENTS[event.type].label)
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
