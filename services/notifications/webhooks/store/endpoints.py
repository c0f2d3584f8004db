"""The endpoints of webhooks and their secrets; a secret is stored sealed only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Field, col, select

from services.notifications.tables import Table, table_of
from services.notifications.webhooks.model.webhook import WebhookState
from shared.bus.db.transaction import asking, driver
from shared.contracts.codes import WebhookPauseCause, WebhookReach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
ACTIVE, PAUSED = WebhookState.ACTIVE.value, WebhookState.PAUSED.value
FAILING, RECOVERING = WebhookState.FAILING.value, WebhookState.RECOVERING.value
SENT_TO = frozenset({ACTIVE, RECOVERING})
"""The states in which events are sent as they come."""


class Endpoint(Table, table=True):
    """An address to which events are sent.

    What lies ahead (the next probe, a wait) is in real time, as the pauses between attempts are; all else is domain
    time, so that pages show it as it was when the clock of a local run is moved.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (sa.Index("webhook_endpoint_created_at", "created_at", "id"),)

    id: UUID = Field(primary_key=True)
    url: str
    description: str
    reach: str
    events: list[str] = Field(sa_type=ARRAY(sa.Text))
    state: str = ACTIVE
    cause: str | None = Field(default=None, description="Why it is paused, a code")
    created_by: str = Field(description="Sign-in subject")
    created_at: datetime = Field(sa_type=_TIME, description="Domain time")
    failing_since: datetime | None = Field(
        default=None, sa_type=_TIME, description="Domain time since which nothing was taken"
    )
    pauses_at: datetime | None = Field(
        default=None, sa_type=_TIME, description="Domain time of the pause that was announced"
    )
    not_before: datetime | None = Field(
        default=None, sa_type=_TIME, description="Until when the receiver asked to wait"
    )
    expired: int = Field(default=0, description="Events that were kept for as long as may be, and never taken")
    failures: int = Field(default=0, description="Attempts that failed in a row; while it fails, probes")
    probe_at: datetime | None = Field(default=None, sa_type=_TIME, description="When one event is sent, to try it")
    accepted_at: datetime | None = Field(
        default=None, sa_type=_TIME, description="Domain time when it took something, to the minute"
    )

    @property
    def outside(self) -> bool:
        """Return whether its receiver is outside of the programme."""
        return self.reach == WebhookReach.OUTSIDE

    @property
    def why(self) -> WebhookPauseCause | None:
        """The reason for the pause."""
        return None if self.cause is None else WebhookPauseCause(self.cause)


class Secret(Table, table=True):
    """A secret of an endpoint, sealed; `until` is when an old one stops signing (real time)."""

    __tablename__ = "webhook_secret"
    __table_args__ = (sa.Index("webhook_secret_endpoint_id", "endpoint_id", "created_at", "id"),)

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE")
    sealed: str
    created_at: datetime = Field(sa_type=_TIME, description="Real time")
    until: datetime | None = Field(default=None, sa_type=_TIME)


# Asked with each batch of events, so it is put together once.
_ALL = select(Endpoint).order_by(col(Endpoint.created_at), col(Endpoint.id))


async def endpoints(session: AsyncSession) -> list[Endpoint]:
    """Return all endpoints, the oldest first; there are few."""
    return list((await session.scalars(_ALL)).all())


async def existing_of(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these endpoints still exist; none can be removed before this transaction ends."""
    query = select(col(Endpoint.id)).where(col(Endpoint.id).in_(sorted(ids))).order_by(col(Endpoint.id))
    return set((await session.scalars(query.with_for_update(key_share=True, read=True))).all())


async def endpoint(session: AsyncSession, endpoint_id: UUID, *, lock: bool = False) -> Endpoint | None:
    """Return one endpoint; with `lock` nobody else changes it before this transaction ends."""
    how = {"key_share": True} if lock else None
    return await session.get(Endpoint, endpoint_id, with_for_update=how, populate_existing=lock)


_LOCKED = "SELECT * FROM webhook_endpoint WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"


async def locked(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Endpoint]:
    """Return those of the endpoints that still exist, locked until this transaction ends."""
    rows = await (await driver(session)).fetch(_LOCKED, sorted(ids))
    return {row["id"]: Endpoint(**row) for row in rows}


async def count(session: AsyncSession) -> int:
    """Return how many endpoints there are."""
    return int((await session.execute(sa.select(sa.func.count()).select_from(Endpoint))).scalar_one())


async def add(session: AsyncSession, row: Endpoint) -> bool:
    """Add an endpoint; return False where its id exists already."""
    statement = insert(table_of(Endpoint)).values(row.model_dump()).on_conflict_do_nothing(index_elements=["id"])
    return (await session.execute(statement.returning(table_of(Endpoint).c.id))).scalar_one_or_none() is not None


async def change(session: AsyncSession, endpoint_id: UUID, **changes: Any) -> None:
    """Change columns of an endpoint."""
    await session.execute(sa.update(Endpoint).where(col(Endpoint.id) == endpoint_id).values(**changes))


async def add_expired(session: AsyncSession, endpoint_id: UUID, number: int) -> None:
    """Count events that were kept for as long as the setting says and never delivered."""
    changed = sa.update(Endpoint).where(col(Endpoint.id) == endpoint_id)
    await session.execute(changed.values(expired=col(Endpoint.expired) + number))


async def remove(session: AsyncSession, endpoint_id: UUID) -> None:
    """Remove an endpoint with its secrets, its deliveries and their attempts."""
    await session.execute(sa.delete(Endpoint).where(col(Endpoint.id) == endpoint_id))


async def add_secret(session: AsyncSession, row: Secret) -> None:
    """Add a secret."""
    await session.execute(sa.insert(table_of(Secret)).values(row.model_dump()))


async def secret(session: AsyncSession, secret_id: UUID) -> Secret | None:
    """Return one secret."""
    return await session.get(Secret, secret_id)


async def retire(session: AsyncSession, endpoint_id: UUID, until: datetime, now: datetime) -> None:
    """Let the secrets of an endpoint sign until then at the longest, and delete those that are over (real time)."""
    own = col(Secret.endpoint_id) == endpoint_id
    await session.execute(sa.delete(Secret).where(own, col(Secret.until) <= now))
    await session.execute(
        sa.update(Secret).where(own, sa.or_(col(Secret.until).is_(None), col(Secret.until) > until)).values(until=until)
    )


_NOW = (
    "SELECT * FROM webhook_secret WHERE endpoint_id = ANY($1) AND (until IS NULL OR until > $2)"
    " ORDER BY created_at DESC, id DESC"
)


async def secrets_of(session: AsyncSession, ids: Iterable[UUID], now: datetime) -> dict[UUID, list[Secret]]:
    """Return the secrets that sign at real time `now`: endpoint -> secrets, the newest first."""
    found: dict[UUID, list[Secret]] = {endpoint_id: [] for endpoint_id in sorted(set(ids))}
    if found:
        for row in await (await asking(session)).fetch(_NOW, list(found), now):
            found[row["endpoint_id"]].append(Secret(**row))
    return found


async def all_secrets(session: AsyncSession) -> Sequence[Secret]:
    """Return every secret, for sealing them anew."""
    return (await session.scalars(select(Secret).order_by(col(Secret.id)))).all()


async def seal(session: AsyncSession, secret_id: UUID, sealed: str) -> None:
    """Replace a secret's sealed text."""
    await session.execute(sa.update(Secret).where(col(Secret.id) == secret_id).values(sealed=sealed))
