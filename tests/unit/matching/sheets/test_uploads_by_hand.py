"""Files as coordinators put them together by hand: tables on one sheet, and earlier results that somebody touched."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from services.matching.sheets.files import visits
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.model import SentFile, SheetRequest, Wish, answer
from tests.unit.matching.sheets.sheets import DAY, HEADING, OFFICER, PLACE, SEAT_HEADING, book, faults, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from services.matching.sheets.model import SheetOutcome

RULES = ("Setting", "Name", "Value")
RULE = ("Ceiling", "AM", 1)
VISITS = ("candidate_id", "seat_id", "home_country", "host_country", "confirmed_on", "days", "host_periods")
VISIT = ("a", "s", "AM", "FR", "2027-01-11", 3, "2027-03-01/2027-03-12")
HOSTS = [SEAT_HEADING, PLACE]
APART = "put each table on a sheet or into a file of its own"


OFFICERS = [HEADING, OFFICER]
PAIRS = [("candidate_id", "seat_id", "country"), ("z", "s", "GE")]
BESIDE = [(*HEADING, None, *RULES), (*OFFICER, None, *RULE)]
NOT_VISITS = "these are visits, to which tandem schedule gives dates; for fixed pairs keep only the columns"


@pytest.mark.parametrize(
    ("sheets", "fault"),
    [
        ({"All": [*OFFICERS, (), RULES, RULE], "H": HOSTS}, f"row 4: a second heading, of rules, begins here; {APART}"),
        (
            {"All": [RULES, RULE, *OFFICERS], "H": HOSTS},
            f"row 3: a second heading, of candidates, begins here; {APART}",
        ),
        ({"All": BESIDE, "H": HOSTS}, f"row 1: Setting and Value are of rules beside the candidates; {APART}"),
        ({"O": OFFICERS, "All": [*HOSTS, *PAIRS]}, f"row 3: a second heading, of fixed pairs, begins here; {APART}"),
        ({"O": OFFICERS, "H": HOSTS, "All": [VISITS, VISIT]}, f"row 1: {NOT_VISITS} candidate_id, seat_id and country"),
    ],
)
def test_no_rule_falls_away_because_of_where_it_stands(
    tmp_path: Path, sheets: dict[str, Sequence[Sequence[object]]], fault: str
) -> None:
    """Rules or pairs below, above or beside another table, and visits in place of pairs, are the one fault."""
    assert faults(read(book(tmp_path / "f.xlsx", sheets))[1]) == [f"f.xlsx, sheet All, {fault}"]


@pytest.mark.parametrize(
    "rows",
    [[VISITS, VISIT, (), RULES, RULE], [(*VISITS, None, *RULES), (*VISIT, None, *RULE)], [RULES, RULE, VISITS, VISIT]],
)
def test_a_policy_on_the_sheet_of_the_visits_is_a_fault(tmp_path: Path, rows: list[tuple[object, ...]]) -> None:
    """A sheet of visits with the weeks of notice below, beside or above them is refused with the remedy."""
    reading = Reading()
    with pytest.raises(UnusableFiles):
        visits.read(book(tmp_path / "v.xlsx", {"Visits": rows}), None, reading)
    (fault,) = faults(reading)
    assert fault.endswith(APART)


def test_a_number_that_a_spreadsheet_shows_for_a_day_is_named(tmp_path: Path) -> None:
    """A cell that lost its format says which day it holds."""
    officer = (*OFFICER[:-1], 46447)
    _, reading = read(book(tmp_path / "f.xlsx", {"O": [HEADING, officer], "H": HOSTS}))
    (fault,) = faults(reading)
    assert fault.endswith(
        '"46447" is how a spreadsheet counts 2027-03-01; format the cell as a date, or write 2027-03-01'
    )


def _matched(folder: Path, earlier: bytes | None = None) -> SheetOutcome:
    own = SentFile("own.xlsx", book(folder / "own.xlsx", {"O": [HEADING, OFFICER], "H": HOSTS}).read_bytes())
    before = None if earlier is None else SentFile("result.xlsx", earlier)
    return answer(SheetRequest((own,), DAY, Wish.MATCH, earlier=before), lambda _step: None)


def _touched(result: bytes, *rows: tuple[object, ...], title: str = "") -> bytes:
    """Return a result workbook with other rows of matches, and a title above their heading."""
    found = load_workbook(io.BytesIO(result))
    sheet = found["Matches"]
    heading = [cell.value for cell in sheet[1]]
    at = heading.index("Candidate"), heading.index("Seat")
    sheet.delete_rows(2, sheet.max_row)
    for row in rows:
        cells: list[object] = [None] * len(heading)
        for column, value in zip(at, row, strict=True):
            cells[column] = value
        sheet.append(cells)
    if title:
        sheet.insert_rows(1)
        sheet["A1"] = title
    packed = io.BytesIO()
    found.save(packed)
    return packed.getvalue()


def test_an_earlier_result_that_somebody_touched_is_compared_or_refused_by_its_row(tmp_path: Path) -> None:
    """A title and ids in another case change nothing; a row with a candidate or a seat alone is a fault."""
    first = _matched(tmp_path).workbook
    assert first is not None
    same = _matched(tmp_path, _touched(first, ("A", "S"), title="Result of March"))
    assert same.result is not None
    assert same.result.since == []
    for row, missing in ((("Total", None), "seat"), ((None, "s"), "candidate")):
        refused = _matched(tmp_path, _touched(first, ("a", "s"), row))
        (fault,) = [line for line in refused.findings if line.level is Level.FAULT]
        assert fault.place == "earlier result/result.xlsx, sheet Matches, row 3"
        assert fault.text.startswith(f"It has no {missing}; fill it in, or delete the row")
    twice = _matched(tmp_path, _touched(first, ("a", "s"), ("A", "s")))
    assert any("A is there twice" in line.text for line in twice.findings)


def test_a_result_in_place_of_the_files_is_one_fault_with_the_way_out(tmp_path: Path) -> None:
    """The result workbook in place of the lists is named as such, without a word on its columns."""
    first = _matched(tmp_path).workbook
    assert first is not None
    refused = answer(SheetRequest((SentFile("result.xlsx", first),), DAY, Wish.MATCH), lambda _step: None)
    (fault,) = [line for line in refused.findings if line.level is Level.FAULT]
    assert fault.text.startswith("This is the result of a run, not a list to match; give the files from which")
