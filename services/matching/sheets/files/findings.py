"""Collect what is found in a coordinator's files: faults, warnings, and values understood otherwise than written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from services.matching.sheets.files.failures import UnusableFiles

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = 25
"""So many faults are named on the terminal; an annotated copy names them all."""
_PAIRS_SHOWN = 12
"""So many values of a column are listed with what they were understood as."""


class Level(StrEnum):
    """The weight of a finding: a fault stops, a warning does not, the last says how a value was understood."""

    FAULT = "fault"
    WARNING = "warning"
    UNDERSTOOD = "understood"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value: file, sheet of a workbook, row as a spreadsheet counts, name of the column.

    In a JSON file `path` leads to it instead: names, and positions from 0.
    """

    file: Path
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """Return the place in words: `people.xlsx, sheet Officers, row 3, column Languages`."""
        inside = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).lstrip(".")
        parts = (
            str(self.file),
            f"sheet {self.sheet}" if self.sheet else "",
            f"row {self.row}" if self.row else "",
            f"column {self.column}" if self.column else "",
            inside,
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `written` is the text of the cell, `text` the fault with its remedy, or how it was understood."""

    level: Level
    place: Place
    text: str
    written: str | None = None

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.place}: {self.text}"


@dataclass(slots=True)
class Findings:
    """All findings of a reading, in the order of the files."""

    all: list[Finding] = field(default_factory=list)
    faulty: set[Place] = field(default_factory=set)
    """The places of the faults."""

    def fault(self, place: Place, text: str, written: str | None = None) -> None:
        """Add a fault: the files cannot be used until it is mended."""
        self.all.append(Finding(Level.FAULT, place, text, written))
        self.faulty.add(place)

    def warn(self, place: Place, text: str, written: str | None = None) -> None:
        """Add a warning: the files are used all the same."""
        self.all.append(Finding(Level.WARNING, place, text, written))

    def understood(self, place: Place, written: str, meaning: str) -> None:
        """Add that a text was understood as a code, a number or a day that is written otherwise."""
        self.all.append(Finding(Level.UNDERSTOOD, place, meaning, written))

    def of(self, level: Level) -> list[Finding]:
        """Return the findings of a level, each once: file by file and sheet by sheet, by row."""
        sheets = {key: at for at, key in enumerate(dict.fromkeys((f.place.file, f.place.sheet) for f in self.all))}
        once = dict.fromkeys(found for found in self.all if found.level is level)
        return sorted(once, key=lambda found: (sheets[found.place.file, found.place.sheet], found.place.row or 0))

    def check(self) -> None:
        """Raise `UnusableFiles` with the faults, one a line, if there are any."""
        faults = [str(fault) for fault in self.of(Level.FAULT)]
        if not faults:
            return
        more = [f"and {len(faults) - SHOWN} more; --annotate FILE names them all"] if len(faults) > SHOWN else []
        listed = [*faults[:SHOWN], *more]
        raise UnusableFiles(
            listed[0] if len(listed) == 1 else f"the files have {len(faults)} faults:\n  " + "\n  ".join(listed)
        )

    def remarks(self) -> list[str]:
        """Return warnings, and what was understood otherwise than written, in lines; equal ones are put together."""
        lines = [f"warning: {warning}" for warning in self.of(Level.WARNING)]
        columns: dict[str, dict[str, None]] = defaultdict(dict)
        for found in self.of(Level.UNDERSTOOD):
            place = found.place
            column = Place(place.file, place.sheet, None, place.column, place.path)
            columns[str(column)][f'"{found.written}" as {found.text}'] = None
        if columns:
            lines.append("Read differently from what is written:")
        for where, texts in columns.items():
            left = len(texts) - _PAIRS_SHOWN
            more = f", and {left} more, which --annotate FILE lists" if left > 0 else ""
            lines.append(f"  {where}: {', '.join(list(texts)[:_PAIRS_SHOWN])}{more}")
        return lines
