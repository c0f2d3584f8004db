"""The private calendar addresses: a hash of each key, by the portal's opaque id of the person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from services.notifications.tables import Table
from shared.bus.db.locking import for_update
from shared.contracts.access import AccessChanged
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope

_TIME = sa.DateTime(timezone=True)
WINDOW = timedelta(hours=1)


class FeedRow(Table, table=True):
    """One private address, at most one a person; the rights of the sign-in `subject` count at each reading.

    Times are real time; `reads` were counted since `counted_from`. An address that ends is deleted.
    """

    __tablename__ = "feed"

    id: UUID = Field(primary_key=True)
    person: UUID = Field(unique=True)
    subject: str = Field(index=True)
    key_hash: bytes = Field(unique=True)
    language: str
    created_at: datetime = Field(sa_type=_TIME)
    read_at: datetime | None = Field(default=None, sa_type=_TIME)
    counted_from: datetime = Field(sa_type=_TIME)
    reads: int = 0


async def address_of(session: AsyncSession, person: UUID, *, lock: bool = False) -> FeedRow | None:
    """Return the address of a person, if there is one."""
    query = sa.select(FeedRow).where(col(FeedRow.person) == person)
    return (await session.scalars(for_update(query) if lock else query)).one_or_none()


async def count_read(session: AsyncSession, key_hash: bytes, now: datetime) -> FeedRow | None:
    """Count one reading of the address with that key; None where there is none. `reads` is the number in the hour."""
    fresh = col(FeedRow.counted_from) > now - WINDOW
    changed = (
        sa.update(FeedRow)
        .where(col(FeedRow.key_hash) == key_hash)
        .values(
            read_at=now,
            reads=sa.case((fresh, col(FeedRow.reads) + 1), else_=1),
            counted_from=sa.case((fresh, col(FeedRow.counted_from)), else_=now),
        )
        .returning(FeedRow)
    )
    return (await session.scalars(changed, execution_options={"populate_existing": True})).one_or_none()


async def delete_addresses(session: AsyncSession, *, person: UUID | None = None, subjects: Collection[str] = ()) -> int:
    """Delete the address of a person, or those of sign-in subjects; return how many there were."""
    if person is None and not subjects:
        return 0
    condition = col(FeedRow.subject).in_(sorted(subjects)) if person is None else col(FeedRow.person) == person
    return len((await session.execute(sa.delete(FeedRow).where(condition).returning(col(FeedRow.id)))).all())


async def delete_lapsed(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """Delete the addresses of people who have no access any more by these events of exchange.access."""
    today = clock.today()
    newest = {event.subject: event.data.grants for event in events if isinstance(event.data, AccessChanged)}
    over = [
        subject
        for subject, grants in newest.items()
        if not any(grant.since <= today and (grant.until is None or today <= grant.until) for grant in grants)
    ]
    await delete_addresses(session, subjects=over)
