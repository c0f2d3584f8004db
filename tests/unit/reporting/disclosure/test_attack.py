"""No hidden number follows from several tables: of a year and its halves, or of figures that bound each other."""

from __future__ import annotations

import itertools
from copy import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.disclosure.model import (
    ROLLED_UP,
    THRESHOLD,
    EarlierRelease,
    Hidden,
    NotProven,
    NotSafe,
    Pattern,
    decide,
    release,
    released_by,
)
from services.reporting.disclosure.model.attack import Attack
from services.reporting.disclosure.model.tables import Row, Table
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Cell, Figure
from services.reporting.periods.model import periods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.reporting.disclosure.model import Released, ReleasedCell

AT = datetime(2027, 1, 1, tzinfo=UTC)
DIMENSION = "host-country"
ELSEWHERE = "*"
"""A country that is in no table: where rows are not listed, there may be one."""
Counts = dict[str, int]


def count(number: int) -> Cell:
    """Return a number of visits."""
    return Cell(Decimal(number), Decimal(number), None, number)


def share(holding: int, whole: int) -> Cell:
    """Return the share of `holding` in `whole`."""
    return Cell(Decimal(100 * holding) / whole if whole else None, Decimal(holding), Decimal(whole), whole)


def visits(label: str, counts: Counts, indicator: str = "TOPCOP-OP-02", total: int | None = None) -> Figure:
    """Return the visits of a period by host country."""
    cells = {value: count(number) for value, number in counts.items() if number}
    all_ = sum(counts.values()) if total is None else total
    return Figure(INDICATORS[indicator], periods.parse(label), AT, count(all_), {DIMENSION: cells})


def is_shown(rows: Mapping[str, ReleasedCell], value: str) -> bool:
    """Return whether a row shows its number."""
    return value in rows and rows[value].value is not None


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Return all ways to write a number as a sum of so many terms, none negative."""
    if parts == 0:
        if total == 0:
            yield ()
        return
    for bars in itertools.combinations(range(total + parts - 1), parts - 1):
        edges = (-1, *bars, total + parts - 1)
        yield tuple(right - left - 1 for left, right in itertools.pairwise(edges))


class PublicView:
    """The view of an outsider: total, visible rows, whether all rows are listed."""

    def __init__(self, released: Released) -> None:
        rows = released.breakdowns.get(DIMENSION)
        self.total = int(released.total.value or 0)
        self.listed = rows is not None and ROLLED_UP not in rows
        self.shown = {v: int(c.value) for v, c in (rows or {}).items() if c.value is not None and v != ROLLED_UP}
        self.rows = set(rows or ()) - {ROLLED_UP}

        self.hidden = self.rows - set(self.shown) if self.listed else set()

    def total_only(self) -> PublicView:
        """Return the same without a row."""
        less = copy(self)
        less.listed, less.shown, less.rows = False, {}, set()
        return less

    def fits(self, numbers: np.ndarray, values: list[str]) -> np.ndarray:
        """Return which of many guesses agree with the view."""
        fits: np.ndarray = numbers.sum(axis=-1) == self.total
        for place, value in enumerate(values):
            here = numbers[..., place]
            if value in self.shown:
                fits &= here == self.shown[value]
            elif self.listed:
                fits &= here >= 1 if value in self.rows else here == 0
        return fits


def guesses(total: int, seen: PublicView | None, values: list[str]) -> np.ndarray:
    """Return all tables of that total, without those that the view alone excludes."""
    known = seen.shown if seen else {}
    free = [value for value in values if value not in known]
    rest = total - sum(known.values())
    made = [{**known, **dict(zip(free, guess, strict=True))} for guess in compositions(rest, len(free))]
    return np.array([[row.get(value, 0) for value in values] for row in made]).reshape(-1, len(values))


numbers = st.dictionaries(st.sampled_from("ABC"), st.sampled_from((0, 1, 2, 3, 4, 5, 6, 9)), min_size=1)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers, st.permutations(["2026-H1", "2026-H2", "2026"]), st.booleans())
def test_no_number_can_be_worked_out_across_periods(h1: Counts, h2: Counts, order: list[str], whole: bool) -> None:  # noqa: FBT001 - drawn
    """In any order of publication a small hidden number keeps three possible values or more."""
    year = {value: h1.get(value, 0) + h2.get(value, 0) for value in "ABC"}
    real = {"2026-H1": h1, "2026-H2": h2, "2026": year}
    out: dict[str, EarlierRelease] = {}
    for label in order if whole else order[:2]:
        figures = [visits(label, real[label])]
        out[label] = EarlierRelease(figures, decide(figures, out.values()))
    seen = {label: PublicView(released_by(release.figures, release.pattern)[0]) for label, release in out.items()}
    values = [*"ABC", ELSEWHERE]
    first, second = (
        guesses(sum(real[label].values()), seen.get(label), values)[:, None if label == "2026-H1" else slice(None)]
        for label in ("2026-H1", "2026-H2")
    )
    first, second = np.broadcast_arrays(first.reshape(-1, 1, 4), second.reshape(1, -1, 4))
    tables = {"2026-H1": first, "2026-H2": second, "2026": first + second}
    last = list(seen)[-1]
    fits, without = np.ones((2, *first.shape[:2]), dtype=bool)
    for label, view in seen.items():
        fits &= view.fits(tables[label], values)
        without &= (view if label != last else view.total_only()).fits(tables[label], values)
    for (label, table), (place, value) in itertools.product(tables.items(), enumerate(values[:3])):
        possible, before = (len(np.unique(table[..., place][which])) for which in (fits, without))
        if 0 < real[label].get(value, 0) < THRESHOLD:  # or what the totals alone leave, which are always shown
            assert possible >= min(3, before)
        if label in seen and value in seen[label].hidden:
            assert possible >= 3


def test_a_year_does_not_reveal_its_other_half() -> None:
    """With 18 in the half and 20 in the year, the year's row is hidden: it would reveal two."""
    half = [visits("2026-H1", {"FR": 18, "DE": 9, "PL": 12})]
    year = [visits("2026", {"FR": 20, "DE": 19, "PL": 25})]
    alone = release(year)[0].breakdowns[DIMENSION]
    beside = release(year, [EarlierRelease(half, decide(half))])[0].breakdowns[DIMENSION]
    assert alone["FR"].value == 20
    assert not is_shown(beside, "FR")


def test_published_rows_are_never_changed() -> None:
    """Later periods hide their own rows, not those of a published period."""
    half = [visits("2026-H1", {"FR": 18, "DE": 9, "PL": 12})]
    pattern = decide(half)
    decide([visits("2026", {"FR": 19, "DE": 10, "PL": 13})], [EarlierRelease(half, pattern)])
    assert pattern == decide(half)
    assert Pattern.of_stored(pattern.stored()) == pattern


def test_a_restatement_of_one_waits() -> None:
    """A total that differs by one from its last statement stays as it was shown, as the difference is one person."""
    was, now = (visits("2026-H1", {"FR": number, "DE": 9, "PL": 12, "RO": 30}) for number in (17, 18))
    [shown] = release([now], [EarlierRelease([was], decide([was]))], statement=2)
    assert (shown.total.value, shown.waits) == (Decimal(68), True)
    assert shown.breakdowns[DIMENSION]["FR"].value == 17


def test_a_row_that_moves_by_few_is_hidden() -> None:
    """A total may move by six, but not the row in which one of them is, nor the one in which the others are."""
    was = visits("2026-H1", {"FR": 17, "DE": 9, "PL": 12, "RO": 30})
    now = visits("2026-H1", {"FR": 18, "DE": 14, "PL": 12, "RO": 30})
    [shown] = release([now], [EarlierRelease([was], decide([was]))], statement=2)
    assert (shown.total.value, shown.waits) == (Decimal(74), False)
    rows = shown.breakdowns[DIMENSION]
    assert [rows[name].hidden for name in ("FR", "DE")] == [Hidden.PROTECTED, Hidden.PROTECTED]
    assert rows["RO"].value == 30


def test_rows_that_stay_do_not_reveal_those_that_move() -> None:
    """Of six late visits five are in a row that was shown: that row is hidden, since the sixth is in a hidden one."""
    was = visits("2026-H1", {"FR": 20, "RO": 30, "PL": 3, "DE": 9})
    now = visits("2026-H1", {"FR": 25, "RO": 30, "PL": 3, "DE": 10})
    [before] = release([was])
    assert before.breakdowns[DIMENSION]["FR"].value == 20
    [shown] = release([now], [EarlierRelease([was], decide([was]))], statement=2)
    assert (shown.total.value, shown.waits) == (Decimal(68), False)
    assert not is_shown(shown.breakdowns[DIMENSION], "FR")


def test_a_correction_of_days_waits() -> None:
    """Person-days that change without another visit are a number about few visits."""
    days = [
        Figure(INDICATORS["TOPCOP-OP-03"], periods.parse("2026-H1"), AT, Cell(Decimal(each), Decimal(each), None, 12))
        for each in (60, 59)
    ]
    [shown] = release(days[1:], [EarlierRelease(days[:1], decide(days[:1]))], statement=2)
    assert (shown.total.value, shown.waits) == (Decimal(60), True)


def test_hidden_rows_stay_hidden() -> None:
    """A row that was hidden in one statement is hidden in the next, though enough people stand behind it now."""
    was = visits("2026-H1", {"FR": 3, "DE": 9, "PL": 12, "RO": 30})
    now = visits("2026-H1", {"FR": 13, "DE": 19, "PL": 22, "RO": 40})
    [before] = release([was])
    hidden = {name for name, cell in before.breakdowns[DIMENSION].items() if cell.hidden}
    [shown] = release([now], [EarlierRelease([was], decide([was]))], statement=2)
    assert hidden == {"FR", "DE"}
    assert {name for name, cell in shown.breakdowns[DIMENSION].items() if cell.hidden} >= hidden


def test_visits_do_not_reveal_few_officials() -> None:
    """Known visits bound the hidden number of officials."""
    officials = {"FR": 3, "DE": 6, "PL": 20}
    figures = [visits("2026", {"FR": 15, "DE": 7, "PL": 21}), visits("2026", officials, "TOPCOP-OP-01")]
    shown = release(figures)[1].breakdowns[DIMENSION]
    assert not is_shown(shown, "FR")
    tables = [
        Table(name, DIMENSION, "2026", figures[0].period.start, figures[0].period.end, (29.0,), rows)
        for name, rows in (
            ("TOPCOP-OP-01", {v: Row((float(n),), n, shown=v == "PL") for v, n in officials.items()}),
            ("TOPCOP-OP-02", {v: Row((float(n),), n) for v, n in (("FR", 3), ("DE", 6), ("PL", 20))}),
        )
    ]
    found = Attack(tables).weak()
    assert found is not None
    assert (found.target.value, found.least, found.most) == ("FR", 3, 3)


def test_days_of_visits_that_ended_early_do_not_reveal_a_planned_one() -> None:
    """Days beyond those of completed visits are of others: of 15 planned, they would leave Poland one or none."""
    hosts = {"FR": 7, "RO": 5}
    planned = Figure(
        INDICATORS["TOPCOP-PR-03"],
        periods.parse("2026-H2"),
        AT,
        share(15, 15),
        {DIMENSION: {"FR": share(8, 8), "RO": share(6, 6), "PL": share(1, 1)}},
    )
    days = visits("2026-H2", {"FR": 37, "RO": 27}, "TOPCOP-OP-03")
    out = {each.definition.id: each for each in release([visits("2026-H2", hosts), days, planned])}
    assert out["TOPCOP-PR-03"].total.denominator == 15
    assert not is_shown(out["TOPCOP-PR-03"].breakdowns.get(DIMENSION, {}), "PL")
    shown = out["TOPCOP-OP-03"].breakdowns.get(DIMENSION, {})
    assert not all(is_shown(shown, value) for value in hosts)


def test_a_share_is_hidden_with_its_numbers() -> None:
    """With two women of twenty officials both the row of women and their share are hidden."""
    of_all = Figure(
        INDICATORS["TOPCOP-OP-01"],
        periods.parse("2026"),
        AT,
        count(20),
        {"sex": {"female": count(2), "male": count(18)}},
    )
    women = Figure(INDICATORS["TOPCOP-OP-06"], periods.parse("2026"), AT, share(2, 20))
    assert [each.total.hidden for each in release([of_all, women])] == [None, Hidden.PROTECTED]


def test_a_share_of_hidden_rows_is_hidden() -> None:
    """The share of women stays hidden while officials by sex are, though enough people stand behind it."""

    def stated(women: int, men: int) -> list[Figure]:
        period = periods.parse("2026-H1")
        by_sex = {"sex": {"female": count(women), "male": count(men)}}
        return [
            Figure(INDICATORS["TOPCOP-OP-01"], period, AT, count(women + men), by_sex),
            Figure(INDICATORS["TOPCOP-OP-06"], period, AT, share(women, women + men)),
        ]

    assert [each.total.hidden for each in release(stated(18, 18))] == [None, None]
    withheld = Pattern({name: {"": frozenset({""})} for name in ("TOPCOP-OP-01", "TOPCOP-OP-06")})
    officials, women = release(stated(18, 18), [EarlierRelease(stated(12, 12), withheld)], statement=2)
    assert (officials.total.value, officials.withheld) == (Decimal(36), ("sex",))
    assert women.total.hidden is Hidden.PROTECTED


def test_a_share_below_its_smallest_base_does_not_follow_from_others() -> None:
    """Fifteen answers in the half and 22 in the year would reveal the rate of seven."""
    half, year = (
        Figure(INDICATORS["TOPCOP-OC-01"], periods.parse(label), AT, share(*of))
        for label, of in (("2026-H1", (10, 15)), ("2026", (17, 22)))
    )
    assert release([year])[0].total.value is not None
    assert release([year], [EarlierRelease([half], decide([half]))])[0].total.hidden is Hidden.PROTECTED


def test_a_total_does_not_follow_from_other_periods() -> None:
    """Twelve visits in the half and fifteen in the year would reveal the three of the other half."""
    half, year = visits("2026-H1", {"FR": 12}), visits("2026", {"FR": 15})
    assert release([year])[0].total.value == 15
    assert release([year], [EarlierRelease([half], decide([half]))])[0].total.hidden is Hidden.PROTECTED


def test_a_half_does_not_follow_from_a_year_and_quarters() -> None:
    """With a row of 30 in the year and 28 in the half, the two of the other half stay hidden beside its quarter."""
    out: list[EarlierRelease] = []
    rest = {"DE": 40, "PL": 40, "RO": 50}
    for label, number, share in (("2026", 30, 4), ("2026-Q3", 1, 1), ("2026-H1", 28, 2)):
        figures = [visits(label, {"FR": number, **{name: share * each for name, each in rest.items()}})]
        out.append(EarlierRelease(figures, decide(figures, out)))
    year, _, half = (released_by(each.figures, each.pattern)[0].breakdowns[DIMENSION] for each in out)
    assert is_shown(year, "FR")
    assert not is_shown(half, "FR")


def test_a_release_that_is_not_proven_in_time_is_refused() -> None:
    """Without time for the proof nothing is decided."""
    with pytest.raises(NotProven):
        decide([visits("2026-H1", {"FR": 3, "DE": 9, "PL": 12, "RO": 30})], seconds=0)


def test_a_table_that_is_mostly_hidden_is_rolled_up() -> None:
    """Five countries of six have few visits and become one row, with the remaining total and without events."""
    rows = release([visits("2026", {"FR": 40, "DE": 3, "PL": 4, "RO": 2, "IT": 3, "ES": 1})])[0].breakdowns[DIMENSION]
    assert set(rows) == {"FR", ROLLED_UP}
    assert rows[ROLLED_UP].value == 13
    assert (rows[ROLLED_UP].events, rows[ROLLED_UP].digest) == (None, None)


def test_an_unsafe_table_is_found() -> None:
    """The audit of a table with one hidden row gives that row's only possible number."""
    rows = {"FR": Row((3.0,), 3, few=True, shown=False), "DE": Row((9.0,), 9)}
    year = periods.parse("2026")
    found = Attack([Table("TOPCOP-OP-02", DIMENSION, "2026", year.start, year.end, (12.0,), rows, fixed=True)]).weak()
    assert found is not None
    assert (found.target.value, found.least, found.most, found.safe) == ("FR", 3, 3, False)


@pytest.mark.parametrize(("hidden", "safe"), [(2, False), (3, False), (4, True), (9, True)])
def test_a_hidden_number_needs_three_possible_values(hidden: int, safe: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Two hidden rows of at least one each that make three leave two values, and those that make four three."""
    rows = {
        "FR": Row((1.0,), 1, few=True, shown=False),
        "PL": Row((hidden - 1.0,), hidden - 1, few=True, shown=False),
        "DE": Row((9.0,), 9),
    }
    year = periods.parse("2026")
    total = (hidden + 9.0,)
    table = Table("TOPCOP-OP-02", DIMENSION, "2026", year.start, year.end, total, rows, fixed=True)
    assert (Attack([table]).weak() is None) == safe


def test_figures_that_cannot_be_made_safe_are_not_released() -> None:
    """If published totals reveal a number whatever is hidden now, nothing is released."""
    careless = Pattern({"TOPCOP-OP-02": {"": frozenset({""})}})
    out = [
        EarlierRelease([visits(label, {"FR": number})], careless) for label, number in (("2026-H1", 9), ("2026", 12))
    ]
    with pytest.raises(NotSafe):
        decide([visits("2026-Q1", {"FR": 7})], out)
