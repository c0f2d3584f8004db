"""Make the empty table of training needs, as CSV and as a spreadsheet with the codes."""

from __future__ import annotations

import csv
import io

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from fastapi.responses import Response

from services.applications.needs.model import COLUMNS, LEVELS
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, PRIORITIES, UNION, Expertise
from shared.i18n import gettext

_EXAMPLE = ("MD", "empact-2026", "online_crime", "analysis", "2", "12", "2027-01-01", "2027-12-31")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_template() -> Response:
    """Return the header and one example row, with the mark by which spreadsheets recognise UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([COLUMNS, _EXAMPLE])
    return _file(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "training-needs.csv")


def xlsx_template() -> Response:
    """Return the same as a spreadsheet, all cells as text, so that no program reorders a day."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True, "strings_to_formulas": False})
    plain, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
    sheet = book.add_worksheet(gettext("Needs"))
    sheet.set_column(0, len(COLUMNS) - 1, 20, plain)
    sheet.write_row(0, 0, COLUMNS, bold)
    sheet.write_row(1, 0, _EXAMPLE)
    codes = book.add_worksheet(gettext("Codes"))
    codes.set_column(0, 2, 36)
    rows = [
        *(("country", code, labels.country(code)) for code in COUNTRIES if code != UNION),
        *(
            ("topic", topic.code, f"{gettext(topic.label)} ({scheme})")
            for scheme in sorted(PRIORITIES, reverse=True)
            for topic in PRIORITIES[scheme].values()
        ),
        *(("area", area.value, labels.label(area)) for area in Expertise),
        *(("level", str(level), gettext(text)) for level, text in LEVELS.items()),
    ]
    codes.write_row(0, 0, (gettext("Column"), gettext("Code"), gettext("Meaning")), bold)
    for number, row in enumerate(rows, start=1):
        codes.write_row(number, 0, row)
    book.close()
    return _file(packed.getvalue(), _XLSX, "training-needs.xlsx")


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
