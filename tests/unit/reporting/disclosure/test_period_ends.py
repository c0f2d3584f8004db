"""Periods that end together, or lie in each other, reveal nobody by statements that were made at different moments."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from ortools.sat.python import cp_model

from services.reporting.disclosure.model import (
    ROLLED_UP,
    THRESHOLD,
    EarlierRelease,
    Hidden,
    NotProven,
    NotSafe,
    decide,
    release,
    released_by,
)
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.figure import Cell, Figure
from services.reporting.periods.model import periods

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.reporting.disclosure.model import Released

COVERS = {
    **{f"2025-Q{quarter + 1}": (quarter,) for quarter in range(4)},
    "2025-H1": (0, 1),
    "2025-H2": (2, 3),
    "2025": (0, 1, 2, 3),
}
VALUES, ELSEWHERE = ("AM", "GE", "MD"), "*"
KINDS = {
    "of the period": ("TOPCOP-OP-02", "host-country"),
    "since the beginning": ("TOPCOP-OP-04", "country-of-service"),
    "at the end": ("TOPCOP-OP-07", "country-of-service"),
}
"""Kinds of figures, each with an indicator and its dimension."""
Statement = tuple[str, int]
"""A period, and the moment at which it was counted."""
Sum = tuple[tuple[int, Statement], ...]
"""Statements with their signs."""


def figure(kind: str, label: str, counts: dict[str, int], moment: int = 0) -> Figure:
    """Return a figure of a kind, counted at a moment."""
    indicator, dimension = KINDS[kind]
    cells = {value: _cell(number) for value, number in counts.items() if number}
    counted = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=moment)
    total = _cell(sum(counts.values()))
    return Figure(COUNTED[indicator], periods.parse(label), counted, total, {dimension: cells})


def _cell(number: int) -> Cell:
    return Cell(Decimal(number), Decimal(number), None, number)


class Programme:
    """A random programme: what is counted in each quarter and becomes known at each moment, and what was released."""

    def __init__(self, seed: int, kind: str) -> None:
        """Publish some periods in some order, and state some again."""
        self.kind = kind
        self.seen: dict[Statement, Released] = {}
        self.real: dict[Statement, dict[str, int]] = {}
        dice, ledger = random.Random(seed), list[EarlierRelease]()
        steps = _steps(dice)
        self.moments = len(steps)
        self._known: dict[tuple[str, int, int], int] = {}
        for moment, label in enumerate(steps):
            self._happen(dice, moment)
            now = figure(kind, label, {value: self._number(value, label, moment) for value in VALUES}, moment)
            number = 1 + sum(each.period.label == label for each in ledger)
            try:
                pattern = decide([now], ledger, number)
            except (NotSafe, NotProven):
                continue
            ledger.append(EarlierRelease([now], pattern, number))
            if not pattern.waiting:
                self.seen[label, moment] = released_by([now], pattern)[0]
                self.real[label, moment] = {value: self._number(value, label, moment) for value in VALUES}

    def _happen(self, dice: random.Random, moment: int) -> None:
        for value in VALUES:
            for quarter in range(4):
                before = self._known.get((value, quarter, moment - 1), 0)
                more = dice.choice((0, 1, 2, 3, 4, 5, 6, 9, 14)) if moment == 0 else 0
                if moment and dice.random() < 0.35:
                    more = dice.choice((0, 1, 1, 2, 5, 6, 7, 9))
                if moment and self.kind == "at the end" and dice.random() < 0.4:
                    more = -more
                self._known[value, quarter, moment] = max(0, before + more)

    def quarters(self, label: str) -> Iterable[int]:
        """Return the quarters whose numbers a period adds up."""
        last = max(COVERS[label])
        return {"of the period": COVERS[label], "since the beginning": range(last + 1)}.get(self.kind, (last,))

    def _number(self, value: str, label: str, moment: int) -> int:
        return sum(self._known[value, quarter, moment] for quarter in self.quarters(label))

    def sums(self) -> Iterator[Sum]:
        """Yield what an attacker would like to know: numbers, changes of them, and what periods leave of another."""
        for statement in self.seen:
            yield ((1, statement),)
        for first, other in combinations(self.seen, 2):
            ends = [max(COVERS[label]) for label, _ in (first, other)]
            if first[0] == other[0] or (self.kind != "of the period" and ends[0] == ends[1]):
                yield (1, other), (-1, first)
            elif self.kind == "since the beginning":
                yield (1, (first, other)[ends[1] > ends[0]]), (-1, (first, other)[ends[1] < ends[0]])
        for parent in self.seen if self.kind == "of the period" else ():
            inner = [each for each in self.seen if set(COVERS[each[0]]) < set(COVERS[parent[0]])]
            for number in range(1, len(inner) + 1):
                for some in combinations(inner, number):
                    quarters = [quarter for label, _ in some for quarter in COVERS[label]]
                    if len(quarters) == len(set(quarters)):
                        yield (1, parent), *((-1, each) for each in some)


def _steps(dice: random.Random) -> list[str]:
    ends = [label for label in COVERS if max(COVERS[label]) == dice.choice((1, 3))]
    order = [*dice.sample(ends, len(ends)), *dice.sample(list(COVERS), dice.randint(2, 5))]
    steps = list(dict.fromkeys(order))[:5]
    for _ in range(dice.randint(0, 4)):
        place = dice.randint(1, len(steps))
        steps.insert(place, dice.choice(steps[:place]))
    return steps


def pinned(programme: Programme) -> tuple[list[str], int]:
    """Return the numbers of one to four that have fewer than three possible values, and how many were tried."""
    model = cp_model.CpModel()
    unknown = {
        (value, quarter, moment): model.new_int_var(0, 300, "")
        for value in (*VALUES, ELSEWHERE)
        for quarter in range(4)
        for moment in range(programme.moments)
    }
    if programme.kind != "at the end":
        for (value, quarter, moment), later in unknown.items():
            if moment:
                model.add(later >= unknown[value, quarter, moment - 1])

    def amount(value: str, statement: Statement) -> cp_model.LinearExpr:
        values = (value,) if value else (*VALUES, ELSEWHERE)
        label, moment = statement
        parts = [unknown[each, quarter, moment] for each in values for quarter in programme.quarters(label)]
        return cp_model.LinearExpr.sum(parts)

    for statement, released in programme.seen.items():
        _learn(model, {value: amount(value, statement) for value in ("", *VALUES, ELSEWHERE)}, released)
    tried = []
    for parts in programme.sums():
        for value in ("", *VALUES):
            real = sum(
                sign * (programme.real[each][value] if value else sum(programme.real[each].values()))
                for sign, each in parts
            )
            number = abs(real) if programme.kind != "of the period" else real
            if 0 < number < THRESHOLD:
                tried.append((cp_model.LinearExpr.sum([sign * amount(value, each) for sign, each in parts]), parts))
    values: list[set[int]] = [set() for _ in tried]
    found = []
    for place, (expression, parts) in enumerate(tried):
        for seek in (model.maximize, model.minimize):
            if max(values[place], default=0) - min(values[place], default=0) >= 2:
                break
            seek(expression)
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            assert solver.solve(model) in {cp_model.OPTIMAL, cp_model.FEASIBLE}
            for known, (other, _) in zip(values, tried, strict=True):
                known.add(solver.value(other))
        if max(values[place]) - min(values[place]) < 2:
            found.append(f"{parts}: {sorted(values[place])}")
    return found, len(tried)


def _learn(model: cp_model.CpModel, amounts: dict[str, cp_model.LinearExpr], released: Released) -> None:
    if released.total.value is None:
        if released.total.hidden is Hidden.PROTECTED:
            model.add(amounts[""] >= 1)
        return
    model.add(amounts[""] == int(released.total.value))
    for rows in released.breakdowns.values():
        for value in (*VALUES, ELSEWHERE):
            if value not in rows:
                if ROLLED_UP not in rows:
                    model.add(amounts[value] == 0)
            elif (number := rows[value].value) is None:
                model.add(amounts[value] >= 1)
            else:
                model.add(amounts[value] == int(number))


@pytest.mark.parametrize("kind", KINDS)
def test_no_order_of_statements_reveals_few(kind: str) -> None:
    """In random orders of publishing and restating no number of one to four, nor a change of one, can be worked out."""
    tried = 0
    for seed in range(40):
        found, number = pinned(Programme(seed, kind))
        assert found == [], seed
        tried += number
    assert tried > 100


def test_periods_that_end_together_do_not_tell_a_late_fact() -> None:
    """Forty mentors at the end of the quarter and 42 at the end of its half-year would tell of two late ones."""
    quarter = figure("at the end", "2025-Q2", {"AM": 20, "GE": 20})
    half = figure("at the end", "2025-H1", {"AM": 21, "GE": 21}, moment=1)
    assert release([half])[0].total.value == 42
    [shown] = release([half], [EarlierRelease([quarter], decide([quarter]))])
    assert shown.total.hidden is Hidden.PROTECTED


def test_rows_of_periods_that_end_together_do_not_tell_a_late_fact() -> None:
    """Six late mentors may show in the total, but not the five and the one of two countries."""
    quarter = figure("at the end", "2025-Q4", {"AM": 20, "GE": 20, "MD": 30})
    year = figure("at the end", "2025", {"AM": 25, "GE": 21, "MD": 30}, moment=1)
    [shown] = release([year], [EarlierRelease([quarter], decide([quarter]))])
    assert shown.total.value == 76
    rows = shown.breakdowns["country-of-service"]
    assert [value for value in VALUES if value in rows and rows[value].value is not None] == ["MD"]


def test_earlier_statements_of_a_quarter_are_compared_with_its_half() -> None:
    """A half-year less the first statement of one quarter and the second of the other does not tell two late visits."""
    first = [figure("of the period", "2025-Q1", {"AM": number, "GE": 30, "MD": 40}) for number in (20, 30)]
    second = [figure("of the period", "2025-Q2", {"AM": number, "GE": 30, "MD": 40}) for number in (20, 30)]
    out: list[EarlierRelease] = []
    for statement, quarters in enumerate(zip(first, second, strict=True), 1):
        for each in quarters:
            out.append(EarlierRelease([each], decide([each], out, statement), statement))
    half = figure("of the period", "2025-H1", {"AM": 52, "GE": 60, "MD": 80})
    [shown] = release([half], out)
    assert shown.total.hidden is Hidden.PROTECTED
