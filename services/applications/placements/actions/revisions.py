"""Preview a revision of a placement, and copy a placement to another call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.fields import differing, with_changes
from services.applications.matches.store import matches
from services.applications.placements import store
from services.applications.placements.actions import placements
from services.applications.placements.model import revision as model
from services.applications.placements.views.placement import Placement
from services.applications.placements.views.revision import AffectedMatch, FieldChange, RevisionPreview
from services.applications.refusals import not_found
from shared.contracts.codes import CallState, MatchState, OfferState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.scope import may_act_for_organisation

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.placements.model.placement import PlacementEntry
    from shared.bus import Bus
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class ProposedRevision:
    """A published placement, what it would say, and what that means."""

    placement: Placement
    entry: PlacementEntry
    preview: RevisionPreview


async def preview(bus: Bus, principal: Principal, offer_id: UUID, changes: PlacementEntry) -> ProposedRevision:
    """Return what `save` would do with `changes` to a published placement. Nothing is written.

    Raises `Refused` as `save` does (404; 409 where it is no revision; 422).
    """
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
        if offer is None or not may_act_for_organisation(principal, offer.organisation_id):
            raise not_found()
        if not placements.revisable(offer):
            raise Refused(gettext("This has not been published, so it cannot be revised. Change it instead."), 409)
        before = offer.entry
        entry = with_changes(before, changes)
        await placements.revised_terms(session, offer, entry)
        open_matches = await matches.open_of_offer(session, offer_id)
        references = await applications.by_id(session, {match.application_id for match in open_matches})
        confirmed = (await matches.confirmed_counts(session, [offer_id]))[offer_id]
    old, new = before.model_dump(mode="json"), entry.model_dump(mode="json")
    found = RevisionPreview(
        changes=[FieldChange(field=name, old=old[name], new=new[name]) for name in differing(before, entry)],
        confirmed=confirmed,
        matches_under_way=[
            AffectedMatch(
                id=match.id,
                reference=references[match.application_id].reference or "",
                country=match.country,
                state=MatchState(match.state),
                reserve=match.reserve,
            )
            for match in open_matches
        ],
        opens=offer.stands is OfferState.CLOSED,
        fills=model.is_full(entry, confirmed),
    )
    return ProposedRevision(Placement.of(offer), entry, found)


async def copy(bus: Bus, principal: Principal, offer_id: UUID, call_id: UUID) -> store.Offer:
    """Draft the same placement for a call (or again for the same one), with its periods moved to that call's time.

    Raises `Refused` (404; 409 where that call takes no placements).
    """
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
        if offer is None or not may_act_for_organisation(principal, offer.organisation_id):
            raise not_found()
        calls = await calls_store.calls_by_id(session, {offer.call_id, call_id})
        target = calls.get(call_id)
    if target is None or target.state != CallState.PUBLISHED:
        raise Refused(gettext("This call is not open for placements now."), code=ProblemCode.CALL_CLOSED)
    entry = model.copy_for_call(offer.entry, calls[offer.call_id].terms, target.terms)
    return await placements.begin(bus, principal, call_id, offer.organisation_id, entry)
