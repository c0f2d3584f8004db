"""Store visits, mentorships and calls as their newest events leave them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.reporting.cases.model import Case, Kind, after
from services.reporting.tables import Table, write_rows
from shared.bus.db.documents import JsonDocument
from shared.bus.db.transaction import driver
from shared.contracts.calls import CallEvent, Timers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx


class CaseRow(Table, table=True):
    """A visit or a mentorship, as its newest event leaves it."""

    __tablename__ = "case"
    __table_args__ = (
        sa.Index("case_application", "application_id"),
        sa.Index("case_ended", "ended_on"),
        sa.Index("case_call_ended", "call_id", "ended_on"),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    state: str
    application_id: UUID
    call_id: UUID
    country: str
    host_country: str
    host_id: UUID
    topic: str
    start: date | None = None
    end: date | None = None
    ended_on: date | None = None
    attended_days: int = 0
    required_days: int = 0
    goals: int = 0


class CallRow(Table, table=True):
    """The part of a call that matters for its outcomes."""

    __tablename__ = "call"

    id: UUID = Field(primary_key=True)
    reference: str
    scheme: str
    timers: Timers = Field(sa_type=JsonDocument(Timers))


def of_row(row: CaseRow) -> Case:
    """Return the case that a row holds."""
    values = row.model_dump()
    return Case(**{**values, "kind": cast("Kind", row.kind)})


_KNOWN = """
SELECT id, kind, state, application_id, call_id, country, host_country, host_id, topic, start, "end", ended_on,
       attended_days, required_days, goals
FROM "case" WHERE id = ANY($1)
"""


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save the state of each case, from the events of exchange.visits and mentoring.mentorships."""
    here = {event.subject for event in events if event.sequence == 1}
    begun = sorted({event.subject for event in events if event.sequence > 1} - here)
    rows = await (await driver(tx.session)).fetch(_KNOWN, begun) if begun else []
    cases: dict[str, Case | None] = {str(row["id"]): Case(*row) for row in rows}
    for event in events:
        cases[event.subject] = after(cases.get(event.subject), event.subject, event.data)
    await write_rows(tx.session, CaseRow, [case for case in cases.values() if case])


async def evolve_calls(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save calls; the `evolve` of exchange.calls."""
    rows = {
        event.subject: CallRow(
            id=UUID(event.subject),
            reference=event.data.terms.reference,
            scheme=event.data.terms.scheme,
            timers=event.data.terms.timers,
        )
        for event in events
        if isinstance(event.data, CallEvent)
    }
    await write_rows(tx.session, CallRow, rows.values())
