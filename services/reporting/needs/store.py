"""Store the training needs of the register, each as its newest event leaves it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel import Field, col, select

from services.reporting.facts.model.flaws import LEFT_OUT
from services.reporting.facts.store import FlawRow, flaw_row
from services.reporting.needs.model import Need, flaws
from services.reporting.tables import Table, write_rows
from shared.bus.db.transaction import driver
from shared.contracts.registry import NeedChanged
from shared.identity import consume_partners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.periods import Period
    from shared.bus import Envelope, Tx


class NeedRow(Table, table=True):
    """A need of the register; one that is withdrawn or cannot be right does not count."""

    __tablename__ = "need"

    id: UUID = Field(primary_key=True)
    country: str
    topic: str
    area: str | None = None
    level: int
    quantity: int
    since: date
    until: date = Field(index=True)
    counts: bool


# A new event about a need replaces the flaws of the one before.
_MENDED = "DELETE FROM flaw WHERE topic = 'exchange.registry' AND subject = ANY($1)"


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save who is suspended, and what is needed; the `evolve` of exchange.registry."""
    await consume_partners(tx, events)
    rows: dict[str, NeedRow] = {}
    flawed: dict[str, list[FlawRow]] = {}
    for event in events:
        if isinstance(event.data, NeedChanged):
            wrong = flaws(event.data)
            rows[event.subject] = _row(event.subject, event.data, counts=not LEFT_OUT & set(wrong))
            flawed[event.subject] = [flaw_row(event, event.data.since, flaw) for flaw in wrong]
    if not rows:
        return
    await write_rows(tx.session, NeedRow, rows.values())
    await (await driver(tx.session)).execute(_MENDED, sorted(rows))
    await write_rows(tx.session, FlawRow, [row for found in flawed.values() for row in found])
    await tx.changed("figures")


def _row(subject: str, need: NeedChanged, *, counts: bool) -> NeedRow:
    return NeedRow(
        id=UUID(subject),
        country=need.country,
        topic=need.topic_code,
        area=need.area,
        level=need.level,
        quantity=need.quantity,
        since=need.since,
        until=need.until,
        counts=counts and not need.withdrawn,
    )


async def of_period(session: AsyncSession, period: Period) -> list[Need]:
    """Return the needs of which a part falls into a period, by country and topic."""
    query = select(NeedRow).where(
        col(NeedRow.counts), col(NeedRow.until) >= period.start, col(NeedRow.since) <= period.end
    )
    columns = [col(NeedRow.country), col(NeedRow.topic), col(NeedRow.level), col(NeedRow.area), col(NeedRow.id)]
    rows = await session.scalars(query.order_by(*columns))
    return [Need(row.country, row.topic, row.area, row.level, row.quantity, row.since, row.until) for row in rows]
