"""Sheets of visits and policies as coordinators write them by hand, for `tandem schedule`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from services.matching.engine.schedule import Draft
from services.matching.sheets.files import templates, visits
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.sheets import Reading
from tests.unit.matching.sheets.sheets import as_csv, book, faults

if TYPE_CHECKING:
    from pathlib import Path

    from services.matching.engine.schedule import SchedulePolicy, VisitRequest

HEADING = ("candidate_id", "seat_id", "home_country", "host_country", "confirmed_on", "days", "host_periods")
VISIT = ("g1", "FR-1", "AM", "FR", "2027-01-11", 3, "2027-03-01/2027-03-12")
RULES = ("Setting", "Name", "Value")


def _visit(**cells: object) -> tuple[object, ...]:
    return tuple({**dict(zip(HEADING, VISIT, strict=True)), **cells}.values())


def _read(file: Path, policy: Path | None = None) -> tuple[list[VisitRequest], SchedulePolicy | None, Reading]:
    reading = Reading()
    try:
        return *visits.read(file, policy, reading), reading
    except UnusableFiles:
        return [], None, reading


def _remarks(reading: Reading) -> str:
    return "\n".join(reading.findings.remarks())


def test_places_of_a_seat_bind_guests_who_spell_its_id_differently(tmp_path: Path) -> None:
    """A seat, a guest or a group in another case is the same one, so that one place is given once."""
    heading = (*HEADING, "places")
    rows = [
        (*_visit(days=5), "2027-03-01:1"),
        (*_visit(candidate_id="g2", seat_id="fr -1", days=5), "2027-03-01:1"),
        (*_visit(candidate_id="g3", seat_id="\u0410T-1"), ""),
        (*_visit(candidate_id="g4", seat_id="AT-1"), ""),
    ]
    found, policy, reading = _read(book(tmp_path / "v.xlsx", {"Visits": [heading, *rows]}))
    assert faults(reading) == []
    dates = Draft.of(found, policy).first.days
    assert sum(bool(days) for days in dates[:2]) == 1
    assert '"fr -1" as FR-1, as it is written first' in _remarks(reading)
    assert "row 5, column seat_id: AT-1 looks like \u0410T-1" in _remarks(reading)

    _, _, reading = _read(book(tmp_path / "w.xlsx", {"Visits": [HEADING, VISIT, _visit(candidate_id="G1")]}))
    assert "row 3: the visit of g1 to FR-1 is in " in faults(reading)[0]


def test_announced_days_are_the_whole_visit(tmp_path: Path) -> None:
    """A start day alone, which would shorten the visit, is a warning; days out of order are sorted, gaps are faults."""
    heading = (*HEADING, "announced")
    rows = [
        (*_visit(), "2027-03-01"),
        (*_visit(candidate_id="g2", seat_id="FR-2"), "2027-03-04; 02.03.2027; 3 March 2027"),
    ]
    found, policy, reading = _read(book(tmp_path / "v.xlsx", {"Visits": [heading, *rows]}))
    assert "row 2, column announced: announced days: 1, but days wanted: 3; those announced count" in _remarks(reading)
    expected = (date(2027, 3, 2), date(2027, 3, 3), date(2027, 3, 4))
    assert found[1].announced == expected
    assert Draft.of(found, policy).first.days[1] == expected

    wrong = ("2027-03-01; 2027-03-03", "2027-03-05; 2027-03-06", "2027-03-05; 2027-03-08")
    rows = [(*_visit(candidate_id=f"g{number}", days=2), days) for number, days in enumerate(wrong)]
    _, _, reading = _read(book(tmp_path / "w.xlsx", {"Visits": [heading, *rows]}))
    assert [fault.partition(": announced days are working days")[0] for fault in faults(reading)] == [
        f"w.xlsx, sheet Visits, row {row}, column announced" for row in (2, 3, 4)
    ]


def test_visits_that_contradict_each_other_or_have_no_effect_are_warnings(tmp_path: Path) -> None:
    """Each warning names the row and the one it differs from; visits on two sheets are named with their rows."""
    heading = (*HEADING, "places", "taken", "group_id")
    rows = [
        (*_visit(), "2027-03-01:1", "", "A"),
        (*_visit(candidate_id="g2", host_country="DE"), "2027-03-01:2", "", ""),
        (*_visit(seat_id="FR-2", home_country="GE"), "", "2027-03-01:1", ""),
    ]
    file = book(tmp_path / "v.xlsx", {"Visits": [heading, *rows], "Visits 2026": [HEADING, _visit(candidate_id="z")]})
    _, _, reading = _read(file)
    assert faults(reading) == []
    said = _remarks(reading)
    assert "row 3, column host_country: host_country of FR-1 differs from " in said
    assert "row 3, column places: places of FR-1 differs from " in said
    assert "row 4, column home_country: home_country of g1 differs from " in said
    assert "row 4, column taken: this row has no places, so places taken have no effect" in said
    assert "row 2, column group_id: only this visit has the group A" in said
    assert "visits are on several sheets, and all were read: Visits (3), Visits 2026 (1)" in said


def test_visits_that_their_own_cells_leave_no_week_are_warnings(tmp_path: Path) -> None:
    """A mistyped year, a guest who is free at another time and places in another month are said by the check."""
    heading = (*HEADING, "candidate_periods", "places")
    rows = [
        (*_visit(host_periods="2026-03-02/2026-03-13"), "", ""),
        (*_visit(candidate_id="g2", seat_id="s2"), "3 May 2027 to 7 May 2027", ""),
        (*_visit(candidate_id="g3", seat_id="s3"), "", "2027-06-07:2"),
        (*_visit(candidate_id="g4", seat_id="s4", host_periods="2027-03-03/2027-03-05"), "", "2027-03-01:2"),
    ]
    found, _, reading = _read(book(tmp_path / "v.xlsx", {"Visits": [heading, *rows]}))
    assert len(found) == 4
    assert [line.partition("sheet Visits, ")[2] for line in _remarks(reading).splitlines()[:4]] == [
        "row 2, column host_periods: all periods end before 2027-01-11, the confirmation; check the year",
        "row 3, column candidate_periods: no day of these is in a period of the host; check the dates",
        "row 4, column places: no week of these is in a period of the host; check the dates",
        "",
    ]


def test_a_heading_in_letters_that_only_look_latin_is_read(tmp_path: Path) -> None:
    """A Cyrillic letter in a heading hides no table and no column, and is said; a heading far below is looked for."""
    heading = ("\u0441andidate_id", *HEADING[1:], "bl\u0430ckouts")
    file = book(tmp_path / "v.xlsx", {"Visits": [heading, (*VISIT, "2027-03-01/2027-03-05")]})
    found, _, reading = _read(file)
    assert len(found[0].blackouts) == 1
    assert "as candidate_id, blackouts" in _remarks(reading)
    _, _, reading = _read(book(tmp_path / "w.xlsx", {"Visits": [("Notes",)] * 20 + [HEADING, VISIT]}))
    assert "has these columns in one of its first 20 rows: visits need candidate_id and seat_id" in faults(reading)[0]


def test_no_sheet_of_a_policy_is_left_out_without_a_word(tmp_path: Path) -> None:
    """A second sheet is a fault; a file without a policy and a holiday of another country are warnings."""
    file = tmp_path / "v.csv"
    file.write_bytes(as_csv([[str(cell) for cell in row] for row in (HEADING, VISIT)], ";", "utf-16"))
    two = {
        "Policy": [RULES, ("Weeks of notice", "", 4), ("Extra holiday", "Ukraine", "24.08.2027")],
        "More": [RULES, ("Minimum days of a visit", "", 3)],
    }
    _, policy, reading = _read(file, book(tmp_path / "two.xlsx", two))
    assert policy is None
    assert "two.xlsx, sheet More: the policy is in " in faults(reading)[0]
    assert "sheet Policy, row 3, column Value: no visit is from or to UA, so this has no effect" in _remarks(reading)

    (tmp_path / "none.json").write_text("{}")
    other = book(tmp_path / "none.xlsx", {"Policy": [RULES, ("Objective", "", "stable")]})
    for empty in (other, tmp_path / "none.json"):
        _, policy, reading = _read(file, empty)
        assert policy is not None
        assert f"{empty}: it says nothing of a policy, so the default counts" in _remarks(reading)


def test_a_file_that_is_not_there_hides_no_fault_of_the_other(tmp_path: Path) -> None:
    """A misspelt name of the policy, as a sheet or as JSON, is listed beside the fault of a visit."""
    file = book(tmp_path / "v.xlsx", {"Visits": [HEADING, _visit(days=9)]})
    for name in ("polciy.xlsx", "polciy.json"):
        found = faults(_read(file, tmp_path / name)[2])
        assert [fault.partition(",")[0] for fault in found[:1]] == ["v.xlsx"]
        assert found[1:] == [f"{name}: it cannot be read: No such file or directory; check its name"]


def test_the_template_has_nothing_to_remark_on(tmp_path: Path) -> None:
    """The example of the template is read without a warning."""
    templates.write_visits(tmp_path / "t.xlsx")
    _, policy, reading = _read(tmp_path / "t.xlsx")
    assert policy is not None
    assert "warning" not in _remarks(reading)


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ([VISIT, (), ("Total", "", "", "", "", 3)], 4),
        ([VISIT, ("* dates to be confirmed",)], 3),
        ([VISIT, _visit(candidate_id="g2\n(new)", seat_id="FR-2")], 3),
        ([_visit(days="three")], 2),
        ([_visit(confirmed_on="11.01.27")], 2),
        ([_visit(host_periods="March 2027")], 2),
        ([_visit(host_periods="2027-W09")], 2),
        ([_visit(home_country="UK")], 2),
        ([_visit(days="=1+2")], 2),
    ],
)
def test_a_row_that_is_no_visit_is_a_fault(tmp_path: Path, rows: list[tuple[object, ...]], row: int) -> None:
    """Totals, notes, line breaks, months, formulas: the one fault names the row, and the rest is read."""
    (fault,) = faults(_read(book(tmp_path / "v.xlsx", {"Visits": [("Spring",), HEADING, *rows]}))[2])
    assert f"row {row + 1}" in fault
