"""Write a copy of the sheets that were read, with what was found as comments and in a column of its own."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from openpyxl.utils import get_column_letter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException  # type: ignore[import-untyped]  # as above

from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.fields import FAULTS
from services.matching.sheets.files.findings import Finding, Level

if TYPE_CHECKING:
    from pathlib import Path

    from services.matching.sheets.files.sheets import Cell, Reading, Sheet

LIST = "Findings"
"""The sheet with all findings; that of an earlier copy is not copied again."""
_COLOURS = {Level.FAULT: "#F4CCCC", Level.WARNING: "#FFF2CC", Level.UNDERSTOOD: "#D9EAD3"}
_COMMENT = 2_000


def write(file: Path, reading: Reading) -> None:
    """Write a workbook of the sheets as read, with findings in place and all in a list. Raises `UnusableFiles`."""
    if file.suffix.lower() != ".xlsx":
        raise UnusableFiles(f"{file}: the annotated copy is a workbook; give it a name that ends with .xlsx.")
    try:
        _write(str(file), reading)
    except (OSError, FileCreateError) as wrong:
        raise UnusableFiles(f"{file} cannot be written: {wrong}.") from wrong
    except XlsxWriterException as wrong:
        raise UnusableFiles(f"{file} cannot be made: {wrong}.") from wrong


def make(reading: Reading) -> bytes:
    """Return the workbook that `write` writes, made in memory only."""
    packed = io.BytesIO()
    _write(packed, reading)
    return packed.getvalue()


def _write(target: str | io.BytesIO, reading: Reading) -> None:
    in_memory = not isinstance(target, str)
    options = {"in_memory": in_memory, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        names: set[str] = {LIST.casefold()}
        for sheet in reading.sheets:
            if sheet.name == LIST:
                continue
            _copy(book, book.add_worksheet(_name(sheet, names)), sheet, reading.findings.all)
        _listed(book, reading.findings.all)


def _name(sheet: Sheet, names: set[str]) -> str:
    """Return a name of at most 31 characters that no other sheet has."""
    base = re.sub(r"[\[\]:*?/\\']", " ", sheet.name or sheet.file.stem).strip()[:28] or "Table"
    name, number = base, 1
    while name.casefold() in names:
        number += 1
        name = f"{base[:27]} {number}"
    names.add(name.casefold())
    return name


def _copy(book: Any, target: Any, sheet: Sheet, findings: list[Finding]) -> None:
    own = [found for found in findings if (found.place.file, found.place.sheet) == (sheet.file, sheet.name)]
    by_row: dict[int | None, list[Finding]] = defaultdict(list)
    for found in own:
        by_row[found.place.row].append(found)
    formats = {level: book.add_format({"bg_color": colour, "num_format": "@"}) for level, colour in _COLOURS.items()}
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "text_wrap": True})
    heading = sheet.heading_row
    headings = next((row for number, row in sheet.rows if number == heading), [])
    # The faults of an earlier copy give way to those of now.
    width = next(
        (at for at, cell in enumerate(headings) if cell.text == FAULTS),
        max((len(row) for _, row in sheet.rows), default=0),
    )
    target.set_column(0, max(width - 1, 0), 18, text)
    target.set_column(width, width, 60, book.add_format({"text_wrap": True}))
    names = [cell.text or get_column_letter(at) for at, cell in enumerate(headings, 1)]
    for number, row in sheet.rows:
        here = by_row.get(number, [])
        for column, cell in enumerate(row):
            if column == width:
                continue
            cell_findings = [
                found
                for found in here
                if found.place.column is not None and names[column : column + 1] == [found.place.column]
            ]
            worst = next((level for level in Level if any(found.level is level for found in cell_findings)), None)
            _put(target, number - 1, column, cell, formats[worst] if worst else days if cell.is_day else text)
            if cell_findings:
                comment = "\n".join(f"{found.level}: {_words(found)}" for found in cell_findings)[:_COMMENT]
                target.write_comment(number - 1, column, comment, {"x_scale": 2})
        lines = [
            f"{found.place.column or 'row'}: {found.text}" for found in here if found.level is not Level.UNDERSTOOD
        ]
        if lines:
            target.write_string(number - 1, width, "\n".join(dict.fromkeys(lines)))
    if heading is not None:
        above = [
            f"{found.place.column or 'sheet'}: {found.text}"
            for found in by_row[None]
            if found.level is not Level.UNDERSTOOD
        ]
        target.write_string(heading - 1, width, FAULTS, bold)
        if above:
            target.write_comment(heading - 1, width, "\n".join(above)[:_COMMENT], {"x_scale": 2})


def _words(found: Finding) -> str:
    return f'"{found.written}" as {found.text}' if found.level is Level.UNDERSTOOD else found.text


def _put(target: Any, row: int, column: int, cell: Cell, style: Any) -> None:
    """Write a cell as the spreadsheet held it; a formula by its value, a text never as a formula."""
    if isinstance(cell.value, bool):
        target.write_boolean(row, column, cell.value, style)
    elif isinstance(cell.value, int | float):
        target.write_number(row, column, cell.value, style)
    elif isinstance(cell.value, date) and len(cell.text) == len("2027-03-15"):
        target.write_datetime(row, column, cell.value, style)
    elif cell.text:
        target.write_string(row, column, cell.text, style)
    else:
        target.write_blank(row, column, None, style)


def _listed(book: Any, findings: list[Finding]) -> None:
    """Write all findings, one a row."""
    sheet = book.add_worksheet(LIST)
    bold = book.add_format({"bold": True})
    sheet.write_row(0, 0, ("What", "File", "Sheet", "Row", "Column", "Written", "Remark"), bold)
    sheet.set_column(0, 5, 18)
    sheet.set_column(6, 6, 100)
    for number, found in enumerate(dict.fromkeys(findings), 1):
        place = found.place
        column = place.column or "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place.path).lstrip(".")
        remark = f"understood as {found.text}" if found.level is Level.UNDERSTOOD else found.text
        texts = (str(found.level), place.file.name, place.sheet or "", None, column, found.written or "", remark)
        for at, text in enumerate(texts):
            if text is not None:
                sheet.write_string(number, at, text[:32_000])
        if place.row is not None:
            sheet.write_number(number, 3, place.row)
    sheet.autofilter(0, 0, max(len(findings), 1), 6)
