"""No hidden number follows from tables that share rows: topic by result, topic by country, country by reason."""

from __future__ import annotations

import itertools
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from services.reporting.disclosure.model import ROLLED_UP, THRESHOLD, EarlierRelease, decide, released_by
from services.reporting.indicators.model.demand import MATCHED, RECEIVED, RESULTS, UNMET
from services.reporting.indicators.model.figure import JOINT, parts_of, split
from tests.unit.reporting.application_samples import SampleApplication, counted, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Figure

TOPICS, COUNTRIES, LANGUAGES = ("online_crime", "drug_trafficking"), ("GE", "MD"), ("en", "fr")
ELSE = "*"
"""A topic, a country or a language that no table names: where rows are not listed there may be one."""
BECAME = {
    "completed": {"result": "matched", "completion": "completed"},
    "matched": {"result": "matched", "completion": "open"},
    "common_language": {"result": "not_matched", "gap": "no_language"},
    "taken": {"result": "not_matched", "gap": "places_taken"},
    "open": {"result": "other"},
}
POSSIBLE = {**BECAME, ELSE: {"result": "not_matched", "gap": "other_rule"}}
"""The same as an outsider knows it: there may be a reason that no table names."""
IN = {RECEIVED: {}, RESULTS: {}, MATCHED: {"result": "matched"}, UNMET: {"result": "not_matched"}}
"""Of which applications each figure tells."""
QUARTERS = {"2026-Q1": date(2026, 1, 16), "2026-Q2": date(2026, 4, 16)}
COVERS = {"2026-Q1": ("2026-Q1",), "2026-Q2": ("2026-Q2",), "2026-H1": ("2026-Q1", "2026-Q2")}
Cell = tuple[str, str, str, str, str]
Part = tuple[str, str, str, str]
"""Period, figure, dimension, value."""


class Attacker:
    """An outsider with all released tables."""

    def __init__(self) -> None:
        self.model = cp_model.CpModel()
        kinds = itertools.product(QUARTERS, (*TOPICS, ELSE), (*COUNTRIES, ELSE), (*LANGUAGES, ELSE), POSSIBLE)
        self.unknown = {cell: self.model.new_int_var(0, 200, "/".join(cell)) for cell in kinds}

    def part(self, period: str, figure: str, dimension: str, value: str) -> cp_model.LinearExpr:
        """Return a part of a figure (the total: no dimension) as a sum of unknowns."""
        wanted = dict(IN[figure])
        if dimension:
            wanted |= dict(zip(parts_of(dimension), split(value), strict=True))
        cells = [
            variable
            for (quarter, topic, country, language, became), variable in self.unknown.items()
            if quarter in COVERS[period]
            and wanted.items()
            <= {
                "priority-topic": topic,
                "country-of-service": country,
                "language": language,
                **POSSIBLE[became],
            }.items()
        ]
        return cp_model.LinearExpr.sum(cells)

    def add_figure(self, period: str, released: Released) -> None:
        """Add a figure: numbers that are shown, rows listed without one, rows not listed."""
        name = released.definition.id
        if released.total.value is not None:
            self.model.add(self.part(period, name, "", "") == int(released.total.value))
        for dimension, rows in released.breakdowns.items():
            if dimension in {"level", "level-and-result", "level-and-completion", "sex"}:
                continue  # all have the same level, and nobody said a sex: nothing to learn
            for value, shown in rows.items():
                if value != ROLLED_UP and shown.value is not None:
                    self.model.add(self.part(period, name, dimension, value) == int(shown.value))
                elif value != ROLLED_UP:
                    self.model.add(self.part(period, name, dimension, value) >= 1)
            if ROLLED_UP in rows or dimension in JOINT or not rows:
                continue
            for value in {*TOPICS, *COUNTRIES, *LANGUAGES, ELSE} - rows.keys():
                if dimension in {"priority-topic", "country-of-service", "language"}:
                    self.model.add(self.part(period, name, dimension, value) == 0)

    def possible(self, part: Part) -> int:
        """Return how many values a part can have."""
        ends = []
        for seek in (self.model.minimize, self.model.maximize):
            seek(self.part(*part))
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            assert solver.solve(self.model) == cp_model.OPTIMAL, part
            ends.append(round(solver.objective_value))
        return ends[1] - ends[0] + 1


def few(period: str, figures: Iterable[Figure]) -> list[Part]:
    """Return the parts that few stand behind."""
    return [
        (period, figure.definition.id, dimension, value)
        for figure in figures
        for dimension, cells in figure.breakdowns.items()
        if dimension not in {"level", "level-and-result", "level-and-completion", "sex"}
        for value, cell in cells.items()
        if 0 < cell.contributors < THRESHOLD
    ]


def attacked(people: list[SampleApplication], labels: Iterable[str]) -> dict[Part, int]:
    """Publish periods one after the other; return how many values each small part can have."""
    attacker = Attacker()
    out: list[EarlierRelease] = []
    weak: list[Part] = []
    facts = facts_of(people)
    for label in labels:
        made = counted(facts, label)
        figures = [figure for name, figure in made.items() if name in IN]
        out.append(EarlierRelease(figures, decide(figures, out)))
        for released in released_by(figures, out[-1].pattern):
            attacker.add_figure(label, released)
        weak += few(label, figures)
    return {part: attacker.possible(part) for part in weak}


numbers = st.sampled_from((0, 0, 0, 1, 2, 4, 5, 8))
kinds = list(itertools.product(TOPICS, COUNTRIES, LANGUAGES, BECAME))
slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def applications_of(counts: Mapping[str, list[int]]) -> list[SampleApplication]:
    """Return the applications of each quarter, so many of each kind."""
    return [
        SampleApplication(country, topic, language, 2, became, QUARTERS[quarter])
        for quarter, of in counts.items()
        for (topic, country, language, became), number in zip(kinds, of, strict=True)
        for _ in range(number)
    ]


@settings(max_examples=8, deadline=None, suppress_health_check=slow)
@given(st.lists(numbers, min_size=len(kinds), max_size=len(kinds)))
def test_tables_that_share_rows_reveal_nobody(counts: list[int]) -> None:
    """Each small part keeps three possible numbers or more, whatever the applications."""
    people = applications_of({"2026-Q1": counts})
    if len(people) >= THRESHOLD:
        found = attacked(people, ["2026-Q1"])
        assert {part: number for part, number in found.items() if number < 3} == {}


@settings(max_examples=4, deadline=None, suppress_health_check=slow)
@given(
    st.lists(numbers, min_size=len(kinds), max_size=len(kinds)),
    st.lists(numbers, min_size=len(kinds), max_size=len(kinds)),
    st.sampled_from((("2026-Q1", "2026-H1"), ("2026-H1", "2026-Q2"), ("2026-Q1", "2026-Q2", "2026-H1"))),
)
def test_periods_reveal_nobody(first: list[int], second: list[int], labels: tuple[str, ...]) -> None:
    """A half-year and one or both of its quarters reveal nobody, in any order of publication."""
    people = applications_of({"2026-Q1": first, "2026-Q2": second})
    if min(sum(first), sum(second)) >= THRESHOLD:
        found = attacked(people, labels)
        assert {part: number for part, number in found.items() if number < 3} == {}


def test_tables_of_two_figures_together_reveal_no_number() -> None:
    """Two in one topic without a match stay hidden, though tables of three figures add up to each other."""
    online, drugs = "online_crime", "drug_trafficking"
    counts = {
        (online, "GE", "fr", "taken"): 2,
        (drugs, "GE", "fr", "taken"): 9,
        (drugs, "GE", "fr", "open"): 1,
        (drugs, "MD", "fr", "completed"): 2,
        (drugs, "MD", "fr", "matched"): 3,
        (drugs, "MD", "fr", "common_language"): 6,
        (drugs, "MD", "fr", "open"): 6,
    }
    people = applications_of({"2026-Q1": [counts.get(kind, 0) for kind in kinds]})
    assert len(people) == 29
    assert min(attacked(people, ["2026-Q1"]).values()) >= 3


def test_tables_of_a_hidden_figure_are_attacked_through_those_of_others() -> None:
    """Four of the second quarter hide the total of applications, and what other figures say of them stays in doubt."""
    # fmt: off
    first = [
        2, 0, 8, 2, 5, 4, 5, 2, 1, 4, 0, 0, 5, 0, 0, 2, 8, 1, 2, 4,
        2, 8, 5, 1, 1, 2, 1, 1, 2, 0, 4, 1, 5, 4, 0, 5, 0, 1, 0, 2,
    ]
    # fmt: on
    second = [int(place in {2, 23, 35, 37}) for place in range(len(kinds))]
    people = applications_of({"2026-Q1": first, "2026-Q2": second})
    found = attacked(people, ["2026-H1", "2026-Q2", "2026-Q1"])
    assert {part: number for part, number in found.items() if number < 3} == {}


def test_the_attacker_finds_a_revealed_number() -> None:
    """Four of six in one topic found no match: with topic by result shown whole, the attacker finds it."""
    people = (
        [SampleApplication(became="taken")] * 4
        + [SampleApplication(became="completed")] * 6
        + [SampleApplication(topic=TOPICS[1], became="open")] * 9
    )
    made = [figure for name, figure in counted(facts_of(people), "2026-Q1").items() if name in IN]
    pattern = decide(made)
    careless = dict(pattern.shown)
    careless[RESULTS] = {d: frozenset(cells) for d, cells in made[1].breakdowns.items()} | {"": frozenset({""})}
    attacker = Attacker()
    for released in released_by(made, type(pattern)(careless)):
        attacker.add_figure("2026-Q1", released)
    assert attacker.possible(("2026-Q1", RESULTS, "topic-and-result", "online_crime|not_matched")) == 1


def test_zero_is_shown_when_nobody_failed() -> None:
    """If all applications are open or completed, none were without a match, and that may be shown."""
    people = [SampleApplication(became="open")] * 7 + [SampleApplication(became="completed", country="GE")] * 9
    assert min(attacked(people, ["2026-Q1"]).values(), default=3) >= 3
    made = [figure for name, figure in counted(facts_of(people)).items() if name in IN]
    unmet = next(each for each in released_by(made, decide(made)) if each.definition.id == UNMET)
    assert unmet.total.value == 0


@pytest.mark.parametrize("number", [3, 12])
def test_a_total_that_is_a_part_of_another_figure_is_hidden_like_one(number: int) -> None:
    """Three without a match are hidden with all their parts, and twelve are shown."""
    people = [SampleApplication(became="taken")] * number + [SampleApplication(became="completed")] * 30
    made = [figure for name, figure in counted(facts_of(people)).items() if name in IN]
    unmet = next(each for each in released_by(made, decide(made)) if each.definition.id == UNMET)
    assert (unmet.total.value is not None) == (number == 12)
    assert bool(unmet.breakdowns.get("gap")) == (number == 12)
