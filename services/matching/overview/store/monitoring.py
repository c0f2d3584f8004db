"""The read-only queries of the board's monitoring: overdue cases, supply and demand, the calendar, the backlog.

Each query is limited to the reader's reach, except where it counts what is nobody's case.
"""

# ruff: noqa: S608 - the queries are put together from constants only
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from services.matching.overview.store.board import CASES, reach_values
from shared.contracts.calls import Timers
from shared.contracts.lifecycle.state_sets import (
    MATCH_AWAITED,
    MATCH_STANDING,
    MENTORSHIP_OVER,
    VISIT_GOING,
    VISIT_OVER,
    VISIT_TAKES_PLACE,
    in_sql,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach

_WEEKS, _MARGIN = Timers().preparation_weeks, 7
"""Weeks before a visit by which it is to be prepared, where a call names none, and days that holidays may add."""

# Cases in which something may be overdue: each condition lets through what the rules of `shared.next_steps` decide on.
# A form that is in, waived or closed is one of those that are asked for after the end (a pair writes no report).
_SETTLED = (
    "(SELECT count(DISTINCT (replace(replace(r.kind, 'closed_', ''), 'waiver', 'evaluation'),"
    " CASE r.party WHEN 'line_manager' THEN 'manager' WHEN 'guest' THEN 'self' WHEN 'mentee' THEN 'self'"
    " ELSE r.party END))"
    " FROM case_record r WHERE r.subject = {id} AND r.kind NOT IN ('agenda', 'prepared', 'certificate'))"
)
_MAYBE_OVERDUE = text(
    CASES + "SELECT cases.* FROM cases WHERE id IN ("
    " SELECT c.id FROM candidate c WHERE c.due < :now"
    f" UNION ALL SELECT m.application_id FROM match m WHERE m.state IN ({in_sql(MATCH_AWAITED)}) AND m.due < :now"
    " UNION ALL SELECT v.application_id FROM visit v JOIN call ON call.id = v.call_id WHERE v.state = 'scheduled'"
    " AND (v.agenda_due < :now OR v.move_due < :now"
    f" OR v.start - 7 * coalesce((call.terms #>> '{{timers,preparation_weeks}}')::integer, {_WEEKS}) - {_MARGIN}"
    " <= :today)"
    " UNION ALL SELECT v.application_id FROM visit v WHERE v.state = 'under_way' AND v.end_day < :today"
    f" UNION ALL SELECT v.application_id FROM visit v WHERE v.state IN ({in_sql(VISIT_OVER)}) AND v.ended_on < :today"
    f" AND {_SETTLED.format(id='v.id')} < CASE v.state WHEN 'completed' THEN 6 ELSE 3 END"
    " UNION ALL SELECT t.application_id FROM mentorship t WHERE t.state = 'opened' AND t.due < :now"
    f" UNION ALL SELECT t.application_id FROM mentorship t WHERE t.state IN ({in_sql(MENTORSHIP_OVER)})"
    f" AND t.ended_on < :today AND {_SETTLED.format(id='t.id')} < CASE t.state WHEN 'completed' THEN 5 ELSE 2 END"
    ") ORDER BY since, id"
)


async def maybe_overdue(
    session: AsyncSession, reach: Reach, call_id: UUID | None, *, now: datetime, today: date
) -> Sequence[Row[Any]]:
    """Return the cases in which something may be overdue, the longest in their stage first."""
    values = {"call": call_id, "now": now, "today": today, **reach_values(reach)}
    return (await session.execute(_MAYBE_OVERDUE, values)).all()


_DEMAND = text(
    "SELECT topic, tongue, count(*) AS number FROM ("
    " SELECT DISTINCT c.id, wish.topic, spoken.value ->> 'language' AS tongue FROM candidate c,"
    "  jsonb_array_elements_text(c.profile -> 'topics') AS wish(topic),"
    "  jsonb_array_elements(c.profile -> 'languages') AS spoken"
    "  WHERE (CAST(:call AS uuid) IS NULL OR c.call_id = :call) AND c.state = 'eligible'"
    "  AND (CAST(:kind AS text) IS NULL OR c.kind = :kind)"
    "  AND spoken.value ->> 'level' IN ('B1', 'B2', 'C1', 'C2', 'NS')"
    "  AND NOT EXISTS (SELECT 1 FROM match m WHERE m.application_id = c.id"
    f"   AND m.state IN ({in_sql(MATCH_STANDING)}) AND NOT m.reserve)"
    "  AND (:everything OR c.country = ANY(:countries))) wanted"
    " GROUP BY topic, tongue ORDER BY topic, tongue"
)
_SUPPLY = text(
    "SELECT topic, tongue, sum(free) AS number FROM ("
    " SELECT DISTINCT s.id, open.topic, spoken.value ->> 'language' AS tongue,"
    "  greatest(0, coalesce((s.terms ->> 'places')::int, (s.terms ->> 'capacity')::int, 0) - (SELECT count(*)"
    f"   FROM match m WHERE m.seat_id = s.id AND m.state IN ({in_sql(MATCH_STANDING)})"
    "    AND NOT m.reserve)) AS free"
    "  FROM seat s, jsonb_array_elements_text(s.terms -> 'topics') AS open(topic),"
    "  jsonb_array_elements(s.terms -> 'languages') AS spoken"
    "  WHERE (CAST(:call AS uuid) IS NULL OR s.call_id = :call) AND s.state = 'published'"
    "  AND (CAST(:seat AS text) IS NULL OR s.kind = :seat)) offered"
    " GROUP BY topic, tongue ORDER BY topic, tongue"
)
_SEATS = {"study_visit": "placement", "mentee": "mentor"}


async def demand(session: AsyncSession, reach: Reach, call_id: UUID | None, kind: str | None) -> Sequence[Row[Any]]:
    """Return how many waiting applicants want each topic and speak each language at B1 or better.

    Topic, language, number.
    """
    return (await session.execute(_DEMAND, {"call": call_id, "kind": kind, **reach_values(reach)})).all()


async def supply(session: AsyncSession, call_id: UUID | None, kind: str | None) -> Sequence[Row[Any]]:
    """Return how many free places each topic has in each working language: topic, language, number."""
    seat = _SEATS.get(kind or "")
    return (await session.execute(_SUPPLY, {"call": call_id, "seat": seat})).all()


_CALENDAR = text(
    'SELECT v.id, v.match_id, v.application_id, v.offer_id, v.state, v.start, v.end_day AS "end", v.country,'
    " v.host_country,"
    " v.host_organisation_id, v.proposal, c.reference, p.reference AS seat_reference, p.title AS seat_title"
    " FROM visit v LEFT JOIN candidate c ON c.id = v.application_id LEFT JOIN seat p ON p.id = v.offer_id"
    " WHERE (CAST(:call AS uuid) IS NULL OR v.call_id = :call)"
    f" AND v.state IN ({in_sql(VISIT_TAKES_PLACE)}) AND v.start >= :first AND v.start < :last"
    " AND (:everything OR v.country = ANY(:countries) OR v.host_country = ANY(:countries)"
    " OR v.host_organisation_id = ANY(CAST(:organisations AS uuid[])))"
    " ORDER BY v.start, c.reference, v.id LIMIT 2000"
)


async def calendar(
    session: AsyncSession, reach: Reach, call_id: UUID | None, first: date, last: date
) -> Sequence[Row[Any]]:
    """Return the visits that begin from `first` to before `last`, by start."""
    values = {"call": call_id, "first": first, "last": last, **reach_values(reach)}
    return (await session.execute(_CALENDAR, values)).all()


_FIRST_TO_COME = text(
    "SELECT min(v.start) FROM visit v WHERE (CAST(:call AS uuid) IS NULL OR v.call_id = :call)"
    f" AND v.state IN ({in_sql(VISIT_GOING)}) AND v.start >= :day"
    " AND (:everything OR v.country = ANY(:countries) OR v.host_country = ANY(:countries)"
    " OR v.host_organisation_id = ANY(CAST(:organisations AS uuid[])))"
)


async def first_to_come(session: AsyncSession, reach: Reach, call_id: UUID | None, day: date) -> date | None:
    """Return when the first visit from that day on begins."""
    found: date | None = await session.scalar(_FIRST_TO_COME, {"call": call_id, "day": day, **reach_values(reach)})
    return found


_BEHIND = text(
    "SELECT (SELECT count(*) FROM outbox) AS to_send,"
    " (SELECT count(*) FROM deferred_reaction) AS waiting,"
    " (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL) AS dead_letters,"
    " (SELECT coalesce(sum(input_version - matched_version), 0) FROM pool"
    "  WHERE CAST(:call AS uuid) IS NULL OR call_id = :call) AS to_match,"
    " (SELECT count(*) FROM what_if WHERE state IN ('waiting', 'running')) AS what_ifs"
)


async def behind(session: AsyncSession, call_id: UUID | None) -> Row[Any]:
    """Return the backlog: events to send, deferred reactions, dead letters, changes to match."""
    return (await session.execute(_BEHIND, {"call": call_id})).one()
