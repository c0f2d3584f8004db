"""Count what waits in the register, for its own page and for the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.parameters import REGISTER
from services.applications.register.store import people, proposals
from services.applications.register.views.confirmation import confirmation_times
from services.applications.register.views.scope import decides, scope_of
from services.applications.waiting import Waiting, summed
from shared.contracts.codes import Role
from shared.i18n import gettext, ngettext
from shared.time import clock
from shared.web.lists import Count

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from services.applications.waiting import Reader
    from shared.identity import Principal

_PROPOSALS = f"{REGISTER}/proposals?state=waits"
_ACCESS = f"{REGISTER}/access"
_ADDRESSES = f"{REGISTER}/people?standing=unverified"


@dataclass(frozen=True, slots=True)
class RegisterWork:
    """The numbers of waiting proposals, of people whose access must be confirmed, and of unconfirmed addresses.

    `decides`: the proposals wait for the reader, not for the programme.
    """

    proposals: int
    decides: bool
    access: int
    addresses: int


async def register_work(session: AsyncSession, principal: Principal, settings: Settings) -> RegisterWork:
    """Return how much waits in the register for a person."""
    scope, today = scope_of(principal), clock.today()
    waiting_proposals = (await proposals.counts(session, scope, principal.subject)).get("waits", 0)
    until = confirmation_times(settings).due_before(today)
    _, due = await people.to_confirm(session, scope, until=until, today=today, but=principal.subject)
    _, unverified = await people.people(session, scope, people.Filters(standing="unverified"))
    return RegisterWork(waiting_proposals, decides(principal), due, unverified)


async def waiting_counts(session: AsyncSession, principal: Principal, settings: Settings) -> list[Count]:
    """Return how much waits in the register for a person, each count with a link to its entries."""
    found = await register_work(session, principal, settings)
    if found.decides:
        name, tone = ngettext("proposal waits for you", "proposals wait for you", found.proposals), "wait"
    else:
        name = ngettext("proposal waits for the programme", "proposals wait for the programme", found.proposals)
        tone = "office"
    access = ngettext("person with access to confirm", "people with access to confirm", found.access)
    addresses = ngettext("address not confirmed", "addresses not confirmed", found.addresses)
    counts = [
        Count(found.proposals, name, _PROPOSALS, tone),
        Count(found.access, access, _ACCESS, "wait"),
        Count(found.addresses, addresses, _ADDRESSES, "office"),
    ]
    return [count for count in counts if count.count]


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the same for the first page of somebody who keeps the register."""
    if not reader.principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    found = await register_work(session, reader.principal, reader.settings)
    name = ngettext("%(num)d proposal for the register", "%(num)d proposals for the register", found.proposals)
    action = gettext("Decide proposals") if found.decides else gettext("Show proposals")
    access = ngettext("%(num)d person with access", "%(num)d people with access", found.access)
    addresses = ngettext("%(num)d address not confirmed", "%(num)d addresses not confirmed", found.addresses)
    return [
        *summed(found.proposals, name, action, _PROPOSALS, mine=found.decides),
        *summed(found.access, access, gettext("Confirm access"), _ACCESS),
        *summed(found.addresses, addresses, gettext("Show people"), _ADDRESSES, mine=False),
    ]
