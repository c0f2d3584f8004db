"""Which indicators are there? Each with its definition in words beside the code that computes it.

They were agreed with the donor in this order: inputs, process, outputs, outcomes, quality of the data. A new version of
a definition never changes a figure that is published: published figures are kept as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.model.figure import compute
from services.reporting.model.indicators import earlier, outcome, output, process, quality
from services.reporting.model.indicators import input as inputs

if TYPE_CHECKING:
    from services.reporting.model.book import Book
    from services.reporting.model.figure import Definition, Figure
    from services.reporting.model.periods import Period

INDICATORS: dict[str, Definition] = {
    definition.id: definition
    for module in (inputs, process, output, outcome, quality)
    for definition in module.DEFINITIONS
}
"""All indicators by id."""


EARLIER: dict[tuple[str, int], Definition] = {(each.id, each.version): each for each in earlier.DEFINITIONS}
"""Earlier versions of definitions, by id and version: figures that were published under them are computed by them."""


class UnknownVersion(LookupError):
    """There never was such a version of a definition, or its code was thrown away."""


def definition(indicator: str, version: int) -> Definition:
    """The definition of an indicator as it was in a version. Raises `UnknownVersion`."""
    now = INDICATORS.get(indicator)
    if now is not None and now.version == version:
        return now
    try:
        return EARLIER[indicator, version]
    except KeyError:
        raise UnknownVersion(f"{indicator}, version {version}") from None


def figures(book: Book, period: Period) -> list[Figure]:
    """The figures of all indicators for a period, in the indicators' order."""
    return [compute(each, book, period) for each in INDICATORS.values()]
