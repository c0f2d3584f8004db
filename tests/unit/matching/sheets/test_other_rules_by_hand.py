"""Sheets of other rules as coordinators write them by hand, for `tandem what-if`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.cli import what_if
from services.matching.sheets.files.failures import UnusableFiles
from tests.unit.matching.sheets.sheets import HEADING, OFFICER, PLACE, SEAT_HEADING, as_csv, book

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("Setting", "Name", "Second name", "Value")
OWN = [
    RULES,
    ("Ceiling", "AM", None, 3),
    ("Exclusion", "AM", "AZ", None),
    ("Suspended from", "BY", None, "2026-01-01"),
    ("Training need", "AM", "online_crime", 100),
]


def _people(folder: Path, **cells: object) -> Path:
    officer = tuple({**dict(zip(HEADING, OFFICER, strict=True)), **cells}.values())
    return book(folder / "own.xlsx", {"O": [HEADING, officer], "H": [SEAT_HEADING, PLACE], "Rules": OWN})


def _other(folder: Path, *rows: tuple[object, ...]) -> Path:
    return book(folder / "other.xlsx", {"Rules": [RULES, *rows]})


def test_rules_that_are_replaced_as_a_whole_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another exclusion, suspension or need switches the earlier ones off, and a warning says which."""
    other = _other(
        tmp_path,
        ("Exclusion", "FR", "GE", None),
        ("Suspended from", "Georgia", None, "5 March 2027"),
        ("Training need", "GE", "Online crime", 50),
    )
    what_if.command([_people(tmp_path)], terms=other, check=True)
    said = capsys.readouterr().err
    for words, gone in (("exclusions", "AM and AZ"), ("suspensions", "BY"), ("training needs", "AM and online_crime")):
        assert f"the {words} here take the place of those in the files; these do not count: {gone}. Repeat" in said


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("Ceiling", "Armenia", None, 3)],
        [("Weeks of notice", None, None, 4)],
        [("Tie-break", None, None, "another")],
    ],
)
def test_other_rules_that_change_nothing_are_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[object, ...]]
) -> None:
    """A heading alone, the same value, and settings of something else compare a run with itself."""
    what_if.command([_people(tmp_path)], terms=_other(tmp_path, *rows), check=True)
    assert "nothing here differs from the rules of the files, so both results are the same" in capsys.readouterr().err


def test_none_in_a_sheet_takes_a_limit_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ceiling of 0 leaves nobody a place; without it somebody wins one. An empty value is a fault that says how."""
    rules = [*OWN[:1], ("Ceiling", "AM", None, 0), ("Minimum language level", None, None, "C2")]
    people = book(tmp_path / "own.xlsx", {"O": [HEADING, OFFICER], "H": [SEAT_HEADING, PLACE], "Rules": rules})
    none = _other(tmp_path, ("Ceiling", "Armenia", None, "None"), ("Minimum language level", None, None, "none"))
    what_if.command([people], terms=none)
    assert "Win a place: 1. Lose their place: 0." in capsys.readouterr().out
    with pytest.raises(UnusableFiles, match=r"row 2: it has no value; write .* or none for no limit, or delete"):
        what_if.command([people], terms=_other(tmp_path, ("Ceiling", "AM", None, None)))


def test_limits_for_nobody_and_limits_that_cannot_both_be_met_are_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ceiling for a country without candidates, and a floor above the ceiling of the files, are said."""
    other = _other(tmp_path, ("Ceiling", "GE", None, 1), ("Floor", "AM", None, 5))
    what_if.command([_people(tmp_path)], terms=other, check=True)
    said = capsys.readouterr().err
    assert "row 2, column Value: no candidate of the files comes from GE" in said
    assert "row 3, column Value: of AM the floor 5 is above the ceiling 3, and cannot be met" in said


def test_faults_of_the_files_and_of_the_other_rules_come_in_one_pass(tmp_path: Path) -> None:
    """The faults of candidates, of the other rules and of an option are listed together; an option blames no file."""
    other = tmp_path / "other.csv"
    rows = [
        ["Other rules"],
        [],
        ["Setting", "Name", "Value"],
        ["Ceiling", "\u0410\u0440\u043c\u0435\u043d\u0438\u044f", "3"],
        ["Share of a country", "", "45,5"],
        ["\u0421eiling", "AM", "3"],
        ["Total", "", "6"],
    ]
    other.write_bytes(as_csv(rows, ";", "utf-16"))
    with pytest.raises(UnusableFiles) as refused:
        what_if.command([_people(tmp_path, country="Atlantis")], terms=other, objective="fair")
    said = str(refused.value).replace(f"{tmp_path}/", "")
    assert said.startswith("the files have 6 faults:")
    assert "own.xlsx, sheet O, row 2, column country" in said
    for row, column in ((4, "Name"), (5, "Value"), (6, "Setting"), (7, "Setting")):
        assert f"other.csv, row {row}, column {column}: " in said
    assert "the options, objective: " in said
