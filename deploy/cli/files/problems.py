"""Read a matching problem from one or more files.

A JSON file holds any of the names of a problem (`engine/document.py`); a CSV file is recognised by its heading:
candidates, seats or fixed pairs. All faults are named at once, by file, row and column.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from deploy.cli.files.tables import Item, Origin, Table, fail, json_of
from deploy.cli.system import Failed
from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

PARTS: Mapping[str, type] = {"candidates": Candidate, "seats": Seat, "fixed": Fixed}
KEYS = {"candidates": "id", "seats": "id", "fixed": "candidate_id"}
_ALONE = tuple(part.name for part in fields(Problem) if part.name not in PARTS)


def read(files: Iterable[Path], *, day: date, seed: str | None = None) -> Problem:
    """Return the problem in the files; `day` is the default day, `seed` takes precedence over the files.

    Raises `Failed` that names every fault by its place.
    """
    items: dict[str, list[Item]] = {name: [] for name in PARTS}
    alone: dict[str, tuple[Path, Any]] = {}
    faults: list[str] = []
    for file in files:
        if file.suffix.lower() == ".json":
            _take_json(file, items, alone, faults)
        else:
            table = Table.read(file)
            name = _table_of(table)
            items[name] += table.items(PARTS[name], faults)
    faults += [fault for name, rows in items.items() for fault in _doubled(name, rows)]
    if not items["candidates"] or not items["seats"]:
        missing = "candidates" if not items["candidates"] else "seats"
        faults.append(f"there are no {missing} in the files (docs/file-formats.md says how they are written)")
    if faults:
        raise fail(faults)
    value: dict[str, Any] = {"call_id": "files", "day": day.isoformat(), "seed": "files"}
    value |= {name: single for name, (_, single) in alone.items()} | ({"seed": seed} if seed is not None else {})
    value |= {name: [item.value for item in rows] for name, rows in items.items() if rows or name != "fixed"}
    try:
        problem = document.read(Problem, value)
    except Unreadable as wrong:
        raise fail([_placed(fault, items, alone) for fault in wrong.faults]) from wrong
    if unknown := _unknown_seats(problem, items["fixed"]):
        raise fail(unknown)
    return problem


def _take_json(file: Path, items: dict[str, list[Item]], alone: dict[str, tuple[Path, Any]], faults: list[str]) -> None:
    """Add the contents of a JSON file."""
    found = json_of(file)
    if not isinstance(found, dict):
        raise Failed(f"{file} holds no object; its names are any of {', '.join((*PARTS, *_ALONE))}.")
    for name, value in found.items():
        if name in _ALONE:
            if name in alone:
                faults.append(f"{file}, {name}: it stands in {alone[name][0]} already")
            alone[name] = file, value
        elif name not in PARTS:
            faults.append(f"{file}, {name}: not known; known are {', '.join((*PARTS, *_ALONE))}")
        elif not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            faults.append(f"{file}, {name}: a list of objects is needed here")
        else:
            items[name] += [Item(Origin(file), item) for item in value]


def _table_of(table: Table) -> str:
    """Return the part of a problem that a table holds, by its heading. Raises `Failed`."""
    heading = set(table.heading)
    if {"candidate_id", "seat_id"} <= heading:
        return "fixed"
    if {"id", "capacity"} <= heading:
        return "seats"
    if {"id", "rank_group"} <= heading:
        return "candidates"
    raise Failed(
        f"{table.file}, row 1: these columns are no table of a matching. Candidates have id and rank_group, "
        "seats id and capacity, fixed pairs candidate_id and seat_id."
    )


def _doubled(name: str, rows: list[Item]) -> list[str]:
    """Items that occur twice."""
    key = KEYS[name]
    ids = [str(item.value.get(key)) for item in rows]
    counted, first = Counter(ids), dict[str, Item]()
    return [
        f"{item.origin.words((key,))}: {id_} stands in {first[id_].origin.words(())} already"
        for id_, item in zip(ids, rows, strict=True)
        if counted[id_] > 1 and id_ != "None" and first.setdefault(id_, item) is not item
    ]


def _placed(fault: document.Fault, items: Mapping[str, list[Item]], alone: Mapping[str, tuple[Path, Any]]) -> str:
    """Return a fault of the whole problem, with the file that it comes from."""
    match fault.path:
        case (str() as name, int() as number, *rest) if name in items:
            origin = items[name][number].origin
            inside = tuple(rest) if origin.row is not None else (name, _within(items[name], number), *rest)
            return f"{origin.words(inside)}: {fault.text}"
        case (str() as name, *rest) if name in alone:
            return f"{Origin(alone[name][0]).words((name, *rest))}: {fault.text}"
    return f"{fault.where}: {fault.text}"


def _within(rows: list[Item], number: int) -> int:
    """Return the position of an item in its own file, from 0."""
    return sum(item.origin == rows[number].origin for item in rows[:number])


def _unknown_seats(problem: Problem, rows: list[Item]) -> list[str]:
    known = {seat.id for seat in problem.seats}
    return [
        f"{item.origin.words(('seat_id',))}: there is no seat {pair.seat_id}"
        for pair, item in zip(problem.fixed, rows, strict=True)
        if pair.seat_id and pair.seat_id not in known
    ]
