"""Generate a random programme from a seed, and in which order its periods are published and stated again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from shared.contracts.codes import GROUPINGS, group_of
from shared.time import clock
from tests.integration.reporting.world import WorldEvent, ident

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.contracts import Event

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
DRAWN = {"country": COUNTRIES, "host": HOSTS, "topic": TOPICS}
"""The values that a programme has, by what the attacker calls their dimension."""
SEXES = ("female", "male", None)
FOUND, UNMET, OPEN = "matched", "not_matched", "other"
DAYS = 5
SUSPENDED, ERASED = "partner_suspended", "personal"
"""The reasons for which cases end: their country is suspended, or their officer is erased."""


@dataclass(frozen=True)
class Officer:
    """An application and what became of it; `visit`: completed, ended early, or none; `score` of the evaluation.

    `person` is the number of the person's first application.
    """

    number: int
    quarter: str
    country: str
    host: str
    topic: str
    sex: str | None
    result: str
    visit: Literal["", "completed", "early"]
    score: int | None
    person: int = 0


GROUPED = {"country": "country-of-service", "host": "host-country", "topic": "priority-topic"}
"""The dimensions of figures that have groups, by what the attacker calls them."""


@dataclass(frozen=True)
class Mentorship:
    """A mentorship that starts in a quarter; `met`: with three sessions; `end`: the quarter of its end, or none."""

    number: int
    quarter: str
    country: str
    topic: str
    met: bool
    end: str
    completed: bool


@dataclass(frozen=True)
class Step:
    """A step: these officers and mentorships become known, visits of others prove to be entered in error (`voided`).

    A country may be suspended, and people may have themselves erased: what they had not finished ends (`ended`, with
    the reason). Then a period is published, or stated again if it was before, and periods are compared.
    """

    label: str
    known: tuple[Officer, ...] = ()
    voided: tuple[Officer, ...] = ()
    mentorships: tuple[Mentorship, ...] = ()
    suspended: str = ""
    erased: tuple[Officer, ...] = ()
    ended: tuple[tuple[Officer, str], ...] = ()


@dataclass
class Programme:
    """A programme as it becomes known, step by step. `repeats`: some people come more than once."""

    steps: list[Step] = field(default_factory=list)
    repeats: bool = False
    levels: dict[str, str] = field(default_factory=dict)
    """The groupings that are chosen before anything is published, by dimension; none: each value by itself."""
    changes: list[dict[str, str]] = field(default_factory=list)
    """Other groupings that are chosen first: figures are submitted by each, and returned."""

    @property
    def corrections(self) -> bool:
        """Return whether visits were entered in error or cases ended, so that numbers may become less."""
        return any(step.voided or step.ended for step in self.steps)


def programme(seed: int) -> Programme:
    """Return the programme of a seed: one of four is plain, one has repeat visitors, one corrections, one both.

    In three of seven a country is suspended, in three of seven people are erased.
    """
    dice = random.Random(seed)
    skew = dice.choice((0.4, 0.8, 1.5))
    repeats, corrections = seed % 4 in {1, 3}, seed % 4 in {2, 3}
    made: list[Officer] = []

    def officers(number: int, quarters: tuple[str, ...]) -> tuple[Officer, ...]:
        for _ in range(number):
            officer = _officer(dice, len(made) + 1, dice.choice(quarters), skew)
            if repeats and made and dice.random() < 0.3:
                former = dice.choice(made)
                officer = replace(officer, person=former.person, country=former.country, sex=former.sex)
            made.append(officer)
        return tuple(made[len(made) - number :])

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
    steps[0] = replace(steps[0], known=(*officers(size, QUARTERS), *steps[0].known))
    steps = _with_mentorships(dice, steps, skew)
    if corrections:
        steps = _with_corrections(dice, steps)
    return Programme(_with_endings(seed, steps), repeats)


def chosen_levels(seed: int) -> dict[str, str]:
    """Return the groupings of a seed: a coarser level of one dimension, of two, or of all three."""
    dice = random.Random(f"levels of {seed}")
    dimensions = dice.sample(sorted(GROUPED.values()), dice.randint(1, 3))
    return {each: dice.choice([level.code for level in GROUPINGS[each][1:]]) for each in sorted(dimensions)}


def changed_levels(seed: int) -> list[dict[str, str]]:
    """Return the groupings that a seed chooses before those that stay: in half of the programmes none."""
    dice = random.Random(f"changes of {seed}")
    return [chosen_levels(dice.randrange(1000)) for _ in range(dice.choice((0, 0, 1, 2)))]


def standing_for(levels: Mapping[str, str], name: str, value: str) -> str:
    """Return the value that stands for a value's group: the first of the programme's in it, else the value itself.

    The attacker knows groups by such a value, since nobody publishes the values themselves.
    """
    dimension = GROUPED.get(name, "")
    if dimension not in levels or value not in DRAWN[name]:
        return value
    group = group_of(dimension, levels[dimension])
    return next(each for each in DRAWN[name] if group[each] == group[value])


def fetched_as(levels: Mapping[str, str], dimension: str, code: str) -> str:
    """Return the value that stands for a group that was fetched; another code as it is."""
    name = next((each for each, of in GROUPED.items() if of == dimension), "")
    if dimension not in levels or not name:
        return code
    group = group_of(dimension, levels[dimension])
    return next((each for each in DRAWN[name] if group[each] == code), code)


def _with_mentorships(dice: random.Random, steps: list[Step], skew: float) -> list[Step]:
    """Return the steps with mentorships that become known: most at the first, some later."""
    numbers = [dice.choice((0, 15, 30)), *(dice.choice((0, 0, 1, 2, 6)) for _ in steps[1:])]
    if not numbers[0]:
        return steps
    found, first = [], 1
    for step, number in zip(steps, numbers, strict=True):
        made = tuple(_mentorship(dice, first + place, skew) for place in range(number))
        found.append(replace(step, mentorships=made))
        first += number
    return found


def _with_corrections(dice: random.Random, steps: list[Step]) -> list[Step]:
    """Return the steps, with visits that prove to be entered in error at each one after the first."""
    found, visits = [], list[Officer]()
    for step in steps:
        number = min(len(visits), dice.choice((0, 1, 1, 2, 5, 7))) if visits else 0
        voided = dice.sample(visits, number)
        visits = [each for each in visits if each not in voided] + [each for each in step.known if each.visit]
        found.append(replace(step, voided=tuple(voided)))
    return found


def _with_endings(seed: int, steps: list[Step]) -> list[Step]:
    """Return the steps with a country that is suspended and people who are erased at some of those after the first."""
    suspends, erases = seed % 7 in {1, 4, 5}, seed % 7 in {4, 5, 6}
    if not (suspends or erases):
        return steps
    dice = random.Random(f"endings of {seed}")
    steps = [replace(step, known=tuple(_not_yet(dice, each) for each in step.known)) for step in steps]
    kept = {each.number: each for step in steps for each in step.known}
    steps = [replace(step, voided=tuple(each for each in step.voided if kept[each.number].visit)) for step in steps]
    suspension = dice.randint(1, len(steps)) if suspends else 0
    country = dice.choice(COUNTRIES[:2])  # not that of the readers, whose access would end
    found, known, gone = [], list[Officer](), set[int]()
    for place, step in enumerate(steps):
        out = country if suspends and place == suspension else ""
        erased = tuple(dice.sample(known, min(len(known), dice.choice((0, 1, 2, 6))))) if erases else ()
        ending = [(each, SUSPENDED) for each in known if each.country == out] + [(each, ERASED) for each in erased]
        ended = []
        for officer, reason in ending:
            if not officer.visit and officer.number not in gone:
                gone.add(officer.number)
                ended.append((officer, reason))
        found.append(replace(step, suspended=out, erased=erased, ended=tuple(ended)))
        known += step.known
    return found


def _not_yet(dice: random.Random, officer: Officer) -> Officer:
    """Return an officer whose visit has perhaps not taken place yet."""
    return replace(officer, visit="", score=None) if officer.visit and dice.random() < 0.3 else officer


def _skewed(dice: random.Random, values: tuple[Any, ...], skew: float) -> Any:
    return values[min(int(dice.expovariate(skew)), len(values) - 1)]


def _mentorship(dice: random.Random, number: int, skew: float) -> Mentorship:
    start = dice.randrange(len(QUARTERS))
    end = dice.choice(("", *QUARTERS[start:]))
    country, topic = _skewed(dice, COUNTRIES, skew), _skewed(dice, TOPICS, skew)
    return Mentorship(number, QUARTERS[start], country, topic, dice.random() < 0.7, end, dice.random() < 0.8)


def _officer(dice: random.Random, number: int, quarter: str, skew: float) -> Officer:
    def draw(values: tuple[Any, ...]) -> Any:
        return _skewed(dice, values, skew)

    result = dice.choices((FOUND, UNMET, OPEN), (6, 2, 1))[0]
    visit: Literal["", "completed", "early"] = ""
    if result == FOUND and dice.random() < 0.9:
        visit = "early" if dice.random() < 0.08 else "completed"
    score = None
    if visit == "completed" and dice.random() < 0.8:
        score = dice.choices((5, 4, 3, 2), (5, 3, 1, 1))[0]
    return Officer(
        number, quarter, draw(COUNTRIES), draw(HOSTS), draw(TOPICS), draw(SEXES), result, visit, score, number
    )


def _first_day(quarter: str) -> date:
    return date(YEAR, 3 * QUARTERS.index(quarter) + 1, 1)


def _sent(officer: Officer) -> datetime:
    """Return the moment at which an officer's application was sent."""
    first = datetime.combine(_first_day(officer.quarter), datetime.min.time(), UTC)
    return first + timedelta(days=2, hours=9, minutes=officer.number % 60)


def _pairing(officer: Officer) -> dict[str, Any]:
    application = ident("application", officer.number)
    about = {"application_id": application, "country": officer.country, "host_country": officer.host}
    return {**ex.PAIRING, **about, "topic": officer.topic}


def _plan(officer: Officer) -> dict[str, Any]:
    first = _first_day(officer.quarter)
    start = first + timedelta(days=-first.weekday() % 7 + 28)
    days = [start + timedelta(days=day) for day in range(DAYS)]
    return {
        **ex.VISIT_PLAN,
        "match_id": ident("match", officer.number),
        "application_id": ident("application", officer.number),
        "country": officer.country,
        "host_country": officer.host,
        "topic": officer.topic,
        "start": start,
        "end": days[-1],
        "days": days,
        "host_organisation_id": ident("host", officer.host),
    }


def correction(officer: Officer) -> WorldEvent:
    """Return the event that takes an officer's visit out, as one that was entered in error."""
    event = EVENTS["VisitVoided"]
    about = event.model_validate({**event.example, "plan": _plan(officer)})
    return WorldEvent(about, ident("visit", officer.number), clock.now(), ident("application", officer.number))


def suspension(country: str) -> Event:
    """Return the event that suspends a country."""
    about = {"country": country, "status": "suspended", "since": clock.today()}
    return EVENTS["PartnerStatusChanged"].model_validate(about)


def ending(officer: Officer, reason: str) -> list[WorldEvent]:
    """Return the events by which a case ends that is not finished: visit and match, or the application itself."""
    application = ident("application", officer.number)
    made: list[WorldEvent] = []

    def add(type_: str, subject: UUID, at: datetime, **changes: object) -> None:
        event = EVENTS[type_]
        made.append(WorldEvent(event.model_validate({**event.example, **changes}), subject, at, application))

    now = clock.now()
    if officer.result == FOUND:
        about = {"pairing": _pairing(officer), "was": "confirmed", "application_ended": True}
        add("MatchCancelled", ident("match", officer.number), now, reason=reason, by="programme", **about)
        add("VisitCancelled", ident("visit", officer.number), now, plan=_plan(officer), by="programme", reason=reason)
        return made
    sent = _sent(officer)
    outcome, type_ = (
        ("cancelled", "ApplicationCancelled") if reason == SUSPENDED else ("withdrawn", "ApplicationWithdrawn")
    )
    add(type_, application, sent + timedelta(days=20), reason=reason)
    add(
        "ApplicationDecided",
        application,
        sent + timedelta(days=20),
        outcome=outcome,
        country=officer.country,
        submitted_at=sent,
    )
    return made


def mentoring_events(mentorship: Mentorship) -> list[WorldEvent]:
    """Return a mentorship as events: its start, three sessions if they were held, its end."""
    made: list[WorldEvent] = []
    subject, application = ident("mentorship", mentorship.number), ident("mentee", mentorship.number)
    first = _first_day(mentorship.quarter)
    about = {"application_id": application, "country": mentorship.country, "topic": mentorship.topic}
    plan = {**ex.MENTORSHIP_PLAN, **about, "mentor_id": ident("mentor", mentorship.number)}

    def add(type_: str, of: UUID, day: date, **changes: object) -> None:
        event = EVENTS[type_]
        at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9, minutes=mentorship.number % 60)
        made.append(WorldEvent(event.model_validate({**event.example, **changes}), of, at, application))

    add("MentorshipOpened", subject, first, plan=plan)
    add("MentorshipStarted", subject, first + timedelta(days=3), plan=plan, started_on=first + timedelta(days=3))
    for n in range(3 if mentorship.met else 2):
        day, session = first + timedelta(days=10 + 7 * n), ident("session", mentorship.number, n)
        names = {"application_id": application, "mentorship_id": subject, "session_id": session}
        add("SessionConfirmed", ident("mentoring match", mentorship.number), day, **names, held_on=day)
    if mentorship.end:
        ended = _first_day(mentorship.end) + timedelta(days=70)
        type_ = "MentorshipCompleted" if mentorship.completed else "MentorshipEndedEarly"
        add(type_, subject, ended, plan=plan, ended_on=ended)
    return made


def events(officer: Officer, *, late: bool) -> list[WorldEvent]:
    """Return an officer's application, match, visit and evaluation as events; `late` ones happen today."""
    made: list[WorldEvent] = []
    application, match, visit = (ident(what, officer.number) for what in ("application", "match", "visit"))
    sent = _sent(officer)

    def add(type_: str, subject: UUID, at: datetime, **changes: object) -> None:
        event = EVENTS[type_]
        made.append(WorldEvent(event.model_validate({**event.example, **changes}), subject, at, application))

    profile = {
        **ex.PROFILE,
        "reference": f"{officer.country}-{YEAR}-{officer.number:04d}",
        "country": officer.country,
        "topics": [officer.topic],
    }
    add(
        "CountingKeyAssigned",
        application,
        sent,
        counting_key=f"{officer.person or officer.number:032x}",
        sex=officer.sex,
    )
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
    country = officer.country
    add("MatchConfirmed", match, sent + timedelta(days=9), pairing=_pairing(officer))
    add("ApplicationDecided", application, sent + timedelta(days=9), country=country, submitted_at=sent)
    plan = _plan(officer)
    days = plan["days"]
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
