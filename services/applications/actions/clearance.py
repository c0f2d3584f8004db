"""What do the national coordinators of both sides do about a match that is proposed? Clear it, or refuse it.

The home side clears first; each clearance releases what the model says of the guest's identity, as events of the same
transaction. Programme coordinators act where the countries are silent, and only for the side whose turn it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.actions import cases
from services.applications.actions.calls import still_open
from services.applications.actions.common import not_found
from services.applications.actions.now import goes
from services.applications.actions.offers import acting_as
from services.applications.model import clearance as model
from services.applications.store import participation as store
from shared import clock
from shared.contracts.codes import Party, Role, Side, StatedReason, published
from shared.contracts.lifecycle import Unit
from shared.contracts.participation import ClearanceGiven, ClearanceRefused
from shared.identity.scope import may_clear
from shared.workdays import due

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.applications.store.matches import Match
    from shared.bus import Bus, Tx
    from shared.contracts.participation import IdentityReleased
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to clear a match, until when, and whether the principal may."""

    side: Side | None
    due: datetime | None
    mine: bool


def turn(principal: Principal, match: Match, given: dict[Side, store.Clearance]) -> Turn:
    """Whose turn it is about a match, given what was decided."""
    side = model.side_to_clear(match.stands, {side: one.given for side, one in given.items()})
    if side is None:
        return Turn(None, None, mine=False)
    until = match.due if side is Side.HOME else given[Side.HOME].host_due
    return Turn(side, until, mine=_may(principal, match, side))


def _may(principal: Principal, match: Match, side: Side) -> bool:
    country, organisation_id = _of(match, side)
    return principal.has(Role.PROGRAMME_COORDINATOR) or may_clear(principal, country, organisation_id)


def _of(match: Match, side: Side) -> tuple[str, UUID]:
    if side is Side.HOME:
        return match.country, match.organisation_id
    return match.host_country, match.host_organisation_id


async def clear(bus: Bus, principal: Principal, match_id: UUID, side: Side | None = None) -> Match:
    """Clear the match for `side` (None: the side whose turn it is). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, at = await _case(tx, principal, match_id, side)
        match, given = case.match, await _given(tx, match_id)
        if not goes(model.may_decide, match.stands, given, at):
            return match
        call = await still_open(tx, match.call_id)
        country, organisation_id = _of(match, at)
        moment, host_due = clock.now(), None
        if at is Side.HOME:
            host_due = due(moment, call.terms.timers.clearance_wd, Unit.WORKING_DAYS, match.host_country)
        capacity = acting_as(principal, country, organisation_id)
        event = ClearanceGiven(
            application_id=match.application_id, side=at, country=country, acting_as=capacity, host_due=host_due
        )
        tx.session.add(
            store.Clearance(
                match_id=match.id,
                side=at,
                given=True,
                actor=principal.subject,
                acting_as=capacity,
                at=moment,
                host_due=host_due,
            )
        )
        await tx.record(event, match.id, correlation=case.correlation)
        for released in model.releases(match.pairing, at):
            await _release(tx, match, released, moment)
        await tx.changed("matches")
        return match


async def _release(tx: Tx, match: Match, released: IdentityReleased, moment: datetime) -> None:
    """Let a field be seen, and say so: the event and the row that pages ask are written together."""
    tx.session.add(
        store.Release(
            match_id=match.id,
            of=released.of,
            to=released.to,
            fields=[field.value for field in released.fields],
            purpose=released.purpose,
            basis=released.basis,
            at=moment,
        )
    )
    await tx.record(released, match.id, correlation=match.application_id)


async def refuse(
    bus: Bus, principal: Principal, match_id: UUID, reason: StatedReason, text: str = "", side: Side | None = None
) -> Match:
    """Do not clear it; matching cancels it. The text stays here. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, at = await _case(tx, principal, match_id, side)
        match, given = case.match, await _given(tx, match_id)
        if not goes(model.may_decide, match.stands, given, at):
            return match
        country, organisation_id = _of(match, at)
        capacity = acting_as(principal, country, organisation_id)
        tx.session.add(
            store.Clearance(
                match_id=match.id,
                side=at,
                given=False,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                acting_as=capacity,
                at=clock.now(),
            )
        )
        event = ClearanceRefused(
            application_id=match.application_id,
            side=at,
            country=country,
            reason=published(reason),
            acting_as=capacity,
        )
        await tx.record(event, match.id, correlation=case.correlation)
        await tx.changed("matches")
        return match


async def _given(tx: Tx, match_id: UUID) -> dict[Side, bool]:
    found = await store.clearances(tx.session, [match_id])
    return {side: one.given for side, one in found[match_id].items()}


async def _case(tx: Tx, principal: Principal, match_id: UUID, side: Side | None) -> tuple[cases.Case, Side]:
    """The case, locked, and the side for which the principal decides. Raises `Refused` (404)."""
    case = await cases.of_match(tx.session, principal, match_id, lock=True)
    case.acts_as(Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME)
    if side is None:
        given = await _given(tx, match_id)
        own = [one for one in (Side.HOME, Side.HOST) if _may(principal, case.match, one)]
        # Whose side is not asked for any more gets the answer of the model: done, or not its turn.
        side = model.side_to_clear(case.match.stands, given)
        side = side if side in own else own[-1]
    if not _may(principal, case.match, side):
        raise not_found()
    return case, side
