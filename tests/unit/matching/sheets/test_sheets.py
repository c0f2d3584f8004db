"""Test that sheets are understood to exactly the values that are meant, or refused with the cell named."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.matching.engine.problem.problem import Problem
from services.matching.sheets.files import annotated_copy
from services.matching.sheets.files.fields import FIELDS
from services.matching.sheets.files.findings import Level
from tests.unit.matching.sheets.sheets import HEADING, OFFICER, PLACE, SEAT_HEADING, as_csv, book, faults, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_ids_of_the_system_may_be_of_something_that_the_files_do_not_hold(tmp_path: Path) -> None:
    """A stored run bars seats that are gone: a UUID that nothing has is a warning, and stays as it is."""
    gone = "01977a1e-0000-7000-8000-000000000001"
    path = book(tmp_path / "b.xlsx", {"A": [(*HEADING, "barred"), (*OFFICER, gone)], "B": [SEAT_HEADING, PLACE]})
    problem, reading = read(path)
    assert problem is not None
    assert problem.candidates[0].barred == {gone}
    assert any(f"nothing in the files has the id {gone}" in line for line in reading.findings.remarks())


def test_a_coordinators_workbook_with_titles_labels_and_real_days(tmp_path: Path) -> None:
    """A merged title, a blank row, labels, numbers as ids, days of the spreadsheet and a sheet of notes are no harm."""
    path = tmp_path / "visits 2027.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "d mmm yyyy"}) as made:
        people = made.add_worksheet("Officers")
        people.merge_range("A1:H1", "Study visits, spring 2027")
        names = ("Candidate ID", "Kind", "Home country", "Agency", "Rank Group", "Languages", "Topics", "Weeks")
        people.write_row("A3", [*names, "Telephone"])
        people.write_row("A4", [101, "Study visit", "Armenia", "Police of Armenia", "Middle management"])
        people.write_row("F4", ["English:B2\nRussian (native)", "Drug Trafficking, Online crime"])
        people.write_datetime("H4", date(2027, 3, 1))
        hosts = made.add_worksheet("Hosts")
        hosts.write_row("A1", ["Placement", "Kind", "Host country", "Host agency", "Places", "Languages", "Topics"])
        hosts.write_row("A2", [7, "Placement", "France", "Gendarmerie", 2, "English B1", "online crime"])
        made.add_worksheet("Notes").write("A1", "Ask Paris about March")
    problem, reading = read(path)
    assert faults(reading) == []
    assert problem is not None
    (officer,), (seat,) = problem.candidates, problem.seats
    assert (officer.id, officer.country, officer.rank_group) == ("101", "AM", "middle_management")
    assert (officer.languages, officer.topics) == ({"en": "B2", "ru": "NS"}, ("drug_trafficking", "online_crime"))
    assert officer.weeks == frozenset({date(2027, 3, 1)})
    assert (seat.id, seat.capacity, seat.languages, seat.organisation_id) == ("7", 2, {"en": "B1"}, "Gendarmerie")
    remarks = "\n".join(reading.findings.remarks())
    assert "column Telephone: this column is not known and was not read; do not put personal data into" in remarks
    assert "sheet Notes: it has no known table, and was not read" in remarks
    assert '"Armenia" as AM' in remarks


def test_a_coordinators_sheet_in_a_cyrillic_code_page(tmp_path: Path) -> None:
    """Semicolons, windows-1251, local days: read, and the guess is given."""
    people = tmp_path / "officers.csv"
    people.write_bytes(
        "sep=;\r\nID;Kind;Country;Organisation;Rank group;Languages;Topics;Weeks\r\n"
        "1;mentee;ukraine;Поліція Києва;Supervisor;Ukrainian:native;Online crime;\r\n"
        "2;Study Visit;Moldova;Полиция;strategic;english:c1;ONLINE CRIME;01/03/2027; \r\n"
        "3;Study Visit;MDA;Полиция;strategic;english:c1;ONLINE CRIME;15/03/2027\r\n".encode("windows-1251")
    )
    seats = book(tmp_path / "seats.xlsx", {"Sheet1": [SEAT_HEADING, PLACE]})
    problem, reading = read(people, seats)
    assert faults(reading) == []
    assert problem is not None
    assert [item.organisation_id for item in problem.candidates] == ["Поліція Києва", "Полиция", "Полиция"]
    assert [item.weeks for item in problem.candidates] == [
        None,
        frozenset({date(2027, 3, 1)}),
        frozenset({date(2027, 3, 15)}),
    ]
    assert "read as windows-1251 (choose the encoding if that is wrong)" in "\n".join(reading.findings.remarks())


def test_a_coordinators_sheet_full_of_mistakes_names_each_cell(tmp_path: Path) -> None:
    """Each wrong cell of a sheet has its own line with row, column, value and remedy; nothing falls away."""
    people = book(
        tmp_path / "p.xlsx",
        {
            "Officers": [
                HEADING,
                ("a", "visit", "UK", "am1", "boss", "Klingon:B2", "Cyber crime", "2027-03-02"),
                ("b", "study_visit", "Turkey", "am1", "operational", "en:B9", "online_crime", "03/04/2027"),
                ("A", "study_visit", "AM", "am1", "operational", "en:B1;English:C1", "", date(2027, 3, 6)),
            ]
        },
    )
    places = book(
        tmp_path / "s.xlsx",
        {"S": [(*SEAT_HEADING, "conflicts"), ("s", "placement", "FR", "fr1", 1.5, "en:B1", "", "2027-03-01", "x")]},
    )
    _, reading = read(people, places)
    assert [fault.partition(":")[0] for fault in faults(reading)] == [
        *(f"p.xlsx, sheet Officers, row 2, column {name}" for name in ("kind", "country", "rank_group")),
        *(f"p.xlsx, sheet Officers, row 2, column {name}" for name in ("languages", "topics", "weeks")),
        *(f"p.xlsx, sheet Officers, row 3, column {name}" for name in ("country", "languages", "weeks")),
        *(f"p.xlsx, sheet Officers, row 4, column {name}" for name in ("languages", "weeks", "id")),
        *(f"s.xlsx, sheet S, row 2, column {name}" for name in ("capacity", "weeks", "conflicts")),
    ]
    text = "\n".join(faults(reading))
    assert '"2027-03-02" is a Tuesday; a week is named by its Monday: that of this week is 2027-03-01' in text
    assert '"UK" can be Ukraine (UA) or the United Kingdom' in text
    assert '"2027-03-01" is not a pair; write it as 2027-03-15:2' in text
    assert 'there is no candidate or organisation "x" in the files' in text


def test_a_coordinators_workbook_with_formulas_merges_and_hidden_rows(tmp_path: Path) -> None:
    """A formula counts by its value and is a fault without one; merged cells are faults; hidden rows are named."""
    path = tmp_path / "f.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        people = made.add_worksheet("Officers")
        people.write_row("A1", HEADING)
        people.write_row("A2", OFFICER)
        people.write_row("A3", OFFICER)
        people.write_formula("A3", '="b"&1', None, "b1")
        people.set_row(2, None, None, {"hidden": True})
        hosts = made.add_worksheet("Hosts")
        hosts.write_row("A1", SEAT_HEADING)
        hosts.write_row("A2", PLACE)
    problem, reading = read(path)
    assert problem is not None
    assert [item.id for item in problem.candidates] == ["a", "b1"]
    remarks = "\n".join(reading.findings.remarks())
    assert "hidden rows were read too: 1, the first is row 3" in remarks
    assert '"a formula" as its value "b1"' in remarks

    changed = load_workbook(path)  # openpyxl drops the values of formulas
    changed["Officers"].merge_cells("D2:D3")
    changed.save(path)
    _, reading = read(path)
    assert [fault.partition(";")[0] for fault in faults(reading)] == [
        "f.xlsx, sheet Officers, row 3, column id: this is a formula without a value",
        "f.xlsx, sheet Officers, row 3, column organisation_id: this cell is merged with D2",
    ]


def test_hidden_columns_are_read_with_a_warning(tmp_path: Path) -> None:
    """A warning names each hidden column of a table, also where several stand together."""
    path = tmp_path / "h.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        people = made.add_worksheet("Officers")
        people.write_row("A1", HEADING)
        people.write_row("A2", OFFICER)
        people.set_column("F:G", None, None, {"hidden": True})
        people.set_column("K:K", None, None, {"hidden": True})
        hosts = made.add_worksheet("Hosts")
        hosts.write_row("A1", SEAT_HEADING)
        hosts.write_row("A2", PLACE)
    problem, reading = read(path)
    assert problem is not None
    hidden = [found.text for found in reading.findings.of(Level.WARNING) if "hidden" in found.text]
    assert hidden == ["hidden columns were read too: languages, topics"]


def test_two_tables_on_one_sheet_are_one_fault(tmp_path: Path) -> None:
    """Below or beside each other: the fault says where the other begins, and no cell of it is taken for another's."""
    below = book(tmp_path / "below.xlsx", {"All": [HEADING, OFFICER, (), SEAT_HEADING, PLACE]})
    beside = book(tmp_path / "beside.xlsx", {"All": [(*HEADING, None, *SEAT_HEADING), (*OFFICER, None, *PLACE)]})
    remedy = "put each table on a sheet or into a file of its own"
    assert faults(read(below)[1]) == [f"below.xlsx, sheet All, row 4: a second heading begins here; {remedy}"]
    both = [name for name in HEADING if name in SEAT_HEADING]
    (fault,) = faults(read(beside)[1])
    assert fault == (
        f"beside.xlsx, sheet All, row 1: {', '.join(both)} are in this heading twice, as of two tables side by side; "
        f"{remedy}"
    )


def test_a_row_with_totals_is_one_fault_with_its_remedy(tmp_path: Path) -> None:
    """Several empty cells of a row are named together: the row may be no candidate at all."""
    totals = (None, None, None, 1, None, None, None, None)
    path = book(tmp_path / "t.xlsx", {"A": [HEADING, OFFICER, totals], "B": [SEAT_HEADING, PLACE]})
    (fault,) = faults(read(path)[1])
    assert fault == (
        "t.xlsx, sheet A, row 3: these cells are empty, but needed: id, kind, country, rank_group; "
        "fill them in, or delete the row if it is a title or a total"
    )


def test_each_column_that_is_not_read_is_named(tmp_path: Path) -> None:
    """Columns with values but no name are named by their letters; remarks are no column of this program."""
    heading = (*HEADING, None, None, "Remarks")
    path = book(
        tmp_path / "u.xlsx",
        {"A": [heading, (*OFFICER, None, "Only B1 really", "Ask her")], "B": [SEAT_HEADING, PLACE]},
    )
    problem, reading = read(path)
    assert problem is not None
    unread = [found for found in reading.findings.of(Level.WARNING) if "was not read" in found.text]
    assert [(found.place.column, found.text) for found in unread] == [
        ("J", "it has values but no name, and was not read"),
        ("Remarks", "this column is not known and was not read"),
    ]


def test_json_is_read_as_utf_8_only(tmp_path: Path) -> None:
    """Another encoding is a fault of a JSON file, not a silent guess; the mark of UTF-8 does no harm."""
    path = book(tmp_path / "b.xlsx", {"A": [HEADING, OFFICER], "B": [SEAT_HEADING, PLACE]})
    rules = tmp_path / "r.json"
    rules.write_bytes('{"seed": "Поліція"}'.encode("windows-1251"))
    assert faults(read(path, rules)[1]) == ["r.json: this is not UTF-8, as JSON is; save it as UTF-8"]
    rules.write_bytes('{"seed": "Поліція"}'.encode("utf-8-sig"))
    problem, _ = read(path, rules)
    assert problem is not None
    assert problem.seed == "Поліція"


def test_a_coordinators_own_csv_of_mentors_with_tabs(tmp_path: Path) -> None:
    """UTF-16 with tabs, as a spreadsheet saves “Unicode text”; commas between items; levels in words."""
    people, mentors = tmp_path / "mentees.txt", tmp_path / "mentors.txt"
    people.write_bytes(
        (
            "Application\tKind\tCountry\tOrganisation ID\tRank\tExpertise\tLanguages\tFirst time\n"
            "m1\tMentoring\tGeorgia\tge1\tsupervisor\tAnalysis:basic:3, Asset Recovery\tGeorgian native, en C1\tNO\n"
        ).encode("utf-16")
    )
    mentors.write_bytes(
        (
            "Mentor ID\tKind\tCountry\tOrganisation ID\tMentees\tExpertise\tLanguages\n"
            "x\tMentor\tEuropean Union\teu1\t2\tanalysis:expert:12\tEnglish=B2\n"
        ).encode("utf-16")
    )
    problem, reading = read(people, mentors)
    assert faults(reading) == []
    assert problem is not None
    (mentee,), (mentor,) = problem.candidates, problem.seats
    assert {area: (skill.level, skill.years) for area, skill in mentee.expertise.items()} == {
        "analysis": (1, 3),
        "asset_recovery": (2, 0),
    }
    assert (mentee.languages, mentee.first_time) == ({"ka": "NS", "en": "C1"}, False)
    assert (mentor.country, mentor.capacity, mentor.expertise["analysis"].level) == ("EU", 2, 3)


@pytest.mark.parametrize(
    ("heading", "row", "message"),
    [
        ((*HEADING, "Home country"), (*OFFICER, "GE"), '"country" and "Home country" are the same column country'),
        (HEADING, (*OFFICER[:3], date(2027, 1, 3), *OFFICER[4:]), "the spreadsheet made the day 2027-01-03 of this"),
        (HEADING, (12345678901234567, *OFFICER[1:]), "a number of so many digits loses some"),
        (HEADING, ("a;b", *OFFICER[1:]), '"a;b" holds ";", which separates the items of lists'),
        (HEADING, HEADING, "a second heading begins here; delete this row"),
        ((*HEADING, "first_time"), (*OFFICER, "perhaps"), '"perhaps" is not yes or no'),
        ((*HEADING, "group_size"), (*OFFICER, 6), "6 is not possible here; write a whole number from 1 to 5"),
        ((*HEADING, "expertise"), (*OFFICER, "analysis:4"), '"4" is not a level; write 1 (basic)'),
        ((*HEADING, "pre_matched"), (*OFFICER, "T"), 'there is no seat or candidate "T" in the files'),
    ],
)
def test_a_value_that_would_fall_away_is_refused(
    tmp_path: Path, heading: Sequence[object], row: Sequence[object], message: str
) -> None:
    """Doubled columns, ids that the spreadsheet changed, and values out of bounds are faults of their cell."""
    path = book(tmp_path / "b.xlsx", {"People": [heading, row], "Places": [SEAT_HEADING, PLACE]})
    problem, reading = read(path)
    assert problem is None
    assert any(message in fault for fault in faults(reading)), faults(reading)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("languages", "en:B1+"),
        ("languages", "en:B2?"),
        ("languages", "no English:B2"),
        ("languages", "en:B1/B2"),
        ("country", "not AM"),
        ("country", "AM?"),
        ("country", "AM+GE"),
        ("rank_group", "operational or supervisor"),
        ("topics", "!online_crime"),
        ("weeks", "after 2027-03-01"),
    ],
)
def test_a_doubt_that_somebody_wrote_down_is_not_taken_away(tmp_path: Path, column: str, text: str) -> None:
    """Marks and words that may mean something are no noise: the cell is refused."""
    row = [*OFFICER]
    row[HEADING.index(column)] = text
    _, reading = read(book(tmp_path / "b.xlsx", {"A": [HEADING, row], "B": [SEAT_HEADING, PLACE]}))
    assert [fault.partition(": ")[0] for fault in faults(reading)] == [f"b.xlsx, sheet A, row 2, column {column}"]


@pytest.mark.parametrize(
    ("column", "text", "warning"),
    [
        ("organisation_id", "fr1", "organisation fr1 stands with AM and FR: it counts as one agency"),
        ("kind", "mentee", "candidates of the kind mentee: 1, but no seat of the kind mentor"),
        ("topics", "", "rows without topics: 1, the first is row 2; few seats fit them, or none"),
        ("topics", "online_crime; Online crime", "online_crime is several times in the list, and counts once"),
        ("topics", "cyber_attacks", "topics of several schemes are mixed (empact-2022, empact-2026)"),
    ],
)
def test_a_lawful_value_that_is_hardly_meant_is_a_warning(tmp_path: Path, column: str, text: str, warning: str) -> None:
    """The files are used, and the warning says what will come of it."""
    row = [*OFFICER]
    row[HEADING.index(column)] = text
    problem, reading = read(book(tmp_path / "b.xlsx", {"A": [HEADING, row], "B": [SEAT_HEADING, PLACE]}))
    assert problem is not None
    assert any(warning in found.text for found in reading.findings.of(Level.WARNING)), reading.findings.remarks()


def test_days_that_a_spreadsheet_may_have_turned_round_are_a_warning(tmp_path: Path) -> None:
    """In a column of texts with the day first, a day that the spreadsheet made of its neighbour is doubtful."""
    rows = [(*OFFICER[:7], "15/03/2027"), ("b", *OFFICER[1:7], date(2027, 2, 8))]
    problem, reading = read(book(tmp_path / "b.xlsx", {"A": [HEADING, *rows], "B": [SEAT_HEADING, PLACE]}))
    assert problem is not None
    text = "some cells hold days, others texts with the day first: check that 2027-02-08 is not the other way round"
    assert text in [found.text for found in reading.findings.of(Level.WARNING)]


def test_rules_in_json_are_understood_or_refused(tmp_path: Path) -> None:
    """A ceiling for `am` counts for AM, an exclusion names a country or an organisation; nothing falls away."""
    path = book(tmp_path / "b.xlsx", {"People": [HEADING, OFFICER], "Places": [SEAT_HEADING, PLACE]})
    rules = tmp_path / "r.json"
    lawful_rules = {
        "ceilings": {"am": 1},
        "floors": {"Armenia": 1},
        "exclusions": [{"first": "azerbaijan", "second": "AM1"}],
        "needs": [["Armenia", "Online crime", 50]],
        "weights": {"Topic wanted": {"applicant": 5, "host": 0}},
        "objective": "Most_Good",
    }
    rules.write_text(json.dumps({"rules": lawful_rules}), "utf-8")
    problem, reading = read(path, rules)
    assert problem is not None, faults(reading)
    found = problem.rules
    assert (found.ceilings, found.floors, found.needs) == ({"AM": 1}, {"AM": 1}, {("AM", "online_crime"): 50})
    assert [(pair.first, pair.second) for pair in found.exclusions] == [("AZ", "am1")]
    assert found.objective == "most_good"
    for unlawful, message in (
        ({"ceilings": {"AM": 1, "am": 2}}, "AM is there twice"),
        ({"ceilings": {"Amenia": 1}}, "did you mean AM (Armenia)?"),
        ({"exclusions": [{"first": "AZ", "second": "am2"}]}, "do you mean am1?"),
        ({"needs": [["AM", "cyber", 1]]}, '"cyber" is not known'),
        ({"needs": [["AM", "analysis", 1], ["am", "Analysis", 2]]}, "are there twice"),
        ({"share": 140}, "write a whole number from 0 to 100"),
        ({"suspended": {"GE": "1 Marz 2027"}}, "has no month"),
    ):
        rules.write_text(json.dumps({"rules": unlawful}), "utf-8")
        refused, reading = read(path, rules)
        assert refused is None
        assert any(message in fault for fault in faults(reading)), (message, faults(reading))
    rules.write_text('{"rules": {"ceilings": {"AM": 1, "AM": 2}}}', "utf-8")
    assert "the name AM stands 2 times in one object" in faults(read(path, rules)[1])[0]


def test_an_annotated_copy_names_each_fault_and_can_be_corrected(tmp_path: Path) -> None:
    """The copy has comments, a column and a list of the faults; corrected in place it is read without a fault."""
    path = book(
        tmp_path / "b.xlsx",
        {
            "People": [("Study visits",), HEADING, ("=a", *OFFICER[1:4], "boss", *OFFICER[5:])],
            "Places": [SEAT_HEADING, PLACE],
        },
    )
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "b.xlsx"
    _, reading = read(path)
    annotated_copy.write(copy, reading)
    made = load_workbook(copy)
    sheet = made["People"]
    assert sheet["I2"].value == "Faults"
    lines = str(sheet["I3"].value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "rank_group"]
    assert '"boss" is not known; known are operational' in lines[1]
    assert "fault:" in sheet["E3"].comment.text
    assert sheet["A3"].data_type == "s"
    assert [row[0].value for row in made["Findings"].iter_rows(min_row=2)].count("fault") == len(faults(reading))
    sheet["E3"].value = "Operational"
    made.save(copy)
    annotated_copy.write(tmp_path / "again.xlsx", read(copy)[1])
    again_made = load_workbook(tmp_path / "again.xlsx")
    assert again_made.sheetnames == ["People", "Places", "Findings"]
    assert again_made["People"].max_column == len(HEADING) + 1
    assert str(again_made["People"]["I3"].value).startswith("id: ")
    sheet["A3"].value = "a"
    made.save(copy)
    problem, again = read(copy)
    assert faults(again) == []
    assert problem is not None


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**10)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("AM", "am", "en", "B2", "s", "a", "online_crime", "2027-03-01", "1.3.2027")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                sorted({name for names in FIELDS.values() for name in names} | {"AM", "am", "en", "topic"})
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_PARTS = sorted({"candidates", "seats", "fixed", *FIELDS[Problem]})


@given(
    found=st.dictionaries(st.sampled_from(_PARTS), _JSON, max_size=7), rules=_JSON, items=st.lists(_JSON, max_size=3)
)
def test_no_json_ends_in_another_way_than_a_problem_or_faults(
    tmp_path_factory: pytest.TempPathFactory, found: dict[str, Any], rules: Any, items: list[Any]
) -> None:
    """Values of any type at any place are read, or refused as faults."""
    file = tmp_path_factory.mktemp("json") / "any.json"
    file.write_text(json.dumps({"rules": rules, "candidates": items, "seats": items, **found}), "utf-8")
    problem, reading = read(file)
    assert problem is not None or faults(reading)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), st.booleans())
def test_no_bytes_end_in_another_way_than_faults(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    packed: bool,  # noqa: FBT001 - drawn
) -> None:
    """A file of any bytes, also one that begins as a workbook or a table, is refused as a fault."""
    file = tmp_path_factory.mktemp("bytes") / "any.csv"
    file.write_bytes((b"PK\x03\x04" if packed else b"id;rank_group;kind\n") + content)
    problem, reading = read(file)
    assert problem is None
    assert faults(reading)


_SPOILT = ("kind", "country", "rank_group", "languages", "topics", "weeks")


@given(column=st.sampled_from(_SPOILT), text=st.data())
def test_a_misspelt_cell_is_named(tmp_path_factory: pytest.TempPathFactory, column: str, text: st.DataObject) -> None:
    """A letter more, less or other in a code or label is a fault of that cell, unless the code is plainly the same."""
    at = HEADING.index(column)
    labelled = ("a", "Study visit", "Armenia", "am1", "Operational", "English:B2", "Online crime", "2027-03-01")
    whole = str(text.draw(st.sampled_from((OFFICER[at], labelled[at]))))
    cut = text.draw(st.integers(0, len(whole)))
    spoilt = (
        whole[:cut] + text.draw(st.text("aeinrst1207:;,. -/", max_size=2)) + whole[cut + text.draw(st.integers(0, 1)) :]
    )
    row = [*OFFICER]
    row[at] = spoilt
    path = tmp_path_factory.mktemp("spoilt") / "people.csv"
    path.write_bytes(as_csv([list(HEADING), row, ["", "", "", "", "", "", "", ""]], "|", "utf-8"))
    other = tmp_path_factory.mktemp("places") / "places.csv"
    other.write_bytes(as_csv([list(SEAT_HEADING), [str(cell) for cell in PLACE]], ",", "utf-8"))
    problem, reading = read(path, other)
    if problem is None:
        assert all(f"people.csv, row 2, column {column}: " in fault for fault in faults(reading)), faults(reading)
        return
    officer = problem.candidates[0]
    if column == "weeks":
        assert all(day.isoformat()[:4] in spoilt for day in officer.weeks or ())
        assert len(officer.weeks or ()) <= spoilt.count("2027") or not officer.weeks
        assert all(day.weekday() == 0 for day in officer.weeks or ())
    elif column in {"languages", "topics"}:
        known = {"languages": {"en": "B2"}, "topics": ("online_crime",)}[column]
        assert getattr(officer, column) in (known, type(known)(), {"en": "B1"}, {"en": "A2"}), spoilt
    else:
        meant = {"kind": "study_visit", "country": ("AM",), "rank_group": "operational"}[column]
        assert getattr(officer, column) in meant, spoilt


def repacked(path: Path, part: str, text: bytes) -> Path:
    """Change one part of a workbook to another text."""
    old = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return path


def test_files_beyond_all_bounds_are_refused(tmp_path: Path) -> None:
    """A workbook that unpacks to too much, a cell in the last row, an old Excel file, a table of too many rows."""
    packed = book(tmp_path / "packed.xlsx", {"A": [HEADING, OFFICER], "B": [SEAT_HEADING, PLACE]})
    repacked(packed, "xl/worksheets/sheet1.xml", b" " * 101_000_000)
    far = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(far)) as made:
        made.add_worksheet("A").write_string(1_048_575, 16_383, "x")
    old = tmp_path / "old.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    long = tmp_path / "long.csv"
    long.write_text("id;rank_group\n" + "a;b\n" * 50_000, "utf-8")
    problem, reading = read(packed, far, old, long)
    assert problem is None
    assert [fault.partition(";")[0] for fault in faults(reading)] == [
        "packed.xlsx: it unpacks to more than a table can be",
        "far.xlsx, sheet A: it reaches to row 1048576 and column XFD",
        "old.xls: this is an old or a protected Excel file",
        "long.csv: it has 50001 rows",
    ]


def test_entities_of_a_workbook_bring_in_no_file(tmp_path: Path) -> None:
    """An entity that names a file of this machine is refused, or stays empty."""
    text = (
        b'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1">'
        b"<si><t>&file;</t></si></sst>"
    )
    path = tmp_path / "e.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        made.add_worksheet("A").write_string(0, 0, "x")
    _, reading = read(repacked(path, "xl/sharedStrings.xml", text))
    assert faults(reading)
    assert "root:" not in str(reading)
