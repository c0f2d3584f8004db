"""What falls due, for whom, and who was told so? A projection of the events; beside it what was told, kept for ever.

What was told is not part of the projection: a rebuild makes the deadlines again and reminds nobody twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col

from services.notifications.model.due import RIGHTS, Waited, joined
from services.notifications.store.base import Table, put, table_of
from services.notifications.store.cases import CaseRow, referenced
from services.notifications.store.deputies import in_charge
from shared.contracts.codes import AudienceKind, DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.model.case import Case

_TIME = sa.DateTime(timezone=True)
What = Literal["near", "passed"]
SWEEP = 500
_HOME = (
    AudienceKind.APPLICANT,
    AudienceKind.LINE_MANAGER,
    AudienceKind.HOME_COORDINATOR,
    AudienceKind.HOME_DEPUTY,
)
_HOST = (
    AudienceKind.HOST_COORDINATOR,
    AudienceKind.HOST_DEPUTY,
    AudienceKind.HOST_CONTACT,
    AudienceKind.MENTOR,
)


class DeadlineRow(Table, table=True):
    """A `Waited` as the events tell it so far; `open` and `remind_at` are worked out by the model."""

    __tablename__ = "deadline"
    __table_args__ = (
        sa.Index("deadline_due", "due", "id", postgresql_where=sa.text("open")),
        sa.Index("deadline_remind_at", "remind_at", "id", postgresql_where=sa.text("open")),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    owner: str
    topic: str
    case_id: UUID = Field(index=True)
    due: datetime | None = Field(default=None, sa_type=_TIME)
    remind_at: datetime | None = Field(default=None, sa_type=_TIME)
    set_at: datetime | None = Field(default=None, sa_type=_TIME)
    met_at: datetime | None = Field(default=None, sa_type=_TIME)
    about: UUID | None = Field(default=None, description="The event that set it")
    after: datetime | None = Field(default=None, sa_type=_TIME, description="A deputy's: when the coordinator's passed")
    open: bool

    def waited(self) -> Waited:
        """The deadline as the model knows it."""
        return Waited(
            DeadlineKind(self.kind),
            AudienceKind(self.owner),
            self.topic,
            self.case_id,
            self.due,
            self.set_at,
            self.met_at,
            self.about,
            self.after,
        )


class ToldRow(Table, table=True):
    """That a deadline, as it was due then, was told to be near or passed."""

    __tablename__ = "told"

    deadline_id: UUID = Field(primary_key=True)
    due: datetime = Field(primary_key=True, sa_type=_TIME)
    what: str = Field(primary_key=True)


@dataclass(frozen=True, slots=True)
class Falls:
    """A deadline with the case that it is about; `deputised`: whether a deputy was in charge when it was due."""

    waited: Waited
    case: Case
    deputised: bool = False

    @property
    def due(self) -> datetime:
        """When it is due; what is listed always has a time."""
        assert self.waited.due is not None
        return self.waited.due


async def keep(session: AsyncSession, changes: Sequence[Waited]) -> None:
    """Bring the deadlines up to date by what events set and met; two round trips however many there are."""
    if not changes:
        return
    ids = sorted({change.id for change in changes})
    query = sa.select(DeadlineRow).where(col(DeadlineRow.id).in_(ids)).execution_options(populate_existing=True)
    known: dict[UUID, Waited] = {row.id: row.waited() for row in (await session.scalars(query)).all()}
    for change in changes:
        known[change.id] = joined(known.get(change.id), change)
    await put(session, DeadlineRow, [_row(waited) for waited in known.values()])


def _row(waited: Waited) -> dict[str, Any]:
    return {
        "id": waited.id,
        "kind": waited.kind.value,
        "owner": waited.owner.value,
        "topic": waited.topic,
        "case_id": waited.case_id,
        "due": waited.due,
        "remind_at": waited.remind_at,
        "set_at": waited.set_at,
        "met_at": waited.met_at,
        "about": waited.about,
        "after": waited.after,
        "open": waited.open,
    }


async def to_tell(session: AsyncSession, what: What, until: datetime) -> list[Falls]:
    """Up to 500 open deadlines that came near or passed by `until` and were not told so yet, the longest due first."""
    told = (
        sa.exists()
        .where(
            col(ToldRow.deadline_id) == col(DeadlineRow.id),
            col(ToldRow.due) == col(DeadlineRow.due),
            col(ToldRow.what) == what,
        )
        .correlate(DeadlineRow)
    )
    query = _open(until).where(~told).limit(SWEEP)
    if what == "near":
        query = query.where(col(DeadlineRow.remind_at) <= until, col(DeadlineRow.due) > until)
        query = query.order_by(col(DeadlineRow.remind_at), col(DeadlineRow.id))
    else:
        query = query.where(col(DeadlineRow.due) <= until)
        query = query.order_by(col(DeadlineRow.due), col(DeadlineRow.id))
    return await _falls(session, query)


async def of_deputies(session: AsyncSession, falls: Iterable[Falls]) -> dict[UUID, datetime]:
    """Until when the deputies in charge have what has passed, by the id of the deadline that has passed."""
    wanted = {id_: each.waited.id for each in falls if each.deputised and (id_ := each.waited.deputy_id) is not None}
    if not wanted:
        return {}
    query = sa.select(col(DeadlineRow.id), col(DeadlineRow.due)).where(col(DeadlineRow.id).in_(sorted(wanted)))
    return {wanted[id_]: due for id_, due in (await session.execute(query)).all() if due is not None}


async def mark_told(session: AsyncSession, what: What, falls: Iterable[Falls]) -> None:
    """Note that these were told, so that a restart or a rebuild does not tell them again."""
    rows = [{"deadline_id": each.waited.id, "due": each.due, "what": what} for each in falls]
    if rows:
        await session.execute(insert(table_of(ToldRow)).on_conflict_do_nothing(), rows)


async def falling_due(
    session: AsyncSession,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    countries: Iterable[str] | None,
    kind: DeadlineKind | None = None,
    most: int = 500,
) -> list[Falls]:
    """Open deadlines due from `since` to `until`, in that order; those of `countries` only, where given."""
    query = _open(now).where(col(DeadlineRow.due) >= since, col(DeadlineRow.due) < until)
    query = query.where(sa.or_(col(DeadlineRow.due) >= now, col(DeadlineRow.kind).not_in(RIGHTS)))
    if countries is not None:
        query = query.where(_of_countries(sorted(countries)))
    if kind is not None:
        query = query.where(col(DeadlineRow.kind) == kind.value)
    return await _falls(session, query.order_by(col(DeadlineRow.due), col(DeadlineRow.id)).limit(most))


async def overdue_count(session: AsyncSession, *, now: datetime, countries: Iterable[str] | None) -> int:
    """How many open deadlines are over."""
    query = (
        sa.select(sa.func.count()).select_from(DeadlineRow).join(CaseRow, col(CaseRow.id) == col(DeadlineRow.case_id))
    )
    query = query.where(sa.text("deadline.open"), _counts(now))
    query = query.where(col(DeadlineRow.due) < now, col(DeadlineRow.kind).not_in(RIGHTS))
    if countries is not None:
        query = query.where(_of_countries(sorted(countries)))
    return int((await session.execute(query)).scalar_one())


def _open(now: datetime) -> sa.Select[DeadlineRow, CaseRow, bool]:
    deputised = in_charge(col(DeadlineRow.owner), col(DeadlineRow.due)).label("deputised")
    query = sa.select(DeadlineRow, CaseRow, deputised).join(CaseRow, col(CaseRow.id) == col(DeadlineRow.case_id))
    return query.where(sa.text("deadline.open"), _counts(now))


def _counts(now: datetime) -> sa.ColumnElement[bool]:
    """A deputy's deadline counts from the coordinator's on, where a deputy was in charge then."""
    after = col(DeadlineRow.after)
    return sa.or_(after.is_(None), sa.and_(after < now, in_charge(col(DeadlineRow.owner), after)))


def _of_countries(countries: list[str]) -> sa.ColumnElement[bool]:
    """The owner sits in one of the countries."""
    home = sa.and_(col(DeadlineRow.owner).in_([one.value for one in _HOME]), col(CaseRow.country).in_(countries))
    host = sa.and_(col(DeadlineRow.owner).in_([one.value for one in _HOST]), col(CaseRow.host_country).in_(countries))
    return sa.or_(home, host)


async def _falls(session: AsyncSession, query: sa.Select[DeadlineRow, CaseRow, bool]) -> list[Falls]:
    rows = (await session.execute(query)).all()
    known = await referenced(session, {case.id: case.case() for _, case, _ in rows})
    return [Falls(row.waited(), known[case.id], deputised) for row, case, deputised in rows if case.id in known]
