"""Sheets as coordinators write them by hand: what is meant is read, and what is hardly meant is said."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from services.matching.engine.layers import run_layers
from services.matching.sheets.files import visits
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.result_workbook import rates
from services.matching.sheets.files.sheets import Reading
from tests.unit.matching.sheets.sheets import HEADING, OFFICER, PLACE, SEAT_HEADING, as_csv, book, faults, read

if TYPE_CHECKING:
    from pathlib import Path


def _remarks(reading: Reading) -> str:
    return "\n".join(reading.findings.remarks())


def _officer(**cells: object) -> tuple[object, ...]:
    return tuple({**dict(zip(HEADING, OFFICER, strict=True)), **cells}.values())


def _seat(**cells: object) -> tuple[object, ...]:
    return tuple({**dict(zip(SEAT_HEADING, PLACE, strict=True)), **cells}.values())


@pytest.mark.parametrize("week", ["2027-W11", "W11 2027", "week 11/2027", "KW 11, 2027", "2027W11", "15.03.2027"])
def test_a_week_may_be_written_by_its_number(tmp_path: Path, week: str) -> None:
    """A number of a week is read as its Monday, in lists and in pairs, and that is said."""
    path = book(
        tmp_path / "w.xlsx",
        {"Officers": [HEADING, _officer(weeks=week)], "Hosts": [SEAT_HEADING, _seat(weeks=f"{week}: 2", capacity=2)]},
    )
    problem, reading = read(path)
    assert faults(reading) == []
    assert problem is not None
    assert problem.candidates[0].weeks == frozenset({date(2027, 3, 15)})
    assert problem.seats[0].weeks == {date(2027, 3, 15): 2}
    assert f'"{week}" as 2027-03-15' in _remarks(reading)


def test_a_week_that_its_year_lacks_is_a_fault(tmp_path: Path) -> None:
    """Week 54 is refused with the remedy."""
    path = book(tmp_path / "w.xlsx", {"O": [HEADING, _officer(weeks="2027-W54")], "H": [SEAT_HEADING, PLACE]})
    _, reading = read(path)
    assert faults(reading) == [
        'w.xlsx, sheet O, row 2, column weeks: "2027-W54" is no week of that year; write its Monday as 2027-03-15'
    ]


def test_a_percentage_of_the_spreadsheet_is_read_as_shown(tmp_path: Path) -> None:
    """A share of 100 %, which the spreadsheet holds as 1, is 100; elsewhere a percentage is a fault."""
    path = tmp_path / "p.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        tables: dict[str, list[tuple[object, ...]]] = {"O": [HEADING, OFFICER], "H": [SEAT_HEADING, PLACE]}
        for name, rows in tables.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        rules = made.add_worksheet("Rules")
        rules.write_row("A1", ("Setting", "Country", "Value"))
        rules.write_row("A2", ("Share of a country", ""))
        rules.write_number("C2", 1, made.add_format({"num_format": "0%"}))
    problem, reading = read(path)
    assert faults(reading) == []
    assert problem is not None
    assert problem.rules.share == 100

    table = tmp_path / "r.csv"
    settings = [["setting", "name", "value"], ["share", "", "50 %"], ["ceiling", "AM", "50 %"]]
    table.write_bytes(as_csv(settings, ";", "cp1252"))
    people = book(tmp_path / "q.xlsx", {"O": [HEADING, OFFICER], "H": [SEAT_HEADING, PLACE]})
    _, reading = read(people, table)
    assert faults(reading) == [
        'r.csv, row 3, column value: "50 %" is not a whole number; write a whole number from 0 to 100000'
    ]


def test_rows_that_are_struck_out_are_read_with_a_warning(tmp_path: Path) -> None:
    """A row that somebody struck out in place of deleting it is named."""
    path = tmp_path / "s.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        people = made.add_worksheet("Officers")
        people.write_row("A1", HEADING)
        people.write_row("A2", OFFICER)
        people.write_row("A3", _officer(id="b"), made.add_format({"font_strikeout": True}))
        made.add_worksheet("Hosts").write_row("A1", SEAT_HEADING)
        made.get_worksheet_by_name("Hosts").write_row("A2", PLACE)
    problem, reading = read(path)
    assert problem is not None
    assert len(problem.candidates) == 2
    assert "sheet Officers: rows with a text that is struck out were read too: 1, the first is row 3" in _remarks(
        reading
    )


def test_candidates_on_several_sheets_of_a_workbook_are_named(tmp_path: Path) -> None:
    """A sheet of another year, left in the workbook, is read; a warning gives the sheets with their rows."""
    path = book(
        tmp_path / "y.xlsx",
        {"2027": [HEADING, OFFICER], "2026": [HEADING, _officer(id="b")], "Hosts": [SEAT_HEADING, PLACE]},
    )
    _, reading = read(path)
    assert "y.xlsx: candidates are on several sheets, and all were read: 2027 (1), 2026 (1)" in _remarks(reading)


def test_lawful_values_that_are_hardly_meant_are_warnings(tmp_path: Path) -> None:
    """Weeks of a past year, a wish of another kind, the home country: each is said."""
    heading = (*HEADING, "wishes", "preferred_countries")
    path = book(
        tmp_path / "h.xlsx",
        {
            "Officers": [
                heading,
                (*_officer(weeks="2017-03-13; 2027-03-01"), "m", "AM; FR"),
                (*_officer(id="n", kind="mentee", organisation_id="am2"), "m", ""),
            ],
            "Hosts": [
                (*SEAT_HEADING, "unsuitable"),
                (*_seat(), "n"),
                (*_seat(id="m", kind="mentor", weeks=""), "n"),
            ],
        },
    )
    problem, reading = read(path)
    assert faults(reading) == []
    assert problem is not None
    remarks = _remarks(reading)
    assert "sheet Officers: rows with weeks before 2027-01-04, the day of the rules: 1, the first is row 2" in remarks
    assert "row 2, column wishes: m is a mentor, so this wish has no effect" in remarks
    assert "row 2, column unsuitable: n is of the kind mentee, so this has no effect" in remarks
    assert "column preferred_countries: AM is the candidate's own country" in remarks
    assert "row 3, column" not in remarks


def test_fixed_pairs_must_agree_with_candidates_and_places(tmp_path: Path) -> None:
    """Another country than the candidate's is a fault; more pairs than places are a warning."""
    sheets: dict[str, list[tuple[object, ...]]] = {"O": [HEADING, OFFICER], "H": [SEAT_HEADING, PLACE]}
    heading = ("candidate_id", "seat_id", "country")
    path = book(tmp_path / "f.xlsx", {**sheets, "F": [heading, ("a", "s", "GE")]})
    _, reading = read(path)
    (fault,) = faults(reading)
    assert fault.startswith("f.xlsx, sheet F, row 2, column country: a comes from AM in ")
    assert fault.endswith("f.xlsx, sheet O, row 2; write the same country in both")

    path = book(tmp_path / "g.xlsx", {**sheets, "F": [heading, ("a", "s", "AM"), ("z", "s", "GE")]})
    problem, reading = read(path)
    assert problem is not None
    assert "sheet F, row 3, column seat_id: seat s has places: 1, but fixed pairs: 2" in _remarks(reading)
    assert rates(run_layers(problem))[0] == ("Country", "Armenia", 1, 1)


def test_items_between_other_marks_are_read_where_only_so_they_fit(tmp_path: Path) -> None:
    """Languages and topics between " / ", " and " or " & " are read; days between slashes stay a fault."""
    path = book(
        tmp_path / "m.xlsx",
        {
            "O": [
                (*HEADING, "expertise"),
                (
                    *_officer(languages="English B2 / German A2", topics="Online crime and Drug trafficking"),
                    "analysis 2 5",
                ),
                (*_officer(id="b", weeks="2027-03-01 / 2027-03-15"), "analysis & forensics"),
            ],
            "H": [SEAT_HEADING, PLACE],
        },
    )
    _, reading = read(path)
    assert faults(reading) == [
        'm.xlsx, sheet O, row 2, column expertise: "analysis 2 5" is not a skill; write it as analysis:2:5',
        'm.xlsx, sheet O, row 3, column weeks: "2027-03-01 / 2027-03-15" is not a date; write it as 2027-03-15',
    ]


def test_a_heading_with_more_words_is_guessed(tmp_path: Path) -> None:
    """A column that is not known names the known one whose words it holds; a weight says that it needs a side."""
    heading = tuple("Topics in order" if name == "topics" else name for name in HEADING)
    path = book(
        tmp_path / "g.xlsx",
        {
            "O": [heading, OFFICER],
            "H": [SEAT_HEADING, PLACE],
            "Rules": [("Setting", "Name", "Value"), ("Weight", "Topic", 5)],
        },
    )
    _, reading = read(path)
    assert "column Topics in order: this column is not known and was not read; do you mean topics?" in _remarks(reading)
    (fault,) = faults(reading)
    assert "write Weight for applicants or Weight for hosts" in fault


def test_ids_that_only_look_the_same_are_a_warning(tmp_path: Path) -> None:
    """An id typed on a Cyrillic keyboard counts as another one, and a warning says which it looks like."""
    rows = [_officer(id="AM-1"), _officer(id="\u0410\u041c-1"), _officer(id="AM-2")]
    host = _seat(organisation_id="\u0430m1")
    problem, reading = read(book(tmp_path / "w.xlsx", {"O": [HEADING, *rows], "H": [SEAT_HEADING, host]}))
    assert problem is not None
    assert len(problem.candidates) == 3
    alike = [line for line in _remarks(reading).splitlines() if "another alphabet" in line]
    assert len(alike) == 2
    assert "sheet O, row 3, column id" in alike[0]
    assert "looks like AM-1 in " in alike[0]
    assert "row 2, but has letters" in alike[0]
    assert "sheet H, row 2, column organisation_id" in alike[1], "or the rule of one agency would fall away"


def test_a_visit_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    """The second row of the same guest and seat is refused; a visit within a country is a warning."""
    heading = ("candidate_id", "seat_id", "home_country", "host_country", "confirmed_on", "days", "host_periods")
    visit = ("g", "s", "AM", "AM", "2027-01-11", 3, "2027-03-01/2027-03-12")
    path = book(tmp_path / "v.xlsx", {"Visits": [heading, visit, visit]})
    reading = Reading()
    with pytest.raises(UnusableFiles, match=r"row 3: the visit of g to s is in .*row 2 already; keep one of them"):
        visits.read(path, None, reading)
    assert "column host_country: AM is the guest's own country too" in _remarks(reading)


def test_letters_that_only_look_latin_are_named(tmp_path: Path) -> None:
    """A code in Cyrillic letters is refused with the Latin ones, since both look the same to the reader."""
    officer = _officer(country="АМ", languages="еn:В2")  # noqa: RUF001 - letters that only look Latin
    path = book(tmp_path / "w.xlsx", {"Officers": [HEADING, officer], "Hosts": [SEAT_HEADING, _seat()]})
    said = "\n".join(faults(read(path)[1]))
    for latin in ("AM", "en", "B2"):
        assert f"has letters of another alphabet that only look Latin; write {latin}" in said
