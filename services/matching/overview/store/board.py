"""The read-only queries of the coordinators' pages; each is limited to the reader's reach.

A coordinator reaches the cases of their own country, as home or as host; the programme coordinator reaches all. No row
holds a name.
"""

# ruff: noqa: S608 - the queries are put together from the constants of this module only
from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Row, TextClause
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach

PAGE = 50
WAITING = ("in_matching", "waitlisted", "waitlisted_cleared")
"""The stages of those who look for a place and have none, not even provisionally."""

# Where an application stands: in the portal's own states until it is eligible, then in the words of matching.
CASES = """
WITH cases AS (
  SELECT c.id, c.reference, c.kind, c.country, c.call_id, c.state AS application_state,
    c.submitted_at, c.organisation_id,
    m.id AS match_id, m.state AS match_state, m.due, m.host_country, coalesce(m.score, s.score) AS score,
    s.host_score, s.why, s.rule, s.feasible,
    coalesce(m.seat_id, s.seat_id) AS seat_id, p.reference AS seat_reference, p.title AS seat_title,
    p.country AS seat_country, p.organisation_id AS seat_organisation_id,
    v.id AS visit_id, v.start, v.end_day, t.id AS mentorship_id,
    coalesce(v.since, t.since, m.since, s.since, c.changed_at) AS since,
    CASE WHEN v.id IS NOT NULL THEN 'visit' WHEN t.id IS NOT NULL THEN 'mentorship'
      WHEN m.id IS NOT NULL THEN 'match' WHEN c.state = 'eligible' AND s.seat_id IS NOT NULL THEN 'match'
      ELSE 'application' END AS stage_kind,
    CASE WHEN v.id IS NOT NULL THEN v.state WHEN t.id IS NOT NULL THEN t.state
      WHEN m.id IS NOT NULL THEN m.state
      WHEN c.state = 'eligible' AND s.seat_id IS NOT NULL THEN 'provisional'
      WHEN c.state = 'eligible' AND x.state = 'cleared' THEN 'waitlisted_cleared'
      WHEN c.state = 'eligible' AND r.application_id IS NOT NULL THEN 'waitlisted'
      WHEN c.state = 'eligible' THEN 'in_matching' ELSE c.state END AS stage
  FROM candidate c
  LEFT JOIN match m ON m.application_id = c.id AND m.state IN ('proposed', 'cleared', 'offered', 'confirmed')
    AND NOT m.reserve
  LEFT JOIN match x ON x.application_id = c.id AND x.state IN ('proposed', 'cleared') AND x.reserve
  LEFT JOIN standing s ON s.application_id = c.id AND m.id IS NULL
  LEFT JOIN visit v ON v.match_id = m.id
  LEFT JOIN mentorship t ON t.match_id = m.id
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

    def values(self) -> dict[str, Any]:
        """The parameters of the query."""
        return {
            "call": self.call_id,
            "stage": self.stage or None,
            "country": self.country or None,
            "kind": self.kind or None,
            "search": self.search or None,
        }

    def order(self) -> str:
        """The order, which always ends with the id so that pages do not overlap."""
        key = SORTS.get(self.sort.lstrip("-"), "reference")
        down = " DESC" if self.sort.startswith("-") else ""
        return ", ".join(f"{part}{down} NULLS LAST" for part in key.split(", ")) + ", id"


def reach_values(reach: Reach) -> dict[str, Any]:
    """Return the parameters of a query that say what is within reach."""
    return {
        "everything": reach.everything,
        "countries": sorted(reach.countries),
        "organisations": [UUID(one) for one in sorted(reach.organisations)],
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


async def cases(session: AsyncSession, reach: Reach, wanted: Filter, *, size: int = PAGE) -> tuple[list[Row[Any]], int]:
    """Return one page of cases, and how many there are in all."""
    values = wanted.values() | reach_values(reach) | {"size": size, "skip": (max(wanted.page, 1) - 1) * size}
    query = f"{CASES} SELECT *, count(*) OVER () AS total FROM cases {_FILTERS}"
    found = list(await session.execute(_text(f"{query} ORDER BY {wanted.order()} LIMIT :size OFFSET :skip"), values))
    return found, found[0].total if found else 0


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


async def within(session: AsyncSession, reach: Reach, applications: Sequence[UUID]) -> dict[UUID, Row[Any]]:
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
    return {row.id: row for row in found}


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
class Narrowed:
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

    def values_given(self) -> dict[str, Any]:
        """Return the given values as parameters; only these are in the query, so that each uses its index."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != ""}


async def stream(
    session: AsyncSession, reach: Reach, wanted: Narrowed, *, limit: int = 30, skip: int = 0, oldest_first: bool = False
) -> Sequence[Row[Any]]:
    """Return the newest events (or the oldest) about anything within reach."""
    values = wanted.values_given()
    conditions = "".join(f" AND {_NARROWED[name]}" for name in values)
    down = "" if oldest_first else " DESC"
    found = await session.execute(
        _text(f"{_STREAM}{conditions} ORDER BY a.at{down}, a.id{down} LIMIT :limit OFFSET :skip"),
        values | {"limit": limit, "skip": skip, **reach_values(reach)},
    )
    return found.all()


async def visits(
    session: AsyncSession, reach: Reach, *, call_id: UUID | None = None, state: str | None = None, page: int = 1
) -> tuple[list[Row[Any]], int]:
    """Return one page of visits by start, those without dates first, and how many there are in all."""
    found = await session.execute(
        text(
            "SELECT v.*, c.reference, p.reference AS seat_reference, p.title AS seat_title, count(*) OVER () AS total"
            " FROM visit v LEFT JOIN candidate c ON c.id = v.application_id LEFT JOIN seat p ON p.id = v.offer_id"
            " WHERE (CAST(:call AS uuid) IS NULL OR v.call_id = :call)"
            " AND (CAST(:state AS text) IS NULL OR v.state = :state)"
            " AND (:everything OR v.country = ANY(:countries) OR v.host_country = ANY(:countries)"
            " OR v.host_organisation_id = ANY(CAST(:organisations AS uuid[])))"
            " ORDER BY v.start NULLS FIRST, v.id LIMIT :size OFFSET :skip"
        ),
        _list_values(reach, call_id, state, page),
    )
    rows = list(found)
    return rows, rows[0].total if rows else 0


async def mentorships(
    session: AsyncSession, reach: Reach, *, call_id: UUID | None = None, state: str | None = None, page: int = 1
) -> tuple[list[Row[Any]], int]:
    """Return one page of mentorships, the newest first, and how many there are in all."""
    found = await session.execute(
        text(
            "SELECT t.*, c.reference, p.reference AS seat_reference, count(*) OVER () AS total"
            " FROM mentorship t LEFT JOIN candidate c ON c.id = t.application_id LEFT JOIN seat p ON p.id = t.mentor_id"
            " WHERE (CAST(:call AS uuid) IS NULL OR t.call_id = :call)"
            " AND (CAST(:state AS text) IS NULL OR t.state = :state)"
            " AND (:everything OR t.country = ANY(:countries) OR t.host_country = ANY(:countries)"
            " OR t.host_organisation_id = ANY(CAST(:organisations AS uuid[])))"
            " ORDER BY t.id DESC LIMIT :size OFFSET :skip"
        ),
        _list_values(reach, call_id, state, page),
    )
    rows = list(found)
    return rows, rows[0].total if rows else 0


def _list_values(reach: Reach, call_id: UUID | None, state: str | None, page: int) -> dict[str, Any]:
    """Return the parameters of a list: the reach, call and state if given, the page."""
    rows = {"size": PAGE, "skip": (max(page, 1) - 1) * PAGE}
    return {"call": call_id, "state": state or None, **rows, **reach_values(reach)}


async def parked(session: AsyncSession) -> int:
    """Return the number of dead letters."""
    found = await session.execute(_text("SELECT count(*) FROM parked WHERE settled_at IS NULL"))
    return int(found.scalar_one())


async def running_out(
    session: AsyncSession, reach: Reach, call_id: UUID | None, now: datetime, *, limit: int = 10
) -> list[Row[Any]]:
    """Return the matches whose next step is due first after `now`.

    Each has who has cleared or accepted, and how many wait for the place.
    """
    found = await session.execute(
        text(
            CASES + "SELECT cases.*, held.home_cleared, held.applicant_accepted, held.host_accepted,"
            " jsonb_array_length(held.next_in_line) AS in_line FROM cases JOIN match held ON held.id = match_id"
            " WHERE match_state IN ('proposed', 'offered') AND cases.due >= :now"
            " ORDER BY cases.due, cases.id LIMIT :limit"
        ),
        {"call": call_id, "now": now, "limit": limit, **reach_values(reach)},
    )
    return list(found)
