"""Generate a small programme as events: applications, placements, visits and a mentorship."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from shared.contracts import EVENTS, Event
from shared.contracts import _examples as ex

SPACE = UUID("0190a000-0000-7000-8000-0000000000aa")
COUNTRIES = ("AM", "GE", "MD", "UA")
HOSTS = ("FR", "RO")
TOPICS = ("online_crime", "criminal_networks")


def ident(*parts: object) -> UUID:
    """Return an id that is the same in each run."""
    return uuid5(SPACE, "/".join(str(part) for part in parts))


@dataclass(frozen=True)
class WorldEvent:
    """An event with its subject, its time and its correlation."""

    event: Event
    subject: UUID
    at: datetime
    story: UUID


@dataclass
class World:
    """A programme of `people` applications, each from submission to the end of the visit, one after the other."""

    people: int = 12
    start: date = date(2026, 3, 16)
    events: list[WorldEvent] = field(default_factory=list)

    def add(self, type_: str, subject: UUID, at: datetime, story: UUID, **changes: Any) -> None:
        """Add an event: its example with changes."""
        event = EVENTS[type_]
        self.events.append(WorldEvent(event.model_validate({**event.example, **changes}), subject, at, story))

    def add_application(self, n: int, *, ends: bool = True) -> None:
        """Add one application that ends in a completed visit."""
        application, visit, match = ident("application", n), ident("visit", n), ident("match", n)
        country, host = COUNTRIES[n % len(COUNTRIES)], HOSTS[n % len(HOSTS)]
        topic = TOPICS[n % len(TOPICS)]
        at = datetime(2026, 1, 12, 9, n % 60, tzinfo=UTC)
        profile = {**ex.PROFILE, "reference": f"{country}-2026-{n:04d}", "country": country, "topics": [topic]}
        key = f"{n // 2 if n < 2 else n:032x}"
        self.add("CountingKeyAssigned", application, at, application, counting_key=key,
                  sex=("female", "male", None)[n % 3])  # fmt: skip
        self.add("ApplicationSubmitted", application, at, application, profile=profile)
        pairing = {**ex.PAIRING, "application_id": application, "country": country, "host_country": host,
                   "topic": topic}  # fmt: skip
        self.add("MatchConfirmed", match, at + timedelta(days=20), application, pairing=pairing)
        self.add("ApplicationDecided", application, at + timedelta(days=20), application, country=country,
                  submitted_at=at)  # fmt: skip
        start = self.start + timedelta(weeks=n % 3)
        days = [start + timedelta(days=day) for day in range(5)]
        plan = {
            **ex.VISIT_PLAN, "match_id": match, "application_id": application, "country": country,
            "host_country": host, "topic": topic, "start": start, "end": days[-1], "days": days,
            "host_organisation_id": ident("host", host),
        }  # fmt: skip
        self.add("VisitScheduled", visit, at + timedelta(days=21), application, plan=plan)
        if not ends:
            return
        end = datetime.combine(days[-1], datetime.min.time(), UTC) + timedelta(hours=16)
        self.add("VisitStarted", visit, end - timedelta(days=4), application, plan=plan)
        self.add("VisitEnded", visit, end, application, plan=plan, attended=days, ended_on=days[-1])
        self.add("VisitCompleted", visit, end, application, plan=plan, ended_on=days[-1])


def world(people: int = 12, *, running: int = 1) -> list[WorldEvent]:
    """Return the events of so many completed visits, one placement, one call, and visits that are scheduled only."""
    made = World(people)
    early = datetime(2026, 1, 5, 9, tzinfo=UTC)
    made.add("CallPublished", UUID(ex.CALL), early, UUID(ex.CALL))
    made.add("OfferPublished", UUID(ex.OFFER), early, UUID(ex.OFFER))
    for n in range(people + running):
        made.add_application(n, ends=n < people)
    return made.events


def mentorship(*, goals: int = 2) -> list[WorldEvent]:
    """Return the events of a completed mentorship with three confirmed sessions."""
    made = World()
    application, subject, match = ident("mentee"), ident("mentorship"), ident("mentoring match")
    at = datetime(2026, 2, 2, 9, tzinfo=UTC)
    profile = {**ex.PROFILE, "reference": "GE-2026-0900", "kind": "mentee", "country": "GE", "objectives": 0}
    made.add("ApplicationSubmitted", application, at, application, profile=profile)
    plan = {**ex.MENTORSHIP_PLAN, "application_id": application, "country": "GE"}
    made.add("MentorshipOpened", subject, at + timedelta(days=30), application, plan=plan)
    made.add("MentorshipStarted", subject, at + timedelta(days=33), application, plan=plan, started_on="2026-03-07")
    for n in range(3):
        day = date(2026, 3, 10 + 7 * n)
        made.add("SessionConfirmed", match, at + timedelta(days=40 + 7 * n), application, application_id=application,
                  mentorship_id=subject, session_id=ident("session", n), held_on=day)  # fmt: skip
    made.add("MentorshipCompleted", subject, at + timedelta(days=90), application, plan=plan, ended_on="2026-05-03",
              sessions=3, goals=goals, goals_met=goals)  # fmt: skip
    return made.events


NEEDED = datetime(2026, 1, 3, 9, tzinfo=UTC)


def need(n: int, **changes: Any) -> WorldEvent:
    """Return a need of the register as its event."""
    event = EVENTS["NeedChanged"]
    return WorldEvent(event.model_validate({**event.example, **changes}), ident("need", n), NEEDED, ident("need", n))
