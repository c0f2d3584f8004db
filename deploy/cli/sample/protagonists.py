"""Plan the applications around which the story of the second call turns.

Ani looks for a placement and Nino for a mentor. A pair of officers visits each other's agencies in a ring, two
officers apply as a group, a mentee has agreed with a mentor beforehand, and one more officer competes for the places
at the host of Ani.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from deploy.cli.sample import texts
from deploy.cli.sample.organisations import HOSTS, PARTNERS
from deploy.cli.sample.plan import CALLS, NATIVE, OPEN, Application, Progress, period
from shared.contracts.codes import ApplicationMode, Expertise, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deploy.cli.sample.days import Days
    from deploy.cli.sample.organisations import Organisation
    from deploy.cli.sample.plan import Person

ANI, NINO = "persona-officer", "persona-mentee"
_WISHES = {ANI: 3, NINO: 2}
RING = ("md1", "ua1")
"""These two agencies of partner countries host each other's officers."""
GROUP_HOST = "pl"
"""The host that receives a group."""
_NINO, _LATER = -56, -21
_YEARS = 4
_CALL = next(call for call in CALLS if call.key == OPEN)


def _works_at(organisation: str, person: Person) -> bool:
    return person.organisation == organisation


def protagonists(
    days: Days, people: Sequence[Person], others: Sequence[tuple[Person, str]], mentor: Person
) -> list[Application]:
    """Return their applications to the second call; `others` apply to it besides, and `mentor` has a profile."""
    ani, nino = (next(person for person in people if person.subject == subject) for subject in (ANI, NINO))
    officers = [person for person in people if person.role is Role.OFFICER]
    busy = {person.subject for person, _ in others}
    free = [
        officer
        for officer in officers
        if officer.subject not in {*busy, ANI, NINO}
        and officer.country in _CALL.countries
        and (officer.years or 0) >= _YEARS
    ]

    def pick(fits: Callable[[Person], bool]) -> Person:
        found = next(officer for officer in free if fits(officer))
        free.remove(found)
        return found

    hosts = {body.key: body for body in (*HOSTS, *PARTNERS)}
    ring = [pick(partial(_works_at, home)) for home in RING]
    leader = pick(lambda officer: officer.country == "GE")
    member = pick(lambda officer: officer.country == "GE")
    mentee = pick(lambda officer: officer.country == "UA")
    rival = pick(lambda officer: officer.country == "MD")

    def apply(
        person: Person,
        host: Organisation,
        day: int,
        kind: str = "study_visit",
        companion: tuple[str, str] | None = None,
    ) -> Application:
        home = (person.country or "", person.organisation or "")
        return Application(
            OPEN,
            person.subject,
            kind,
            day,
            Progress.JUDGED,
            _answers(days, home, host, kind),
            companion,
            wishes=_WISHES.get(person.subject, 0),
        )

    return [
        apply(ani, hosts["fr"], _LATER),
        apply(nino, hosts["lt"], _NINO, "mentee"),
        *(apply(officer, hosts[away], _LATER) for officer, away in zip(ring, reversed(RING), strict=True)),
        apply(leader, hosts[GROUP_HOST], _LATER, companion=(ApplicationMode.GROUP, member.subject)),
        apply(member, hosts[GROUP_HOST], _LATER),
        apply(
            mentee,
            hosts[mentor.organisation or ""],
            _NINO,
            "mentee",
            (ApplicationMode.PRE_MATCHED, mentor.subject),
        ),
        apply(rival, hosts["fr"], _LATER),
    ]


def _answers(days: Days, person: tuple[str, str], host: Organisation, kind: str) -> dict[str, Any]:
    country, home = person
    topic = host.topics[0] if host.topics else "criminal_networks"
    first, last = (_CALL.published + 30, _CALL.published + 200) if kind == "mentee" else _CALL.visits
    areas = dict.fromkeys([*host.expertise, Expertise.ANALYSIS])
    level = (
        "C2" if (country, host.country) == ("AM", "FR") else "C1"
    )  # so that no draw between equals decides about Ani
    return {
        "expertise": [{"area": area, "level": 2, "years": _YEARS} for area in areas],
        "languages": [{"language": NATIVE[country], "level": "NS"}, {"language": "en", "level": level}],
        "topics": list(host.topics or (topic,)),
        "preferred_countries": [host.country],
        "periods": [period(days, OPEN, first, last)],
        "objectives": list(texts.OBJECTIVES[topic][:2]),
        "cascade_committed": True,
        "cascade_plan": texts.CASCADE[0],
        "line_manager_name": "Head of Unit",
        "line_manager_email": f"head.{home}@{home}.example",
        "took_part_before": False,
    }
