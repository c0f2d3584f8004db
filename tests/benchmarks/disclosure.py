"""Measure disclosure control of a half-year's figures, attacked beside the releases before it.

The pack is seeded: all indicators with all their dimensions, and the demand with its outcomes, for many small
countries, since small cells are what costs. The reference is the same decision with no earlier releases, as a check
that looks at one period alone would make it.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import TYPE_CHECKING

from services.reporting.disclosure.model import EarlierRelease, decide
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.demand import RECEIVED
from services.reporting.indicators.model.figure import Cell, Figure, Measure
from services.reporting.periods.model import periods
from shared.contracts.codes import COUNTRIES, EMPACT_2026, PRIORITIES
from tests.benchmarks.figures import Reference, within
from tests.unit.reporting.application_samples import SampleApplication, counted, facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.indicators.model.figure import Definition
    from tests.benchmarks import figures as bench
    from tests.benchmarks.servers import Servers

_VALUES = {
    "country-of-service": ("AM", "AZ", "BY", "GE", "MD", "UA"),
    "host-country": tuple(sorted(COUNTRIES))[:27],
    "sex": ("female", "male", "unsaid"),
    "rank-group": ("operational", "supervisor", "middle_management", "senior_management", "strategic"),
    "priority-topic": ("one", "two", "three", "four", "five", "six", "seven"),
    "reason": ("visa_refused", "personal", "operational_duty", "no_answer", "funding"),
}
_AT = datetime(2028, 1, 1, tzinfo=UTC)
MOST_MS = 5_000.0


def _figure(definition: Definition, label: str, cells: dict[str, dict[str, tuple[int, int]]]) -> Figure:
    made = {
        name: {value: _cell(definition, *of) for value, of in rows.items() if of[1]} for name, rows in cells.items()
    }
    largest = max(cells.values(), key=len, default={"all": (17, 23)})
    total = _cell(definition, sum(a for a, _ in largest.values()), sum(b for _, b in largest.values()))
    return Figure(definition, periods.parse(label), _AT, total, made)


def _cell(definition: Definition, part: int, whole: int) -> Cell:
    if definition.measure is Measure.SHARE:
        return Cell(Decimal(100 * part) / whole if whole else None, Decimal(part), Decimal(whole), whole)
    return Cell(Decimal(whole), Decimal(whole), None, whole)


def _pack() -> dict[str, list[Figure]]:
    """Return a year's figures by quarters, and their sums by halves and year; the dimensions of each add up alike."""
    dice = random.Random(7)
    found: dict[str, list[Figure]] = {}
    for definition in INDICATORS.values():
        quarters: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
        for quarter in ("Q1", "Q2", "Q3", "Q4"):
            size = dice.choice((40, 90, 200))
            cells: dict[str, dict[str, tuple[int, int]]] = {}
            for name in definition.dimensions:
                values = _VALUES[name]
                rows = dict.fromkeys(values, (0, 0))
                for place in range(size):
                    value = values[min(int(dice.expovariate(0.35)), len(values) - 1)]
                    part, whole = rows[value]
                    rows[value] = (part + (place % 3 != 0), whole + 1)
                cells[name] = rows
            quarters[quarter] = cells
        for label, of in (
            ("Q1", ("Q1",)), ("Q2", ("Q2",)), ("H1", ("Q1", "Q2")), ("H2", ("Q3", "Q4")),
        ):  # fmt: skip
            summed = {
                name: {
                    value: (
                        sum(quarters[quarter][name][value][0] for quarter in of),
                        sum(quarters[quarter][name][value][1] for quarter in of),
                    )
                    for value in quarters["Q1"][name]
                }
                for name in definition.dimensions
            }
            found.setdefault(f"2027-{label}", []).append(_figure(definition, f"2027-{label}", summed))
    return found


def _applications(quarter: int, dice: random.Random) -> list[SampleApplication]:
    """Some hundred applications of a quarter, from few countries more than from others, for few topics more."""
    return [
        SampleApplication(
            country=_draw(_VALUES["country-of-service"], dice),
            topic=_draw(tuple(PRIORITIES[EMPACT_2026]), dice),
            language=_draw(("en", "fr", "de", "ro", "pl", "it"), dice),
            level=dice.randint(1, 3),
            became=dice.choice(("completed", "completed", "matched", "taken", "common_language", "topic", "open")),
            day=date(2027, 3 * quarter - 2, 1) + timedelta(days=dice.randrange(85)),
        )
        for _ in range(dice.choice((60, 110, 160)))
    ]


def _draw(values: Sequence[str], dice: random.Random) -> str:
    return values[min(int(dice.expovariate(0.35)), len(values) - 1)]


def _with_demand(pack: dict[str, list[Figure]]) -> dict[str, list[Figure]]:
    """Return the pack with demand and outcomes, which share rows, in place of the seeded cells."""
    dice = random.Random(11)
    facts = facts_of(application for quarter in (1, 2, 3, 4) for application in _applications(quarter, dice))
    return {
        label: [*(each for each in figures if each.definition.id != RECEIVED), *counted(facts, label).values()]
        for label, figures in pack.items()
    }


async def measure(_: Servers) -> list[bench.Figure]:
    """Return the decision for the first half-year, after its two quarters and the second half."""
    pack = _with_demand(_pack())
    out: list[EarlierRelease] = []
    for label in ("2027-Q1", "2027-Q2", "2027-H2"):
        out.append(EarlierRelease(pack[label], decide(pack[label], out)))
    began = perf_counter()
    decide(pack["2027-H1"])
    alone = 1000 * (perf_counter() - began)
    began = perf_counter()
    decide(pack["2027-H1"], out)
    beside = 1000 * (perf_counter() - began)
    name = "disclosure control of a half-year, beside three earlier releases"
    return [within(name, beside, Reference("the same with no earlier release", round(alone, 1)), MOST_MS)]
