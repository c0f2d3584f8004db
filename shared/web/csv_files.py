"""Write lists as CSV files in which no text is a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from fastapi.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def escape_formula(value: str | None) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Response:
    """Return the rows below the names of their columns, as a download called `name`."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    table.writerows([escape_formula(cell) for cell in row] for row in rows)
    disposition = f'attachment; filename="{name}"'
    return Response(
        written.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def records_as_csv(columns: Sequence[str], records: Iterable[Mapping[str, object]]) -> str:
    """Return a CSV file (RFC 4180) with a row for each record; no spreadsheet takes a cell for a formula."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: _escape_text(value) for key, value in record.items()} for record in records)
    return file.getvalue()


def _escape_text(value: object) -> object:
    """Return a cell with any formula escaped; a negative number is no formula and stays as it is."""
    return escape_formula(value) if isinstance(value, str) and not _NUMBER.fullmatch(value) else value
