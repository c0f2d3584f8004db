"""How is a partner reinstated? From a day on access counts again as it was; what is paused stays so until resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.partners import effect
from services.applications.actions.partners.flight import hold, partner
from services.applications.actions.partners.suspend import day_problem
from services.applications.store import partners as store
from services.applications.store import register
from shared import clock
from shared.contracts.codes import PartnerStatus
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from datetime import date

    from shared.bus import Bus
    from shared.identity import Principal


async def reinstate(bus: Bus, principal: Principal, country: str, since: date, note: str = "") -> store.Decision:
    """Reinstate a suspended partner: at once where `since` is today, else on its day.

    A second click is answered with what the first one decided. Raises `Refused` (404; 409 where it is not suspended,
    or something else is decided for a later day; 422 for the day).
    """
    async with bus.transaction(principal.subject) as tx:
        await hold(tx.session, partner(country))
        newest = next(iter(await store.decisions(tx.session, country)), None)
        again = newest is not None and newest.status == PartnerStatus.REINSTATED and newest.since == since
        if newest is not None and again and newest.state != store.WITHDRAWN:
            return newest
        if await register.partner_status(tx.session, country, clock.today()) is not PartnerStatus.SUSPENDED:
            raise Refused(gettext("This partner is not suspended."), 409)
        if await store.waiting(tx.session, country) is not None:
            raise Refused(
                gettext("Something was decided about this partner for a later day. Withdraw that first."), 409
            )
        found = day_problem(since)
        if found:
            raise Refused(gettext("Some of it is missing."), 422, found)
        decision = store.Decision(
            id=new_id(),
            country=country,
            status=PartnerStatus.REINSTATED,
            since=since,
            decided_by=principal.subject,
            decided_at=clock.now(),
            note=note.strip()[:1000],
        )
        tx.session.add(decision)
        await tx.session.flush()
        if since <= clock.today():
            await effect.take(tx, decision)
        await tx.changed("register")
        return decision
