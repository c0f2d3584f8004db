"""Clear or refuse a proposed match for the home or the host country.

The home country clears first. Each clearance releases what the model allows of the guest's identity, as events of the
same transaction. The programme coordinator acts where the countries are silent (`access.views`), and only for the side
that is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.access.store import deciders_on
from services.applications.application.actions.progress import restate_due
from services.applications.bulk import Outcome, refused_as_changed
from services.applications.calls.actions import hold_open_call
from services.applications.matches.model import clearance as model
from services.applications.matches.store import participation as store
from services.applications.matches.views import parties
from services.applications.matches.views.clearance import capacity_for_side, decisions, side_of
from services.applications.refusals import may_proceed, not_found
from shared.bus.db.records import Changes
from shared.contracts.codes import Party, Side, StatedReason, published
from shared.contracts.lifecycle import Unit
from shared.contracts.participation import ClearanceGiven, ClearanceRefused
from shared.errors import Refused
from shared.identity.scope import may_coordinate
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from services.applications.access.model import Deciders
    from services.applications.matches.store.matches import Match
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions
    from shared.contracts.participation import IdentityReleased
    from shared.identity import Principal


def _may_decide(principal: Principal, match: Match, side: Side) -> bool:
    return may_coordinate(principal, *side_of(match, side))


async def clear(bus: Bus, principal: Principal, match_id: UUID, side: Side | None = None) -> Match:
    """Clear the match for `side` (None: the side that is asked). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, side = await _case(tx, principal, match_id, side)
        await _clear(tx, principal, case, side, await deciders_on(tx.session, clock.today()), Changes())
        return case.match


async def clear_all(
    bus: Bus, principal: Principal, match_ids: Collection[UUID], read: ReadVersions | None = None
) -> Outcome[Match]:
    """Clear several matches in one transaction, each for the side that is asked; name those that cannot be cleared.

    Those that have changed since the principal `read` them are left. Raises `Refused` (404) where the principal has no
    part in one of them.
    """
    done: list[Match] = []
    left: list[tuple[Match, Refused]] = []
    async with bus.transaction(principal.subject) as tx:
        deciders = await deciders_on(tx.session, clock.today())
        cases = [await _case(tx, principal, match_id, None) for match_id in sorted(set(match_ids))]
        changes = Changes() if read is None else await read.changes(tx.session)
        for case, side in cases:
            try:
                await _clear(tx, principal, case, side, deciders, changes)
            except Refused as refused:
                left.append((case.match, refused))
            else:
                done.append(case.match)
    return Outcome(done, left, changes)


async def _clear(
    tx: Tx, principal: Principal, case: parties.Case, side: Side, deciders: Deciders, changes: Changes
) -> None:
    """Clear a locked match; do nothing where the principal has cleared it. Raises `Refused` (409).

    `changes` has it where it is not as the principal read it.
    """
    match, clearances = case.match, await _clearances_of(tx, case.match.id)
    sides, shown = decisions(clearances), match.shown_state
    if not may_proceed(model.may_decide, match.stands, sides, side, model.CLEARED, principal.subject, shown=shown):
        return
    capacity = capacity_for_side(deciders, principal, case, side, clearances).decides()
    if changes.has(match.id):
        raise refused_as_changed()
    call = await hold_open_call(tx, match.call_id)
    country, _ = side_of(match, side)
    moment, host_due = clock.now(), None
    if side is Side.HOME:
        host_due = due(moment, call.terms.timers.clearance_wd, Unit.WORKING_DAYS, match.host_country)
    event = ClearanceGiven(
        application_id=match.application_id,
        side=side,
        country=country,
        acting_as=capacity,
        host_due=host_due,
        host_country=match.host_country if side is Side.HOME else None,
    )
    tx.session.add(
        store.Clearance(
            match_id=match.id,
            side=side,
            granted=True,
            actor=principal.subject,
            acting_as=capacity,
            at=moment,
            host_due=host_due,
        )
    )
    await tx.record(event, match.id, correlation=case.correlation)
    for released in model.releases(match.pairing, side):
        await release(tx, match.id, released, correlation=match.application_id)
    await restate_due(tx, {match.application_id})
    await tx.changed("matches")


async def release(tx: Tx, match_id: UUID, released: IdentityReleased, *, correlation: UUID) -> None:
    """Release fields of an identity: the row that pages read and the event; nothing if all were released before."""
    row = store.Release(
        match_id=match_id,
        party=released.of,
        recipient=released.to,
        fields=[field.value for field in released.fields],
        purpose=released.purpose,
        basis=released.basis,
        at=clock.now(),
    )
    if await store.add_release(tx.session, row):
        await tx.record(released, match_id, correlation=correlation)


async def refuse(
    bus: Bus, principal: Principal, match_id: UUID, reason: StatedReason, text: str = "", side: Side | None = None
) -> Match:
    """Refuse clearance; matching then cancels the match. The text stays in the portal. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, side = await _case(tx, principal, match_id, side)
        match, clearances = case.match, await _clearances_of(tx, match_id)
        if not may_proceed(
            model.may_decide,
            match.stands,
            decisions(clearances),
            side,
            model.REFUSED,
            principal.subject,
            shown=match.shown_state,
        ):
            return match
        country, _ = side_of(match, side)
        deciders = await deciders_on(tx.session, clock.today())
        capacity = capacity_for_side(deciders, principal, case, side, clearances).decides()
        tx.session.add(
            store.Clearance(
                match_id=match.id,
                side=side,
                granted=False,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                acting_as=capacity,
                at=clock.now(),
            )
        )
        event = ClearanceRefused(
            application_id=match.application_id,
            side=side,
            country=country,
            reason=published(reason),
            acting_as=capacity,
        )
        await tx.record(event, match.id, correlation=case.correlation)
        await restate_due(tx, {match.application_id})
        await tx.changed("matches")
        return match


async def _clearances_of(tx: Tx, match_id: UUID) -> dict[Side, store.Clearance]:
    return (await store.clearances(tx.session, [match_id]))[match_id]


async def _case(tx: Tx, principal: Principal, match_id: UUID, side: Side | None) -> tuple[parties.Case, Side]:
    """Return the locked case and the side for which the principal decides. Raises `Refused` (404)."""
    case = await parties.case_of_match(tx.session, principal, match_id, lock=True)
    case.acts_as(Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME)
    if side is None:
        decided = decisions(await _clearances_of(tx, match_id))
        own_sides = [candidate for candidate in (Side.HOME, Side.HOST) if _may_decide(principal, case.match, candidate)]
        # Whose side is not asked for any more gets the answer of the model: done, or not its turn.
        side = model.side_to_clear(case.match.stands, decided)
        side = side if side in own_sides else own_sides[-1]
    if not _may_decide(principal, case.match, side):
        raise not_found()
    return case, side
