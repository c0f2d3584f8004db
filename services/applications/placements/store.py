"""Store placements, and list them for a reader by state, call, country and reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.access.store import by_silence
from services.applications.own_cases.model import Concerned
from services.applications.placements.model.placement import PlacementEntry
from services.applications.tables import Table, one_page
from shared.contracts.codes import UNION, OfferState, PauseCause
from shared.contracts.lifecycle.state_sets import (
    OFFER_NOT_OPEN,
    OFFER_OVER,
    OFFER_PUBLISHED_ONCE,
    OFFER_UNPUBLISHED,
    in_sql,
)
from shared.contracts.offers import OfferTerms
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from services.applications.visibility import Visibility
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)
MOST = 500


class Offer(Table, table=True):
    """A placement: the host's entry as it is now, and the terms that were last published."""

    __tablename__ = "offer"
    __table_args__ = (
        sa.Index("offer_organisation_state", "organisation_id", "state"),
        sa.Index("offer_country_state", "country", "state"),
        sa.Index("offer_call_state", "call_id", "state", "reference"),
        sa.Index("offer_saved_at", "saved_at"),
        sa.Index("offer_asked", "due", postgresql_where=sa.text("state = 'published'")),
        sa.Index("offer_last_day", "last_day", postgresql_where=sa.text(f"state NOT IN ({in_sql(OFFER_NOT_OPEN)})")),
    )

    id: UUID = Field(primary_key=True)
    reference: str = Field(unique=True)
    call_id: UUID
    organisation_id: UUID
    country: str
    state: str = OfferState.DRAFT
    since: datetime = Field(sa_type=_TIME, description="When it came into its state")
    due: datetime | None = Field(
        default=None, sa_type=_TIME, description="Until when it is asked for: endorsement, or whether it is available"
    )
    cause: str | None = Field(default=None, description="Why it pauses or is closed, a code")
    last_day: date | None = Field(default=None, description="Of its last period")
    entry_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    terms_json: dict[str, JsonValue] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True), sa_column_kwargs={"name": "terms"}
    )
    remarks: dict[str, str] = Field(default_factory=dict, sa_type=JSONB, description="The coordinator's, by section")
    created_by: str
    created_at: datetime = Field(sa_type=_TIME)
    saved_at: datetime = Field(sa_type=_TIME, description="Last written, moved or confirmed to be available")

    @property
    def entry(self) -> PlacementEntry:
        """The entry of the host; what newer rules do not accept is open."""
        return PlacementEntry.from_stored(self.entry_json)

    @property
    def terms(self) -> OfferTerms | None:
        """The terms that were last published."""
        return None if self.terms_json is None else OfferTerms.model_validate(self.terms_json)

    @property
    def stands(self) -> OfferState:
        """Its state."""
        return OfferState(self.state)

    @property
    def concerned(self) -> Concerned:
        """The author, who does not endorse the placement."""
        return Concerned(authors=frozenset({self.created_by}))

    @property
    def awaits_answer(self) -> bool:
        """Return whether the host is asked if it is still available."""
        return self.stands is OfferState.PUBLISHED and self.due is not None

    @property
    def title(self) -> str:
        """The title; the reference where it has no title yet."""
        return str(self.entry_json.get("title") or self.reference)


async def offer(session: AsyncSession, offer_id: UUID, *, lock: bool = False) -> Offer | None:
    """Return one placement; with `lock` nobody else changes it until the commit."""
    return await session.get(Offer, offer_id, with_for_update=lock, populate_existing=lock)


async def is_kept_for(session: AsyncSession, call_id: UUID, application_id: UUID) -> bool:
    """Return whether a host keeps an open placement of that call for an application."""
    query = sa.select(
        sa.exists().where(
            col(Offer.call_id) == call_id,
            col(Offer.state).not_in(OFFER_OVER),
            col(Offer.entry_json)["prematched_with"].astext == str(application_id),
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def offers_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Offer]:
    """Return the placements with these ids."""
    query = select(Offer).where(col(Offer.id).in_(sorted(ids))).order_by(col(Offer.id))
    return {row.id: row for row in await session.scalars(query)}


async def published_with_days_in(
    session: AsyncSession,
    first: date,
    *,
    organisation_ids: Collection[UUID],
    countries: Collection[str] | None,
    agencies: Collection[UUID] = (),
) -> list[Offer]:
    """Return the published placements with a day on or after `first`, by reference; hosts as for visits."""
    conditions = [col(Offer.organisation_id).in_([*organisation_ids, *agencies])]
    if countries:
        conditions.append(col(Offer.country).in_(sorted(countries)))
    query = select(Offer).where(
        sa.true() if countries is None else sa.or_(*conditions),
        col(Offer.state).in_(OFFER_PUBLISHED_ONCE),
        col(Offer.last_day) >= first,
    )
    return list(await session.scalars(query.order_by(col(Offer.reference)).limit(MOST)))


async def by_reference(session: AsyncSession, reference: str) -> Offer | None:
    """Return the placement with that reference."""
    return (await session.scalars(select(Offer).where(Offer.reference == reference))).first()


async def list_visible(
    session: AsyncSession,
    *,
    organisation_ids: Sequence[UUID] = (),
    countries: Sequence[str] | None = (),
    states: Sequence[str] = (),
) -> list[Offer]:
    """Return the placements of these organisations, and the submitted ones of these countries (None: all).

    Those that wait for an answer first, then the newest; at most `MOST`.
    """
    submitted = col(Offer.state) != OfferState.DRAFT
    abroad = submitted if countries is None else sa.and_(submitted, col(Offer.country).in_(countries))
    query = select(Offer).where(sa.or_(col(Offer.organisation_id).in_(organisation_ids), abroad))
    if states:
        query = query.where(col(Offer.state).in_(states))
    return list(await session.scalars(query.order_by(col(Offer.due).nulls_last(), col(Offer.id).desc()).limit(MOST)))


WAITS, LATE = "waits", "late"
_SORTS: dict[str, Any] = {
    "reference": col(Offer.reference),
    "state": col(Offer.state),
    "since": col(Offer.since),
    "due": col(Offer.due),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list; None is no filter. `state` may also be `WAITS` (for the reader) or `LATE`."""

    state: str | None = None
    call_id: UUID | None = None
    country: str | None = None
    reference: str | None = None
    sort: str = "due"


def _visible(visibility: Visibility) -> sa.ColumnElement[bool]:
    submitted = col(Offer.state) != OfferState.DRAFT
    own = col(Offer.organisation_id).in_(visibility.own)
    if visibility.countries is None:
        return sa.or_(own, submitted)
    return sa.or_(own, sa.and_(submitted, _decided_by(visibility)))


def _decided_by(visibility: Visibility) -> sa.ColumnElement[bool]:
    """Return the condition for placements that a coordinator or an EU agency's clearance officer decides on."""
    countries = visibility.countries or ()
    agency = sa.and_(col(Offer.country) == UNION, col(Offer.organisation_id).in_(visibility.agencies))
    return sa.or_(col(Offer.country).in_(countries), agency)


def _late(moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Offer.state) == OfferState.SUBMITTED, col(Offer.due) < moment)


def _waits(visibility: Visibility, moment: datetime, deciders: Deciders) -> sa.ColumnElement[bool]:
    """Return the condition for what waits for the reader: as host, as coordinator, as programme after silence."""
    awaits_answer = sa.and_(col(Offer.state) == OfferState.PUBLISHED, col(Offer.due).is_not(None))
    paused_for_silence = sa.and_(col(Offer.state) == OfferState.PAUSED, col(Offer.cause) == PauseCause.SILENCE)
    host = sa.and_(
        col(Offer.organisation_id).in_(visibility.own),
        sa.or_(col(Offer.state).in_(OFFER_UNPUBLISHED), awaits_answer, paused_for_silence),
    )
    if visibility.programme:
        passed_to_programme = by_silence(
            deciders,
            moment,
            country=col(Offer.country),
            organisation_id=col(Offer.organisation_id),
            call_id=col(Offer.call_id),
            due=col(Offer.due),
        )
        return sa.or_(host, sa.and_(col(Offer.state) == OfferState.SUBMITTED, passed_to_programme))
    return sa.or_(host, sa.and_(col(Offer.state) == OfferState.SUBMITTED, _decided_by(visibility)))


def _where(
    visibility: Visibility, filters: Filters, moment: datetime, deciders: Deciders, *, state: bool = True
) -> list[sa.ColumnElement[bool]]:
    conditions = [_visible(visibility)]
    match filters.state if state else None:
        case None:
            pass
        case "waits":
            conditions.append(_waits(visibility, moment, deciders))
        case "late":
            conditions.append(_late(moment))
        case code:
            conditions.append(col(Offer.state) == code)
    if filters.call_id:
        conditions.append(col(Offer.call_id) == filters.call_id)
    if filters.country:
        conditions.append(col(Offer.country) == filters.country)
    if filters.reference:
        conditions.append(col(Offer.reference) == filters.reference.upper())
    return conditions


async def list_page(
    session: AsyncSession, visibility: Visibility, filters: Filters, moment: datetime, deciders: Deciders, page: int = 1
) -> tuple[list[Offer], int]:
    """Return one page of the visible placements, those that wait for the reader first, and how many there are."""
    conditions = _where(visibility, filters, moment, deciders)
    total = (await session.execute(sa.select(sa.func.count()).select_from(Offer).where(*conditions))).scalar_one()
    by = _SORTS.get(filters.sort.lstrip("-"), col(Offer.due))
    order = by.desc().nulls_last() if filters.sort.startswith("-") else by.asc().nulls_last()
    first = [sa.case((_waits(visibility, moment, deciders), 0), else_=1)] if filters.sort == "due" else []
    query = select(Offer).where(*conditions).order_by(*first, order, col(Offer.id).desc())
    return list(await session.scalars(one_page(query, page))), int(total)


async def newest(
    session: AsyncSession,
    visibility: Visibility,
    filters: Filters,
    moment: datetime,
    deciders: Deciders,
    request: PageRequest,
) -> list[Offer]:
    """Return the visible placements of one page and one more, the newest first."""
    query = select(Offer).where(*_where(visibility, filters, moment, deciders))
    if request.since is not None:
        query = query.where(col(Offer.saved_at) >= request.since)
    return list(await session.scalars(cut(query, [col(Offer.id)], request, newest=True)))


async def counts(
    session: AsyncSession, visibility: Visibility, filters: Filters, moment: datetime, deciders: Deciders
) -> dict[str, int]:
    """Return how many visible placements are in each state, how many wait for the reader, how many are late."""
    conditions = _where(visibility, filters, moment, deciders, state=False)
    query = sa.select(
        col(Offer.state),
        sa.func.count(),
        sa.func.count().filter(_waits(visibility, moment, deciders)),
        sa.func.count().filter(_late(moment)),
    )
    rows = (await session.execute(query.where(*conditions).group_by(col(Offer.state)).order_by(col(Offer.state)))).all()
    found = {str(state): int(count) for state, count, _, _ in rows}
    return found | {WAITS: sum(row[2] for row in rows), LATE: sum(row[3] for row in rows)}


async def countries(session: AsyncSession, visibility: Visibility) -> list[str]:
    """Return the host countries of the visible placements."""
    query = sa.select(col(Offer.country)).where(_visible(visibility)).distinct().order_by(col(Offer.country))
    return list((await session.execute(query)).scalars())
