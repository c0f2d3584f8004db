"""List all indicators, each with its definition in words beside the code that computes it.

They were agreed with the donor in this order: inputs, process, outputs, outcomes, quality of the data. A new version of
a definition never changes a published figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from services.reporting.indicators.model import demand, earlier, outcome, output, process, quality, reciprocity
from services.reporting.indicators.model import input as inputs
from services.reporting.indicators.model.figure import compute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.reporting.facts.model.book import Book
    from services.reporting.indicators.model.figure import Definition, Figure
    from services.reporting.periods.model.periods import Period

INDICATORS: dict[str, Definition] = {
    definition.id: definition
    for module in (inputs, process, output, outcome, quality)
    for definition in module.DEFINITIONS
}
"""The indicators agreed with the donor, by id."""

OWN: dict[str, Definition] = {
    definition.id: definition for module in (demand, reciprocity) for definition in module.DEFINITIONS
}
"""Our own figures, by id: counted, approved, kept and released like the others, but in no file for donors."""

COUNTED: dict[str, Definition] = {**INDICATORS, **OWN}
"""Everything that is counted for a period, by id, in one order."""


EARLIER: dict[tuple[str, int], Definition] = {(each.id, each.version): each for each in earlier.DEFINITIONS}
"""Earlier versions of definitions, by id and version: figures that were published under them are computed by them."""


class UnknownVersion(LookupError):
    """There never was such a version of a definition, or its code was removed."""


def definition(indicator: str, version: int) -> Definition:
    """Return the definition of an indicator in a version. Raises `UnknownVersion`."""
    now = COUNTED.get(indicator)
    if now is not None and now.version == version:
        return now
    try:
        return EARLIER[indicator, version]
    except KeyError:
        raise UnknownVersion(f"{indicator}, version {version}") from None


class _Defined(Protocol):
    @property
    def definition(self) -> Definition:
        raise NotImplementedError


F = TypeVar("F", bound="_Defined")


def agreed(figures: Iterable[F]) -> list[F]:
    """Return those of a period's figures that were agreed with the donor: for overview, report and feeds."""
    return [each for each in figures if each.definition.id in INDICATORS]


def figures(book: Book, period: Period) -> list[Figure]:
    """Return all figures of a period, in their order: the donor's indicators, then our own."""
    return [compute(each, book, period) for each in COUNTED.values()]
