"""Define the periods that figures are computed for: calendar years, halves, quarters, the programme as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from shared.contracts.codes import PeriodKind

PROGRAMME = "programme"
_LABEL = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<part>H[12]|Q[1-4]))?")


class UnknownPeriod(ValueError):
    """The label names no calendar year, half-year or quarter."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period from its first to its last day, both included; `kind` is None for the programme as a whole."""

    label: str
    kind: PeriodKind | None
    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Return whether a business date lies in the period."""
        return self.start <= day <= self.end


def parse(label: str) -> Period:
    """Return the period `2026`, `2026-H1` or `2026-Q3`. Raises `UnknownPeriod`."""
    found = _LABEL.fullmatch(label)
    if found is None or not 2000 <= (year := int(found["year"])) <= 2100:
        raise UnknownPeriod(label)
    part = found["part"]
    if part is None:
        return Period(label, PeriodKind.YEAR, date(year, 1, 1), date(year, 12, 31))
    months = 6 if part[0] == "H" else 3
    first = (int(part[1]) - 1) * months + 1
    after = date(year + (first + months > 12), (first + months - 1) % 12 + 1, 1)
    kind = PeriodKind.HALF_YEAR if months == 6 else PeriodKind.QUARTER
    return Period(label, kind, date(year, first, 1), after - timedelta(days=1))


def programme(first: date, last: date) -> Period:
    """Return the programme as a whole: from its first fact to its last."""
    return Period(PROGRAMME, None, first, max(first, last))


def labels(first: date, last: date) -> list[str]:
    """Return all periods that touch the days from `first` to `last`: newest year first, then halves and quarters."""
    made = []
    for year in range(last.year, first.year - 1, -1):
        made += [f"{year}", *(f"{year}-{part}" for part in ("H2", "H1", "Q4", "Q3", "Q2", "Q1"))]
    return [label for label in made if (period := parse(label)).start <= last and period.end >= first]
