"""Test the workbooks that the commands write: templates that pass their own check, and results fit to be sent on."""

from __future__ import annotations

import io
import json
import random
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from deploy.cli import match, schedule, what_if
from services.matching.engine.layers import run_layers
from services.matching.engine.problem.problem import Candidate, Exclusion, Problem, Seat, SeatKind, Skill
from services.matching.sheets.files import problems, result_workbook, sentences, templates, visits
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.sheets import Reading
from shared.contracts.codes import ApplicationKind, Expertise, LanguageLevel, RankGroup, Wishes
from tests.unit.matching.engine.worlds import make_problem

if TYPE_CHECKING:
    from pathlib import Path

    from services.matching.engine.matching import Result

DAY = date(2027, 1, 4)
LEVELS = {"en": LanguageLevel.B2}


def officer(name: str, **more: object) -> Candidate:
    """Return an officer of Armenia who speaks English at B2."""
    base = Candidate(
        id=name,
        kind=ApplicationKind.STUDY_VISIT,
        country="AM",
        organisation_id="am1",
        rank_group=RankGroup.OPERATIONAL,
        languages=LEVELS,
        topics=("online_crime",),
        expertise={"analysis": Skill()},
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields of the class


def place(name: str, **more: object) -> Seat:
    """Return a placement in France with one place."""
    base = Seat(
        id=name,
        kind=SeatKind.PLACEMENT,
        country="FR",
        organisation_id="fr1",
        capacity=1,
        languages=LEVELS,
        topics=frozenset({"online_crime"}),
        expertise={"analysis": Skill()},
    )
    return replace(base, **more)  # type: ignore[arg-type]  # as above


def problem(candidates: tuple[Candidate, ...], seats: tuple[Seat, ...], **rules: object) -> Problem:
    """Return a problem with these rules."""
    found = Problem(call_id="c", day=DAY, seed="s", candidates=candidates, seats=seats)
    return replace(found, rules=replace(found.rules, **rules))  # type: ignore[arg-type]  # as above


def messages(result: Result) -> dict[str, str]:
    """Return the message of each candidate."""
    made = sentences.Sentences(result.problem)
    return {receipt.candidate_id: made.message(receipt) for receipt in result.receipts(effort=24)}


def sheets_of(content: bytes) -> dict[str, list[list[object]]]:
    """Return the rows of each sheet; no cell is a formula."""
    book = load_workbook(io.BytesIO(content))
    assert all(cell.data_type != "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


def test_a_template_passes_its_own_check_and_matches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example has neither a fault nor a warning, and each of its officers gets a place."""
    file = tmp_path / "t.xlsx"
    match.command(template=file)
    match.command([file], check=True)
    assert "No faults. Candidates: 3, seats: 3." in capsys.readouterr().out
    reading = Reading()
    found = problems.read([file], day=DAY, reading=reading)
    assert reading.findings.of(Level.WARNING) == []
    assert len(run_layers(found).pairs) == len(found.candidates)
    with pytest.raises(UnusableFiles, match="is there already"):
        match.command(template=file)


def test_each_choice_of_a_templates_drop_downs_is_understood(tmp_path: Path) -> None:
    """Every entry of every list is read without a fault as the value of its column."""
    templates.write_problem(tmp_path / "t.xlsx")
    book = load_workbook(tmp_path / "t.xlsx")
    lists = 0
    for sheet in book.worksheets[:2]:
        for rule in sheet.data_validations.dataValidation:
            if rule.type != "list":
                continue
            lists += 1
            column = next(iter(rule.sqref.ranges)).min_col
            source = str(rule.formula1)
            cells = book["Codes"][source.partition("!")[2].replace("$", "")] if "!" in source else ()
            choices = [row[0].value for row in cells] or source.strip('"').split(",")
            kept = sheet.cell(2, column).value
            for choice in choices:
                sheet.cell(2, column).value = choice
                book.save(tmp_path / "changed.xlsx")
                reading = Reading()
                problems.read([tmp_path / "changed.xlsx"], day=DAY, reading=reading)
            sheet.cell(2, column).value = kept
    assert lists == 12


def test_the_template_of_visits_is_scheduled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both visits of the example get dates; with a name of a workbook these are written as one."""
    file = tmp_path / "v.xlsx"
    schedule.command(template=file)
    schedule.command(file, check=True)
    assert "No faults. Visits: 2." in capsys.readouterr().out
    assert len(visits.read(file)[0]) == 2
    schedule.command(file, out=tmp_path / "dates.xlsx", seconds=0)
    rows = sheets_of((tmp_path / "dates.xlsx").read_bytes())["Visits"]
    assert [row[2] for row in rows[1:]] == ["2027-03-01", "2027-03-09"]


def test_a_check_writes_no_result_and_an_annotated_copy_is_written_after_faults(tmp_path: Path) -> None:
    """With a fault the command fails, and the copy that names it is there."""
    templates.write_problem(tmp_path / "t.xlsx")
    match.command([tmp_path / "t.xlsx"], check=True, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    book = load_workbook(tmp_path / "t.xlsx")
    book["Candidates"]["C2"] = "Atlantis"
    book.save(tmp_path / "wrong.xlsx")
    with pytest.raises(UnusableFiles, match="Atlantis"):
        match.command([tmp_path / "wrong.xlsx"], check=True, annotate=tmp_path / "marked.xlsx")
    assert "Atlantis" in load_workbook(tmp_path / "marked.xlsx")["Candidates"]["C2"].comment.text
    with pytest.raises(UnusableFiles, match="Atlantis"):
        match.command([tmp_path / "wrong.xlsx"], annotate=tmp_path / "missing" / "marked.xlsx")
    for name in ("annotate", "out"):
        with pytest.raises(UnusableFiles, match="is one of the files that are read"):
            match.command([tmp_path / "wrong.xlsx"], **{name: tmp_path / "wrong.xlsx"})  # type: ignore[arg-type]  # an option
    assert load_workbook(tmp_path / "wrong.xlsx")["Candidates"]["C2"].value == "Atlantis"
    with pytest.raises(UnusableFiles, match="Name the files"):
        match.command()
    with pytest.raises(UnusableFiles, match="known are utf-8"):
        match.command([tmp_path / "t.xlsx"], encoding="ebcdic")


def test_no_file_that_is_read_is_replaced(tmp_path: Path) -> None:
    """Neither tables, other terms nor a policy, by any name of theirs, nor by a file of a folder of results."""
    templates.write_problem(tmp_path / "t.xlsx")
    templates.write_visits(tmp_path / "v.xlsx")
    out = tmp_path / "out"
    out.mkdir()
    terms, table, policy = out / "before.json", out / "matches.csv", tmp_path / "policy.json"
    terms.write_text('{"share": 30}', "utf-8")
    table.write_text("candidate_id,seat_id,country\nx,FR-1,AM\n", "utf-8")
    policy.write_text('{"notice_weeks": 4}', "utf-8")
    (tmp_path / "link.xlsx").symlink_to(terms)
    refused = pytest.raises(UnusableFiles, match="is one of the files that are read")
    with refused:
        what_if.command([tmp_path / "t.xlsx"], terms=terms, out=out)
    with refused:
        what_if.command([tmp_path / "t.xlsx"], terms=terms, annotate=tmp_path / "link.xlsx")
    with refused:
        match.command([tmp_path / "t.xlsx", table], out=out)
    with refused:
        schedule.command(tmp_path / "v.xlsx", policy=policy, out=policy)
    with pytest.raises(UnusableFiles, match="have the same name"):
        match.command([tmp_path / "t.xlsx"], out=tmp_path / "r.xlsx", annotate=out / ".." / "r.xlsx")
    assert (terms.read_text(), policy.read_text()) == ('{"share": 30}', '{"notice_weeks": 4}')
    assert table.read_text().startswith("candidate_id,seat_id,country")


def test_names_beside_the_rules_of_other_terms_are_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file with `rules` nothing else is taken, and the warning says so."""
    templates.write_problem(tmp_path / "t.xlsx")
    terms = tmp_path / "terms.json"
    terms.write_text('{"rules": {"share": 30}, "ceilings": {"AM": 0}}', "utf-8")
    what_if.command([tmp_path / "t.xlsx"], terms=terms, check=True)
    assert "of this file only rules is taken; ceilings was not read" in capsys.readouterr().err


def test_results_as_a_workbook(tmp_path: Path) -> None:
    """Matches, a message for each, rates with their base, places; an id that looks as a formula is a text."""
    found = problem((officer("=1+1"), officer("b", country="GE", languages={"en": LanguageLevel.A1})), (place("s"),))
    result = run_layers(found)
    made = sheets_of(result_workbook.make(result, list(result.receipts(effort=24))))
    assert list(made) == ["Summary", "Matches", "Messages", "Rates", "Places"]
    assert made["Matches"][1][:5] == ["=1+1", "Armenia", "s", "France", "fr1"]
    assert made["Rates"][1:3] == [
        ["Country", "Armenia", 1, 1, 1, "1 of 1"],
        ["Country", "Georgia", 1, 0, 0, "0 of 1"],
    ]
    assert made["Places"][1] == ["s", "France", "fr1", 1, 1, 0, "=1+1"]
    assert [row[2] for row in made["Messages"][1:]] == ["Place", "No place fits"]
    rules = tmp_path / "p.json"
    rules.write_text(json.dumps({"call_id": "own"}), "utf-8")
    templates.write_problem(tmp_path / "t.xlsx")
    match.command([tmp_path / "t.xlsx", rules], out=tmp_path / "r.xlsx")
    assert len(sheets_of((tmp_path / "r.xlsx").read_bytes())["Matches"]) == 4
    match.command([tmp_path / "t.xlsx", rules], out=tmp_path / "folder")
    assert (tmp_path / "folder" / "result.xlsx").exists()
    what_if.command([tmp_path / "t.xlsx"], ceiling=["armenia=0"], out=tmp_path / "w.xlsx")
    assert sheets_of((tmp_path / "w.xlsx").read_bytes())["Changes"][1:] == [["AM-1", "FR-1", None, "loses"]]


def test_the_price_of_groups_has_a_sheet() -> None:
    """A group that goes first, the single whom it keeps out, and what that costs, in words."""
    group = {"group_id": "g", "group_size": 2}
    found = problem(
        (officer("a", **group), officer("b", **group), officer("c", expertise={"analysis": Skill(3, 9)})),
        (place("s", capacity=2, share_exempt=True, expertise={"analysis": Skill()}),),
    )
    result = run_layers(found)
    made = sheets_of(result_workbook.make(result, list(result.receipts(effort=24))))
    rows = {row[0]: row[1] for row in made["Groups"]}
    assert rows["All groups"] == "1 placed, 0 not"
    assert str(rows["Price: singles kept out"]).startswith("1 pairs of a single and a seat")
    assert rows["Group g"] == "goes to s"
    assert "Your group of 2 stays together." in messages(result)["a"]


def test_messages_say_in_plain_words_what_happened() -> None:
    """A place with what is in common; no place with the last rule; and the smallest change that was tried."""
    result = run_layers(problem((officer("a"), officer("b", languages={"en": LanguageLevel.B1})), (place("s"),)))
    assert messages(result) == {
        "a": "You have a place: placement s in France. Topic in common: Online crime.",
        "b": "We have no place for you yet. The only placement does not fit, because there is no common language at "
        "the level asked for. You would have had a place with English at level C1 instead of B1.",
    }
    people = (officer("a", expertise={"analysis": Skill(3, 9)}), officer("b"))
    result = run_layers(problem(people, (place("s", expertise={"analysis": Skill()}),), share=100))
    assert messages(result)["b"] == (
        "We have no place for you yet. One of the placements fits you, but its places went to others with more points. "
        "You are number 1 on the waiting list of the one that fits you best. "
        "You would have had a place with one more place at s."
    )
    # Here the points decide: the order of the host names nobody of these two, and parts equal points only.
    kept = place("s", expertise={"analysis": Skill()}, wishes=("c",))
    result = run_layers(problem(people, (kept,), share=100, wishes=Wishes.WISHES_AMONG_EQUALS))
    assert "its places went to others who came first by the order of hosts or by points." in messages(result)["b"]


def test_a_confidential_exclusion_reads_as_a_place_that_is_not_available() -> None:
    """The message of a pair that is kept apart is the same as that of a seat that is paused."""
    away = Exclusion(first="AM", second="FR", confidential=True)
    apart = run_layers(problem((officer("a"),), (place("s"),), exclusions=(away,)))
    paused = run_layers(problem((officer("a"),), (place("s", available=False),)))
    text = "We have no place for you yet. The only placement does not fit, because no place is available."
    assert messages(apart) == messages(paused) == {"a": text}


@given(seed=st.integers(0, 2**32))
def test_a_confidential_exclusion_gives_the_messages_of_a_paused_seat(seed: int) -> None:
    """Of any problem all messages, with the changes that would have helped, are those of a seat that is paused."""
    dice = random.Random(seed)
    found = make_problem(dice, 4, 3, tight=0.4)
    if not found.seats:
        return
    people = tuple(replace(item, country="AM", group_id=None, group_size=1) for item in found.candidates)
    seats = tuple(replace(seat, organisation_id=f"host {at}") for at, seat in enumerate(found.seats))
    away = Exclusion(first="AM", second="host 0", confidential=True)
    apart = replace(
        found,
        candidates=people,
        seats=seats,
        rules=replace(found.rules, exclusions=(*found.rules.exclusions, away)),
    )
    paused = replace(found, candidates=people, seats=(replace(seats[0], available=False), *seats[1:]))
    assert messages(run_layers(apart)) == messages(run_layers(paused))


@given(seed=st.integers(0, 2**32))
def test_no_message_names_a_restricted_area_an_exclusion_or_another_person(seed: int) -> None:
    """Of any problem, with restricted areas on both sides and confidential exclusions."""
    dice = random.Random(seed)
    found = make_problem(dice, 5, 3, tight=0.4)
    names = ("undercover_surveillance", "witness_protection", "cold_cases")
    areas = dict(zip(("analysis", "forensics", "asset_recovery"), names, strict=True))
    found = replace(
        found,
        candidates=tuple(
            replace(item, expertise={areas[area]: skill for area, skill in item.expertise.items()})
            for item in found.candidates
        ),
        seats=tuple(
            replace(item, expertise={areas[area]: skill for area, skill in item.expertise.items()})
            for item in found.seats
        ),
    )
    hidden = [area.label.casefold() for area in Expertise if area.restricted]
    for candidate_id, text in messages(run_layers(found)).items():
        words = text.replace(".", " ").replace(",", " ").replace(":", " ").split()
        assert not any(area in text.casefold() or area.replace(" ", "_") in text.casefold() for area in hidden)
        assert "exclu" not in text.casefold()
        assert not {other.id for other in found.candidates if other.id != candidate_id} & set(words)
        assert text.endswith(".")
