"""Who confirms an access once a year, and what happens to one that nobody confirms? It lapses, and is given back.

The portal's clock is a supervised loop, one at a time by lease; the same loop moves people to the organisation to which
they belong from a day on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from services.applications.loops import run_by_lease
from services.applications.needs import store as needs_store
from services.applications.register.actions.changes import arrive
from services.applications.register.actions.entries import put_grants
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries, people
from services.applications.register.views.confirmation import access_year, grants_to_confirm, may_confirm
from services.applications.register.views.scope import scope_of
from services.applications.settings import Settings
from shared.bus.db import leases
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Lease, Tx
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal
    from shared.runtime.service import Service

LEASE = "register"
_LOOK_SECONDS = 60.0
MOST_AT_ONCE = 100
_log = structlog.get_logger()


async def confirm(
    bus: Bus, principal: Principal, ids: Sequence[UUID]
) -> tuple[list[entries.Person], list[entries.Person]]:
    """Confirm the access of these people; give those confirmed, and those that are not the confirmer's to confirm.

    What has lapsed is given back. Raises `Refused` (422) where nobody is named, or more than a hundred.
    """
    wanted = sorted(set(ids))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        sentence = gettext("Choose at least one person, and a hundred at the most.")
        raise Refused(sentence, 422, {"person": sentence})
    done: list[entries.Person] = []
    left: list[entries.Person] = []
    async with bus.transaction(principal.subject) as tx:
        seen = scope_of(principal)
        for person_id in wanted:
            person = await people.by_id(tx.session, person_id, lock=True)
            if person is None or not seen.covers(person.country, person.organisation_id):
                continue
            now = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
            held = grants_to_confirm(person, now)
            if not may_confirm(principal, person, held):
                left.append(person)
                continue
            await _confirmed(tx, person, now)
            done.append(person)
    return done, left


async def _confirmed(tx: Tx, person: entries.Person, now: tuple[AccessGrant, ...]) -> None:
    back = grants_to_confirm(person, now) if person.lapsed_on is not None else ()
    before = {"confirmed_on": person.confirmed_on.isoformat()}
    action = "restored" if person.lapsed_on is not None else "confirmed"
    person.lapsed_on, person.lapsed_grants = None, []
    today = clock.today()
    await put_grants(
        tx,
        person,
        (*now, *back),
        action=action,
        before=now,
        confirmed_on=today,
        more=(before, {"confirmed_on": today.isoformat()}),
    )


async def keep_access(service: Service) -> None:
    """The worker."""
    assert isinstance(service.settings, Settings)
    times = access_year(service.settings)

    async def look(bus: Bus, lease: Lease) -> None:
        while count := await lapse(bus, times, lease):
            _log.info("access lapsed", count=count)
        while count := await move(bus, lease):
            _log.info("people arrived in another organisation", count=count)
        await forget_imports(bus, lease)

    await run_by_lease(service, LEASE, look, every=_LOOK_SECONDS)


async def lapse(bus: Bus, times: register_grants.Yearly, lease: Lease | None = None) -> int:
    """Take away what nobody confirmed in time, a hundred people at the most; give how many. Raises `LeaseLost`.

    The last programme coordinator keeps the access: somebody must be able to confirm.
    """
    today = clock.today()
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        found = await people.lapsing(tx.session, times.lapsed_before(today), today)
        grants = await people.grants(tx.session, [one.subject for one in found])
        keepers = await _keepers(tx.session)
        count = 0
        for person in found:
            now = grants.get(person.subject, ())
            ending = register_grants.to_come(now, today)
            if person.subject in keepers and not keepers - {person.subject}:
                continue
            keepers.discard(person.subject)
            person.lapsed_on = today
            person.lapsed_grants = [one.model_dump(mode="json") for one in ending]
            kept = tuple(one for one in now if one not in ending)
            await put_grants(tx, person, kept, action="lapsed", before=now)
            count += 1
    return count


async def _keepers(session: AsyncSession) -> set[str]:
    """Who is programme coordinator today."""
    role = Role.PROGRAMME_COORDINATOR
    today = clock.today()
    found = await people.with_grant(session, {"role": role.value})
    return {
        one for one, held in found.items() if any(g.role is role and register_grants.active(g, today) for g in held)
    }


async def move(bus: Bus, lease: Lease | None = None) -> int:
    """Enter people in the organisation to which they belong from today on; give how many. Raises `LeaseLost`."""
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        found = await people.moving(tx.session, clock.today())
        grants = await people.grants(tx.session, [one.subject for one in found])
        for person in found:
            assert person.moves_to is not None
            target = await entries.organisation(tx.session, person.moves_to)
            before = {"organisation_id": str(person.organisation_id), "country": person.country}
            if target is None:
                person.moves_on = person.moves_to = None
            else:
                arrive(person, target)
            after = {"organisation_id": str(person.organisation_id), "country": person.country}
            held = grants.get(person.subject, ())
            await put_grants(tx, person, held, action="arrived", before=held, more=(before, after))
    return len(found)


async def forget_imports(bus: Bus, lease: Lease | None = None) -> None:
    """Forget what was uploaded and never confirmed in its time. Raises `LeaseLost`."""
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        await needs_store.forget_imports(tx.session, clock.now())
