"""A sheet of rules says what the JSON says, and is checked as the other sheets are."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import TYPE_CHECKING

from openpyxl import load_workbook

from services.matching.engine.problem.problem import default_weights
from services.matching.sheets.files import annotated_copy, terms, visits
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.settings import SETTINGS
from services.matching.sheets.files.sheets import Reading
from tests.unit.matching.sheets.sheets import HEADING, OFFICER, PLACE, SEAT_HEADING, book, faults, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PEOPLE = {"Officers": (HEADING, OFFICER), "Hosts": (SEAT_HEADING, PLACE)}
RULES = ("Setting", "Country", "Second", "Value", "From", "Until", "Confidential")


def sheet(path: Path, *rows: Sequence[object]) -> Path:
    """Write a workbook with one officer, one place and these rules."""
    return book(path, {**PEOPLE, "Rules": [RULES, *rows]})


def warnings(reading: Reading) -> list[str]:
    """Return the warnings about the rules."""
    found = [str(each).partition("sheet Rules, ")[2] for each in reading.findings.of(Level.WARNING)]
    return [warning for warning in found if warning]


def test_a_sheet_says_what_the_json_says(tmp_path: Path) -> None:
    """Each setting of a run, by label or code, gives the problem that JSON gives; weights not named stay."""
    rows = [
        ("Objective", None, None, "most_good"),
        ("wishes", None, None, "Points only"),
        ("Minimum language level", None, None, "B1"),
        ("Common weeks", None, None, 2),
        ("Equal points", None, None, "By lot"),
        ("share", None, None, 50),
        ("Weight for applicants", "Topic wanted", None, 8),
        ("weight_host", "language", None, 4),
        ("Ceiling", "Armenia", None, 3),
        ("Floor", "AM", None, 1),
        ("Exclusion", "Armenia", "fr1", None, date(2026, 1, 1), None, "yes"),
        ("Suspended from", "Belarus", None, date(2026, 5, 1)),
        ("Training need", "Armenia", "Online crime", 100),
        ("Reciprocity", "France", "Armenia", 25),
        ("Tie-break", None, None, "2027-1"),
        ("Day of the rules", None, None, "15.03.2027"),
        ("Call", None, None, "spring"),
    ]
    found, reading = read(sheet(tmp_path / "all.xlsx", *rows))
    assert faults(reading) == []
    assert {code for code, spec in SETTINGS.items() if spec.owner.__name__ != "SchedulePolicy"} == {
        setting for row in rows for setting in [_code(str(row[0]))]
    }
    weights = terms.weights_written(default_weights(needs_cited=True))
    weights["topic"]["applicant"], weights["language"]["host"] = 8, 4
    rules = {
        "objective": "most_good",
        "language_minimum": "B1",
        "common_weeks": 2,
        "share": 50,
        "weights": weights,
        "ceilings": {"AM": 3},
        "floors": {"AM": 1},
        "exclusions": [{"first": "AM", "second": "fr1", "since": "2026-01-01", "confidential": True}],
        "suspended": {"BY": "2026-05-01"},
        "needs": [["AM", "online_crime", 100]],
        "reciprocity": [["FR", "AM", 25]],
    }
    whole = {"rules": rules, "seed": "2027-1", "day": "2027-03-15", "call_id": "spring"}
    (tmp_path / "rules.json").write_text(json.dumps(whole))
    plain, _ = read(book(tmp_path / "lists.xlsx", PEOPLE), tmp_path / "rules.json")
    assert found is not None
    assert found == plain


def _code(text: str) -> str:
    return next(code for code, spec in SETTINGS.items() if text in {code, spec.label})


def test_all_faults_of_the_rules_are_found_in_one_pass(tmp_path: Path) -> None:
    """Each wrong cell, and each unknown setting, is named by row and column, and the copy has all of it in place."""
    file = sheet(
        tmp_path / "wrong.xlsx",
        ("Objective", None, None, "best"),
        ("Share of a country", None, None, 140),
        ("Ceiling", "Narnia", None, 3),
        ("Ceiling", None, None, 3),
        ("Ceiling", "AM", None, None),
        ("Floor", "AM", None, 1),
        ("Floor", "Armenia", None, 2),
        ("Exclusion", "AM", "nobody", None),
        ("Training need", "AM", "online_crime", 10),
        ("Training need", "AM", "online_crime", 20),
        (None, "AM", None, 3),
        ("Objectiv", None, None, "stable"),
        ("Weeks of notice", None, None, 4),
        ("Common weeks", "AM", None, 1),
        ("Ceiling", "GE", None, "=1+1"),
        ("Floor", "#N/A", None, 1),
        ("#N/A", "GE", None, 1),
        ("Exclusion", "AM", "FR", None, "2027-05-01", "2027-01-01"),
    )
    found, reading = read(file)
    assert found is None
    own = [fault.partition("sheet Rules, ")[2] for fault in faults(reading)]
    assert own == [
        'row 2, column Value: "best" is not known; known are stable, most_good',
        "row 3, column Value: 140 is not possible here; write a whole number from 0 to 100",
        next(fault for fault in own if fault.startswith('row 4, column Country: "Narnia" is not known')),
        next(fault for fault in own if fault.startswith("row 5: Ceiling needs the column name: write a country")),
        "row 6: it has no value; write a whole number from 0 to 100000, or delete the row",
        "row 8, column Value: this setting is in row 7 already; keep one of them",
        next(fault for fault in own if fault.startswith("row 9, column Second: there is no country or organisation")),
        "row 11: AM and online_crime are there twice; keep one of them",
        "row 12: this row names no setting; write one, or delete the row",
        next(each for each in own if each.startswith("row 13, column Setting") and "did you mean objective" in each),
        next(fault for fault in own if fault.startswith("row 16, column Value: this is a formula without a value")),
        "row 17, column Country: #N/A is an error of the spreadsheet; write the value",
        "row 18, column Setting: #N/A is an error of the spreadsheet; write the value",
    ]
    assert [warning.partition(":")[0] for warning in warnings(reading)] == [
        "row 14, column Setting",
        "row 15, column Country",
        "row 19",
    ]
    assert warnings(reading)[2].endswith("before it begins on 2027-05-01, so it keeps nobody apart")
    copy = load_workbook(io.BytesIO(annotated_copy.make(reading)))["Rules"]
    assert "known are stable" in str(copy["H2"].value)
    assert copy["D2"].comment is not None


def test_rules_stand_in_one_place(tmp_path: Path) -> None:
    """Rules in a sheet and in JSON, or in two sheets, are a fault."""
    file = sheet(tmp_path / "one.xlsx", ("Share of a country", None, None, 50))
    (tmp_path / "rules.json").write_text('{"rules": {"share": 30}}')
    other = book(tmp_path / "two.xlsx", {"More rules": [RULES, ("Common weeks", None, None, 2)]})
    for second in (tmp_path / "rules.json", other):
        found, reading = read(file, second)
        assert found is None
        assert "one.xlsx, sheet Rules already; keep one of them" in str(faults(reading))


def test_other_rules_of_a_what_if_come_from_a_sheet(tmp_path: Path) -> None:
    """Only what the sheet names changes, and its faults name the cell."""
    found, _ = read(sheet(tmp_path / "own.xlsx", ("Ceiling", "AM", None, 3), ("weight_host", "language", None, 4)))
    assert found is not None
    other = [("Share of a country", None, None, 60), ("Weight for applicants", "language", None, 9)]
    changed = terms.change_rules(found, book(tmp_path / "other.xlsx", {"Rules": [RULES, *other]}), {})
    assert (changed.share, changed.ceilings) == (60, {"AM": 3})
    weights = {criterion.value: (weight.applicant, weight.host) for criterion, weight in changed.weights.items()}
    assert weights["language"] == (9, 4)
    assert weights["topic"] == (5, 0)
    reading = Reading()
    wrong = book(tmp_path / "bad.xlsx", {"Rules": [RULES, ("Share of a country", None, None, "all")]})
    try:
        terms.change_rules(found, wrong, {}, reading)
    except RuntimeError:
        assert "sheet Rules, row 2, column Value" in faults(reading)[0]
    else:
        raise AssertionError("the fault was not found")


def test_a_policy_comes_from_a_sheet_beside_the_visits(tmp_path: Path) -> None:
    """Notice, shortest visit and holidays are read; rules of a matching are a warning there."""
    rows = [
        ("Weeks of notice", None, None, 4),
        ("Extra holiday", "Ukraine", None, date(2027, 8, 24)),
        ("Extra holiday", "UA", None, "2027-08-25"),
        ("Objective", None, None, "stable"),
    ]
    heading = ("candidate_id", "seat_id", "home_country", "host_country", "confirmed_on", "days", "host_periods")
    visit = ("a", "s", "UA", "FR", "2027-01-04", 5, "2027-03-01/2027-03-12")
    file = book(tmp_path / "visits.xlsx", {"Visits": [heading, visit], "Rules": [RULES, *rows]})
    reading = Reading()
    found, policy = visits.read(file, None, reading)
    assert len(found) == 1
    assert (policy.notice_weeks, policy.minimum_days) == (4, 2)
    assert policy.extra_holidays == {"UA": {date(2027, 8, 24), date(2027, 8, 25)}}
    assert warnings(reading) == ["row 5, column Setting: this setting is for tandem match, and was not read"]
