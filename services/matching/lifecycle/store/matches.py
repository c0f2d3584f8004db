"""The matches with their states; they belong to matching and begin as proposed."""

# ruff: noqa: S608 - the queries are put together from constants only

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, Select, select, text
from sqlmodel import Field, col

from services.matching.lifecycle.model.match import HELD, Match
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update
from shared.contracts.codes import MatchState, Party, Reason
from shared.contracts.lifecycle.state_sets import MATCH_STANDING, MATCH_UNCLEARED, MATCH_UNCONFIRMED, in_sql
from shared.contracts.matches import Pairing
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach
    from shared.web.paging import PageRequest

_HELD = text(f"state IN ({in_sql(MATCH_STANDING)}) AND NOT reserve")
_IN_RESERVE = text(f"state IN ({in_sql(MATCH_UNCLEARED)}) AND reserve")


class MatchRow(Table, table=True):
    """A match; `since` is when it entered its state, `due` the deadline of the next step."""

    __tablename__ = "match"
    __table_args__ = (
        # An application has one match at a time: the database holds it, whoever runs beside whom.
        Index("match_held_once", "application_id", unique=True, postgresql_where=_HELD),
        # Beside none that takes a place it may stand in reserve, once.
        Index("match_reserve_once", "application_id", unique=True, postgresql_where=_IN_RESERVE),
        Index("match_application", "application_id", "since"),
        Index("match_call", "call_id", "state", "due"),
        Index("match_seat", "seat_id", "state"),
        Index("match_due", "due", postgresql_where=text("state = 'offered'")),
        Index("match_countries", "country", "state"),
        Index("match_hosts", "host_country", "state"),
    )

    id: UUID = Field(primary_key=True)
    application_id: UUID
    call_id: UUID
    kind: str
    seat_id: UUID
    country: str
    host_country: str
    host_organisation_id: UUID
    state: str
    since: datetime = Field(sa_column=moment(index=True))
    due: datetime = Field(sa_column=moment())
    proposed_at: datetime = Field(sa_column=moment())
    pairing: dict[str, Any] = Field(sa_column=document())
    run_id: UUID
    score: int
    next_in_line: list[str] = Field(sa_column=document())
    home_cleared: bool = False
    host_cleared: bool = False
    applicant_accepted: bool = False
    host_accepted: bool = False
    ended_by: str | None = None
    reason: str | None = None
    silent: list[str] = Field(sa_column=document())
    reserve: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


def _row(match: Match) -> MatchRow:
    pairing = match.pairing
    values = asdict(match) | {
        "application_id": pairing.application_id,
        "call_id": pairing.call_id,
        "kind": pairing.kind.value,
        "seat_id": match.seat_id,
        "country": pairing.country,
        "host_country": pairing.host_country,
        "host_organisation_id": pairing.host_organisation_id,
        "pairing": pairing.model_dump(mode="json"),
        "state": match.state.value,
        "next_in_line": [str(application_id) for application_id in match.next_in_line],
        "ended_by": match.by,
        "silent": [party.value for party in match.silent],
    }
    return MatchRow(**values)


def read(row: MatchRow) -> Match:
    """Return the match in a row."""
    return Match(
        id=row.id,
        pairing=Pairing.model_validate(row.pairing),
        state=MatchState(row.state),
        since=row.since,
        due=row.due,
        proposed_at=row.proposed_at,
        run_id=row.run_id,
        score=row.score,
        next_in_line=tuple(UUID(application_id) for application_id in row.next_in_line),
        home_cleared=row.home_cleared,
        host_cleared=row.host_cleared,
        applicant_accepted=row.applicant_accepted,
        host_accepted=row.host_accepted,
        by=Party(row.ended_by) if row.ended_by else None,
        reason=Reason(row.reason) if row.reason else None,
        silent=tuple(Party(party) for party in row.silent),
        reserve=row.reserve,
    )


async def write(session: AsyncSession, matches: Iterable[Match]) -> None:
    """Write matches in one statement."""
    await keep(session, [_row(match) for match in matches])


async def locked(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Match]:
    """Return the matches with these ids, locked until the end of the transaction."""
    if not ids:
        return {}
    query = select(MatchRow).where(col(MatchRow.id).in_(ids)).order_by(col(MatchRow.id))
    found = await session.scalars(for_update(query))
    return {row.id: read(row) for row in found}


async def by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Match]:
    """Return the matches with these ids, however many."""
    found = await session.scalars(select(MatchRow).where(col(MatchRow.id).in_(ids)).order_by(col(MatchRow.id)))
    rows = list(found)
    return await asyncio.to_thread(lambda: {row.id: read(row) for row in rows})


async def open_matches_of(
    session: AsyncSession, *, applications: Collection[UUID] = (), seats: Collection[UUID] = ()
) -> set[UUID]:
    """Return the ids of the matches that are not over, reserves too, of these applications or for these seats."""
    found = await session.execute(
        text(
            "SELECT id FROM match WHERE state = ANY(:held) AND application_id = ANY(:applications)"
            " UNION SELECT id FROM match WHERE state = ANY(:held) AND seat_id = ANY(:seats)"
        ),
        {"held": [state.value for state in HELD], "applications": sorted(applications), "seats": sorted(seats)},
    )
    return {row.id for row in found}


async def open_matches_in(session: AsyncSession, call_ids: Collection[UUID]) -> set[UUID]:
    """Return the ids of the matches of these calls that are not over, reserves too."""
    found = await session.execute(
        text("SELECT id FROM match WHERE state = ANY(:held) AND call_id = ANY(:calls)"),
        {"held": [state.value for state in HELD], "calls": sorted(call_ids)},
    )
    return {row.id for row in found}


async def reserves_of(session: AsyncSession, applications: Collection[UUID]) -> set[UUID]:
    """Return the ids of the reserves of these applications."""
    if not applications:
        return set()
    found = await session.execute(
        text(
            "SELECT id FROM match WHERE application_id = ANY(:ids)"
            f" AND state IN ({in_sql(MATCH_UNCLEARED)}) AND reserve"
        ),
        {"ids": sorted(applications)},
    )
    return {row.id for row in found}


_RELEASED = text(
    "SELECT r.id, EXISTS (SELECT 1 FROM partner p WHERE p.country IN (r.country, r.host_country)"
    "  AND p.status = 'suspended' AND p.since <= :today) AS suspended"
    f" FROM match r WHERE r.state IN ({in_sql(MATCH_UNCLEARED)}) AND r.reserve AND (EXISTS (SELECT 1 FROM partner p"
    "  WHERE p.country IN (r.country, r.host_country) AND p.status = 'suspended' AND p.since <= :today)"
    " OR NOT EXISTS (SELECT 1 FROM vacancy n WHERE n.call_id = r.call_id AND n.seat_id = r.seat_id)"
    "  AND NOT EXISTS (SELECT 1 FROM match m LEFT JOIN visit v ON v.match_id = m.id"
    "   LEFT JOIN mentorship t ON t.match_id = m.id WHERE m.seat_id = r.seat_id AND NOT m.reserve"
    f"   AND (m.state IN ({in_sql(MATCH_UNCONFIRMED)}) OR m.state = 'confirmed'"
    "    AND coalesce(t.state, v.state, '') IN ('', 'scheduled', 'unschedulable', 'opened'))))"
    " ORDER BY r.id LIMIT :limit"
)


async def released(session: AsyncSession, today: date, limit: int = 500) -> dict[UUID, bool]:
    """Return the ids of reserves that are no longer needed, with whether a partner's suspension is why.

    Else every visit or mentorship at the place has begun or ended, and none is to be replaced.
    """
    found = await session.execute(_RELEASED, {"today": today, "limit": limit})
    return {row.id: row.suspended for row in found}


async def of_application(session: AsyncSession, application_id: UUID) -> list[Match]:
    """Return the matches of an application, the newest first."""
    found = await session.scalars(
        select(MatchRow).where(col(MatchRow.application_id) == application_id).order_by(col(MatchRow.id).desc())
    )
    return [read(row) for row in found]


async def of_run(session: AsyncSession, call_id: UUID, run_id: UUID, limit: int) -> list[Match]:
    """Return the matches of a call that one run proposed, those with the most points first."""
    query = select(MatchRow).where(col(MatchRow.call_id) == call_id, col(MatchRow.run_id) == run_id)
    found = await session.scalars(query.order_by(col(MatchRow.score).desc(), col(MatchRow.id)).limit(limit))
    return [read(row) for row in found]


async def standing_of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Match]:
    """Return the matches of these applications that are proposed or confirmed, reserves too, the oldest first."""
    query = select(MatchRow).where(
        col(MatchRow.application_id).in_(sorted(application_ids)), col(MatchRow.state).in_(MATCH_STANDING)
    )
    return [read(row) for row in await session.scalars(query.order_by(col(MatchRow.id)))]


async def occupancy(session: AsyncSession, seat_ids: Collection[UUID]) -> dict[UUID, Counter[MatchState]]:
    """Return for each of these offers and mentors how many matches take a place there, by their state."""
    query = select(col(MatchRow.seat_id), col(MatchRow.state)).where(col(MatchRow.seat_id).in_(seat_ids), _HELD)
    found: dict[UUID, Counter[MatchState]] = {}
    for seat_id, state in await session.execute(query):
        found.setdefault(seat_id, Counter())[MatchState(state)] += 1
    return found


async def superseded_at(session: AsyncSession, seat_id: UUID) -> list[UUID]:
    """Return the ids of the matches at an offer or mentor that others have replaced."""
    query = select(col(MatchRow.id)).where(col(MatchRow.seat_id) == seat_id, col(MatchRow.state) == "superseded")
    return list(await session.scalars(query.order_by(col(MatchRow.id))))


async def overdue(session: AsyncSession, moment_: datetime, limit: int = 500) -> set[UUID]:
    """Return the ids of offered matches whose deadline was before the moment."""
    found = await session.execute(
        text("SELECT id FROM match WHERE state = 'offered' AND due < :moment ORDER BY due LIMIT :limit"),
        {"moment": moment_, "limit": limit},
    )
    return {row.id for row in found}


async def silences(session: AsyncSession, applications: Collection[UUID]) -> Counter[UUID]:
    """Return how often the officer of each application let an offer expire so far."""
    found = await session.execute(
        text(
            "SELECT application_id, count(*) AS times FROM match WHERE application_id = ANY(:ids)"
            " AND state = 'expired' AND silent ?| ARRAY['guest', 'mentee'] GROUP BY application_id"
        ),
        {"ids": sorted(applications)},
    )
    return Counter({row.application_id: row.times for row in found})


async def still_waiting(session: AsyncSession, applications: Collection[UUID]) -> set[UUID]:
    """Return those of these applications that are eligible, have no place, and gave up none that was confirmed.

    An application with only a reserve waits as well.
    """
    if not applications:
        return set()
    found = await session.execute(
        text(
            "SELECT c.id FROM candidate c WHERE c.id = ANY(:ids) AND c.state = 'eligible' AND NOT EXISTS"
            " (SELECT 1 FROM match m WHERE m.application_id = c.id AND (m.state = ANY(:held) AND NOT m.reserve OR"
            "  m.state = 'cancelled' AND m.ended_by = ANY(:applicants) AND m.applicant_accepted AND m.host_accepted))"
        ),
        {
            "ids": sorted(applications),
            "held": [state.value for state in HELD],
            "applicants": [Party.GUEST.value, Party.MENTEE.value],
        },
    )
    return {row.id for row in found}


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """The filter of a list of matches; None filters nothing."""

    call_id: UUID | None = None
    application_id: UUID | None = None
    state: MatchState | None = None


async def one_within(session: AsyncSession, reach: Reach, match_id: UUID) -> Match | None:
    """Return one match, if it is within reach."""
    row = (await session.scalars(_within(reach).where(col(MatchRow.id) == match_id))).one_or_none()
    return None if row is None else read(row)


async def listed(session: AsyncSession, reach: Reach, filters: MatchFilter, request: PageRequest) -> list[Match]:
    """Return one page of the matches within reach (and one match more), the newest first."""
    query = _within(reach)
    for column, value in (
        (col(MatchRow.call_id), filters.call_id),
        (col(MatchRow.application_id), filters.application_id),
        (col(MatchRow.state), filters.state),
    ):
        if value is not None:
            query = query.where(column == value)
    if request.since is not None:
        query = query.where(col(MatchRow.since) >= request.since)
    found = await session.scalars(cut(query, [col(MatchRow.id)], request, newest=True))
    return [read(row) for row in found]


def _within(reach: Reach) -> Select[Any]:
    columns = MatchRow.__table__.c  # type: ignore[attr-defined]  # SQLModel gives every table class one
    return select(MatchRow).where(
        reach.clause(country=(columns.country, columns.host_country), organisation=(columns.host_organisation_id,))
    )
