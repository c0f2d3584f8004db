"""Say what each fetched figure tells of the unknowns, and what the real programme's units are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

from tests.redteam.attacker import RESULTS, VALUES, Attacker, World, quarters_of, single
from tests.redteam.programme import COVERS, DAYS, FOUND, OPEN, UNMET, standing_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.redteam.attacker import Cell, Fetched, Target, Unit
    from tests.redteam.programme import Mentorship, Officer, Programme


@dataclass
class RealProgramme:
    """The real programme as it becomes known: officers, visits that prove to be errors, mentorships, by moment.

    `ended` are cases that end before their visit, with the reason.
    """

    officers: list[tuple[int, Officer]] = field(default_factory=list)
    voided: list[tuple[int, Officer]] = field(default_factory=list)
    ended: list[tuple[int, Officer, str]] = field(default_factory=list)
    mentorships: list[tuple[int, Mentorship]] = field(default_factory=list)


_DIMENSIONS = {
    "country": "country-of-service",
    "sex": "sex",
    "host": "host-country",
    "topic": "priority-topic",
}
_JOINT = tuple(product(VALUES["country"], VALUES["topic"], RESULTS))
APPLICATIONS = World(
    {"A": ("country", "sex", "topic")},
    [*(("J", f"{c}|{t}", r) for c, t, r in _JOINT), *(("C", f"{c}|{t}", "") for c, t, r in _JOINT if r == FOUND)],
)
DECISIONS = World({"D": ("country", "sex"), "F": ("country", "sex")})
"""D: a place was confirmed; F: another decision."""
MENTORING = World(
    {"N": ("country", "topic"), "P": ("country", "topic"), "Z": ("country", "topic")}, since="NP", net="N"
)
"""N: mentors who begin less those who end; P: pairs that met; Z: completed mentorships."""
EVALUATIONS = World({}, [("S", "", "yes"), ("S", "", "no")])
_SPLIT = [(name, value) for name in ("host", "country") for value in VALUES[name]]
_PLANNED = [("", ""), *(("host", value) for value in VALUES["host"])]
_EARLY: list[Unit] = [("early days", *each) for each in _SPLIT]
VISITS = World(
    {"V": ("country", "sex", "host", "topic"), "E": ("host", "country"), "W": ("host",), "K": ("host", "reason")},
    [*_EARLY, ("early days", "", ""), *(("R", "", each) for each in ("in time", "late", "never"))],
)
"""V: completed, E: ended, W: planned and not cancelled, K: cancelled; R: completed visits by the guest's evaluation."""


def visits(fetched: Iterable[Fetched], programme: Programme) -> Attacker:
    """Return what is known of visits: completed and ended ones, their days, officials, evaluations in time."""
    made = _attacker(VISITS, programme)
    person = "O" if made.repeats else "V"
    if made.repeats:
        made.bound_people("V", ("country", "sex"), ("topic",))
    for of in made.each():
        for name, value in [("", ""), *_SPLIT]:
            early = of(("E", name, value)) - of(("V", name, value))
            days = of(("early days", name, value))
            made.model.add(early >= 0)
            made.model.add(days >= early)
            made.model.add(days <= (DAYS - 1) * early)
        for name in ("host", "country"):
            made.model.add(sum(of(("early days", name, value)) for value in VALUES[name]) == of(("early days", "", "")))
        for value in VALUES["host"]:
            made.model.add(of(("E", "host", value)) <= of(("W", "host", value)))
        made.model.add(sum(of(("R", "", each)) for each in ("in time", "late", "never")) == of(("V", "", "")))
    for each in fetched:
        made.total(each, "TOPCOP-OP-02", [(1, ("V", "", ""))])
        made.total(each, "TOPCOP-OP-01", [(1, (person, "", ""))])
        for name in ("country", "sex", "topic"):
            made.rows(each, "TOPCOP-OP-01", _DIMENSIONS[name], single(person, name))
        for name in ("country", "sex", "host", "topic"):
            made.rows(each, "TOPCOP-OP-02", _DIMENSIONS[name], single("V", name))
        for indicator, name in (("TOPCOP-OP-03", "host"), ("TANDEM-RC-01", "country")):
            made.total(each, indicator, [(DAYS, ("V", "", "")), (1, ("early days", "", ""))])
            made.rows(each, indicator, _DIMENSIONS[name], _days_of(name))
        made.total(each, "TOPCOP-OP-06", [(1, (person, "sex", "female"))])
        said = [(1, (person, "sex", value)) for value in VALUES["sex"] if value != "unsaid"]
        made.total(each, "TOPCOP-OP-06", said, "denominator")
        made.total(each, "TOPCOP-DQ-01", [(1, ("R", "", "in time"))])
        made.total(each, "TOPCOP-DQ-01", [(1, ("V", "", ""))], "denominator")
        answered = each.figures.get("TOPCOP-DQ-01")
        for note in answered["notes"] if answered is not None and not answered["waits"] else ():
            if note["text"].startswith("evaluated later"):
                late = made.amount([(1, ("R", "", "late"))], each.label, each.moment)
                made.learn(late, str(note["numerator"]))
        made.total(each, "TOPCOP-PR-03", [(1, ("W", "", ""))], "denominator")
        made.rows(each, "TOPCOP-PR-03", "host-country", single("W", "host"), "denominator")
        made.total(each, "TOPCOP-PR-04", [(1, ("K", "", ""))])
        made.total(each, "TOPCOP-PR-04", [(1, ("K", "", "")), (1, ("W", "", ""))], "denominator")
        made.rows(each, "TOPCOP-PR-04", "host-country", single("K", "host"))
        made.rows(each, "TOPCOP-PR-04", "host-country", _either("KW", "host"), "denominator")
        made.rows(each, "TOPCOP-PR-04", "reason", single("K", "reason"))
    return made


def _attacker(world: World, programme: Programme) -> Attacker:
    """Return the attacker of a programme. With people who come again the systems are large, so growth is left out."""
    moves = programme.corrections or programme.repeats
    made = Attacker(world, len(programme.steps), programme.repeats, moves)
    for (unit, _, _), number in made.unknown.items():
        if _in_another_group(unit, programme):
            made.model.add(number == 0)
    return made


def _in_another_group(unit: Unit, programme: Programme) -> bool:
    """Return whether a unit has a value for which another one of its group stands: there is none with it."""
    _, name, value = unit
    pairs = zip(("country", "topic"), name.split("|"), strict=True) if "|" in name else ((name, value),)
    return any(standing_for(programme.levels, each, of) != of for each, of in pairs)


def mentoring(fetched: Iterable[Fetched], programme: Programme) -> Attacker:
    """Return what is known of mentorships: mentors at each end, pairs that met since the beginning, completed ones."""
    made = _attacker(MENTORING, programme)
    for moment in range(made.moments):
        for name, value in [("", ""), *((each, value) for each in ("country", "topic") for value in VALUES[each])]:
            for label in COVERS:
                made.model.add(made.amount([(1, ("N", name, value))], label, moment) >= 0)
    for each in fetched:
        for indicator, what in (("TOPCOP-OP-07", "N"), ("TOPCOP-OP-04", "P"), ("TOPCOP-OP-08", "Z")):
            made.total(each, indicator, [(1, (what, "", ""))])
            for name in ("country", "topic"):
                made.rows(each, indicator, _DIMENSIONS[name], single(what, name))
        made.total(each, "TOPCOP-OC-06", [(1, ("Z", "", ""))], "denominator")
    return made


def _either(whats: str, dimension: str) -> Callable[[str], list[tuple[int, Unit]]]:
    """Return the function that gives the units of a value, of whichever of these things."""
    return lambda value: [(1, (what, dimension, value)) for what in whats]


def _days_of(name: str) -> Callable[[str], list[tuple[int, Unit]]]:
    return lambda value: [(DAYS, ("V", name, value)), (1, ("early days", name, value))]


def _joint(country: str, topic: str, result: str) -> list[tuple[int, Unit]]:
    """Return the applications of a country, a topic and a result (each may be any: empty)."""
    countries = [country] if country else VALUES["country"]
    topics = [topic] if topic else VALUES["topic"]
    results = [result] if result else RESULTS
    return [(1, ("J", f"{c}|{t}", r)) for c, t, r in product(countries, topics, results)]


def _completed(country: str, topic: str) -> list[tuple[int, Unit]]:
    return [(1, ("C", of, "")) for _, (_, of, _) in _joint(country, topic, FOUND)]


def applications(fetched: Iterable[Fetched], programme: Programme) -> Attacker:
    """Return what is known of applications and their results."""
    made = _attacker(APPLICATIONS, programme)
    for of in made.each():
        for country in VALUES["country"]:
            made.model.add(sum(of(unit) for _, unit in _joint(country, "", "")) == of(("A", "country", country)))
        for topic in VALUES["topic"]:
            made.model.add(sum(of(unit) for _, unit in _joint("", topic, "")) == of(("A", "topic", topic)))
        for country, topic, result in _JOINT:
            if result == FOUND:
                made.model.add(of(("C", f"{country}|{topic}", "")) <= of(("J", f"{country}|{topic}", result)))
    for each in fetched:
        for indicator in ("TOPCOP-IN-01", "TANDEM-ND-01"):
            made.total(each, indicator, [(1, ("A", "", ""))])
        for name in ("country", "sex", "topic"):
            made.rows(each, "TOPCOP-IN-01", _DIMENSIONS[name], single("A", name))
        made.rows(each, "TANDEM-ND-01", "result", lambda value: _joint("", "", value))
        made.rows(each, "TANDEM-ND-01", "topic-and-result", lambda v: _joint("", v.split("|")[0], v.split("|")[1]))
        made.rows(each, "TANDEM-ND-01", "country-and-result", lambda v: _joint(v.split("|")[0], "", v.split("|")[1]))
        made.total(each, "TANDEM-ND-02", _joint("", "", FOUND))
        made.total(each, "TANDEM-ND-03", _joint("", "", UNMET))
        made.rows(each, "TANDEM-ND-03", "topic-and-country", lambda v: _joint(v.split("|")[1], v.split("|")[0], UNMET))
        for dimension, of_value in (("topic", lambda v: ("", v)), ("country", lambda v: (v, ""))):
            made.rows(each, "TANDEM-ND-02", f"{dimension}-and-completion", _completion(of_value))
    return made


def _completion(of_value: Callable[[str], tuple[str, str]]) -> Callable[[str], list[tuple[int, Unit]]]:
    def units(value: str) -> list[tuple[int, Unit]]:
        which, completion = value.split("|")
        done = _completed(*of_value(which))
        if completion == "completed":
            return done
        return [*_joint(*of_value(which), FOUND), *((-1, unit) for _, unit in done)]

    return units


def decisions(fetched: Iterable[Fetched], programme: Programme) -> Attacker:
    """Return what is known of decisions."""
    made = _attacker(DECISIONS, programme)
    for each in fetched:
        made.total(each, "TOPCOP-PR-01", [(1, ("D", "", ""))])
        for indicator in ("TOPCOP-PR-01", "TOPCOP-PR-02"):
            made.total(each, indicator, [(1, ("D", "", "")), (1, ("F", "", ""))], "denominator")
        for name in ("country", "sex"):
            made.rows(each, "TOPCOP-PR-01", _DIMENSIONS[name], single("D", name))
            made.rows(each, "TOPCOP-PR-01", _DIMENSIONS[name], _either("DF", name), "denominator")
    return made


def evaluations(fetched: Iterable[Fetched], programme: Programme) -> Attacker:
    """Return what is known of guests' evaluations."""
    made = _attacker(EVALUATIONS, programme)
    for each in fetched:
        made.total(each, "TOPCOP-OC-01", [(1, ("S", "", "yes"))])
        made.total(each, "TOPCOP-OC-01", [(1, ("S", "", "yes")), (1, ("S", "", "no"))], "denominator")
    return made


def cells(attacker: Attacker) -> list[Cell]:
    """Return the cells of a world that figures count, so that few people in one may not be worked out."""
    world = attacker.world
    units = [*world.units, *sorted({unit for unit, _ in attacker.people})]
    found: list[Cell] = [(unit,) for unit in units if unit[0] in set("VADFSRONPZWK")]
    if world is VISITS:
        found += [(("K", name, value), ("W", name, value)) for name, value in _PLANNED]
    if world is DECISIONS:
        found += [(("D", *unit[1:]), ("F", *unit[1:])) for unit in units if unit[0] == "D"]
    if world is APPLICATIONS:
        found += [
            tuple(unit for _, unit in terms)
            for terms in (
                *(_joint("", "", result) for result in RESULTS),
                *(_joint("", topic, result) for topic in VALUES["topic"] for result in RESULTS),
                *(_joint(country, "", result) for country in VALUES["country"] for result in RESULTS),
                *(_joint(country, topic, UNMET) for country in VALUES["country"] for topic in VALUES["topic"]),
                *(_completed("", topic) for topic in VALUES["topic"]),
                *(_completed(country, "") for country in VALUES["country"]),
            )
        ]
    return found


def units_of(officer: Officer) -> list[Unit]:
    """Return what an officer adds to the unknowns."""
    values = {
        "country": officer.country,
        "host": officer.host,
        "topic": officer.topic,
        "sex": officer.sex or "unsaid",
    }
    found: list[Unit] = [("J", f"{officer.country}|{officer.topic}", officer.result)]

    def add(what: str, *names: str) -> None:
        found.append((what, "", ""))
        found.extend((what, name, values[name]) for name in names)

    add("A", "country", "sex", "topic")
    if officer.result == FOUND:
        add("D", "country", "sex")
        found.extend(_planned(officer))
    if officer.visit == "completed":
        add("V", "country", "sex", "host", "topic")
        found.append(("C", f"{officer.country}|{officer.topic}", ""))
        found.append(("R", "", "never" if officer.score is None else "in time"))
    if officer.score is not None:
        found.append(("S", "", "yes" if officer.score >= 4 else "no"))
    return found


def _planned(officer: Officer) -> list[Unit]:
    return [("W", "", ""), ("W", "host", officer.host)]


def _of_ending(officer: Officer, reason: str) -> Iterator[tuple[int, Unit]]:
    """Yield what the end of a case changes in the unknowns: a cancelled visit, or another decision."""
    where = f"{officer.country}|{officer.topic}"
    yield -1, ("J", where, officer.result)
    yield 1, ("J", where, OPEN)
    if officer.result == FOUND:
        yield from ((-1, unit) for unit in _planned(officer))
        yield from ((1, unit) for unit in (("K", "", ""), ("K", "host", officer.host), ("K", "reason", reason)))
    else:
        yield from (
            (1, unit)
            for unit in (("F", "", ""), ("F", "country", officer.country), ("F", "sex", officer.sex or "unsaid"))
        )


def _of_mentorship(mentorship: Mentorship) -> Iterator[tuple[int, Unit, str]]:
    """Yield what a mentorship adds to the unknowns, and in which quarter."""
    for name, value in (("", ""), ("country", mentorship.country), ("topic", mentorship.topic)):
        yield 1, ("N", name, value), mentorship.quarter
        if mentorship.met:
            yield 1, ("P", name, value), mentorship.quarter
        if mentorship.end:
            yield -1, ("N", name, value), mentorship.end
            if mentorship.completed:
                yield 1, ("Z", name, value), mentorship.end


def _came(known: RealProgramme, unit: Unit, label: str, moment: int) -> int:
    """Return how many people with a value completed a visit in a period, as known at a moment."""
    voided = {officer.number for until, officer in known.voided if until <= moment}
    return len(
        {
            officer.person
            for until, officer in known.officers
            if until <= moment and officer.number not in voided and officer.quarter in COVERS[label]
            and ("V", *unit[1:]) in units_of(officer)
        }
    )  # fmt: skip


def real(known: RealProgramme, world: World) -> Callable[[Target], int]:
    """Return the function that gives the real number of a target."""
    counted: Counter[tuple[Unit, str, int]] = Counter()
    for moment, officer in known.officers:
        counted.update((unit, officer.quarter, moment) for unit in units_of(officer))
    for moment, officer in known.voided:
        gone = Counter(units_of(officer)) - Counter(units_of(replace(officer, visit="", score=None)))
        gone.update(_planned(officer))
        counted.subtract((unit, officer.quarter, moment) for unit in gone.elements())
    for moment, officer, reason in known.ended:
        for sign, unit in _of_ending(officer, reason):
            counted[unit, officer.quarter, moment] += sign
    for moment, mentorship in known.mentorships:
        for sign, unit, quarter in _of_mentorship(mentorship):
            counted[unit, quarter, moment] += sign

    def number(target: Target) -> int:
        return sum(
            sign
            * (
                _came(known, unit, label, moment)
                if unit[0] == "O"
                else sum(
                    counted[unit, quarter, until]
                    for quarter in quarters_of(world, unit, label)
                    for until in range(moment + 1)
                )
            )
            for unit in target.cell
            for sign, label, moment in target.parts
        )

    return number
