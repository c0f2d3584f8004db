"""A row that is locked is read anew, whatever the transaction has read of it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.calls.actions import drafts
from services.applications.calls.model.entry import CallEntry
from services.applications.partners import store as partners_store
from services.applications.placements import store as placements_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.placements.store import Offer
    from tests.integration.applications.abroad import Abroad


async def _application(abroad: Abroad) -> UUID:
    return UUID((await abroad.of.submitted())["id"])


async def _call(abroad: Abroad) -> UUID:
    return UUID(abroad.of.call["id"])


async def _draft(abroad: Abroad) -> UUID:
    return (await drafts.begin(abroad.of.app.state.service.bus, "programme", CallEntry())).id


async def _offer(abroad: Abroad) -> UUID:
    return UUID((await abroad.offer())["id"])


async def _of_country(session: AsyncSession, offer_id: UUID, *, lock: bool = False) -> Offer:
    return next(entry for entry in await partners_store.offers_of(session, "FR", lock=lock) if entry.id == offer_id)


ROWS: dict[str, tuple[Any, Any, dict[str, bool], str, str]] = {
    "an application": (_application, applications.application, {"lock": True}, "application", "state"),
    "a call": (_call, calls_store.call, {"lock": True}, "call", "state"),
    "a call that is held": (_call, calls_store.call, {"hold": True}, "call", "state"),
    "a draft of a call": (_draft, calls_store.draft, {"lock": True}, "call_draft", "saved_by"),
    "a placement": (_offer, placements_store.offer, {"lock": True}, "offer", "state"),
    "a country's placement": (_offer, _of_country, {"lock": True}, "offer", "created_by"),
}
"""The locked rows: a way to make each, a way to read and lock it, and a column of its table."""


@pytest.mark.parametrize(("make", "read", "lock", "table", "column"), ROWS.values(), ids=ROWS)
async def test_a_locked_row_is_as_it_is_now(
    abroad: Abroad,
    make: Callable[[Abroad], Awaitable[UUID]],
    read: Callable[..., Awaitable[Any]],
    lock: dict[str, bool],
    table: str,
    column: str,
) -> None:
    """A change committed by somebody else since the first look is seen under the lock: decisions use present values."""
    id_, bus = await make(abroad), abroad.of.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        before = await read(tx.session, id_)
        async with bus.transaction("somebody else") as other:
            await other.session.execute(sa.text(f"UPDATE {table} SET {column} = 'changed' WHERE id = :id"), {"id": id_})
        assert await read(tx.session, id_, **lock) is before
        assert getattr(before, column) == "changed"
