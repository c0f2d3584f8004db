"""Endorse or return several selected placements in one transaction.

A placement that cannot be decided now is left as it is and named, so that the reader knows which were done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications import transitions
from services.applications.access.views import capacity_for
from services.applications.bulk import Outcome, refused_as_changed
from services.applications.placements import store
from services.applications.placements.actions import placements
from services.applications.placements.views.placement import Placement
from services.applications.refusals import may_proceed, not_found
from shared.bus.db.records import Changes
from shared.contracts.codes import OfferState, Role
from shared.contracts.offers import OfferEndorsed
from shared.errors import ProblemCode, Refused
from shared.identity.scope import may_clear

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.bus.db.records import ReadVersions
    from shared.contracts.codes import Section
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One selected placement before the decision; `obstacle` says why it cannot be decided, if so."""

    placement: Placement
    obstacle: str | None


async def bulk_items(session: AsyncSession, principal: Principal, ids: Collection[UUID]) -> list[BulkItem]:
    """Return each selected placement by reference, with what prevents endorsing or returning it.

    Raises `Refused` (404) where the principal may not see one of them.
    """
    found = await _all_decidable(session, principal, ids)
    return [
        BulkItem(Placement.of(offer), await _obstacle(session, principal, offer))
        for offer in sorted(found, key=lambda o: o.reference)
    ]


async def _obstacle(session: AsyncSession, principal: Principal, offer: store.Offer) -> str | None:
    # What may be endorsed may be sent back too: both come after submitted only.
    try:
        may_proceed(transitions.after, "offer", OfferEndorsed, offer.state)
        if offer.stands is not OfferState.SUBMITTED:
            return str(transitions.refuse("offer", offer.state, done=True))
        own = await capacity_for(session, principal, offer)
        own.decides()
    except Refused as refused:
        return refused.detail
    return None


async def decide_all(
    bus: Bus,
    principal: Principal,
    ids: Collection[UUID],
    remarks: Mapping[Section, str] | None = None,
    read: ReadVersions | None = None,
) -> Outcome[store.Offer]:
    """Endorse all of these or, with `remarks`, return all of them to their hosts.

    Those that have changed since the principal `read` them are left.

    Raises `Refused` (404 where the principal may not see one; 422 without a remark).
    """
    done: list[store.Offer] = []
    left: list[tuple[store.Offer, Refused]] = []
    async with bus.transaction(principal.subject) as tx:
        rows = sorted(await _all_decidable(tx.session, principal, ids), key=lambda offer: offer.id)
        for row in rows:
            await store.offer(tx.session, row.id, lock=True)
        changes = Changes() if read is None else await read.changes(tx.session)
        for row in rows:
            waits = row.stands is OfferState.SUBMITTED
            if waits and changes.has(row.id):
                left.append((row, refused_as_changed()))
                continue
            try:
                if remarks is None:
                    done.append(await placements.endorse_in(tx, principal, row.id))
                else:
                    done.append(await placements.send_back_in(tx, principal, row.id, remarks))
            except Refused as refused:
                if refused.status_code != 409 and refused.code is not ProblemCode.OWN_CASE:
                    raise
                left.append((row, refused))
    return Outcome(done, left, changes)


async def _all_decidable(session: AsyncSession, principal: Principal, ids: Collection[UUID]) -> list[store.Offer]:
    """Return the placements. Raises `Refused` (404) unless all exist and the principal may decide on them."""
    found = await store.offers_by_id(session, set(ids))
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    own = [
        offer
        for offer in found.values()
        if offer.stands is not OfferState.DRAFT
        and (programme or may_clear(principal, offer.country, offer.organisation_id))
    ]
    if len(own) != len(set(ids)):
        raise not_found()
    return own
