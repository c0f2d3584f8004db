"""The projections of organisations' names and of calls' references and timers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.notifications.tables import Table, among, put
from shared.bus.db.documents import JsonDocument
from shared.contracts.calls import CallEvent, Timers
from shared.contracts.registry import OrganisationChanged
from shared.identity import consume_partners

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class Organisation(Table, table=True):
    """An organisation's name and city, for the words of a message."""

    __tablename__ = "organisation"

    id: UUID = Field(primary_key=True)
    name: str
    city: str


class Call(Table, table=True):
    """A call's reference and timers; older rows have no reference."""

    __tablename__ = "call"

    id: UUID = Field(primary_key=True)
    reference: str = ""
    timers: Timers = Field(sa_type=JsonDocument(Timers))


async def evolve_registry(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save names of organisations, and which partners are suspended."""
    await consume_partners(tx, events)
    rows = {
        event.subject: Organisation(id=UUID(event.subject), name=event.data.name, city=event.data.city)
        for event in events
        if isinstance(event.data, OrganisationChanged)
    }
    await put(tx.session, Organisation, rows.values())


async def evolve_calls(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save the references and timers of calls."""
    rows = {
        event.subject: Call(
            id=UUID(event.subject), reference=event.data.terms.reference, timers=event.data.terms.timers
        )
        for event in events
        if isinstance(event.data, CallEvent)
    }
    await put(tx.session, Call, rows.values())


async def timers_of(session: AsyncSession, call_ids: Iterable[UUID]) -> dict[UUID, Timers]:
    """Return the timers of calls, as far as the calls are known."""
    wanted = set(call_ids)
    if not wanted:
        return {}
    found = (await session.scalars(select(Call).where(among(col(Call.id), wanted)))).all()
    return {call.id: call.timers for call in found}


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call's reference and timers."""

    id: UUID
    reference: str
    timers: Timers


async def calls(session: AsyncSession) -> list[KnownCall]:
    """Return all calls, by reference."""
    query = select(Call).order_by(col(Call.reference), col(Call.id))
    found = (await session.scalars(query)).all()
    return [KnownCall(row.id, row.reference, row.timers) for row in found]


async def organisation_names(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return names with cities, as far as the organisations are known: `Cybercrime office, Lyon`."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = (await session.scalars(sa.select(Organisation).where(col(Organisation.id).in_(wanted)))).all()
    return {row.id: row.name if not row.city or row.city in row.name else f"{row.name}, {row.city}" for row in found}
