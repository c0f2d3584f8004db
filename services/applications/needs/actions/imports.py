"""Import a table of training needs: upload, confirm or discard it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.needs import store
from services.applications.needs.actions.needs import write_need
from services.applications.needs.model import ImportState, read_table
from services.applications.needs.table_files import cells_in, unreadable_file
from services.applications.needs.views import ImportResult, import_result, own_upload, preview_of
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import settled

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.bus.db.leases import Lease
    from shared.identity import Principal

GOOD_FOR = timedelta(days=7)


async def upload(bus: Bus, principal: Principal, content: bytes, filename: str) -> UUID:
    """Store an uploaded table for its preview; return its id.

    Raises `Refused` (422, field `file`) if no row of it can be read.
    """
    cells = cells_in(content, filename)
    table = read_table(cells)
    if table.problem:
        raise unreadable_file(table.problem)
    moment = clock.now()
    stored = store.NeedImport(
        id=new_id(),
        subject=principal.subject,
        filename="".join(letter for letter in filename if letter.isprintable())[:100],
        cells=[[[cell.text.replace("\x00", ""), cell.formula] for cell in line] for line in cells],
        uploaded_at=moment,
        expires_at=moment + GOOD_FOR,
    )
    async with bus.transaction(principal.subject) as tx:
        tx.session.add(stored)
    return stored.id


async def confirm(
    bus: Bus, principal: Principal, import_id: UUID, *, all_or_none: bool, seen: str | None = None
) -> ImportResult:
    """Import all correct rows in one transaction; with `all_or_none` nothing unless all are correct.

    `seen` is the mark of the preview that was shown. Confirming a finished import changes nothing. Raises `Refused`
    (404; 409 if something changed since the preview; 422 if nothing can be imported).
    """
    async with bus.transaction(principal.subject) as tx:
        await store.lock_needs(tx.session)
        stored = own_upload(principal, await store.upload(tx.session, import_id, lock=True))
        if (done := import_result(stored)) is not None:
            return done
        if stored.state != ImportState.WAITS:
            raise Refused(gettext("This table was discarded. Upload it again."), 409)
        current = await preview_of(tx.session, principal, stored)
        if seen is not None and seen != current.shown.seen:
            raise Refused(
                gettext("The needs have changed since you opened this page. Review them again."),
                code=ProblemCode.EDIT_CONFLICT,
                present={"seen": current.shown.seen},
            )
        if all_or_none and current.plan.wrong:
            raise Refused(
                gettext("Some rows are wrong, so nothing was imported. Correct them and upload the file again."), 422
            )
        if not current.plan.does and not current.plan.unchanged:
            raise Refused(gettext("No row can be imported. Correct the rows and upload the file again."), 422)
        entries = [row.entry for row in (*current.plan.added, *(row for row, _ in current.plan.changed)) if row.entry]
        same_needs = await store.same(tx.session, entries)
        for entry in entries:
            await write_need(tx, entry, same_needs.get(entry.key), action="imported")
        result = ImportResult(
            added=len(current.plan.added),
            changed=len(current.plan.changed),
            unchanged=len(current.plan.unchanged),
            wrong=len({problem.row for problem in current.plan.wrong}),
        )
        stored.state, stored.result = ImportState.DONE, result.model_dump()
        tx.session.add(stored)
        return result


async def discard(bus: Bus, principal: Principal, import_id: UUID) -> None:
    """Discard an uploaded table that is not confirmed. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        stored = own_upload(principal, await store.upload(tx.session, import_id, lock=True))
        if stored.state == ImportState.DONE:
            raise Refused(gettext("This table has already been imported."), code=ProblemCode.ALREADY_DONE)
        stored.state, stored.cells = ImportState.DISCARDED, []
        tx.session.add(stored)


async def forget_imports(bus: Bus, lease: Lease | None = None) -> None:
    """Delete uploaded tables that were not confirmed in time. Raises `LeaseLost`."""
    async with bus.transaction("system:clock", lease) as tx:
        await store.forget_imports(tx.session, settled())
