"""Generate a random programme from a seed, and in which order its periods are published and stated again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from shared.time import clock
from tests.integration.reporting.world import WorldEvent, ident

if TYPE_CHECKING:
    from uuid import UUID

YEAR = 2025
QUARTERS = ("Q1", "Q2", "Q3", "Q4")
COVERS = {
    **{f"{YEAR}-{quarter}": (quarter,) for quarter in QUARTERS},
    f"{YEAR}-H1": ("Q1", "Q2"),
    f"{YEAR}-H2": ("Q3", "Q4"),
    f"{YEAR}": QUARTERS,
}
"""The periods that can be published, each with its quarters."""
COUNTRIES, HOSTS = ("AM", "GE", "MD"), ("FR", "PL", "RO")
TOPICS = ("online_crime", "criminal_networks", "drug_trafficking")
SEXES = ("female", "male", None)
FOUND, UNMET, OPEN = "matched", "not_matched", "other"
DAYS = 5


@dataclass(frozen=True)
class Officer:
    """An application and what became of it; `visit`: completed, ended early, or none; `score` of the evaluation."""

    number: int
    quarter: str
    country: str
    host: str
    topic: str
    sex: str | None
    result: str
    visit: Literal["", "completed", "early"]
    score: int | None


@dataclass(frozen=True)
class Step:
    """A step: these officers become known, and a period is published, or stated again if it was before."""

    label: str
    known: tuple[Officer, ...] = ()


@dataclass
class Programme:
    """A programme as it becomes known, step by step."""

    steps: list[Step] = field(default_factory=list)


def programme(seed: int) -> Programme:
    """Return the programme of a seed."""
    dice = random.Random(seed)
    skew = dice.choice((0.4, 0.8, 1.5))
    count = 0

    def officers(number: int, quarters: tuple[str, ...]) -> tuple[Officer, ...]:
        nonlocal count
        made = []
        for _ in range(number):
            count += 1
            made.append(_officer(dice, count, dice.choice(quarters), skew))
        return tuple(made)

    labels = list(COVERS)
    dice.shuffle(labels)
    chosen = labels[: dice.randint(1, 4)]
    steps = [Step(label) for label in chosen]
    for _ in range(dice.randint(0, 3)):
        place = dice.randint(1, len(steps))
        label = dice.choice([each.label for each in steps[:place]])
        late = dice.choice((1, 1, 2, 5, 6, 7, 9))
        known = officers(late, COVERS[label] if dice.random() < 0.8 else QUARTERS)
        steps.insert(place, Step(label, known))
    size = dice.choice((12, 25, 40, 70))
    steps[0] = Step(steps[0].label, (*officers(size, QUARTERS), *steps[0].known))
    return Programme(steps)


def _officer(dice: random.Random, number: int, quarter: str, skew: float) -> Officer:
    def draw(values: tuple[Any, ...]) -> Any:
        return values[min(int(dice.expovariate(skew)), len(values) - 1)]

    result = dice.choices((FOUND, UNMET, OPEN), (6, 2, 1))[0]
    visit: Literal["", "completed", "early"] = ""
    if result == FOUND and dice.random() < 0.9:
        visit = "early" if dice.random() < 0.08 else "completed"
    score = None
    if visit == "completed" and dice.random() < 0.8:
        score = dice.choices((5, 4, 3, 2), (5, 3, 1, 1))[0]
    return Officer(number, quarter, draw(COUNTRIES), draw(HOSTS), draw(TOPICS), draw(SEXES), result, visit, score)


def events(officer: Officer, *, late: bool) -> list[WorldEvent]:
    """Return an officer's application, match, visit and evaluation as events; `late` ones happen today."""
    made: list[WorldEvent] = []
    application, match, visit = (ident(what, officer.number) for what in ("application", "match", "visit"))
    first = date(YEAR, 3 * QUARTERS.index(officer.quarter) + 1, 1)
    sent = datetime.combine(first, datetime.min.time(), UTC) + timedelta(days=2, hours=9, minutes=officer.number % 60)

    def add(type_: str, subject: UUID, at: datetime, **changes: object) -> None:
        event = EVENTS[type_]
        made.append(WorldEvent(event.model_validate({**event.example, **changes}), subject, at, application))

    profile = {
        **ex.PROFILE,
        "reference": f"{officer.country}-{YEAR}-{officer.number:04d}",
        "country": officer.country,
        "topics": [officer.topic],
    }
    add("CountingKeyAssigned", application, sent, counting_key=f"{officer.number:032x}", sex=officer.sex)
    add("ApplicationSubmitted", application, sent, profile=profile)
    if officer.result == UNMET:
        add(
            "NoMatchExplained",
            application,
            sent + timedelta(days=5),
            funnel=[{"rule": "common_language", "remaining": 0}],
        )
    if officer.result != FOUND:
        return made
    host, country = officer.host, officer.country
    pairing = {**ex.PAIRING, "application_id": application, "country": country, "host_country": host}
    add("MatchConfirmed", match, sent + timedelta(days=9), pairing={**pairing, "topic": officer.topic})
    add("ApplicationDecided", application, sent + timedelta(days=9), country=country, submitted_at=sent)
    start = first + timedelta(days=-first.weekday() % 7 + 28)
    days = [start + timedelta(days=day) for day in range(DAYS)]
    plan = {
        **ex.VISIT_PLAN,
        "match_id": match,
        "application_id": application,
        "country": country,
        "host_country": host,
        "topic": officer.topic,
        "start": start,
        "end": days[-1],
        "days": days,
        "host_organisation_id": ident("host", host),
    }
    end = clock.now() if late else datetime.combine(days[-1], datetime.min.time(), UTC) + timedelta(hours=16)
    add("VisitScheduled", visit, sent + timedelta(days=10), plan=plan)
    attended = days if officer.visit == "completed" else days[:2]
    if officer.visit:
        add("VisitEnded", visit, end, plan=plan, attended=attended, attended_days=len(attended), ended_on=attended[-1])
    if officer.visit == "completed":
        add("VisitCompleted", visit, end, plan=plan, ended_on=days[-1])
    if officer.score is not None:
        answered = datetime.combine(days[-1], datetime.min.time(), UTC) + timedelta(days=3)
        about = {"application_id": application, "visit_id": visit, "country": country, "overall": officer.score}
        add("EvaluationSubmitted", visit, answered, **about)
    return made
