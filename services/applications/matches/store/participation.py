"""What have people done about a match: cleared, answered, agreed, recorded, reported? Own facts, with their texts.

Every row was written in the transaction of an event on `exchange.participation`; texts and stated reasons stay here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.applications.matches.store.matches import Match
from services.applications.partners.model import UNCONFIRMED
from services.applications.partners.store import suspended_now
from services.applications.tables import Table
from shared.contracts.codes import Answer, MatchState, Party, Side
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Clearance(Table, table=True):
    """One side of a match cleared it, or refused, with the reason as stated."""

    __tablename__ = "clearance"

    match_id: UUID = Field(primary_key=True)
    side: str = Field(primary_key=True)
    given: bool
    reason: str | None = Field(default=None, description="A StatedReason; what leaves the portal is `published` of it")
    text: str = ""
    actor: str
    acting_as: str
    at: datetime = Field(sa_type=_TIME)
    host_due: datetime | None = Field(default=None, sa_type=_TIME, description="When the host side is to clear")


class Release(Table, table=True):
    """Fields of somebody's identity are shown to another: `of` and `to` are parties of the match."""

    __tablename__ = "release"
    __table_args__ = (sa.Index("release_at", "at", "match_id"),)

    match_id: UUID = Field(primary_key=True)
    of: str = Field(primary_key=True)
    to: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    fields: list[str] = Field(sa_type=JSONB)
    basis: str
    at: datetime = Field(sa_type=_TIME)


class AnswerIn(Table, table=True):
    """The answer of one party to a match that was offered; a request until matching confirms it."""

    __tablename__ = "answer"

    match_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    answer: str
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    actor: str
    at: datetime = Field(sa_type=_TIME)


class Agenda(Table, table=True):
    """One version of a visit's agenda; without any, the outline of the placement is version 1."""

    __tablename__ = "agenda"

    visit_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str
    actor: str
    at: datetime = Field(sa_type=_TIME)


class AgendaAgreement(Table, table=True):
    """The newest version of the agenda to which one side agreed."""

    __tablename__ = "agenda_agreement"

    visit_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    version: int
    at: datetime = Field(sa_type=_TIME)


class Attendance(Table, table=True):
    """Whether the guest was there on one day of the visit; a correction says what was recorded before it."""

    __tablename__ = "attendance"

    visit_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    present: bool
    was: bool | None = Field(default=None, description="What a correction replaced")
    actor: str
    at: datetime = Field(sa_type=_TIME)


class Statement(Table, table=True):
    """A no-show, an early return, a request to cancel or to end: `what` is the event's type."""

    __tablename__ = "statement"

    match_id: UUID = Field(primary_key=True)
    what: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    last_day: date | None = None
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def clearances(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, dict[Side, Clearance]]:
    """By match and side, what was decided."""
    query = select(Clearance).where(col(Clearance.match_id).in_(sorted(match_ids)))
    found: dict[UUID, dict[Side, Clearance]] = {id_: {} for id_ in match_ids}
    for one in await session.scalars(query.order_by(col(Clearance.match_id), col(Clearance.at))):
        found[one.match_id][Side(one.side)] = one
    return found


async def releases(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, list[Release]]:
    """By match, what is shown of whom to whom, the oldest first.

    While one of its two countries is suspended a match that is not confirmed shows nobody to anybody.
    """
    hidden = sa.and_(
        col(Match.state).in_(UNCONFIRMED), suspended_now(clock.today(), col(Match.country), col(Match.host_country))
    )
    query = select(Release).join(Match, col(Match.id) == Release.match_id).where(~hidden)
    query = query.where(col(Release.match_id).in_(sorted(match_ids)))
    found: dict[UUID, list[Release]] = {id_: [] for id_ in match_ids}
    for one in await session.scalars(query.order_by(col(Release.match_id), col(Release.at), col(Release.to))):
        found[one.match_id].append(one)
    return found


async def add_release(session: AsyncSession, row: Release) -> bool:
    """Note that fields are shown; whether any of them was not shown before for that purpose. Others stay shown."""
    before = await session.get(Release, (row.match_id, row.of, row.to, row.purpose), with_for_update=True)
    if before is None:
        session.add(row)
        return True
    new = [one for one in row.fields if one not in before.fields]
    before.fields = [*before.fields, *new]
    return bool(new)


async def answers(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, dict[Party, Answer]]:
    """By match and party, what was answered."""
    query = select(AnswerIn).where(col(AnswerIn.match_id).in_(sorted(match_ids)))
    found: dict[UUID, dict[Party, Answer]] = {id_: {} for id_ in match_ids}
    for one in await session.scalars(query.order_by(col(AnswerIn.match_id), col(AnswerIn.at))):
        found[one.match_id][Party(one.party)] = Answer(one.answer)
    return found


async def both_accepted(session: AsyncSession, application_ids: Collection[UUID]) -> set[UUID]:
    """Those of the applications that have a match to which both sides said yes and which has not ended since."""
    live = (MatchState.PROPOSED, MatchState.CLEARED, MatchState.OFFERED, MatchState.CONFIRMED)
    query = (
        select(Match.application_id)
        .join(AnswerIn, col(AnswerIn.match_id) == col(Match.id))
        .where(
            col(Match.application_id).in_(sorted(application_ids)),
            col(Match.state).in_(live),
            AnswerIn.answer == Answer.ACCEPT,
        )
        .group_by(col(Match.id), col(Match.application_id))
        .having(sa.func.count() >= len(Side))
        .order_by(col(Match.application_id))
    )
    return set((await session.scalars(query)).all())


async def agenda(session: AsyncSession, visit_id: UUID) -> Agenda | None:
    """The newest version of a visit's agenda."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc()).limit(1)
    return await session.scalar(query)


async def agendas(session: AsyncSession, visit_id: UUID) -> list[Agenda]:
    """All versions of a visit's agenda that were written, the newest first."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc())
    return list(await session.scalars(query))


async def agenda_agreed(session: AsyncSession, visit_id: UUID) -> dict[Party, int]:
    """By party, the newest version agreed to."""
    query = select(AgendaAgreement).where(AgendaAgreement.visit_id == visit_id).order_by(col(AgendaAgreement.party))
    return {Party(one.party): one.version for one in await session.scalars(query)}


async def put_agreed(session: AsyncSession, visit_id: UUID, party: Party, version: int, at: datetime) -> None:
    """One side agrees to a version; an earlier agreement is replaced."""
    new = insert(AgendaAgreement).values(visit_id=visit_id, party=party.value, version=version, at=at)
    await session.execute(
        new.on_conflict_do_update(index_elements=["visit_id", "party"], set_={"version": version, "at": at})
    )


async def attendance(session: AsyncSession, visit_id: UUID) -> dict[date, bool]:
    """By day, whether the guest was there."""
    found = await attendance_of(session, [visit_id])
    return {day: one.present for day, one in found[visit_id].items()}


async def attendance_of(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[date, Attendance]]:
    """By visit and day, what was recorded, with what a correction replaced."""
    query = select(Attendance).where(col(Attendance.visit_id).in_(sorted(visit_ids)))
    found: dict[UUID, dict[date, Attendance]] = {id_: {} for id_ in visit_ids}
    for one in await session.scalars(query.order_by(col(Attendance.visit_id), col(Attendance.day))):
        found[one.visit_id][one.day] = one
    return found


async def put_attendance(session: AsyncSession, record: Attendance) -> None:
    """Record one day; an earlier record is replaced."""
    new = insert(Attendance).values(**record.model_dump())
    changes = {name: new.excluded[name] for name in ("present", "was", "actor", "at")}
    await session.execute(new.on_conflict_do_update(index_elements=["visit_id", "day"], set_=changes))


async def statements(session: AsyncSession, match_id: UUID) -> list[Statement]:
    """What was reported or asked for about a match, the oldest first."""
    query = select(Statement).where(Statement.match_id == match_id)
    return list(await session.scalars(query.order_by(col(Statement.at), col(Statement.what))))
