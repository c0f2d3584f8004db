"""Who enters, changes and withdraws training needs? The country's coordinator or the programme, one or a table."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from services.applications.needs import store
from services.applications.needs.model import (
    MOST_BYTES,
    MOST_ROWS,
    Cell,
    NeedEntry,
    Plan,
    Row,
    cell_of,
    plan,
    problems,
    read_table,
)
from services.applications.refusals import not_found
from services.applications.register.store.history import note
from shared.contracts.registry import NeedChanged
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import countries_visible, may_see_country
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.identity import Principal

GOOD_FOR = timedelta(days=7)
# A table of a thousand rows is far below; what unpacks to more than this is no table of needs.
_MOST_UNPACKED = 30_000_000
_MOST_CELLS = 20


async def save(bus: Bus, principal: Principal, entry: NeedEntry, *, version: int | None = None) -> UUID:
    """Enter a need, or change the one with the entry's id. Raises `Refused` (404, 409, 422 by field)."""
    async with bus.transaction(principal.subject) as tx:
        await store.alone(tx.session)
        known = None if entry.id is None else await store.need(tx.session, entry.id, lock=True)
        if entry.id is not None and (known is None or not may_see_country(principal, known.country)):
            raise not_found()
        if known is not None and version is not None and version != known.version:
            raise Refused(gettext("Somebody else changed it since you opened it. Look at it as it is now."), 409)
        wrong = problems(entry)
        if not may_see_country(principal, entry.country):
            wrong["country"] = gettext("Enter the needs of your own country.")
        same = (await store.same(tx.session, [entry])).get(entry.key)
        if same is not None and (known is None or same.id != known.id) and not same.withdrawn:
            wrong["topic_code"] = gettext("This need is there already, for the same time and level. Change that one.")
        if wrong:
            raise Refused(gettext("Something here needs another look."), 422, wrong)
        if known is None and same is not None:
            known = same
        return await _write(tx, entry, known)


async def withdraw(bus: Bus, principal: Principal, need_id: UUID) -> None:
    """It is needed no more; once withdrawn, again is the same. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        known = await store.need(tx.session, need_id, lock=True)
        if known is None or not may_see_country(principal, known.country):
            raise not_found()
        if not known.withdrawn:
            await _write(tx, known.entry, known, withdrawn=True, action="withdrawn")


async def enter(bus: Bus, principal: Principal, entries: Sequence[NeedEntry]) -> list[UUID]:
    """Enter several needs at once, or change the quantity of those that are there. Raises `Refused` (404, 422)."""
    async with bus.transaction(principal.subject) as tx:
        await store.alone(tx.session)
        wrong = {f"needs.{n}.{name}": text for n, one in enumerate(entries) for name, text in problems(one).items()}
        wrong |= {
            f"needs.{n}.country": gettext("Enter the needs of your own country.")
            for n, one in enumerate(entries)
            if not may_see_country(principal, one.country)
        }
        if len({one.key for one in entries}) < len(entries):
            wrong["needs"] = gettext("The same need is there twice.")
        if wrong:
            raise Refused(gettext("Nothing was entered."), 422, wrong)
        known = await store.same(tx.session, entries)
        return [await _write(tx, one, known.get(one.key)) for one in entries]


async def _write(
    tx: Tx, entry: NeedEntry, known: store.Need | None, *, withdrawn: bool = False, action: str = ""
) -> UUID:
    before = {} if known is None else _json(known)
    need = known or store.Need(id=new_id(), version=0, changed_at=clock.now(), **_columns(entry))
    for name, value in _columns(entry).items():
        setattr(need, name, value)
    need.withdrawn, need.version, need.changed_at = withdrawn, need.version + 1, clock.now()
    tx.session.add(need)
    await tx.session.flush()
    event = NeedChanged(**entry.model_dump(exclude={"id"}), withdrawn=withdrawn)
    await tx.record(event, need.id)
    note(
        tx.session,
        actor=tx.actor,
        kind="need",
        key=need.id,
        action=action or ("entered" if known is None else "changed"),
        country=entry.country,
        before=before,
        after=_json(need),
    )
    await tx.changed("register")
    return need.id


def _columns(entry: NeedEntry) -> dict[str, Any]:
    return entry.model_dump(exclude={"id"}) | {"area": "" if entry.area is None else entry.area.value}


def _json(need: store.Need) -> dict[str, Any]:
    return need.model_dump(mode="json", exclude={"version", "changed_at"})


@dataclass(frozen=True, slots=True)
class Preview:
    """An uploaded table with what importing it does now."""

    upload: store.NeedImport
    plan: Plan

    @property
    def seen(self) -> str:
        """What a page has shown: if this differs when it is confirmed, something changed meanwhile."""
        return f"{len(self.plan.added)}-{len(self.plan.changed)}-{len(self.plan.unchanged)}-{len(self.plan.wrong)}"


def cells_in(content: bytes, filename: str) -> list[list[Cell]]:
    """The cells of a CSV or XLSX file. Raises `Refused` (422, field `file`) where it cannot be read."""
    if not content:
        raise _unreadable(gettext("Choose a file to upload."))
    if len(content) > MOST_BYTES:
        raise _unreadable(gettext("This file is larger than 1 MB. Split it, or take out what is no need."))
    if content.startswith(b"PK"):
        return _xlsx(content)
    if content.startswith(b"\xd0\xcf\x11\xe0") or filename.lower().endswith(".xls"):
        raise _unreadable(gettext("This is an old Excel file. Save it as .xlsx or as CSV."))
    return _csv(content)


def _unreadable(sentence: str) -> Refused:
    return Refused(sentence, 422, {"file": sentence})


def _csv(content: bytes) -> list[list[Cell]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(gettext("This file is not in UTF-8. Save it as “CSV UTF-8”, or as .xlsx.")) from None
    if "\x00" in text:
        raise _unreadable(gettext("This is not a table. Upload the template as CSV or .xlsx."))
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise _unreadable(gettext("This file cannot be read as CSV. Save it anew from the spreadsheet.")) from None
    if len(lines) > MOST_ROWS * 2:
        raise _unreadable(gettext("This file has too many rows; %(most)d is the most.") % {"most": MOST_ROWS})
    return [[Cell(text[:500]) for text in line[:_MOST_CELLS]] for line in lines]


def _xlsx(content: bytes) -> list[list[Cell]]:
    sentence = gettext("This file cannot be read as .xlsx. Save it anew from the spreadsheet, or as CSV.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MOST_UNPACKED:
                raise _unreadable(gettext("This file is larger than a table of needs can be. Use the template."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            found = sheet.iter_rows(max_row=MOST_ROWS * 2 + 1, max_col=_MOST_CELLS)
            lines = [[_spreadsheet_cell(cell) for cell in row] for row in found]
        finally:
            book.close()
    except Refused:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError):
        # SyntaxError: what the XML parser raises (ParseError) for a sheet that is no XML.
        raise _unreadable(sentence) from None
    if len(lines) > MOST_ROWS * 2:
        raise _unreadable(gettext("This file has too many rows; %(most)d is the most.") % {"most": MOST_ROWS})
    return lines


def _spreadsheet_cell(cell: Any) -> Cell:
    return Cell(str(cell.value)[:500], formula=True) if cell.data_type == "f" else cell_of(cell.value)


async def upload(bus: Bus, principal: Principal, content: bytes, filename: str) -> store.NeedImport:
    """Keep an uploaded table for its preview. Raises `Refused` (422, field `file`) where no row of it can be read."""
    cells = cells_in(content, filename)
    read = read_table(cells)
    if read.problem:
        raise _unreadable(read.problem)
    moment = clock.now()
    kept = store.NeedImport(
        id=new_id(),
        subject=principal.subject,
        filename="".join(letter for letter in filename if letter.isprintable())[:100],
        cells=[[[cell.text.replace("\x00", ""), cell.formula] for cell in line] for line in cells],
        uploaded_at=moment,
        expires_at=moment + GOOD_FOR,
    )
    async with bus.transaction(principal.subject) as tx:
        tx.session.add(kept)
    return kept


async def preview(session: AsyncSession, principal: Principal, import_id: UUID) -> Preview:
    """What importing an own table does now. Raises `Refused` (404)."""
    return await _preview(session, principal, _own(principal, await store.upload(session, import_id)))


def _own(principal: Principal, kept: store.NeedImport | None) -> store.NeedImport:
    if kept is None or kept.subject != principal.subject or (kept.state == "waits" and kept.expires_at <= clock.now()):
        raise not_found()
    return kept


async def _preview(session: AsyncSession, principal: Principal, kept: store.NeedImport) -> Preview:
    rows = _rows(kept)
    known = await store.same(session, [row.entry for row in rows if row.entry is not None])
    there = {key: (need.quantity, need.withdrawn) for key, need in known.items()}
    return Preview(kept, plan(rows, there, countries_visible(principal)))


def _rows(kept: store.NeedImport) -> list[Row]:
    return read_table([[Cell(text, formula) for text, formula in line] for line in kept.cells]).rows


async def confirm(
    bus: Bus, principal: Principal, import_id: UUID, *, all_or_none: bool, seen: str | None = None
) -> store.NeedImport:
    """Import all rows that are right, in one transaction; with `all_or_none` nothing unless all are.

    `seen`: what the page showed. An import that is done is done: again is the same. Raises `Refused` (404; 409 where
    something changed since the page was shown; 422 where nothing can be imported).
    """
    async with bus.transaction(principal.subject) as tx:
        await store.alone(tx.session)
        kept = _own(principal, await store.upload(tx.session, import_id, lock=True))
        if kept.state == "done":
            return kept
        if kept.state != "waits":
            raise Refused(gettext("This table was discarded. Upload it again."), 409)
        found = await _preview(tx.session, principal, kept)
        if seen is not None and seen != found.seen:
            raise Refused(gettext("The needs were changed since this page was shown. Look at it again."), 409)
        if all_or_none and found.plan.wrong:
            raise Refused(
                gettext("Some rows are wrong, so nothing was imported. Mend them and upload the file again."), 422
            )
        if not found.plan.does and not found.plan.unchanged:
            raise Refused(gettext("No row can be imported. Mend them and upload the file again."), 422)
        entries = [row.entry for row in (*found.plan.added, *(row for row, _ in found.plan.changed)) if row.entry]
        known = await store.same(tx.session, entries)
        for entry in entries:
            await _write(tx, entry, known.get(entry.key), action="imported")
        kept.state = "done"
        kept.result = {
            "added": len(found.plan.added),
            "changed": len(found.plan.changed),
            "unchanged": len(found.plan.unchanged),
            "wrong": len({problem.row for problem in found.plan.wrong}),
        }
        tx.session.add(kept)
        return kept


async def discard(bus: Bus, principal: Principal, import_id: UUID) -> None:
    """Forget an uploaded table that is not confirmed. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        kept = _own(principal, await store.upload(tx.session, import_id, lock=True))
        if kept.state == "done":
            raise Refused(gettext("This table is imported already."), 409)
        kept.state, kept.cells = "discarded", []
        tx.session.add(kept)
