"""What of a figure may be shown? The one gate through which pages, CSV, IATI and API go.

Threshold and complementary suppression as in statistical disclosure control (Hundepool et al., Statistical Disclosure
Control, 2012, chapter 4): a cell with few people behind it is hidden, and so are others, until what is hidden cannot be
worked out from the total. A share or a median needs the indicator's own smallest denominator besides. Totals of counts
are shown as they are: they say how large the programme is, and nothing of a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from services.reporting.model.figure import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from services.reporting.model.figure import Cell, Definition, Figure, Note
    from services.reporting.model.periods import Period

THRESHOLD = 5
"""A cell with fewer behind it (and not none) is hidden."""


class Hidden(StrEnum):
    """Why a number is not shown."""

    NO_DATA = "no_data"
    """There is nothing to divide by: nothing is hidden, there is nothing."""
    FEW = "few"
    """Too few stand behind it."""
    COMPLEMENT = "complement"
    """It would give away another that is hidden."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it may leave the house: the cell's values, or none of them and why."""

    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    events: int = 0
    digest: str | None = None
    hidden: Hidden | None = None

    @property
    def suppressed(self) -> bool:
        """Whether there is a number that is not shown."""
        return self.hidden in {Hidden.FEW, Hidden.COMPLEMENT}


@dataclass(frozen=True, slots=True)
class Released:
    """A figure as it may leave the house. `withheld` are dimensions of which nothing may be shown."""

    definition: Definition
    period: Period
    cut_off: datetime
    total: Shown
    breakdowns: Mapping[str, Mapping[str, Shown]] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def release(figure: Figure) -> Released:
    """What of a figure may be shown."""
    definition = figure.definition
    total = _total(figure)
    breakdowns: dict[str, Mapping[str, Shown]] = {}
    withheld = []
    for dimension, cells in figure.breakdowns.items():
        shown = {} if total.hidden else _table(definition, cells)
        if cells and all(each.hidden for each in shown.values()):
            withheld.append(dimension)
        else:
            breakdowns[dimension] = shown
    notes = tuple(note for note in figure.notes if note.denominator >= (definition.minimum or 0))
    return Released(definition, figure.period, figure.cut_off, total, breakdowns, tuple(withheld), notes)


def _total(figure: Figure) -> Shown:
    definition, cell = figure.definition, figure.total
    if cell.value is None:
        return Shown(None, hidden=Hidden.NO_DATA)
    if definition.minimum and (cell.denominator or 0) < definition.minimum:
        return Shown(None, hidden=Hidden.FEW)
    return _shown(cell)


def _table(definition: Definition, cells: Mapping[str, Cell]) -> dict[str, Shown]:
    """The cells of one dimension: hide the small ones, then the next smallest until the hidden ones are safe."""
    hidden = {value: Hidden.FEW for value, cell in cells.items() if _few(definition, cell)}
    by_size = sorted((value for value in cells if value not in hidden), key=lambda v: (cells[v].contributors, v))
    while hidden and by_size and not _safe(cells, hidden):
        hidden[by_size.pop(0)] = Hidden.COMPLEMENT
    return {
        value: Shown(None, hidden=hidden[value]) if value in hidden else _shown(cell) for value, cell in cells.items()
    }


def _few(definition: Definition, cell: Cell) -> bool:
    if definition.measure in {Measure.SHARE, Measure.MEDIAN}:
        denominator, numerator = cell.denominator or 0, cell.numerator or 0
        rest = denominator - numerator
        needed = max(definition.minimum or 0, THRESHOLD)
        return denominator < needed or 0 < numerator < THRESHOLD or 0 < rest < THRESHOLD
    return 0 < cell.contributors < THRESHOLD


def _safe(cells: Mapping[str, Cell], hidden: Mapping[str, Hidden]) -> bool:
    """Whether two or more cells are hidden that together are so large that none of them can be told."""
    return len(hidden) > 1 and sum(cells[value].contributors for value in hidden) >= 2 * THRESHOLD


def _shown(cell: Cell) -> Shown:
    return Shown(cell.value, cell.numerator, cell.denominator, cell.count, cell.digest)
