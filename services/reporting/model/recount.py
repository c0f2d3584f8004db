"""Does what was published follow from the events? Recomputes each published figure and says which do not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.model.book import Book
from services.reporting.model.figure import compute, written
from services.reporting.model.indicators import UnknownVersion, definition
from services.reporting.model.periods import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from decimal import Decimal

    from services.reporting.model.facts import Fact
    from services.reporting.model.figure import Cell, Figure
    from shared.contracts.figures import Figure as Told


@dataclass(frozen=True, slots=True)
class Checked:
    """One published number: which it is, and what does not hold; nothing: it follows from the events.

    `hidden` is a number that was not shown: that it is hidden can be seen, what it is cannot be compared.
    """

    name: str
    differences: tuple[str, ...] = ()
    hidden: bool = False


def recount(facts: Iterable[Fact], published: Iterable[Told]) -> Iterator[Checked]:
    """Each published number, computed again from all facts up to its cut-off, under its own definition's version."""
    held = list(facts)
    by_cut_off: dict[datetime, list[Told]] = {}
    for told in published:
        by_cut_off.setdefault(told.cut_off, []).append(told)
    for cut_off in sorted(by_cut_off):
        book = Book(held, cut_off)
        made: dict[tuple[str, int, str], Figure] = {}
        for told in sorted(by_cut_off[cut_off], key=name_of):
            key = told.indicator, told.definition_version, told.period
            try:
                if key not in made:
                    made[key] = compute(definition(*key[:2]), book, parse(told.period))
            except UnknownVersion as unknown:
                yield Checked(name_of(told), (f"the definition {unknown} is not known here",))
                continue
            yield _checked(told, made[key])


def name_of(told: Told) -> str:
    """What a published number is called: indicator, period, and the part where it is one."""
    parts = [f"{each.name}={each.value}" for each in told.dimensions]
    return "/".join((told.indicator, told.period, *parts))


def _checked(told: Told, figure: Figure) -> Checked:
    name = name_of(told)
    if told.suppressed:
        return Checked(name, hidden=True)
    cell = _cell(told, figure)
    if cell is None:
        return Checked(name, ("no event belongs to this part",))
    parts = (  # where there was nothing to divide by, neither was told
        ("numerator", told.numerator, _text(cell.numerator)),
        ("denominator", told.denominator, _text(cell.denominator)),
    )
    pairs = (
        ("value", told.value, _text(cell.value)),
        *(parts if told.value is not None else ()),
        ("events", str(told.events), str(cell.count)),
        ("digest of the events", told.events_digest, cell.digest),
    )
    return Checked(
        name,
        tuple(
            f"{what}: published {'none' if said is None else said}, computed {'none' if found is None else found}"
            for what, said, found in pairs
            if said != found
        ),
    )


def _cell(told: Told, figure: Figure) -> Cell | None:
    if not told.dimensions:
        return figure.total
    if len(told.dimensions) > 1:
        return None
    (dimension,) = told.dimensions
    return figure.breakdowns.get(dimension.name, {}).get(dimension.value)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else written(value)
