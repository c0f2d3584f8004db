"""The projection of deadlines, and a lasting record of those that were announced.

The record is not part of the projection: a rebuild computes the deadlines anew and reminds nobody twice. `look_at` is
when there is something to announce next, so that a sweep reads no other deadline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col

from services.notifications.cases.store.cases import CaseRow, cases, with_references
from services.notifications.cases.store.deputies import in_charge
from services.notifications.deadlines.model.rules import CaseDeadline, holder, merge, next_look
from services.notifications.tables import Table, among, put, table_of
from shared.bus.db.locking import for_update
from shared.bus.db.transaction import driver
from shared.contracts.codes import AudienceKind, DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.cases.model import Case

_TIME = sa.DateTime(timezone=True)
Announcement = Literal["near", "passed"]
SWEEP_LIMIT = 50_000
"""The number of deadlines that one look of a sweep takes in."""
_PLACED = 2_000


class DeadlineRow(Table, table=True):
    """A `CaseDeadline` after the events so far; the model computes `open` and `look_at`."""

    __tablename__ = "deadline"
    __table_args__ = (
        sa.Index("deadline_due", "due", "id", postgresql_where=sa.text("open")),
        sa.Index("deadline_country", "country", "due", "id", postgresql_where=sa.text("open")),
        sa.Index("deadline_holder_key", "holder_key", "due", "id", postgresql_where=sa.text("open")),
        sa.Index("deadline_look_at", "look_at", "id", postgresql_where=sa.text("look_at IS NOT NULL")),
        sa.Index("deadline_unplaced", "id", postgresql_where=sa.text("open AND holder_key IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    owner: str
    topic: str
    case_id: UUID = Field(index=True)
    due: datetime | None = Field(default=None, sa_type=_TIME)
    reminder: datetime | None = Field(default=None, sa_type=_TIME, description="The call's own time of the reminder")
    set_at: datetime | None = Field(index=True, default=None, sa_type=_TIME)
    met_at: datetime | None = Field(default=None, sa_type=_TIME)
    about: UUID | None = Field(default=None, description="The event that set it")
    after: datetime | None = Field(default=None, sa_type=_TIME, description="A deputy's: when the coordinator's passed")
    until: datetime | None = Field(default=None, sa_type=_TIME, description="From when nobody is asked any more")
    open: bool
    look_at: datetime | None = Field(default=None, sa_type=_TIME, description="When there is something to tell of it")
    holder_key: str | None = Field(default=None, description="The holder's key; none until the case is known")
    country: str | None = Field(default=None, description="Whose national coordinator sees it")

    def deadline(self) -> CaseDeadline:
        """Return the deadline of the model."""
        return _deadline_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDeadline:
    """A row of `DeadlineRow` to be written, new or in place of the one with its id."""

    id: UUID
    kind: str
    owner: str
    topic: str
    case_id: UUID
    due: datetime | None
    reminder: datetime | None
    set_at: datetime | None
    met_at: datetime | None
    about: UUID | None
    after: datetime | None
    until: datetime | None
    open: bool
    look_at: datetime | None
    holder_key: str | None
    country: str | None


def _deadline_of(row: DeadlineRow) -> CaseDeadline:
    """Return the same for a row that was read without the mapper, with the same names."""
    return CaseDeadline(
        DeadlineKind(row.kind),
        AudienceKind(row.owner),
        row.topic,
        row.case_id,
        row.due,
        row.set_at,
        row.met_at,
        row.about,
        row.after,
        row.reminder,
        row.until,
    )


class AnnouncedRow(Table, table=True):
    """That a deadline with this date was announced as near or passed."""

    __tablename__ = "announcement"

    deadline_id: UUID = Field(primary_key=True)
    due: datetime = Field(primary_key=True, sa_type=_TIME)
    kind: str = Field(primary_key=True)


@dataclass(frozen=True, slots=True)
class DeadlineEntry:
    """A deadline with its case.

    `deputised` is whether a deputy was in charge on the date, `counts` whether somebody is asked for it at all: by a
    deputy's only where there was a deputy on the day on which the coordinator's passed.
    """

    id: UUID
    deadline: CaseDeadline
    case: Case
    deputised: bool = False
    counts: bool = True

    @property
    def due(self) -> datetime:
        """The date; whatever is listed has one."""
        assert self.deadline.due is not None
        return self.deadline.due

    @property
    def key(self) -> str:
        """The key of its holder, by which lists are filtered."""
        return holder(self.deadline.owner, self.case).key

    @property
    def country(self) -> str | None:
        """The country whose national coordinator sees it."""
        return holder(self.deadline.owner, self.case).country


async def save_changes(session: AsyncSession, changes: Sequence[CaseDeadline], cases: Mapping[UUID, Case]) -> None:
    """Save what events set and met, in three round trips however many there are.

    The rows are locked, so that a sweep at the same time sees a date either before or after the change.
    """
    if not changes:
        return
    ids = {change.id for change in changes}
    query = sa.select(DeadlineRow).where(among(col(DeadlineRow.id), ids)).order_by(col(DeadlineRow.id))
    query = for_update(query)
    before = {row.id: row for row in (await session.scalars(query)).all()}
    known: dict[UUID, CaseDeadline] = {id_: row.deadline() for id_, row in before.items()}
    for change in changes:
        known[change.id] = merge(known.get(change.id), change)
    announced = await _announced_times(session, known.values())
    rows = [
        _row(deadline, announced, before.get(deadline.id), cases.get(deadline.case_id)) for deadline in known.values()
    ]
    await put(session, DeadlineRow, rows)


async def _announced_times(
    session: AsyncSession, deadlines: Iterable[CaseDeadline]
) -> dict[tuple[UUID, datetime], set[str]]:
    """Return what was announced of deadlines, by id and date: a new date is announced anew."""
    query = "SELECT deadline_id, due, kind FROM announcement WHERE deadline_id = ANY($1::uuid[])"
    found: dict[tuple[UUID, datetime], set[str]] = {}
    for id_, due, kind in await (await driver(session)).fetch(query, sorted(deadline.id for deadline in deadlines)):
        found.setdefault((id_, due), set()).add(kind)
    return found


def _row(
    deadline: CaseDeadline,
    announced_by_date: Mapping[tuple[UUID, datetime], set[str]],
    before: DeadlineRow | None,
    case: Case | None,
) -> WrittenDeadline:
    key, country = (None, None) if before is None else (before.holder_key, before.country)
    if case is not None:
        owner = holder(deadline.owner, case)
        key, country = owner.key, owner.country
    announced = announced_by_date.get((deadline.id, deadline.due), set()) if deadline.due is not None else set()
    return WrittenDeadline(
        id=deadline.id,
        kind=deadline.kind.value,
        owner=deadline.owner.value,
        topic=deadline.topic,
        case_id=deadline.case_id,
        due=deadline.due,
        reminder=deadline.reminder,
        set_at=deadline.set_at,
        met_at=deadline.met_at,
        about=deadline.about,
        after=deadline.after,
        until=deadline.until,
        open=deadline.open,
        look_at=next_look(deadline, announced),
        holder_key=key,
        country=country,
    )


async def assign_holders(session: AsyncSession) -> None:
    """Set the holders of deadlines whose case arrived after them."""
    query = sa.select(DeadlineRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(DeadlineRow.case_id))
    query = query.where(sa.text("deadline.open AND deadline.holder_key IS NULL")).order_by(col(DeadlineRow.id))
    for row, case in (await session.execute(for_update(query.limit(_PLACED), of=DeadlineRow))).all():
        owner = holder(AudienceKind(row.owner), case.case())
        row.holder_key, row.country = owner.key, owner.country
    await session.flush()


async def due_for_announcement(session: AsyncSession, until: datetime) -> list[UUID]:
    """Return the deadlines with something to announce by `until`, in the order in which it fell due."""
    due = col(DeadlineRow.due)
    moment = sa.case((due <= until, due), else_=col(DeadlineRow.look_at))
    query = sa.select(col(DeadlineRow.id)).where(col(DeadlineRow.look_at) <= until)
    return list((await session.scalars(query.order_by(moment, col(DeadlineRow.id)).limit(SWEEP_LIMIT))).all())


async def claim(
    session: AsyncSession, ids: Sequence[UUID], until: datetime
) -> list[tuple[Announcement, DeadlineEntry]]:
    """Return what is to be announced now, in order, and record it; a second process gets nothing.

    A deadline that was met, moved or announced in the meantime is left out, as is one that nobody is asked for.
    One whose case has not arrived yet stays for a later sweep.
    """
    entries = await _entries(session, ids, until)
    announcements: list[tuple[Announcement, DeadlineEntry]] = [
        ("passed" if entry.due <= until else "near", entry) for entry in entries
    ]
    new = await _mark_announced(session, [(what, entry) for what, entry in announcements if entry.counts])
    for what, moment in (("passed", None), ("near", col(DeadlineRow.due))):
        done = [entry.id for announcement, entry in announcements if announcement == what]
        if done:
            changed = sa.update(DeadlineRow).where(col(DeadlineRow.id).in_(done)).values(look_at=moment)
            await session.execute(changed.execution_options(synchronize_session=False))
    return [(what, entry) for what, entry in announcements if (entry.id, what) in new]


async def _mark_announced(
    session: AsyncSession, announcements: Iterable[tuple[Announcement, DeadlineEntry]]
) -> set[tuple[UUID, str]]:
    """Record announcements, so that a restart, a rebuild or a clock set back does not repeat them."""
    rows = [{"deadline_id": entry.id, "due": entry.due, "kind": kind} for kind, entry in announcements]
    if not rows:
        return set()
    table = table_of(AnnouncedRow)
    new = insert(table).on_conflict_do_nothing().returning(table.c.deadline_id, table.c.kind)
    return {(row.deadline_id, row.kind) for row in await session.execute(new, rows)}


async def _entries(session: AsyncSession, ids: Sequence[UUID], until: datetime) -> list[DeadlineEntry]:
    after = col(DeadlineRow.after)
    deputised = in_charge(col(DeadlineRow.owner), col(DeadlineRow.due)).label("deputised")
    deputed = sa.or_(after.is_(None), sa.and_(after <= until, in_charge(col(DeadlineRow.owner), after)))
    counts = sa.and_(deputed, still_asked(until)).label("counts")
    # Columns, not objects of the mapper, which are slow to make for a whole sweep.
    query = sa.select(*table_of(DeadlineRow).c, deputised, counts)
    query = query.join(CaseRow, col(CaseRow.id) == col(DeadlineRow.case_id))
    query = query.where(col(DeadlineRow.id).in_(ids), col(DeadlineRow.look_at) <= until).order_by(col(DeadlineRow.id))
    rows: Sequence[Any] = (await session.execute(query.with_for_update(of=DeadlineRow))).all()
    cases_by_id = await with_references(session, await cases(session, (row.case_id for row in rows)))
    place_of = {id_: place for place, id_ in enumerate(ids)}
    entries = [
        DeadlineEntry(row.id, _deadline_of(row), cases_by_id[row.case_id], row.deputised, row.counts)
        for row in rows
        if row.case_id in cases_by_id
    ]
    return sorted(entries, key=lambda entry: place_of[entry.id])


async def over(session: AsyncSession, dates: Mapping[UUID, datetime], now: datetime) -> set[UUID]:
    """Return those of the deadlines that are met or no longer asked for by now, or have another date than the given.

    One that is not known, as during a rebuild, is not among them.
    """
    stands = sa.and_(col(DeadlineRow.open), still_asked(now)).label("stands")
    query = sa.select(col(DeadlineRow.id), stands, col(DeadlineRow.due))
    found = (await session.execute(query.where(col(DeadlineRow.id).in_(sorted(dates))))).all()
    return {id_ for id_, is_open, due in found if not is_open or due != dates[id_]}


def still_asked(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that the day has not come from which nobody is asked any more."""
    return sa.or_(col(DeadlineRow.until).is_(None), col(DeadlineRow.until) > now)


async def deputy_dates(session: AsyncSession, entries: Iterable[DeadlineEntry]) -> dict[UUID, datetime]:
    """Return the dates of the deputies in charge, by the id of the deadline that has passed."""
    wanted = {id_: entry.id for entry in entries if entry.deputised and (id_ := entry.deadline.deputy_id) is not None}
    if not wanted:
        return {}
    query = sa.select(col(DeadlineRow.id), col(DeadlineRow.due)).where(col(DeadlineRow.id).in_(sorted(wanted)))
    return {wanted[id_]: due for id_, due in (await session.execute(query)).all() if due is not None}
