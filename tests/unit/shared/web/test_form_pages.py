"""Test what a form carries of its page, for a comparison with what is true now."""

from __future__ import annotations

from shared.web.form_pages import FormPage, bounded, page_in


def test_a_form_carries_a_whole_table_and_says_what_is_left_out() -> None:
    """All rows of the largest imported table come back; of more rows the last one says how many there are."""
    rows = [(f"Row {number}", "To be added") for number in range(1, 1003)]
    page = page_in(FormPage(facts={"effects": rows}).text())
    assert page.facts["effects"] == rows
    many = [(f"Row {number}", "To be added") for number in range(1, 6002)]
    carried = page_in(FormPage(facts={"effects": many}).text()).facts["effects"]
    assert carried == bounded(many)
    assert carried[-2:] == [("Row 4999", "To be added"), ("More rows", "1002. They are not compared here.")]
