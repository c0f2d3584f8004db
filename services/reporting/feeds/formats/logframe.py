"""Write the figures as a logframe: result chain, baseline, targets by date, current value, source, comments.

The columns are those that the logframes of the European Union's external actions have (OPSYS), so that they can be
copied row by row: a row for each indicator, a column for each date for which a target is set.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from services.reporting.indicators.model.figure import Measure
from services.reporting.targets.model import TargetKind, baseline_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval
    from services.reporting.targets.model import TargetValue

_CHAIN = {"input": "Input", "process": "Process", "output": "Output", "outcome": "Outcome", "quality": "Data quality"}
_UNITS = {Measure.SHARE: "per cent", Measure.COUNT: "number", Measure.SUM: "number", Measure.MEDIAN: "median"}
_BEFORE = ("Result chain", "Code", "Indicator", "How it is counted", "Unit", "Baseline", "Baseline date")
_AFTER = ("Current value", "Current value date", "Source of verification", "Comments")
_WIDE = {"Indicator", "How it is counted", "Source of verification", "Comments"}


def logframe(
    released: Sequence[Released], approval: Approval, target_values: Sequence[TargetValue], at: datetime
) -> bytes:
    """Return the workbook with the logframe; `target_values` are those that stood `at` the moment of the statement."""
    days = sorted({target_value.day for target_value in target_values if target_value.kind is TargetKind.TARGET})
    head = [*_BEFORE, *(f"Target {day.isoformat()}" for day in days), *_AFTER]
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties(
        {"title": f"Logframe, {approval.period.label}", "created": at.replace(tzinfo=None, microsecond=0)}
    )
    sheet = book.add_worksheet("Logframe")
    bold, wrapped = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"text_wrap": True})
    for place, name in enumerate(head):
        sheet.write_string(0, place, name, bold)
        sheet.set_column(place, place, 40 if name in _WIDE else 15)
    for line, figure in enumerate(released, start=1):
        own = [target_value for target_value in target_values if target_value.indicator == figure.definition.id]
        for place, cell in enumerate(_row(figure, own, [day.isoformat() for day in days])):
            if isinstance(cell, str):
                sheet.write_string(line, place, cell, wrapped)
            elif cell is not None:
                sheet.write_number(line, place, cell)
    sheet.freeze_panes(1, 3)
    book.close()
    return file.getvalue()


def _row(figure: Released, target_values: Sequence[TargetValue], days: Sequence[str]) -> list[str | Decimal | None]:
    definition = figure.definition
    counted = f"{definition.numerator} Of: {definition.denominator}" if definition.denominator else definition.numerator
    baseline = baseline_of(target_values, definition.id)
    targets = {
        target_value.day.isoformat(): target_value.value
        for target_value in target_values
        if target_value.kind is TargetKind.TARGET
    }
    comments = [target_value.comment for target_value in target_values if target_value.comment]
    if figure.total.suppressed:
        comments.insert(0, "No current value is shown: few people stand behind it, or behind what it would give away.")
    elif figure.total.value is None:
        comments.insert(0, "No current value: there is nothing to divide by yet.")
    sources = list(dict.fromkeys(target_value.source for target_value in target_values))
    if figure.total.digest:
        counted = "Events" if figure.total.events is None else f"{figure.total.events} events"
        sources.append(f"{counted}, SHA-256 of their ids {figure.total.digest}")
    return [
        _CHAIN[definition.level],
        definition.id,
        definition.title,
        counted,
        _UNITS[definition.measure],
        baseline.value if baseline else None,
        baseline.day.isoformat() if baseline else None,
        *(targets.get(day) for day in days),
        figure.total.value,
        figure.period.end.isoformat(),
        "; ".join(sources),
        " ".join(comments),
    ]
