"""Turn a released figure into the payloads of its events: one for its total, and one for each part that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.indicators.model.figure import digest_of, written
from shared.contracts.figures import Dimension
from shared.contracts.figures import Figure as Told

if TYPE_CHECKING:
    from services.reporting.disclosure.model import Released, Shown


def event_key(figure: Told) -> str:
    """Return the key of a figure on the log: the same for each statement of the same figure."""
    dimensions = [f"{each.name}={each.value}" for each in figure.dimensions]
    return "/".join((figure.indicator, figure.period, *dimensions))


def events_of_figure(released: Released) -> list[Told]:
    """Return the payloads of a figure's events: its total, and each cell that may be shown.

    Rows that were rolled up into one are no figure of their own: they follow from the others.
    """
    told = [_one(released, released.total, ())]
    for dimension, cells in released.breakdowns.items():
        told += [
            _one(released, shown, (Dimension(name=dimension, value=value),))
            for value, shown in cells.items()
            if not shown.suppressed and value != ROLLED_UP
        ]
    return told


def _one(released: Released, shown: Shown, dimensions: tuple[Dimension, ...]) -> Told:
    return Told(
        indicator=released.definition.id,
        definition_version=released.definition.version,
        period=released.period.label,
        start=released.period.start,
        end=released.period.end,
        dimensions=dimensions,
        value=None if shown.value is None else written(shown.value),
        numerator=None if shown.numerator is None else written(shown.numerator),
        denominator=None if shown.denominator is None else written(shown.denominator),
        suppressed=shown.suppressed,
        cut_off=released.cut_off,
        events=shown.events,
        events_digest=shown.digest or digest_of(()),
    )
