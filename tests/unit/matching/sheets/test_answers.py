"""The page of sheets lists each value that was read differently once, and compares only different objectives."""

from __future__ import annotations

from datetime import date

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
