"""Close a placement when its last place is confirmed, and reopen it when a place falls free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications import transitions
from services.applications.calls import store as calls_store
from services.applications.matches.store import matches
from services.applications.placements import store
from services.applications.placements.actions import placements
from services.applications.placements.model import revision
from shared.contracts.codes import CallState, CloseCause, MatchState, OfferState
from shared.contracts.matches import MatchCancelled, MatchConfirmed
from shared.contracts.offers import OfferClosed, OfferResumed
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.bus import Envelope, Tx


async def react_to_matches(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to events of `exchange.matches` that confirm or free a place."""
    by_offer = {offer_id: event for event in events if (offer_id := _offer_with_changed_places(event)) is not None}
    for offer_id in sorted(by_offer):
        offer = await store.offer(tx.session, offer_id, lock=True)
        if offer is None:
            continue
        confirmed = (await matches.confirmed_counts(tx.session, [offer_id]))[offer_id]
        full, because = revision.is_full(offer.entry, confirmed), by_offer[offer_id]
        if full and transitions.possible(OfferClosed, offer.state):
            await placements.apply_event(tx, offer, OfferClosed(cause=CloseCause.FULL), because=because)
        elif not full and await _may_reopen(tx, offer):
            await placements.apply_event(tx, offer, OfferResumed(), because=because)


def _offer_with_changed_places(event: Envelope) -> UUID | None:
    """Return the placement of which a place was confirmed or fell free; None for other events."""
    data = event.data
    if isinstance(data, MatchConfirmed) or (isinstance(data, MatchCancelled) and data.was is MatchState.CONFIRMED):
        return data.pairing.offer_id
    return None


async def _may_reopen(tx: Tx, offer: store.Offer) -> bool:
    """Return whether the placement closed because it was full, and could be matched now."""
    if offer.stands is not OfferState.CLOSED or offer.cause != CloseCause.FULL:
        return False
    call = await calls_store.call(tx.session, offer.call_id)
    call_is_open = call is not None and call.state == CallState.PUBLISHED
    return call_is_open and not revision.is_over(offer.entry, clock.today())
