"""Test the engine on a coordinator's spreadsheets; what cannot be used is named by row and column."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import pytest

from deploy.cli import what_if
from deploy.cli.file_readings import QUIET, Progress
from deploy.local.folder import ROOT
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Rules, Seat
from services.matching.engine.schedule import SchedulePolicy, VisitRequest
from services.matching.sheets.files import problems, results, terms, visits
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.sheets import Reading
from shared.contracts.codes import Criterion, Objective, Wishes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = date(2027, 1, 4)
FORMATS = ROOT / "docs" / "file-formats.md"

PEOPLE = """id;kind;country;organisation_id;rank_group;languages;topics;expertise;weeks;first_time
a;study_visit;AM;am1;operational;en:B2;online_crime; analysis:2:5;2027-03-01; yes
b;study_visit;GE;ge1;operational;en:A1; online_crime;analysis:1;;no

"""
PLACES = """id,kind,country,organisation_id,capacity,languages,topics,weeks,expertise
s,placement,FR,fr1,1,"en:B1; fr:B1",online_crime,2027-03-01:2,analysis
"""


def _files(folder: Path, **texts: str) -> list[Path]:
    """Files with these texts; a name's last underscore is its dot."""
    paths = []
    for name, text in texts.items():
        path = folder / ".".join(name.rsplit("_", 1))
        path.write_text(text, "utf-8-sig" if path.suffix == ".csv" else "utf-8")
        paths.append(path)
    return paths


def test_a_spreadsheet_becomes_a_problem(tmp_path: Path) -> None:
    """Two tables with other separators and a rules file give the same problem as one that is written in code."""
    rules = json.dumps({"rules": {"share": 100, "objective": "most_good"}, "seed": "s1", "day": "2027-01-05"})
    places = PLACES.replace(",analysis", ",analysis:2")
    problem = problems.read(_files(tmp_path, people_csv=PEOPLE, places_csv=places, rules_json=rules), day=DAY)
    assert (problem.day, problem.seed, problem.rules.share) == (date(2027, 1, 5), "s1", 100)
    first, second = problem.candidates
    assert (first.id, first.expertise["analysis"].years, first.weeks) == ("a", 5, frozenset({date(2027, 3, 1)}))
    assert (second.first_time, second.weeks, second.topics) == (False, None, ("online_crime",))
    (seat,) = problem.seats
    assert (seat.capacity, dict(seat.weeks or {})) == (1, {date(2027, 3, 1): 2})
    assert run(problem).matching == {"a": "s"}


@pytest.mark.parametrize(
    ("people", "places", "message"),
    [
        (PEOPLE.replace("en:A1", "en:A9"), PLACES, 'people.csv, row 3, column languages: "A9" is not known; known are'),
        (PEOPLE.replace("2027-03-01", "1 March"), PLACES, 'people.csv, row 2, column weeks: "1 March" is not a date'),
        (
            PEOPLE.replace("en:A1", "english"),
            PLACES,
            'people.csv, row 3, column languages: "english" is not a pair; write it as en:B2',
        ),
        (PEOPLE.replace("\nb;", "\na;"), PLACES, "people.csv, row 3, column id: a is in"),
        (
            PEOPLE.replace(";rank_group", ";service"),
            PLACES,
            "people.csv, row 1: no known table has these columns",
        ),
        (PEOPLE.replace("operational;en:A1", ";en:A1"), PLACES, "people.csv, row 3, column rank_group: this is needed"),
        (
            PEOPLE.replace("yes\n", "perhaps\n"),
            PLACES,
            'people.csv, row 2, column first_time: "perhaps" is not yes or no',
        ),
        (PEOPLE, PLACES.replace("fr1,1", "fr1,one"), 'places.csv, row 2, column capacity: "one" is not a whole number'),
        (PEOPLE, PLACES.replace(",analysis", ",analysis,more"), "places.csv, row 2: it has 10 cells, the heading 9"),
        (
            PEOPLE,
            PLACES.replace("analysis", "analysis:1:2:3"),
            '"analysis:1:2:3" has too many parts; write it as area:level:years',
        ),
        (PEOPLE, PLACES.partition("\n")[0], "there are no seats in the files"),
        ("", PLACES, "people.csv: it is empty"),
        (
            PEOPLE,
            PLACES.replace("fr1,1", "fr1,-1"),
            "column capacity: -1 is not possible here; write a whole number from 0 to 500",
        ),
    ],
)
def test_errors_are_named_by_row_and_column(tmp_path: Path, people: str, places: str, message: str) -> None:
    """An error names the file, the row as the spreadsheet shows it, the column and the remedy."""
    with pytest.raises(UnusableFiles) as refused:
        problems.read(_files(tmp_path, people_csv=people, places_csv=places), day=DAY)
    assert message in str(refused.value)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    """Faults of headings, cells, doubles, rules and references of four files stand in one message."""
    rules = json.dumps({"rules": {"share": "half", "ceilings": {"Atlantis": 1}}, "colour": 1})
    fixed = "candidate_id,seat_id\nf,nowhere\n"
    spoilt = PEOPLE.replace("en:A1", "english").replace("analysis:2:5", "analysis:2:5:7").replace("\nb;", "\na;")
    with pytest.raises(UnusableFiles) as refused:
        problems.read(
            _files(tmp_path, people_csv=spoilt, places_csv=PLACES, rules_json=rules, fixed_csv=fixed), day=DAY
        )
    assert [line.split(": ")[0].rpartition("/")[2] for line in str(refused.value).splitlines()[1:]] == [
        "people.csv, row 2, column expertise",
        "people.csv, row 3, column languages",
        "people.csv, row 3, column id",
        "rules.json, rules.share",
        "rules.json, rules.ceilings.Atlantis",
        "rules.json, colour",
        "fixed.csv, row 1",
        "fixed.csv, row 2, column seat_id",
    ]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    """The terminal gets the first 25 faults, the number of all, and the way to see the others."""
    many = PEOPLE + "".join(f"c{n};study_visit;GE;g;operational;english;;;;\n" for n in range(40))
    with pytest.raises(
        UnusableFiles, match=r"the files have 40 faults[\s\S]*and 15 more; --annotate FILE names them all"
    ):
        problems.read(_files(tmp_path, people_csv=many, places_csv=PLACES), day=DAY)


def test_json_faults_name_their_place(tmp_path: Path) -> None:
    """Items of a JSON file are counted from 0, as its readers do."""
    text = json.dumps({"candidates": [{"id": "a"}], "seats": []})
    with pytest.raises(UnusableFiles, match="there are no seats"):
        problems.read(_files(tmp_path, all_json=text), day=DAY)
    text = json.dumps({"candidates": [{"id": "a", "kind": "guest"}]})
    with pytest.raises(UnusableFiles, match=r'all\.json, candidates\[0\]\.kind: "guest" is not known'):
        problems.read(_files(tmp_path, all_json=text, places_csv=PLACES), day=DAY)
    with pytest.raises(UnusableFiles, match="this is not JSON"):
        problems.read(_files(tmp_path, all_json="{"), day=DAY)
    with pytest.raises(UnusableFiles, match="cannot be read: No such file"):
        problems.read([tmp_path / "missing.csv"], day=DAY)


def _tandem(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "", "COLUMNS": "200"},
        check=False,
    )


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_match_writes_matches_receipts_and_prices(tmp_path: Path) -> None:
    """No service runs; an unmatched candidate gets the rule and the smallest change; the digest is that of the run."""
    files = _files(tmp_path, people_csv=PEOPLE, places_csv=PLACES)
    done = _tandem("match", *files, "--day", "2027-01-04", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 of 2 have a place, 1 have none.")
    assert [(row["candidate_id"], row["seat_id"]) for row in _read(tmp_path / "out" / "matches.csv")] == [("a", "s")]
    matched, other = _read(tmp_path / "out" / "receipts.csv")
    assert (matched["why"], other["why"], other["last_rule"]) == ("matched", "no_feasible_seat", "common_language")
    written_run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    result = run(problems.read(files, day=DAY))
    assert (written_run["digest"], written_run["matched"], written_run["blocking_pairs"]) == (result.digest, 1, 0)
    whole = json.loads((tmp_path / "out" / "receipts.json").read_text("utf-8"))
    assert whole[0]["match"]["gain"] == result.pairs[0].gain
    shown = _tandem("match", *files, "--day", "2027-01-04")
    assert shown.stdout == (tmp_path / "out" / "matches.csv").read_text("utf-8")


def test_a_problem_with_a_fault_ends_with_2(tmp_path: Path) -> None:
    """The message stands on standard error, without a stack trace."""
    done = _tandem("match", *_files(tmp_path, people_csv=PEOPLE.replace("en:A1", "en:A9"), places_csv=PLACES))
    assert done.returncode == 2
    assert done.stderr.startswith("tandem: ")
    assert "row 3, column languages" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_if_says_who_wins_and_who_loses(tmp_path: Path) -> None:
    """With another weight the other one gets the place; by country, service and rank group, and in a file."""
    people = PEOPLE.replace("en:A1", "en:B2").replace("2027-03-01; yes", "2027-03-01; yes")
    files = _files(tmp_path, people_csv=people, places_csv=PLACES)
    out = tmp_path / "out"
    done = _tandem("what-if", *files, "--ceiling", "AM=0", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Win a place: 1. Lose their place: 1. Get a different place: 0." in done.stdout
    assert "country AM: 0 win, 1 lose, 0 move" in done.stdout
    assert [(row["candidate_id"], row["change"]) for row in _read(out / "changes.csv")] == [
        ("a", "loses"),
        ("b", "wins"),
    ]
    assert {row["group"] for row in _read(out / "groups.csv")} == {"country", "service", "rank group"}
    assert json.loads((out / "after.json").read_text("utf-8"))["matched"] == 1
    nothing = _tandem("what-if", *files)
    assert (nothing.returncode, "Nothing is changed" in nothing.stderr) == (2, True)


def test_what_if_counts_wishes_in_another_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The host wants the other officer, who gets the place once wishes come first; an unknown way is refused."""
    seats = PLACES.replace("expertise\n", "expertise,wishes\n").replace(",analysis\n", ",analysis,b\n")
    files = _files(tmp_path, people_csv=PEOPLE.replace("en:A1", "en:B2"), places_csv=seats)
    what_if.command(files, wishes="wishes_first", out=tmp_path / "out")
    assert "Win a place: 1. Lose their place: 1." in capsys.readouterr().out
    assert [(row["candidate_id"], row["change"]) for row in _read(tmp_path / "out" / "changes.csv")] == [
        ("a", "loses"),
        ("b", "wins"),
    ]
    with pytest.raises(UnusableFiles, match="known are scores, wishes_first, wishes_among_equals"):
        what_if.command(files, wishes="first")


def test_other_terms_change_only_what_they_name(tmp_path: Path) -> None:
    """Of weights, ceilings and floors what is named; null takes one away; what is wrong is named."""
    rules = Rules(ceilings={"AM": 1, "GE": 2}, share=50)
    problem = Problem(call_id="c", day=DAY, seed="s", candidates=(), seats=(), rules=rules)
    (file,) = _files(tmp_path, terms_json=json.dumps({"rules": {"ceilings": {"AM": None}, "share": 60}}))
    options = {"weights": terms.weights(["topic=9:0"]), "floors": terms.counts("--floor", ["GE=1"])}
    other = terms.change_rules(problem, file, options)
    assert (other.ceilings, other.floors, other.share) == ({"GE": 2}, {"GE": 1}, 60)
    assert other.weights[Criterion.TOPIC].applicant == 9
    assert other.weights[Criterion.LANGUAGE] == rules.weights[Criterion.LANGUAGE]
    assert terms.change_rules(problem, None, {"objective": "most_good"}).objective is Objective.MOST_GOOD
    for texts, message in ((["topic"], "--weight topic"), (["topic=1"], "write it as topic=5:1")):
        with pytest.raises(UnusableFiles, match=message):
            terms.weights(texts)
    with pytest.raises(UnusableFiles, match="write it as AM=3"):
        terms.counts("--ceiling", ["AM"])
    with pytest.raises(UnusableFiles, match="known are stable, most_good"):
        terms.change_rules(problem, None, {"objective": "fair"})


VISITS = """candidate_id,seat_id,home_country,host_country,confirmed_on,days,host_periods,candidate_periods,places
a,s,AM,FR,2027-01-04,5,2027-03-01/2027-03-12,,2027-03-01:1; 2027-03-08:1
b,s,MD,FR,2027-01-04,5,2027-03-01/2027-03-12,2027-03-01/2027-03-05,2027-03-01:1; 2027-03-08:1
c,s,UA,FR,2027-01-04,3,2027-01-11/2027-01-15,,
"""


def test_progress_is_shown_only_after_some_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """A short command says nothing; a long one says every few seconds how many of how many are done."""
    now = 0.0
    progress = Progress(lambda: now)
    for _ in progress.over(range(4), 4, "Explaining the results"):
        now += QUIET / 2
    now += QUIET / 2
    progress.begin("Matching again")
    assert capsys.readouterr().err.splitlines() == ["Explaining the results: 3 of 4 …", "Matching again …"]


def test_visits_that_lose_their_dates_are_not_counted_as_moved(tmp_path: Path) -> None:
    """The last line says how many have other dates, and how many lost those announced."""
    heading, *_ = VISITS.splitlines()
    lost = "c,s,UA,FR,2027-01-04,1,2027-03-01/2027-03-05,2027-04-05/2027-04-09,,2027-03-03"
    (file,) = _files(tmp_path, visits_csv=f"{heading},announced\n{lost}\n")
    done = _tandem("schedule", file)
    assert "0 of 1 visits have dates, 0 moved, 1 lost those announced. No plan is better." in done.stderr


def test_visits_of_a_file_get_their_dates(tmp_path: Path) -> None:
    """Two who share a place a week, one whose only week comes too soon; the plan is proven."""
    (file,) = _files(tmp_path, visits_csv=VISITS)
    done = _tandem("schedule", file)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["start"], row["days"], row["why_not"]) for row in rows] == [
        ("2027-03-09", "4", ""),
        ("2027-03-01", "5", ""),
        ("", "0", "notice_too_short"),
    ]
    assert "2 of 3 visits have dates, 0 moved. No plan is better." in done.stderr
    written = _tandem("schedule", file, "--seconds", "0", "--out", tmp_path / "dates.csv")
    assert written.returncode == 0
    assert len(_read(tmp_path / "dates.csv")) == 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            ("2027-03-01/2027-03-12,,", "2027-03-12/2027-03-01,,"),
            'visits.csv, row 2, column host_periods: "2027-03-12/2027-03-01" ends before it begins',
        ),
        (("2027-03-01/2027-03-12,,", "March,,"), 'visits.csv, row 2, column host_periods: "March" is not a period'),
        (
            (",5,2027", ",6,2027"),
            "visits.csv, row 2, column days: 6 is not possible here; write a whole number from 1 to 5",
        ),
        (("host_country", "host"), "visits.csv, row 1: there is no column host_country, which is needed"),
    ],
)
def test_errors_of_a_visit_are_named(tmp_path: Path, spoil: tuple[str, str], message: str) -> None:
    """Errors in a file of visits are named by row and column."""
    (file,) = _files(tmp_path, visits_csv=VISITS.replace(*spoil, 1))
    with pytest.raises(UnusableFiles) as refused:
        visits.read(file)
    assert message in str(refused.value)


def test_visits_and_policy_as_json(tmp_path: Path) -> None:
    """The same in JSON; further closed days by country."""
    policy, listed = _files(
        tmp_path,
        policy_json=json.dumps({"notice_weeks": 2, "extra_holidays": {"FR": ["2027-03-02"]}}),
        visits_json=json.dumps([{"candidate_id": "a", "seat_id": "s"}]),
    )
    with pytest.raises(UnusableFiles, match=r"visits\.json, \[0\]\.home_country: this is needed"):
        visits.read(listed, policy)
    (table,) = _files(tmp_path, visits_csv=VISITS)
    assert visits.read(table, policy)[1] == SchedulePolicy(
        notice_weeks=2, extra_holidays={"FR": frozenset({date(2027, 3, 2)})}
    )
    assert visits.read(table)[1] == SchedulePolicy()


def test_no_cell_is_a_formula() -> None:
    """A text that a spreadsheet would run is written as a text."""
    assert results.table(("id",), [["=1+1"]]) == "id\n'=1+1\n"


def test_the_formats_name_every_column() -> None:
    """docs/file-formats.md has each name that a file may hold."""
    text = FORMATS.read_text("utf-8")
    kinds: Sequence[type] = (Candidate, Seat, Fixed, Problem, Rules, VisitRequest, SchedulePolicy)
    missing = [
        (kind.__name__, part.name)
        for kind in kinds
        for part in fields(kind)
        if f"`{part.name}`" not in text and f'"{part.name}"' not in text
    ]
    assert missing == []


def test_wishes_of_a_file_are_counted_as_its_rule_says(tmp_path: Path) -> None:
    """An order of seats in a column, with the rule in words, decides between two seats that give the same points."""
    heading, row, *_ = PEOPLE.splitlines()
    places = PLACES + PLACES.splitlines()[1].replace("s,", "t,", 1) + "\n"
    for wish in ("s", "t"):
        people = f"{heading};wanted seats\n{row};{wish.upper()}\n"
        rules = json.dumps({"rules": {"wishes": "Wishes first"}})
        problem = problems.read(_files(tmp_path, people_csv=people, places_csv=places, rules_json=rules), day=DAY)
        assert (problem.rules.wishes, problem.candidates[0].wishes) == (Wishes.WISHES_FIRST, (wish,))
        assert run(problem).matching == {"a": wish}


def test_a_wish_that_stands_twice_counts_once_and_too_many_are_a_fault(tmp_path: Path) -> None:
    """An id in two spellings or twice in JSON is one wish, with a warning; the 21st wish is a fault of its row."""
    heading, row, *_ = PEOPLE.splitlines()
    lines = [PLACES.splitlines()[1].replace("s,", f"s{number},", 1) for number in range(21)]
    places = "\n".join((PLACES.splitlines()[0], *lines, ""))
    reading = Reading()
    files = _files(tmp_path, people_csv=f"{heading};wishes\n{row};s1,S1,s0\n", places_csv=places)
    problem = problems.read(files, day=DAY, reading=reading)
    assert problem.candidates[0].wishes == ("s1", "s0")
    assert any("s1 is several times in the list, and counts once" in line for line in reading.findings.remarks())
    person = {
        "id": "b", "kind": "study_visit", "country": "GE", "organisation_id": "ge1", "rank_group": "operational",
        "languages": {"en": "B2"}, "wishes": ["s1", "s1"],
    }  # fmt: skip
    people = json.dumps({"candidates": [person]})
    assert problems.read([*_files(tmp_path, more_json=people), files[1]], day=DAY).candidates[0].wishes == ("s1",)
    every = ",".join(f"s{number}" for number in range(21))
    many = _files(tmp_path, many_csv=f"{heading};wishes\n{row};{every}\n")
    with pytest.raises(UnusableFiles, match="there are 21 seats in order; 20 is the most"):
        problems.read([*many, files[1]], day=DAY)
