"""Read a matching problem from one or more files.

A JSON file holds any of the names of a problem (`engine/problem/document.py`); a table is recognised by its heading:
candidates, seats, fixed pairs or rules. All faults of all files are found in one pass.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Rules, Seat, default_weights
from services.matching.engine.schedule import VisitRequest
from services.matching.sheets.files import references, settings, tables, terms
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.fields import FIELDS, PARTS, Objects, Setting
from services.matching.sheets.files.findings import Place
from services.matching.sheets.files.references import JsonPart
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.files.tables import Item
from services.matching.sheets.files.words import is_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from services.matching.sheets.files.findings import Findings

KINDS: Mapping[type, frozenset[str]] = {
    Fixed: frozenset({"candidate_id", "seat_id"}),
    Seat: frozenset({"id", "capacity"}),
    Candidate: frozenset({"id", "rank_group"}),
    **settings.KINDS,
}
"""The columns by which a table is known."""
_RESULT_SHEETS = frozenset({"Summary", "Matches", "Messages"})
_NOT_A_RESULT = (
    "this is the result of a run, not a list to match; give the files from which it was made "
    "(on the board it can be selected beside them as an earlier result)"
)
_VISITS = frozenset({"confirmed_on", "host_periods"})
"""The columns by which visits are told from fixed pairs."""
_NOT_VISITS = (
    "these are visits, to which tandem schedule gives dates; for fixed pairs keep only the columns candidate_id, "
    "seat_id and country"
)
_NAMES = {kind: name for name, kind in PARTS.items()}
_ALONE = tuple(part.name for part in fields(Problem) if part.name not in PARTS)


def read(files: Iterable[Path], *, day: date, seed: str | None = None, reading: Reading | None = None) -> Problem:
    """Return the problem in the files; `day` is the default day, `seed` takes precedence over the files.

    What was found goes into `reading`. Raises `UnusableFiles` that names every fault by its place.
    """
    reading = reading or Reading()
    findings = reading.findings
    items: dict[str, list[Item]] = {name: [] for name in PARTS}
    alone: dict[str, JsonPart] = {}
    for file in files:
        if file.suffix.lower() == ".json":
            _take_json(file, items, alone, reading)
        else:
            _take_tables(file, items, alone, reading)
    for name in ("candidates", "seats"):
        if not items[name] and not reading.incomplete:
            findings.fault(
                Place(Path("all files")),
                f"there are no {name} in the files; the template shows how they are written",
            )
    rules = alone.get("rules")
    references.check(items, rules, findings, complete=not reading.incomplete)
    tables.check([(PARTS[name], item) for name, rows in items.items() for item in rows], findings)
    value: dict[str, Any] = {"call_id": "files", "day": day.isoformat(), "seed": "files"}
    value |= {name: single.value for name, single in alone.items()} | ({"seed": seed} if seed is not None else {})
    if not reading.incomplete and is_day(value["day"]):
        references.past_weeks(items, value["day"], findings)
    rules_value = value.setdefault("rules", {})
    if isinstance(rules_value, dict):
        weights: Mapping[str, object] = terms.weights_written(
            default_weights(needs_cited=bool(rules_value.get("needs")))
        )
        if rules is not None and rules.places:
            weights = terms.weights_with(weights, rules_value.pop("weights", {}))
        value["rules"] = {"weights": weights, **rules_value}
    _check_alone(value, alone, findings)
    findings.check()
    value |= {name: [item.value for item in rows] for name, rows in items.items() if rows or name != "fixed"}
    return document.read(Problem, value)


def _take_tables(file: Path, items: dict[str, list[Item]], alone: dict[str, JsonPart], reading: Reading) -> None:
    """Add the tables of a file."""
    findings = reading.findings
    sheets: dict[type, dict[str, int]] = defaultdict(dict)
    found_tables = tables.find(file, KINDS, reading)
    names = {sheet.name for sheet in reading.sheets if sheet.file == file}
    if names >= _RESULT_SHEETS:
        findings.fault(Place(file), _NOT_A_RESULT)
        reading.incomplete = True
        return
    for table in found_tables:
        if _holds_visits(table, findings):
            reading.incomplete = True
        elif table.kind is Setting:
            _take_settings(settings.read(tables.items(table, reading), (Rules, Problem), findings), alone, findings)
        else:
            found = tables.items(table, reading)
            items[_NAMES[table.kind]] += found
            sheets[table.kind][table.sheet.name or ""] = len(found)
    tables.warn_of_several_sheets(file, sheets, findings)


def _holds_visits(table: tables.Table, findings: Findings) -> bool:
    """Return whether what looks like fixed pairs are visits, which would take places unasked: that is a fault."""
    if table.kind is not Fixed or not set(tables.names_of(table, VisitRequest)) >= _VISITS:
        return False
    findings.fault(replace(table.sheet.place, row=table.heading_row), _NOT_VISITS)
    return True


def _take_settings(found: Mapping[type, JsonPart], alone: dict[str, JsonPart], findings: Findings) -> None:
    """Add the settings of a sheet to the parts that are no lists."""
    parts: dict[str, JsonPart] = {}
    if (own := found.get(Problem)) is not None:
        parts |= {name: JsonPart(own.at(name), text) for name, text in own.value.items()}
    if (own := found.get(Rules)) is not None:
        parts["rules"] = own
    for name, part in parts.items():
        if name in alone:
            findings.fault(part.place, f"its {name} is in {alone[name].place} already; keep one of them")
        alone[name] = part


def _take_json(file: Path, items: dict[str, list[Item]], alone: dict[str, JsonPart], reading: Reading) -> None:
    """Add the contents of a JSON file."""
    value, place, findings = tables.json_of(file, reading), Place(file), reading.findings
    names = ", ".join((*PARTS, *_ALONE))
    if value is None:
        return
    if not isinstance(value, dict):
        findings.fault(place, f"it holds no object; its names are any of {names}")
        reading.incomplete = True
        return
    for name, part in value.items():
        own = Reader(replace(place, path=(name,)), findings)
        if name in _ALONE:
            if name in alone:
                findings.fault(own.place, f"it is in {alone[name].place} already; keep one of them")
            alone[name] = JsonPart(own.place, own.json(FIELDS[Problem][name], part))
        elif name not in PARTS:
            findings.fault(own.place, f"this name is not known; known are {names}")
        elif not isinstance(part, list) or not all(isinstance(item, dict) for item in part):
            findings.fault(own.place, "a list of objects is needed here")
        else:
            shape = Objects(PARTS[name])
            items[name] += [
                Item(own.at(number).place, own.at(number).json(shape, item)) for number, item in enumerate(part)
            ]


def _check_alone(value: dict[str, Any], alone: Mapping[str, JsonPart], findings: Findings) -> None:
    """Find what is wrong with all that is no list: rules, day, seed."""
    recorded = tables.Recorded.of(findings)
    try:
        document.read(Problem, {**value, "candidates": [], "seats": []})
    except Unreadable as wrong:
        for fault in wrong.faults:
            name, rest = (str(fault.path[0]), fault.path[1:]) if fault.path else ("rules", ())
            single = alone.get(name)
            place = single.at(*rest) if single else Place(Path("all files"))
            if place not in recorded:
                findings.fault(place, fault.text)
