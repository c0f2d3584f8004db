"""Read the visits that need dates, and the policy, from tables or JSON files."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.schedule import SchedulePolicy, VisitRequest
from services.matching.sheets.files import settings, tables
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.fields import Objects, Setting
from services.matching.sheets.files.findings import Level, Place
from services.matching.sheets.files.references import JsonPart, spellings
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.files.tables import Item
from services.matching.sheets.files.words import is_day

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
    counts: dict[str, int] = {}
    if file.suffix.lower() == ".json":
        items = _of_json(file, reading)
    else:
        for table in tables.find(file, KINDS, reading):
            if table.kind is Setting:
                rules.append(settings.read(tables.items(table, reading), (SchedulePolicy,), findings))
            else:
                found = tables.items(table, reading)
                items += found
                counts[table.sheet.name or ""] = len(found)
    tables.warn_of_several_sheets(file, {VisitRequest: counts}, findings)
    for column in ("candidate_id", "seat_id", "group_id"):
        spellings(items, column, findings)
    _announced(items, findings)
    visits: list[VisitRequest] = tables.check([(VisitRequest, item) for item in items], findings)
    _doubtful(items, findings)
    policies = [part for owned in rules for part in owned.values()]
    if policy_file is not None:
        policies += _policies_of(policy_file, reading)
    for part in policies[1:]:
        findings.fault(part.place, f"the policy is in {policies[0].place} already; keep one of them")
    policy = _policy(policies[0], findings) if policies else SchedulePolicy()
    if policies and not reading.incomplete:
        _holidays(policies[0], items, findings)
    if not items and not reading.incomplete and not findings.of(Level.FAULT):
        findings.fault(Place(file), "it holds no visit")
    findings.check()
    return visits, policy


def _doubtful(items: list[Item], findings: Findings) -> None:
    """Find a visit that stands twice, and warn of values without effect and of rows that contradict each other."""
    first: dict[tuple[JsonValue, JsonValue], Item] = {}
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        guest, seat = item.value.get("candidate_id"), item.value.get("seat_id")
        before = first.setdefault((guest, seat), item)
        if before is not item and guest is not None:
            findings.fault(item.place, f"the visit of {guest} to {seat} is in {before.place} already; keep one of them")
        home, host = item.value.get("home_country"), item.value.get("host_country")
        if home is not None and home == host != "EU":
            findings.warn(item.at("host_country"), f"{host} is the guest's own country too; visits are to another one")
        if item.value.get("taken") and "places" not in item.value:
            text = "this row has no places, so places taken have no effect; fill in the column places too"
            findings.warn(item.at("taken"), text)
        _without_a_week(item, findings)
        if isinstance(group := item.value.get("group_id"), str):
            groups[group].append(item)
    for group, own in groups.items():
        if len(own) == 1 and "together" not in own[0].value:
            text = f"only this visit has the group {group}, so it starts together with nobody; check the other rows"
            findings.warn(own[0].at("group_id"), text)
    _contradictions(items, "candidate_id", "home_country", findings)
    for column in ("host_country", "places", "taken"):
        _contradictions(items, "seat_id", column, findings)


def _without_a_week(item: Item, findings: Findings) -> None:
    """Warn of a visit whose own cells leave it no week: mostly a year or a month is mistyped."""
    hosts, guests = (_periods(item.value.get(name)) for name in ("host_periods", "candidate_periods"))
    confirmed, places = item.value.get("confirmed_on"), item.value.get("places")
    if not hosts:
        return
    if isinstance(confirmed, str) and all(last < confirmed for _, last in hosts):
        findings.warn(item.at("host_periods"), f"all periods end before {confirmed}, the confirmation; check the year")
    if guests and not any(_overlap(guest, host) for guest in guests for host in hosts):
        findings.warn(item.at("candidate_periods"), "no day of these is in a period of the host; check the dates")
    if isinstance(places, dict) and places and all(is_day(week) for week in places):
        weeks = [(week, (date.fromisoformat(week) + timedelta(days=6)).isoformat()) for week in places]
        if not any(_overlap(week, host) for week in weeks for host in hosts):
            findings.warn(item.at("places"), "no week of these is in a period of the host; check the dates")


def _periods(value: JsonValue) -> list[tuple[str, str]]:
    """Return the periods of a cell as first and last day, as far as they are such."""
    found = [
        (each.get("first"), each.get("last"))
        for each in (value if isinstance(value, list) else ())
        if isinstance(each, dict)
    ]
    return [(str(first), str(last)) for first, last in found if is_day(first) and is_day(last)]


def _overlap(first: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two periods have a day in common."""
    return first[0] <= other[1] and other[0] <= first[1]


def _contradictions(items: list[Item], key: str, column: str, findings: Findings) -> None:
    """Warn of a row that says something else of its guest or seat than the first row about it."""
    first: dict[str, Item] = {}
    for item in items:
        id_, value = item.value.get(key), item.value.get(column)
        if not isinstance(id_, str) or value is None:
            continue
        before = first.setdefault(id_, item)
        if before.value[column] != value:
            own = item.at(column)
            findings.warn(own, f"{column} of {id_} differs from {before.place}; correct one of them")


def _announced(items: list[Item], findings: Findings) -> None:
    """Put announced days in order. A plan keeps them as the days of the visit, so they are its whole length."""
    for item in items:
        named, wanted, place = item.value.get("announced"), item.value.get("days"), item.at("announced")
        if not isinstance(named, list) or not named or not all(is_day(day) for day in named):
            continue
        texts = sorted({str(day) for day in named})
        item.value["announced"] = [*texts]
        days = [date.fromisoformat(text) for text in texts]
        run = [days[0] + timedelta(days=number) for number in range(len(days))]
        if days != run or run[0].weekday() + len(run) > 5:
            written = "; ".join(texts)
            text = "announced days are working days of one week, one after the other; name each of them"
            findings.fault(place, text, written)
        elif isinstance(wanted, int) and len(days) != wanted:
            text = f"announced days: {len(days)}, but days wanted: {wanted}"
            findings.warn(place, f"{text}; those announced count, so name each day of the visit")


def _holidays(policy: JsonPart, items: list[Item], findings: Findings) -> None:
    """Warn of holidays of a country that no visit has."""
    countries = {item.value.get(side) for item in items for side in ("home_country", "host_country")}
    holidays = policy.value.get("extra_holidays") if isinstance(policy.value, dict) else None
    for country in holidays if isinstance(holidays, dict) else ():
        if country not in countries:
            place = policy.at("extra_holidays", country, 0) if policy.places else policy.at("extra_holidays", country)
            findings.warn(place, f"no visit is from or to {country}, so this has no effect")


def _of_json(file: Path, reading: Reading) -> list[Item]:
    value, own = tables.json_of(file, reading), Reader(Place(file), reading.findings)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        reading.findings.fault(own.place, "it holds no list of visits")
        return []
    shape = Objects(VisitRequest)
    return [Item(own.at(number).place, own.at(number).json(shape, item)) for number, item in enumerate(value)]


def _policies_of(file: Path, reading: Reading) -> list[JsonPart]:
    """Return the policy in a JSON file, or one for each sheet of rules; a file that changes nothing is a warning."""
    place, findings = Place(file), reading.findings
    if file.suffix.lower() == ".json":
        given = tables.json_of(file, reading)
        value = {} if given is None else Reader(place, findings).json(Objects(SchedulePolicy), given)
        parts = [JsonPart(place, value)]
    else:
        parts = [
            part
            for table in tables.find(file, settings.KINDS, reading)
            for part in settings.read(tables.items(table, reading), (SchedulePolicy,), findings).values()
        ]
    if all(part.value == {} for part in parts) and not findings.of(Level.FAULT):
        findings.warn(place, "it says nothing of a policy, so the default counts")
    return parts


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
