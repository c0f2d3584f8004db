"""The mentorships, with the signatures, sessions and goals of the pairs."""

# ruff: noqa: S608 - the queries are put together from constants only

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.lifecycle.model.mentorship import Mentorship, Progress, Signed
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update
from shared.contracts.codes import MentorshipState, Party, Reason
from shared.contracts.lifecycle.state_sets import MENTORSHIP_GOING, in_sql
from shared.contracts.mentorships import MentorshipPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession


class MentorshipRow(Table, table=True):
    """A mentorship; `until` is its planned end."""

    __tablename__ = "mentorship"
    __table_args__ = (
        Index("mentorship_match", "match_id"),
        Index("mentorship_application", "application_id"),
        Index("mentorship_mentor", "mentor_id"),
        Index("mentorship_call", "call_id", "state", "id"),
        Index("mentorship_due", "due", postgresql_where=text("state = 'opened'")),
        Index("mentorship_until", "until", postgresql_where=text(f"state IN ({in_sql(MENTORSHIP_GOING)})")),
    )

    id: UUID = Field(primary_key=True)
    match_id: UUID
    application_id: UUID
    call_id: UUID
    mentor_id: UUID
    country: str
    host_country: str
    host_organisation_id: UUID
    state: str
    since: datetime = Field(sa_column=moment(index=True))
    due: datetime = Field(sa_column=moment())
    plan: dict[str, Any] = Field(sa_column=document())
    sessions_to_complete: int
    sessions: int = 0
    started_on: date | None = None
    until: date | None = None
    ended_on: date | None = None
    reason: str | None = None


class Signature(Table, table=True):
    """A signature of a version of the agreement; `until` is the end date of this version."""

    mentorship_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    until: date | None = None


class Session(Table, table=True):
    """A session of a pair, and whether the other side confirmed it."""

    mentorship_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(primary_key=True)
    held_on: date
    confirmed: bool


class Goal(Table, table=True):
    """A goal of a pair: open while `met` is empty."""

    mentorship_id: UUID = Field(primary_key=True)
    goal_id: UUID = Field(primary_key=True)
    met: bool | None = None


PROJECTIONS = ("signature", "session", "goal")


def _row(mentorship: Mentorship) -> MentorshipRow:
    plan = mentorship.plan
    return MentorshipRow(
        id=mentorship.id,
        match_id=plan.match_id,
        application_id=plan.application_id,
        call_id=plan.call_id,
        mentor_id=plan.mentor_id,
        country=plan.country,
        host_country=plan.mentor_country,
        host_organisation_id=plan.mentor_organisation_id,
        state=mentorship.state.value,
        since=mentorship.since,
        due=mentorship.due,
        plan=plan.model_dump(mode="json"),
        sessions_to_complete=mentorship.sessions_to_complete,
        sessions=mentorship.sessions,
        started_on=mentorship.started_on,
        until=mentorship.until,
        ended_on=mentorship.ended_on,
        reason=mentorship.reason.value if mentorship.reason else None,
    )


def read(row: MentorshipRow) -> Mentorship:
    """Return the mentorship in a row."""
    return Mentorship(
        id=row.id,
        plan=MentorshipPlan.model_validate(row.plan),
        state=MentorshipState(row.state),
        since=row.since,
        due=row.due,
        sessions_to_complete=row.sessions_to_complete,
        started_on=row.started_on,
        until=row.until,
        ended_on=row.ended_on,
        sessions=row.sessions,
        reason=Reason(row.reason) if row.reason else None,
    )


async def write(session: AsyncSession, mentorships: Iterable[Mentorship]) -> None:
    """Write mentorships in one statement."""
    await keep(session, [_row(mentorship) for mentorship in mentorships])


async def locked_of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Mentorship]:
    """Return the mentorships of these matches by match, locked until the end of the transaction."""
    if not match_ids:
        return {}
    query = select(MentorshipRow).where(col(MentorshipRow.match_id).in_(match_ids)).order_by(col(MentorshipRow.id))
    found = await session.scalars(for_update(query))
    return {row.match_id: read(row) for row in found}


async def of_application(session: AsyncSession, application_id: UUID) -> list[Mentorship]:
    """Return the mentorships of an application, the newest first."""
    found = await session.scalars(
        select(MentorshipRow)
        .where(col(MentorshipRow.application_id) == application_id)
        .order_by(col(MentorshipRow.id).desc())
    )
    return [read(row) for row in found]


async def of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Mentorship]:
    """Return the mentorships of these applications, the oldest first."""
    query = select(MentorshipRow).where(col(MentorshipRow.application_id).in_(sorted(application_ids)))
    return [read(row) for row in await session.scalars(query.order_by(col(MentorshipRow.id)))]


async def matches_to_look_at(session: AsyncSession, now: datetime, today: date, limit: int = 500) -> set[UUID]:
    """Return the matches whose mentorship was not signed in time, or whose time is over."""
    found = await session.execute(
        text(
            "(SELECT match_id FROM mentorship WHERE state = 'opened' AND due < :now ORDER BY due LIMIT :limit)"
            f" UNION (SELECT match_id FROM mentorship WHERE state IN ({in_sql(MENTORSHIP_GOING)}) AND until < :today"
            " ORDER BY until LIMIT :limit)"
        ),
        {"now": now, "today": today, "limit": limit},
    )
    return {row.match_id for row in found}


async def keep_records(session: AsyncSession, records: Iterable[Signature | Session | Goal]) -> None:
    """Write what pairs recorded; a confirmation of a session is never undone by an event that arrives late."""
    by_table: dict[type[Table], list[Table]] = defaultdict(list)
    for record in records:
        by_table[type(record)].append(record)
    for rows in by_table.values():
        await keep(session, rows)


async def progress(session: AsyncSession, mentorship_ids: Collection[UUID]) -> dict[UUID, Progress]:
    """Return what each pair has recorded so far."""
    signed: dict[UUID, dict[int, Signed]] = defaultdict(dict)
    sessions: Counter[UUID] = Counter()
    goals: dict[UUID, dict[UUID, bool | None]] = defaultdict(dict)
    for signature in await session.scalars(select(Signature).where(col(Signature.mentorship_id).in_(mentorship_ids))):
        by = (
            signed[signature.mentorship_id][signature.version].by
            if signature.version in signed[signature.mentorship_id]
            else frozenset()
        )
        signed[signature.mentorship_id][signature.version] = Signed(by | {Party(signature.party)}, signature.until)
    for met in await session.scalars(
        select(Session).where(col(Session.mentorship_id).in_(mentorship_ids), col(Session.confirmed).is_(True))
    ):
        sessions[met.mentorship_id] += 1
    for goal in await session.scalars(select(Goal).where(col(Goal.mentorship_id).in_(mentorship_ids))):
        goals[goal.mentorship_id][goal.goal_id] = goal.met
    return {
        mentorship_id: Progress(signed[mentorship_id], sessions[mentorship_id], goals[mentorship_id])
        for mentorship_id in mentorship_ids
    }
