"""What does a training need say, and how does a table of needs become entries, with an error a wrong cell?

Needs come from the OTNA, the operational training needs analysis: who is to learn what, how many, to which level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import Field, ValidationError

from services.applications.register.model import Entry
from shared.contracts.base import Country, Scheme, TopicCode
from shared.contracts.codes import COUNTRIES, EMPACT_2026, PRIORITIES, UNION, Expertise
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ROWS = 1000
MOST_BYTES = 1_000_000
LEVELS = {1: N_("1, basic"), 2: N_("2, advanced"), 3: N_("3, expert")}
COLUMNS = ("country", "scheme", "topic", "area", "level", "quantity", "from", "until")
"""The header of a table of needs, in this order in the template; a file may have them in another."""
_NEEDED = ("country", "topic", "level", "quantity", "from", "until")
_DATE = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?$")
_FORMULA = ("=", "+", "-", "@")


class NeedEntry(Entry):
    """A training need; with an id it replaces the one that is there."""

    id: UUID | None = None
    country: Country
    scheme: Scheme = EMPACT_2026
    topic_code: TopicCode
    area: Expertise | None = None
    level: Annotated[int, Field(ge=1, le=3)]
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    since: date
    until: date

    @property
    def key(self) -> tuple[str, str, str, str, int, date, date]:
        """What makes two needs the same: all but the quantity."""
        return (
            self.country,
            self.scheme,
            self.topic_code,
            "" if self.area is None else self.area.value,
            self.level,
            self.since,
            self.until,
        )


def problems(entry: NeedEntry) -> dict[str, str]:
    """What is wrong with a need as a whole, by field."""
    wrong: dict[str, str] = {}
    if entry.country not in COUNTRIES or entry.country == UNION:
        wrong["country"] = gettext("This country takes no part. Use the two letters of one that does, such as AM.")
    topics = PRIORITIES.get(entry.scheme)
    if topics is None:
        wrong["scheme"] = gettext("This scheme is not known. Use one of: %(known)s.") % {"known": ", ".join(PRIORITIES)}
    elif entry.topic_code not in topics:
        wrong["topic_code"] = gettext("This topic is not in the scheme %(scheme)s. Use one of: %(known)s.") % {
            "scheme": entry.scheme,
            "known": ", ".join(topics),
        }
    if entry.until < entry.since:
        wrong["until"] = gettext("The last day is the first day or later.")
    return wrong


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it was read: its text, and whether it is a formula."""

    text: str
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell, and what to do; row as the spreadsheet counts it, the header being row 1."""

    row: int
    column: str
    written: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of needs: its entry, or what is wrong with it."""

    number: int
    entry: NeedEntry | None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Read:
    """A table as it was read: its rows, or why none of it could be."""

    rows: list[Row] = field(default_factory=list)
    problem: str = ""


def read_table(lines: Sequence[Sequence[Cell]]) -> Read:
    """The rows of a table whose first line is the header. Empty lines are left out."""
    filled = [(number, line) for number, line in enumerate(lines, start=1) if any(cell.text for cell in line)]
    if not filled:
        return Read(problem=gettext("This file is empty. Fill in the template and upload it."))
    header = [cell.text.strip().lower() for cell in filled[0][1]]
    while header and not header[-1]:
        header.pop()
    missing = [name for name in _NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or unknown or twice:
        return Read(problem=_header(missing, unknown, twice))
    if len(filled) == 1:
        return Read(problem=gettext("There is a header and no row below it. Write one need in each row."))
    if len(filled) - 1 > MOST_ROWS:
        return Read(
            problem=gettext("There are %(rows)d rows; %(most)d is the most in one file. Split it.")
            % {"rows": len(filled) - 1, "most": MOST_ROWS}
        )
    return Read(rows=_without_doubles([_row(number, header, line) for number, line in filled[1:]]))


def _header(missing: Sequence[str], unknown: Sequence[str], twice: Sequence[str]) -> str:
    said = []
    if missing:
        said.append(gettext("These columns are missing in the first row: %(names)s.") % {"names": ", ".join(missing)})
    if unknown:
        shown = ", ".join(name[:40] or gettext("(no name)") for name in unknown[:10])
        said.append(gettext("These columns are not known: %(names)s.") % {"names": shown})
    if twice:
        said.append(gettext("These columns are there twice: %(names)s.") % {"names": ", ".join(twice)})
    said.append(gettext("Use the header of the template."))
    return " ".join(said)


def _row(number: int, header: Sequence[str], line: Sequence[Cell]) -> Row:
    cells = {name: line[place] if place < len(line) else Cell("") for place, name in enumerate(header)}
    found: list[Problem] = []

    def wrong(column: str, remedy: str) -> None:
        found.append(Problem(number, column, cells[column].text[:60] if column in cells else "", remedy))

    if any(cell.text.strip() for cell in line[len(header) :]):
        found.append(Problem(number, "", "", gettext("This row has more cells than the header. Take them away.")))
    for name, cell in cells.items():
        if cell.formula or cell.text.strip().startswith(_FORMULA):
            wrong(name, gettext("This is a formula. Write the value itself."))
    if found:
        return Row(number, None, tuple(found))
    values: dict[str, Any] = {
        "country": cells["country"].text.strip().upper(),
        "scheme": (cells["scheme"].text.strip().lower() if "scheme" in cells else "") or EMPACT_2026,
        "topic_code": cells["topic"].text.strip().lower(),
        "area": (cells["area"].text.strip().lower() if "area" in cells else "") or None,
        "level": _number(cells["level"], "level", wrong, gettext("Write 1, 2 or 3.")),
        "quantity": _number(cells["quantity"], "quantity", wrong, gettext("Write a whole number from 1 to 10000.")),
        "since": _day(cells["from"], "from", wrong),
        "until": _day(cells["until"], "until", wrong),
    }
    if values["area"] is not None and values["area"] not in set(Expertise):
        wrong("area", gettext("This area is not known. Use a code of the template's second sheet, or leave it empty."))
    if found:
        return Row(number, None, tuple(found))
    entry, problems_ = _entry(values)
    for column, sentence in problems_.items():
        wrong(column if column in cells else "topic", sentence)
    return Row(number, entry, tuple(found))


def _entry(values: Mapping[str, Any]) -> tuple[NeedEntry | None, dict[str, str]]:
    """The need of a row, or what is wrong with it, by column."""
    try:
        entry = NeedEntry.model_validate(values)
    except ValidationError as error:
        columns = [_COLUMN_OF.get(str(one["loc"][0]), "country") for one in error.errors()]
        return None, {column: _REMEDIES[column]() for column in columns}
    wrong = {_COLUMN_OF[name]: sentence for name, sentence in problems(entry).items()}
    return (None if wrong else entry), wrong


_COLUMN_OF = {
    "country": "country",
    "scheme": "scheme",
    "topic_code": "topic",
    "area": "area",
    "level": "level",
    "quantity": "quantity",
    "since": "from",
    "until": "until",
}
_REMEDIES = {
    "country": lambda: gettext("Use the two letters of a country that takes part, such as AM."),
    "scheme": lambda: gettext("Write a scheme such as empact-2026."),
    "topic": lambda: gettext("Write the topic's code, such as online_crime."),
    "level": lambda: gettext("Write 1, 2 or 3."),
    "area": lambda: gettext("Write the code of an area of expertise, or leave it empty."),
    "quantity": lambda: gettext("Write a whole number from 1 to 10000."),
    "from": lambda: gettext("Write the day as year-month-day, such as 2027-01-31."),
    "until": lambda: gettext("Write the day as year-month-day, such as 2027-01-31."),
}


def _number(cell: Cell, column: str, wrong: Any, remedy: str) -> int | None:
    text = cell.text.strip()
    whole = text.removesuffix(".0")  # spreadsheets keep whole numbers as 2.0
    if whole.isascii() and whole.isdigit() and len(whole) <= 6:
        return int(whole)
    wrong(column, remedy)
    return None


def _day(cell: Cell, column: str, wrong: Any) -> date | None:
    """A day as YYYY-MM-DD; any other order is refused, since 03/04/2027 could be April or March."""
    text = cell.text.strip()
    if (found := _DATE.match(text)) is not None:
        try:
            return date(*(int(part) for part in found.groups()))
        except ValueError:
            wrong(column, gettext("This day is not in the calendar. Write it as 2027-01-31."))
            return None
    wrong(column, gettext("Write the day as year-month-day, such as 2027-01-31."))
    return None


def _without_doubles(rows: Sequence[Row]) -> list[Row]:
    """The same need in two rows: the second is wrong, since nobody could tell which quantity is meant."""
    first: dict[tuple[Any, ...], int] = {}
    told = []
    for row in rows:
        if row.entry is not None and first.setdefault(row.entry.key, row.number) != row.number:
            remedy = gettext("The same need stands in row %(row)d. Keep one of them.") % {"row": first[row.entry.key]}
            told.append(Row(row.number, None, (Problem(row.number, "", "", remedy),)))
        else:
            told.append(row)
    return told


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do: rows by what becomes of them, and what is wrong."""

    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, int], ...] = ()
    """With the quantity that there is now."""
    unchanged: tuple[Row, ...] = ()
    wrong: tuple[Problem, ...] = ()

    @property
    def does(self) -> int:
        """How many needs it adds or changes."""
        return len(self.added) + len(self.changed)


def plan(
    rows: Sequence[Row], known: Mapping[tuple[Any, ...], tuple[int, bool]], countries: frozenset[str] | None
) -> Plan:
    """What importing `rows` does, beside the needs that are there: key -> (quantity, withdrawn).

    `countries`: whose needs the importer writes (None: all). What was withdrawn and comes again is changed.
    """
    added, changed, unchanged = [], [], []
    wrong: list[Problem] = []
    for row in rows:
        wrong += row.problems
        if row.entry is None:
            continue
        if countries is not None and row.entry.country not in countries:
            remedy = gettext("This is not your country. Take the row out.")
            wrong.append(Problem(row.number, "country", row.entry.country, remedy))
            continue
        there = known.get(row.entry.key)
        if there is None:
            added.append(row)
        elif there == (row.entry.quantity, False):
            unchanged.append(row)
        else:
            changed.append((row, there[0]))
    return Plan(tuple(added), tuple(changed), tuple(unchanged), tuple(sorted(wrong, key=lambda one: one.row)))


def cell_of(value: object) -> Cell:
    """A spreadsheet's value as the text that a CSV file would have."""
    match value:
        case None:
            return Cell("")
        case datetime():
            return Cell(value.date().isoformat())
        case date():
            return Cell(value.isoformat())
        case float() if value.is_integer():
            return Cell(str(int(value)))
    return Cell(str(value)[:500])
