"""Read the cells of CSV and XLSX files as text, each with what a spreadsheet knows of it."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from services.matching.sheets.files.encodings import Doubtful, decode
from services.matching.sheets.files.findings import Findings, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MOST_BYTES = 20_000_000
_MOST_UNPACKED = 100_000_000
MOST_ROWS = 50_000
_MOST_COLUMNS = 100
MOST_MERGED = 20_000
"""So many cells may be in the merged areas of a sheet."""
_PIECE = 1_000_000
_MOST_SHEETS = 50
_LONGEST_CELL = 5_000
_DELIMITERS = (",", ";", "\t", "|")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
"""The first bytes of XML in UTF-16 or UTF-32, which could hide its contents from a count."""
_LONGEST_TAG = 500
_MERGE = re.compile(rb"[<:]mergeCell\s(?:[^>]{0,400}>)?")
_AREA = re.compile(rb"\sref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?[\"']")
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as text: `value` is what the spreadsheet holds, `fault` why it cannot be read, `formula` if it is one."""

    text: str
    value: str | float | date | bool | None = None
    fault: str | None = None
    formula: bool = False

    @property
    def is_day(self) -> bool:
        """Return whether the spreadsheet holds a day here, not a text."""
        return isinstance(self.value, date)


EMPTY = Cell("")


@dataclass(slots=True)
class Sheet:
    """A table's cells: `name` of the sheet in a workbook, rows with their numbers as a spreadsheet counts.

    `merged` maps a covered cell (row and column, from 1) to the one that shows there; `hidden` are rows out of sight,
    `hidden_columns` columns (from 1), `struck` rows with a text that is struck out.
    """

    file: Path
    name: str | None
    rows: list[tuple[int, list[Cell]]]
    merged: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    struck: list[int] = field(default_factory=list)
    is_hidden: bool = False
    heading_row: int | None = None
    """The row of the table's heading, once it is found."""

    @property
    def place(self) -> Place:
        """Return the place of the sheet as a whole."""
        return Place(self.file, self.name)


@dataclass(slots=True)
class Reading:
    """One reading of files: how they are encoded if that was said, what was found, and the sheets for a copy."""

    encoding: str | None = None
    findings: Findings = field(default_factory=Findings)
    sheets: list[Sheet] = field(default_factory=list)
    contents: Mapping[Path, bytes] | None = None
    """The files by name, where they were sent and stand on no disk."""
    incomplete: bool = False
    """True if a table could not be read: what seems to be missing may stand there, so nothing is said of it."""


def bytes_of(file: Path, reading: Reading) -> bytes | None:
    """Return the contents of a file, or None after a fault: it cannot be read or is too large."""
    if reading.contents is not None:
        return reading.contents[file]
    try:
        if file.stat().st_size <= MOST_BYTES:
            return file.read_bytes()
        reading.findings.fault(Place(file), f"it is larger than {MOST_BYTES // 1_000_000} MB; split it")
    except OSError as wrong:
        reading.findings.fault(Place(file), f"it cannot be read: {wrong.strerror}; check its name")
    return None


def read(file: Path, reading: Reading) -> Iterator[list[Sheet]]:
    """Yield the sheets of a file, once for each way to read it; a caller takes the first in which it finds a table.

    A workbook and a CSV file with a known separator have one way. What cannot be read is a fault.
    """
    content, place = bytes_of(file, reading), Place(file)
    if content is None:
        return
    if content.startswith(b"PK"):
        yield _workbook(file, content, reading.findings)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        reading.findings.fault(place, "this is an old or a protected Excel file; save it as .xlsx without a password")
    elif not content.strip():
        reading.findings.fault(place, "it is empty: a row has to name the columns")
    else:
        try:
            decoded = decode(content, reading.encoding)
        except Doubtful as wrong:
            reading.findings.fault(place, f"this {wrong}")
            return
        if decoded.guess:
            reading.findings.warn(
                place,
                f"it does not say its encoding; it was read as {decoded.guess} (choose the encoding if that is wrong)",
            )
        yield from _ways(file, decoded.text, reading.findings)


def _ways(file: Path, text: str, findings: Findings) -> Iterator[list[Sheet]]:
    """Yield a CSV file split at each separator that it holds, the most frequent of its first row first."""
    named = _SEP.match(text)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiters: Iterable[str] = (
        [named[1]] if named else sorted(_DELIMITERS, key=lambda mark: (-first.count(mark), _DELIMITERS.index(mark)))
    )
    wrong: str | None = None
    wide = 0
    for delimiter in delimiters:
        if text.count(delimiter) == 0 and delimiter != _DELIMITERS[0]:
            continue
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            wrong = wrong or str(error)
            continue
        if len(lines) > MOST_ROWS:
            findings.fault(Place(file), f"it has {len(lines)} rows; {MOST_ROWS} is the most")
            return
        width = max((_width(line) for line in lines), default=0)
        if width > _MOST_COLUMNS:
            wide = wide or width
            continue
        rows = [(number, [_text_cell(cell) for cell in line]) for number, line in enumerate(lines, 1)]
        yield [Sheet(file, None, rows[1:] if named else rows)]
    if wrong is not None:
        findings.fault(Place(file), f"this is not a CSV file: {wrong}; save it again from the spreadsheet")
    elif wide:
        text = f"it has {wide} columns; {_MOST_COLUMNS} is the most. Delete those that you do not need"
        findings.fault(Place(file), text)


def _width(line: list[str]) -> int:
    """Return how many cells a line has up to its last one with a text."""
    return next((at for at in range(len(line), 0, -1) if line[at - 1].strip()), 0)


def _text_cell(text: str) -> Cell:
    clean = text.strip()
    fault = None
    if len(clean) > _LONGEST_CELL:
        fault = f"a text of {len(clean)} characters is too long; {_LONGEST_CELL} is the most"
    elif clean.startswith("="):
        fault = "this is a formula written as a text, without its value; write the value itself"
    return Cell(clean, clean, fault)


def _workbook(file: Path, content: bytes, findings: Findings) -> list[Sheet]:
    """Return the sheets of an XLSX file; formulas by the values that the spreadsheet kept."""
    place = Place(file)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(member.file_size for member in packed.infolist()) > _MOST_UNPACKED:
                findings.fault(place, "it unpacks to more than a table can be; copy the cells into a new workbook")
                return []
            excess = next((text for member in packed.infolist() if (text := _excess(packed, member))), None)
            if excess is not None:
                findings.fault(place, excess)
                return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are not read, such as pictures
            book = load_workbook(io.BytesIO(content), keep_links=False)
            values = load_workbook(io.BytesIO(content), data_only=True, read_only=True, keep_links=False)
            try:
                if len(book.worksheets) > _MOST_SHEETS:
                    findings.fault(place, f"it has {len(book.worksheets)} sheets; {_MOST_SHEETS} is the most")
                    return []
                return [
                    found
                    for sheet, own in zip(book.worksheets, values.worksheets, strict=True)
                    if (found := _sheet(file, sheet, own, findings)) is not None
                ]
            finally:
                values.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        IndexError,
        OSError,
        SyntaxError,
        TypeError,
        EOFError,
        OverflowError,
        RuntimeError,
        zlib.error,
    ):
        # ParseError of the XML parser is a SyntaxError; a part with a password or of an unknown packing a RuntimeError.
        findings.fault(place, "this cannot be read as .xlsx; save it again from the spreadsheet, or as “CSV UTF-8”")
        return []


def _excess(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> str | None:
    """Return what a part of a workbook has too much of: rows, or cells in merged areas.

    It is counted in pieces before any cell is made: a short text can merge more cells than fit into the memory.
    """
    rows = merged = 0
    left = b""
    with packed.open(member) as content:
        piece = content.read(_PIECE)
        if piece.startswith(_WIDE):
            return "it is not written in UTF-8; save it again from the spreadsheet"
        while piece:
            following = content.read(_PIECE)
            rows += piece.count(b"<row ") + piece.count(b"<row>") + piece.count(b":row ")
            whole = left + piece
            end = limit = max(0, len(whole) - (_LONGEST_TAG if following else 0))
            for tag in _MERGE.finditer(whole):
                if tag.start() < limit:
                    merged += _cells_in(tag[0])
                    end = max(end, tag.end())
            if rows > MOST_ROWS:
                return f"a sheet has more than {MOST_ROWS} rows; copy the rows you need into a new workbook"
            if merged > MOST_MERGED:
                return f"a sheet merges more than {MOST_MERGED} cells; unmerge them, and write each value"
            left, piece = whole[end:], following
    return None


def _cells_in(tag: bytes) -> int:
    """Return how many cells a merged area has; more than are read where its tag cannot be understood."""
    found = _AREA.search(tag)
    if found is None:
        return MOST_MERGED + 1
    left, top = found[1].decode(), int(found[2])
    right, bottom = (found[3].decode(), int(found[4])) if found[3] else (left, top)
    width = column_index_from_string(right) - column_index_from_string(left) + 1
    return max(1, width) * max(1, bottom - top + 1)


def _sheet(file: Path, sheet: Any, values: Any, findings: Findings) -> Sheet | None:
    found = Sheet(file, sheet.title, [], is_hidden=sheet.sheet_state != "visible")
    if sheet.max_row > MOST_ROWS or sheet.max_column > _MOST_COLUMNS:
        findings.fault(
            found.place,
            f"it reaches to row {sheet.max_row} and column {get_column_letter(sheet.max_column)}; "
            f"{MOST_ROWS} rows and {_MOST_COLUMNS} columns are the most. Copy the table into a new sheet",
        )
        return None
    has_formula = any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    kept: dict[tuple[int, int], Any] = {}
    if has_formula:
        values.reset_dimensions()
        kept = {
            (cell.row, cell.column): cell
            for row in values.iter_rows()
            for cell in row
            if getattr(cell, "value", None) is not None
        }
    struck: dict[int, bool] = {}
    for number, row in enumerate(sheet.iter_rows(), 1):
        if any(_is_struck(cell, struck) for cell in row):
            found.struck.append(number)
        found.rows.append((number, [_cell(cell, kept.get((cell.row, cell.column))) for cell in row]))
    for area in sheet.merged_cells.ranges:
        top = f"{get_column_letter(area.min_col)}{area.min_row}"
        for row_number, column in area.cells:
            if (row_number, column) != (area.min_row, area.min_col):
                found.merged[row_number, column] = top
    found.hidden = [number for number, row in sheet.row_dimensions.items() if row.hidden]
    for columns in sheet.column_dimensions.values():  # neighbours that look alike stand as one
        if columns.hidden:
            found.hidden_columns.update(range(columns.min, min(columns.max, _MOST_COLUMNS) + 1))
    return found


def _is_struck(cell: Any, known: dict[int, bool]) -> bool:
    """Return whether the text of a cell is struck out; `known` keeps the answer for each style."""
    if cell.value is None or not cell.has_style:
        return False
    if (style := cell.style_id) not in known:
        known[style] = bool(cell.font.strike)
    return known[style]


def _cell(cell: Any, kept: Any) -> Cell:
    """Return a cell of a workbook; `kept` is the same one with the value of its formula."""
    if cell.data_type == "f":
        if kept is None:
            formula = getattr(cell.value, "text", cell.value)  # that of an array stands in an object
            return Cell(
                str(formula),
                str(formula),
                fault="this is a formula without a value; open the file in a spreadsheet program and save it, "
                "or write the value itself",
            )
        value = _plain_cell(kept)
        return Cell(value.text, value.value, value.fault, formula=True)
    return EMPTY if cell.value is None else _plain_cell(cell)


def _plain_cell(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "e":
        return Cell(str(value), str(value), f"{value} is an error of the spreadsheet; write the value")
    match value:
        case bool():
            return Cell("TRUE" if value else "FALSE", value)
        case datetime() if value.time() == time():
            return Cell(value.date().isoformat(), value.date())
        case datetime() | date():
            return Cell(value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat(), value)
        case int() | float():
            return _number_cell(value, str(cell.number_format or ""))
    return _text_cell(str(value))


def _number_cell(value: float, shown_as: str) -> Cell:
    if abs(value) >= 1e15:
        return Cell(f"{value:.0f}", value, "a number of so many digits loses some in a spreadsheet; write it as a text")
    if re.search(r"(?<!\\)%", re.sub(r'"[^"]*"', "", shown_as)):
        return Cell(f"{round(value * 100, 6):g} %", value)
    if float(value).is_integer():
        width = len(shown_as) if re.fullmatch("0+", shown_as) else 0
        return Cell(str(int(value)).zfill(width), value)
    return Cell(repr(float(value)), value)
