"""Type what the loading of the sample and the journey read of the API's answers; the other fields are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pydantic import JsonValue


class Record(TypedDict):
    """A call, an application or a placement that was created."""

    id: str
    reference: str


class Submitted(Record):
    """An application that was sent in, with the person who has to act and the next step."""

    holder: str
    next: str


class Versioned(TypedDict):
    """A record of a list, with the version that was read."""

    id: str
    version: str


class ProvisionalMatch(Versioned):
    """A provisional match: `id` is the application."""

    seat_id: str
    seat_country: str
    country: str


class Pair(TypedDict):
    """A provisional match as a cohort names it."""

    application_id: str
    seat_id: str
    version: str


class Match(Versioned):
    """A match as the portal lists it."""

    reference: str
    application_id: str
    mentor_id: str | None
    host_organisation_id: str
    country: str
    host_country: str
    topic: str
    cleared: dict[str, JsonValue]
    visit_id: str | None
    mentorship_id: str | None


class Task(TypedDict):
    """A form that somebody is asked to fill in."""

    purpose: str
    done: bool


class ListedVisit(TypedDict):
    """A visit of a list, with its dates."""

    id: str
    start: str
    end: str


class Visit(ListedVisit):
    """A visit as one of its two sides reads it."""

    days: list[str]
    tasks: list[Task]


class Left(TypedDict):
    """A record that a decision on many has left as it is."""

    id: str
    detail: str


class Decided(TypedDict):
    """The result of a decision on many."""

    done: list[str]
    left: list[Left]


class Question(TypedDict):
    """A question of a form."""

    name: str


class Evaluation(TypedDict):
    """The questions of an evaluation, and whether it is open."""

    open: bool
    objectives: list[str]
    goals: list[str]
    questions: list[Question]


class SessionAtHome(TypedDict):
    """A session at home, in which a guest passes on what was learnt."""

    format: str
    attendees: int
    about: str


class CascadeSession(SessionAtHome):
    """A session at home with its day, as it is reported."""

    held_on: str
