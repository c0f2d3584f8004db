"""Preview what importing a table of training needs would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.needs import store
from services.applications.needs.model import (
    Cell,
    Plan,
    Row,
    plan,
    read_table,
)
from services.applications.refusals import not_found
from shared.identity.scope import countries_visible
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Preview:
    """An uploaded table, and what importing it would do now."""

    upload: store.NeedImport
    plan: Plan

    @property
    def mark(self) -> str:
        """Return a mark of the page shown; another mark at confirmation means that something changed."""
        return f"{len(self.plan.added)}-{len(self.plan.changed)}-{len(self.plan.unchanged)}-{len(self.plan.wrong)}"


async def preview(session: AsyncSession, principal: Principal, import_id: UUID) -> Preview:
    """Return what importing the principal's own table would do now. Raises `Refused` (404)."""
    return await preview_of(session, principal, own_upload(principal, await store.upload(session, import_id)))


def own_upload(principal: Principal, upload: store.NeedImport | None) -> store.NeedImport:
    """Return the upload if it is the principal's and has not expired. Raises `Refused` (404)."""
    if (
        upload is None
        or upload.subject != principal.subject
        or (upload.state == "waits" and upload.expires_at <= clock.now())
    ):
        raise not_found()
    return upload


async def preview_of(session: AsyncSession, principal: Principal, upload: store.NeedImport) -> Preview:
    """Return what importing an upload would do now."""
    rows = _rows(upload)
    known = await store.same(session, [row.entry for row in rows if row.entry is not None])
    quantities = {key: (need.quantity, need.withdrawn) for key, need in known.items()}
    return Preview(upload, plan(rows, quantities, countries_visible(principal)))


def _rows(upload: store.NeedImport) -> list[Row]:
    return read_table([[Cell(text, formula) for text, formula in line] for line in upload.cells]).rows
