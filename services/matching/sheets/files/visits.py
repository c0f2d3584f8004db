"""Read the visits that need dates, and the policy, from tables or JSON files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.schedule import SchedulePolicy, VisitRequest
from services.matching.sheets.files import tables
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.fields import Objects
from services.matching.sheets.files.findings import Level, Place
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.files.tables import Item

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS: Mapping[type, frozenset[str]] = {VisitRequest: frozenset({"candidate_id", "seat_id"})}
"""The columns by which a table of visits is known."""


def read(
    file: Path, policy_file: Path | None = None, reading: Reading | None = None
) -> tuple[list[VisitRequest], SchedulePolicy]:
    """Return the visits of a file in its order (a table, or a JSON list), and the policy of another, or the default.

    What was found goes into `reading`. Raises `UnusableFiles` with all faults of both.
    """
    reading = reading or Reading()
    findings = reading.findings
    items: list[Item] = []
    if file.suffix.lower() == ".json":
        items = _of_json(file, reading)
    else:
        items = [item for table in tables.find(file, KINDS, reading) for item in tables.items(table, reading)]
    visits: list[VisitRequest] = tables.check([(VisitRequest, item) for item in items], findings)
    policy = SchedulePolicy() if policy_file is None else _policy(policy_file, reading)
    if not items and not reading.incomplete and not findings.of(Level.FAULT):
        findings.fault(Place(file), "it holds no visit")
    findings.check()
    return visits, policy


def _of_json(file: Path, reading: Reading) -> list[Item]:
    value, own = tables.json_of(file, reading), Reader(Place(file), reading.findings)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        reading.findings.fault(own.place, "it holds no list of visits")
        return []
    shape = Objects(VisitRequest)
    return [Item(own.at(number).place, own.at(number).json(shape, item)) for number, item in enumerate(value)]


def _policy(file: Path, reading: Reading) -> SchedulePolicy:
    """Return the policy in a JSON file."""
    own = Reader(Place(file), reading.findings)
    given = tables.json_of(file, reading)
    if given is None:
        return SchedulePolicy()
    value = own.json(Objects(SchedulePolicy), given)
    recorded = tables.Recorded.of(reading.findings)
    try:
        return document.read(SchedulePolicy, value)
    except Unreadable as wrong:
        for fault in wrong.faults:
            if (place := own.at(*fault.path).place) not in recorded:
                reading.findings.fault(place, fault.text)
        return SchedulePolicy()
