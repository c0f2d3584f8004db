"""Write the states of applications again after something that they depend on has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.bus import Envelope, Tx


async def restate(tx: Tx, touched: Mapping[UUID, datetime]) -> None:
    """Write the present states of these applications; the times are those of the newest event about each."""
    await progress.restate(tx.session, touched)


def restating(
    evolve: Callable[[Tx, Sequence[Envelope]], Awaitable[Mapping[UUID, datetime]]],
) -> Callable[[Tx, Sequence[Envelope]], Awaitable[None]]:
    """Return a consumer that applies events by `evolve` and restates the applications which that returns."""

    async def evolve_and_restate(tx: Tx, events: Sequence[Envelope]) -> None:
        await restate(tx, await evolve(tx, events))

    return evolve_and_restate
