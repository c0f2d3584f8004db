"""List placements for a reader, by page of the portal and by cursor of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.applications.access.store import deciders_on
from services.applications.calls.views.headings import CallHeading, call_headings
from services.applications.matches.store import matches
from services.applications.placements import store
from services.applications.placements.store import LATE, WAITS, Filters
from services.applications.placements.views.placement import Placement
from services.applications.register.store import entries
from services.applications.visibility import visibility_of
from shared.contracts.codes import OfferState, Role
from shared.identity.scope import may_clear
from shared.time import clock
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from shared.identity import Principal

__all__ = ["LATE", "WAITS", "Filters", "PlacementCounts", "counts", "page", "placement_list"]


class PlacementCounts(ReadModel):
    """The number of placements that the reader sees, in all filters but the state."""

    states: dict[OfferState, int]
    waits: Annotated[int, Field(description="Those that wait for the reader.")]
    late: Annotated[int, Field(description="Those whose endorsement is overdue.")]

    @property
    def by_code(self) -> dict[str, int]:
        """All counts, by state and by filter."""
        return {str(state): count for state, count in self.states.items()} | {WAITS: self.waits, LATE: self.late}


async def page(session: AsyncSession, principal: Principal, filters: Filters, request: PageRequest) -> Page[Placement]:
    """Return a page of the placements that the principal sees, the newest first."""
    deciders = await deciders_on(session, clock.today())
    found = await store.newest(session, visibility_of(principal), filters, clock.now(), deciders, request)
    return page_of(found, request, Placement, Placement.of, lambda row: (row.id,))


async def counts(session: AsyncSession, principal: Principal, filters: Filters) -> PlacementCounts:
    """Return how many placements the principal sees in each state, whatever state is filtered by."""
    deciders = await deciders_on(session, clock.today())
    return await _counts(session, principal, filters, deciders)


@dataclass(frozen=True, slots=True)
class ListedPlacement:
    """A placement in the list, with its host, its call and its confirmed places; `decidable`: by the reader."""

    placement: Placement
    host: str
    call: str
    taken: int
    decidable: bool


@dataclass(frozen=True, slots=True)
class PlacementList:
    """One page of the list, with its counts and what it can be filtered by."""

    rows: Sequence[ListedPlacement]
    total: int
    counts: PlacementCounts
    calls: Sequence[CallHeading]
    countries: Sequence[str]


async def placement_list(session: AsyncSession, principal: Principal, filters: Filters, number: int) -> PlacementList:
    """Return one page of the placements that the principal sees, those that wait for the principal first."""
    visibility, moment = visibility_of(principal), clock.now()
    deciders = await deciders_on(session, clock.today())
    found, total = await store.list_page(session, visibility, filters, moment, deciders, number)
    calls = await call_headings(session)
    references = {call.id: call.reference for call in calls}
    organisations = await entries.organisations(session, ids={row.organisation_id for row in found})
    hosts = {organisation.id: organisation.name for organisation in organisations}
    confirmed = await matches.confirmed_counts(session, [row.id for row in found])
    return PlacementList(
        rows=[
            ListedPlacement(
                Placement.of(row),
                hosts.get(row.organisation_id, ""),
                references.get(row.call_id, ""),
                confirmed[row.id],
                _may_decide(principal, row),
            )
            for row in found
        ],
        total=total,
        counts=await _counts(session, principal, filters, deciders),
        calls=calls,
        countries=await store.countries(session, visibility),
    )


def _may_decide(principal: Principal, row: store.Offer) -> bool:
    """Return whether it waits for the reader's country, or may wait for the programme's decision."""
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    decides = programme or may_clear(principal, row.country, row.organisation_id)
    return row.stands is OfferState.SUBMITTED and decides


async def _counts(session: AsyncSession, principal: Principal, filters: Filters, deciders: Deciders) -> PlacementCounts:
    found = await store.counts(session, visibility_of(principal), filters, clock.now(), deciders)
    waits, late = found.pop(WAITS), found.pop(LATE)
    return PlacementCounts(states={OfferState(code): count for code, count in found.items()}, waits=waits, late=late)
