"""Files that are made to harm, or that no program of ours can read, are refused with what to do."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest

from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.templates import make_problem
from services.matching.sheets.model import SentFile, SheetOutcome, SheetRequest, Wish, answer


def _answer(name: str, content: bytes, wish: Wish = Wish.CHECK) -> SheetOutcome:
    return answer(SheetRequest((SentFile(name, content),), date(2027, 1, 4), wish), lambda _: None)


def _with(member: str, content: bytes) -> bytes:
    """Return the template with one part of it replaced."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make_problem())) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            new.writestr(each.filename, content if each.filename == member else old.read(each))
    return packed.getvalue()


def _merging(area: bytes) -> bytes:
    """Return a sheet with a merged area, whose tag stands where two pieces of the file meet."""
    blanks = b" " * (1_000_000 - 60)
    cells = b'<mergeCells count="1"><mergeCell ref="%s"/></mergeCells>' % area
    return b"<worksheet><sheetData/>" + blanks + cells + b"</worksheet>"


_MANY_ROWS = b"<worksheet><sheetData>" + b'<row r="1"></row>' * 60_000 + b"</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "save it as .xlsx without a password"),
        (_with("xl/worksheets/sheet1.xml", _MANY_ROWS), "more than 50000 rows; copy the rows you need"),
        (_with("xl/media/bomb.bin", b""), ""),
        (b"PK\x03\x04 no archive", "cannot be read as .xlsx; save it again"),
        (_with("xl/worksheets/sheet1.xml", b"<worksheet>"), "cannot be read as .xlsx; save it again"),
        (_with("xl/workbook.xml", b" " * 100_000_001), "unpacks to more than a table can be"),
        (_with("xl/worksheets/sheet1.xml", _merging(b"A1:XFD1048576")), "merges more than 20000 cells; unmerge them"),
        (_with("xl/worksheets/sheet1.xml", _merging(b"&#65;1:XFD1048576")), "merges more than 20000 cells"),
        (_with("xl/worksheets/sheet1.xml", "<worksheet/>".encode("utf-16")), "not written in UTF-8; save it again"),
    ],
    ids=["password", "rows", "sound", "no archive", "cut off", "bomb", "merged", "hidden", "wide"],
)
def test_a_hostile_workbook_is_refused_with_its_remedy(content: bytes, remedy: str) -> None:
    """A password, too many rows or merged cells, a broken archive and one without end are faults of the file."""
    outcome = _answer("own.xlsx", content)
    faults = [each.text for each in outcome.findings if each.level is Level.FAULT]
    assert (remedy in " ".join(faults)) if remedy else not faults


def test_a_table_of_very_many_columns_is_refused() -> None:
    """A CSV file with more columns than are read is a fault; empty cells at the ends of its lines are none."""
    heading = "id,kind,country,organisation_id,capacity"
    wide = _answer("seats.csv", f"{heading},{','.join(f'c{number}' for number in range(300))}\n".encode())
    assert "has 305 columns; 100 is the most" in " ".join(each.text for each in wide.findings)
    blank = _answer("seats.csv", f"{heading}{',' * 300}\ns1,mentor,FR,fr,1{',' * 300}\n".encode())
    assert "columns" not in " ".join(each.text for each in blank.findings if each.level is Level.FAULT)


def test_a_request_does_not_show_its_contents() -> None:
    """The text of a request, as a log would have it, has no byte of the files."""
    assert "secret" not in repr(SheetRequest((SentFile("own.csv", b"secret"),), date(2027, 1, 4), Wish.CHECK))


def test_too_many_pairs_are_refused_before_matching() -> None:
    """Candidates times seats have a limit, which is named."""
    people = "id,kind,country,organisation_id,rank_group\n" + "".join(
        f"c{number},mentee,AM,am,operational\n" for number in range(2_001)
    )
    seats = "id,kind,country,organisation_id,capacity\n" + "".join(
        f"s{number},mentor,FR,fr,1\n" for number in range(200)
    )
    files = (SentFile("people.csv", people.encode()), SentFile("seats.csv", seats.encode()))
    outcome = answer(SheetRequest(files, date(2027, 1, 4), Wish.MATCH), lambda _: None)
    assert (outcome.counts[0], outcome.result) == (1, None)
    assert "the most is 400,000" in outcome.findings[0].text
