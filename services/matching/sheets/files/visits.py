"""Read the visits that need dates, and the policy, from tables or JSON files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.schedule import SchedulePolicy, VisitRequest
from services.matching.sheets.files import settings, tables
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.fields import Objects, Setting
from services.matching.sheets.files.findings import Level, Place
from services.matching.sheets.files.references import JsonPart
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.files.tables import Item

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from services.matching.sheets.files.findings import Findings

KINDS: Mapping[type, frozenset[str]] = {VisitRequest: frozenset({"candidate_id", "seat_id"}), **settings.KINDS}
"""The columns by which a table of visits, or of rules, is known."""


def read(
    file: Path, policy_file: Path | None = None, reading: Reading | None = None
) -> tuple[list[VisitRequest], SchedulePolicy]:
    """Return the visits of a file in its order (a table, or a JSON list), and the policy.

    The policy is in a file of its own or in a sheet of rules, else it is the default. What was found goes into
    `reading`. Raises `UnusableFiles` with all faults of both.
    """
    reading = reading or Reading()
    findings = reading.findings
    items: list[Item] = []
    rules: list[dict[type, JsonPart]] = []
    if file.suffix.lower() == ".json":
        items = _of_json(file, reading)
    else:
        for table in tables.find(file, KINDS, reading):
            if table.kind is Setting:
                rules.append(settings.read(tables.items(table, reading), (SchedulePolicy,), findings))
            else:
                items += tables.items(table, reading)
    visits: list[VisitRequest] = tables.check([(VisitRequest, item) for item in items], findings)
    _doubtful(items, findings)
    policies = [part for found in rules for part in found.values()]
    if policy_file is not None:
        policies.append(_policy_of(policy_file, reading))
    for part in policies[1:]:
        findings.fault(part.place, f"the policy is in {policies[0].place} already; keep one of them")
    policy = _policy(policies[0], findings) if policies else SchedulePolicy()
    if not items and not reading.incomplete and not findings.of(Level.FAULT):
        findings.fault(Place(file), "it holds no visit")
    findings.check()
    return visits, policy


def _doubtful(items: list[Item], findings: Findings) -> None:
    """Find a visit that stands twice, and warn of one within a country."""
    first: dict[tuple[JsonValue, JsonValue], Item] = {}
    for item in items:
        guest, seat = item.value.get("candidate_id"), item.value.get("seat_id")
        before = first.setdefault((guest, seat), item)
        if before is not item and guest is not None:
            findings.fault(item.place, f"the visit of {guest} to {seat} is in {before.place} already; keep one of them")
        home, host = item.value.get("home_country"), item.value.get("host_country")
        if home is not None and home == host != "EU":
            findings.warn(item.at("host_country"), f"{host} is the guest's own country too; visits are to another one")


def _of_json(file: Path, reading: Reading) -> list[Item]:
    value, own = tables.json_of(file, reading), Reader(Place(file), reading.findings)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        reading.findings.fault(own.place, "it holds no list of visits")
        return []
    shape = Objects(VisitRequest)
    return [Item(own.at(number).place, own.at(number).json(shape, item)) for number, item in enumerate(value)]


def _policy_of(file: Path, reading: Reading) -> JsonPart:
    """Return the policy in a JSON file, or in a sheet of rules."""
    place = Place(file)
    if file.suffix.lower() == ".json":
        given = tables.json_of(file, reading)
        return JsonPart(
            place, {} if given is None else Reader(place, reading.findings).json(Objects(SchedulePolicy), given)
        )
    parts = [
        part
        for table in tables.find(file, settings.KINDS, reading)
        for part in settings.read(tables.items(table, reading), (SchedulePolicy,), reading.findings).values()
    ]
    return parts[0] if parts else JsonPart(place, {})


def _policy(given: JsonPart, findings: Findings) -> SchedulePolicy:
    """Return the policy that is given."""
    recorded = tables.Recorded.of(findings)
    try:
        return document.read(SchedulePolicy, given.value)
    except Unreadable as wrong:
        for fault in wrong.faults:
            if (place := given.at(*fault.path)) not in recorded:
                findings.fault(place, fault.text)
        return SchedulePolicy()
