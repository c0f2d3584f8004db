"""Do charts tell the truth, and do they say it in words too?"""

from __future__ import annotations

import pytest
from lxml import etree

from shared.web.charts import Bar, Cell, Chart, Pair, Series, bars, heat, lines, pairs

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_begin_at_zero_and_keep_their_proportions() -> None:
    """Twice as much is twice as long; the number stands at the end of each bar and in the table."""
    chart = bars(
        "Georgia leads", [Bar("Georgia", 60), Bar("Armenia", 30), Bar("Moldova", 0)], label="Country", value="Matched"
    )
    drawing = etree.fromstring(str(chart.svg))
    first, second, third = (float(bar.get("width") or 0) for bar in drawing.iter(f"{SVG}rect"))
    assert first == pytest.approx(2 * second)
    assert third <= 1
    assert [text.text for text in drawing.iter(f"{SVG}text")] == ["Georgia", "60", "Armenia", "30", "Moldova", "0"]
    assert chart.rows == [("Georgia", "60"), ("Armenia", "30"), ("Moldova", "0")]
    assert drawing.get("aria-label") == "Georgia leads"


def test_a_negative_bar_is_refused() -> None:
    """A bar below zero would lie."""
    with pytest.raises(ValueError, match="cannot be negative"):
        bars("Less", [Bar("Georgia", -1)], label="Country", value="Matched")


def test_text_in_a_chart_is_escaped() -> None:
    """A name is never markup."""
    chart = bars("x", [Bar('<script>"&', 1)], label="Country", value="Matched")
    assert "<script>" not in chart.svg
    assert "&lt;script&gt;" in chart.svg


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
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
        "Placed", [Pair("Armenia", 4, 8), Pair("Georgia", 2, 0)], label="Country", names=("as it is", "what if")
    )
    widths = [float(one.get("width") or 0) for one in etree.fromstring(chart.svg).iter("{*}rect")]
    assert widths[0] == pytest.approx(widths[1] / 2, abs=0.1)
    assert widths[2] == pytest.approx(widths[1] / 4, abs=0.1)
    assert widths[3] == 1
    assert chart.columns == ("Country", "as it is", "what if")
    assert chart.rows == [("Armenia", "4", "8"), ("Georgia", "2", "0")]
    with pytest.raises(ValueError, match="negative"):
        pairs("Placed", [Pair("Armenia", 1, -1)], label="Country", names=("before", "after"))


def test_a_heat_map_says_in_words_what_its_shades_mean() -> None:
    """Each field has its text, warm ones bold, plenty and want in different shades; the table says the same."""
    cells = [Cell("5 / 0", 1), Cell("1 / 4", -0.75), Cell("2 / 2", 0)]
    chart = heat("Wanted", ["English", "French", "German"], [("Online crime", cells)], label="Topic")
    root = etree.fromstring(chart.svg)
    texts = {one.text: one.get("font-weight") for one in root.iter("{*}text")}
    assert [texts[cell.text] for cell in cells] == ["700", "400", "400"]
    assert len({one.get("fill") for one in root.iter("{*}rect")}) == 3
    assert chart.rows == [("Online crime", "5 / 0", "1 / 4", "2 / 2")]


def test_a_heat_map_without_columns_is_drawn_as_nothing() -> None:
    """Nothing is divided by nothing."""
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


def _charts() -> list[Chart]:
    """One of each kind, with labels as long as they get."""
    long = "Seizing and managing crypto-assets in joint teams"
    weeks = [f"{day} Nov" for day in range(1, 27)]
    fields = [Cell("12", 1), Cell("3", 0), Cell("0", -1), Cell("7", 0.5), Cell("1", 0), Cell("9", 0)]
    return [
        bars("Bars", [Bar(long, 120_000, marked=True), Bar("Georgia", 3)], label="Topic", value="Number"),
        pairs("Pairs", [Pair(long, 60, 35)], label="Topic", names=("in the last period", "in this period")),
        lines("Lines", [Series(long, [(week, n) for n, week in enumerate(weeks)]),
                        Series("Failed", [(week, n / 2) for n, week in enumerate(weeks)])], label="Week"),
        heat("Fields", ["AM", "AZ", "BY", "GE", "MD", "UA"], [(long, fields)], label="Topic"),
    ]  # fmt: skip


@pytest.mark.parametrize("chart", _charts(), ids=lambda chart: chart.title)
def test_a_phone_has_a_picture_of_its_own(chart: Chart) -> None:
    """On a screen of 360 pixels its letters are not made smaller, nothing leaves it, and it says the same numbers."""
    wide, narrow = (etree.fromstring(str(svg)) for svg in (chart.svg, chart.narrow))
    width = float(str(narrow.get("viewBox")).split()[2])
    assert width <= 360 - 2 * 16, "the page's margins are a rem on each side"
    for text in narrow.iter(f"{SVG}text"):
        size = float(str(text.get("font-size")))
        assert size >= 13
        length, x = len(text.text or "") * size * 0.56, float(str(text.get("x")))
        starts = {"end": x - length, "middle": x - length / 2}.get(str(text.get("text-anchor")), x)
        assert starts >= -1, text.text
        assert starts + length <= width + 1, text.text
    for box in narrow.iter(f"{SVG}rect"):
        assert float(box.get("x") or 0) + float(box.get("width") or 0) <= width
    said = [{word for text in each.iter(f"{SVG}text") for word in (text.text or "").split()} for each in (wide, narrow)]
    numbers = [{word for word in words if word[0].isdigit()} for words in said]
    if chart.title != "Lines":  # how many days are named depends on the room
        assert numbers[0] == numbers[1]
