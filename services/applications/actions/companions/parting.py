"""How do officers who apply together part? One leaves, is taken out, or the application of one of them has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import changes
from services.applications.actions.common import not_found
from services.applications.actions.companions.parts import locked, of_case, officers, still_open
from services.applications.actions.now import goes
from services.applications.model import company as model
from services.applications.model.company import CompanionState
from services.applications.store import applications
from services.applications.store import companions as store
from shared import clock
from shared.bus import leases
from shared.contracts.applications import CompanionAnswered
from shared.contracts.codes import ApplicationMode, ApplicationState, CompanionAnswer
from shared.identity.scope import is_self

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.store.applications import Application
    from shared.bus import Bus, Lease, Tx
    from shared.identity import Principal


async def leave(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Whoever said yes leaves: the group, or the pair. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await locked(tx, principal, companion_id)
        if not goes(model.left, companion.stands):
            return companion
        if mine is not None:
            await still_open(tx.session, mine)
        await end(tx, companion, application, CompanionState.LEFT)
        return companion


async def remove(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Whoever named takes it back. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        seen = await store.companion(tx.session, companion_id)
        if seen is None:
            raise not_found()
        ids = [seen.application_id, *([seen.named_id] if officers(seen) and seen.named_id else [])]
        held = {one.id: one for one in await applications.locked(tx.session, ids)}
        application = held.get(seen.application_id)
        if application is None or not is_self(principal, application.subject):
            raise not_found()
        companion = await store.companion(tx.session, companion_id, lock=True)
        assert companion is not None
        if not goes(model.removed, companion.stands):
            return companion
        await still_open(tx.session, application)
        await end(tx, companion, application, CompanionState.REMOVED)
        return companion


async def end(tx: Tx, companion: store.Companion, application: Application | None, state: CompanionState) -> None:
    """Bring a live row to its end, with the naming back of a pair, and tell the other side and both applications."""
    confirmed = companion.stands is CompanionState.CONFIRMED
    companion.state, companion.answered_at = state, clock.now()
    tx.session.add(companion)
    concerned = {companion.application_id}
    if confirmed and officers(companion) and companion.named_id is not None:
        concerned.add(companion.named_id)
        for back in await store.live_by(tx.session, [companion.named_id]):
            if back.as_ is ApplicationMode.PRE_MATCHED and back.named_id == companion.application_id:
                back.state, back.answered_at = CompanionState.LEFT, clock.now()
                tx.session.add(back)
    await tx.session.flush()
    if application is not None and (confirmed or companion.subject or companion.organisation_id):
        given = CompanionAnswer.LEFT if state is CompanionState.LEFT else CompanionAnswer.REMOVED
        await tx.record(CompanionAnswered(**of_case(application, companion), answer=given), application.id)
    for one in await applications.locked(tx.session, concerned):
        await changes.told_company(tx, one)
    await tx.changed("applications")


_GONE = frozenset({ApplicationState.WITHDRAWN, ApplicationState.CANCELLED, ApplicationState.VOIDED})


async def end_adrift(bus: Bus, lease: Lease | None = None) -> int:
    """End what names applications that were withdrawn, cancelled, voided or thrown away; give how many.

    A hundred at the most. Raises `LeaseLost`.
    """
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        found = await store.adrift(tx.session)
        for companion in found:
            application = await applications.application(tx.session, companion.application_id)
            over = application is None or application.own_state in _GONE
            await end(tx, companion, application, CompanionState.REMOVED if over else CompanionState.LEFT)
    return len(found)
