"""List the placements that wait for somebody to decide on them, or to resume them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.placements import store
from services.applications.visibility import visibility_of
from services.applications.waiting import MOST, Waiting, first_of, summed
from shared.contracts.codes import OfferState, Role
from shared.i18n import N_, gettext, ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader

_ACTIONS = {
    OfferState.DRAFT: N_("Continue placement"),
    OfferState.SUBMITTED: N_("Review placement"),
    OfferState.RETURNED: N_("Answer questions"),
    OfferState.ENDORSED: N_("Publish placement"),
    OfferState.PUBLISHED: N_("Confirm placement"),
    OfferState.PAUSED: N_("Resume placement"),
}


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the placements that wait for the reader to decide, and a host's that are paused."""
    principal = reader.principal
    host = principal.has(Role.HOST_CONTACT)
    if not host and not principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    visibility, moment = visibility_of(principal), clock.now()
    found = await store.counts(session, visibility, store.Filters(), moment, reader.deciders)
    waits = found[store.WAITS]
    entries: list[Waiting] = []
    listed = 0
    if waits:
        placements, _ = await store.list_page(
            session, visibility, store.Filters(state=store.WAITS), moment, reader.deciders
        )
        rest = ngettext("%(num)d more placement", "%(num)d more placements", waits - MOST)
        address = f"/applications/offers?state={store.WAITS}"
        more = summed(max(waits - MOST, 0), rest, gettext("Show placements"), address)
        entries = first_of([_entry(placement) for placement in placements], more[0] if more else None)
        listed = sum(placement.stands is OfferState.PAUSED for placement in placements)
    paused = found.get(OfferState.PAUSED, 0) - listed if host else 0
    name = ngettext("%(num)d paused placement", "%(num)d paused placements", paused)
    return [*entries, *summed(paused, name, gettext("Resume placements"), "/applications/offers?state=paused")]


def _entry(placement: store.Offer) -> Waiting:
    return Waiting(
        gettext("Placement %(reference)s") % {"reference": placement.reference},
        gettext(_ACTIONS.get(placement.stands, _ACTIONS[OfferState.SUBMITTED])),
        f"/applications/offers/{placement.id}",
        placement.title,
        due=placement.due,
    )
