"""Read the cells of an uploaded CSV or XLSX file."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

from services.applications.needs.model import (
    MOST_BYTES,
    MOST_ROWS,
    Cell,
    cell_of,
)
from shared.errors import Refused
from shared.i18n import gettext

# A table of a thousand rows is far smaller; a file that unpacks to more than this is no table of needs.
_MOST_UNPACKED = 30_000_000
_MOST_CELLS = 20


def cells_in(content: bytes, filename: str) -> list[list[Cell]]:
    """Return the cells of a CSV or XLSX file. Raises `Refused` (422, field `file`) if it cannot be read."""
    if not content:
        raise unreadable_file(gettext("Select a file"))
    if len(content) > MOST_BYTES:
        raise unreadable_file(
            gettext("The file must be smaller than 1 MB. Split it, or remove everything that is not a need.")
        )
    if content.startswith(b"PK"):
        return _xlsx(content)
    if content.startswith(b"\xd0\xcf\x11\xe0") or filename.lower().endswith(".xls"):
        raise unreadable_file(gettext("This is an old Excel file. Save it as .xlsx or as CSV."))
    return _csv(content)


def unreadable_file(sentence: str) -> Refused:
    """Return the refusal (422, field `file`) with this sentence."""
    return Refused(sentence, 422, {"file": sentence})


def _csv(content: bytes) -> list[list[Cell]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable_file(gettext("This file is not in UTF-8. Save it as “CSV UTF-8”, or as .xlsx.")) from None
    if "\x00" in text:
        raise unreadable_file(gettext("This is not a table. Upload the template as CSV or .xlsx."))
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise unreadable_file(gettext("This file cannot be read as CSV. Save it again from the spreadsheet.")) from None
    if len(lines) > MOST_ROWS * 2:
        raise unreadable_file(gettext("This file has too many rows. The maximum is %(most)d.") % {"most": MOST_ROWS})
    return [[Cell(text[:500]) for text in line[:_MOST_CELLS]] for line in lines]


def _xlsx(content: bytes) -> list[list[Cell]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - it brings NumPy: 15 MB that nothing else here needs
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415 - as above

    sentence = gettext("This file cannot be read as .xlsx. Save it again from the spreadsheet, or as CSV.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(member.file_size for member in packed.infolist()) > _MOST_UNPACKED:
                raise unreadable_file(gettext("This file is too large for a table of needs. Use the template."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            cell_rows = sheet.iter_rows(max_row=MOST_ROWS * 2 + 1, max_col=_MOST_CELLS)
            lines = [[_spreadsheet_cell(cell) for cell in row] for row in cell_rows]
        finally:
            book.close()
    except Refused:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError):
        # ParseError of the XML parser is a SyntaxError.
        raise unreadable_file(sentence) from None
    if len(lines) > MOST_ROWS * 2:
        raise unreadable_file(gettext("This file has too many rows. The maximum is %(most)d.") % {"most": MOST_ROWS})
    return lines


def _spreadsheet_cell(cell: Any) -> Cell:
    return Cell(str(cell.value)[:500], formula=True) if cell.data_type == "f" else cell_of(cell.value)
