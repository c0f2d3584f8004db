"""Write rows as an Excel workbook: numbers as numbers, and no cell a formula."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from services.reporting.feeds.formats.table import COLUMNS, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from pydantic import BaseModel

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval

_NUMBERS = {"definition_version", "statement", "value", "numerator", "denominator", "events"}
_WIDTHS = {"title": 60, "events_digest": 24, "indicator": 16, "cut_off": 32, "dimension": 20, "notes": 40}


def workbook(released: Sequence[Released], approval: Approval, at: datetime) -> bytes:
    """Return the workbook of a period's figures; the same bytes for the same figures and moment `at`."""
    lines = (row for figure in released for row in rows(figure, approval))
    return workbook_of(f"Figures, {approval.period.label}", "Figures", COLUMNS, lines, at, numeric=_NUMBERS)


def workbook_of(
    title: str,
    sheet_name: str,
    columns: Sequence[str],
    lines: Iterable[BaseModel],
    at: datetime,
    *,
    numeric: Collection[str],
) -> bytes:
    """Return a workbook of one sheet with these columns and rows; the `numeric` ones hold decimal numbers."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"title": title, "created": at.replace(tzinfo=None, microsecond=0)})
    sheet = book.add_worksheet(sheet_name)
    bold = book.add_format({"bold": True})
    for place, name in enumerate(columns):
        sheet.write_string(0, place, name, bold)
        sheet.set_column(place, place, _WIDTHS.get(name, 14))
    last = 0
    for line, model in enumerate(lines, start=1):
        last, row = line, model.model_dump(mode="json")
        for place, name in enumerate(columns):
            value = row.get(name)
            if value is None:
                continue
            if name in numeric:
                sheet.write_number(line, place, Decimal(value))
            else:
                sheet.write_string(line, place, str(value))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    book.close()
    return file.getvalue()
