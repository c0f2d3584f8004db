"""Write sheets as a spreadsheet program does, and read them with what was found."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING

from openpyxl import Workbook

from services.matching.sheets.files import problems
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.sheets import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.matching.engine.problem.problem import Problem

DAY = date(2027, 1, 4)
HEADING = ("id", "kind", "country", "organisation_id", "rank_group", "languages", "topics", "weeks")
OFFICER = ("a", "study_visit", "AM", "am1", "operational", "en:B2", "online_crime", "2027-03-01")
SEAT_HEADING = ("id", "kind", "country", "organisation_id", "capacity", "languages", "topics", "weeks")
PLACE = ("s", "placement", "FR", "fr1", 1, "en:B1", "online_crime", "2027-03-01:1")


def book(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook as openpyxl does, which keeps no values of formulas."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    made.save(path)
    return path


def read(*paths: Path) -> tuple[Problem | None, Reading]:
    """Return the problem of files, or None where they are refused, with what was found."""
    reading = Reading()
    try:
        return problems.read(paths, day=DAY, reading=reading), reading
    except UnusableFiles:
        return None, reading


def faults(reading: Reading) -> list[str]:
    """Return the faults without the folder."""
    return [
        str(fault).replace(str(fault.place.file), fault.place.file.name) for fault in reading.findings.of(Level.FAULT)
    ]


def as_csv(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    """Return a table as CSV; in UTF-8 where the encoding lacks a letter."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    try:
        return text.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return text.getvalue().encode("utf-8")
