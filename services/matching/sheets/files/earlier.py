"""Compare a run with an earlier one by the result workbook that the earlier one gave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from services.matching.sheets.files import sheets
from services.matching.sheets.files.findings import Level, Place
from services.matching.sheets.files.references import Ids, form_of
from services.matching.sheets.files.sheets import EMPTY
from services.matching.sheets.files.words import plain_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Problem
    from services.matching.sheets.files.findings import Findings
    from services.matching.sheets.files.sentences import Sentences
    from services.matching.sheets.files.sheets import Cell, Reading, Sheet

_LISTED = 5
_TITLE_ROWS = 20


class Move(StrEnum):
    """The change of a candidate's result since the earlier run."""

    GAINS = "gains a place"
    LOSES = "loses the place"
    MOVES = "gets another place"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier run: who had which seat, everybody who took part, and the places of each seat, as far as known."""

    matching: Mapping[str, str]
    candidates: frozenset[str] = frozenset()
    capacities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate whose result differs: the seats before and after, empty for none, and why."""

    candidate: str
    before: str
    after: str
    what: Move
    why: str


def read(file: Path, reading: Reading) -> Earlier | None:
    """Return the run in a result workbook (or in `matches.csv`); None after a fault, which is found."""
    findings = reading.findings
    found: list[Sheet] = []
    matching: dict[str, str] | None = None
    for way in sheets.read(file, reading):
        found, matching = way, _pairs(way, "matches", "seat", findings)
        if matching is not None:
            break
    if matching is None:
        if not any(fault.place.file == file for fault in findings.of(Level.FAULT)):
            findings.fault(
                Place(file), "this is no result of a run: it has no sheet Matches with the columns Candidate and Seat"
            )
        return None
    messages = _pairs(found, "messages", "result", findings) or {}
    capacities = _pairs(found, "places", "places", findings, key="seat") or {}
    return Earlier(matching, frozenset(messages) | frozenset(matching) if messages else frozenset(), capacities)


def _pairs(
    found: Sequence[Sheet], name: str, value: str, findings: Findings, *, key: str = "candidate"
) -> dict[str, str] | None:
    """Return two columns of a sheet as key and value; None without such a sheet. A key that is there twice is found."""
    for sheet in found:
        if (sheet.name is not None and sheet.name.casefold() != name) or (sheet.name is None and name != "matches"):
            continue
        for heading, row in sheet.rows[:_TITLE_ROWS]:
            names = [plain_form(cell.text).removesuffix(" id") for cell in row]
            if key in names and value in names:
                at, of = names.index(key), names.index(value)
                body = [
                    (number, own[at] if at < len(own) else EMPTY, own[of] if of < len(own) else EMPTY)
                    for number, own in sheet.rows
                    if number > heading and any(cell.text for cell in own)
                ]
                return _values(sheet, body, (key, value), findings)
    return None


def _values(
    sheet: Sheet, body: Sequence[tuple[int, Cell, Cell]], names: tuple[str, str], findings: Findings
) -> dict[str, str]:
    """Return the texts of two cells of each row as key and value; a row without one of them is found."""
    pairs: dict[str, str] = {}
    known: set[str] = set()
    for number, key, value in body:
        place = replace(sheet.place, row=number)
        for fault in (cell.fault for cell in (key, value) if cell.fault is not None):
            findings.fault(place, fault)
        if form_of(key.text) in known:
            findings.fault(place, f"{key.text} is there twice; keep one of the rows")
        known.add(form_of(key.text) or f"row {number}")
        if key.text and value.text:
            pairs[key.text] = value.text
        else:
            empty = " and ".join(name for name, cell in zip(names, (key, value), strict=True) if not cell.text)
            findings.fault(place, f"it has no {empty}; fill it in, or delete the row if it is a title or a total")
    return pairs


def compare(earlier: Earlier, problem: Problem, file: Path, findings: Findings) -> Earlier:
    """Return the earlier run with the ids of the files now, which may be written in another case.

    It is a warning where it has no candidate, or no seat, of the files now: it is hardly one of these sheets.
    """
    people = Ids("candidate", [each.id for each in problem.candidates] + [pair.candidate_id for pair in problem.fixed])
    seats = Ids("seat", [seat.id for seat in problem.seats])

    def own(ids: Ids, text: str) -> str:
        found = ids.find(text)
        if found not in {None, text}:
            findings.understood(Place(file), text, str(found))
        return found or text

    found = Earlier(
        {own(people, candidate): own(seats, seat) for candidate, seat in earlier.matching.items()},
        frozenset(own(people, candidate) for candidate in earlier.candidates),
        {own(seats, seat): places for seat, places in earlier.capacities.items()},
    )
    known, used = {*found.matching, *found.candidates}, {*found.matching.values(), *found.capacities}
    for what, before, now in (("candidate", known, people.exact), ("seat", used, seats.exact)):
        if before and not before & now:
            text = f"it shares no {what} with the files; check that it is a result of these, with the same ids"
            findings.warn(Place(file), text)
    return found


def changes(earlier: Earlier, result: Result, receipts: Sequence[Receipt], sentences: Sentences) -> list[Change]:
    """Return everybody whose seat differs from the earlier run, by id, each with the cause."""
    now = {**result.matching, **{pair.candidate_id: pair.seat_id for pair in result.problem.fixed}}
    messages = {receipt.candidate_id: receipt for receipt in receipts}
    guests: dict[str, list[str]] = defaultdict(list)
    for candidate, seat in sorted(now.items()):
        if earlier.matching.get(candidate) != seat:
            guests[seat].append(candidate)
    capacities = {seat.id: seat.capacity for seat in result.problem.seats}
    found = []
    for candidate in sorted(earlier.matching.keys() | now.keys()):
        before, after = earlier.matching.get(candidate, ""), now.get(candidate, "")
        if before == after:
            continue
        what = Move.MOVES if before and after else Move.GAINS if after else Move.LOSES
        why = _causes(earlier, candidate, before, capacities, guests)
        if candidate in messages:
            why.append(sentences.message(messages[candidate]))
        elif after:
            why.append("The pair is agreed before.")
        else:
            why.append("The candidate is not in the files now.")
        found.append(Change(candidate, before, after, what, " ".join(why)))
    return found


def _causes(
    earlier: Earlier, candidate: str, before: str, capacities: Mapping[str, int], guests: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return what differs between both runs for a candidate, in sentences."""
    found = []
    if earlier.candidates and candidate not in earlier.candidates:
        found.append("The candidate was not in the earlier run.")
    if before and before not in capacities:
        found.append(f"Seat {before} is not in the files now.")
    elif before:
        places = earlier.capacities.get(before, "")
        if places.isdecimal() and int(places) != capacities[before]:
            had = "1 place" if int(places) == 1 else f"{places} places"
            found.append(f"Seat {before} had {had}, and has {capacities[before]} now.")
        if others := guests.get(before, ()):
            more = f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
            found.append(f"Seat {before} goes to {', '.join(others[:_LISTED])}{more} now.")
    return found
