"""Trends draw released numbers only: what is not shown or not published is a gap, and sums carry the target."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from lxml import etree

from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.overview.views import trends
from services.reporting.targets.model import TargetKind
from shared.contracts.codes import PeriodKind
from tests.unit.reporting.feeds.test_cumulative import START, cell, visits
from tests.unit.reporting.feeds.test_logframe import target_value

if TYPE_CHECKING:
    from services.reporting.disclosure.model import Released
    from services.reporting.overview.views.trends import IndicatorTrend

AIMS = [target_value(TargetKind.TARGET, date(2026, 6, 30), 25)]


def trend(*published: Released, kind: str | None = None) -> IndicatorTrend:
    """Return the visits over published periods."""
    line = trends.timeline([(each.period, [each]) for each in published], AIMS, START, kind)
    return trends.indicator_trend(line, "TOPCOP-OP-02")


def test_the_kind_with_most_published_periods_is_shown() -> None:
    """Without a choice the periods are of the commonest length, half-years where there is a tie."""
    some = [visits(label, 9) for label in ("2025", "2025-H1", "2025-H2", "2026-Q1", "2026-Q2")]
    assert [each.period for each in trend(*some).points] == ["2025-H1", "2025-H2"]
    assert [each.period for each in trend(*some, kind="year").points] == ["2025"]
    nothing = trends.timeline([], AIMS, START)
    assert (nothing.kind, nothing.axis) == (PeriodKind.HALF_YEAR, [])


def test_a_period_without_a_number_is_a_gap() -> None:
    """A hidden number and one that is not published are gaps, and differ; the line does not cross them."""
    made = trend(visits("2025-H1", 10), visits("2025-H2", None), visits("2026-H2", 30), visits("2027-H1", 40))
    assert [each.value for each in made.points] == [10, None, None, 30, 40]
    assert [each.hidden and each.hidden.value for each in made.points] == [None, "protected", None, None, None]
    chart = trends.chart(made)
    assert chart is not None
    assert [row[2] for row in chart.rows] == ["10", "not shown", "not published", "30", "40"]
    root: Any = etree.fromstring(str(chart.svg))
    (line,) = root.xpath("//*[local-name()='path'][@stroke='#0072b2']/@d")[1:]
    assert line.count("M") == 2
    assert len(root.xpath("//*[local-name()='rect']")) == 2, "a band for the hidden number, one for the sum"
    assert "not shown, because it would reveal few people" in str(chart.definition)
    assert "not published" in str(chart.definition)


def test_sums_are_drawn_beside_the_target() -> None:
    """The sum since the baseline has the target as a dashed line; after a gap nothing is added up any more."""
    made = trend(visits("2025-H1", 10), visits("2025-H2", 12), visits("2026-H1", 0))
    assert [each.value for each in made.since_baseline] == [10, 22, 22]
    chart = trends.chart(made)
    assert chart is not None
    assert chart.columns[:4] == ["Period", "Added up", "In each period", "Target"]
    assert chart.rows[-1][:4] == ("2026-H1", "22", "0", "25")
    root: Any = etree.fromstring(str(chart.svg))
    assert len(root.xpath("//*[@stroke-dasharray]")) == 1
    assert "target 25" in "".join(root.itertext())
    gap = trend(visits("2025-H1", 10), visits("2026-H1", 3))
    assert [each.value for each in gap.since_baseline] == [10, None, None]


def test_countries_are_small_multiples_of_one_scale() -> None:
    """Each country with a number has a panel; a hidden part is a gap, and a missing one in a complete table is zero."""
    rolled = replace(
        visits("2026-H1", 60, {"GE": 40}),
        breakdowns={"country-of-service": {"GE": cell(40), ROLLED_UP: cell(20)}},
    )
    made = trend(visits("2025-H1", 30, {"GE": 20, "UA": 10}), visits("2025-H2", 30, {"GE": 30, "AM": None}), rolled)
    values = {each.country: [point.value for point in each.points] for each in made.countries}
    assert values == {"GE": [20, 30, 40], "UA": [10, 0, None]}
    ukraine = next(each for each in made.countries if each.country == "UA")
    assert ukraine.points[2].hidden == "protected"
    chart = trends.chart(made)
    assert chart is not None
    assert chart.columns[4:] == ["Georgia", "Ukraine"]
    assert chart.title == "Exchange participations completed (person-visits): 60 in 2026-H1, 30 in 2025-H1"


def test_the_line_breaks_where_the_definition_changes() -> None:
    """Numbers that were counted under different versions are not joined, and not added up."""
    before = visits("2025-H1", 10)
    before = replace(before, definition=replace(before.definition, version=9))
    made = trend(before, visits("2025-H2", 20), visits("2026-H1", 30))
    chart = trends.chart(made)
    assert chart is not None
    root: Any = etree.fromstring(str(chart.svg))
    (line,) = root.xpath("//*[local-name()='path'][@stroke='#0072b2'][last()]/@d")[-1:]
    assert line.count("M") == 2
    assert "Where the line breaks, the definition changed." in str(chart.definition)


def test_a_newest_number_that_is_hidden_is_named_in_the_title() -> None:
    """The title says that the newest number is not shown, beside the last one that is."""
    chart = trends.chart(trend(visits("2025-H1", 10), visits("2025-H2", None)))
    assert chart is not None
    assert chart.title.endswith(": not shown in 2025-H2, 10 in 2025-H1")


def test_the_name_of_a_panel_is_never_cut_between_letters() -> None:
    """A long name above a narrow panel stands on two lines."""
    chart = trends.chart(trend(visits("2025-H1", 10), visits("2025-H2", 200_000, {"eastern_neighbours": 200_000})))
    assert chart is not None
    root: Any = etree.fromstring(str(chart.narrow))
    texts = [each.text for each in root.iter("{*}text")]
    assert {"Eastern", "neighbours"} <= set(texts)
    assert not [text for text in texts if text.endswith("…")]


def test_an_indicator_without_a_number_has_no_chart() -> None:
    """Of an indicator that is hidden in each period nothing is drawn."""
    assert trends.chart(trend(visits("2025-H1", None))) is None
