"""Change the rules of a problem by options or by a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.problem.problem import Problem, Rules
from services.matching.sheets.files import settings, tables
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.fields import Objects
from services.matching.sheets.files.findings import Place
from services.matching.sheets.files.references import JsonPart, exclusions
from services.matching.sheets.files.sheets import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.matching.engine.problem.problem import Weight
    from services.matching.sheets.files.findings import Findings
    from shared.contracts.codes import Criterion

_WHOLE = {
    "exclusions": "exclusions",
    "suspended": "suspensions",
    "needs": "training needs",
    "reciprocity": "points of reciprocity",
}
"""The rules that are lists: other rules replace each as a whole."""
_NAMED = 5


def change_rules(
    problem: Problem | None, file: Path | None, options: Mapping[str, object], reading: Reading | None = None
) -> Rules:
    """Return the rules with those of a file, then the options, applied.

    The file is JSON (`rules`, or their names alone) or a sheet of rules.
    Of `weights`, `ceilings` and `floors` only what is named is replaced; null removes a ceiling or floor. Without a
    problem, whose files have faults, only the faults of the file and the options are looked for. Raises
    `UnusableFiles` with all faults.
    """
    reading = reading or Reading()
    findings = reading.findings
    before = Rules() if problem is None else problem.rules
    value = document.plain(before)
    value.setdefault("weights", weights_written(before.weights))
    options_place = Place(Path("the options"))
    own_options = JsonPart(options_place, Reader(options_place, findings).json(Objects(Rules), options))
    given = own_options if file is None else _rules_of(file, reading)
    for part in (given, own_options) if file is not None else (own_options,):
        if problem is not None:
            agencies = [seat.organisation_id for seat in problem.seats]
            agencies += [candidate.organisation_id for candidate in problem.candidates]
            exclusions(part, agencies, findings)
        _put(value, part.value if isinstance(part.value, dict) else {})
    recorded = tables.Recorded.of(findings)
    try:
        rules = document.read(Rules, value)
    except Unreadable as wrong:
        for fault in wrong.faults:
            part = own_options if fault.path and fault.path[0] in options else given
            own_place = part.at(*fault.path)
            if own_place not in recorded:
                findings.fault(own_place, fault.text)
        rules = before
    findings.check()
    if problem is None:
        return rules
    _without_effect(problem, rules, given, findings)
    _limits(problem, rules, given, findings)
    try:
        return replace(problem, rules=rules).rules
    except ValueError as wrong:
        raise UnusableFiles(f"{given.place}: {wrong}") from wrong


def _without_effect(problem: Problem, rules: Rules, given: JsonPart, findings: Findings) -> None:
    """Warn where no rule changes, and where a list that is replaced as a whole loses entries."""
    if rules == problem.rules:
        findings.warn(given.place, "nothing here differs from the rules of the files, so both results are the same")
    for name, words in _WHOLE.items():
        old, new = _entries(problem.rules, name), _entries(rules, name)
        if gone := [text for text in old if text not in new]:
            more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
            text = f"the {words} here take the place of those in the files; these do not count: "
            findings.warn(given.at(name), f"{text}{', '.join(gone[:_NAMED])}{more}. Repeat those that are to stay")


def _entries(rules: Rules, name: str) -> list[str]:
    """Return what a list of the rules is about, in words."""
    if name == "exclusions":
        return [f"{each.first} and {each.second}" for each in rules.exclusions]
    return [key if isinstance(key, str) else " and ".join(key) for key in getattr(rules, name)]


def _limits(problem: Problem, rules: Rules, given: JsonPart, findings: Findings) -> None:
    """Warn of other limits for a country from which nobody comes, or that cannot both be met."""
    homes = {candidate.country for candidate in problem.candidates} | {pair.country for pair in problem.fixed}
    ceilings, floors = problem.rules.ceilings, problem.rules.floors
    for name, new, old in (("ceilings", rules.ceilings, ceilings), ("floors", rules.floors, floors)):
        for country in new:
            if country not in homes and new[country] != old.get(country):
                findings.warn(given.at(name, country), f"no candidate of the files comes from {country}")
    for country, least in rules.floors.items():
        most = rules.ceilings.get(country)
        if most is not None and most < least and (most, least) != (ceilings.get(country), floors.get(country)):
            text = f"of {country} the floor {least} is above the ceiling {most}, and cannot be met"
            findings.warn(given.at("floors", country), text)


def _rules_of(file: Path, reading: Reading) -> JsonPart:
    """Return the rules in a JSON file or a sheet."""
    findings, place = reading.findings, Place(file)
    if file.suffix.lower() != ".json":
        parts = [
            part
            for table in tables.find(file, settings.KINDS, reading)
            for part in settings.read(tables.items(table, reading), (Rules,), findings, removable=True).values()
        ]
        if len(parts) > 1:
            findings.fault(parts[1].place, f"rules are in {parts[0].place} already; keep one of them")
        return parts[0] if parts else JsonPart(place, {})
    given = tables.json_of(file, reading)
    if isinstance(given, dict) and "rules" in given:
        if others := ", ".join(name for name in given if name != "rules"):
            findings.warn(place, f"of this file only rules is taken; {others} was not read")
        given, place = given["rules"], replace(place, path=("rules",))
    if given is not None and not isinstance(given, dict):
        findings.fault(place, "it holds no object with rules")
    return JsonPart(place, Reader(place, findings).json(Objects(Rules), given))


def _put(value: dict[str, Any], given: Mapping[str, object]) -> None:
    for name, entry in given.items():
        if name == "weights" and isinstance(entry, dict):
            value[name] = weights_with(value.get(name, {}), entry)
        elif name in {"ceilings", "floors"} and isinstance(entry, dict):
            both = {**value.get(name, {}), **entry}
            value[name] = {key: item for key, item in both.items() if item is not None}
        else:
            value[name] = entry


def weights_written(given: Mapping[Criterion, Weight]) -> dict[str, dict[str, int]]:
    """Return weights as a document has them."""
    return {name.value: document.plain(weight) for name, weight in given.items()}


def weights_with(before: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Return weights as a document has them, with those that are given in place of the ones before."""
    both = dict(before)
    for name, own in given.items():
        earlier = before.get(name)
        both[name] = {**earlier, **own} if isinstance(earlier, dict) and isinstance(own, dict) else own
    return {name: own for name, own in both.items() if own is not None}


def weights(texts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return weights from options: `topic=5:1` is 5 for the applicant and 1 for the host. Raises `UnusableFiles`."""
    found = {}
    for text in texts:
        name, equals, numbers = text.partition("=")
        own, colon, host = numbers.partition(":")
        if not equals or not colon or not own.isdecimal() or not host.isdecimal():
            raise UnusableFiles(f"--weight {text}: write it as topic=5:1, first for the applicant, then for the host.")
        found[name] = {"applicant": int(own), "host": int(host)}
    return found


def counts(option: str, texts: Sequence[str]) -> dict[str, int | None]:
    """Return numbers by country from options: `AM=3`, or `AM=none` for no limit. Raises `UnusableFiles`."""
    found: dict[str, int | None] = {}
    for text in texts:
        country, equals, number = text.partition("=")
        if not equals or not (number.isdecimal() or number == "none"):
            raise UnusableFiles(f"{option} {text}: write it as AM=3, or AM=none for no limit.")
        found[country] = None if number == "none" else int(number)
    return found
