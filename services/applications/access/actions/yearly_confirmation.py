"""Confirm access once a year, and let it lapse where nobody confirms it.

A supervised loop does the portal's part, one instance at a time by lease. It also moves people to the organisation to
which they belong from a day on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.applications.bulk import refused_as_changed
from services.applications.needs.actions.imports import forget_imports
from services.applications.own_cases.store import ties_of
from services.applications.register.actions.changes import complete_transfer
from services.applications.register.actions.entries import put_grants
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries, people
from services.applications.register.views.confirmation import (
    confirmation_times,
    grants_to_confirm,
    may_confirm,
)
from services.applications.register.views.entries import person_view
from services.applications.register.views.scope import scope_of
from services.applications.saved_views.actions import forget_views
from services.applications.settings import Settings
from services.applications.tables import AT_ONCE
from shared.bus.db.records import Changes
from shared.bus.set_aside import SetAside
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.arrival import settled_on
from shared.web.items import BulkResult, not_done

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Lease, Tx
    from shared.bus.db.records import ReadVersions
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal
    from shared.runtime.service import Service

LEASE = "register"
LAPSES, MOVES = N_("Yearly confirmation"), N_("Moves to another organisation")
_LOOK_SECONDS = 60.0
MOST_AT_ONCE = 100
_log = structlog.get_logger()


async def confirm(bus: Bus, principal: Principal, ids: Sequence[UUID], read: ReadVersions | None = None) -> BulkResult:
    """Confirm the access of people; return who is confirmed, and whom the principal may not confirm.

    Those that have changed since the principal `read` them are left, unless they are confirmed already. Lapsed
    access is restored. Raises `Refused` (422) for no person, or for more than a hundred.
    """
    wanted = sorted(set(ids))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        sentence = gettext("Choose from 1 to 100 people.")
        raise Refused(sentence, 422, {"person": sentence})
    confirmed: list[UUID] = []
    left: list[tuple[UUID, Refused]] = []
    async with bus.transaction(principal.subject) as tx:
        scope = scope_of(principal)
        ties = await ties_of(tx.session, [principal.subject])
        locked = [await people.by_id(tx.session, person_id, lock=True) for person_id in wanted]
        changes = Changes() if read is None else await read.changes(tx.session)
        for person in locked:
            if person is None or not scope.covers(person.country, person.organisation_id):
                continue
            grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
            view = person_view(person)
            if not may_confirm(principal, view, grants_to_confirm(view, grants), ties):
                left.append((person.id, for_somebody_else()))
                continue
            confirmed_today = person.lapsed_on is None and person.confirmed_on == clock.today()
            if not confirmed_today and changes.has(person.id):
                left.append((person.id, refused_as_changed()))
                continue
            if not confirmed_today:
                await _renew(tx, person, grants)
            confirmed.append(person.id)
    kept = [not_done(id_, refused.detail, refused.code, changes) for id_, refused in left]
    return BulkResult(done=confirmed, left=kept)


def for_somebody_else() -> Refused:
    """Return the refusal of an access that the principal may not confirm."""
    return Refused(gettext("The programme coordinator confirms this access."), code=ProblemCode.SECOND_PERSON_NEEDED)


async def _renew(tx: Tx, person: entries.Person, grants: tuple[AccessGrant, ...]) -> None:
    restored = grants_to_confirm(person_view(person), grants) if person.lapsed_on is not None else ()
    before = {"confirmed_on": person.confirmed_on.isoformat()}
    action = "restored" if person.lapsed_on is not None else "confirmed"
    person.lapsed_on, person.lapsed_grants = None, ()
    today = clock.today()
    await put_grants(
        tx,
        person,
        (*grants, *restored),
        action=action,
        before=grants,
        confirmed_on=today,
        more=(before, {"confirmed_on": today.isoformat()}),
    )


async def keep_access(service: Service) -> None:
    """Run the loop that lets access lapse, moves people, and forgets old imports and saved views."""
    assert isinstance(service.settings, Settings)
    times = confirmation_times(service.settings)

    lapsing, moving = SetAside[UUID](service.bus, LAPSES), SetAside[UUID](service.bus, MOVES)

    async def look(bus: Bus, lease: Lease) -> None:
        if count := await lapse(bus, times, lease, lapsing):
            _log.info("access lapsed", count=count)
        if count := await move(bus, lease, moving):
            _log.info("people arrived in another organisation", count=count)
        await forget_imports(bus, lease)
        await forget_views(bus, lease)

    await run_by_lease(service, LEASE, look, every=_LOOK_SECONDS)


async def lapse(
    bus: Bus,
    times: register_grants.ConfirmationTimes,
    lease: Lease | None = None,
    aside: SetAside[UUID] | None = None,
) -> int:
    """Let the access of people lapse that nobody confirmed in time; return how many. One that fails is set aside.

    The last programme coordinator keeps the access, so that somebody can confirm. Raises `LeaseLost`.
    """
    before = times.lapsed_before(settled_on())
    async with bus.read() as session:
        ids = await people.due_lapses(session, before, clock.today())
    return await (aside or SetAside(bus, LAPSES)).each(ids, partial(_lapse, bus, before, lease), at_once=AT_ONCE)


async def _lapse(bus: Bus, before: date, lease: Lease | None, ids: Sequence[UUID]) -> int:
    today = clock.today()
    async with bus.transaction("system:clock", lease) as tx:
        found = await people.lock_lapses(tx.session, before, today, ids)
        grants = await people.grants(tx.session, [person.subject for person in found])
        coordinators = await _programme_coordinators(tx.session)
        count = 0
        for person in found:
            person_grants = grants.get(person.subject, ())
            lapsing = register_grants.current_or_future(person_grants, today)
            if person.subject in coordinators and not coordinators - {person.subject}:
                continue
            coordinators.discard(person.subject)
            person.lapsed_on = today
            person.lapsed_grants = tuple(lapsing)
            kept = tuple(grant for grant in person_grants if grant not in lapsing)
            await put_grants(tx, person, kept, action="lapsed", before=person_grants)
            count += 1
    return count


async def _programme_coordinators(session: AsyncSession) -> set[str]:
    """Return the subjects of today's programme coordinators."""
    role = Role.PROGRAMME_COORDINATOR
    today = clock.today()
    grants_by_subject = await people.with_grant(session, {"role": role.value})
    return {
        subject
        for subject, grants in grants_by_subject.items()
        if any(grant.role is role and register_grants.active(grant, today) for grant in grants)
    }


async def move(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """Move people to the organisation to which they belong from today on; return how many. Raises `LeaseLost`.

    One that fails is set aside.
    """
    async with bus.read() as session:
        ids = await people.due_moves(session, clock.today())
    return await (aside or SetAside(bus, MOVES)).each(ids, partial(_move, bus, lease), at_once=AT_ONCE)


async def _move(bus: Bus, lease: Lease | None, ids: Sequence[UUID]) -> int:
    async with bus.transaction("system:clock", lease) as tx:
        found = await people.lock_moves(tx.session, clock.today(), ids)
        grants = await people.grants(tx.session, [person.subject for person in found])
        for person in found:
            assert person.moves_to is not None
            organisation = await entries.organisation(tx.session, person.moves_to)
            before = {"organisation_id": str(person.organisation_id), "country": person.country}
            if organisation is None:
                person.moves_on = person.moves_to = None
            else:
                complete_transfer(person, organisation)
            after = {"organisation_id": str(person.organisation_id), "country": person.country}
            person_grants = grants.get(person.subject, ())
            await put_grants(tx, person, person_grants, action="arrived", before=person_grants, more=(before, after))
    return len(found)
