"""The visits with their dates and attendance."""

# ruff: noqa: S608 - the queries are put together from constants only

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Index, or_, select, text, true
from sqlmodel import Field, col

from services.matching.engine.problem.weeks import Period, monday
from services.matching.lifecycle.model.visit import TO_COME, Proposal, Visit
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update
from shared.contracts.codes import Reason, UnschedulableCause, VisitState
from shared.contracts.lifecycle.state_sets import MATCH_STANDING, VISIT_AHEAD, VISIT_TAKES_PLACE, in_sql
from shared.contracts.visits import VisitOf, VisitPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TAKES_A_WEEK = text(f"state IN ({in_sql(VISIT_TAKES_PLACE)})")


class VisitRow(Table, table=True):
    """A visit with its planned dates; both are empty if no lawful week was found."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("visit_match", "match_id"),
        Index("visit_application", "application_id"),
        Index("visit_call", "call_id", "state", "start"),
        Index("visit_weeks", "offer_id", "start", postgresql_where=_TAKES_A_WEEK),
        Index("visit_running", "end_day", postgresql_where=text("state = 'under_way'")),
        Index("visit_without_dates", "call_id", postgresql_where=text("state = 'unschedulable'")),
        Index("visit_move_due", "move_due", postgresql_where=text("move_due IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    match_id: UUID
    application_id: UUID
    call_id: UUID
    offer_id: UUID | None = None
    country: str
    host_country: str
    host_organisation_id: UUID
    state: str
    since: datetime = Field(sa_column=moment(index=True))
    start: date | None = None
    end_day: date | None = None
    required_days: int
    details: dict[str, Any] = Field(sa_column=document())
    days: list[str] = Field(sa_column=document())
    agenda_due: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_on: date | None = None
    early: bool = False
    cause: str | None = None
    reason: str | None = None
    moves: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    proposal: dict[str, Any] | None = Field(default=None, sa_column=document(nullable=True))
    move_due: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Attendance(Table, table=True):
    """The host's record of one day of a visit; the newest record of a day counts."""

    visit_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    present: bool


PROJECTIONS = ("attendance",)
_PROPOSAL: TypeAdapter[Proposal] = TypeAdapter(Proposal)


def _row(visit: Visit) -> VisitRow:
    plan = visit.plan
    return VisitRow(
        id=visit.id,
        match_id=visit.of.match_id,
        application_id=visit.of.application_id,
        call_id=visit.of.call_id,
        offer_id=visit.of.offer_id,
        country=visit.of.country,
        host_country=visit.of.host_country,
        host_organisation_id=visit.of.host_organisation_id,
        state=visit.state.value,
        since=visit.since,
        start=plan.start if plan else None,
        end_day=plan.end if plan else None,
        required_days=visit.required_days,
        details=visit.of.model_dump(mode="json"),
        days=[day.isoformat() for day in plan.days] if plan else [],
        agenda_due=visit.agenda_due,
        ended_on=visit.ended_on,
        early=visit.early,
        cause=visit.cause.value if visit.cause else None,
        reason=visit.reason.value if visit.reason else None,
        moves=visit.moves,
        proposal=_PROPOSAL.dump_python(visit.proposal, mode="json") if visit.proposal else None,
        move_due=visit.proposal.due if visit.proposal else None,
    )


def read(row: VisitRow) -> Visit:
    """Return the visit in a row."""
    of = VisitOf.model_validate(row.details)
    plan = None
    if row.start is not None and row.end_day is not None:
        plan = VisitPlan(
            **of.model_dump(),
            start=row.start,
            end=row.end_day,
            required_days=row.required_days,
            days=tuple(date.fromisoformat(day) for day in row.days),
        )
    return Visit(
        id=row.id,
        of=of,
        state=VisitState(row.state),
        since=row.since,
        required_days=row.required_days,
        plan=plan,
        agenda_due=row.agenda_due,
        ended_on=row.ended_on,
        early=row.early,
        cause=UnschedulableCause(row.cause) if row.cause else None,
        reason=Reason(row.reason) if row.reason else None,
        moves=row.moves,
        proposal=_PROPOSAL.validate_python(row.proposal) if row.proposal else None,
    )


async def write(session: AsyncSession, visits: Iterable[Visit]) -> None:
    """Write visits in one statement."""
    await keep(session, [_row(visit) for visit in visits])


async def locked_of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Visit]:
    """Return the visits of these matches by match, locked until the end of the transaction.

    A mentoring pair may have several, one after the other: it is the one that is not over, else the newest.
    """
    if not match_ids:
        return {}
    query = select(VisitRow).where(col(VisitRow.match_id).in_(match_ids)).order_by(col(VisitRow.id))
    found = await session.scalars(for_update(query))
    current = sorted(found, key=lambda row: (row.state in TO_COME, row.since))
    return {row.match_id: read(row) for row in current}


async def of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Visit]:
    """Return the visits of these matches by match, without locking them; of several the one that is not over."""
    query = select(VisitRow).where(col(VisitRow.match_id).in_(match_ids)).order_by(col(VisitRow.id))
    found = sorted(await session.scalars(query), key=lambda row: (row.state in TO_COME, row.since))
    return {row.match_id: read(row) for row in found}


async def group_mates(session: AsyncSession, visit: Visit) -> list[Visit]:
    """Return the visits of the other members of a visit's group to the same offer, by id; none without a group."""
    if visit.of.group_id is None or visit.of.offer_id is None:
        return []
    members = {
        mate.match_id for mate in await mates(session, [visit.of.offer_id]) if mate.group_id == visit.of.group_id
    }
    found = await of_matches(session, members - {visit.of.match_id})
    return sorted(found.values(), key=lambda mate: mate.id)


async def of_application(session: AsyncSession, application_id: UUID) -> list[Visit]:
    """Return the visits of an application, the newest first."""
    found = await session.scalars(
        select(VisitRow).where(col(VisitRow.application_id) == application_id).order_by(col(VisitRow.id).desc())
    )
    return [read(row) for row in found]


async def of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Visit]:
    """Return the visits of these applications, the oldest first."""
    query = select(VisitRow).where(col(VisitRow.application_id).in_(sorted(application_ids)))
    return [read(row) for row in await session.scalars(query.order_by(col(VisitRow.id)))]


async def matches_to_end(session: AsyncSession, before: date, limit: int = 500) -> set[UUID]:
    """Return the matches whose visit is under way although it was to end before that day."""
    found = await session.execute(
        text("SELECT match_id FROM visit WHERE state = 'under_way' AND end_day < :day ORDER BY end_day LIMIT :limit"),
        {"day": before, "limit": limit},
    )
    return {row.match_id for row in found}


async def moves_overdue(session: AsyncSession, now: datetime, limit: int = 500) -> set[UUID]:
    """Return the matches whose visit has proposed dates that were not answered by both sides in time."""
    found = await session.execute(
        text("SELECT match_id FROM visit WHERE move_due < :now ORDER BY move_due LIMIT :limit"),
        {"now": now, "limit": limit},
    )
    return {row.match_id for row in found}


async def taken_weeks(session: AsyncSession, offer_ids: Collection[UUID]) -> dict[UUID, Counter[date]]:
    """Return how many guests each offer has in each week (its Monday)."""
    found = await session.scalars(
        select(VisitRow).where(col(VisitRow.offer_id).in_(offer_ids), _TAKES_A_WEEK).order_by(col(VisitRow.start))
    )
    taken: dict[UUID, Counter[date]] = defaultdict(Counter)
    for row in found:
        if row.offer_id is not None and row.start is not None:
            taken[row.offer_id][monday(row.start)] += 1
    return taken


# A place falls free by a fact about a match, or about the visit to which the guest did not come.
_REPLACED = text(
    "WITH RECURSIVE chain AS ("
    " SELECT p.aggregateid AS match, f.aggregatetype AS topic, f.aggregateid AS freed, 1 AS depth FROM journal p"
    "  JOIN journal f ON f.id = p.causationid AND f.aggregatetype IN ('exchange.matches', 'exchange.visits')"
    "  WHERE p.aggregatetype = 'exchange.matches' AND p.aggregateid = ANY(:ids)"
    "  AND p.type IN ('MatchProposed', 'MatchCalledUp')"
    " UNION ALL"
    " SELECT c.match, f.aggregatetype, f.aggregateid, c.depth + 1 FROM chain c JOIN journal p"
    "  ON p.aggregatetype = 'exchange.matches' AND p.aggregateid = c.freed"
    "  AND p.type IN ('MatchProposed', 'MatchCalledUp')"
    "  JOIN journal f ON f.id = p.causationid AND f.aggregatetype IN ('exchange.matches', 'exchange.visits')"
    "  WHERE c.topic = 'exchange.matches' AND c.depth < 50),"
    " reached AS ("
    " SELECT c.match, c.depth, v.id FROM chain c JOIN visit v ON v.match_id = CAST(c.freed AS uuid)"
    "  WHERE c.topic = 'exchange.matches'"
    " UNION ALL SELECT c.match, c.depth, CAST(c.freed AS uuid) FROM chain c WHERE c.topic = 'exchange.visits')"
    " SELECT DISTINCT ON (match) match, id FROM reached ORDER BY match, depth, id DESC"
)


async def replaced(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return match -> the visit whose place it took over, for those proposed because that place fell free.

    Officers who were asked in between and did not go are skipped: the chain of causes leads to the last who had a
    visit.
    """
    found = await session.execute(_REPLACED, {"ids": sorted(str(match_id) for match_id in match_ids)})
    return {UUID(row.match): row.id for row in found}


@dataclass(frozen=True, slots=True)
class Mate:
    """A member of a group with a match at an offer; `start` is None until the visit has dates."""

    match_id: UUID
    offer_id: UUID
    group_id: UUID
    start: date | None


async def mates(session: AsyncSession, offer_ids: Collection[UUID]) -> list[Mate]:
    """Return all group members who come to these offers, by match."""
    found = await session.execute(
        text(
            "SELECT m.id, m.seat_id, c.group_id, v.start FROM match m JOIN candidate c ON c.id = m.application_id"
            " LEFT JOIN visit v ON v.match_id = m.id"
            f" WHERE m.seat_id = ANY(:offers) AND m.state IN ({in_sql(MATCH_STANDING)})"
            " AND NOT m.reserve AND c.group_id IS NOT NULL ORDER BY m.id"
        ),
        {"offers": sorted(offer_ids)},
    )
    return [Mate(row.id, row.seat_id, row.group_id, row.start) for row in found]


async def to_plan(
    session: AsyncSession, call_id: UUID, after: date, offers: Collection[UUID] | None = None
) -> list[Visit]:
    """Return the visits to a call's placements that could get other dates, by id.

    Planned, or without a lawful week so far. One for which other dates are proposed waits for its answers. With
    `offers` only those to these offers.
    """
    found = await session.scalars(
        select(VisitRow)
        .where(
            col(VisitRow.call_id) == call_id,
            true() if offers is None else col(VisitRow.offer_id).in_(offers),
            col(VisitRow.state).in_(VISIT_AHEAD),
            col(VisitRow.offer_id).is_not(None),
            col(VisitRow.proposal).is_(None),
            or_(col(VisitRow.start).is_(None), col(VisitRow.start) > after),
        )
        .order_by(col(VisitRow.id))
    )
    rows = list(found)
    return await asyncio.to_thread(lambda: [read(row) for row in rows])


async def proposals(session: AsyncSession, offer_ids: Collection[UUID]) -> list[Visit]:
    """Return the visits to these offers for which other dates are proposed, by id."""
    found = await session.scalars(
        select(VisitRow)
        .where(col(VisitRow.offer_id).in_(offer_ids), col(VisitRow.move_due).is_not(None))
        .order_by(col(VisitRow.id))
    )
    return [read(row) for row in found]


async def agreed(session: AsyncSession) -> dict[UUID, list[UUID]]:
    """Return the matches for which both sides accepted other dates and wait for the week to fall free, by offer."""
    found = await session.execute(
        text(
            "SELECT offer_id, match_id FROM visit WHERE move_due IS NOT NULL AND offer_id IS NOT NULL"
            " AND jsonb_array_length(proposal -> 'accepted') = 2 ORDER BY offer_id, match_id"
        )
    )
    offers: dict[UUID, list[UUID]] = defaultdict(list)
    for row in found:
        offers[row.offer_id].append(row.match_id)
    return offers


async def without_dates(session: AsyncSession) -> dict[UUID, list[UUID]]:
    """Return the matches whose visit to a placement found no lawful week, by call."""
    found = await session.execute(
        text(
            "SELECT call_id, match_id FROM visit WHERE state = 'unschedulable' AND offer_id IS NOT NULL"
            " ORDER BY call_id, match_id"
        )
    )
    calls: dict[UUID, list[UUID]] = defaultdict(list)
    for row in found:
        calls[row.call_id].append(row.match_id)
    return calls


async def busy(session: AsyncSession, applications: Collection[UUID]) -> dict[UUID, list[Period]]:
    """Return when the applicants are on other visits."""
    found = await session.scalars(
        select(VisitRow)
        .where(col(VisitRow.application_id).in_(applications), _TAKES_A_WEEK)
        .order_by(col(VisitRow.start))
    )
    periods: dict[UUID, list[Period]] = defaultdict(list)
    for row in found:
        if row.start is not None and row.end_day is not None:
            periods[row.application_id].append(Period(row.start, row.end_day))
    return periods


async def busy_mentor(session: AsyncSession, mentor_id: UUID) -> list[Period]:
    """Return when a mentor is on visits with mentees, at either side."""
    found = await session.execute(
        text(
            "SELECT v.start, v.end_day FROM visit v JOIN mentorship p ON p.match_id = v.match_id"
            f" WHERE p.mentor_id = :mentor AND v.state IN ({in_sql(VISIT_TAKES_PLACE)})"
            " AND v.start IS NOT NULL ORDER BY v.start"
        ),
        {"mentor": mentor_id},
    )
    return [Period(row.start, row.end_day) for row in found]


async def keep_attendance(session: AsyncSession, rows: Sequence[Attendance]) -> None:
    """Write recorded days."""
    await keep(session, rows)


async def attendance(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[date, bool]]:
    """Return the records of each visit, day by day."""
    found = await session.scalars(
        select(Attendance)
        .where(col(Attendance.visit_id).in_(visit_ids))
        .order_by(col(Attendance.visit_id), col(Attendance.day))
    )
    days: dict[UUID, dict[date, bool]] = defaultdict(dict)
    for row in found:
        days[row.visit_id][row.day] = row.present
    return days
