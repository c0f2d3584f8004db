"""What is in the sample programme? People, organisations, calls and what each person sends in: worked out, not sent.

Pure: the same seed and day always give the same programme. Days are counted from that day, on which the loading ends.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from deploy.cli.sample import texts
from deploy.cli.sample.names import draw
from deploy.cli.sample.organisations import HOSTS, PARTNERS, PERSONA_ORGANISATIONS, Organisation
from deploy.local.personas import PERSONAS
from shared.contracts.codes import EMPACT_2026, PRIORITIES, Expertise, RankGroup, Role

SEED = 20_261
OFFICERS = {"AM": 16, "AZ": 12, "BY": 6, "GE": 16, "MD": 12, "UA": 16}
"""Made-up officers by country; with the two personas they are 80."""
PLACEMENTS = 25
MENTORS = 24
NATIVE = {
    "AM": "hy", "AZ": "az", "BY": "be", "GE": "ka", "MD": "ro", "UA": "uk", "FR": "fr", "LT": "lt", "DE": "de",
    "ES": "es", "IT": "it", "NL": "nl", "PL": "pl", "RO": "ro", "EE": "et", "SE": "sv", "PT": "pt", "CZ": "cs",
    "GR": "el", "FI": "fi", "EU": "fr",
}  # fmt: skip - one line
WRITES_IN = {"fr": "fr", "uk": "uk", "ro": "ro"}


class Fate(StrEnum):
    """How far an application of the open call has come on the last day; those of the finished call went all the way."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    NOT_ENDORSED = "not_endorsed"
    ENDORSED = "endorsed"
    JUDGED = "judged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; `organisation` is a key of the sample."""

    subject: str
    name: str
    own_name: str
    email: str
    language: str
    role: Role
    country: str | None
    organisation: str | None = None
    unit: str = ""
    rank_group: RankGroup | None = None
    national_rank: str = ""
    years: int | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its days, counted from the last day of the loading."""

    key: str
    title: str
    summary: str
    published: int
    deadline: int
    closes: int
    visits: tuple[int, int]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """What an officer sends in for a call, on which day, and how it goes."""

    call: str
    officer: str
    kind: str
    day: int
    fate: Fate
    answers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A placement of a host, sent in on a day; `state` is how far it comes."""

    call: str
    host: str
    day: int
    state: str
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mentor:
    """A mentor's profile for a call."""

    call: str
    mentor: str
    day: int
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Programme:
    """All of it."""

    today: date
    organisations: tuple[Organisation, ...]
    people: tuple[Person, ...]
    calls: tuple[Call, ...]
    applications: tuple[Application, ...]
    offers: tuple[Offer, ...]
    mentors: tuple[Mentor, ...]

    def contact(self, organisation: str) -> str:
        """The subject of the contact person of a host organisation."""
        return next(
            one.subject for one in self.people if one.role is Role.HOST_CONTACT and one.organisation == organisation
        )

    def coordinator(self, country: str) -> str:
        """The subject of who decides for a country: its coordinator; for the Union the agency's clearance officer."""
        role = Role.CLEARANCE_OFFICER if country == "EU" else Role.NATIONAL_COORDINATOR
        return next(one.subject for one in self.people if one.role is role and one.country == country)


FINISHED, OPEN = "finished", "open"
CALLS = (
    Call(
        FINISHED,
        "Exchange and mentoring, first call",
        "Study visits of up to five days to agencies of Member States, and mentoring, for officers of all partners.",
        published=-360,
        deadline=-325,
        closes=-170,
        visits=(-268, -222),
        countries=("AM", "AZ", "BY", "GE", "MD", "UA"),
    ),
    Call(
        OPEN,
        "Exchange and mentoring, second call",
        "Study visits of up to five days to agencies of Member States, and mentoring. First-time applicants first.",
        published=-45,
        deadline=30,
        closes=240,
        visits=(84, 200),
        countries=("AM", "AZ", "GE", "MD", "UA"),
    ),
)
BELARUS_SUSPENDED = -150


def generate(today: date, seed: int = SEED) -> Programme:
    """The sample programme that ends on `today`."""
    chance = random.Random(seed)  # noqa: S311 - made-up people, no secrets
    taken = {persona.name for persona in PERSONAS}
    officers = _officers(chance, taken)
    mentors = _mentors(chance, taken)
    people = (*_personas(), *_coordinators(chance, taken), *_contacts(chance, taken), *officers, *mentors)
    by_call = _applicants(chance, officers)
    applications = [
        _application(chance, call, person, kind, place, today)
        for call in CALLS
        for place, (person, kind) in enumerate(by_call[call.key])
    ]
    return Programme(
        today=today,
        organisations=PARTNERS + HOSTS,
        people=tuple(people),
        calls=CALLS,
        applications=tuple(applications),
        offers=tuple(_offers(chance, today)),
        mentors=tuple(_profiles(chance, [one for one in people if one.role is Role.MENTOR], today)),
    )


def _personas() -> list[Person]:
    """The personas as the register knows them."""
    found = []
    for one in PERSONAS:
        official = one.role in {Role.OFFICER, Role.MENTOR}
        found.append(
            Person(
                subject=one.subject,
                name=one.name,
                own_name={"persona-officer": "Անի Պետրոսյան", "persona-mentee": "ნინო ბერიძე"}.get(one.subject, ""),
                email=f"{one.subject}@tandem.example",
                language="en",
                role=one.role,
                country=one.country,
                organisation=PERSONA_ORGANISATIONS.get(one.subject),
                unit="Analysis" if official else "",
                rank_group=RankGroup.SUPERVISOR if official else None,
                national_rank="Captain" if official else "",
                years=9 if official else None,
                sex={"persona-officer": "female", "persona-mentee": "female"}.get(one.subject),
            )
        )
    return found


def _person(
    chance: random.Random, taken: set[str], subject: str, role: Role, country: str, organisation: str | None
) -> Person:
    named = draw(chance, country, taken)
    group = chance.choices(list(RankGroup)[:4], (40, 32, 20, 8))[0]
    host = organisation or f"coordination-{country.lower()}"
    native = NATIVE[country]
    return Person(
        subject=subject,
        name=named.latin,
        own_name="" if named.own == named.latin else named.own,
        email=f"{named.latin.lower().replace(' ', '.')}@{host}.example",
        language=WRITES_IN.get(native, "en") if chance.random() < 0.3 else "en",
        role=role,
        country=country,
        organisation=organisation,
        unit=chance.choice(texts.UNITS),
        rank_group=group,
        national_rank=chance.choice(texts.RANKS[group]),
        years=chance.choices((2, *range(3, 25)), (2, *[4] * 22))[0],
        sex=None if chance.random() < 0.08 else ("female" if named.woman else "male"),
    )


def _officers(chance: random.Random, taken: set[str]) -> list[Person]:
    found = []
    for country, count in OFFICERS.items():
        bodies = [one for one in PARTNERS if one.country == country]
        for number in range(1, count + 1):
            subject = f"sample-officer-{country.lower()}-{number:02d}"
            body = chance.choices(bodies, [3, 2, 2][: len(bodies)])[0]
            found.append(_person(chance, taken, subject, Role.OFFICER, country, body.key))
    return found


def _mentors(chance: random.Random, taken: set[str]) -> list[Person]:
    """All but the persona, over the hosts in turn."""
    return [
        _person(chance, taken, f"sample-mentor-{number:02d}", Role.MENTOR, host.country, host.key)
        for number, host in zip(range(1, MENTORS), [*HOSTS, *HOSTS], strict=False)
    ]


def _coordinators(chance: random.Random, taken: set[str]) -> list[Person]:
    there = {one.country for one in PERSONAS if one.role is Role.NATIONAL_COORDINATOR}
    wanted = sorted({one.country for one in PARTNERS + HOSTS} - there - {"EU"})
    return [
        _person(chance, taken, f"sample-coordinator-{one.lower()}", Role.NATIONAL_COORDINATOR, one, None)
        for one in wanted
    ]


def _contacts(chance: random.Random, taken: set[str]) -> list[Person]:
    return [
        _person(chance, taken, f"sample-host-{one.key}", Role.HOST_CONTACT, one.country, one.key)
        for one in HOSTS
        if one.key != PERSONA_ORGANISATIONS["persona-host"]
    ]


def _applicants(chance: random.Random, officers: list[Person]) -> dict[str, list[tuple[Person, str]]]:
    """Who applies to which call, for what: every officer once, a dozen of those from the first call again."""
    active = [one for one in officers if one.country != "BY"]
    chance.shuffle(active)
    first = [one for one in officers if one.country == "BY"] + active[:34]
    second = active[34:] + active[:12]
    chance.shuffle(first)
    return {
        FINISHED: [(one, "mentee" if place % 5 == 4 else "study_visit") for place, one in enumerate(first)],
        OPEN: [(one, "mentee" if place % 5 == 3 else "study_visit") for place, one in enumerate(second)],
    }


# The first call's applications came on these days; the second's on those, with how far those of each day have come.
_FIRST_DAYS = (-350, -346, -342, -338)
_SECOND_DAYS: tuple[tuple[int, tuple[Fate, ...]], ...] = (
    (-38, (Fate.JUDGED,)),
    (-30, (Fate.JUDGED, Fate.JUDGED, Fate.WITHDRAWN)),
    (-21, (Fate.JUDGED, Fate.JUDGED, Fate.NOT_ENDORSED)),
    (-12, (Fate.JUDGED, Fate.ENDORSED)),
    (-4, (Fate.SUBMITTED, Fate.RETURNED, Fate.SUBMITTED)),
    (-1, (Fate.DRAFT, Fate.SUBMITTED)),
)


def _when(call: str, place: int) -> tuple[int, Fate]:
    if call == FINISHED:
        fate = {7: Fate.NOT_ENDORSED, 19: Fate.WITHDRAWN, 28: Fate.NOT_ENDORSED}.get(place, Fate.JUDGED)
        return _FIRST_DAYS[place % len(_FIRST_DAYS)], fate
    day, fates = _SECOND_DAYS[min(place // 9, len(_SECOND_DAYS) - 1)]
    return day, fates[place % len(fates)]


def _application(
    chance: random.Random, call: Call, person: Person, kind: str, place: int, today: date
) -> Application:
    day, fate = _when(call.key, place)
    wanted = chance.choice(HOSTS)
    topics = [*wanted.topics, *chance.sample(sorted(PRIORITIES[EMPACT_2026]), 2)]
    areas = dict.fromkeys([*chance.sample(wanted.expertise, min(2, len(wanted.expertise))), Expertise.ANALYSIS])
    topic = topics[0]
    objectives = texts.OBJECTIVES[topic]
    answers = {
        "expertise": [
            {"area": area, "level": chance.choice((1, 2, 2, 3)), "years": min(person.years or 0, chance.randint(1, 10))}
            for area in areas
        ],
        "languages": _languages(chance, person.country or ""),
        "topics": list(dict.fromkeys(topics))[:3],
        "preferred_countries": [wanted.country] if chance.random() < 0.7 and wanted.country != "EU" else [],
        "periods": _periods(chance, call, kind, today),
        "objectives": list(objectives[: chance.randint(1, len(objectives))]),
        "cascade_committed": True,
        "cascade_plan": chance.choice(texts.CASCADE),
        "line_manager_name": "Head of Unit",
        "line_manager_email": f"head.{(person.organisation or 'unit')}@{person.organisation}.example",
        "took_part_before": chance.random() < 0.1,
    }
    return Application(call.key, person.subject, kind, day, fate, answers)


def _languages(chance: random.Random, country: str) -> list[dict[str, str]]:
    held = [{"language": NATIVE[country], "level": "NS"}]
    level = chance.choices(("A2", "B1", "B2", "C1"), (6, 24, 44, 26))[0]
    held.append({"language": "en", "level": level})
    if chance.random() < 0.25:
        other = {"MD": "fr", "UA": "pl", "GE": "de"}.get(country, "ru")
        held.append({"language": other, "level": chance.choice(("B1", "B2", "C1"))})
    return held


def _periods(chance: random.Random, call: Call, kind: str, today: date) -> list[dict[str, str]]:
    first, last = call.visits
    if kind == "mentee":
        return [_period(today, call.published + 50, call.published + 180)]
    length = (last - first) // 2
    start = first + chance.randint(0, last - first - length)
    return [_period(today, start, start + length)]


def _period(today: date, first: int, last: int) -> dict[str, str]:
    return {"start": (today + timedelta(first)).isoformat(), "end": (today + timedelta(last)).isoformat()}


def _offers(chance: random.Random, today: date) -> list[Offer]:
    """Eleven in the first call; in the second one of every host but one, and some more of the larger ones."""
    by_key = {one.key: one for one in HOSTS}
    first = [by_key[key] for key in ("fr", "de", "es", "it", "pl", "ro", "ee", "pt", "cz", "lt", "eu")]
    second = [by_key[key] for key in ("fr", "fr", "de", "es", "it", "nl", "pl", "ro", "se", "cz", "gr", "fi", "lt", "eu")]
    found = []
    for call, hosts in zip(CALLS, (first, second), strict=True):
        for place, host in enumerate(hosts):
            again = place > 0 and hosts[place - 1] is host
            late = call.key == OPEN and host.key in {"eu", "fi"}
            state = {"eu": "submitted", "fi": "returned"}[host.key] if late else "published"
            day = -3 if late else call.published + (4 if place % 2 else 8)
            found.append(Offer(call.key, host.key, day, state, _entry(chance, call, host, today, again=again)))
    return found


def _entry(chance: random.Random, call: Call, host: Organisation, today: date, *, again: bool) -> dict[str, Any]:
    topics = list(reversed(host.topics)) if again else list(host.topics)
    per_week = chance.choice((1, 2))
    first, last = call.visits
    return {
        "title": texts.TITLE[topics[0]],
        "unit": chance.choice(texts.UNITS),
        "city": host.city,
        "outline": texts.OUTLINE[topics[0]],
        "security": "A pass is made at the gate; bring the service card.",
        "topics": topics,
        "expertise": [area.value for area in host.expertise],
        "places": chance.randint(2, 4),
        "periods": [{**_period(today, first, last - chance.randint(0, 14)), "places_per_week": per_week}],
        "languages": [
            {"language": one, "level": chance.choice(("B1", "B2", "B2")) if one == "en" else "B2"}
            for one in host.languages
        ],
        "excluded_rank_groups": ["senior_management"] if chance.random() < 0.25 else [],
        "days": chance.choice((3, 4, 5, 5)),
        "costs_borne": chance.sample(["accommodation", "meals", "local_transport"], chance.randint(1, 3)),
    }


def _profiles(chance: random.Random, mentors: list[Person], today: date) -> list[Mentor]:
    """Ten in the first call, fourteen in the second: each mentor once, the persona in both."""
    by_key = {one.key: one for one in HOSTS}
    persona = [one for one in mentors if one.subject.startswith("persona")]
    others = [one for one in mentors if one not in persona]
    found = []
    for call, those in zip(CALLS, (persona + others[:9], persona + others[9:]), strict=True):
        for place, person in enumerate(those):
            host = by_key[person.organisation or ""]
            entry = {
                "service": host.service.value,
                "rank_group": (person.rank_group or RankGroup.SUPERVISOR).value,
                "expertise": [
                    {"area": area.value, "level": 3 if number else 2, "years": max(5, person.years or 5)}
                    for number, area in enumerate(host.expertise)
                ],
                "languages": [
                    {"language": NATIVE[host.country], "level": "NS"},
                    {"language": "en", "level": "C1"},
                    *({"language": one, "level": "C1"} for one in host.languages if one not in {"en", NATIVE[host.country]}),
                ],
                "minimum_level": "B1",
                "capacity": chance.choice((1, 1, 2)),
                "periods": [_period(today, call.published + 30, call.published + 200)],
                "topics": list(host.topics),
                "about": chance.choice(texts.ABOUT),
            }
            found.append(Mentor(call.key, person.subject, call.published + (5 if place % 2 else 9), entry))
    return found
