"""Count what waits in the register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.parameters import REGISTER
from services.applications.register.store import people, proposals
from services.applications.register.views.confirmation import confirmation_times
from services.applications.register.views.scope import decides, scope_of
from services.applications.waiting import counted
from shared.contracts.codes import Role
from shared.i18n import ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from services.applications.waiting import Reader, Waiting
    from shared.identity import Principal


async def waiting_counts(session: AsyncSession, principal: Principal, settings: Settings) -> list[Waiting]:
    """Return how much waits in the register for a person, each count with a link to its entries."""
    scope, today = scope_of(principal), clock.today()
    count = (await proposals.counts(session, scope, principal.subject)).get("waits", 0)
    if decides(principal):
        name, tone = ngettext("proposal waits for you", "proposals wait for you", count), "wait"
    else:
        name = ngettext("proposal waits for the programme", "proposals wait for the programme", count)
        tone = "office"
    counts = counted(count, name, f"{REGISTER}/proposals?state=waits", tone)
    until = confirmation_times(settings).due_before(today)
    _, due = await people.to_confirm(session, scope, until=until, today=today, but=principal.subject)
    counts += counted(
        due, ngettext("person with access to confirm", "people with access to confirm", due), f"{REGISTER}/access"
    )
    _, unverified = await people.people(session, scope, people.Filters(standing="unverified"))
    name = ngettext("address not confirmed", "addresses not confirmed", unverified)
    return counts + counted(unverified, name, f"{REGISTER}/people?standing=unverified", "office")


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the same for the first page of somebody who keeps the register."""
    if not reader.principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    return await waiting_counts(session, reader.principal, reader.settings)
