"""Turn a released figure into the payloads of its events: one for its total, and one for each part that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.indicators.model.figure import digest_of, written
from shared.contracts.figures import Dimension
from shared.contracts.figures import Figure as FigurePayload

if TYPE_CHECKING:
    from services.reporting.disclosure.model import Released, ReleasedCell


def event_key(figure: FigurePayload) -> str:
    """Return the key of a figure on the log: the same for each statement of the same figure."""
    dimensions = [f"{each.name}={each.value}" for each in figure.dimensions]
    return "/".join((figure.indicator, figure.period, *dimensions))


def events_of_figure(released: Released) -> list[FigurePayload]:
    """Return the payloads of a figure's events: its total, and each cell that may be shown.

    Rows that were rolled up into one are no figure of their own: they follow from the others.
    """
    payloads = [_payload(released, released.total, ())]
    for dimension, cells in released.breakdowns.items():
        payloads += [
            _payload(released, cell, (Dimension(name=dimension, value=value),))
            for value, cell in cells.items()
            if not cell.suppressed and value != ROLLED_UP
        ]
    return payloads


def _payload(released: Released, cell: ReleasedCell, dimensions: tuple[Dimension, ...]) -> FigurePayload:
    return FigurePayload(
        indicator=released.definition.id,
        definition_version=released.definition.version,
        period=released.period.label,
        start=released.period.start,
        end=released.period.end,
        dimensions=dimensions,
        value=None if cell.value is None else written(cell.value),
        numerator=None if cell.numerator is None else written(cell.numerator),
        denominator=None if cell.denominator is None else written(cell.denominator),
        suppressed=cell.suppressed,
        cut_off=released.cut_off,
        events=cell.events or 0,
        events_digest=cell.digest or digest_of(()),
    )
