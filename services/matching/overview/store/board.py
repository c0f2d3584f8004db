"""The read-only queries of the coordinators' pages; each is limited to the reader's reach.

A coordinator reaches the cases of their own country, as home or as host; the programme coordinator reaches all. No row
holds a name.
"""

# ruff: noqa: S608 - the queries are put together from constants only
from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import text

from services.matching.facts.store.facts import Candidate, Seat
from services.matching.facts.store.pools import Standing
from services.matching.lifecycle.store.matches import MatchRow
from services.matching.lifecycle.store.mentorships import MentorshipRow
from services.matching.lifecycle.store.visits import VisitRow
from shared.contracts.lifecycle.state_sets import MATCH_AWAITED, MATCH_STANDING, MATCH_UNCLEARED, VISIT_GOING, in_sql
from shared.identity.scope import EU
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Row, TextClause
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach
    from shared.web.paging import PageRequest

PAGE = 50
WAITING = ("in_matching", "waitlisted", "waitlisted_cleared")
"""The stages of those who look for a place and have none, not even provisionally."""

# Where an application stands: in the portal's own states until it is eligible, then in the words of matching. A pair's
# mentorship comes before its visits, of which the one that is not over counts. As in the portal, an application has
# ended once its officer gave a confirmed place back (`Match.given_up`), and is `waitlisted` with a place in line only.
CASES = f"""
WITH cases AS (
  SELECT c.id, c.reference, c.kind, c.country, c.call_id, c.state AS application_state,
    c.submitted_at, c.organisation_id,
    m.id AS match_id, m.state AS match_state, CASE WHEN m.state = 'confirmed' THEN NULL ELSE m.due END AS due,
    m.host_country, coalesce(m.score, s.score) AS score,
    s.host_score, s.reason AS why, s.rule, s.feasible,
    coalesce(m.seat_id, s.seat_id) AS seat_id, p.reference AS seat_reference, p.title AS seat_title,
    p.country AS seat_country, p.organisation_id AS seat_organisation_id,
    v.id AS visit_id, v.start, v.end_day AS "end", t.id AS mentorship_id,
    coalesce(t.since, v.since, m.since, s.since, c.changed_at) AS since,
    CASE WHEN t.id IS NOT NULL THEN 'mentorship' WHEN v.id IS NOT NULL THEN 'visit'
      WHEN m.id IS NOT NULL THEN 'match' WHEN c.state = 'eligible' AND s.seat_id IS NOT NULL THEN 'match'
      ELSE 'application' END AS stage_kind,
    CASE WHEN t.id IS NOT NULL THEN t.state WHEN v.id IS NOT NULL THEN v.state
      WHEN m.id IS NOT NULL THEN m.state
      WHEN c.state = 'eligible' AND s.seat_id IS NOT NULL THEN 'provisional'
      WHEN c.state = 'eligible' AND EXISTS (SELECT FROM match g WHERE g.application_id = c.id AND g.state = 'cancelled'
        AND g.applicant_accepted AND g.host_accepted AND g.ended_by IN ('guest', 'mentee')) THEN 'ended'
      WHEN c.state = 'eligible' AND x.state = 'cleared' THEN 'waitlisted_cleared'
      WHEN c.state = 'eligible' AND r.event ->> 'waiting_place' IS NOT NULL THEN 'waitlisted'
      WHEN c.state = 'eligible' THEN 'in_matching' ELSE c.state END AS stage
  FROM candidate c
  LEFT JOIN match m ON m.application_id = c.id AND m.state IN ({in_sql(MATCH_STANDING)})
    AND NOT m.reserve AND c.state <> 'voided'
  LEFT JOIN match x ON x.application_id = c.id AND x.state IN ({in_sql(MATCH_UNCLEARED)}) AND x.reserve
  LEFT JOIN standing s ON s.application_id = c.id AND m.id IS NULL
  LEFT JOIN mentorship t ON t.match_id = m.id
  LEFT JOIN LATERAL (SELECT * FROM visit WHERE visit.match_id = m.id
    ORDER BY state IN ({in_sql(VISIT_GOING)}) DESC, since DESC, id DESC LIMIT 1) v ON true
  LEFT JOIN receipt r ON r.application_id = c.id
  LEFT JOIN seat p ON p.id = coalesce(m.seat_id, s.seat_id)
  WHERE (CAST(:call AS uuid) IS NULL OR c.call_id = :call)
    AND (:everything OR c.country = ANY(:countries) OR p.country = ANY(:countries)
         OR p.organisation_id = ANY(CAST(:organisations AS uuid[])))
)
"""
_FILTERS = """
 WHERE (CAST(:stage AS text) IS NULL OR stage_kind || ':' || stage = :stage)
   AND (CAST(:country AS text) IS NULL OR country = :country)
   AND (CAST(:kind AS text) IS NULL OR kind = :kind)
   AND (CAST(:search AS text) IS NULL OR reference ILIKE :search || '%' OR seat_reference ILIKE :search || '%')
"""
# The country of an EU agency is EU for all of them, so its applicants are known by the agency.
_FROM_REACH = f"""
   AND (:everything OR CASE WHEN country = '{EU}' THEN organisation_id = ANY(CAST(:organisations AS uuid[]))
     ELSE country = ANY(:countries) END)
"""
SORTS = {
    "reference": "reference",
    "country": "country",
    "stage": "stage_kind, stage",
    "since": "since",
    "score": "score",
    "due": "due",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter of a list of cases.

    `stage` is `kind:state` (as `match:provisional`), `sort` a key with `-` for descending.
    """

    call_id: UUID | None = None
    stage: str | None = None
    country: str | None = None
    kind: str | None = None
    search: str | None = None
    sort: str = "reference"
    page: int = 1

    def values(self) -> dict[str, object]:
        """Return the parameters of the query."""
        return {
            "call": self.call_id,
            "stage": self.stage or None,
            "country": self.country or None,
            "kind": self.kind or None,
            "search": self.search or None,
        }

    def key(self) -> str:
        """Return the key of the order, without its direction."""
        key = self.sort.lstrip("-")
        return key if key in SORTS else "reference"

    def among_applications(self) -> bool:
        """Return whether the application alone says if a case is listed, and where in the order."""
        return not self.stage and not self.search and self.key() in {"reference", "country"}

    def order(self) -> str:
        """Return the order, which always ends with the id so that pages do not overlap."""
        key = SORTS[self.key()]
        down = " DESC" if self.sort.startswith("-") else ""
        return ", ".join(f"{part}{down} NULLS LAST" for part in key.split(", ")) + ", id"


def reach_values(reach: Reach) -> dict[str, object]:
    """Return the parameters of a query that say what is within reach."""
    return {
        "everything": reach.everything,
        "countries": sorted(reach.countries),
        "organisations": [UUID(organisation) for organisation in sorted(reach.organisations)],
    }


_STAGES = text(
    CASES + "SELECT stage_kind, stage, count(*) AS number, min(since) AS oldest FROM cases"
    " GROUP BY stage_kind, stage ORDER BY stage_kind, stage"
)


@cache
def _text(query: str) -> TextClause:
    """Return a query with one of its few orders and filters; each is built once."""
    return text(query)


async def stages(session: AsyncSession, reach: Reach, call_id: UUID | None) -> list[Row[Any]]:
    """Return the number of cases by stage: kind and name of the stage, count, and since when the oldest is in it."""
    return list(await session.execute(_STAGES, {"call": call_id, **reach_values(reach)}))


async def cases(
    session: AsyncSession, reach: Reach, filters: Filter, *, size: int = PAGE, from_reach: bool = False
) -> tuple[list[Row[Any]], int]:
    """Return one page of cases, and how many there are in all; `from_reach` leaves out those that only lead to it."""
    if reach.everything and filters.among_applications():
        return await _cases_by_index(session, reach, filters, size)
    values = filters.values() | reach_values(reach) | {"size": size, "skip": (max(filters.page, 1) - 1) * size}
    query = f"{CASES} SELECT *, count(*) OVER () AS total FROM cases {_FILTERS}{_FROM_REACH if from_reach else ''}"
    found = list(await session.execute(_text(f"{query} ORDER BY {filters.order()} LIMIT :size OFFSET :skip"), values))
    return found, found[0].total if found else 0


async def _cases_by_index(
    session: AsyncSession, reach: Reach, filters: Filter, size: int
) -> tuple[list[Row[Any]], int]:
    """Return the same where the applications alone say which cases are on the page: only these are put together."""
    among = _applications(filters)
    column, down = _CANDIDATE.c[filters.key()], filters.sort.startswith("-")
    ids = sa.select(_CANDIDATE.c.id).where(*among).order_by(column.desc() if down else column, _CANDIDATE.c.id)
    page = (await session.scalars(ids.limit(size).offset((max(filters.page, 1) - 1) * size))).all()
    total = await session.scalar(sa.select(sa.func.count()).select_from(_CANDIDATE).where(*among))
    return await _cases_of(session, reach, page), int(total or 0)


def _applications(filters: Filter) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a filter without stage and search makes for the applications."""
    columns = {
        _CANDIDATE.c.call_id: filters.call_id,
        _CANDIDATE.c.country: filters.country,
        _CANDIDATE.c.kind: filters.kind,
    }
    return [column == value for column, value in columns.items() if value]


async def _cases_of(session: AsyncSession, reach: Reach, ids: Sequence[UUID]) -> list[Row[Any]]:
    """Return the cases of these applications, in their order."""
    if not ids:
        return []
    found = await session.execute(_OF_IDS, {"call": None, "ids": list(ids), **reach_values(reach)})
    by_id = {row.id: row for row in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


_OF_IDS = text(CASES + "SELECT * FROM cases WHERE id = ANY(:ids)")
_CASE = sa.text(CASES + "SELECT * FROM cases").columns(
    sa.column("id", sa.Uuid()),
    sa.column("reference", sa.Text()),
    sa.column("country", sa.Text()),
    sa.column("kind", sa.Text()),
    sa.column("stage_kind", sa.Text()),
    sa.column("stage", sa.Text()),
    sa.column("seat_reference", sa.Text()),
    sa.column("since", sa.DateTime(timezone=True)),
)


def _changed(since: datetime) -> sa.CompoundSelect[Any]:
    """Return the applications of which some part of a case was changed at `since` or later."""
    parts = (_MATCH, _STANDING, _VISIT, _MENTORSHIP)
    return sa.union(
        sa.select(_CANDIDATE.c.id).where(_CANDIDATE.c.changed_at >= since),
        *(sa.select(part.c.application_id).where(part.c.since >= since) for part in parts),
    )


async def cases_from(session: AsyncSession, reach: Reach, filters: Filter, request: PageRequest) -> Sequence[Row[Any]]:
    """Return one page of cases (and one case more), by reference."""
    if reach.everything and filters.among_applications():
        ids = sa.select(_CANDIDATE.c.id).where(*_applications(filters))
        if request.since is not None:
            ids = ids.where(_CANDIDATE.c.id.in_(_changed(request.since)))
        ids = cut(ids, [_CANDIDATE.c.reference, _CANDIDATE.c.id], request)
        return await _cases_of(session, reach, (await session.scalars(ids)).all())
    listed = _CASE.subquery("listed")
    columns = listed.c
    query = sa.select(sa.text("listed.*")).select_from(listed)
    conditions = {
        columns.stage_kind + ":" + columns.stage: filters.stage,
        columns.country: filters.country,
        columns.kind: filters.kind,
    }
    for column, value in conditions.items():
        if value:
            query = query.where(column == value)
    if filters.search:
        begins = [
            column.istartswith(filters.search, autoescape=True)
            for column in (columns.reference, columns.seat_reference)
        ]
        query = query.where(sa.or_(*begins))
    if request.since is not None:
        query = query.where(columns.id.in_(_changed(request.since)))
    query = cut(query, [columns.reference, columns.id], request)
    found: Sequence[Row[Any]] = (await session.execute(query, {"call": filters.call_id, **reach_values(reach)})).all()
    return found


async def case(session: AsyncSession, reach: Reach, application_id: UUID) -> Row[Any] | None:
    """Return one case, if it is within reach."""
    found = await session.execute(
        text(CASES + "SELECT * FROM cases WHERE id = :id"), {"call": None, "id": application_id, **reach_values(reach)}
    )
    return found.one_or_none()


async def open_to(session: AsyncSession, reach: Reach, applications: Iterable[UUID]) -> set[UUID]:
    """Return those of these applications whose case may be opened; a host country may not once its match has ended."""
    wanted = set(applications)
    if reach.everything or not wanted:
        return wanted
    found = await session.execute(
        text(CASES + "SELECT id FROM cases WHERE id = ANY(:ids)"),
        {"call": None, "ids": list(wanted), **reach_values(reach)},
    )
    return set(found.scalars())


class CaseReference(NamedTuple):
    """Reference and country of an application."""

    reference: str
    country: str


async def within(session: AsyncSession, reach: Reach, applications: Sequence[UUID]) -> dict[UUID, CaseReference]:
    """Return reference and country of those of these applications whose officer is within reach."""
    if not applications:
        return {}
    found = await session.execute(
        text(
            "SELECT id, reference, country FROM candidate WHERE id = ANY(:ids) AND (:everything"
            " OR country = ANY(:countries) OR organisation_id = ANY(CAST(:organisations AS uuid[]))) ORDER BY id"
        ),
        {"ids": list(applications), **reach_values(reach)},
    )
    return {row.id: CaseReference(row.reference, row.country) for row in found}


_PIPELINE = text(
    "SELECT count(*) AS submitted,"
    " count(*) FILTER (WHERE c.state IN ('endorsed', 'eligible', 'ineligible') OR h.confirmed IS NOT NULL) AS endorsed,"
    " count(*) FILTER (WHERE c.state = 'eligible' OR h.confirmed IS NOT NULL) AS eligible,"
    " count(*) FILTER (WHERE h.confirmed IS NOT NULL) AS matched,"
    " count(*) FILTER (WHERE h.confirmed) AS confirmed,"
    " count(*) FILTER (WHERE h.done) AS completed"
    " FROM candidate c LEFT JOIN (SELECT m.application_id, bool_or(m.state = 'confirmed') AS confirmed,"
    "   bool_or(coalesce(v.state, t.state) = 'completed') AS done FROM match m"
    "   LEFT JOIN visit v ON v.match_id = m.id LEFT JOIN mentorship t ON t.match_id = m.id"
    "   WHERE NOT m.reserve AND (CAST(:call AS uuid) IS NULL OR m.call_id = :call) GROUP BY m.application_id) h"
    " ON h.application_id = c.id"
    " WHERE (CAST(:call AS uuid) IS NULL OR c.call_id = :call) AND c.state NOT IN ('voided')"
    " AND (:everything OR c.country = ANY(:countries))"
)


async def pipeline(session: AsyncSession, reach: Reach, call_id: UUID | None) -> Row[Any]:
    """Return how many applications reached each step: a row with a count for each."""
    return (await session.execute(_PIPELINE, {"call": call_id, **reach_values(reach)})).one()


_STREAM = """
SELECT a.id, a.at, a.type, a.topic, a.subject, a.actor, a.cause_id, a.application_id, a.about,
  c.reference, c.country, p.reference AS seat_reference, p.country AS seat_country, k.reference AS call_reference
FROM activity a
LEFT JOIN candidate c ON c.id = a.application_id
LEFT JOIN match m ON m.id = a.match_id
LEFT JOIN seat p ON p.id = coalesce(a.seat_id, m.seat_id)
LEFT JOIN call k ON k.id = a.call_id
WHERE (:everything OR c.country = ANY(:countries) OR p.country = ANY(:countries)
       OR p.organisation_id = ANY(CAST(:organisations AS uuid[]))
       OR (a.application_id IS NULL AND a.match_id IS NULL AND a.seat_id IS NULL))
"""
_NARROWED = {
    "call": "coalesce(a.call_id, c.call_id) = :call",
    "application": "a.application_id = :application",
    "topic": "a.topic = :topic",
    "type": "a.type = :type",
    "reference": "(upper(c.reference) = upper(:reference) OR upper(p.reference) = upper(:reference))",
    "caused_by": "a.cause_id = :caused_by",
    "ids": "a.id = ANY(:ids)",
}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The filter of a stream: all given values must hold; None filters nothing.

    `reference` is that of an application or a place, `caused_by` the event that led to it, `ids` the events themselves.
    """

    call: UUID | None = None
    application: UUID | None = None
    topic: str | None = None
    type: str | None = None
    reference: str | None = None
    caused_by: UUID | None = None
    ids: Sequence[UUID] | None = None

    def values_given(self) -> dict[str, object]:
        """Return the given values as parameters; only these are in the query, so that each uses its index."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != ""}


async def stream(
    session: AsyncSession,
    reach: Reach,
    filters: EventFilter,
    *,
    limit: int = 30,
    skip: int = 0,
    oldest_first: bool = False,
) -> Sequence[Row[Any]]:
    """Return the newest events (or the oldest) about anything within reach."""
    values = filters.values_given()
    conditions = "".join(f" AND {_NARROWED[name]}" for name in values)
    down = "" if oldest_first else " DESC"
    found = await session.execute(
        _text(f"{_STREAM}{conditions} ORDER BY a.at{down}, a.id{down} LIMIT :limit OFFSET :skip"),
        values | {"limit": limit, "skip": skip, **reach_values(reach)},
    )
    return found.all()


async def stream_from(
    session: AsyncSession, reach: Reach, filters: EventFilter, request: PageRequest
) -> Sequence[Row[Any]]:
    """Return one page of the events about anything within reach (and one event more), the newest first."""
    values = filters.values_given()
    conditions = "".join(f" AND {_NARROWED[name]}" for name in values)
    listed = _stream_text(f"{_STREAM}{conditions}").subquery("listed")
    query = sa.select(sa.text("listed.*")).select_from(listed)
    if request.since is not None:
        query = query.where(listed.c.at >= request.since)
    query = cut(query, [listed.c.at, listed.c.id], request, newest=True)
    found: Sequence[Row[Any]] = (await session.execute(query, values | reach_values(reach))).all()
    return found


@cache
def _stream_text(query: str) -> sa.TextualSelect:
    return sa.text(query).columns(sa.column("at", sa.DateTime(timezone=True)), sa.column("id", sa.Uuid()))


@dataclass(frozen=True, slots=True)
class StayFilter:
    """The filter of a list of visits or of mentorships; None filters nothing."""

    call_id: UUID | None = None
    application_id: UUID | None = None
    state: str | None = None


def _table(rows: Any) -> sa.Table:
    """Return the table of a class; SQLModel gives every table class one."""
    table: sa.Table = rows.__table__
    return table


_VISIT, _MENTORSHIP, _CANDIDATE, _SEAT = map(_table, (VisitRow, MentorshipRow, Candidate, Seat))
_MATCH, _STANDING = map(_table, (MatchRow, Standing))
_VISITS = (
    sa.select(
        _VISIT,
        _VISIT.c.end_day.label("end"),
        _CANDIDATE.c.reference,
        _SEAT.c.reference.label("seat_reference"),
        _SEAT.c.title.label("seat_title"),
    )
    .outerjoin(_CANDIDATE, _CANDIDATE.c.id == _VISIT.c.application_id)
    .outerjoin(_SEAT, _SEAT.c.id == _VISIT.c.offer_id)
)
_MENTORSHIPS = (
    sa.select(_MENTORSHIP, _CANDIDATE.c.reference, _SEAT.c.reference.label("seat_reference"))
    .outerjoin(_CANDIDATE, _CANDIDATE.c.id == _MENTORSHIP.c.application_id)
    .outerjoin(_SEAT, _SEAT.c.id == _MENTORSHIP.c.mentor_id)
)


async def visits(
    session: AsyncSession, reach: Reach, filters: StayFilter, *, page: int = 1
) -> tuple[Sequence[Row[Any]], int]:
    """Return one page of visits by start, those without dates first, and how many there are in all."""
    query = _stays(_VISITS, _VISIT, reach, filters).order_by(_VISIT.c.start.nulls_first(), _VISIT.c.id)
    return await _numbered(session, query, _VISIT, page)


async def mentorships(
    session: AsyncSession, reach: Reach, filters: StayFilter, *, page: int = 1
) -> tuple[Sequence[Row[Any]], int]:
    """Return one page of mentorships, the newest first, and how many there are in all."""
    query = _stays(_MENTORSHIPS, _MENTORSHIP, reach, filters).order_by(_MENTORSHIP.c.id.desc())
    return await _numbered(session, query, _MENTORSHIP, page)


async def visits_from(
    session: AsyncSession, reach: Reach | None, filters: StayFilter, request: PageRequest
) -> Sequence[Row[Any]]:
    """Return one page of visits (and one visit more), the newest first; `reach` None does not limit them."""
    return await _stays_from(session, _VISITS, _VISIT, reach, filters, request)


async def mentorships_from(
    session: AsyncSession, reach: Reach | None, filters: StayFilter, request: PageRequest
) -> Sequence[Row[Any]]:
    """Return one page of mentorships (and one mentorship more), the newest first; `reach` None does not limit them."""
    return await _stays_from(session, _MENTORSHIPS, _MENTORSHIP, reach, filters, request)


async def _stays_from(
    session: AsyncSession,
    query: sa.Select[Any],
    table: sa.Table,
    reach: Reach | None,
    filters: StayFilter,
    request: PageRequest,
) -> Sequence[Row[Any]]:
    query = _stays(query, table, reach, filters)
    if request.since is not None:
        query = query.where(table.c.since >= request.since)
    found: Sequence[Row[Any]] = (await session.execute(cut(query, [table.c.id], request, newest=True))).all()
    return found


def _stays(query: sa.Select[Any], table: sa.Table, reach: Reach | None, filters: StayFilter) -> sa.Select[Any]:
    """Return a query of visits or mentorships, limited to the reach and the filter."""
    if reach is not None:
        country, organisation = (table.c.country, table.c.host_country), (table.c.host_organisation_id,)
        query = query.where(reach.clause(country=country, organisation=organisation))
    for column, value in (
        (table.c.call_id, filters.call_id),
        (table.c.application_id, filters.application_id),
        (table.c.state, filters.state),
    ):
        if value:
            query = query.where(column == value)
    return query


async def _numbered(
    session: AsyncSession, query: sa.Select[Any], table: sa.Table, page: int
) -> tuple[Sequence[Row[Any]], int]:
    """Return one page of a query of a table's rows, and how many there are in all.

    The rows of the page are found and all are counted first, so that only those of the page are joined.
    """
    ids = query.with_only_columns(table.c.id, maintain_column_froms=True)
    on_page = ids.limit(PAGE).offset((max(page, 1) - 1) * PAGE).subquery()
    rows = (await session.execute(query.where(table.c.id.in_(sa.select(on_page.c.id))))).all()
    counted = query.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)
    return rows, int(await session.scalar(counted) or 0)


async def dead_letters(session: AsyncSession) -> int:
    """Return the number of dead letters."""
    found = await session.execute(_text("SELECT count(*) FROM dead_letter WHERE settled_at IS NULL"))
    return int(found.scalar_one())


async def running_out(
    session: AsyncSession, reach: Reach, call_id: UUID | None, now: datetime, *, limit: int = 10
) -> list[Row[Any]]:
    """Return the matches whose next step is due first after `now`.

    Each has how many wait for the place.
    """
    found = await session.execute(
        text(
            CASES + "SELECT cases.*, jsonb_array_length(held.next_in_line) AS in_line"
            " FROM cases JOIN match held ON held.id = match_id"
            f" WHERE match_state IN ({in_sql(MATCH_AWAITED)}) AND cases.due >= :now"
            " ORDER BY cases.due, cases.id LIMIT :limit"
        ),
        {"call": call_id, "now": now, "limit": limit, **reach_values(reach)},
    )
    return list(found)
