"""Test that charts show the true values and say them in words too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from lxml import etree

from shared.web.graphics.charts import Bar, Chart, Pair, Series, bars, lines, pairs
from shared.web.graphics.heat_maps import Cell, heat
from shared.web.graphics.scatter import Axis, Point, scatter
from shared.web.graphics.svg import wide
from tests.hard_charts import all_charts, supply_map, wide_maps

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_begin_at_zero_and_keep_their_proportions() -> None:
    """Twice as much is twice as long; the number stands at the end of each bar and in the table."""
    chart = bars(
        "Georgia leads", [Bar("Georgia", 60), Bar("Armenia", 30), Bar("Moldova", 0)], label="Country", value="Matched"
    )
    drawing = etree.fromstring(str(chart.svg))
    first, second, third = (float(bar.get("width") or 0) for bar in drawing.iter(f"{SVG}rect"))
    assert first == pytest.approx(2 * second, abs=0.2)
    assert third <= 1
    assert [text.text for text in drawing.iter(f"{SVG}text")] == ["Georgia", "60", "Armenia", "30", "Moldova", "0"]
    assert chart.rows == [("Georgia", "60"), ("Armenia", "30"), ("Moldova", "0")]
    assert drawing.get("aria-label") == "Georgia leads"


def test_a_negative_bar_is_refused() -> None:
    """A bar below zero would lie."""
    with pytest.raises(ValueError, match="cannot be negative"):
        bars("Less", [Bar("Georgia", -1)], label="Country", value="Matched")


def test_points_stand_by_their_values_and_names_apart() -> None:
    """More is further right and higher; no two names overlap, and the table has the values."""
    points = [
        Point("Stable", 0, 90),
        Point("Few pairs", 1, 91),
        Point("Even", 9, 99, joined=False),
        Point("Most", 9, 100),
    ]
    chart = scatter("x", points, Axis("Pairs", "{:.0f}".format), Axis("Points", "{:.0f}".format), label="Option")
    for picture in (chart.svg, chart.narrow):
        drawing = etree.fromstring(str(picture))
        dots = [(float(dot.get("cx") or 0), float(dot.get("cy") or 0)) for dot in drawing.iter(f"{SVG}circle")]
        assert dots == sorted(dots, key=lambda dot: (dot[0], -dot[1]))
        names = [text for text in drawing.iter(f"{SVG}text") if text.text in {point.name for point in points}]
        assert len(names) == len(points)
        spots = [(float(text.get("x") or 0), float(text.get("y") or 0), wide(text.text or "", 14)) for text in names]
        for (x, y, length), (other_x, other_y, other) in combinations(spots, 2):
            assert abs(y - other_y) > 14 or x + length < other_x or other_x + other < x
        path = next(drawing.iter(f"{SVG}path")).get("d") or ""
        assert path.count("L") + path.count("M") == 3
    assert chart.columns == ("Option", "Pairs", "Points")
    assert chart.rows[1] == ("Few pairs", "1", "91")


def test_text_in_a_chart_is_escaped() -> None:
    """A name is never markup."""
    chart = bars("x", [Bar('<script>"&', 1)], label="Country", value="Matched")
    assert "<script>" not in chart.svg
    assert "&lt;script&gt;" in chart.svg


def test_an_empty_period_has_an_empty_chart() -> None:
    """An empty period has a chart without bars, not an error."""
    assert bars("Nothing yet", [], label="Country", value="Matched").rows == []
    assert lines("Nothing yet", [], label="Quarter").rows == []


def test_a_missing_point_leaves_a_gap() -> None:
    """No line is drawn where nothing was measured, and the table says so."""
    chart = lines("More", [Series("Matched", [("Q1", 1), ("Q2", None), ("Q3", 3)])], label="Quarter")
    path = next(etree.fromstring(str(chart.svg)).iter(f"{SVG}path")).get("d")
    assert path is not None
    assert path.count("M") == 2
    assert "L" not in path
    assert chart.rows[1] == ("Q2", "no data")


def test_lines_are_named_at_their_ends_and_differ_without_colour() -> None:
    """No legend: each line carries its name, and another dash."""
    points = [("Q1", 1.0), ("Q2", 2.0)]
    chart = lines("Both", [Series("Eligible", points), Series("Matched", points)], label="Quarter")
    drawing = etree.fromstring(str(chart.svg))
    assert {"Eligible", "Matched"} <= {text.text for text in drawing.iter(f"{SVG}text")}
    assert len({path.get("stroke-dasharray") for path in drawing.iter(f"{SVG}path")}) == 2


def test_five_lines_are_refused() -> None:
    """More lines than colours that can be told apart are several charts."""
    with pytest.raises(ValueError, match="four"):
        lines("Too many", [Series(str(n), [("Q1", n)]) for n in range(5)], label="Quarter")


def test_pairs_share_one_zero_and_one_scale() -> None:
    """The longest of all bars fills the room, the others are in proportion, and the table has both numbers."""
    chart = pairs(
        "Placed", [Pair("Armenia", 4, 8), Pair("Georgia", 2, 0)], label="Country", names=("current terms", "what-if")
    )
    widths = [float(bar.get("width") or 0) for bar in etree.fromstring(chart.svg).iter("{*}rect")]
    assert widths[0] == pytest.approx(widths[1] / 2, abs=0.1)
    assert widths[2] == pytest.approx(widths[1] / 4, abs=0.1)
    assert widths[3] == 1
    assert chart.columns == ("Country", "current terms", "what-if")
    assert chart.rows == [("Armenia", "4", "8"), ("Georgia", "2", "0")]
    with pytest.raises(ValueError, match="negative"):
        pairs("Placed", [Pair("Armenia", 1, -1)], label="Country", names=("before", "after"))


def test_a_heat_map_says_in_words_what_its_shades_mean() -> None:
    """Each field has its text, warm ones bold, plenty and want in different shades; the table says the same."""
    cells = [Cell("5 / 0", 1), Cell("1 / 4", -0.75), Cell("2 / 2", 0)]
    chart = heat("Wanted", ["English", "French", "German"], [("Online crime", cells)], label="Topic")
    root = etree.fromstring(chart.svg)
    texts = {text.text: text.get("font-weight") for text in root.iter("{*}text")}
    assert [texts[cell.text] for cell in cells] == ["700", "400", "400"]
    assert len({bar.get("fill") for bar in root.iter("{*}rect")}) == 3
    assert chart.rows == [("Online crime", "5 / 0", "1 / 4", "2 / 2")]


def test_a_heat_map_without_columns_is_empty() -> None:
    """A heat map without columns is drawn empty, without a division by zero."""
    assert heat("Wanted", [], [], label="Topic").rows == []


def test_on_a_phone_lines_are_named_above_them() -> None:
    """Each with its last value and a piece of its line, so that no name lies on a line."""
    points = [("Q1", 1.0), ("Q2", 2.0)]
    chart = lines("Both", [Series("Eligible", points), Series("Matched", [("Q1", 3), ("Q2", None)])], label="Quarter")
    drawing = etree.fromstring(str(chart.narrow))
    named = {text.text: float(str(text.get("y"))) for text in drawing.iter(f"{SVG}text") if ": " in str(text.text)}
    assert list(named) == ["Eligible: 2", "Matched: 3"]
    top = min(float(str(each.get("y1"))) for each in drawing.iter(f"{SVG}line"))
    assert max(named.values()) < top
    assert [each.get("stroke-dasharray") for each in drawing.iter(f"{SVG}path")] == [None, None, "8 4", "8 4"]


@dataclass(frozen=True)
class _Box:
    """The box of a text or a field: left, top, right, bottom, in the picture's units."""

    left: float
    top: float
    right: float
    bottom: float

    def within(self, other: _Box, by: float = 0) -> bool:
        """Return whether all of it lies in the other one, or at most `by` units out of it."""
        across = other.left - by <= self.left and self.right <= other.right + by
        return across and other.top - by <= self.top and self.bottom <= other.bottom + by

    def touches(self, other: _Box) -> bool:
        """Return whether a part of it lies in the other one."""
        return min(self.right, other.right) > max(self.left, other.left) and min(self.bottom, other.bottom) > max(
            self.top, other.top
        )


def _box(text: Any) -> _Box:
    """Return the room that a text takes, turned or not; tests/browser/test_charts.py holds `wide` against a browser."""
    size, x, y = (float(text.get(name)) for name in ("font-size", "x", "y"))
    length = wide(text.text, size, bold=text.get("font-weight") == "700")
    if text.get("transform"):
        assert text.get("transform") == f"rotate(-90 {x:.1f} {y:.1f})"
        return _Box(x - 0.75 * size, y - length, x + 0.2 * size, y)
    left = x - {"end": length, "middle": length / 2}.get(text.get("text-anchor"), 0)
    return _Box(left, y - 0.75 * size, left + length, y + 0.2 * size)


def _rect(field: Any) -> _Box:
    x, y, width, height = (float(field.get(name)) for name in ("x", "y", "width", "height"))
    return _Box(x, y, x + width, y + height)


@pytest.mark.parametrize("chart", all_charts(), ids=lambda chart: chart.title)
def test_a_phone_has_a_picture_of_its_own(chart: Chart) -> None:
    """On a screen of 360 pixels nothing leaves it, no text lies on another, and it says the same numbers."""
    wide_one, narrow = (etree.fromstring(str(svg)) for svg in (chart.svg, chart.narrow))
    assert float(str(narrow.get("viewBox")).split()[2]) <= 360 - 2 * 16, "the page's margins are a rem on each side"
    for drawing in (wide_one, narrow):
        picture = _Box(*(float(number) for number in str(drawing.get("viewBox")).split()))
        texts = [(text.text, _box(text)) for text in drawing.iter(f"{SVG}text")]
        assert [said for said, box in texts if not box.within(picture, by=1)] == []
        assert [(first[0], second[0]) for first, second in combinations(texts, 2) if first[1].touches(second[1])] == []
        for box in drawing.iter(f"{SVG}rect"):
            assert float(box.get("x") or 0) + float(box.get("width") or 0) <= picture.right
    letters = [[text.text or "" for text in each.iter(f"{SVG}text")] for each in (wide_one, narrow)]
    numbers = [set(re.findall("[0-9][0-9,.]*", " ".join(said))) for said in letters]
    if "path" not in chart.narrow:  # how many days a line's axis names depends on the room
        assert numbers[0] == numbers[1]


@pytest.mark.parametrize("chart", all_charts(), ids=lambda chart: chart.title)
def test_letters_on_a_phone_are_not_made_smaller(chart: Chart) -> None:
    """Only in a heat map's fields, and there only where six digits have no room otherwise."""
    sizes = {float(str(text.get("font-size"))) for text in etree.fromstring(str(chart.narrow)).iter(f"{SVG}text")}
    assert min(sizes) >= (10 if "six digits" in chart.title.lower() else 13)


@pytest.mark.parametrize("chart", [supply_map(), *wide_maps()], ids=lambda chart: chart.title)
def test_each_text_of_a_heat_map_stays_in_its_own_field(chart: Chart) -> None:
    """On a page and on a phone: fields say all of their text inside of them, full names stand above their columns."""
    columns, cells = chart.columns[1:], [cell for row in chart.rows for cell in row[1:]]
    for svg in (chart.svg, chart.narrow):
        drawing = etree.fromstring(str(svg))
        texts = [(str(text.text), _box(text)) for text in drawing.iter(f"{SVG}text")]
        fields = [_rect(field) for field in drawing.iter(f"{SVG}rect")]
        assert len(fields) == len(cells)
        for field, cell in zip(fields, cells, strict=True):
            said = [text for text, box in texts if box.within(field)]
            assert "".join(said).replace(" ", "") == cell.replace(" ", "")
        for name, field in zip(columns, fields, strict=False):
            above = _Box(field.left, 0, field.right, min(box.top for box in fields))
            assert " ".join(text for text, box in texts if box.within(above, by=1)).startswith(name)
