"""The events that the board's stream shows, one row an event.

Events of other services and matching's own stand here together; no decision depends on them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Index, text
from sqlmodel import Field

from services.matching.tables import Table, document, keep, moment
from shared.bus import Envelope
from shared.bus.log.envelope import SOURCE
from shared.contracts import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts import Event
    from shared.contracts.runs import RunFinished

KEPT = 5000


class Activity(Table, table=True):
    """An event as the board lists it: `id` is the event's; `about` holds the codes that its line shows."""

    __table_args__ = (
        Index("activity_when", "at", "id"),
        Index("activity_application", "application_id", "at"),
        Index("activity_call", "call_id", "at"),
        Index("activity_cause", "cause_id"),
    )

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_column=moment())
    type: str
    topic: str
    subject: str
    actor: str | None = None
    cause_id: UUID | None = None
    call_id: UUID | None = None
    application_id: UUID | None = None
    seat_id: UUID | None = None
    match_id: UUID | None = None
    about: dict[str, JsonValue] = Field(sa_column=document())


async def add(session: AsyncSession, rows: Iterable[Activity]) -> None:
    """Insert events that are not stored yet."""
    await keep(session, list(rows), only_new=True)


async def trim(session: AsyncSession) -> None:
    """Delete all but the newest few thousand events; the journals and the log hold the rest."""
    await session.execute(
        text(
            "DELETE FROM activity WHERE at < (SELECT at FROM activity ORDER BY at DESC, id DESC OFFSET :kept LIMIT 1)"
        ),
        {"kept": KEPT},
    )


def of_run(fact: UUID, finished: RunFinished, run_id: UUID, *, by: str, at: datetime) -> Activity:
    """Return the line of a committed run; it is about no single case."""
    return Activity(
        id=fact,
        at=at,
        type=finished.type,
        topic=finished.topic,
        subject=str(run_id),
        actor=by,
        call_id=finished.call_id,
        about={
            "cohort": finished.cohort,
            "kind": finished.kind.value,
            "matched": finished.matched,
            "unmatched": finished.unmatched,
        },
    )


def about(event: Event) -> dict[str, JsonValue]:
    """Return the codes of an event that its line on the board may show."""
    details = event.model_dump(
        mode="json",
        include={
            "by",
            "reason",
            "due",
            "silent",
            "was",
            "cause",
            "start",
            "attended_days",
            "sessions",
            "score",
            "move",
            "reserve",
        },
    )
    plan = getattr(event, "plan", None)
    if plan is not None and hasattr(plan, "start"):
        details |= {"start": plan.start.isoformat(), "end": plan.end.isoformat()}
    return {name: value for name, value in details.items() if value not in (None, False, [], "")}


_CAUSES = text(
    "WITH RECURSIVE chain AS ("
    " SELECT id, cause_id, 1 AS step FROM activity WHERE id = :id"
    " UNION ALL SELECT a.id, a.cause_id, chain.step + 1 FROM activity a JOIN chain ON a.id = chain.cause_id"
    "  WHERE chain.step < :most) SELECT id FROM chain ORDER BY step"
)


async def causes(session: AsyncSession, event_id: UUID, most: int) -> list[UUID]:
    """Return an event, its cause, the cause of that and so on: at most `most` events, the nearest first."""
    found = await session.execute(_CAUSES, {"id": event_id, "most": most})
    return [row.id for row in found]


async def own_fact(session: AsyncSession, fact_id: UUID) -> Envelope | None:
    """Return a fact of this service as it was sent to the log; None if there is none with this id."""
    row = (await session.execute(text("SELECT * FROM journal WHERE id = :id"), {"id": fact_id})).one_or_none()
    if row is None:
        return None
    return Envelope(
        id=row.id,
        type=row.type,
        source=SOURCE.format(service="matching"),
        subject=row.aggregateid,
        topic=row.aggregatetype,
        time=row.occurred_at,
        sequence=row.sequence,
        correlationid=row.correlationid,
        causationid=row.causationid,
        traceparent=row.traceparent,
        data=read(row.type, row.payload),
    )


def of_event(
    event: Envelope,
    *,
    call_id: UUID | None = None,
    application_id: UUID | None = None,
    seat_id: UUID | None = None,
    match_id: UUID | None = None,
) -> Activity:
    """Return the board's line for an event that was read."""
    about = event.data.model_dump(
        mode="json", include={"by", "reason", "side", "country", "answer", "day", "present", "cause", "due", "held_on"}
    )
    return Activity(
        id=event.id,
        at=event.time,
        type=event.type,
        topic=event.topic,
        subject=event.subject,
        cause_id=event.causationid,
        call_id=call_id,
        application_id=application_id,
        seat_id=seat_id,
        match_id=match_id,
        about={name: value for name, value in about.items() if value is not None},
    )
