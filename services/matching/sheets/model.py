"""Check and match sheets that a coordinator has sent; nothing is stored, and only the result is returned."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from services.matching.engine.layers import run_layers
from services.matching.sheets.files import annotated_copy, earlier, problems, result_workbook
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.findings import Level
from services.matching.sheets.files.sentences import Sentences
from services.matching.sheets.files.sheets import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Problem
    from shared.contracts.codes import Objective

MOST_BYTES = 5_000_000
MOST_FILES = 10
MOST_PAIRS = 400_000
"""The greatest number of candidates times seats."""
_EFFORT_UP_TO = 2_500
"""Up to so many pairs the smallest changes are looked for that would have given somebody a place."""
_EFFORT = 12
SHOWN = 5_000
"""So many rows of a table at most are on the page; the workbooks have all."""
PART = 500
"""So many rows of them stand in one table; each further table is folded."""
COPIED = 5_000
"""Files of so many rows at most get an annotated copy: it takes as long as reading them."""


class Wish(StrEnum):
    """The answer that a coordinator asks for: only the check, or the result too."""

    CHECK = "check"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """The files, what is asked for, and what to compare with, if anything: another objective, an earlier result."""

    files: tuple[SentFile, ...]
    day: date
    wish: Wish
    other: Objective | None = None
    encoding: str | None = None
    earlier: SentFile | None = None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding in words: its level, its place, and the fault with its remedy."""

    level: Level
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """The result of one candidate, with a plain sentence."""

    candidate: str
    country: str
    seat: str
    seat_country: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A candidate whose seat differs under the other objective."""

    candidate: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run as a page shows it."""

    summary: Sequence[tuple[str, str]]
    technical: Sequence[tuple[str, str]]
    people: Sequence[PersonLine]
    people_in_all: int
    rates: Sequence[tuple[str, str, int, int]]
    other: Sequence[tuple[str, str, str]]
    """Measures with both values, where another objective was compared."""
    changes: Sequence[ChangeLine]
    changes_in_all: int
    has_same_objective: bool
    """True where the objective to compare with is the one of the files, so that nothing was compared."""
    since: Sequence[earlier.Change] | None = None
    """The candidates with another result than in the earlier run; None where none was sent."""
    since_counts: Sequence[tuple[str, int]] = ()
    """The numbers of those who gain, lose and change their place since then."""


@dataclass(frozen=True, slots=True)
class SheetOutcome:
    """The reading of the files in lines, and the answer that was requested, with its workbooks."""

    findings: Sequence[FindingLine]
    counts: tuple[int, int, int]
    """Faults, warnings, and values understood otherwise than written."""
    findings_in_all: int
    size: tuple[int, int, int] | None = None
    """Candidates, seats and fixed pairs, where the files have no fault."""
    result: RunResult | None = None
    workbook: bytes | None = field(default=None, repr=False)
    """The result as a workbook."""
    copy: bytes | None = field(default=None, repr=False)
    """The annotated copy of the files, made where nothing was matched and something was found."""
    is_long: bool = False
    """True where the files have more rows than a copy is made of."""


def answer(request: SheetRequest, _step: Callable[[int], None]) -> SheetOutcome:
    """Return what the files hold, and the result if that was asked for. For a process of its own."""
    contents = {Path(file.name): file.content for file in request.files}
    before: Path | None = None
    if request.earlier is not None:
        before = Path("earlier result") / request.earlier.name
        contents[before] = request.earlier.content
    reading = Reading(request.encoding, contents=contents)
    problem: Problem | None = None
    # The encoding that was chosen is that of the files; the earlier result is judged by itself.
    known = None if before is None else earlier.read(before, replace(reading, encoding=None))
    try:
        problem = problems.read([file for file in contents if file != before], day=request.day, reading=reading)
    except UnusableFiles as wrong:
        if not reading.findings.of(Level.FAULT):
            raise ValueError(str(wrong)) from wrong
    if known is not None and before is not None and problem is not None:
        known = earlier.compare(known, problem, before, reading.findings)
    outcome = _checked(reading, problem)
    if problem is None or request.wish is Wish.CHECK:
        is_long = sum(len(sheet.rows) for sheet in reading.sheets) > COPIED
        copy = annotated_copy.make(reading) if outcome.findings_in_all and not is_long else None
        return replace(outcome, copy=copy, is_long=is_long)
    pairs = len(problem.candidates) * len(problem.seats)
    if pairs > MOST_PAIRS:
        large = FindingLine(
            Level.FAULT,
            "all files",
            f"{len(problem.candidates):,} candidates times {len(problem.seats):,} seats are too many to match here; "
            f"the most is {MOST_PAIRS:,}. Send fewer rows.",
        )
        _, *rest = outcome.counts
        findings, in_all = [large, *outcome.findings], outcome.findings_in_all + 1
        return replace(outcome, findings=findings, findings_in_all=in_all, counts=(1, rest[0], rest[1]), size=None)
    return _matched(request, problem, outcome, known, _EFFORT if pairs <= _EFFORT_UP_TO else 0)


def _checked(reading: Reading, problem: Problem | None) -> SheetOutcome:
    found = {level: reading.findings.of(level) for level in Level}
    lines = [
        FindingLine(level, str(finding.place), f"{finding.text[:1].upper()}{finding.text[1:]}.")
        for level in (Level.FAULT, Level.WARNING)
        for finding in found[level]
    ]
    # A value of a column is listed once, however many rows have it.
    lines += [
        FindingLine(Level.UNDERSTOOD, str(place), f'"{written}" as {text}')
        for place, written, text in dict.fromkeys(
            (replace(finding.place, row=None), finding.written, finding.text) for finding in found[Level.UNDERSTOOD]
        )
    ]
    counts = (len(found[Level.FAULT]), len(found[Level.WARNING]), len(found[Level.UNDERSTOOD]))
    size = None if problem is None else (len(problem.candidates), len(problem.seats), len(problem.fixed))
    return SheetOutcome(lines[:SHOWN], counts, len(lines), size)


def _matched(
    request: SheetRequest, problem: Problem, outcome: SheetOutcome, known: earlier.Earlier | None, effort: int
) -> SheetOutcome:
    result = run_layers(problem)
    receipts = sorted(result.receipts(effort=effort), key=lambda receipt: receipt.candidate_id)
    since = None if known is None else earlier.changes(known, result, receipts, Sentences(problem))
    workbook = result_workbook.make(result, receipts, since)
    other, is_same = None, request.other is problem.rules.objective
    if request.other is not None and not is_same:
        other = run_layers(replace(problem, rules=replace(problem.rules, objective=request.other)))
    found = _run_result(result, receipts, other, has_same_objective=is_same)
    if since is not None:
        counts = [(move.value, sum(change.what is move for change in since)) for move in earlier.Move]
        found = replace(found, since=since[:SHOWN], since_counts=counts)
    return replace(outcome, result=found, workbook=workbook)


def _measure(value: object) -> str:
    """Return a measure as the page shows it: thousands apart, other values as they are."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _run_result(
    result: Result, receipts: Sequence[Receipt], other: Result | None, *, has_same_objective: bool
) -> RunResult:
    candidates = {candidate.id: candidate for candidate in result.problem.candidates}
    seats = {seat.id: seat for seat in result.problem.seats}
    sentences = Sentences(result.problem)
    people = [
        PersonLine(
            receipt.candidate_id,
            result_workbook.country(candidates[receipt.candidate_id].country),
            receipt.match.seat_id if receipt.match else "",
            result_workbook.country(seats[receipt.match.seat_id].country) if receipt.match else "",
            sentences.message(receipt),
        )
        for receipt in receipts[:SHOWN]
    ]
    changes: list[ChangeLine] = []
    measures: list[tuple[str, str, str]] = []
    if other is not None:
        then, now = result.matching, other.matching
        changes = [
            ChangeLine(candidate, then.get(candidate, ""), now.get(candidate, ""))
            for candidate in sorted(then.keys() | now.keys())
            if then.get(candidate) != now.get(candidate)
        ]
        # Only a floor has a measure under one objective alone: where it is not met.
        own, others = dict(result_workbook.summary(result)), dict(result_workbook.summary(other))
        measures = [
            (name, _measure(own.get(name, "met")), _measure(others.get(name, "met")))
            for name in dict.fromkeys((*own, *others))
            if own.get(name) != others.get(name)
        ]
    return RunResult(
        summary=[(name, _measure(value)) for name, value in result_workbook.summary(result)],
        technical=[(name, str(value)) for name, value in result_workbook.technical(result)],
        people=people,
        people_in_all=len(receipts),
        rates=result_workbook.rates(result),
        other=measures,
        changes=changes[:SHOWN],
        changes_in_all=len(changes),
        has_same_objective=has_same_objective,
    )
