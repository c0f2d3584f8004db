"""Count what waits in the register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.parameters import REGISTER
from services.applications.register.store import people, proposals
from services.applications.register.views.confirmation import confirmation_times
from services.applications.register.views.scope import decides, scope_of
from shared.i18n import ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from shared.identity import Principal


async def waiting_counts(session: AsyncSession, principal: Principal, settings: Settings) -> list[dict[str, Any]]:
    """Return how much waits in the register for a person, each count with a link to its entries."""
    scope, today = scope_of(principal), clock.today()
    counts = []
    waiting = (await proposals.counts(session, scope, principal.subject)).get("waits", 0)
    if waiting:
        name = (
            ngettext("proposal waits for you", "proposals wait for you", waiting)
            if decides(principal)
            else ngettext("proposal waits for the programme", "proposals wait for the programme", waiting)
        )
        tone = "wait" if decides(principal) else "office"
        counts.append({"count": waiting, "name": name, "href": f"{REGISTER}/proposals?state=waits", "tone": tone})
    until = confirmation_times(settings).due_before(today)
    _, due = await people.to_confirm(session, scope, until=until, today=today, but=principal.subject)
    if due:
        name = ngettext("access to be confirmed", "accesses to be confirmed", due)
        counts.append({"count": due, "name": name, "href": f"{REGISTER}/access", "tone": "wait"})
    _, unverified = await people.people(session, scope, people.Filters(standing="unverified"))
    if unverified:
        name = ngettext("address not confirmed", "addresses not confirmed", unverified)
        counts.append(
            {"count": unverified, "name": name, "href": f"{REGISTER}/people?standing=unverified", "tone": "office"}
        )
    return counts
