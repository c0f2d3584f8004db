"""People who cannot be reached by mail, and reports about mails: opaque ids and status codes, no address."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.notifications.tables import Table, table_of
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
PAGE = 50


class Unreachable(Table, table=True):
    """A person whose mailbox takes no mail from us; settled by a confirmed address, or by hand.

    `country` is the one whose national coordinator takes care of it; None: the programme. All times are domain time.
    """

    __tablename__ = "unreachable_recipient"
    __table_args__ = (
        sa.Index("unreachable_recipient_open", "since", "recipient", postgresql_where=sa.text("settled_at IS NULL")),
        sa.Index("unreachable_recipient_country", "country", "since", "recipient"),
    )

    recipient: UUID = Field(primary_key=True, description="The portal's opaque id")
    country: str | None = None
    since: datetime = Field(sa_type=_TIME)
    cause: str = Field(description="refused or bounced")
    status: str = Field(description="What the server said: 550, 5.1.1")
    message_id: UUID = Field(description="The newest message that did not arrive")
    last_at: datetime = Field(sa_type=_TIME)
    times: int = 1
    tried_at: datetime | None = Field(default=None, sa_type=_TIME)
    asked_at: datetime | None = Field(default=None, sa_type=_TIME, description="When a new address was asked for")
    settled_at: datetime | None = Field(default=None, sa_type=_TIME)
    settled_by: str | None = Field(default=None, description="A sign-in subject; none: by the confirmed address")


class Bounce(Table, table=True):
    """A report that came in, refused or not: its verdict and its mail, without its text."""

    __tablename__ = "bounce"
    __table_args__ = (sa.Index("bounce_at", "at", "id"),)

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME, description="Domain time")
    verdict: str
    status: str | None = None
    notification_id: UUID | None = None
    source: str = Field(description="smtp or file")


async def add_unreachable(session: AsyncSession, rows: Iterable[Mapping[str, object]]) -> None:
    """Add people to the list (`recipient`, `country`, `cause`, `status`, `message_id`, `at`), or count once more.

    A person who was settled is on it again, from now on.
    """
    table = table_of(Unreachable)
    for row in sorted(rows, key=lambda row: str(row["recipient"])):
        at = row["at"]
        values = {name: row[name] for name in ("recipient", "country", "cause", "status", "message_id")}
        new = insert(table).values(**values, since=at, last_at=at, times=1)
        again = table.c.settled_at.is_not(None)
        await session.execute(
            new.on_conflict_do_update(
                index_elements=["recipient"],
                set_={
                    **{name: new.excluded[name] for name in ("country", "cause", "status", "message_id", "last_at")},
                    "since": sa.case((again, new.excluded.since), else_=table.c.since),
                    "times": sa.case((again, 1), else_=table.c.times + 1),
                    "asked_at": sa.case((again, None), else_=table.c.asked_at),
                    "tried_at": sa.case((again, None), else_=table.c.tried_at),
                    "settled_at": None,
                    "settled_by": None,
                },
            )
        )


async def open_entries(
    session: AsyncSession, recipients: Iterable[UUID], *, lock: bool = False
) -> dict[UUID, Unreachable]:
    """Return those of these people who are on the list now."""
    query = select(Unreachable).where(
        col(Unreachable.recipient).in_(sorted(set(recipients))), col(Unreachable.settled_at).is_(None)
    )
    query = query.order_by(col(Unreachable.recipient))
    return {row.recipient: row for row in (await session.scalars(for_update(query) if lock else query)).all()}


async def entry(session: AsyncSession, recipient: UUID) -> Unreachable | None:
    """Return the newest entry of a person, settled or not, locked until the transaction ends."""
    return await session.scalar(for_update(select(Unreachable).where(col(Unreachable.recipient) == recipient)))


async def note_address_request(session: AsyncSession, recipient: UUID, at: datetime) -> None:
    """Note that an unreachable person was asked to confirm a new address (`at` is domain time)."""
    mine = (col(Unreachable.recipient) == recipient, col(Unreachable.settled_at).is_(None))
    await session.execute(sa.update(Unreachable).where(*mine, col(Unreachable.since) <= at).values(asked_at=at))


async def settle_confirmed(session: AsyncSession, recipient: UUID, at: datetime) -> None:
    """Settle a person whose new address, asked for since, was confirmed (`at` is domain time)."""
    mine = (col(Unreachable.recipient) == recipient, col(Unreachable.settled_at).is_(None))
    await session.execute(sa.update(Unreachable).where(*mine, col(Unreachable.asked_at) <= at).values(settled_at=at))


async def unreachable_page(
    session: AsyncSession, *, countries: frozenset[str] | None, settled: bool, page: int
) -> tuple[list[Unreachable], int]:
    """Return one page of the people of some countries (None: all), the longest unreachable first, and their number."""
    mine = sa.true() if countries is None else col(Unreachable.country).in_(sorted(countries))
    where = (mine, col(Unreachable.settled_at).is_not(None) if settled else sa.text("settled_at IS NULL"))
    total = (await session.execute(sa.select(sa.func.count()).select_from(Unreachable).where(*where))).scalar_one()
    query = select(Unreachable).where(*where).order_by(col(Unreachable.since), col(Unreachable.recipient))
    rows = (await session.scalars(query.limit(PAGE).offset((page - 1) * PAGE))).all()
    return list(rows), int(total)


async def open_count(session: AsyncSession, countries: frozenset[str] | None) -> int:
    """Return how many people of some countries (None: all) are on the list now."""
    where = [sa.true() if countries is None else col(Unreachable.country).in_(sorted(countries))]
    query = sa.select(sa.func.count()).select_from(Unreachable).where(sa.text("settled_at IS NULL"), *where)
    return int((await session.execute(query)).scalar_one())


async def note_report(session: AsyncSession, row: Mapping[str, object]) -> bool:
    """Save a report; False where the same one was saved before."""
    new = insert(table_of(Bounce)).values(**row).on_conflict_do_nothing(index_elements=["id"])
    return (await session.execute(new.returning(sa.literal(1)))).scalar_one_or_none() is not None


async def reports(session: AsyncSession, *, since: datetime, most: int) -> tuple[dict[str, int], list[Bounce]]:
    """Return the number of reports by verdict since a time, and the newest of them."""
    count = sa.select(col(Bounce.verdict), sa.func.count()).where(col(Bounce.at) >= since).group_by(Bounce.verdict)
    counts = {verdict: int(number) for verdict, number in (await session.execute(count)).all()}
    query = select(Bounce).where(col(Bounce.at) >= since).order_by(col(Bounce.at).desc(), col(Bounce.id).desc())
    return counts, list((await session.scalars(query.limit(most))).all())
