"""What do the national coordinators of both sides do about a match that is proposed? Clear it, or refuse it.

The home side clears first; each clearance releases what the model says of the guest's identity, as events of the same
transaction. Programme coordinators act where the countries are silent (`capacity.py`), and only for the side whose turn
it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.access.model import Deciders
from services.applications.access.store import deciders_on as held_on
from services.applications.access.views import Capacity, Question, capacity_among
from services.applications.bulk import Outcome
from services.applications.calls.actions import still_open
from services.applications.matches.model import clearance as model
from services.applications.matches.store import participation as store
from services.applications.matches.views import parties
from services.applications.refusals import may_proceed, not_found
from shared.contracts.codes import Party, Side, StatedReason, published
from shared.contracts.lifecycle import Unit
from shared.contracts.participation import ClearanceGiven, ClearanceRefused
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_coordinate
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from services.applications.matches.store.matches import Match
    from shared.bus import Bus, Tx
    from shared.contracts.participation import IdentityReleased
    from shared.identity import Principal


_NOBODY = Deciders()


@dataclass(frozen=True, slots=True)
class ClearanceStatus:
    """Whose turn it is to clear a match, until when, and whether the principal may.

    `hands` is in whose hands it is for the principal; none where nobody is asked.
    """

    side: Side | None
    due: datetime | None
    mine: bool
    hands: Capacity | None = None


def clearance_status(
    principal: Principal, match: Match, given: dict[Side, store.Clearance], held: Deciders = _NOBODY
) -> ClearanceStatus:
    """Whose turn it is about a match, given what was decided; `held`: which places have a coordinator."""
    side = model.side_to_clear(match.stands, {side: one.given for side, one in given.items()})
    if side is None:
        return ClearanceStatus(None, None, mine=False)
    own = _hands(held, principal, match, side, given)
    return ClearanceStatus(side, own.due, mine=own.acting_as is not None, hands=own)


def _hands(
    held: Deciders, principal: Principal, match: Match, side: Side, given: dict[Side, store.Clearance]
) -> Capacity:
    country, organisation_id = _of(match, side)
    home = given.get(Side.HOME)
    until, since = match.due, match.proposed_at
    if side is Side.HOST and home is not None:
        until, since = home.host_due, home.at
    return capacity_among(held, principal, Question(country, organisation_id, match.call_id, until, since))


def _concerns(principal: Principal, match: Match, side: Side) -> bool:
    return may_coordinate(principal, *_of(match, side))


def _of(match: Match, side: Side) -> tuple[str, UUID]:
    if side is Side.HOME:
        return match.country, match.organisation_id
    return match.host_country, match.host_organisation_id


async def clear(bus: Bus, principal: Principal, match_id: UUID, side: Side | None = None) -> Match:
    """Clear the match for `side` (None: the side whose turn it is). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, at = await _case(tx, principal, match_id, side)
        await _clear(tx, principal, case, at, await held_on(tx.session, clock.today()))
        return case.match


async def clear_all(bus: Bus, principal: Principal, match_ids: Collection[UUID]) -> Outcome[Match]:
    """Clear several matches in one go, each for the side whose turn it is; what cannot be cleared now is named.

    Raises `Refused` (404) where one of them is none of the principal's business.
    """
    done: list[Match] = []
    left: list[tuple[Match, str]] = []
    async with bus.transaction(principal.subject) as tx:
        held = await held_on(tx.session, clock.today())
        for match_id in sorted(set(match_ids)):
            case, at = await _case(tx, principal, match_id, None)
            given = (await _given(tx, match_id)).get(at)
            if given is not None and given.actor != principal.subject:
                left.append((case.match, gettext("Somebody else has decided on it already.")))
                continue
            try:
                await _clear(tx, principal, case, at, held)
            except Refused as refused:
                left.append((case.match, refused.detail))
            else:
                done.append(case.match)
    return Outcome(done, left)


async def _clear(tx: Tx, principal: Principal, case: parties.Case, at: Side, held: Deciders) -> None:
    """Clear a locked match; nothing where that side has. Raises `Refused` (409)."""
    match, given = case.match, await _given(tx, case.match.id)
    if not may_proceed(model.may_decide, match.stands, _said(given), at):
        return
    capacity = _hands(held, principal, match, at, given).decides()
    call = await still_open(tx, match.call_id)
    country, _ = _of(match, at)
    moment, host_due = clock.now(), None
    if at is Side.HOME:
        host_due = due(moment, call.terms.timers.clearance_wd, Unit.WORKING_DAYS, match.host_country)
    event = ClearanceGiven(
        application_id=match.application_id,
        side=at,
        country=country,
        acting_as=capacity,
        host_due=host_due,
        host_country=match.host_country if at is Side.HOME else None,
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
        if not may_proceed(model.may_decide, match.stands, _said(given), at):
            return match
        country, _ = _of(match, at)
        held = await held_on(tx.session, clock.today())
        capacity = _hands(held, principal, match, at, given).decides()
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


async def _given(tx: Tx, match_id: UUID) -> dict[Side, store.Clearance]:
    return (await store.clearances(tx.session, [match_id]))[match_id]


def _said(given: dict[Side, store.Clearance]) -> dict[Side, bool]:
    return {side: one.given for side, one in given.items()}


async def _case(tx: Tx, principal: Principal, match_id: UUID, side: Side | None) -> tuple[parties.Case, Side]:
    """The case, locked, and the side for which the principal decides. Raises `Refused` (404)."""
    case = await parties.of_match(tx.session, principal, match_id, lock=True)
    case.acts_as(Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME)
    if side is None:
        given = _said(await _given(tx, match_id))
        own = [one for one in (Side.HOME, Side.HOST) if _concerns(principal, case.match, one)]
        # Whose side is not asked for any more gets the answer of the model: done, or not its turn.
        side = model.side_to_clear(case.match.stands, given)
        side = side if side in own else own[-1]
    if not _concerns(principal, case.match, side):
        raise not_found()
    return case, side
