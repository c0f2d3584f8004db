"""Write needs, demand and matches as one table for the next needs analysis, a row for each number.

A row is a number of people (needs) or of applications (all else) for a topic, a country, a language, a level, an area
or a reason, as far as the row is about one. What is hidden is missing, so rows need not add up to their total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import Response

from services.reporting.disclosure.views import held_by
from services.reporting.feeds.formats.csvw import csvw_description
from services.reporting.feeds.formats.workbook import workbook_of
from services.reporting.needs.views import needs_rows
from shared.contracts.codes import OTHER, group_members
from shared.web.csv_files import records_as_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.reporting.disclosure.model import Released
    from services.reporting.needs.model import Need
    from services.reporting.periods.model.approval import Approval

_SPECIAL = "unsaid: it was not given; rolled_up: all that are not shown, together"
DESCRIBED = {
    "measure": (
        "string",
        "needed (people); applications: asked, matched, completed, not_completed, not_matched, other",
    ),
    "by": ("string", "Which of the next columns say what the number is about; empty for the total"),
    "topic": ("string", f"Priority topic; of an application the first that the officer named; {_SPECIAL}"),
    "country": ("string", f"Country of the officers, ISO 3166-1; {_SPECIAL}"),
    "language": ("string", f"Language that the officer has best besides the own, ISO 639-1; {_SPECIAL}"),
    "level": ("string", f"1 basic, 2 advanced, 3 expert; of an application the highest of any expertise; {_SPECIAL}"),
    "area": ("string", "Area of expertise that a need names; restricted: it is not told"),
    "reason": ("string", "What an application found no match for the want of"),
    "value": ("decimal", "The number; empty where none is shown"),
    "hidden": ("string", "Why no number is shown; withheld: none of that breakdown is"),
    "period": ("string", "Label of the period: applications received in it, needs of which a part falls into it"),
    "start": ("date", "First day of the period"),
    "end": ("date", "Last day of the period"),
    "status": ("string", "How far the period is approved"),
    "indicator": ("string", "Id of the figure; empty for needs"),
    "definition_version": ("integer", "Version of the figure's definition"),
    "events": ("integer", "How many events prove the number"),
    "events_digest": ("string", "SHA-256 over the sorted ids of those events, each on a line"),
    "cut_off": ("datetime", "Facts told after this moment are left out; empty for needs, which are as of now"),
}
COLUMNS = tuple(DESCRIBED)
_GROUPED = {"topic": "priority-topic", "country": "country-of-service", "language": "language"}
"""The columns that may hold groups of values, each with the dimension of figures that it is."""
_ALWAYS = frozenset({"measure", "period", "start", "end", "status"})
_NUMERIC = frozenset({"value", "definition_version", "events"})


def as_csv(released: Sequence[Released], needs: Sequence[Need], approval: Approval) -> str:
    """Return the table as CSV."""
    rows = needs_rows(released, needs, approval)
    return records_as_csv(COLUMNS, (row.model_dump(mode="json") for row in rows))


def as_workbook(released: Sequence[Released], needs: Sequence[Need], approval: Approval, at: datetime) -> bytes:
    """Return the table as an Excel workbook."""
    rows = needs_rows(released, needs, approval)
    return workbook_of(f"Needs, demand, met, {approval.period.label}", "Needs", COLUMNS, rows, at, numeric=_NUMERIC)


def description(released: Sequence[Released], needs: Sequence[Need], approval: Approval, *, table: str) -> bytes:
    """Return the description of the CSV file (CSV on the Web), with what each group holds that the file names."""
    rows = list(needs_rows(released, needs, approval))
    described = dict(DESCRIBED)
    for column, dimension in _GROUPED.items():
        codes = sorted({str(code) for row in rows if (code := getattr(row, column))})
        groups = {code: group_members(dimension, code) for code in codes}
        named = [f"{code}: {held_by(members)}" for code, members in groups.items() if members or code == OTHER]
        if named:
            datatype, words = described[column]
            described[column] = (datatype, f"{words}. Groups: {'; '.join(named)}")
    return csvw_description(f"Needs, demand, met, {approval.period.label}", described, table=table, always=_ALWAYS)


def csv_response(approval: Approval, figures: Mapping[str, Released], needs: Sequence[Need]) -> Response:
    """Return the CSV file of a period, with the address of its description."""
    described_at = f"needs.csv-metadata.json?period={approval.period.label}"
    headers = download_headers(f"tandem-needs-{approval.period.label}.csv")
    headers["Link"] = f'<{described_at}>; rel="describedby"; type="application/csvm+json"'
    content = as_csv(list(figures.values()), needs, approval)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def download_headers(filename: str) -> dict[str, str]:
    """Return the headers by which a browser saves the answer under that name."""
    return {"Content-Disposition": f'attachment; filename="{filename}"'}
