"""The page of sheets lists each value that was read differently once, and compares only different objectives."""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

from services.matching.sheets.files.findings import Level
from services.matching.sheets.model import SentFile, SheetRequest, Wish, answer
from shared.contracts.codes import Objective

PEOPLE = "id,kind,country,organisation_id,rank_group\n" + "".join(
    f"c{number},Mentoring,Armenia,am,operational\n" for number in range(3)
)
SEATS = "id,kind,country,organisation_id,capacity\ns1,mentor,FR,fr,1\n"
FILES = (SentFile("people.csv", PEOPLE.encode()), SentFile("seats.csv", SEATS.encode()))
DAY = date(2027, 1, 4)


def test_a_value_of_a_column_is_listed_once_however_many_rows_have_it() -> None:
    """Three rows with two labels each give two lines, and six values are counted."""
    outcome = answer(SheetRequest(FILES, DAY, Wish.CHECK), lambda _: None)
    lines = [(each.place, each.text) for each in outcome.findings if each.level is Level.UNDERSTOOD]
    assert lines == [
        ("people.csv, column kind", '"Mentoring" as mentee'),
        ("people.csv, column country", '"Armenia" as AM'),
    ]
    assert outcome.counts[2] == 6
    assert outcome.findings_in_all == len(outcome.findings)


def test_the_objective_of_the_files_is_not_compared_with_itself() -> None:
    """The page can say so; another objective is compared, without technical measures."""
    same = answer(SheetRequest(FILES, DAY, Wish.MATCH, Objective.STABLE), lambda _: None).result
    other = answer(SheetRequest(FILES, DAY, Wish.MATCH, Objective.MOST_GOOD), lambda _: None).result
    assert same is not None
    assert other is not None
    assert (same.has_same_objective, same.other) == (True, [])
    assert not other.has_same_objective
    assert [name for name, _, _ in other.other] == ["Objective"]


def _seat(name: str, capacity: int) -> str:
    """Return the row of a mentor whom each of `_people` can have."""
    return f"{name},mentor,FR,fr,{capacity},analysis,English:B1,online_crime\n"


def _people(*names: str) -> SentFile:
    rows = "".join(f"{name},Mentoring,Armenia,am,operational,analysis,English:B2,online_crime\n" for name in names)
    heading = "id,kind,country,organisation_id,rank_group,expertise,languages,topics\n"
    return SentFile("people.csv", (heading + rows).encode())


def _seats(*rows: str) -> SentFile:
    heading = "id,kind,country,organisation_id,capacity,expertise,languages,topics\n"
    return SentFile("seats.csv", (heading + "".join(rows)).encode())


def _matches(*rows: tuple[str, str]) -> bytes:
    """Return a workbook with the sheet Matches."""
    made = Workbook()
    sheet = made.create_sheet("Matches", 0)
    for row in (("Candidate", "Seat"), *rows):
        sheet.append(row)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


RULES = SentFile("rules.csv", b"setting,value\nShare of a country,100\n")


def test_a_result_is_compared_with_the_workbook_of_an_earlier_run() -> None:
    """Each gain, loss and move is listed with the cause; the same run changes nothing."""
    before = (_people("c1", "c2", "gone"), _seats(_seat("s1", 2), _seat("s2", 1)), RULES)
    first = answer(SheetRequest(before, DAY, Wish.MATCH), lambda _: None).workbook
    assert first is not None
    earlier = SentFile("result.xlsx", first)
    same = answer(SheetRequest(before, DAY, Wish.MATCH, earlier=earlier), lambda _: None).result
    assert same is not None
    assert (same.since, [count for _, count in same.since_counts]) == ([], [0, 0, 0])
    now = (_people("c1", "c2", "new"), _seats(_seat("s1", 1), _seat("s3", 1)), RULES)
    later = SheetRequest(now, DAY, Wish.MATCH, earlier=earlier)
    found = answer(later, lambda _: None).result
    assert found is not None
    assert found.since is not None
    assert [(change.candidate, change.before, change.after, change.what.value) for change in found.since] == [
        ("c1", "s2", "", "loses the place"),
        ("c2", "s1", "s3", "gets another place"),
        ("gone", "s1", "", "loses the place"),
        ("new", "", "s1", "gains a place"),
    ]
    assert [count for _, count in found.since_counts] == [1, 2, 1]
    lost, moved, gone, gained = (change.why for change in found.since)
    assert lost.startswith("Seat s2 is not in the files now. We have no mentor for you yet.")
    assert moved.startswith(
        "Seat s1 had 2 places, and has 1 now. Seat s1 goes to new now. You have a mentor: mentor s3"
    )
    assert gone.endswith("The candidate is not in the files now.")
    assert gained.startswith("The candidate was not in the earlier run.")
    book = load_workbook(io.BytesIO(answer(later, lambda _: None).workbook or b""))
    rows = list(book["Since earlier run"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [change.candidate for change in found.since]


def test_a_seat_that_had_one_place_is_named_so() -> None:
    """The reason names one place in the singular."""
    before = (_people("c1"), _seats(_seat("s1", 1)), RULES)
    first = answer(SheetRequest(before, DAY, Wish.MATCH), lambda _: None).workbook or b""
    now = (_people("c2"), _seats(_seat("s1", 2)), RULES)
    earlier = SentFile("result.xlsx", first)
    found = answer(SheetRequest(now, DAY, Wish.MATCH, earlier=earlier), lambda _: None).result
    assert found is not None
    assert found.since is not None
    assert found.since[0].why.startswith("Seat s1 had 1 place, and has 2 now.")


def test_an_earlier_result_of_other_sheets_is_a_warning() -> None:
    """A result that shares no candidate, or no seat, with the files is hardly one of them."""
    files = (_people("c1"), _seats(_seat("s1", 1)), RULES)

    def warnings(*rows: tuple[str, str]) -> list[str]:
        earlier = SentFile("r.xlsx", _matches(*rows))
        outcome = answer(SheetRequest(files, DAY, Wish.MATCH, earlier=earlier), lambda _: None)
        assert outcome.result is not None
        return [
            line.text.partition(" with")[0] for line in outcome.findings if line.place.startswith("earlier result/")
        ]

    assert warnings(("x1", "t1")) == ["It shares no candidate", "It shares no seat"]
    assert warnings(("c1", "t1")) == ["It shares no seat"]
    assert warnings(("x1", "s1"), ("c1", "t1")) == []


def test_the_encoding_of_the_files_is_not_that_of_the_earlier_result() -> None:
    """Sheets in windows-1251 are compared with an earlier result in UTF-8, with letters that both have."""
    files = (
        SentFile("people.csv", _people("жив").content.decode().encode("windows-1251")),
        _seats(_seat("s1", 1)),
        RULES,
    )
    earlier = SentFile("matches.csv", "candidate_id;seat_id\nжив;s1\n".encode())
    request = SheetRequest(files, DAY, Wish.MATCH, encoding="windows-1251", earlier=earlier)
    found = answer(request, lambda _: None).result
    assert found is not None
    assert found.since == []


@pytest.mark.parametrize(
    ("earlier", "fault"),
    [
        (_people("c1"), "This is no result of a run"),
        (SentFile("matches.csv", "id;жив\nжив;s1\n".encode("windows-1251")), "This is no result of a run"),
        (SentFile("r.xlsx", _matches(("c1", '=A2&"x"'))), "This is a formula without a value"),
        (SentFile("r.xlsx", _matches(("c1", "#N/A"))), "#N/A is an error of the spreadsheet"),
        (SentFile("r.xlsx", _matches(("c1", "s1"), ("c1", "s2"))), "C1 is there twice; keep one of the rows"),
    ],
    ids=["another table", "a guessed encoding", "a formula", "an error", "a candidate twice"],
)
def test_an_earlier_result_that_cannot_be_read_is_a_fault(earlier: SentFile, fault: str) -> None:
    """A table without matches, and a cell that says nothing, are named with their remedy, and nothing is matched."""
    files = (_people("c1"), _seats(_seat("s1", 1)), RULES)
    outcome = answer(SheetRequest(files, DAY, Wish.MATCH, earlier=earlier), lambda _: None)
    assert (outcome.result, outcome.counts[0]) == (None, 1)
    assert fault in outcome.findings[0].text
