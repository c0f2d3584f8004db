"""The part of the reciprocity ledger that a reader may see, for the page and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.facts.store import facts
from services.matching.reciprocity import model, store

if TYPE_CHECKING:
    from services.matching.reciprocity.model import Balance, Flow
    from shared.bus import Bus
    from shared.identity.scope import Reach


async def ledger(bus: Bus, within: Reach) -> tuple[list[Flow], dict[UUID, str]]:
    """Return the days within reach, and the names of their agencies."""
    async with bus.read() as session:
        flows = await store.flows(session, within)
        ids = {UUID(one) for flow in flows for one in (flow.agency, flow.host_agency)}
        return flows, dict(await facts.organisation_names(session, ids))


def countries(flows: list[Flow], within: Reach) -> dict[str, Balance]:
    """Return the balances of the reader's own countries; of others only the part with these is visible."""
    found = model.by_country(flows)
    return {one: balance for one, balance in found.items() if within.everything or one in within.countries}


def agencies(flows: list[Flow], within: Reach) -> dict[tuple[str, str], Balance]:
    """Return the balances of the agencies of the reader's countries, and of the reader's own."""
    return {
        (country, one): balance
        for (country, one), balance in model.by_agency(flows).items()
        if within.everything or country in within.countries or one in within.organisations
    }
