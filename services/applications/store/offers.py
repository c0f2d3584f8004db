"""Which placements do hosts offer, and where does each stand?"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.model.offer import OfferEntry
from services.applications.store.base import Table
from shared.contracts.codes import OfferState
from shared.contracts.offers import OfferTerms

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
MOST = 500


class Offer(Table, table=True):
    """A placement: what the host wrote as it stands now, and the terms that were last told to the other services."""

    __tablename__ = "offer"
    __table_args__ = (
        sa.Index("offer_organisation_state", "organisation_id", "state"),
        sa.Index("offer_country_state", "country", "state"),
        sa.Index("offer_call_state", "call_id", "state"),
        sa.Index("offer_asked", "due", postgresql_where=sa.text("state = 'published'")),
        sa.Index("offer_last_day", "last_day", postgresql_where=sa.text("state IN ('published', 'paused')")),
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
    version: int = Field(default=1, description="Counts what was written: the optimistic lock of forms")
    entry_json: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    terms_json: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True), sa_column_kwargs={"name": "terms"}
    )
    remarks: dict[str, str] = Field(default_factory=dict, sa_type=JSONB, description="The coordinator's, by section")
    created_by: str
    created_at: datetime = Field(sa_type=_TIME)
    saved_at: datetime = Field(sa_type=_TIME, description="Last written, moved or confirmed to be available")

    @property
    def entry(self) -> OfferEntry:
        """What the host wrote."""
        return OfferEntry.model_validate(self.entry_json)

    @property
    def terms(self) -> OfferTerms | None:
        """What was last told to the other services."""
        return None if self.terms_json is None else OfferTerms.model_validate(self.terms_json)

    @property
    def stands(self) -> OfferState:
        """Its state."""
        return OfferState(self.state)

    @property
    def asked(self) -> bool:
        """Whether the host is asked if it is still available."""
        return self.stands is OfferState.PUBLISHED and self.due is not None

    @property
    def title(self) -> str:
        """What it is called; its reference where it has no title yet."""
        return self.entry_json.get("title") or self.reference


async def offer(session: AsyncSession, offer_id: UUID, *, lock: bool = False) -> Offer | None:
    """One placement; with `lock` nobody else changes it until the commit."""
    return await session.get(Offer, offer_id, with_for_update=lock, populate_existing=lock)


async def kept_for(session: AsyncSession, call_id: UUID, application_id: UUID) -> bool:
    """Whether a host keeps a placement of that call for an application; what is over or taken out does not count."""
    over = (OfferState.CLOSED.value, OfferState.WITHDRAWN.value, OfferState.VOIDED.value)
    query = sa.select(
        sa.exists().where(
            col(Offer.call_id) == call_id,
            col(Offer.state).not_in(over),
            col(Offer.entry_json)["prematched_with"].astext == str(application_id),
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def offers_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Offer]:
    """The placements with these ids."""
    query = select(Offer).where(col(Offer.id).in_(sorted(ids))).order_by(col(Offer.id))
    return {one.id: one for one in await session.scalars(query)}


async def told_with_days_in(
    session: AsyncSession,
    first: date,
    *,
    organisation_ids: Collection[UUID],
    countries: Collection[str] | None,
    agencies: Collection[UUID] = (),
) -> list[Offer]:
    """The placements that were published and have a day on or after `first`, by reference; hosts as for visits."""
    told = (OfferState.PUBLISHED.value, OfferState.PAUSED.value, OfferState.CLOSED.value)
    among = [col(Offer.organisation_id).in_([*organisation_ids, *agencies])]
    if countries:
        among.append(col(Offer.country).in_(sorted(countries)))
    query = select(Offer).where(
        sa.true() if countries is None else sa.or_(*among), col(Offer.state).in_(told), col(Offer.last_day) >= first
    )
    return list(await session.scalars(query.order_by(col(Offer.reference)).limit(MOST)))


async def by_reference(session: AsyncSession, reference: str) -> Offer | None:
    """The placement with that reference."""
    return (await session.scalars(select(Offer).where(Offer.reference == reference))).first()


async def within(
    session: AsyncSession,
    *,
    organisation_ids: Sequence[UUID] = (),
    countries: Sequence[str] | None = (),
    states: Sequence[str] = (),
) -> list[Offer]:
    """The placements of these organisations, and those of these countries that are no drafts (None: all countries).

    Those that wait for an answer first, then the newest; at most `MOST`.
    """
    told = col(Offer.state) != OfferState.DRAFT
    abroad = told if countries is None else sa.and_(told, col(Offer.country).in_(countries))
    query = select(Offer).where(sa.or_(col(Offer.organisation_id).in_(organisation_ids), abroad))
    if states:
        query = query.where(col(Offer.state).in_(states))
    return list(await session.scalars(query.order_by(col(Offer.due).nulls_last(), col(Offer.id).desc()).limit(MOST)))
