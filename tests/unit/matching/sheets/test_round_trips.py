"""Test that problems of any kind, written as people write them, read back as the same problems."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.problem import document
from services.matching.engine.problem.digest import digest as digest_of
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Seat
from services.matching.sheets.files import problems, words
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.fields import FIELDS, Pairs, columns_of
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.sheets import Reading
from services.matching.sheets.files.words import Choice
from shared.contracts.codes import COUNTRIES
from tests.unit.matching.engine.worlds import make_problem
from tests.unit.matching.sheets.sheets import DAY, as_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pytest

_AGENCIES = ("Policía", "Żandarmeria", "Полиция", "Garda Síochána", "Поліція", "Bundespolizei", "Rīga")
_KINDS: Mapping[str, type] = {"candidates": Candidate, "seats": Seat, "fixed": Fixed}


def lawful(problem: Problem, dice: random.Random) -> Problem:
    """Return a random problem in which every id names something of the problem, with agencies of many scripts."""
    agencies = {
        old: f"{dice.choice(_AGENCIES)} {number}"
        for number, old in enumerate(
            sorted(
                {item.organisation_id for item in problem.candidates} | {seat.organisation_id for seat in problem.seats}
            )
        )
    }
    people, places = {item.id for item in problem.candidates}, {item.id for item in problem.seats}
    known = {**agencies, **{id_: id_ for id_ in people | places}}

    def of(ids: frozenset[str], others: set[str]) -> frozenset[str]:
        return frozenset(known[id_] for id_ in ids if id_ in known and (id_ in agencies or id_ in others))

    return replace(
        problem,
        candidates=tuple(
            replace(
                item,
                organisation_id=agencies[item.organisation_id],
                conflicts=of(item.conflicts, places),
                barred=item.barred & places,
                pre_matched=item.pre_matched if item.pre_matched in places else None,
            )
            for item in problem.candidates
        ),
        seats=tuple(
            replace(
                item,
                organisation_id=agencies[item.organisation_id],
                conflicts=of(item.conflicts, people),
                pre_matched=item.pre_matched if item.pre_matched in people else None,
            )
            for item in problem.seats
        ),
        rules=replace(
            problem.rules,
            exclusions=tuple(
                replace(pair, first=agencies.get(pair.first, pair.first), second=agencies.get(pair.second, pair.second))
                for pair in problem.rules.exclusions
                if all(side in agencies or side in COUNTRIES for side in (pair.first, pair.second))
            ),
        ),
    )


@given(seed=st.integers(0, 2**32))
def test_a_problem_as_json_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """A file that the program itself writes is understood as written, without a remark about a value."""
    dice = random.Random(seed)
    problem = lawful(make_problem(dice, 4, 3, tight=0.4), dice)
    if not problem.candidates or not problem.seats:
        return
    file = tmp_path_factory.mktemp("json") / "problem.json"
    file.write_bytes(document.dumps(problem))
    reading = Reading()
    assert digest_of(problems.read([file], day=DAY, reading=reading)) == digest_of(problem)
    assert reading.findings.of(Level.UNDERSTOOD) == []


class Writer:
    """Writes the parts of a problem as people do: labels or codes, any case, one way of days for each column."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._days: Callable[[date], str] = str

    def heading(self, kind: type, name: str) -> str:
        """Return a column's name in one of the ways that are understood."""
        forms = [name, name.replace("_", " ").title(), name.upper(), f" {name.replace('_', '-')} "]
        forms += [form for form, meant in columns_of(kind).items() if meant == name]
        return self._dice.choice(forms)

    def column(self) -> None:
        """Begin another column: its days are written in one way."""
        ways: Sequence[Callable[[date], str]] = (
            str,
            lambda day: f"{day:%d.%m.%Y}",
            lambda day: f"{day:%d/%m/%Y}",
            lambda day: f"{day:%m/%d/%Y}",
            lambda day: f"{day.day} {day:%B %Y}",
        )
        self._days = self._dice.choice(ways)

    def cell(self, shape: Any, value: Any) -> str:
        """Return the text of a cell."""
        between = self._dice.choice(("; ", ";", "\n"))
        if value is None:
            return ""
        if isinstance(value, list):
            return between.join(self._word(shape.word, item) for item in value) or "-"
        if isinstance(value, dict) and isinstance(shape, Pairs):
            mark = self._dice.choice((":", ": ", " : "))
            pairs = (f"{self._word(shape.key, key)}{mark}{self._word(shape.item, item)}" for key, item in value.items())
            return between.join(pairs) or "-"
        if isinstance(value, dict):
            skills = (
                f"{self._word(words.AREA, area)}:{skill.get('level', 2)}:{skill.get('years', 0)}"
                for area, skill in value.items()
            )
            return between.join(skills) or "-"
        return self._word(shape.word, value)

    def _word(self, word: Any, value: Any) -> str:
        if isinstance(value, bool):
            return self._dice.choice(("yes", "Yes", "TRUE", "y") if value else ("no", "No", "FALSE", "n"))
        if isinstance(word, words.Day):
            return self._days(date.fromisoformat(value))
        if isinstance(word, Choice):
            names = [value, word.labels[value], *(name for name, code in word.others.items() if code == value)]
            name = self._dice.choice([name for name in names if not set(name) & set(",;:")])
            return self._dice.choice((name, name.upper(), name.lower(), f"  {name}"))
        return str(value)


def tables_of(problem: Problem, dice: random.Random) -> tuple[dict[str, list[list[str]]], dict[str, Any]]:
    """Return the tables of a problem as texts, and the rest as JSON has it."""
    plain = document.plain(problem)
    writer, found = Writer(dice), {}
    for part, kind in _KINDS.items():
        rows = plain.pop(part, [])
        names = list(dict.fromkeys(name for row in rows for name in row))
        dice.shuffle(names)
        columns = []
        for name in names:
            writer.column()
            texts = [writer.cell(FIELDS[kind][name], row.get(name)) for row in rows]
            columns.append([writer.heading(kind, name), *texts])
        if rows:
            found[part] = [list(row) for row in zip(*columns, strict=True)]
    return found, plain


def as_workbook(path: Path, tables: Mapping[str, list[list[str]]], dice: random.Random) -> None:
    """Write tables as sheets; whole numbers and days become those of the spreadsheet now and then."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"}) as book:
        for name, rows in tables.items():
            sheet = book.add_worksheet(name.title())
            above = dice.choice((0, 0, 1, 2))
            if above:
                sheet.merge_range(0, 0, 0, 3, "Study visits 2027")
            for at, row in enumerate(rows, above):
                for column, text in enumerate(row):
                    if text.isascii() and text.isdigit() and dice.random() < 0.7:
                        sheet.write_number(at, column, int(text))
                    elif re.fullmatch(r"\d{4}-\d\d-\d\d", text) and dice.random() < 0.7:
                        sheet.write_datetime(at, column, date.fromisoformat(text))
                    elif text:
                        sheet.write_string(at, column, text)


@given(seed=st.integers(0, 2**32))
def test_a_lawful_problem_reads_back_the_same_or_its_doubtful_cell_is_named(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """With all labels, cases, delimiters and encodings no value is understood as another one."""
    dice = random.Random(seed)
    problem = lawful(make_problem(dice, 4, 3, tight=0.4), dice)
    if not problem.candidates or not problem.seats:
        return
    folder = tmp_path_factory.mktemp("sheets")
    tables, rest = tables_of(problem, dice)
    encoding = dice.choice(
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252")
    )
    paths = [folder / "rest.json"]
    paths[0].write_bytes(json.dumps(rest).encode())
    if dice.random() < 0.5:
        paths.append(folder / "all.xlsx")
        as_workbook(paths[-1], tables, dice)
    else:
        for name, rows in tables.items():
            paths.append(folder / f"{name}.csv")
            paths[-1].write_bytes(as_csv(rows, dice.choice(",;\t|"), encoding))
    reading = Reading()
    try:
        read = problems.read(paths, day=DAY, reading=reading)
    except UnusableFiles:
        for fault in reading.findings.of(Level.FAULT):
            assert "do not settle it" in fault.text or "its encoding" in fault.text, fault
            assert fault.place.column is not None or "its encoding" in fault.text
    else:
        assert digest_of(read) == digest_of(problem)
