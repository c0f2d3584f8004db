"""Say what each fetched figure tells of the unknowns, and what the real programme's units are."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from tests.redteam.attacker import RESULTS, VALUES, Attacker, World, single
from tests.redteam.programme import COVERS, DAYS, FOUND, UNMET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.redteam.attacker import Cell, Fetched, Target, Unit
    from tests.redteam.programme import Officer

Known = list[tuple[int, "Officer"]]
"""Each officer, and the moment from which he or she is known."""
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
DECISIONS = World({"D": ("country", "sex")})
EVALUATIONS = World({}, [("S", "", "yes"), ("S", "", "no")])
_SPLIT = [(name, value) for name in ("host", "country") for value in VALUES[name]]
_EARLY: list[Unit] = [("early days", *each) for each in _SPLIT]
VISITS = World(
    {"V": ("country", "sex", "host", "topic"), "E": ("host", "country"), "W": ("host",)},
    [*_EARLY, ("early days", "", ""), *(("R", "", each) for each in ("in time", "late", "never"))],
)
"""V: completed, E: ended, W: planned; R: completed visits by the guest's evaluation."""


def visits(fetched: Iterable[Fetched], moments: int) -> Attacker:
    """Return what is known of visits: completed and ended ones, their days, officials, evaluations in time."""
    made = Attacker(VISITS, moments)
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
        made.total(each, "TOPCOP-OP-01", [(1, ("V", "", ""))])
        for name in ("country", "sex", "topic"):
            made.rows(each, "TOPCOP-OP-01", _DIMENSIONS[name], single("V", name))
        for name in ("country", "sex", "host", "topic"):
            made.rows(each, "TOPCOP-OP-02", _DIMENSIONS[name], single("V", name))
        for indicator, name in (("TOPCOP-OP-03", "host"), ("TANDEM-RC-01", "country")):
            made.total(each, indicator, [(DAYS, ("V", "", "")), (1, ("early days", "", ""))])
            made.rows(each, indicator, _DIMENSIONS[name], _days_of(name))
        made.total(each, "TOPCOP-OP-06", [(1, ("V", "sex", "female"))])
        said = [(1, ("V", "sex", value)) for value in VALUES["sex"] if value != "unsaid"]
        made.total(each, "TOPCOP-OP-06", said, "denominator")
        made.total(each, "TOPCOP-DQ-01", [(1, ("R", "", "in time"))])
        made.total(each, "TOPCOP-DQ-01", [(1, ("V", "", ""))], "denominator")
        answered = each.figures.get("TOPCOP-DQ-01")
        for note in answered["notes"] if answered is not None and not answered["waits"] else ():
            if note["text"].startswith("evaluated later"):
                late = made.amount([(1, ("R", "", "late"))], each.label, each.moment)
                made.learn(late, str(note["numerator"]))
        for indicator in ("TOPCOP-PR-03", "TOPCOP-PR-04"):
            made.total(each, indicator, [(1, ("W", "", ""))], "denominator")
            made.rows(each, indicator, "host-country", single("W", "host"), "denominator")
    return made


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


def applications(fetched: Iterable[Fetched], moments: int) -> Attacker:
    """Return what is known of applications and their results."""
    made = Attacker(APPLICATIONS, moments)
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


def decisions(fetched: Iterable[Fetched], moments: int) -> Attacker:
    """Return what is known of decisions; all were positive."""
    made = Attacker(DECISIONS, moments)
    for each in fetched:
        made.total(each, "TOPCOP-PR-01", [(1, ("D", "", ""))], "denominator")
        made.total(each, "TOPCOP-PR-02", [(1, ("D", "", ""))], "denominator")
        for name in ("country", "sex"):
            made.rows(each, "TOPCOP-PR-01", _DIMENSIONS[name], single("D", name), "denominator")
    return made


def evaluations(fetched: Iterable[Fetched], moments: int) -> Attacker:
    """Return what is known of guests' evaluations."""
    made = Attacker(EVALUATIONS, moments)
    for each in fetched:
        made.total(each, "TOPCOP-OC-01", [(1, ("S", "", "yes"))])
        made.total(each, "TOPCOP-OC-01", [(1, ("S", "", "yes")), (1, ("S", "", "no"))], "denominator")
    return made


def cells(world: World) -> list[Cell]:
    """Return the cells of a world that figures count, so that few people in one may not be worked out."""
    found: list[Cell] = [(unit,) for unit in world.units if unit[0] in {"V", "A", "D", "S", "R"}]
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
    if officer.visit == "completed":
        add("V", "country", "sex", "host", "topic")
        found.append(("C", f"{officer.country}|{officer.topic}", ""))
        found.append(("R", "", "never" if officer.score is None else "in time"))
    if officer.score is not None:
        found.append(("S", "", "yes" if officer.score >= 4 else "no"))
    return found


def real(known: Sequence[tuple[int, Officer]]) -> Callable[[Target], int]:
    """Return the function that gives the real number of a target."""
    counted: Counter[tuple[Unit, str, int]] = Counter()
    for moment, officer in known:
        counted.update((unit, officer.quarter, moment) for unit in units_of(officer))

    def number(target: Target) -> int:
        return sum(
            sign * counted[unit, quarter, until]
            for unit in target.cell
            for sign, label, moment in target.parts
            for quarter in COVERS[label]
            for until in range(moment + 1)
        )

    return number
