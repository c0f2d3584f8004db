"""How does a list become a CSV file in which no text is a formula in somebody's spreadsheet?"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from fastapi.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def escape_formula(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Response:
    """The rows below the names of their columns, as a download called `name`."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    table.writerows([escape_formula(one) for one in row] for row in rows)
    given = f'attachment; filename="{name}"'
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": given})
