"""Define indicators, and compute figures from facts: totals, breakdowns, and the events that prove each number.

A joint breakdown (by two dimensions at once) shares its margins with others: the rows of one topic add up to that
topic's row elsewhere. Those that exist are chosen so that they form a tree (`disclosure/model/links.py` says why).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.reporting.facts.model.book import Book
    from services.reporting.groupings.model import Levels
    from services.reporting.periods.model.periods import Period

JOINT: dict[str, tuple[str, str]] = {
    "topic-and-result": ("priority-topic", "result"),
    "country-and-result": ("country-of-service", "result"),
    "language-and-result": ("language", "result"),
    "level-and-result": ("level", "result"),
    "topic-and-completion": ("priority-topic", "completion"),
    "country-and-completion": ("country-of-service", "completion"),
    "language-and-completion": ("language", "completion"),
    "level-and-completion": ("level", "completion"),
    "topic-and-country": ("priority-topic", "country-of-service"),
    "topic-and-language": ("priority-topic", "language"),
    "country-and-gap": ("country-of-service", "gap"),
}
"""The joint breakdowns, each with the two dimensions that it crosses."""
_BETWEEN = "|"


def parts_of(dimension: str) -> tuple[str, ...]:
    """Return the dimensions that a joint dimension crosses; a plain one by itself."""
    return JOINT.get(dimension, (dimension,))


def joined(values: Iterable[str]) -> str:
    """Return the value of a joint dimension, from the values of its parts."""
    return _BETWEEN.join(values)


def split(value: str) -> tuple[str, ...]:
    """Return the values that a joint value is made of."""
    return tuple(value.split(_BETWEEN))


_HUNDREDTH = Decimal("0.01")
UNSAID = "unsaid"
"""The value of a dimension that was not given."""


class Measure(StrEnum):
    """The way in which units become a figure."""

    COUNT = "count"
    """Distinct keys."""
    SUM = "sum"
    """Amounts added up."""
    SHARE = "share"
    """Distinct keys that hold, of all, in per cent."""
    MEDIAN = "median"
    """The middle one of the amounts."""


class Unit(NamedTuple):
    """One thing that is counted: what it is, which events prove it, and its value in each dimension.

    `holds` is for shares (whether it is in the numerator); `amount` for sums, medians and place-weeks; `placed_by` are
    the events that only give its value in a dimension: they prove a part, not the total. A tuple, since there are
    millions, and a frozen dataclass takes several times as long to make.
    """

    key: str
    events: tuple[UUID, ...]
    holds: bool = True
    amount: Decimal = Decimal(1)
    dimensions: Mapping[str, str | None] = MappingProxyType({})
    placed_by: Mapping[str, tuple[UUID, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Note:
    """A second number that is shown beside a figure: what it is, and how many of how many."""

    text: str
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator: what it counts, in words and as code. A changed definition has a new version.

    `numerator` and `denominator` are sentences for readers; `sources` the types of events; `dimensions` what it is
    broken down by; `minimum` the smallest denominator that may be shown; `whole` names dimensions whose cells are
    shares of all units, since only those in the numerator have a value. `additive` says whether cells of periods and
    dimensions may be added up (IATI's aggregation status).
    """

    id: str
    level: str
    title: str
    measure: Measure
    numerator: str
    sources: tuple[str, ...]
    units: Callable[[Book, Period], Iterable[Unit]]
    denominator: str = ""
    dimensions: tuple[str, ...] = ()
    minimum: int | None = None
    additive: bool = False
    kirkpatrick: int | None = None
    unit_of: str = ""
    whole: tuple[str, ...] = ()
    notes: Callable[[Book, Period], Sequence[Note]] | None = None
    version: int = 1
    guarded: bool = False
    """True if its total is a part of another figure, and is hidden if few people are behind it."""
    at_end: bool = False
    """True if it counts what is so at the period's end, so that periods inside another one do not add up to it."""
    grows: bool = False
    """True if that never becomes less from one period to the next, but for corrections."""
    late: bool = False
    """True if it also counts late facts about a frozen period, of any type."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The number of events that a number was computed from, and their digest: what everybody may know of them."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A number: the total of a figure, or its part for one value of a dimension.

    `value` is None if there is nothing to divide by. `contributors` is the number of distinct keys behind it. A cell
    that was stored comes back with its `proof` and without its events: a page that shows none need not read a hundred
    thousand ids (`figures/store.py` returns them on request).
    """

    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    contributors: int
    events: tuple[UUID, ...] = ()
    proof: Proof | None = None

    @property
    def count(self) -> int:
        """The number of events that it was computed from."""
        return self.proof.count if self.proof else len(self.events)

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted event ids, each on a line (`shared/contracts/figures.py`)."""
        return self.proof.digest if self.proof else _digest(self.events)


@dataclass(frozen=True, slots=True)
class Figure:
    """The value of an indicator for a period: total, breakdowns (dimension -> value -> cell), notes beside it."""

    definition: Definition
    period: Period
    cut_off: datetime
    total: Cell
    breakdowns: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def cells(self) -> Iterator[tuple[str, str, Cell]]:
        """Yield all its numbers: the total without a dimension and a value, then the parts with theirs."""
        yield "", "", self.total
        for dimension, cells in self.breakdowns.items():
            for value, cell in cells.items():
                yield dimension, value, cell


def digest_of(events: Iterable[UUID]) -> str:
    """Return the SHA-256 over event ids, sorted, each on a line."""
    return _digest(sorted(events))


def _digest(ordered: Sequence[UUID]) -> str:
    """Return the digest of sorted ids: ids sort as their texts do."""
    return hashlib.sha256("\n".join([*map(str, ordered), ""]).encode()).hexdigest()


def compute(definition: Definition, book: Book, period: Period) -> Figure:
    """Return the figure of `definition` for `period`, from the facts of `book` up to its cut-off.

    A period in which the programme had not begun, or that has not begun itself, has no figure: none is not zero.
    """
    if not book.reaches(period):
        return Figure(
            definition, period, book.cut_off, Cell(None, None, None, 0), {d: {} for d in definition.dimensions}
        )
    units = list(definition.units(book, period))
    breakdowns: dict[str, dict[str, Cell]] = {}
    for dimension in definition.dimensions:
        whole = dimension in definition.whole
        groups = _grouped(units, dimension, book.levels, whole=whole)
        of = units if whole else None
        breakdowns[dimension] = {
            value: _cell(definition.measure, groups[value], of, dimension) for value in sorted(groups)
        }
    notes = tuple(definition.notes(book, period)) if definition.notes else ()
    return Figure(definition, period, book.cut_off, _cell(definition.measure, units), breakdowns, notes)


def _grouped(units: Iterable[Unit], dimension: str, levels: Levels, *, whole: bool) -> dict[str, list[Unit]]:
    """Return units by their value in a dimension, or by its group at the chosen level.

    Those without a value are left out if the cells of the dimension are shares of all.
    """
    parts = parts_of(dimension)
    groups: dict[str, list[Unit]] = {}
    if len(parts) == 1:
        values: dict[str, list[Unit]] = {}
        for unit in units:
            value = unit.dimensions.get(dimension)
            if value is not None or not whole:
                values.setdefault(value or UNSAID, []).append(unit)
        for value, of_value in values.items():
            groups.setdefault(levels.group(dimension, value), []).extend(of_value)
        return groups
    # Groups are looked up and names joined for each combination, not for each unit.
    crossed: dict[tuple[str, ...], list[Unit]] = {}
    for unit in units:
        value_in = unit.dimensions.get
        crossed.setdefault(tuple([value_in(part) or UNSAID for part in parts]), []).append(unit)
    for combination, of_both in crossed.items():
        name = joined(levels.group(part, each) for part, each in zip(parts, combination, strict=True))
        groups.setdefault(name, []).extend(of_both)
    return groups


def _cell(measure: Measure, units: Sequence[Unit], whole: Sequence[Unit] | None = None, dimension: str = "") -> Cell:
    behind = whole if whole is not None else units
    proof = {event for unit in behind for event in unit.events}
    for part in parts_of(dimension):
        proof.update(event for unit in behind if unit.placed_by for event in unit.placed_by.get(part, ()))
    events = tuple(sorted(proof))
    contributors = len({unit.key for unit in units})
    match measure:
        case Measure.COUNT:
            value = Decimal(contributors)
            return Cell(value, value, None, contributors, events)
        case Measure.SUM:
            value = sum((unit.amount for unit in units), Decimal())
            return Cell(value, value, None, contributors, events)
        case Measure.MEDIAN:
            middle = Decimal(median(unit.amount for unit in units)) if units else None
            return Cell(middle, None, Decimal(len(units)), contributors, events)
        case Measure.SHARE:
            numerator = _weight(unit for unit in units if unit.holds)
            denominator = _weight(behind)
            share = (100 * numerator / denominator).quantize(_HUNDREDTH, ROUND_HALF_EVEN) if denominator else None
            return Cell(share, numerator, denominator, contributors, events)


def _weight(units: Iterable[Unit]) -> Decimal:
    """Return the number of distinct keys, each with its amount (1 except for place-weeks)."""
    return sum({unit.key: unit.amount for unit in units}.values(), Decimal())


def written(value: Decimal) -> str:
    """Return a decimal number as text, without trailing zeros and without an exponent."""
    return format(value.normalize() if value else Decimal(), "f")
