"""Write released figures as rows for CSV and workbooks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime

from services.reporting.disclosure.model import Hidden
from services.reporting.disclosure.views import Number, figure_number
from shared.contracts.codes import PeriodState
from shared.web.csv_files import records_as_csv
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Note
    from services.reporting.periods.model.approval import Approval


class FigureRow(ReadModel):
    """One number of a figure: its total, a part, or (`withheld`) a dimension of which nothing is shown.

    `waits` and `notes` are of a total: a correction that is not published yet, and second numbers beside it.
    """

    indicator: str
    definition_version: int
    title: str
    period: str
    statement: int
    start: date
    end: date
    status: PeriodState
    dimension: str | None = None
    dimension_value: str | None = None
    value: Number | None = None
    numerator: Number | None = None
    denominator: Number | None = None
    hidden: Hidden | Literal["withheld"] | None = None
    events: int | None = None
    events_digest: str | None = None
    cut_off: AwareDatetime
    waits: Literal["true", "false"] | None = None
    notes: str | None = None


COLUMNS = tuple(FigureRow.model_fields)


def csv_text(released: Iterable[Released], approval: Approval) -> str:
    """Return a CSV file (RFC 4180, UTF-8) with a row for each number; a hidden one has no value and says why."""
    lines = (row.model_dump(mode="json") for figure in released for row in rows(figure, approval))
    return records_as_csv(COLUMNS, lines)


def note_text(note: Note) -> str:
    """Return a second number beside a figure in English, such as `3 of 12 evaluated later than 7 days`."""
    return f"{note.numerator} of {note.denominator} {note.text}"


def rows(figure: Released, approval: Approval) -> Iterator[FigureRow]:
    """Yield the rows of one figure: its total, its parts, and each dimension that is withheld as a whole."""
    whole = FigureRow(
        indicator=figure.definition.id,
        definition_version=figure.definition.version,
        title=figure.definition.title,
        period=figure.period.label,
        statement=approval.statement,
        start=figure.period.start,
        end=figure.period.end,
        status=approval.state,
        cut_off=figure.cut_off,
    )
    beside = {"waits": "true" if figure.waits else "false", "notes": "; ".join(map(note_text, figure.notes)) or None}
    yield whole.model_copy(update={**dict(figure_number(figure.total)), **beside})
    for dimension, cells in figure.breakdowns.items():
        for value, cell in cells.items():
            part = {"dimension": dimension, "dimension_value": value}
            yield whole.model_copy(update={**part, **dict(figure_number(cell))})
    for dimension in figure.withheld:
        yield whole.model_copy(update={"dimension": dimension, "hidden": "withheld"})
