"""The page of benchmarks has a table for each section, and keeps the rows and notes that were not measured again."""

from __future__ import annotations

from tests.benchmarks.figures import NO_AIM
from tests.benchmarks.matching.__main__ import NOTES, by_section, machines_of, merged, notes, page, written


def _row(
    name: str, value: float, *, reference: str = "x", section: str = "Matching", aim: str = "a"
) -> dict[str, object]:
    return {
        "name": name,
        "value": value,
        "unit": "ms",
        "reference": {"name": reference, "value": 2.0},
        "ratio": value / 2,
        "aim": aim,
        "met": True,
        "section": section,
    }


def test_each_section_has_a_table_in_the_order_of_the_page() -> None:
    """Sections stand in a fixed order, however the rows come; the plot belongs to the matching."""
    text = page(by_section([_row("match", 1), _row("send", 2, section="Event bus")]), [], with_plot=True)
    headings = [line for line in text.splitlines() if line.startswith(("## ", "!["))]
    assert [heading[:9] for heading in headings] == ["## Event ", "## Matchi", "![Seconds"]
    assert "| send | 2 ms | x | 2 ms | 1 | a | yes |" in text


def test_a_figure_without_an_aim_is_neither_met_nor_missed() -> None:
    """The last cell of a figure that is only shown is empty."""
    assert by_section([_row("shown", 1, aim=NO_AIM)])["Matching"] == ["| shown | 1 ms | x | 2 ms | 0.5 | none |  |"]


def test_measured_rows_take_their_place_and_others_stay() -> None:
    """A known row is renewed in its place, a new one comes last, and all others stay as they are."""
    before = by_section([_row("one", 1), _row("two", 1), _row("sent", 3, section="Event bus")])
    text = page(before, [], with_plot=True)
    after = merged(written(text), by_section([_row("three", 3), _row("one", 5)]))
    renewed = by_section([_row("one", 5), _row("two", 1), _row("three", 3)])["Matching"]
    assert after == {"Event bus": before["Event bus"], "Matching": renewed}


def test_two_rows_of_one_name_differ_by_their_references() -> None:
    """A figure beside two references has two rows, and each is renewed for itself."""
    before = by_section([_row("one", 1, reference="x"), _row("one", 1, reference="y")])
    new = by_section([_row("one", 4, reference="y")])
    assert merged(before, new)["Matching"] == [before["Matching"][0], new["Matching"][0]]


def test_notes_written_by_hand_are_kept() -> None:
    """Notes after the mark are kept as they are, and their tables are not taken for measured rows."""
    lines = by_section([_row("one", 1)])
    by_hand = f"{NOTES}\n\n## Notes\n\n| a | b | c |\n"
    text = page(lines, [], with_plot=False, notes=by_hand)
    assert text.endswith(by_hand)
    assert written(text) == lines
    assert page(written(text), [], with_plot=False, notes=notes(text)) == text


def test_a_page_names_each_machine_once() -> None:
    """Rows of several runs may come from several machines."""
    text = page({}, ["2 cores (x)", "4 cores (y)", "2 cores (x)"], with_plot=False)
    assert machines_of(text) == ["2 cores (x)", "4 cores (y)"]
