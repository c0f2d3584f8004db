"""Find the published placements or mentors' profiles of a call that an officer may browse.

Conditions are the same for all officers but for their own country and agency, which the rules of every call name:
nothing is left out for a conflict of interest or an exclusion, so that a missing entry reveals neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select

from services.applications.mentors.store import Mentor
from services.applications.placements.store import Offer
from services.applications.places.model import MENTOR_DAYS, NEWEST, REFERENCE, SOONEST
from services.applications.tables import one_page
from shared.contracts.codes import UNION, ApplicationKind, MentorState, OfferState
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.places.model import Week
    from shared.web.paging import PageRequest

Row = Offer | Mentor
MOST = 500
"""So many entries are offered to be put in order."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The call and kind of a list, and the officer's country and agency, which are not abroad."""

    call_id: UUID
    kind: ApplicationKind
    country: str
    organisation_id: UUID | None
    today: date
    minimum_days: int

    @property
    def table(self) -> Any:
        """The table that is listed."""
        return Offer if self.kind is ApplicationKind.STUDY_VISIT else Mentor

    @property
    def document(self) -> Any:
        """The column with the published entry, of a placement the terms."""
        return col(Offer.terms_json) if self.kind is ApplicationKind.STUDY_VISIT else col(Mentor.entry_json)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the list; None is no filter."""

    topic: str | None = None
    country: str | None = None
    week: Week | None = None
    language: str | None = None


def _parts(scope: Scope, name: str) -> Any:
    """Return the parts of a list in the document, such as its periods, one a row."""
    return sa.func.jsonb_array_elements(scope.document[name]).table_valued(sa.column("value", JSONB), name=name)


def _day(part: Any, name: str) -> Any:
    return sa.cast(part.c.value[name].astext, sa.Date)


def _listed(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for an entry to be listed, without any filter."""
    table, document = scope.table, scope.document
    conditions: list[sa.ColumnElement[bool]] = [
        table.call_id == scope.call_id,
        table.last_day >= scope.today,
        sa.or_(table.country != scope.country, table.country == UNION),
    ]
    if scope.organisation_id is not None:
        conditions.append(table.organisation_id != scope.organisation_id)
    if scope.kind is ApplicationKind.MENTEE:
        return [*conditions, table.state == MentorState.PUBLISHED]
    deadline = sa.cast(document["deadline"].astext, sa.Date)
    return [
        *conditions,
        table.state == OfferState.PUBLISHED,
        sa.or_(deadline.is_(None), deadline >= scope.today),
        document["prematched_with"].astext.is_(None),
    ]


def _where(scope: Scope, filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions, document = _listed(scope), scope.document
    if filters.topic:
        # Who names no topic takes any topic of the call.
        topics = sa.func.coalesce(document["topics"], sa.cast("[]", JSONB))
        any_topic = sa.func.jsonb_array_length(topics) == 0
        conditions.append(sa.or_(document.contains({"topics": [filters.topic]}), any_topic))
    if filters.country:
        conditions.append(scope.table.country == filters.country)
    if filters.language:
        conditions.append(document.contains({"languages": [{"language": filters.language}]}))
    if filters.week:
        conditions.append(_in_week(scope, filters.week))
    return conditions


def _in_week(scope: Scope, week: Week) -> sa.ColumnElement[bool]:
    """Return the condition for a period with enough days in that week."""
    least: Any = MENTOR_DAYS
    if scope.kind is ApplicationKind.STUDY_VISIT:
        least = sa.func.least(scope.minimum_days, sa.cast(scope.document["days"].astext, sa.Integer))
    periods = _parts(scope, "periods")
    last = sa.func.least(_day(periods, "end"), sa.literal(week.last, sa.Date))
    first = sa.func.greatest(_day(periods, "start"), sa.literal(week.first, sa.Date))
    return sa.exists(sa.select(1).select_from(periods).where(last - first + 1 >= least))


def _first_day(scope: Scope) -> Any:
    """Return the first day of the periods that are not over."""
    periods = _parts(scope, "periods")
    first = sa.func.min(_day(periods, "start"))
    return sa.select(first).select_from(periods).where(_day(periods, "end") >= scope.today).scalar_subquery()


async def list_page(
    session: AsyncSession, scope: Scope, filters: Filters, order: str, page: int
) -> tuple[list[Row], int]:
    """Return one page of the entries, and how many there are."""
    table, conditions = scope.table, _where(scope, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(table).where(*conditions))).scalar_one()
    orders: dict[str, Any] = {
        REFERENCE: (),
        SOONEST: (_first_day(scope).asc(),),
        NEWEST: (table.since.desc(),),
    }
    query = select(table).where(*conditions).order_by(*orders[order], table.reference)
    return list(await session.scalars(one_page(query, page))), int(total)


async def published(session: AsyncSession, scope: Scope, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are listed."""
    query = sa.select(scope.table.id).where(*_listed(scope), scope.table.id.in_(sorted(ids)))
    return set((await session.execute(query)).scalars())


async def listed(session: AsyncSession, scope: Scope) -> list[Row]:
    """Return all entries by reference; at most `MOST`."""
    query = select(scope.table).where(*_listed(scope)).order_by(scope.table.reference).limit(MOST)
    return list(await session.scalars(query))


async def by_cursor(session: AsyncSession, scope: Scope, filters: Filters, request: PageRequest) -> Sequence[Row]:
    """Return the entries of one page and one more, by reference."""
    query = select(scope.table).where(*_where(scope, filters))
    return list(await session.scalars(cut(query, [col(scope.table.reference)], request)))


async def countries(session: AsyncSession, scope: Scope) -> list[str]:
    """Return the countries of all that is listed."""
    column = scope.table.country
    query = sa.select(column).where(*_listed(scope)).distinct().order_by(column)
    return list((await session.execute(query)).scalars())


async def languages(session: AsyncSession, scope: Scope) -> list[str]:
    """Return the languages of all that is listed."""
    parts = _parts(scope, "languages")
    code = parts.c.value["language"].astext
    query = sa.select(code).select_from(scope.table).join(parts, sa.true()).where(*_listed(scope)).distinct()
    return list((await session.execute(query.order_by(code))).scalars())
