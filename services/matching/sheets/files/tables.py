"""Find the tables in files, and read their rows as items of a dataclass, each with its place."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openpyxl.utils import get_column_letter

from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.sheets.files import sheets
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.days import Order, order_of
from services.matching.sheets.files.fields import (
    FAULTS,
    FIELDS,
    TABLES,
    Listed,
    Pairs,
    Periods,
    Shape,
    Single,
    columns_of,
)
from services.matching.sheets.files.findings import Level, Place
from services.matching.sheets.files.words import Day, Text, in_latin, plain_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from services.matching.engine.problem.document import Fault
    from services.matching.sheets.files.findings import Findings
    from services.matching.sheets.files.sheets import Cell, Reading, Sheet

_TITLE_ROWS = 20
"""The heading is looked for in so many rows."""
_LIKE_A_TABLE = 3
_APART_REMEDY = "put each table on a sheet or into a file of its own"
_PERSONAL = frozenset(
    {"name", "names", "first name", "last name", "surname", "family name", "full name", "email", "e mail", "mail"}
    | {"phone", "telephone", "mobile", "date of birth", "birthday", "passport", "address"}
)
_BRACKETS = re.compile(r"\s*[(\[].*[)\]]\s*$")
OWN_SHEETS = frozenset({"codes", "findings"})
"""Sheets that this program adds to a workbook and passes over."""


@dataclass(slots=True)
class Item:
    """One row or object, as JSON knows it; `columns` says how its table calls each field."""

    place: Place
    value: dict[str, JsonValue]
    columns: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str, *path: str | int) -> Place:
        """Return the place of a field: of its column in a table."""
        if self.place.row is None:
            return replace(self.place, path=(*self.place.path, name, *path))
        return replace(self.place, column=self.columns.get(name, name))


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a sheet: what its rows are, the row of its heading, and the field of each column (None: unknown).

    `others` are the kinds of table that could be on the sheet too, each with the columns by which it is known.
    """

    kind: type
    sheet: Sheet
    heading_row: int
    heading: list[str]
    names: list[str | None]
    others: Mapping[type, frozenset[str]]


def find(file: Path, kinds: Mapping[type, frozenset[str]], reading: Reading) -> list[Table]:
    """Return the tables of a file. `kinds` has the columns by which each kind of table is known.

    What holds no table, though it has the columns of one, is a fault; another sheet of a workbook is passed over.
    """
    first: list[Sheet] | None = None
    for way in sheets.read(file, reading):
        first = first or way
        if any(_heading(sheet, kinds) for sheet in way):
            reading.sheets += way
            return _tables(way, kinds, reading.findings)
    if first is not None:
        reading.sheets += first
        _tables(first, kinds, reading.findings)
        refused = any(found.level is Level.FAULT and found.place.file == file for found in reading.findings.all)
        if not refused and all(_passed_over(sheet, kinds) for sheet in first):
            row = _first_row(first)
            text = "it is empty: a row has to name the columns" if row is None else _no_table(kinds)
            reading.findings.fault(Place(file, None, row), text)
    reading.incomplete = True
    return []


def _first_row(found: list[Sheet]) -> int | None:
    rows = [number for sheet in found for number, row in sheet.rows if any(cell.text for cell in row)]
    return rows[0] if rows else None


def _no_table(kinds: Mapping[type, frozenset[str]]) -> str:
    known = ", ".join(f"{TABLES[kind]} need {' and '.join(sorted(key))}" for kind, key in kinds.items())
    return (
        f"no known table has these columns in one of its first {_TITLE_ROWS} rows: {known}. "
        "The template shows all columns"
    )


def _tables(way: list[Sheet], kinds: Mapping[type, frozenset[str]], findings: Findings) -> list[Table]:
    found = []
    for sheet in way:
        table = _heading(sheet, kinds)
        if table is not None:
            found.append(table)
        elif not _passed_over(sheet, kinds):
            findings.fault(replace(sheet.place, row=_first_row([sheet])), _no_table(kinds))
        elif len(way) > 1 and (sheet.name or "").casefold() not in OWN_SHEETS and _first_row([sheet]):
            findings.warn(sheet.place, "it has no known table, and was not read")
    return found


def _passed_over(sheet: Sheet, kinds: Mapping[type, frozenset[str]]) -> bool:
    """Return whether a sheet without a table looks like none: fewer than some known columns in each of its rows."""
    if (sheet.name or "").casefold() in OWN_SHEETS:
        return True
    most = max(
        (sum(name is not None for name in _names(row, kind)) for _, row in sheet.rows[:_TITLE_ROWS] for kind in kinds),
        default=0,
    )
    return most < _LIKE_A_TABLE


def _heading(sheet: Sheet, kinds: Mapping[type, frozenset[str]]) -> Table | None:
    """Return the table that the first fitting row of a sheet names: of the kind of which it has the most columns."""
    if (sheet.name or "").casefold() in OWN_SHEETS:
        return None
    for number, row in sheet.rows[:_TITLE_ROWS]:
        fitting = [
            (sum(name is not None for name in names), kind, names)
            for kind, key in kinds.items()
            if key <= set(names := _names(row, kind))
        ]
        if fitting:
            _, kind, names = max(fitting, key=lambda found: found[0])
            heading = [cell.text for cell in row]
            while heading and not heading[-1]:
                heading.pop()
            others = {other: key for other, key in kinds.items() if other is not kind}
            return Table(kind, sheet, number, heading, names[: len(heading)], others)
    return None


def _names(row: list[Cell], kind: type) -> list[str | None]:
    """Return the field that each cell of a heading names, if any."""
    return [_name(cell.text, kind) for cell in row]


def _name(heading: str, kind: type) -> str | None:
    """Return the field that a heading names, if any."""
    known = columns_of(kind)
    return next((name for form in _forms(heading) if (name := known.get(form))), None)


@lru_cache(maxsize=1_000)
def _forms(heading: str) -> list[str]:
    """Return the forms of a heading: as written, without what is in brackets, with letters that only look Latin."""
    ways = dict.fromkeys((heading, _BRACKETS.sub("", heading), in_latin(heading)))
    return [plain_form(way) for way in ways]


def names_of(table: Table, kind: type) -> list[str | None]:
    """Return the field that each column of a table would name in a table of another kind, if any."""
    return [_name(heading, kind) for heading in table.heading]


def items(table: Table, reading: Reading) -> list[Item]:
    """Return the rows of a table as items; what is wrong with heading or cells is found."""
    findings, sheet = reading.findings, table.sheet
    sheet.heading_row = table.heading_row
    if _stands_beside_another(table, findings):
        reading.incomplete = True
        return []
    _check_heading(table, findings)
    columns = {name: heading for name, heading in zip(table.names, table.heading, strict=True) if name is not None}
    body = [
        (number, row)
        for number, row in sheet.rows
        if number > table.heading_row and any(cell.text or cell.fault for cell in row)
    ]
    body, whole = _until_second_heading(table, body, findings)
    reading.incomplete = reading.incomplete or not whole
    _check_rows(table, body, findings)
    orders = _orders(table, body, findings)
    found = []
    for number, row in body:
        item = Item(replace(sheet.place, row=number), {}, columns)
        for at, (name, cell) in enumerate(zip(table.names, row, strict=False)):
            if name is not None:
                own = Reader(item.at(name), findings, orders.get(at, Order.UNSETTLED))
                _take(item, name, cell, own, FIELDS[table.kind][name], sheet.merged.get((number, at + 1)))
        found.append(item)
    return found


def _take(item: Item, name: str, cell: Cell, own: Reader, shape: Shape, merged: str | None) -> None:
    """Put the value of a cell into its item."""
    if merged is not None:
        own.findings.fault(own.place, f"this cell is merged with {merged}; unmerge them and write each value")
    elif cell.fault is not None:
        own.findings.fault(own.place, cell.fault, cell.text)
    elif cell.text and cell.is_day and not (_has_days(shape) or _takes_days(shape)):
        own.findings.fault(
            own.place, f"the spreadsheet made the day {cell.text} of this; format the cell as text and write it again"
        )
    elif cell.text:
        if cell.formula:
            own.findings.understood(own.place, "a formula", f'its value "{cell.text}"')
        value = own.cell(shape, cell.text)
        if value is not None:
            item.value[name] = value


def _check_heading(table: Table, findings: Findings) -> None:
    """Find columns that are missing, doubled or unknown, and rows above the heading."""
    place = replace(table.sheet.place, row=table.heading_row)
    above = [number for number, row in table.sheet.rows if number < table.heading_row and any(c.text for c in row)]
    if above:
        findings.warn(
            replace(place, row=None), f"what stands above the heading in row {table.heading_row} was not read"
        )
    counted = Counter(name for name in table.names if name is not None)
    renamed: dict[str, str] = {}
    for at, (name, heading) in enumerate(zip(table.names, table.heading, strict=True)):
        own = replace(place, column=heading or get_column_letter(at + 1))
        if name is None:
            _unknown(table, at, own, findings)
        elif counted[name] > 1:
            same = [
                f'"{other}"' for own_name, other in zip(table.names, table.heading, strict=True) if own_name == name
            ]
            findings.fault(own, f"{' and '.join(same)} are the same column {name}; keep one of them")
        elif heading != name:
            renamed[heading] = name
    if renamed:
        findings.understood(replace(place, row=None), ", ".join(renamed), ", ".join(renamed.values()))
    for part in fields(table.kind):
        if part.default is MISSING and part.default_factory is MISSING and part.name not in counted:
            findings.fault(place, f"there is no column {part.name}, which is needed")


def _stands_beside_another(table: Table, findings: Findings) -> bool:
    """Return whether the heading is of two tables side by side, which is a fault.

    So it is where many columns stand twice, or where those that are not known are of a table of another kind.
    """
    counted = Counter(name for name in table.names if name is not None)
    twice = [name for name, count in counted.items() if count > 1]
    place = replace(table.sheet.place, row=table.heading_row)
    if len(twice) >= _LIKE_A_TABLE:
        findings.fault(
            place, f"{', '.join(twice)} are in this heading twice, as of two tables side by side; {_APART_REMEDY}"
        )
        return True
    unknown = [heading for name, heading in zip(table.names, table.heading, strict=True) if name is None]
    for kind, key in table.others.items():
        own = {
            name: heading
            for name, heading in zip(names_of(table, kind), table.heading, strict=True)
            if heading in unknown
        }
        if key <= own.keys():
            named = " and ".join(own[name] for name in sorted(key))
            findings.fault(place, f"{named} are of {TABLES[kind]} beside the {TABLES[table.kind]}; {_APART_REMEDY}")
            return True
    return False


def _unknown(table: Table, at: int, place: Place, findings: Findings) -> None:
    """Warn of a column that is not read, with the known name that is nearest."""
    heading = table.heading[at]
    form, known = plain_form(heading), columns_of(table.kind)
    if heading == FAULTS:
        return
    if not form:
        if any(len(row) > at and row[at].text for number, row in table.sheet.rows if number > table.heading_row):
            findings.warn(place, "it has values but no name, and was not read")
        return
    free = [name for name in known if known[name] not in table.names]
    words = set(form.split())
    near = difflib.get_close_matches(form, free, 1, 0.6) or [name for name in free if set(name.split()) <= words]
    also = "; do not put personal data into these files" if form in _PERSONAL else ""
    mean = f"; do you mean {known[near[0]]}?" if near else ""
    findings.warn(place, f"this column is not known and was not read{mean}{also}", heading)


def _until_second_heading(
    table: Table, body: list[tuple[int, list[Cell]]], findings: Findings
) -> tuple[list[tuple[int, list[Cell]]], bool]:
    """Return the rows above another table's heading, and whether these are all; a repeated heading is left out."""
    found: list[tuple[int, list[Cell]]] = []
    for number, row in body:
        place = replace(table.sheet.place, row=number)
        named = _names(row, table.kind)
        names = set(named) - {None}
        if len(names) >= _LIKE_A_TABLE and len(names) * 2 >= len(set(table.names) - {None}):
            repeated = named[: len(table.names)] == table.names
            remedy = "delete this row" if repeated else _APART_REMEDY
            findings.fault(place, f"a second heading begins here; {remedy}")
            if not repeated:
                return found, False
        elif (kind := _heads_another(table, row)) is not None:
            findings.fault(place, f"a second heading, of {TABLES[kind]}, begins here; {_APART_REMEDY}")
            return found, False
        else:
            found.append((number, row))
    return found, True


def _heads_another(table: Table, row: list[Cell]) -> type | None:
    """Return the other kind of table whose heading a row is, if it is one: most of its cells name columns."""
    filled = sum(bool(cell.text) for cell in row)
    for kind, key in table.others.items():
        names = set(_names(row, kind)) - {None}
        if key <= names and len(names) * 2 >= filled:
            return kind
    return None


def _check_rows(table: Table, body: list[tuple[int, list[Cell]]], findings: Findings) -> None:
    """Find rows that reach beyond the heading, and rows and columns out of sight."""
    place, width = table.sheet.place, len(table.heading)
    for number, row in body:
        own = replace(place, row=number)
        if any(cell.text for cell in row[width:]):
            filled = max(at for at, cell in enumerate(row, 1) if cell.text)
            text = f"it has {filled} cells, the heading {width}"
            if table.sheet.name is None:
                findings.fault(own, f"{text}; put a text that holds the separator between quotation marks")
            else:
                findings.warn(own, f"{text}; those without a heading were not read")
    numbers = {number for number, _ in body}
    hidden = [number for number in table.sheet.hidden if number in numbers]
    if hidden:
        findings.warn(place, f"hidden rows were read too: {len(hidden)}, the first is row {hidden[0]}")
    struck = [number for number in table.sheet.struck if number in numbers]
    if struck:
        findings.warn(
            place, f"rows with a text that is struck out were read too: {len(struck)}, the first is row {struck[0]}"
        )
    unseen = [
        heading
        for at, (name, heading) in enumerate(zip(table.names, table.heading, strict=True), 1)
        if name is not None and at in table.sheet.hidden_columns
    ]
    if unseen:
        findings.warn(place, f"hidden columns were read too: {', '.join(unseen)}")
    if table.sheet.is_hidden:
        findings.warn(place, "this sheet is hidden, and was read")


def _orders(table: Table, body: list[tuple[int, list[Cell]]], findings: Findings) -> dict[int, Order]:
    """Return the order of day and month of each column with days."""
    found = {}
    for at, name in enumerate(table.names):
        if name is None or not _has_days(FIELDS[table.kind][name]):
            continue
        cells = [row[at] for _, row in body if at < len(row)]
        found[at] = order_of(cell.text for cell in cells if not cell.is_day)
        real = [cell.text for cell in cells if cell.is_day and int(cell.text[8:10]) <= 12]
        if found[at] is not Order.UNSETTLED and real:
            findings.warn(
                replace(table.sheet.place, column=table.heading[at]),
                f"some cells hold days, others texts with the {found[at]}: check that {real[0]} is not "
                "the other way round",
            )
    return found


def _has_days(shape: Shape) -> bool:
    match shape:
        case Single(word) | Listed(word):
            return isinstance(word, Day)
        case Pairs(key, item):
            return isinstance(key, Day) or isinstance(item, Day)
        case Periods():
            return True
    return False


def _takes_days(shape: Shape) -> bool:
    """Return whether a day may stand in a column of texts."""
    return isinstance(shape, Single) and isinstance(shape.word, Text) and shape.word.with_days


@dataclass(frozen=True, slots=True)
class Recorded:
    """The places of faults that are found already, so that the same fault is not named twice in other words."""

    places: frozenset[Place]
    above: frozenset[Place]

    @classmethod
    def of(cls, findings: Findings) -> Recorded:
        """Return the places of all faults, and in JSON those above them."""
        places = frozenset(found.place for found in findings.all if found.level is Level.FAULT)
        above = {
            replace(place, path=place.path[:length]) for place in places for length in range(1, len(place.path) + 1)
        }
        return cls(places, frozenset(above))

    def __contains__(self, place: Place) -> bool:
        """Return whether a fault is recorded at the place, above it or within it."""
        return place in self.above or any(
            replace(place, path=place.path[:length]) in self.places
            for length in range(bool(place.path), len(place.path) + 1)
        )


def check(found: Iterable[tuple[type, Item]], findings: Findings) -> list[Any]:
    """Return the items as their dataclasses; what is missing or of another type is found."""
    recorded = Recorded.of(findings)
    made: list[Any] = []
    for kind, item in found:
        try:
            made.append(document.read(kind, item.value))
        except Unreadable as wrong:
            _take_faults(item, wrong.faults, recorded, findings)
    return made


def _take_faults(item: Item, faults: Iterable[Fault], recorded: Recorded, findings: Findings) -> None:
    """Record the faults of an item; several empty cells of a row are one fault: the row may be a title or a total."""
    empty: list[tuple[Place, str]] = []
    for fault in faults:
        name = str(fault.path[0]) if fault.path else None
        place = item.place if name is None else item.at(name, *fault.path[1:])
        if place in recorded or (item.place.row is not None and name is not None and name not in item.columns):
            continue
        if item.place.row is not None and name is not None and name not in item.value:
            empty.append((place, fault.text))
        else:
            findings.fault(place, fault.text)
    if len(empty) > 1:
        names = ", ".join(str(place.column) for place, _ in empty)
        text = (
            f"these cells are empty, but needed: {names}; fill them in, or delete the row if it is a title or a total"
        )
        findings.fault(item.place, text)
        return
    for place, text in empty:
        findings.fault(place, text)


def warn_of_several_sheets(file: Path, sheets: Mapping[type, Mapping[str, int]], findings: Findings) -> None:
    """Say which sheets of a workbook have rows of the same kind: one may be of another year."""
    for kind, counts in sheets.items():
        if len(counts) > 1:
            listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
            findings.warn(Place(file), f"{TABLES[kind]} are on several sheets, and all were read: {listed}")


def json_of(file: Path, reading: Reading) -> Any:
    """Return the value in a JSON file, or None after a fault. A name that stands twice in an object is one."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                reading.findings.fault(Place(file), f"the name {name} stands {count} times in one object; keep one")
        return dict(pairs)

    content = sheets.bytes_of(file, reading)
    if content is None:
        reading.incomplete = True
        return None
    value = None
    try:
        value = json.loads(content, object_pairs_hook=once)
    except UnicodeDecodeError:
        reading.findings.fault(Place(file), "this is not UTF-8, as JSON is; save it as UTF-8")
    except (ValueError, RecursionError) as wrong:
        reading.findings.fault(Place(file), f"this is not JSON: {wrong}")
    else:
        if value is None:
            reading.findings.fault(Place(file), "it holds nothing")
    reading.incomplete = reading.incomplete or value is None
    return value
