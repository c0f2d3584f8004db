"""Decide on several selected applications in one transaction.

What cannot be done now is left as it is and named, so that nobody has to guess which were done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.access.store import deciders_on as held_on
from services.applications.access.views import capacity_among
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.bulk import Outcome, refused_as_changed
from services.applications.calls import store as calls_store
from services.applications.refusals import lawful, not_found
from services.applications.review.actions.endorsement import Decision, Return, carry_out, is_repeat
from shared.bus.db.records import Changes
from shared.errors import Refused
from shared.identity.scope import may_coordinate
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.views import Capacity
    from shared.bus import Bus
    from shared.bus.db.records import ReadVersions
    from shared.contracts.applications import ApplicationEvent
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One selected application before it is decided; `obstacle` says why it cannot be, where it cannot."""

    application: store.Application
    obstacle: str | None


async def bulk_items(
    session: AsyncSession, principal: Principal, ids: Collection[UUID], event: type[ApplicationEvent]
) -> list[BulkItem]:
    """Return each selected application with what stands in the way of `event`, in the order of their references.

    Raises `Refused` (404) where one of them is not the principal's to see.
    """
    found = await store.by_id(session, ids)
    _check_all_visible(principal, ids, list(found.values()))
    deciders = await held_on(session, clock.today())
    in_order = sorted(found.values(), key=lambda application: application.reference or "")
    return [
        BulkItem(application, obstacle(application, capacity_among(deciders, principal, application), event))
        for application in in_order
    ]


def obstacle(application: store.Application, own: Capacity, event: type[ApplicationEvent]) -> str | None:
    """Return why the principal cannot decide so now; None where nothing is in the way."""
    try:
        with lawful():
            states.after(event, application.own_state)
        own.decides()
    except Refused as refused:
        return refused.detail
    return None


async def decide_all(
    bus: Bus, principal: Principal, ids: Collection[UUID], decision: Decision, read: ReadVersions | None = None
) -> Outcome[store.Application]:
    """Decide the same on all of these, but not on what has changed since the principal `read` it.

    Raises `Refused` (404 where one is not the principal's to see; 422 without a remark).
    """
    if isinstance(decision, Return):
        decision = Return(decision.written)
    done: list[store.Application] = []
    left: list[tuple[store.Application, Refused]] = []
    async with bus.transaction(principal.subject) as tx:
        found = await store.locked(tx.session, ids)
        _check_all_visible(principal, ids, found)
        deciders = await held_on(tx.session, clock.today())
        calls = await calls_store.calls_by_id(tx.session, {row.call_id for row in found})
        changes = Changes() if read is None else await read.changes(tx.session)
        for application in found:
            try:
                if not await is_repeat(tx, principal, application, decision):
                    own = capacity_among(deciders, principal, application)
                    if changes.has(application.id):
                        left.append((application, refused_as_changed(obstacle(application, own, decision.event))))
                        continue
                    await carry_out(tx, application, calls[application.call_id].terms, own, decision)
            except Refused as refused:
                left.append((application, refused))
            else:
                done.append(application)
    return Outcome(done, left, changes)


def _check_all_visible(principal: Principal, ids: Collection[UUID], found: Sequence[store.Application]) -> None:
    """Raise `Refused` (404) unless all of them exist and are the principal's to see."""
    own = [
        application
        for application in found
        if application.submitted_at is not None
        and may_coordinate(principal, application.country, application.organisation_id)
    ]
    if len(own) != len(set(ids)):
        raise not_found()
