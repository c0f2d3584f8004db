"""Write the states of applications again after something that they depend on has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import applications, progress, standings
from services.applications.next_steps.views import case_facts
from shared.next_steps import first_dues

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.bus import Envelope, Tx


async def restate(tx: Tx, touched: Mapping[UUID, datetime]) -> None:
    """Write the present states of these applications; the times are those of the newest event about each."""
    await progress.restate(tx.session, touched)
    await restate_due(tx, touched)


async def restate_due(tx: Tx, application_ids: Collection[UUID]) -> None:
    """Write until when the next step of these applications is asked for, after something about them was recorded."""
    if not application_ids:
        return
    await tx.session.flush()
    found = await applications.by_id(tx.session, application_ids)
    facts = await case_facts(tx.session, list(found.values()))
    await standings.put_due(tx.session, {id_: first_dues(case) for id_, case in facts.items()})


def restating(
    evolve: Callable[[Tx, Sequence[Envelope]], Awaitable[Mapping[UUID, datetime]]],
) -> Callable[[Tx, Sequence[Envelope]], Awaitable[None]]:
    """Return a consumer that applies events by `evolve` and restates the applications which that returns."""

    async def evolve_and_restate(tx: Tx, events: Sequence[Envelope]) -> None:
        await restate(tx, await evolve(tx, events))

    return evolve_and_restate
