"""Read the rows of a CSV file or the items of a JSON file, each with its place."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.cli.files import cells
from deploy.cli.system import Failed
from services.matching.engine.problem.document import types_of

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

SHOWN = 25
"""So many faults are named at once."""
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of an item: the file, and its row in a table (1 is the heading; None: a JSON file)."""

    file: Path
    row: int | None = None

    def words(self, rest: tuple[str | int, ...]) -> str:
        """Return a place within the item: `people.csv, row 3, column languages`."""
        if self.row is None:
            inside = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
            return f"{self.file}{', ' + inside.lstrip('.') if inside else ''}"
        return f"{self.file}, row {self.row}" + (f", column {rest[0]}" if rest else "")


@dataclass(frozen=True, slots=True)
class Item:
    """One row, as JSON knows it."""

    origin: Origin
    value: dict[str, JsonValue]


def fail(faults: list[str]) -> Failed:
    """Return the faults as one message, one a line."""
    more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
    listed = [*faults[:SHOWN], *more]
    return Failed(listed[0] if len(listed) == 1 else "the files cannot be used:\n  " + "\n  ".join(listed))


def text_of(file: Path) -> str:
    """Return the text of a file. Raises `Failed` if there is none."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as wrong:
        raise Failed(f"{file} cannot be read: {wrong.strerror}.") from wrong
    except UnicodeDecodeError as wrong:
        raise Failed(f"{file} is not UTF-8. In a spreadsheet, save it as “CSV UTF-8”.") from wrong


def json_of(file: Path) -> Any:
    """Return the value in a JSON file. Raises `Failed`."""
    try:
        return json.loads(text_of(file))
    except ValueError as wrong:
        raise Failed(f"{file} is not JSON: {wrong}.") from wrong


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: its heading, and the rows below it with their numbers as a spreadsheet shows them."""

    file: Path
    heading: list[str]
    rows: list[tuple[int, list[str]]]

    @classmethod
    def read(cls, file: Path) -> Table:
        """Return the table in a file; columns are separated by comma, semicolon or tab. Raises `Failed`."""
        text = text_of(file)
        first = text.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=first.count)
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as wrong:
            raise Failed(f"{file} is no CSV file: {wrong}.") from wrong
        if not lines or not any(lines[0]):
            raise Failed(f"{file} is empty: its first row has to name the columns.")
        rows = [
            (number, [cell.strip() for cell in line])
            for number, line in enumerate(lines[1:], 2)
            if any(cell.strip() for cell in line)
        ]
        return cls(file, [cell.strip() for cell in lines[0]], rows)

    def items(self, kind: type, faults: list[str]) -> list[Item]:
        """Return the rows as items of a dataclass; what is wrong with heading or cells is added to `faults`."""
        known = types_of(kind)
        for name in self.heading:
            if name not in known:
                faults.append(
                    f"{self.file}, row 1, column {name or '(no name)'}: not known; known are {', '.join(known)}"
                )
            elif self.heading.count(name) > 1:
                faults.append(f"{self.file}, row 1, column {name}: it stands there {self.heading.count(name)} times")
        return [Item(Origin(self.file, number), self._values(number, row, known, faults)) for number, row in self.rows]

    def _values(self, number: int, row: list[str], known: Any, faults: list[str]) -> dict[str, JsonValue]:
        if len(row) > len(self.heading) and any(row[len(self.heading) :]):
            faults.append(f"{self.file}, row {number}: it has {len(row)} cells, the heading {len(self.heading)}")
        values: dict[str, JsonValue] = {}
        for name, text in zip(self.heading, row, strict=False):
            if text and name in known:
                try:
                    values[name] = cells.value(known[name], text)
                except cells.Malformed as wrong:
                    faults.append(f"{self.file}, row {number}, column {name}: {wrong}")
        return values
