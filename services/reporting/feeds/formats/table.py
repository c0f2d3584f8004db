"""Write released figures as rows for CSV, and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.indicators.model.figure import written
from shared.web.csv_files import records_as_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from services.reporting.disclosure.model import Released, ReleasedCell
    from services.reporting.periods.model.approval import Approval

COLUMNS = (
    "indicator",
    "definition_version",
    "title",
    "period",
    "start",
    "end",
    "status",
    "dimension",
    "dimension_value",
    "value",
    "numerator",
    "denominator",
    "hidden",
    "events",
    "events_digest",
    "cut_off",
)  # fmt: skip - one line reads as the head of the table
"""`hidden` says why there is no value: `few`, `protected`, `no_data`, or `withheld` for a whole dimension."""


def csv_text(released: Iterable[Released], where: Approval) -> str:
    """Return a CSV file (RFC 4180, UTF-8) with a row for each number; a hidden one has no value and says why."""
    return records_as_csv(COLUMNS, (row for figure in released for row in rows(figure, where)))


def rows(figure: Released, where: Approval) -> Iterator[dict[str, Any]]:
    """Yield the rows of one figure, by column: its total, its parts, and each dimension that is withheld as a whole."""
    common = {
        "indicator": figure.definition.id,
        "definition_version": figure.definition.version,
        "title": figure.definition.title,
        "period": figure.period.label,
        "start": figure.period.start.isoformat(),
        "end": figure.period.end.isoformat(),
        "status": where.state.value,
        "cut_off": figure.cut_off.isoformat(),
    }
    yield {**common, **numbers(figure.total)}
    for dimension, cells in figure.breakdowns.items():
        for value, shown in cells.items():
            yield {**common, "dimension": dimension, "dimension_value": value, **numbers(shown)}
    for dimension in figure.withheld:
        yield {**common, "dimension": dimension, "hidden": "withheld"}


def numbers(shown: ReleasedCell) -> dict[str, Any]:
    """Return the columns that hold a number, or why there is none."""
    return {
        "value": _text(shown.value),
        "numerator": _text(shown.numerator),
        "denominator": _text(shown.denominator),
        "hidden": shown.hidden.value if shown.hidden else None,
        "events": None if shown.suppressed else shown.events,
        "events_digest": shown.digest,
    }


def as_json(figure: Released) -> dict[str, Any]:
    """Return a released figure for programs; decimal numbers are text."""
    definition = figure.definition
    return {
        "indicator": definition.id,
        "title": definition.title,
        "level": definition.level,
        "kirkpatrick": definition.kirkpatrick,
        "definition": {
            "version": definition.version,
            "measure": definition.measure.value,
            "numerator": definition.numerator,
            "denominator": definition.denominator or None,
            "sources": list(definition.sources),
            "dimensions": list(definition.dimensions),
            "minimum_denominator": definition.minimum,
            "additive": definition.additive,
        },
        "period": figure.period.label,
        "start": figure.period.start,
        "end": figure.period.end,
        "cut_off": figure.cut_off,
        **numbers(figure.total),
        "breakdowns": {
            dimension: [{"value_of": value, **numbers(shown)} for value, shown in cells.items()]
            for dimension, cells in figure.breakdowns.items()
        },
        "withheld": list(figure.withheld),
        "notes": [{"text": n.text, "numerator": n.numerator, "denominator": n.denominator} for n in figure.notes],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else written(value)
