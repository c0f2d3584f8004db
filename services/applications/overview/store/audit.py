"""The audit trail: attempts, changes of the register, decisions about partners, releases, looks at people, overrides.

Each kind is one query of the same columns: when, who, what, about what, country, details. Read only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col

from services.applications.access_log import Access
from services.applications.matches.store.matches import Match
from services.applications.matches.store.override_reasons import OverrideReason
from services.applications.matches.store.participation import Release
from services.applications.oversight.store.attempts import Attempt
from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.partners.store import Decision
from services.applications.register.store.history import RegisterChange
from services.applications.tables import one_page
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

MOST = 10_000
_DAYS_OF = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Line:
    """One record. `part` tells records of one moment and id apart: a match has several releases."""

    id: UUID
    part: str
    at: datetime
    who: str | None
    what: str
    about: str | None
    country: str | None
    details: dict[str, JsonValue]


def _lines(kind: AuditKind) -> sa.Subquery:
    """Return all records of one kind with the same columns."""
    none = sa.cast(sa.null(), sa.Text)
    build = sa.func.jsonb_build_object
    query: sa.Select[Any]
    match kind:
        case AuditKind.ATTEMPTS:
            details = build(
                "method", Attempt.method, "route", Attempt.route, "status", Attempt.status, "more", Attempt.repeats
            )
            query = sa.select(
                *_columns(Attempt.at, Attempt.id, Attempt.subject, Attempt.reason, Attempt.record_ids, none, details)
            )
        case AuditKind.REGISTER:
            # Which fields have changed; what was in them are names and addresses, which the register itself shows.
            fields = sa.select(sa.func.jsonb_agg(sa.column("key"))).select_from(
                sa.func.jsonb_object_keys(col(RegisterChange.before).op("||")(RegisterChange.after)).alias("key")
            )
            names = sa.func.coalesce(fields.scalar_subquery(), sa.text("'[]'::jsonb"))
            details = build("kind", RegisterChange.kind, "fields", names)
            query = sa.select(
                *_columns(
                    RegisterChange.at,
                    RegisterChange.id,
                    RegisterChange.actor,
                    RegisterChange.action,
                    RegisterChange.key,
                    RegisterChange.country,
                    details,
                )
            )
        case AuditKind.PARTNERS:
            details = build("since", Decision.since, "state", Decision.state, "withdrawn_by", Decision.withdrawn_by)
            query = sa.select(
                *_columns(
                    Decision.decided_at,
                    Decision.id,
                    Decision.decided_by,
                    Decision.status,
                    sa.cast(Decision.id, sa.Text),
                    Decision.country,
                    details,
                )
            )
        case AuditKind.RELEASES:
            details = build(
                "of", Release.party, "to", Release.recipient, "fields", Release.fields, "basis", Release.basis
            )
            query = sa.select(
                *_columns(
                    Release.at,
                    Release.match_id,
                    none,
                    Release.purpose,
                    sa.cast(Release.match_id, sa.Text),
                    Match.country,
                    details,
                    part=sa.func.concat_ws("/", Release.party, Release.recipient, Release.purpose),
                )
            ).join(Match, col(Match.id) == Release.match_id)
        case AuditKind.LOOKS:
            people = sa.func.jsonb_array_length(Access.people)
            details = build("audience", Access.audience, "purpose", Access.purpose, "people", people)
            query = sa.select(
                *_columns(Access.at, Access.id, Access.caller, Access.category, Access.case_id, none, details)
            )
        case AuditKind.OVERRIDES:
            details = build("application", OverrideReason.application_id, "text", OverrideReason.text)
            query = sa.select(
                *_columns(
                    OverrideReason.at,
                    OverrideReason.match_id,
                    OverrideReason.decided_by,
                    OverrideReason.reason,
                    sa.cast(OverrideReason.match_id, sa.Text),
                    Match.country,
                    details,
                )
            ).join(Match, col(Match.id) == OverrideReason.match_id)
    return query.subquery()


def _columns(*values: Any, part: sa.ColumnElement[str] | None = None) -> list[sa.Label[Any]]:
    names = ("at", "id", "who", "what", "about", "country", "details", "part")
    whole = (*values, sa.literal("", sa.String) if part is None else part)
    return [sa.label(name, value) for name, value in zip(names, whole, strict=True)]


def _filtered(filters: AuditFilters) -> sa.Select[Any]:
    query, lines = _matching(filters)
    return query.order_by(lines.c.at.desc(), lines.c.id.desc())


def _matching(filters: AuditFilters) -> tuple[sa.Select[Any], sa.Subquery]:
    lines = _lines(filters.kind)
    query = sa.select(lines)
    for name in ("who", "what", "country"):
        wanted = getattr(filters, name)
        if wanted is not None:
            query = query.where(lines.c[name] == wanted)
    if filters.since is not None:
        query = query.where(lines.c.at >= datetime.combine(filters.since, time.min, _DAYS_OF))
    if filters.until is not None and filters.until < date.max:  # nothing is later than the last day that there is
        query = query.where(lines.c.at < datetime.combine(filters.until + timedelta(days=1), time.min, _DAYS_OF))
    return query, lines


async def by_cursor(
    session: AsyncSession, filters: AuditFilters, until: datetime | None, request: PageRequest
) -> list[Line]:
    """Return one page of the records from `since` of the request to before `until`, newest first."""
    query, lines = _matching(filters)
    if request.since is not None:
        query = query.where(lines.c.at >= request.since)
    if until is not None:
        query = query.where(lines.c.at < until)
    return await _read(session, cut(query, [lines.c.at, lines.c.id, lines.c.part], request, newest=True))


async def page(session: AsyncSession, filters: AuditFilters, number: int) -> tuple[list[Line], int]:
    """Return one page of 50, the newest first, and how many there are (counted up to 10,000)."""
    query = _filtered(filters)
    counted = sa.select(sa.func.count()).select_from(query.order_by(None).limit(MOST).subquery())
    total = (await session.execute(counted)).scalar_one()
    return await _read(session, one_page(query, number)), int(total)


async def everything(session: AsyncSession, filters: AuditFilters) -> list[Line]:
    """Return all that fits, the newest first; 10,000 at the most."""
    return await _read(session, _filtered(filters).limit(MOST))


async def _read(session: AsyncSession, query: sa.Select[Any]) -> list[Line]:
    rows: Sequence[sa.RowMapping] = (await session.execute(query)).mappings().all()
    return [Line(**{name: row[name] for name in Line.__slots__}) for row in rows]
