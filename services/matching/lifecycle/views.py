"""Read matches, visits, mentorships and exchange rings within a reader's reach."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.store import matches as store
from services.matching.lifecycle.store import rings as rings_store
from shared.contracts.base import Country
from shared.contracts.codes import MatchState, Party, Reason
from shared.contracts.matches import Pairing
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

MatchFilter = store.MatchFilter

Reference = Annotated[str | None, Field(examples=["MD-2026-0001"])]
PlaceReference = Annotated[str | None, Field(examples=["PL-FR-0012"])]


class Match(ReadModel):
    """A match: who is matched with what, its state, and how it ended.

    `due` is the deadline of the next step; `by`, `reason` and `silent` say how it ended. A `reserve` is cleared
    beforehand for a place that another match has.
    """

    id: UUID
    pairing: Pairing
    seat_id: Annotated[UUID, Field(description="The offer or mentor.")]
    state: MatchState
    since: AwareDatetime
    due: AwareDatetime
    proposed_at: AwareDatetime
    run_id: UUID
    score: Annotated[int, Field(description="Points that the officer gains.", examples=[78])]
    next_in_line: Annotated[tuple[UUID, ...], Field(description="Applications that wait for the place, in order.")]
    home_cleared: bool
    host_cleared: bool
    applicant_accepted: bool
    host_accepted: bool
    by: Party | None
    reason: Reason | None
    silent: tuple[Party, ...]
    reserve: bool
    in_reserve: Annotated[bool, Field(description="It is a reserve and not over.")]


class RingLeg(ReadModel):
    """A match of an exchange ring; outside the reader's reach only its state is given.

    The officer goes to the agency of the next `place`, the last to that of the first.
    """

    place: int
    state: MatchState
    since: AwareDatetime
    stands: Annotated[bool, Field(description="The match still takes its place.")]
    match_id: UUID | None
    application_id: UUID | None
    reference: Reference
    offer: PlaceReference
    country: Country | None
    host_country: Country | None


class ProposedRing(ReadModel):
    """An exchange ring whose matches were proposed together."""

    ring_id: UUID
    proposed_at: AwareDatetime
    legs: tuple[RingLeg, ...]


def match_view(match: matches.Match) -> Match:
    """Return the view of a match."""
    return Match.model_validate(match, from_attributes=True)


async def match_of(session: AsyncSession, within: Reach, match_id: UUID) -> Match:
    """Return one match. Raises `Refused` (404) if there is none within reach."""
    found = await store.one_within(session, within, match_id)
    if found is None:
        raise Refused(gettext("There is nothing here, or it is not yours to see."), 404)
    return match_view(found)


async def matches_page(session: AsyncSession, within: Reach, filters: MatchFilter, request: PageRequest) -> Page[Match]:
    """Return one page of the matches within reach, the newest first."""
    found = await store.listed(session, within, filters, request)
    return page_of(found, request, Match, match_view, lambda match: (match.id,))


async def matches_of(session: AsyncSession, application_id: UUID) -> list[Match]:
    """Return the matches of an application, the newest first."""
    return [match_view(match) for match in await store.of_application(session, application_id)]


async def proposed_rings(session: AsyncSession, within: Reach, call_id: UUID | None) -> tuple[ProposedRing, ...]:
    """Return the newest rings that have a leg within reach, the newest first."""
    legs = await rings_store.legs(session, within, call_id)
    return tuple(_ring(ring_id, list(ring)) for ring_id, ring in groupby(legs, lambda leg: leg.ring_id))


async def ring_of(session: AsyncSession, within: Reach, match_id: UUID) -> tuple[RingLeg, ...]:
    """Return all legs of the ring of a match; none if it is part of no ring."""
    return tuple(_leg(leg) for leg in await rings_store.of_match(session, within, match_id))


def _ring(ring_id: UUID, legs: Sequence[Any]) -> ProposedRing:
    return ProposedRing(ring_id=ring_id, proposed_at=legs[0].proposed_at, legs=tuple(_leg(leg) for leg in legs))


def _leg(row: Any) -> RingLeg:
    whose: Any = row if row.within else None
    return RingLeg(
        place=row.place,
        state=row.state,
        since=row.since,
        stands=row.stands,
        match_id=whose and row.match_id,
        application_id=whose and row.application_id,
        reference=whose and row.reference,
        offer=whose and row.seat_reference,
        country=whose and row.country,
        host_country=whose and row.host_country,
    )
