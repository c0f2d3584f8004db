"""The queue of deliveries, their bodies and their attempts; kept for as long as the setting says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.notifications.tables import Table, table_of
from services.notifications.webhooks.model.webhook import DeliveryState
from shared.bus.db.transaction import asking, driver
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)
WAITING, DELIVERED, FAILED = (
    DeliveryState.WAITING.value,
    DeliveryState.DELIVERED.value,
    DeliveryState.FAILED.value,
)
PAGE = 50
_AT_ONCE = 2000


class Content(Table, table=True):
    """The body that is sent for an event, once for all endpoints: what is signed is exactly what is sent."""

    __tablename__ = "webhook_content"
    __table_args__ = (sa.Index("webhook_content_kept_at", "kept_at", "id"),)

    id: UUID = Field(primary_key=True, description="The event's")
    body: bytes
    kept_at: datetime = Field(sa_type=_TIME, description="Real time")


class Delivery(Table, table=True):
    """One event to one endpoint, once for ever: its id is derived from the two."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.Index(
            "webhook_delivery_next_at",
            "endpoint_id",
            "next_at",
            "position",
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index("webhook_delivery_test", "endpoint_id", postgresql_where=sa.text("state = 'waiting' AND test")),
        sa.Index("webhook_delivery_endpoint", "endpoint_id", "position"),
        sa.Index("webhook_delivery_state", "endpoint_id", "state", "position"),
        sa.Index("webhook_delivery_queued_at", "queued_at", "position"),
        sa.Index("webhook_delivery_about", "about"),
    )

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE")
    about: UUID = Field(description="The event's id")
    type: str
    at: datetime = Field(sa_type=_TIME, description="Domain time of the event")
    position: int = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), nullable=False),
        description="The order in which events came",
    )
    test: bool = False
    state: str = WAITING
    attempts: int = 0
    tried: int = Field(default=0, description="Attempts since it was queued last: the place in the schedule")
    queued_at: datetime = Field(sa_type=_TIME, description="Real time")
    next_at: datetime = Field(sa_type=_TIME, description="Real time of the next attempt")
    result: str | None = Field(default=None, description="Of the newest attempt, a code")
    status: int | None = None
    milliseconds: int | None = None


class Attempt(Table, table=True):
    """One attempt: the receiver's answer, and how long it took."""

    __tablename__ = "webhook_attempt"

    delivery_id: UUID = Field(primary_key=True, foreign_key="webhook_delivery.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME, description="Domain time")
    result: str
    status: int | None = None
    milliseconds: int
    answer: str = Field(default="", description="The beginning of the answer")


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that is due: its id, the present address of its endpoint, and the bytes to send.

    A `probe` tries an endpoint that fails; it is no attempt of the delivery's schedule.
    """

    id: UUID
    endpoint_id: UUID
    url: str
    body: bytes
    probe: bool = False


@dataclass(frozen=True, slots=True)
class LockedDelivery:
    """A locked delivery, with what an attempt may change."""

    id: UUID
    test: bool
    state: str
    attempts: int
    tried: int
    next_at: datetime


class NewContent(TypedDict):
    """The row of a body that is to be sent."""

    id: UUID
    body: bytes
    kept_at: datetime


class NewDelivery(TypedDict):
    """The row of a delivery that is to be made; its position is the database's."""

    id: UUID
    endpoint_id: UUID
    about: UUID
    type: str
    at: datetime
    test: bool
    state: str
    attempts: int
    tried: int
    queued_at: datetime
    next_at: datetime


async def queue(session: AsyncSession, contents: Iterable[NewContent], deliveries: Sequence[NewDelivery]) -> None:
    """Queue deliveries, in their order, with their bodies; each once for ever."""
    if deliveries:
        bodies = insert(table_of(Content)).on_conflict_do_nothing(index_elements=["id"])
        await session.execute(bodies, [dict(row) for row in contents])
        rows = insert(table_of(Delivery)).on_conflict_do_nothing(index_elements=["id"])
        await session.execute(rows, [dict(row) for row in deliveries])


_EVENTS = (
    "SELECT d.id, e.id, e.url, c.body, false FROM webhook_endpoint AS e CROSS JOIN LATERAL"
    " (SELECT id, about, next_at, position FROM webhook_delivery WHERE endpoint_id = e.id AND state = 'waiting'"
    "  AND next_at <= $1 AND id <> ALL($3::uuid[]) ORDER BY next_at, position LIMIT $2) AS d"
    " JOIN webhook_content AS c ON c.id = d.about WHERE e.state IN ('active', 'recovering')"
    " AND (e.not_before IS NULL OR e.not_before <= $1) ORDER BY d.next_at, d.position"
)
# What was first to be sent; a probe that fails goes behind the others, so that one bad event holds back nothing.
_PROBES = (
    "SELECT d.id, e.id, e.url, c.body, true FROM webhook_endpoint AS e CROSS JOIN LATERAL"
    " (SELECT id, about FROM webhook_delivery WHERE endpoint_id = e.id AND state = 'waiting' AND NOT test"
    "  ORDER BY next_at, position LIMIT 1) AS d"
    " JOIN webhook_content AS c ON c.id = d.about WHERE e.state = 'failing' AND e.probe_at <= $1"
    " AND (e.not_before IS NULL OR e.not_before <= $1) ORDER BY e.id"
)
_TESTS = (
    "SELECT d.id, e.id, e.url, c.body, false FROM webhook_delivery AS d"
    " JOIN webhook_endpoint AS e ON e.id = d.endpoint_id"
    " JOIN webhook_content AS c ON c.id = d.about WHERE d.state = 'waiting' AND d.test AND d.id <> ALL($3::uuid[])"
    " AND NOT (e.state IN ('active', 'recovering') AND (e.not_before IS NULL OR e.not_before <= $1))"
    " ORDER BY d.position LIMIT $2"
)


async def due(
    session: AsyncSession, now: datetime, per_endpoint: int, under_way: Collection[UUID]
) -> list[DueDelivery]:
    """Return what is to be sent at real time `now`: at most `per_endpoint` an endpoint, the first due first.

    A paused endpoint, and one whose receiver asked to wait, gets tests only, one that fails a probe besides. Takes a
    glance (`Bus.glance`).
    """
    connection, known = await asking(session), sorted(under_way)
    rows = [
        *await connection.fetch(_EVENTS, now, per_endpoint, known),
        *await connection.fetch(_PROBES, now),
        *await connection.fetch(_TESTS, now, per_endpoint, known),
    ]
    return [DueDelivery(*row) for row in rows]


async def delivery(session: AsyncSession, delivery_id: UUID) -> Delivery | None:
    """Return one delivery."""
    return await session.get(Delivery, delivery_id)


_LOCKED = (
    "SELECT id, test, state, attempts, tried, next_at FROM webhook_delivery WHERE id = ANY($1) ORDER BY id FOR UPDATE"
)


async def locked(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, LockedDelivery]:
    """Return those of the deliveries that still exist, locked until the transaction ends."""
    rows = await (await driver(session)).fetch(_LOCKED, sorted(ids))
    return {row["id"]: LockedDelivery(*row) for row in rows}


async def content(session: AsyncSession, about: UUID) -> bytes | None:
    """Return the body of an event."""
    found = await session.get(Content, about)
    return None if found is None else found.body


async def attempts(session: AsyncSession, delivery_id: UUID) -> list[Attempt]:
    """Return the attempts of a delivery, the newest first."""
    query = select(Attempt).where(col(Attempt.delivery_id) == delivery_id).order_by(col(Attempt.number).desc())
    return list((await session.scalars(query.limit(200))).all())


_TRIED = (
    "WITH n AS (SELECT * FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::int[], $6::int[],"
    " $7::text[], $8::text[], $9::timestamptz[], $10::int[])"
    " AS n(delivery_id, number, at, result, status, milliseconds, answer, state, next_at, counts)),"
    " kept AS (INSERT INTO webhook_attempt (delivery_id, number, at, result, status, milliseconds, answer)"
    " SELECT delivery_id, number, at, result, status, milliseconds, answer FROM n ON CONFLICT DO NOTHING)"
    " UPDATE webhook_delivery AS d SET attempts = n.number, tried = d.tried + n.counts, result = n.result,"
    " status = n.status, milliseconds = n.milliseconds, state = n.state, next_at = n.next_at"
    " FROM n WHERE d.id = n.delivery_id"
)


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt (an `Attempt`'s columns), and what it changes of its delivery (`state`, `next_at`)."""

    delivery_id: UUID
    number: int
    at: datetime
    result: str
    status: int | None
    milliseconds: int
    said: str
    state: str
    next_at: datetime
    counts: int
    """1 where it is an attempt of the delivery's schedule, 0 for a probe."""


async def add_attempts(session: AsyncSession, ended: Sequence[EndedAttempt]) -> None:
    """Save attempts, and what they change of their deliveries."""
    if ended:
        columns = ([getattr(attempt, field.name) for attempt in ended] for field in fields(EndedAttempt))
        await (await driver(session)).execute(_TRIED, *columns)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The number of waiting deliveries, the delay in seconds of the oldest that could go, and the paused ones."""

    number: int
    late: float
    paused: int


_WAITING = sa.text(
    "SELECT (SELECT count(*) FROM webhook_delivery WHERE state = 'waiting') AS number,"
    " (SELECT count(*) FROM webhook_endpoint WHERE state = 'paused') AS paused,"
    " (SELECT min(first.next_at) FROM webhook_endpoint e CROSS JOIN LATERAL"
    "  (SELECT next_at FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'waiting'"
    "   ORDER BY next_at, position LIMIT 1) AS first WHERE e.state IN ('active', 'recovering')) AS since"
)


async def waiting(session: AsyncSession, now: datetime) -> Waiting:
    """Return what waits at real time `now`."""
    row = (await session.execute(_WAITING)).one()
    late = 0.0 if row.since is None else max(0.0, (now - row.since).total_seconds())
    return Waiting(row.number, late, row.paused)


async def requeue(session: AsyncSession, delivery_id: UUID, now: datetime) -> bool:
    """Queue a delivery that ended once more, its schedule from the start; False where it did not end."""
    changed = await session.execute(
        sa.update(Delivery)
        .where(col(Delivery.id) == delivery_id, col(Delivery.state) != WAITING)
        .values(state=WAITING, tried=0, next_at=now)
        .returning(col(Delivery.id))
    )
    return changed.scalar_one_or_none() is not None


async def requeue_failed(session: AsyncSession, endpoint_id: UUID, since: datetime, now: datetime) -> int:
    """Queue everything once more that happened since then (domain time) and failed; return how many."""
    changed = await session.execute(
        sa.update(Delivery)
        .where(
            col(Delivery.endpoint_id) == endpoint_id,
            col(Delivery.state) == FAILED,
            col(Delivery.at) >= since,
            sa.not_(col(Delivery.test)),
        )
        .values(state=WAITING, tried=0, next_at=now)
        .returning(col(Delivery.id))
    )
    return len(changed.all())


async def make_due(session: AsyncSession, endpoint_id: UUID, now: datetime) -> None:
    """Make everything due now that waits for an endpoint, in the order of the events, its schedule from the start."""
    own = sa.and_(col(Delivery.endpoint_id) == endpoint_id, col(Delivery.state) == WAITING)
    await session.execute(sa.update(Delivery).where(own).values(tried=0, next_at=now))


async def is_due(session: AsyncSession, endpoint_id: UUID, now: datetime) -> bool:
    """Return whether anything is due for an endpoint at real time `now`."""
    own = sa.and_(col(Delivery.endpoint_id) == endpoint_id, col(Delivery.state) == WAITING)
    return bool((await session.execute(sa.select(sa.exists().where(own, col(Delivery.next_at) <= now)))).scalar_one())


@dataclass(frozen=True, slots=True)
class Record:
    """The deliveries that wait for an endpoint, and how many of the newest that were tried, at most `OF`, it took."""

    waiting: int = 0
    taken: int = 0
    tried: int = 0


OF = 100
_RECORDS = sa.text(
    "SELECT e.id, (SELECT count(*) FROM webhook_delivery WHERE endpoint_id = e.id AND state = 'waiting') AS waiting,"
    " n.taken, n.tried FROM webhook_endpoint e CROSS JOIN LATERAL"
    " (SELECT count(*) AS tried, count(*) FILTER (WHERE state = 'delivered') AS taken FROM"
    "  (SELECT state FROM webhook_delivery WHERE endpoint_id = e.id AND attempts > 0 ORDER BY position DESC"
    "   LIMIT :most) AS newest) AS n WHERE e.id = ANY(:ids) ORDER BY e.id"
)


async def records(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Record]:
    """Return the record of each of these endpoints."""
    rows = await session.execute(_RECORDS, {"ids": sorted(ids), "most": OF})
    return {row.id: Record(row.waiting, row.taken, row.tried) for row in rows}


async def waiting_test(session: AsyncSession, endpoint_id: UUID) -> UUID | None:
    """Return the test that is on its way to an endpoint."""
    query = sa.select(col(Delivery.id)).where(col(Delivery.endpoint_id) == endpoint_id, _WAITING_TEST)
    return await session.scalar(query.order_by(col(Delivery.position)).limit(1))


_WAITING_TEST = sa.text("webhook_delivery.state = 'waiting' AND webhook_delivery.test")


async def deliveries_by_cursor(
    session: AsyncSession, endpoint_id: UUID, state: str | None, request: PageRequest
) -> list[Delivery]:
    """Return one page of an endpoint's deliveries, the newest first; `since` is when they were queued (real time)."""
    query = select(Delivery).where(col(Delivery.endpoint_id) == endpoint_id)
    if state is not None:
        query = query.where(col(Delivery.state) == state)
    if request.since is not None:
        query = query.where(col(Delivery.queued_at) >= request.since)
    return list((await session.scalars(cut(query, (col(Delivery.position),), request, newest=True))).all())


async def deliveries_page(
    session: AsyncSession, endpoint_id: UUID, state: str | None, page: int
) -> tuple[list[Delivery], dict[str, int]]:
    """Return one page of an endpoint's deliveries, the newest first, and the number in each state."""
    own = [col(Delivery.endpoint_id) == endpoint_id]
    counted = sa.select(col(Delivery.state), sa.func.count()).where(*own).group_by(Delivery.state)
    counts = {name: int(number) for name, number in (await session.execute(counted)).all()}
    if state is not None:
        own.append(col(Delivery.state) == state)
    query = select(Delivery).where(*own).order_by(col(Delivery.position).desc())
    rows = (await session.scalars(query.limit(PAGE).offset((page - 1) * PAGE))).all()
    return list(rows), counts


async def delete_old(session: AsyncSession, before: datetime) -> tuple[int, dict[UUID, int]]:
    """Delete some deliveries queued before then (real time); return how many, and the undelivered by endpoint."""
    old = select(col(Delivery.id)).where(col(Delivery.queued_at) < before)
    old = old.order_by(col(Delivery.queued_at), col(Delivery.position)).limit(_AT_ONCE)
    statement = sa.delete(Delivery).where(col(Delivery.id).in_(old))
    gone = (await session.execute(statement.returning(col(Delivery.endpoint_id), col(Delivery.state)))).all()
    used = sa.exists().where(col(Delivery.about) == col(Content.id))
    contents = select(col(Content.id)).where(col(Content.kept_at) < before, sa.not_(used))
    contents = contents.order_by(col(Content.kept_at), col(Content.id)).limit(_AT_ONCE)
    removed = await session.execute(sa.delete(Content).where(col(Content.id).in_(contents)).returning(col(Content.id)))
    lost = Counter(endpoint_id for endpoint_id, state in gone if state == WAITING)
    return max(len(gone), len(removed.all())), dict(lost)
