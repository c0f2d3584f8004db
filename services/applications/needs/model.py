"""Define training needs, and read a table of them with an error for each wrong cell.

Needs come from the OTNA, the operational training needs analysis: who is to learn what, how many, to which level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import Field, ValidationError

from services.applications.register.model import Entry, wrong_term
from shared.contracts.base import Country, Day, Scheme, TopicCode
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


class ImportState(StrEnum):
    """The state of an uploaded table."""

    WAITS = "waits"
    DONE = "done"
    DISCARDED = "discarded"


_UPLOADS = {
    ImportState.WAITS: N_("Not imported yet"),
    ImportState.DONE: N_("Imported"),
    ImportState.DISCARDED: N_("Discarded"),
}


def upload_in_words(state: str) -> str:
    """Return the state of an uploaded table in the reader's language."""
    return gettext(_UPLOADS[ImportState(state)])


MOST_PEOPLE = 10_000


class NeedEntry(Entry):
    """A training need; with an id it replaces the existing one."""

    id: UUID | None = None
    country: Country
    scheme: Scheme = EMPACT_2026
    topic_code: TopicCode
    area: Expertise | None = None
    level: Annotated[int, Field(ge=1, le=3)]
    quantity: Annotated[int, Field(ge=1, le=MOST_PEOPLE)]
    since: Day
    until: Day

    @property
    def key(self) -> tuple[str, str, str, str, int, date, date]:
        """Return what identifies a need: everything but the quantity."""
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
    """Return what is wrong with a need as a whole, by field."""
    found: dict[str, str] = {}
    if entry.country not in COUNTRIES or entry.country == UNION:
        found["country"] = gettext(
            "This country does not take part. Enter the two letters of a country that does, such as AM."
        )
    topics = PRIORITIES.get(entry.scheme)
    if topics is None:
        found["scheme"] = gettext("This scheme is not known. Use one of: %(known)s.") % {"known": ", ".join(PRIORITIES)}
    elif entry.topic_code not in topics:
        found["topic_code"] = gettext("This topic is not in the scheme %(scheme)s. Use one of: %(known)s.") % {
            "scheme": entry.scheme,
            "known": ", ".join(topics),
        }
    return found | wrong_term(entry.since, entry.until)


def wrong_quantity(quantity: int | None) -> dict[str, str]:
    """Return an error, by field, for a number of people that no need has; None for one that is not known."""
    if quantity is None or 1 <= quantity <= MOST_PEOPLE:
        return {}
    return {"quantity": gettext("Enter a whole number from 1 to 10000.")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it was read: its text, and whether it is a formula."""

    text: str
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in one cell, and its remedy; rows count from 1, the header."""

    row: int
    column: str
    written: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of needs: its entry, or its problems."""

    number: int
    entry: NeedEntry | None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class ReadTable:
    """A table as it was read: its rows, or why it cannot be read."""

    rows: list[Row] = field(default_factory=list)
    problem: str = ""


def read_table(lines: Sequence[Sequence[Cell]]) -> ReadTable:
    """Return the rows of a table whose first line is the header. Empty lines are left out."""
    filled = [(number, line) for number, line in enumerate(lines, start=1) if any(cell.text for cell in line)]
    if not filled:
        return ReadTable(problem=gettext("This file is empty. Fill in the template and upload it."))
    header = [cell.text.strip().lower() for cell in filled[0][1]]
    while header and not header[-1]:
        header.pop()
    missing = [name for name in _NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or unknown or twice:
        return ReadTable(problem=_header(missing, unknown, twice))
    if len(filled) == 1:
        return ReadTable(problem=gettext("The table has a header but no rows. Enter one need in each row."))
    if len(filled) - 1 > MOST_ROWS:
        return ReadTable(
            problem=gettext("The file has %(rows)d rows, but the maximum is %(most)d. Split the file.")
            % {"rows": len(filled) - 1, "most": MOST_ROWS}
        )
    return ReadTable(rows=_without_doubles([_row(number, header, line) for number, line in filled[1:]]))


def _header(missing: Sequence[str], unknown: Sequence[str], twice: Sequence[str]) -> str:
    sentences = []
    if missing:
        sentences.append(
            gettext("These columns are missing in the first row: %(names)s.") % {"names": ", ".join(missing)}
        )
    if unknown:
        unknown_names = ", ".join(name[:40] or gettext("(no name)") for name in unknown[:10])
        sentences.append(gettext("These columns are not known: %(names)s.") % {"names": unknown_names})
    if twice:
        sentences.append(gettext("These columns appear twice: %(names)s.") % {"names": ", ".join(twice)})
    sentences.append(gettext("Use the header of the template."))
    return " ".join(sentences)


def _row(number: int, header: Sequence[str], line: Sequence[Cell]) -> Row:
    cells = {name: line[place] if place < len(line) else Cell("") for place, name in enumerate(header)}
    found: list[Problem] = []

    def wrong(column: str, remedy: str) -> None:
        found.append(Problem(number, column, cells[column].text[:60] if column in cells else "", remedy))

    def lower(column: str) -> str:
        return cells[column].text.strip().lower() if column in cells else ""

    if any(cell.text.strip() for cell in line[len(header) :]):
        found.append(
            Problem(number, "", "", gettext("This row has more cells than the header. Remove the extra cells."))
        )
    for name, cell in cells.items():
        if cell.formula or cell.text.strip().startswith(_FORMULA):
            wrong(name, gettext("This is a formula. Enter the value itself."))
    if found:
        return Row(number, None, tuple(found))
    values: dict[str, Any] = {
        "country": cells["country"].text.strip().upper(),
        "scheme": lower("scheme") or EMPACT_2026,
        "topic_code": lower("topic"),
        "area": lower("area") or None,
        "level": _number(cells["level"], "level", wrong, gettext("Enter 1, 2 or 3.")),
        "quantity": _number(cells["quantity"], "quantity", wrong, gettext("Enter a whole number from 1 to 10000.")),
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
    """Return the need of a row, or what is wrong with it, by column."""
    try:
        entry = NeedEntry.model_validate(values)
    except ValidationError as error:
        columns = [_COLUMN_OF.get(str(problem["loc"][0]), "country") for problem in error.errors()]
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
    "country": lambda: gettext("Enter the two letters of a country that takes part, such as AM."),
    "scheme": lambda: gettext("Enter a scheme such as empact-2026."),
    "topic": lambda: gettext("Enter the topic's code, such as online_crime."),
    "level": lambda: gettext("Enter 1, 2 or 3."),
    "area": lambda: gettext("Enter the code of an area of expertise, or leave it empty."),
    "quantity": lambda: gettext("Enter a whole number from 1 to 10000."),
    "from": lambda: gettext("Enter the day as year-month-day, such as 2027-01-31."),
    "until": lambda: gettext("Enter the day as year-month-day, such as 2027-01-31."),
}


def _number(cell: Cell, column: str, wrong: Any, remedy: str) -> int | None:
    text = cell.text.strip()
    digits = text.removesuffix(".0")  # spreadsheets keep whole numbers as 2.0
    if digits.isascii() and digits.isdigit() and len(digits) <= 6:
        return int(digits)
    wrong(column, remedy)
    return None


def _day(cell: Cell, column: str, wrong: Any) -> date | None:
    """Return a day as YYYY-MM-DD; any other order is refused, since 03/04/2027 could be April or March."""
    text = cell.text.strip()
    if (found := _DATE.match(text)) is not None:
        try:
            return date(*(int(part) for part in found.groups()))
        except ValueError:
            wrong(column, gettext("This day does not exist. Enter a day such as 2027-01-31."))
            return None
    wrong(column, gettext("Enter the day as year-month-day, such as 2027-01-31."))
    return None


def _without_doubles(rows: Sequence[Row]) -> list[Row]:
    """Mark the second of two rows with the same need as wrong, since its quantity is ambiguous."""
    first: dict[tuple[Any, ...], int] = {}
    kept = []
    for row in rows:
        if row.entry is not None and first.setdefault(row.entry.key, row.number) != row.number:
            remedy = gettext("The same need is also in row %(row)d. Keep only one of them.") % {
                "row": first[row.entry.key]
            }
            kept.append(Row(row.number, None, (Problem(row.number, "", "", remedy),)))
        else:
            kept.append(row)
    return kept


@dataclass(frozen=True, slots=True)
class Plan:
    """The effect of an import: rows by what happens to them, and the errors."""

    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, int], ...] = ()
    """Each with the current quantity."""
    unchanged: tuple[Row, ...] = ()
    wrong: tuple[Problem, ...] = ()

    @property
    def does(self) -> int:
        """Return how many needs it adds or changes."""
        return len(self.added) + len(self.changed)

    @property
    def mark(self) -> str:
        """Return the numbers of rows by their effect, with a digest of the numbers that they replace."""
        counts = "-".join(str(len(rows)) for rows in (self.added, self.changed, self.unchanged, self.wrong))
        replaced = ",".join(f"{row.number}:{quantity}" for row, quantity in self.changed)
        return f"{counts}-{sha256(replaced.encode()).hexdigest()[:8]}" if replaced else counts


def plan(
    rows: Sequence[Row], known: Mapping[tuple[Any, ...], tuple[int, bool]], countries: frozenset[str] | None
) -> Plan:
    """Return what importing `rows` would do to the known needs: key -> (quantity, withdrawn).

    `countries`: whose needs the importer may write (None: all). A withdrawn need that comes again counts as
    changed.
    """
    added, changed, unchanged = [], [], []
    wrong: list[Problem] = []
    for row in rows:
        wrong += row.problems
        if row.entry is None:
            continue
        if countries is not None and row.entry.country not in countries:
            remedy = gettext("This is not your country. Remove the row.")
            wrong.append(Problem(row.number, "country", row.entry.country, remedy))
            continue
        current = known.get(row.entry.key)
        if current is None:
            added.append(row)
        elif current == (row.entry.quantity, False):
            unchanged.append(row)
        else:
            changed.append((row, current[0]))
    return Plan(tuple(added), tuple(changed), tuple(unchanged), tuple(sorted(wrong, key=lambda problem: problem.row)))


def cell_of(value: object) -> Cell:
    """Return a spreadsheet's value as the text that a CSV file would have."""
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
