"""Write the figures as a logframe: result chain, baseline, targets by date, current value, verification, assumptions.

The columns are those that the logframes of the European Union's external actions have (OPSYS), so that they can be
copied row by row: a row for each indicator, a column for each date for which a target is set. The current value is
what was reached since the baseline; the period's own value stands beside it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from services.reporting.feeds.formats.result_chain import RESULT_CHAIN, verified_by
from services.reporting.feeds.formats.table import note_text
from services.reporting.feeds.model.cumulative import can_be_added, cumulative
from services.reporting.indicators.model.figure import Measure
from services.reporting.targets.model import TargetKind, added_from, baseline_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from services.reporting.disclosure.model import Released
    from services.reporting.feeds.model.cumulative import Cumulative
    from services.reporting.periods.model.approval import Approval
    from services.reporting.targets.model import TargetValue

_UNITS = {Measure.SHARE: "per cent", Measure.COUNT: "number", Measure.SUM: "number", Measure.MEDIAN: "median"}
_BEFORE = (
    "Result chain",
    "Result statement",
    "Code",
    "Indicator",
    "How it is counted",
    "Unit",
    "Baseline",
    "Baseline date",
)
_AFTER = (
    "Current value",
    "Current value date",
    "Current value since",
    "Value in the period",
    "Means of verification",
    "Source of verification",
    "Assumptions",
    "Comments",
)
_WIDE = {
    "Result statement",
    "Indicator",
    "How it is counted",
    "Means of verification",
    "Source of verification",
    "Assumptions",
    "Comments",
}


def logframe(
    released: Sequence[Released],
    approval: Approval,
    target_values: Sequence[TargetValue],
    at: datetime,
    history: Sequence[Released] = (),
    *,
    since: date,
) -> bytes:
    """Return the workbook with the logframe; `target_values` are those that stood `at` the moment of the statement.

    `history` are the figures of other published periods: with them the current value is counted from the baseline, or
    from `since` where there is none.
    """
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
        for place, cell in enumerate(
            _row(figure, own, [day.isoformat() for day in days], _current(figure, own, history, since))
        ):
            if isinstance(cell, str):
                sheet.write_string(line, place, cell, wrapped)
            elif cell is not None:
                sheet.write_number(line, place, cell)
    sheet.freeze_panes(1, 4)
    book.close()
    return file.getvalue()


def _current(
    figure: Released, own: Sequence[TargetValue], history: Sequence[Released], since: date
) -> Cumulative | None:
    """Return what was reached from the baseline to the period's end; None for what cannot be added up."""
    first = added_from(baseline_of(own, figure.definition.id), since)
    return cumulative(figure.definition, figure.period.end, first, [figure, *history])


def _row(
    figure: Released, target_values: Sequence[TargetValue], days: Sequence[str], current: Cumulative | None
) -> list[str | Decimal | None]:
    definition, level = figure.definition, RESULT_CHAIN[figure.definition.level]
    counted = f"{definition.numerator} Of: {definition.denominator}" if definition.denominator else definition.numerator
    baseline = baseline_of(target_values, definition.id)
    targets = {
        target_value.day.isoformat(): target_value.value
        for target_value in target_values
        if target_value.kind is TargetKind.TARGET
    }
    comments = [target_value.comment for target_value in target_values if target_value.comment]
    if current and len(current.periods) > 1:
        comments.insert(0, f"The current value adds up the published figures of {', '.join(current.periods)}.")
    elif figure.total.value is not None and not can_be_added(definition):
        comments.insert(0, "The current value is that of the period: such figures cannot be added up.")
    if figure.total.suppressed:
        comments.insert(0, "No current value is shown: few people stand behind it, or behind what it would give away.")
    elif figure.total.value is None:
        comments.insert(0, "No current value: there is nothing to divide by yet.")
    if figure.waits:
        comments.insert(0, "A correction waits until it can be published without telling of few people.")
    comments += [f"Also: {note_text(note)}." for note in figure.notes]
    sources = list(dict.fromkeys(target_value.source for target_value in target_values))
    if figure.total.digest:
        counted_from = "Events" if figure.total.events is None else f"{figure.total.events} events"
        sources.append(f"{counted_from}, SHA-256 of their ids {figure.total.digest}")
    return [
        level.name,
        level.statement,
        definition.id,
        definition.title,
        counted,
        _UNITS[definition.measure],
        baseline.value if baseline else None,
        baseline.day.isoformat() if baseline else None,
        *(targets.get(day) for day in days),
        current.value if current else figure.total.value,
        figure.period.end.isoformat(),
        (current.start if current else figure.period.start).isoformat(),
        figure.total.value,
        verified_by(definition),
        "; ".join(sources),
        level.assumptions,
        " ".join(comments),
    ]
