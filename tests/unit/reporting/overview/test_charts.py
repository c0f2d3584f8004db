"""The charts of the overview join only comparable figures, and their titles state the findings."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import ROLLED_UP, Hidden, Released, ReleasedCell
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.demand import UNMET
from services.reporting.indicators.model.reciprocity import HOSTED, SENT
from services.reporting.overview.views.charts import charts, csv_text, reciprocity
from services.reporting.periods.model import periods
from services.reporting.periods.model.approval import Approval
from services.reporting.targets import views as targets_views
from services.reporting.targets.model import TargetKind, TargetValue

if TYPE_CHECKING:
    from collections.abc import Mapping

MOMENT = datetime(2026, 7, 1, tzinfo=UTC)
HALF = periods.parse("2026-H1")


def number(value: int | None) -> ReleasedCell:
    """Return a number, or a hidden one."""
    return (
        ReleasedCell(None, hidden=Hidden.PROTECTED) if value is None else ReleasedCell(Decimal(value), Decimal(value))
    )


def figure(
    indicator: str,
    total: int | None,
    breakdowns: Mapping[str, Mapping[str, int | None]] | None = None,
    withheld: tuple[str, ...] = (),
) -> dict[str, Released]:
    """Return a released figure of a half-year."""
    made = {name: {code: number(n) for code, n in cells.items()} for name, cells in (breakdowns or {}).items()}
    return {indicator: Released(COUNTED[indicator], HALF, MOMENT, number(total), made, withheld)}


def target(indicator: str, day: str, value: str, *, approved: bool = True) -> TargetValue:
    """Return a target."""
    by = ("other", MOMENT) if approved else (None, None)
    wanted = (TargetKind.TARGET, date.fromisoformat(day), Decimal(value))
    return TargetValue(uuid4(), indicator, *wanted, "Logframe", "", "author", MOMENT, *by)


def test_a_target_is_beside_the_figure_of_its_period() -> None:
    """The last target of the period is drawn, but not a later, waiting or hidden one."""
    figures = {
        **figure("TOPCOP-IN-01", 50),
        **figure("TOPCOP-OP-02", 24),
        **figure("TOPCOP-OP-01", 20),
        **figure("TOPCOP-OC-03", None),
    }
    aims = [
        target("TOPCOP-OP-02", "2026-03-31", "10"),
        target("TOPCOP-OP-02", "2026-06-30", "30"),
        target("TOPCOP-OP-01", "2026-12-31", "99"),
        target("TOPCOP-IN-01", "2026-06-30", "40"),
        target("TOPCOP-IN-01", "2026-06-30", "60", approved=False),
        target("TOPCOP-OC-03", "2026-06-30", "80"),
    ]
    charts_by_name = {each.name: each for each in charts(figures, HALF, aims)}
    assert charts_by_name["targets"].chart.title == "Targets in numbers: 1 of 2 are reached"
    assert [row[1:] for row in charts_by_name["targets"].chart.rows] == [("40", "50"), ("30", "24")]
    assert "targets-in-per-cent" not in charts_by_name
    file = csv.DictReader(io.StringIO(csv_text([charts_by_name["targets"]], Approval(HALF))))
    assert [(row["item"], row["series"], row["value"]) for row in file] == [
        ("TOPCOP-IN-01", "target", "40"),
        ("TOPCOP-IN-01", "actual", "50"),
        ("TOPCOP-OP-02", "target", "30"),
        ("TOPCOP-OP-02", "actual", "24"),
    ]


def test_zero_is_drawn_only_in_a_whole_breakdown() -> None:
    """A country that is hidden, or may be among the others, is left out."""
    sent = figure(SENT, 60, {"country-of-service": {"GE": 25, "MD": 30, "UA": None}})
    whole = reciprocity({**sent, **figure(HOSTED, 60, {"host-country": {"FR": 40, "GE": 15, "UA": 5}})})
    assert whole is not None
    assert whole.chart.title == "Furthest from balance: France. Days sent: 0. Days hosted: 40"
    assert [row[0] for row in whole.chart.rows] == ["France", "Georgia", "Moldova"]
    partly = reciprocity({**sent, **figure(HOSTED, 60, {"host-country": {"FR": 20, "GE": 20, ROLLED_UP: 20}})})
    assert partly is not None
    assert [row[0] for row in partly.chart.rows] == ["Georgia", "France"]
    withheld = figure(HOSTED, 60, withheld=("host-country",))
    assert reciprocity({**sent, **withheld}) is None


def test_applications_without_a_match_are_mapped_by_released_figures() -> None:
    """The map that shows most is drawn if it has two fields or more, else the reasons."""
    by_country = {"topic-and-country": {"online_crime|MD": 12, "online_crime|GE": 7}}
    first = charts(figure(UNMET, 30, by_country), HALF, [])[0]
    assert first.chart.title == "Most without a match: Online crime, Moldova (12)"
    assert [row[1] for row in first.rows] == ["online_crime|MD", "online_crime|GE"]
    by_language = {"topic-and-language": {"online_crime|en": 19, "drug_trafficking|en": 8}}
    more = charts(figure(UNMET, 30, {**by_country, **by_language}), HALF, [])[0]
    assert more.chart.title == "Most without a match: Online crime, English (19)"
    reasons = charts(figure(UNMET, 30, {"gap": {"no_language": 20, "no_topic": 10}}), HALF, [])[0]
    assert [row[1] for row in reasons.rows] == ["no_language", "no_topic"]
    assert charts(figure(UNMET, None), HALF, []) == []


def test_targets_are_followed_over_periods() -> None:
    """Each kind of period runs from the first to the last target, and one without a target leaves a gap."""
    aims = [target("TOPCOP-OP-02", "2026-06-30", "30"), target("TOPCOP-OP-02", "2027-06-30", "90")]
    assert [each.label for each in targets_views.due_in(aims, "year")] == ["2026", "2027"]
    labels = [each.label for each in targets_views.due_in(aims, "half_year")]
    assert labels == ["2026-H1", "2026-H2", "2027-H1"]
    columns = [
        targets_views.column(Approval(periods.parse(label)), list(figure("TOPCOP-OP-02", value).values()), aims)
        for label, value in zip(labels, (24, 18, None), strict=True)
    ]
    [chart] = targets_views.charts(columns)
    assert chart.title == "Exchange participations completed (person-visits), 2026-H1: 24, target 30"
    assert list(chart.rows) == [
        ("2026-H1", "30", "24"),
        ("2026-H2", "no data", "18"),
        ("2027-H1", "90", "no data"),
    ]
    rows = list(csv.DictReader(io.StringIO(targets_views.csv_text(columns))))
    assert [(row["period"], row["target"], row["actual"], row["hidden"]) for row in rows] == [
        ("2026-H1", "30", "24", ""),
        ("2027-H1", "90", "", "protected"),
    ]
    assert targets_views.due_in([], "year") == []


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ((24, 40, None), "1 of 2 that are shown are reached"),
        ((30, 40, None), "all that are shown are reached"),
        ((9, 9, None), "none that is shown is reached"),
        ((30, 40, 20), "all due targets are reached"),
    ],
)
def test_a_target_without_a_shown_number_is_not_called_reached(numbers: tuple[int | None, ...], found: str) -> None:
    """The title speaks of the targets that are shown where the number of another one is hidden."""
    indicators = ("TOPCOP-OP-02", "TOPCOP-IN-01", "TOPCOP-OP-01")
    figures = {name: figure(name, each)[name] for name, each in zip(indicators, numbers, strict=True)}
    aims = [target(name, "2026-06-30", each) for name, each in zip(indicators, ("30", "40", "20"), strict=True)]
    assert charts(figures, HALF, aims)[0].chart.title == f"Targets in numbers: {found}"


@pytest.mark.parametrize(
    ("visits", "officials", "applied", "found"),
    [
        (21, 20, 50, "20 officials completed 21 exchange visits"),
        (21, None, 0, "21 exchange visits were completed"),
        (None, None, 50, "50 applications were received"),
        (None, None, 0, ""),
    ],
)
def test_the_main_finding_is_of_shown_numbers(
    visits: int | None, officials: int | None, applied: int, found: str
) -> None:
    """Visits are named without officials where the officials are hidden; without any number there is no finding."""
    named = {"TOPCOP-OP-02": visits, "TOPCOP-OP-01": officials, "TOPCOP-IN-01": applied}
    figures = {name: figure(name, each)[name] for name, each in named.items()}
    assert disclosure_views.main_finding(figures) == found
    assert disclosure_views.headline(figures) == (found or "Figures of the programme")


def test_a_target_that_is_an_upper_limit_is_reached_below_it() -> None:
    """Twenty days to a decision keep to a limit of thirty, and forty do not."""
    aims = [target("TOPCOP-PR-02", "2026-06-30", "30")]
    found = [charts(figure("TOPCOP-PR-02", days), HALF, aims)[0].chart.title for days in (20, 40)]
    assert found == [
        f"Targets in numbers: {each}" for each in ("all due targets are reached", "no due target is reached")
    ]


def test_a_target_is_beside_what_was_reached_since_the_baseline() -> None:
    """Counts add up over the published periods before, and a share is that of the period."""
    figures = {**figure("TOPCOP-IN-01", 0), **figure("TOPCOP-OC-01", 80)}
    earlier = figure("TOPCOP-IN-01", 40)["TOPCOP-IN-01"]
    history = [replace(earlier, period=periods.parse("2025-H2"))]
    aims = [target("TOPCOP-IN-01", "2026-06-30", "25"), target("TOPCOP-OC-01", "2026-06-30", "85")]
    made = {each.name: each for each in charts(figures, HALF, aims, history, date(2025, 1, 1))}
    assert made["targets"].rows[-1] == ("TOPCOP-IN-01", "TOPCOP-IN-01", "actual", "40")
    assert made["targets"].chart.title == "Targets in numbers: all due targets are reached"
    assert made["targets-in-per-cent"].rows[-1][3] == "80"


@pytest.mark.parametrize(("day", "reached"), [("2025-06-30", "40"), ("2025-07-01", "40"), ("2025-07-02", "0")])
def test_a_period_that_begins_on_the_day_of_the_baseline_is_added(day: str, reached: str) -> None:
    """A baseline of 1 July counts what the half-year from 1 July reached, and one of 2 July does not."""
    figures = figure("TOPCOP-IN-01", 0)
    history = [replace(figure("TOPCOP-IN-01", 40)["TOPCOP-IN-01"], period=periods.parse("2025-H2"))]
    baseline = replace(target("TOPCOP-IN-01", day, "0"), kind=TargetKind.BASELINE)
    aims = [baseline, target("TOPCOP-IN-01", "2026-06-30", "25")]
    made = {each.name: each for each in charts(figures, HALF, aims, history, date(2025, 1, 1))}
    assert made["targets"].rows[-1] == ("TOPCOP-IN-01", "TOPCOP-IN-01", "actual", reached)


def test_a_sum_that_is_not_known_is_not_replaced_by_the_period_alone() -> None:
    """Beside a target for all since the baseline stands no value of one period."""
    baseline = replace(target("TOPCOP-IN-01", "2026-02-01", "0"), kind=TargetKind.BASELINE)
    aims = [baseline, target("TOPCOP-IN-01", "2026-06-30", "25")]
    made = {each.name: each for each in charts(figure("TOPCOP-IN-01", 3), HALF, aims, [], date(2025, 1, 1))}
    assert "targets" not in made


_TOPICS, _REST = ("Online crime", "Migrant smuggling"), "All others together"


@pytest.mark.parametrize(
    ("cells", "title", "order"),
    [
        ({"online_crime": 10, ROLLED_UP: 11}, "by priority topic", [_TOPICS[0], _REST]),
        ({"online_crime": 12, ROLLED_UP: 11}, "Online crime leads", [_TOPICS[0], _REST]),
        ({"migrant_smuggling": 9, "online_crime": 10, ROLLED_UP: 8}, "Online crime leads", [*_TOPICS, _REST]),
    ],
)
def test_all_others_together_never_lead(cells: dict[str, int], title: str, order: list[str]) -> None:
    """The rest of a breakdown is drawn last, and the title names a leading topic only if it has most of all."""
    visits = figure("TOPCOP-OP-02", 30, {"priority-topic": cells})["TOPCOP-OP-02"]
    drawn = disclosure_views.chart(visits, "priority-topic")
    assert drawn is not None
    assert drawn.title.endswith(title)
    assert [label for label, _ in drawn.rows] == order
