"""Count what waits for somebody in the register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.parameters import REGISTER
from services.applications.register.store import people, proposals
from services.applications.register.views.confirmation import access_year
from services.applications.register.views.scope import decides, scope_of
from shared.i18n import ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from shared.identity import Principal


async def waiting_counts(session: AsyncSession, principal: Principal, settings: Settings) -> list[dict[str, Any]]:
    """What of the register waits for somebody, with the way to exactly those."""
    seen, today = scope_of(principal), clock.today()
    found = []
    waiting = (await proposals.counts(session, seen, principal.subject)).get("waits", 0)
    if waiting:
        name = (
            ngettext("proposal waits for you", "proposals wait for you", waiting)
            if decides(principal)
            else ngettext("proposal waits for the programme", "proposals wait for the programme", waiting)
        )
        tone = "wait" if decides(principal) else "office"
        found.append({"count": waiting, "name": name, "href": f"{REGISTER}/proposals?state=waits", "tone": tone})
    until = access_year(settings).asked_before(today)
    _, due = await people.to_confirm(session, seen, until=until, today=today, but=principal.subject)
    if due:
        name = ngettext("access to be confirmed", "accesses to be confirmed", due)
        found.append({"count": due, "name": name, "href": f"{REGISTER}/access", "tone": "wait"})
    _, unverified = await people.people(session, seen, people.Filters(standing="unverified"))
    if unverified:
        name = ngettext("address not confirmed", "addresses not confirmed", unverified)
        found.append(
            {"count": unverified, "name": name, "href": f"{REGISTER}/people?standing=unverified", "tone": "office"}
        )
    return found
