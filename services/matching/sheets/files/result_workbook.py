"""Write the result of a run as a workbook: who goes where, what to tell each, rates, places, the price of groups."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from services.matching.engine.layers import Layered
from services.matching.sheets.files.sentences import Sentences
from shared.contracts.codes import COUNTRIES, RankGroup, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.matching import Result
    from services.matching.sheets.files.earlier import Change

_WHY = {
    "matched": "Place",
    "no_feasible_seat": "No place fits",
    "quota": "Country's places are taken",
    "outranked": "Others have more points",
    "group_too_large": "No place takes the group",
}


class _Book:
    """A workbook in which no text is a formula, with a bold first row on every sheet."""

    def __init__(self) -> None:
        self._packed = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._packed, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self._bold = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._text = self._book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        self._number = self._book.add_format({"valign": "top"})
        self._rate = self._book.add_format({"valign": "top", "num_format": "0 %"})

    def sheet(self, name: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[object]]) -> None:
        """Add a sheet; a column has a heading and a width, a float is a rate."""
        sheet: Any = self._book.add_worksheet(name)
        for at, (heading, width) in enumerate(columns):
            sheet.set_column(at, at, width)
            sheet.write_string(0, at, heading, self._bold)
        count = 0
        for count, row in enumerate(rows, 1):
            for at, value in enumerate(row):
                if isinstance(value, float):
                    sheet.write_number(count, at, value, self._rate)
                elif isinstance(value, int):
                    sheet.write_number(count, at, value, self._number)
                elif value is not None:
                    sheet.write_string(count, at, str(value), self._text)
        sheet.freeze_panes(1, 0)
        if count:
            sheet.autofilter(0, 0, count, len(columns) - 1)

    def bytes(self) -> bytes:
        """Return the workbook."""
        self._book.close()
        return self._packed.getvalue()


def make(result: Result, receipts: Sequence[Receipt], since: Sequence[Change] | None = None) -> bytes:
    """Return the workbook of a run; `receipts` are those of all candidates, `since` the changes from before."""
    book = _Book()
    book.sheet("Summary", (("What", 34), ("Value", 70)), [*summary(result), *technical(result)])
    _people(book, result, receipts)
    _rates(book, result)
    _places(book, result)
    _groups(book, result, receipts)
    if since is not None:
        columns = (("Candidate", 24), ("What", 20), ("Seat before", 24), ("Seat now", 24), ("Why", 110))
        book.sheet("Since earlier run", columns, [(c.candidate, c.what.value, c.before, c.after, c.why) for c in since])
    return book.bytes()


def of_tables(sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[object]]]]) -> bytes:
    """Return a workbook with a sheet for each name: its columns, and its rows."""
    book = _Book()
    for name, (columns, rows) in sheets.items():
        book.sheet(name, [(column, 24) for column in columns], rows)
    return book.bytes()


def summary(result: Result) -> list[tuple[str, object]]:
    """Return the facts of a run in words, each with its value."""
    problem, prices = result.problem, result.prices
    places = sum(seat.capacity for seat in problem.seats)
    lines: list[tuple[str, object]] = [
        ("Candidates", len(problem.candidates)),
        ("With a place", len(result.pairs)),
        ("Without a place", len(result.unmatched)),
        ("Seats", len(problem.seats)),
        ("Places in all", places),
        ("Places taken before (fixed pairs)", len(problem.fixed)),
        ("Sum of points", prices.total),
        ("Highest sum that the rules allow", prices.best),
        ("Pairs who would both prefer each other", prices.blocking_pairs),
        ("Objective", problem.rules.objective.label),
        ("Rules checked as of", f"{problem.day.day} {problem.day:%B %Y}"),
    ]
    lines += [
        (f"Floor of {country(code)} not met", f"{missing} missing") for code, missing in result.unmet_floors.items()
    ]
    return lines


def technical(result: Result) -> list[tuple[str, object]]:
    """Return what somebody needs who has to get the same result again."""
    return [
        ("Seed of the tie-break", result.seed),
        ("Engine", result.engine_version),
        ("Digest of the inputs", result.digest),
    ]


def _people(book: _Book, result: Result, receipts: Sequence[Receipt]) -> None:
    """Add who goes where, and what to tell each."""
    problem = result.problem
    candidates = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    points = {pair.candidate_id: (pair.gain, pair.preference) for pair in result.pairs}
    fixed = [
        (
            pair.candidate_id,
            country(pair.country),
            pair.seat_id,
            country(seats[pair.seat_id].country),
            seats[pair.seat_id].organisation_id,
            pair.group_id,
            None,
            None,
            None,
            "agreed before",
        )
        for pair in problem.fixed
    ]
    placed = [
        (
            receipt.candidate_id,
            country(candidates[receipt.candidate_id].country),
            receipt.match.seat_id,
            country(seats[receipt.match.seat_id].country),
            seats[receipt.match.seat_id].organisation_id,
            candidates[receipt.candidate_id].group_id,
            *points[receipt.candidate_id],
            receipt.match.rank,
            "new",
        )
        for receipt in receipts
        if receipt.match is not None
    ]
    book.sheet(
        "Matches",
        (
            ("Candidate", 24),
            ("From", 18),
            ("Seat", 24),
            ("To", 18),
            ("Host organisation", 24),
            ("Group", 14),
            ("Points for the applicant", 14),
            ("Points for the host", 14),
            ("Number in the applicant's order", 16),
            ("Since", 14),
        ),
        sorted([*placed, *fixed], key=lambda row: str(row[0])),
    )
    sentences = Sentences(problem)
    book.sheet(
        "Messages",
        (("Candidate", 24), ("From", 18), ("Result", 24), ("Message", 110)),
        (
            (
                receipt.candidate_id,
                country(candidates[receipt.candidate_id].country),
                _WHY[receipt.why.value],
                sentences.message(receipt),
            )
            for receipt in sorted(receipts, key=lambda receipt: receipt.candidate_id)
        ),
    )


def _rates(book: _Book, result: Result) -> None:
    """Add how many have a place, by country, service and rank group, each with its base."""
    book.sheet(
        "Rates",
        (("Group", 14), ("Name", 26), ("Candidates", 12), ("With a place", 12), ("Rate", 10), ("In words", 16)),
        (
            (group, name, whole, placed, placed / whole, f"{placed} of {whole}")
            for group, name, placed, whole in rates(result)
        ),
    )


def rates(result: Result) -> list[tuple[str, str, int, int]]:
    """Return group, name, how many have a place and of how many: by country, service and rank group."""
    matched = {*result.matching, *(pair.candidate_id for pair in result.problem.fixed)}
    counted: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for candidate in result.problem.candidates:
        groups = (
            ("Country", country(candidate.country)),
            ("Service", _label(ServiceKind, candidate.service)),
            ("Rank group", _label(RankGroup, candidate.rank_group)),
        )
        for group in groups:
            counted[group][candidate.id in matched] += 1
    order = ("Country", "Service", "Rank group")
    ordered = sorted(counted.items(), key=lambda entry: (order.index(entry[0][0]), entry[0][1]))
    return [(group, name, counts[True], counts.total()) for (group, name), counts in ordered]


def _places(book: _Book, result: Result) -> None:
    """Add each seat with its places and who takes them."""
    guests: dict[str, list[str]] = defaultdict(list)
    for seat_id, candidate_id in (
        *((pair.seat_id, pair.candidate_id) for pair in result.problem.fixed),
        *((pair.seat_id, pair.candidate_id) for pair in result.pairs),
    ):
        guests[seat_id].append(candidate_id)
    book.sheet(
        "Places",
        (
            ("Seat", 24),
            ("Country", 18),
            ("Host organisation", 24),
            ("Places", 10),
            ("Taken", 10),
            ("Free", 10),
            ("Who", 60),
        ),
        (
            (
                seat.id,
                country(seat.country),
                seat.organisation_id,
                seat.capacity,
                len(guests[seat.id]),
                max(0, seat.capacity - len(guests[seat.id])),
                "; ".join(sorted(guests[seat.id])),
            )
            for seat in sorted(result.problem.seats, key=lambda seat: seat.id)
        ),
    )


def _groups(book: _Book, result: Result, receipts: Sequence[Receipt]) -> None:
    """Add the groups, and what it costs the others that groups go first."""
    if not isinstance(result, Layered):
        return
    price = result.groups_price
    rows: list[tuple[object, ...]] = [
        ("All groups", f"{price.placed} placed, {price.unplaced} not", None),
        (
            "Price: singles kept out",
            f"{price.envied} pairs of a single and a seat prefer each other, but a group has the seat",
            price.envied,
        ),
        (
            "Price: groups kept apart",
            f"{price.blocking} pairs of a group and a seat would both leave their partners for each other",
            price.blocking,
        ),
    ]
    group_of = {candidate.id: candidate.group_id for candidate in result.problem.candidates}
    members: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.together is not None and (group := group_of[receipt.candidate_id]):
            members[group].append(receipt)
    for group, own in sorted(members.items()):
        seat = own[0].seat_id
        rows.append((f"Group {group}", f"goes to {seat}" if seat else "has no place", len(own)))
    book.sheet("Groups", (("What", 30), ("In words", 90), ("Number", 10)), rows)


def country(code: str) -> str:
    """Return the name of a country."""
    return COUNTRIES.get(code, code)


def _label(codes: Any, value: str | None) -> str:
    """Return the label of a code; a service that is no code stays as it is."""
    if value is None:
        return "Not stated"
    return next((str(code.label) for code in codes if code.value == value), str(value))
