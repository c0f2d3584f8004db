"""Import baselines and targets from a CSV file: all of its rows, or none."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import written
from services.reporting.targets import store
from services.reporting.targets.actions import targets
from services.reporting.targets.model import standing, waiting
from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.reporting.targets.model import TargetValue
    from shared.bus import Bus
    from shared.identity import Principal

COLUMNS = ("indicator", "kind", "day", "value", "source", "comment")
NEEDED = COLUMNS[:-1]
MOST_BYTES = 1_000_000
MOST_ROWS = 2_000
_DAYS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})"),
)
_ESCAPED = re.compile(r"'(?=[=+\-@\t\r])")
"""The apostrophe that our own file puts before a text that a spreadsheet would run."""


@dataclass(frozen=True, slots=True, order=True)
class RowError:
    """An error in a row (the head is row 1) and column, in words."""

    row: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import: values that wait for a second person now, and how many existed already."""

    added: tuple[TargetValue, ...]
    unchanged: int


class InvalidTable(Refused):
    """Nothing was imported: `wrong` says why, row by row and column by column."""

    def __init__(self, wrong: Iterable[RowError]) -> None:
        self.wrong = sorted(wrong)
        fields = {f"{each.row}.{each.column}": each.sentence for each in self.wrong}
        super().__init__(gettext("Nothing was imported from the table."), 422, fields)


async def import_table(bus: Bus, principal: Principal, content: bytes) -> ImportResult:
    """Save the values of a CSV file that do not exist yet. Raises `InvalidTable` (422) or `Refused` (422, `file`).

    The same file again changes nothing.
    """
    drafts = read(content)
    async with bus.transaction(principal.subject) as tx:
        await store.lock(tx.session)
        known = await store.everything(tx.session)
        present = {each.content: each for each in (*standing(known), *waiting(known))}
        waits = {each.place for each in waiting(known)}
        wrong: list[RowError] = []
        added: list[TargetValue] = []
        for row, draft in drafts.items():
            target_value = targets.checked(draft, principal)
            if target_value.content in present:
                continue
            if target_value.place in waits:
                sentence = gettext("Another value for the same indicator and day is already waiting for approval")
                wrong.append(RowError(row, "value", sentence))
            added.append(target_value)
        if wrong:
            raise InvalidTable(wrong)
        for target_value in added:
            await store.keep(tx.session, target_value)
    return ImportResult(tuple(added), len(drafts) - len(added))


def read(content: bytes) -> dict[int, targets.Draft]:
    """Return the rows of a CSV file by number, each of them valid; empty rows are skipped.

    Raises `InvalidTable` (422), or `Refused` (422, field `file`) if it is no table.
    """
    lines = _lines(content)
    head = [cell.strip().lower() for cell in lines[0]]
    missing = [name for name in NEEDED if name not in head]
    if missing:
        sentence = gettext("These columns are missing: %(names)s. Use the template.") % {"names": ", ".join(missing)}
        raise _no_table(sentence)
    found: dict[int, targets.Draft] = {}
    wrong: list[RowError] = []
    first: dict[object, int] = {}
    for row, line in enumerate(lines[1:], start=2):
        cells = {name: _ESCAPED.sub("", cell.strip(), count=1) for name, cell in zip(head, line, strict=False)}
        if not any(cells.values()):
            continue
        draft = _draft(cells)
        bad = targets.problems(draft)
        wrong += [RowError(row, column, _in_a_table(column) or sentence) for column, sentence in bad.items()]
        if len(line) > len(head) and any(cell.strip() for cell in line[len(head) :]):
            wrong.append(RowError(row, COLUMNS[-1], gettext("The row has more cells than the table has columns")))
        place = draft.indicator, draft.kind, draft.day
        if not bad and (earlier := first.setdefault(place, row)) != row:
            sentence = gettext("Row %(row)s has a value for the same indicator and day") % {"row": earlier}
            wrong.append(RowError(row, "day", sentence))
        found[row] = draft
    if wrong:
        raise InvalidTable(wrong)
    if not found:
        raise _no_table(gettext("The table has a header but no rows."))
    return found


def template(targets: Sequence[TargetValue]) -> list[tuple[str, ...]]:
    """Return the rows of the template: the present values, to be continued."""
    return [
        (
            target_value.indicator,
            target_value.kind.value,
            target_value.day.isoformat(),
            written(target_value.value),
            target_value.source,
            target_value.comment,
        )
        for target_value in standing(targets)
    ]


def _in_a_table(column: str) -> str:
    """Return what to write in a column for which a page has a list to choose from, or three fields."""
    words = {
        "indicator": gettext("There is no such indicator. Enter the id of an indicator, such as TOPCOP-OP-02"),
        "kind": gettext("Enter baseline or target"),
        "day": gettext("Enter a day between 2000 and 2099, such as 2027-12-31"),
    }
    return words.get(column, "")


def _draft(cells: dict[str, str]) -> targets.Draft:
    value = cells.get("value", "")
    if value.count(",") == 1 and "." not in value:  # the decimal comma of most of Europe
        value = value.replace(",", ".")
    return targets.Draft(
        cells.get("indicator", "").upper(),
        cells.get("kind", "").lower(),
        _day(cells.get("day", "")),
        value,
        cells.get("source", ""),
        cells.get("comment", ""),
    )


def _day(text: str) -> date | None:
    found = next((match for form in _DAYS if (match := form.fullmatch(text))), None)
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def _lines(content: bytes) -> list[list[str]]:
    if not content.strip():
        raise _no_table(gettext("Select a file"))
    if len(content) > MOST_BYTES:
        raise _no_table(gettext("The file must be smaller than 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_table(gettext("This file is not in UTF-8. Save it as “CSV UTF-8”.")) from None
    if "\x00" in text:
        raise _no_table(gettext("This is not a table. Use the template, and save it as CSV."))
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise _no_table(gettext("This file cannot be read as CSV. Save it again from the spreadsheet.")) from None
    if len(lines) > MOST_ROWS + 1:
        raise _no_table(gettext("This file has too many rows. The maximum is %(most)s.") % {"most": MOST_ROWS})
    return lines


def _no_table(sentence: str) -> Refused:
    return Refused(sentence, 422, {"file": sentence})
