"""Confirm service addresses by the link in a mail, and send that mail again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.register.actions.address_checks import (
    close_address_checks,
    genuine,
    id_in,
    link,
    start_address_check,
)
from services.applications.register.actions.entries import access_event, put_grants
from services.applications.register.store import address_checks, entries, people
from services.applications.register.views.entries import visible_person
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.entries import State
    from shared.bus import Bus, Tx
    from shared.identity import Principal
    from shared.identity.sealing import Seal

# A mistyped address must not flood a stranger with mail.
MOST_A_DAY = 5


@dataclass(frozen=True, slots=True)
class Link:
    """The link of a mail: which address it confirms, until when, and whether it was used or can be used now."""

    address: str
    until: datetime
    open: bool
    used: bool


async def link_of(session: AsyncSession, seal: Seal, token: str) -> Link:
    """Return what a link is good for. Raises `Refused` (404) if the portal did not make it."""
    check = await check_of_link(session, seal, token)
    return Link(check.address, check.expires_at, check.open(clock.now()), check.used_at is not None)


async def check_of_link(session: AsyncSession, seal: Seal, token: str) -> address_checks.AddressCheck:
    """Return the check that a link belongs to, open or not.

    Raises `Refused` (404) if the portal did not make the link.
    """
    check_id = id_in(token)
    check = None if check_id is None else await address_checks.check(session, check_id)
    if check is None or not genuine(seal, token, check):
        raise not_found()
    return check


async def confirm(bus: Bus, seal: Seal, token: str) -> None:
    """Confirm the address of a link; confirming again changes nothing.

    Raises `Refused` (404; 409 if the link has ended, a newer one took its place, or the address belongs to somebody
    else).
    """
    async with bus.transaction("system:address") as tx:
        await entries.lock_people(tx.session)
        check = await check_of_link(tx.session, seal, token)
        check = await address_checks.check(tx.session, check.id, lock=True) or check
        person = await entries.person(tx.session, check.subject, lock=True)
        if person is None:
            raise not_found()
        if check.used_at is not None:
            return
        if not check.open(arrived()):
            raise Refused(
                gettext("This link is no longer valid. Sign in and ask for a new link in your account."),
                code=ProblemCode.DEADLINE_PASSED,
            )
        owners = await people.by_address(tx.session, [check.address])
        if owners.get(check.address.lower(), person.subject) != person.subject:
            raise Refused(
                gettext("Another person in the register has this address. Tell your coordinator."),
                code=ProblemCode.DUPLICATE,
            )
        before: State = {"email": person.email, "verified": person.reachable}
        person.email, person.email_wanted, person.email_verified_at = check.address, None, clock.now()
        check.used_at = clock.now()
        tx.session.add(check)
        grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
        await put_grants(
            tx,
            person,
            grants,
            action="address_confirmed",
            before=grants,
            more=(before, {"email": check.address, "verified": True}),
        )


async def send_own_mail(bus: Bus, principal: Principal) -> UUID:
    """Send the mail to the principal's own address again; return the person's id. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        person = await entries.person(tx.session, principal.subject, lock=True)
        if person is None:
            raise not_found()
        await _send_again(tx, person)
        return person.id


async def send_mail_to(bus: Bus, principal: Principal, person_id: UUID) -> None:
    """Send the mail to a person again, on behalf of a coordinator. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        await _send_again(tx, await visible_person(tx.session, principal, person_id, lock=True))


async def _send_again(tx: Tx, person: entries.Person) -> None:
    address = person.unconfirmed_address
    if address is None:
        raise Refused(gettext("This address is already confirmed."), code=ProblemCode.ALREADY_DONE)
    day_ago = clock.now() - timedelta(days=1)
    if await address_checks.count_since(tx.session, person.subject, day_ago) >= MOST_A_DAY:
        raise Refused(
            gettext("We sent the email several times today. Check the address, and try again tomorrow."),
            code=ProblemCode.LIMIT_REACHED,
        )
    await close_address_checks(tx, person.subject)
    check = await start_address_check(tx, person.subject, address)
    grants = (await people.grants(tx.session, [person.subject])).get(person.subject, ())
    await tx.record(access_event(person, grants, check), person.subject)
    await tx.changed("register")


@dataclass(frozen=True, slots=True)
class OpenLink:
    """The address that waits for its owner, and the path of the page that confirms it."""

    address: str
    path: str


async def open_link(session: AsyncSession, seal: Seal, person: entries.Person) -> OpenLink | None:
    """Return address and link of the mail at the moment of sending; None if no check is open."""
    check = await address_checks.newest(session, person.subject)
    if check is None or not check.open(clock.now()):
        return None
    return OpenLink(check.address, link(seal, check))
