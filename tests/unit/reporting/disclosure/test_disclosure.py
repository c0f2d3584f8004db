"""No hidden number follows from a released table."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.disclosure.model import THRESHOLD, Hidden, Released, release
from services.reporting.feeds.formats.table import csv_text
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Cell, Figure
from services.reporting.periods.model.approval import Approval
from tests.unit.reporting.fact_samples import YEAR, ident

AT = datetime(2027, 1, 1, tzinfo=UTC)


def count(number: int) -> Cell:
    """Return a cell with so many behind it."""
    events = tuple(ident("event", number, n) for n in range(number))
    return Cell(Decimal(number), Decimal(number), None, number, events)


def share(part: int, whole: int) -> Cell:
    """Return a share of `part` in `whole`."""
    value = Decimal(100 * part) / whole if whole else None
    return Cell(value, Decimal(part), Decimal(whole), whole, ())


def counted(cells: dict[str, int]) -> Released:
    """Return a count with one breakdown, after disclosure control."""
    made = {name: count(number) for name, number in cells.items()}
    total = count(sum(cells.values()))
    return release([Figure(INDICATORS["TOPCOP-OP-02"], YEAR, AT, total, {"host-country": made})])[0]


cells = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 40), min_size=1)


@given(cells)
def test_no_small_cell_is_shown(numbers: dict[str, int]) -> None:
    """A cell with one to four behind it is never shown, whatever the table."""
    released = counted(numbers)
    for shown in released.breakdowns.get("host-country", {}).values():
        assert shown.hidden or shown.value is not None
        assert shown.value in {None, 0} or shown.value >= THRESHOLD


@given(cells)
def test_the_total_reveals_no_cell(numbers: dict[str, int]) -> None:
    """The hidden rest of the total belongs to two cells or more, and to ten people or more."""
    released = counted(numbers)
    table = released.breakdowns.get("host-country")
    if table is None:
        assert released.withheld == ("host-country",)
        return
    hidden = [name for name, shown in table.items() if shown.hidden]
    rest = sum(numbers.values()) - sum(int(shown.value) for shown in table.values() if shown.value is not None)
    assert not hidden or (len(hidden) > 1 and rest >= 2 * THRESHOLD)


@given(cells)
def test_hidden_cells_have_no_values(numbers: dict[str, int]) -> None:
    """A hidden cell has no value, numerator, count of events or digest, and CSV never writes a zero for it."""
    released = counted(numbers)
    for shown in released.breakdowns.get("host-country", {}).values():
        if shown.hidden:
            assert (shown.value, shown.numerator, shown.denominator, shown.events, shown.digest) == (
                None, None, None, None, None,
            )  # fmt: skip
    for line in csv_text([released], Approval(YEAR)).splitlines()[1:]:
        if any(f",{reason.value}," in line for reason in (Hidden.PROTECTED,)) or ",withheld," in line:
            assert ",,,," in line


def test_a_share_needs_its_smallest_denominator() -> None:
    """Nine answers give no satisfaction rate, ten do, and none at all is no data rather than hidden."""
    definition = INDICATORS["TOPCOP-OC-01"]
    made = [
        release([Figure(definition, YEAR, AT, share(part, whole))])[0].total
        for part, whole in ((9, 9), (10, 10), (0, 0))
    ]
    assert [each.hidden for each in made] == [Hidden.PROTECTED, None, Hidden.NO_DATA]
    assert (made[0].numerator, made[0].denominator) == (None, None)


def test_a_share_of_a_part_hides_small_numerators_and_rests() -> None:
    """A share in a breakdown is hidden if few are in the numerator, or outside it."""
    parts = {"AM": share(2, 40), "GE": share(38, 40), "MD": share(20, 40), "UA": share(20, 50)}
    figure = Figure(INDICATORS["TOPCOP-PR-01"], YEAR, AT, share(80, 170), {"country-of-service": parts})
    shown = release([figure])[0].breakdowns["country-of-service"]
    assert [name for name, each in shown.items() if each.hidden] == ["AM", "GE"]
    parts = {"AM": share(30, 60), "GE": share(38, 40), "MD": share(20, 40), "UA": share(20, 50)}
    figure = Figure(INDICATORS["TOPCOP-PR-01"], YEAR, AT, share(108, 190), {"country-of-service": parts})
    shown = release([figure])[0].breakdowns["country-of-service"]
    assert "GE" in [name for name, each in shown.items() if each.hidden]


@pytest.mark.parametrize(("number", "hidden"), [(0, False), (1, True), (4, True), (5, False)])
def test_a_total_of_one_to_four_is_hidden(number: int, hidden: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """One to four visits in all are hidden with all their parts; none, and five, are shown."""
    released = counted({"FR": number})
    assert (released.total.hidden is Hidden.PROTECTED) == hidden
    assert bool(released.withheld) == hidden


@pytest.mark.parametrize(("part", "hidden"), [(0, False), (3, True), (12, False), (18, True), (20, False)])
def test_a_share_hides_a_small_numerator_and_its_complement(part: int, hidden: bool) -> None:  # noqa: FBT001 - as above
    """Of twenty answers three, or all but two, are few people; none and all are not."""
    [released] = release([Figure(INDICATORS["TOPCOP-OC-01"], YEAR, AT, share(part, 20))])
    assert (released.total.hidden is Hidden.PROTECTED) == hidden


def test_events_are_counted_beside_the_total_only() -> None:
    """A part has no number of events, which would tell those of a hidden part beside it."""
    released = counted({"FR": 20, "RO": 9})
    assert released.total.events == 29
    assert [each.events for each in released.breakdowns["host-country"].values()] == [None, None]
