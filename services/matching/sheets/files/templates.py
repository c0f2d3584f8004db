"""Write a workbook to fill in: a sheet for each table, drop-downs, notes, and an example that can be matched."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]  # as above

from services.matching.engine.problem.problem import Candidate, Seat, default_weights
from services.matching.engine.schedule import VisitRequest
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.fields import FIELDS, Listed, Pairs, Periods, Setting, Shape, Single, Skills
from services.matching.sheets.files.settings import SETTING, SETTINGS
from services.matching.sheets.files.words import CRITERION, Choice, Grade, Number, Switch
from shared.contracts.codes import Criterion

if TYPE_CHECKING:
    from pathlib import Path

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)
"""The date in the properties of each template: the same template is the same file."""
_ROWS = 500
"""So many rows have drop-downs."""
_Example = Mapping[str, str | int]
_PEOPLE: tuple[_Example, ...] = (
    {
        "id": "AM-1",
        "kind": "Study visit",
        "country": "Armenia",
        "organisation_id": "am-police",
        "rank_group": "Operational",
        "service": "Police",
        "expertise": "Analysis:2:5; Asset recovery:1:2",
        "languages": "English:B2; Russian:Native",
        "topics": "Online crime; Drug trafficking",
        "preferred_countries": "France; Germany",
        "weeks": "2027-03-01; 2027-03-08",
        "first_time": "yes",
    },
    {
        "id": "GE-1",
        "kind": "Study visit",
        "country": "Georgia",
        "organisation_id": "ge-customs",
        "rank_group": "Middle management",
        "service": "Customs",
        "expertise": "Customs control:3:8",
        "languages": "English:C1",
        "topics": "Drug trafficking",
        "weeks": "2027-03-08",
        "first_time": "no",
    },
    {
        "id": "MD-1",
        "kind": "Mentoring",
        "country": "Moldova",
        "organisation_id": "md-police",
        "rank_group": "Supervisor",
        "service": "Police",
        "expertise": "Analysis:1:3",
        "languages": "English:B1; Romanian:Native",
        "topics": "Online crime",
    },
)
_PLACES: tuple[_Example, ...] = (
    {
        "id": "FR-1",
        "kind": "Placement",
        "country": "France",
        "organisation_id": "fr-police",
        "capacity": 2,
        "service": "Police",
        "expertise": "Analysis",
        "languages": "English:B1; French:B1",
        "topics": "Online crime; Drug trafficking",
        "weeks": "2027-03-01:1; 2027-03-08:1",
    },
    {
        "id": "DE-1",
        "kind": "Placement",
        "country": "Germany",
        "organisation_id": "de-customs",
        "capacity": 1,
        "service": "Customs",
        "expertise": "Customs control",
        "languages": "English:B2",
        "topics": "Drug trafficking",
        "weeks": "2027-03-08:1",
        "excluded_ranks": "Strategic",
    },
    {
        "id": "RO-1",
        "kind": "Mentor",
        "country": "Romania",
        "organisation_id": "ro-police",
        "capacity": 1,
        "rank_group": "Middle management",
        "service": "Police",
        "expertise": "Analysis:3:12",
        "languages": "Romanian:B1; English:B1",
        "speaks": "Romanian:Native; English:C1",
        "topics": "Online crime",
    },
)
_VISITS: tuple[_Example, ...] = (
    {
        "candidate_id": "AM-1",
        "seat_id": "FR-1",
        "home_country": "Armenia",
        "host_country": "France",
        "confirmed_on": "2027-01-04",
        "days": 5,
        "host_periods": "2027-03-01/2027-03-12",
        "candidate_periods": "2027-03-01/2027-03-05",
        "places": "2027-03-01:1; 2027-03-08:1",
    },
    {
        "candidate_id": "GE-1",
        "seat_id": "FR-1",
        "home_country": "Georgia",
        "host_country": "France",
        "confirmed_on": "2027-01-04",
        "days": 3,
        "host_periods": "2027-03-01/2027-03-12",
        "places": "2027-03-01:1; 2027-03-08:1",
    },
)


_WEIGHTS: tuple[_Example, ...] = tuple(
    {"setting": SETTINGS[f"weight_{side}"].label, "name": criterion.label, "value": getattr(weight, side)}
    for criterion, weight in default_weights(needs_cited=False).items()
    if criterion is not Criterion.TRAINING_NEED  # it counts by itself where needs are given
    for side in ("applicant", "host")
)
_RULES: tuple[_Example, ...] = (
    {"setting": "Objective", "value": "stable"},
    {"setting": "Wishes", "value": "points only"},
    {"setting": "Equal points", "value": "by lot"},
    {"setting": "Common weeks", "value": 1},
    {"setting": "Share of a country", "value": 40},
    {"setting": "Ceiling", "name": "Armenia", "value": 3},
    {"setting": "Tie-break", "value": "2027-1"},
    *_WEIGHTS,
)
_POLICY: tuple[_Example, ...] = (
    {"setting": "Weeks of notice", "value": 6},
    {"setting": "Minimum days of a visit", "value": 2},
    {"setting": "Extra holiday", "name": "Georgia", "value": "2027-08-24"},
)
_PROBLEM: Mapping[str, tuple[type, tuple[_Example, ...]]] = {
    "Candidates": (Candidate, _PEOPLE),
    "Seats": (Seat, _PLACES),
    "Rules": (Setting, _RULES),
}


def write_problem(file: Path) -> None:
    """Write a workbook for `tandem match` and `tandem what-if`. Raises `UnusableFiles`."""
    _write(file, _PROBLEM)


def write_visits(file: Path) -> None:
    """Write a workbook for `tandem schedule`. Raises `UnusableFiles`."""
    _write(file, {"Visits": (VisitRequest, _VISITS), "Rules": (Setting, _POLICY)})


def make_problem() -> bytes:
    """Return the workbook that `write_problem` writes, made in memory only."""
    packed = io.BytesIO()
    _fill_book(packed, _PROBLEM)
    return packed.getvalue()


def _write(file: Path, sheets: Mapping[str, tuple[type, tuple[_Example, ...]]]) -> None:
    if file.suffix.lower() != ".xlsx":
        raise UnusableFiles(f"{file}: a template is a workbook; give it a name that ends with .xlsx.")
    if file.exists():
        raise UnusableFiles(f"{file} is there already; give the template another name.")
    try:
        _fill_book(str(file), sheets)
    except (OSError, FileCreateError) as wrong:
        raise UnusableFiles(f"{file} cannot be written: {wrong}.") from wrong


def _fill_book(target: str | io.BytesIO, sheets: Mapping[str, tuple[type, tuple[_Example, ...]]]) -> None:
    options = {"in_memory": not isinstance(target, str), "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": _CREATED})
        pages = {name: book.add_worksheet(name) for name in sheets}
        codes = _Codes(book)
        for name, (kind, examples) in sheets.items():
            _fill(book, pages[name], kind, examples, codes)


class _Codes:
    """The sheet with all codes and labels, to which the drop-downs point."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._sheet = book.add_worksheet("Codes")
        self._bold = book.add_format({"bold": True})
        self._ranges: dict[int, str] = {}
        self._column = 0

    def source(self, choice: Choice) -> str:
        """Return the cells with the labels of a choice, writing them at the first use."""
        if id(choice) not in self._ranges:
            at, labels = self._column, list(choice.labels.items())
            self._column += 3
            self._sheet.set_column(at, at + 1, 26)
            self._sheet.write_row(0, at, (choice.what, "code"), self._bold)
            for row, (code, label) in enumerate(labels, 1):
                self._sheet.write_string(row, at, label)
                self._sheet.write_string(row, at + 1, code)
            letter = xlsxwriter.utility.xl_col_to_name(at, col_abs=True)
            self._ranges[id(choice)] = f"=Codes!{letter}$2:{letter}${len(labels) + 1}"
        return self._ranges[id(choice)]


def _fill(book: Any, sheet: Any, kind: type, examples: tuple[_Example, ...], codes: _Codes) -> None:
    bold, text = book.add_format({"bold": True, "bg_color": "#DDE6F0"}), book.add_format({"num_format": "@"})
    needed = book.add_format({"bold": True, "bg_color": "#B8CCE4"})
    must = {part.name for part in fields(kind) if part.default is MISSING and part.default_factory is MISSING}
    for at, (name, given) in enumerate(FIELDS[kind].items()):
        shape = Single(SETTING) if (kind, name) == (Setting, "setting") else given
        sheet.set_column(at, at, 22, text)
        sheet.write_string(0, at, name, needed if name in must else bold)
        sheet.write_comment(0, at, f"{'Needed. ' if name in must else ''}{_note(shape)}", {"x_scale": 2})
        _drop_down(sheet, at, shape, codes)
        for row, example in enumerate(examples, 1):
            if name in example:
                value = example[name]
                (sheet.write_number if isinstance(value, int) else sheet.write_string)(row, at, value, text)
    if kind is Setting:
        codes.source(CRITERION)
    sheet.freeze_panes(1, 1)


def _note(shape: Shape) -> str:
    """Return how a column is written, in a sentence or two."""
    match shape:
        case Single(word):
            return f"Write {word.what}."
        case Listed(word):
            return f"Write {word.what}; several between semicolons. A hyphen (-) says that there is none."
        case Pairs(key, item):
            return f"Write {key.what}, a colon, and {item.what}; several between semicolons."
        case Skills(area, level, years):
            return (
                f"Write {area.what}, a colon, {level.what}, a colon, and the years of practice ({years.what}); "
                "level and years may be left out. Several between semicolons."
            )
        case Periods():
            return "Write the first and the last day as 2027-03-01/2027-03-12; several between semicolons."
    return ""


def _drop_down(sheet: Any, column: int, shape: Shape, codes: _Codes) -> None:
    """Add a drop-down to a column with a single code, and bounds to one with a number; lists may be typed freely."""
    rule: dict[str, Any] = {}
    match shape:
        case Single(Choice() as choice):
            rule = {"validate": "list", "source": codes.source(choice)}
        case Single(Switch()):
            rule = {"validate": "list", "source": ["yes", "no"]}
        case Single(Number(least, most)):
            rule = {"validate": "integer", "criteria": "between", "minimum": least, "maximum": most}
        case Single(Grade()):
            rule = {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": 3}
        case Listed(Choice() as choice) | Pairs(Choice() as choice, _):
            codes.source(choice)
        case Skills(Choice() as choice):
            codes.source(choice)
    if rule:
        # A code is as good as its label: a warning lets it pass, and --check has the last word.
        sheet.data_validation(1, column, _ROWS, column, {**rule, "error_type": "warning"})
