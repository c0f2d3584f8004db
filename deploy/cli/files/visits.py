"""Read the visits that need dates, and the policy, from CSV or JSON files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.files.tables import Item, Origin, Table, fail, json_of
from deploy.cli.system import Failed
from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.schedule import SchedulePolicy, VisitRequest

if TYPE_CHECKING:
    from pathlib import Path


def read(file: Path) -> list[VisitRequest]:
    """Return the visits of a file, in its order: a table, or a JSON list. Raises `Failed` with all faults."""
    faults: list[str] = []
    if file.suffix.lower() == ".json":
        found = json_of(file)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise Failed(f"{file} holds no list of visits.")
        items = [Item(Origin(file), item) for item in found]
    else:
        items = Table.read(file).items(VisitRequest, faults)
    if not items:
        raise Failed(f"{file} holds no visit.")
    if faults:
        raise fail(faults)
    visits: list[VisitRequest] = []
    for number, item in enumerate(items):
        try:
            visits.append(document.read(VisitRequest, item.value))
        except Unreadable as wrong:
            faults += [_placed(item, number, fault) for fault in wrong.faults]
    if faults:
        raise fail(faults)
    return visits


def policy(file: Path | None) -> SchedulePolicy:
    """Return the policy in a JSON file, or the default one. Raises `Failed`."""
    if file is None:
        return SchedulePolicy()
    value: Any = json_of(file)
    try:
        return document.read(SchedulePolicy, value)
    except Unreadable as wrong:
        raise fail([f"{Origin(file).words(fault.path)}: {fault.text}" for fault in wrong.faults]) from wrong


def _placed(item: Item, number: int, fault: document.Fault) -> str:
    path = fault.path if item.origin.row is not None else (number, *fault.path)
    return f"{item.origin.words(path)}: {fault.text}"
