"""Generate the sample programme.

Pure: the same seed and day always give the same programme.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from deploy.cli.sample import texts
from deploy.cli.sample.days import Days
from deploy.cli.sample.hosting import offers, profiles
from deploy.cli.sample.names import draw
from deploy.cli.sample.organisations import HOSTS, PARTNERS, PERSONA_ORGANISATIONS
from deploy.cli.sample.plan import CALLS, FINISHED, NATIVE, OPEN, Application, Call, Person, Programme, Progress, period
from deploy.cli.sample.protagonists import RING, protagonists
from deploy.cli.sample.unmet import unmet
from deploy.local.personas import PERSONAS
from shared.contracts.codes import EMPACT_2026, PRIORITIES, Expertise, RankGroup, Role, Wishes

if TYPE_CHECKING:
    from datetime import date

SEED = 20_261
OFFICERS = {"AM": 16, "AZ": 12, "BY": 6, "GE": 16, "MD": 12, "UA": 16}
"""Made-up officers by country; with the two personas they are 80."""
MENTORS = 24
WRITES_IN = {"fr": "fr", "uk": "uk", "ro": "ro"}


def generate(today: date, seed: int = SEED) -> Programme:
    """Return the sample programme that ends on `today`."""
    chance = random.Random(seed)  # noqa: S311 - made-up people, no secrets
    days = Days(today)
    taken = {persona.name for persona in PERSONAS}
    officers = _officers(chance, taken)
    mentors = _mentors(chance, taken)
    people = (*_personas(), *_coordinators(chance, taken), *_contacts(chance, taken), *officers, *mentors)
    by_call = _applicants(chance, officers)
    applications = [
        _application(chance, call, person, kind, place, days)
        for call in CALLS
        for place, (person, kind) in enumerate(by_call.get(call.key, ()))
    ]
    applications += protagonists(days, people, by_call[OPEN], mentors[-1])
    first = {officer.subject for officer, _ in by_call[FINISHED]}
    applications += unmet(days, [each for each in by_call[OPEN] if each[0].subject not in first])
    return Programme(
        days=days,
        organisations=PARTNERS + HOSTS,
        people=tuple(people),
        calls=CALLS,
        applications=tuple(applications),
        offers=tuple(offers(chance, days)),
        mentors=tuple(profiles(chance, [person for person in people if person.role is Role.MENTOR], days)),
    )


def _personas() -> list[Person]:
    """Return the personas as the register knows them."""
    found = []
    for persona in PERSONAS:
        official = persona.role in {Role.OFFICER, Role.MENTOR}
        found.append(
            Person(
                subject=persona.subject,
                name=persona.name,
                own_name={"persona-officer": "Անի Պետրոսյան", "persona-mentee": "ნინო ბერიძე"}.get(persona.subject, ""),
                email=f"{persona.subject}@tandem.example",
                language="en",
                role=persona.role,
                country=persona.country,
                organisation=PERSONA_ORGANISATIONS.get(persona.subject),
                unit="Analysis" if official else "",
                rank_group=RankGroup.SUPERVISOR if official else None,
                national_rank="Captain" if official else "",
                years=9 if official else None,
                sex={"persona-officer": "female", "persona-mentee": "female"}.get(persona.subject),
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
        years=chance.choices((2, *range(3, 25)), (8, *[4] * 22))[0],
        sex=None if chance.random() < 0.08 else ("female" if named.woman else "male"),
    )


def _officers(chance: random.Random, taken: set[str]) -> list[Person]:
    found = []
    for country, count in OFFICERS.items():
        bodies = [partner for partner in PARTNERS if partner.country == country]
        for number in range(1, count + 1):
            subject = f"sample-officer-{country.lower()}-{number:02d}"
            body = chance.choices(bodies, [3, 2, 2][: len(bodies)])[0]
            found.append(_person(chance, taken, subject, Role.OFFICER, country, body.key))
    return found


def _mentors(chance: random.Random, taken: set[str]) -> list[Person]:
    """Return all but the persona, over the hosts in turn."""
    return [
        _person(chance, taken, f"sample-mentor-{number:02d}", Role.MENTOR, host.country, host.key)
        for number, host in zip(range(1, MENTORS), [*HOSTS, *HOSTS], strict=False)
    ]


def _coordinators(chance: random.Random, taken: set[str]) -> list[Person]:
    there = {persona.country for persona in PERSONAS if persona.role is Role.NATIONAL_COORDINATOR}
    wanted = sorted({body.country for body in PARTNERS + HOSTS} - there - {"EU"})
    return [
        _person(chance, taken, f"sample-coordinator-{country.lower()}", Role.NATIONAL_COORDINATOR, country, None)
        for country in wanted
    ]


def _contacts(chance: random.Random, taken: set[str]) -> list[Person]:
    return [
        _person(chance, taken, f"sample-host-{host.key}", Role.HOST_CONTACT, host.country, host.key)
        for host in (*HOSTS, *(partner for partner in PARTNERS if partner.key in RING))
        if host.key != PERSONA_ORGANISATIONS["persona-host"]
    ]


def _applicants(chance: random.Random, officers: list[Person]) -> dict[str, list[tuple[Person, str]]]:
    """Return who applies to which call, for what: every officer once, a dozen of those from the first call again."""
    active = [officer for officer in officers if officer.country != "BY"]
    chance.shuffle(active)
    first = [officer for officer in officers if officer.country == "BY"] + active[:34]
    second = active[34:] + active[:12]
    chance.shuffle(first)
    return {
        FINISHED: [(officer, "mentee" if place % 5 == 4 else "study_visit") for place, officer in enumerate(first)],
        OPEN: [(officer, "mentee" if place in _MENTEES else "study_visit") for place, officer in enumerate(second)],
    }


_MENTEES = frozenset({1, 3, 6, 8, 11, 13, 16, 23, 33, 43})
"""Of the applicants to the second call these look for a mentor, so that more than a handful of mentors are at work."""
# These want to go to the agency of a persona, so that the persona has something to decide, or has had.
_WANT: dict[tuple[str, int], str] = {
    **{(OPEN, place): "persona-host" for place in (19, 21)},
    **{(FINISHED, place): "persona-mentor" for place in (4, 9, 14)},
}
_WISHES = (3, 0, 2)
"""So many places each of three applicants puts in order, where the call counts an order."""
# The first call's applications came on these days.
_FIRST_DAYS = (-350, -346, -342, -338)
_SECOND_DAYS: tuple[tuple[int, int, tuple[Progress, ...]], ...] = (
    (18, -56, (Progress.JUDGED,)),
    (27, -52, (Progress.JUDGED, Progress.JUDGED, Progress.JUDGED, Progress.JUDGED, Progress.WITHDRAWN)),
    (33, -21, (Progress.JUDGED, Progress.JUDGED, Progress.NOT_ENDORSED)),
    (39, -12, (Progress.JUDGED, Progress.JUDGED, Progress.ENDORSED)),
    (45, -4, (Progress.SUBMITTED, Progress.RETURNED, Progress.SUBMITTED)),
    (99, -1, (Progress.DRAFT, Progress.SUBMITTED)),
)
"""Up to which place among the applicants, on which day, and how far those of each day have come."""


def _when(call: str, place: int) -> tuple[int, Progress]:
    if call == FINISHED:
        fate = {7: Progress.NOT_ENDORSED, 19: Progress.WITHDRAWN, 28: Progress.NOT_ENDORSED}.get(place, Progress.JUDGED)
        return _FIRST_DAYS[place % len(_FIRST_DAYS)], fate
    day, fates = next(row[1:] for row in _SECOND_DAYS if place < row[0])
    return day, fates[place % len(fates)]


def _application(chance: random.Random, call: Call, person: Person, kind: str, place: int, days: Days) -> Application:
    day, fate = _when(call.key, place)
    wanted = chance.choice(HOSTS)
    persona = _WANT.get((call.key, place))
    if persona is not None:
        wanted = next(host for host in HOSTS if host.key == PERSONA_ORGANISATIONS[persona])
    topics = [*wanted.topics, *chance.sample(sorted(PRIORITIES[EMPACT_2026]), 2)]
    areas = dict.fromkeys([*chance.sample(wanted.expertise, min(2, len(wanted.expertise))), Expertise.ANALYSIS])
    topic = topics[0]
    objectives = texts.OBJECTIVES[topic]
    answers = {
        "expertise": [
            {"area": area, "level": chance.choice((1, 2, 2, 3)), "years": min(person.years or 0, chance.randint(1, 10))}
            for area in areas
        ],
        "languages": _languages(chance, person.country or "", "C1" if persona else None),
        "topics": list(dict.fromkeys(topics))[:3],
        "preferred_countries": [wanted.country]
        if (chance.random() < 0.7 or persona) and wanted.country != "EU"
        else [],
        "periods": _periods(chance, call, kind, days),
        "objectives": list(objectives[: chance.randint(1, len(objectives))]),
        "cascade_committed": True,
        "cascade_plan": chance.choice(texts.CASCADE),
        "line_manager_name": "Head of Unit",
        "line_manager_email": f"head.{(person.organisation or 'unit')}@{person.organisation}.example",
        "took_part_before": chance.random() < 0.1,
    }
    wishes = 0 if call.wishes is Wishes.SCORES else _WISHES[place % len(_WISHES)]
    return Application(call.key, person.subject, kind, day, fate, answers, wishes=wishes)


def _languages(chance: random.Random, country: str, english: str | None) -> list[dict[str, str]]:
    languages = [{"language": NATIVE[country], "level": "NS"}]
    level = english or chance.choices(("A2", "B1", "B2", "C1"), (10, 22, 42, 26))[0]
    languages.append({"language": "en", "level": level})
    if chance.random() < 0.25:
        other = {"MD": "fr", "UA": "pl", "GE": "de"}.get(country, "ru")
        languages.append({"language": other, "level": chance.choice(("B1", "B2", "C1"))})
    return languages


def _periods(chance: random.Random, call: Call, kind: str, days: Days) -> list[dict[str, str]]:
    first, last = call.visits
    if kind == "mentee":
        return [period(days, call.key, call.published + 30, call.published + 200)]
    length = (last - first) // 2
    start = first + chance.randint(0, last - first - length)
    return [period(days, call.key, start, start + length)]
