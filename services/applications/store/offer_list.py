"""What does a list of placements show: whose, narrowed to what, what of them waits, how many of each?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import col, select

from services.applications.store.coordinators import by_silence
from services.applications.store.offers import Offer
from services.applications.store.paging import one_page
from shared.contracts.codes import UNION, OfferState, PauseCause

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.model.silence import Held

WAITS, LATE = "waits", "late"
_SORTS: dict[str, Any] = {
    "reference": col(Offer.reference),
    "state": col(Offer.state),
    "since": col(Offer.since),
    "due": col(Offer.due),
}


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose placements somebody sees: as host those of `own` organisations, drafts too; else only what was submitted.

    `countries` None is all of them; `agencies` are the EU agencies for which one clears.
    """

    own: tuple[UUID, ...] = ()
    countries: tuple[str, ...] | None = ()
    agencies: tuple[UUID, ...] = ()

    @property
    def programme(self) -> bool:
        """Whether all countries are seen."""
        return self.countries is None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None is no filter. `state` may be `WAITS` (for the reader) or `LATE` too."""

    state: str | None = None
    call_id: UUID | None = None
    country: str | None = None
    reference: str | None = None
    sort: str = "due"


def _seen(sight: Sight) -> sa.ColumnElement[bool]:
    told = col(Offer.state) != OfferState.DRAFT
    own = col(Offer.organisation_id).in_(sight.own)
    if sight.countries is None:
        return sa.or_(own, told)
    return sa.or_(own, sa.and_(told, _decided_by(sight)))


def _decided_by(sight: Sight) -> sa.ColumnElement[bool]:
    """The placements on which somebody decides as coordinator of a country, or as an EU agency's clearance officer."""
    countries = sight.countries or ()
    agency = sa.and_(col(Offer.country) == UNION, col(Offer.organisation_id).in_(sight.agencies))
    return sa.or_(col(Offer.country).in_(countries), agency)


def _late(moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Offer.state) == OfferState.SUBMITTED, col(Offer.due) < moment)


def _waits(sight: Sight, moment: datetime, held: Held) -> sa.ColumnElement[bool]:
    """What waits for the reader: as host to go on with, as coordinator to endorse, as programme if all are silent."""
    written = (OfferState.DRAFT.value, OfferState.RETURNED.value, OfferState.ENDORSED.value)
    asked = sa.and_(col(Offer.state) == OfferState.PUBLISHED, col(Offer.due).is_not(None))
    silent = sa.and_(col(Offer.state) == OfferState.PAUSED, col(Offer.cause) == PauseCause.SILENCE)
    host = sa.and_(col(Offer.organisation_id).in_(sight.own), sa.or_(col(Offer.state).in_(written), asked, silent))
    if sight.programme:
        came = by_silence(
            held,
            moment,
            country=col(Offer.country),
            organisation_id=col(Offer.organisation_id),
            call_id=col(Offer.call_id),
            due=col(Offer.due),
        )
        return sa.or_(host, sa.and_(col(Offer.state) == OfferState.SUBMITTED, came))
    return sa.or_(host, sa.and_(col(Offer.state) == OfferState.SUBMITTED, _decided_by(sight)))


def _where(
    sight: Sight, filters: Filters, moment: datetime, held: Held, *, state: bool = True
) -> list[sa.ColumnElement[bool]]:
    among = [_seen(sight)]
    match filters.state if state else None:
        case None:
            pass
        case "waits":
            among.append(_waits(sight, moment, held))
        case "late":
            among.append(_late(moment))
        case code:
            among.append(col(Offer.state) == code)
    if filters.call_id:
        among.append(col(Offer.call_id) == filters.call_id)
    if filters.country:
        among.append(col(Offer.country) == filters.country)
    if filters.reference:
        among.append(col(Offer.reference) == filters.reference.upper())
    return among


async def lines(
    session: AsyncSession, sight: Sight, filters: Filters, moment: datetime, held: Held, page: int = 1
) -> tuple[list[Offer], int]:
    """One page of the placements within sight, and how many there are; what waits for the reader comes first."""
    among = _where(sight, filters, moment, held)
    total = (await session.execute(sa.select(sa.func.count()).select_from(Offer).where(*among))).scalar_one()
    by = _SORTS.get(filters.sort.lstrip("-"), col(Offer.due))
    order = by.desc().nulls_last() if filters.sort.startswith("-") else by.asc().nulls_last()
    first = [sa.case((_waits(sight, moment, held), 0), else_=1)] if filters.sort == "due" else []
    query = select(Offer).where(*among).order_by(*first, order, col(Offer.id).desc())
    return list(await session.scalars(one_page(query, page))), int(total)


async def counts(session: AsyncSession, sight: Sight, filters: Filters, moment: datetime, held: Held) -> dict[str, int]:
    """How many placements within sight there are in each state, how many wait for the reader, how many are late."""
    among = _where(sight, filters, moment, held, state=False)
    query = sa.select(
        col(Offer.state),
        sa.func.count(),
        sa.func.count().filter(_waits(sight, moment, held)),
        sa.func.count().filter(_late(moment)),
    )
    rows = (await session.execute(query.where(*among).group_by(col(Offer.state)).order_by(col(Offer.state)))).all()
    found = {str(state): int(count) for state, count, _, _ in rows}
    return found | {WAITS: sum(row[2] for row in rows), LATE: sum(row[3] for row in rows)}


async def countries(session: AsyncSession, sight: Sight) -> list[str]:
    """The host countries of the placements within sight."""
    query = sa.select(col(Offer.country)).where(_seen(sight)).distinct().order_by(col(Offer.country))
    return list((await session.execute(query)).scalars())
