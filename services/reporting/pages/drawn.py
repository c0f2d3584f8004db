"""A chart as a page offers it: the picture, and its numbers as rows of a file that programs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.feeds.table import csv_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.reporting.model.approval import Approval
    from shared.web.charts import Chart

COLUMNS = ("chart", "period", "start", "end", "status", "indicator", "item", "series", "value")
"""`item` is the code of what a number is about: an indicator, a country, a topic and a country."""

Row = tuple[str, str, str, str]
"""Indicator, item, series and value, as codes and written-out numbers."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its name in addresses and its rows."""

    name: str
    chart: Chart
    rows: Sequence[Row]


def csv_text(drawn: Iterable[Drawn], where: Approval) -> str:
    """The rows of charts of one period as CSV."""
    period = where.period
    common = {
        "period": period.label,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "status": where.state.value,
    }
    lines: list[dict[str, Any]] = [
        {**common, "chart": each.name, **dict(zip(("indicator", "item", "series", "value"), row, strict=True))}
        for each in drawn
        for row in each.rows
    ]
    return csv_of(COLUMNS, lines)
