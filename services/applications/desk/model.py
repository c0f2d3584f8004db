"""Define which published figures the start page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from shared.contracts.figures import Figure

VISITS, HOSTS = "TOPCOP-OP-02", "TOPCOP-OP-05"
"""Visits that officers completed, and institutions that received one."""
PARTS = "country-of-service"
"""The dimension by which visits are drawn: where the officers serve."""
TOTAL = ""
"""The part of a figure that is its total."""


@dataclass(frozen=True, slots=True)
class PublishedNumber:
    """A number of a published period as reporting released it; `part` is a country or a group. None: not shown."""

    indicator: str
    period: str
    part: str
    start: date
    end: date
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class PublishedPeriod:
    """The figures of the published period that ended last, as far as the start page shows them."""

    label: str
    start: date
    end: date
    visits: Decimal | None
    hosts: Decimal | None
    parts: tuple[tuple[str, Decimal], ...]
    """Visits by the officers' country or group of countries, most first; a part that is not shown is left out."""

    @property
    def has_first_part(self) -> bool:
        """Return whether the first part surely has the most visits: more than the second, and than all not shown."""
        if self.visits is None or not self.parts:
            return False
        most, *others = (count for _, count in self.parts)
        not_shown = self.visits - most - sum(others)
        return most > max([not_shown, *others])


def part_of(figure: Figure) -> str | None:
    """Return the part of a figure that the start page shows; None for what it does not show."""
    if figure.indicator not in {VISITS, HOSTS}:
        return None
    if not figure.dimensions:
        return TOTAL
    if figure.indicator != VISITS or len(figure.dimensions) != 1 or figure.dimensions[0].name != PARTS:
        return None
    return figure.dimensions[0].value


def newest(numbers: Iterable[PublishedNumber]) -> PublishedPeriod | None:
    """Return the period that ended last, a longer one before a shorter one; None if nothing is published."""
    found = list(numbers)
    totals = [each for each in found if each.indicator == VISITS and each.part == TOTAL]
    if not totals:
        return None
    last = max(totals, key=lambda each: (each.end, each.end - each.start))
    own = [each for each in found if each.period == last.period]
    parts = [(each.part, each.value) for each in own if each.part != TOTAL and each.value is not None]
    return PublishedPeriod(
        label=last.period,
        start=last.start,
        end=last.end,
        visits=last.value,
        hosts=next((each.value for each in own if each.indicator == HOSTS and each.part == TOTAL), None),
        parts=tuple(sorted(parts, key=lambda part: (-part[1], part[0]))),
    )
