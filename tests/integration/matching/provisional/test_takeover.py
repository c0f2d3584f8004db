"""Takeover of a large call by another instance within ten seconds."""

from __future__ import annotations

import asyncio
import random
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import text

from services.matching.app import create_app
from services.matching.facts.store import pools as store
from services.matching.provisional import call_lease, worker
from services.matching.settings import Settings
from services.matching.tables import keep
from tests.benchmarks.matching import stored
from tests.support import settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import pytest

    from tests.integration.matching.conftest import World

PEOPLE, MENTORS = 600, 200
WITHIN = 10.0


async def _arrives(world: World, call_id: UUID, number: int) -> UUID:
    """Find one more mentee eligible."""
    row = stored.mentee(random.Random(number), call_id, number)
    async with world.bus.transaction("system:tests") as tx:
        await keep(tx.session, [row])
        await store.touch(tx.session, [call_id])
        await tx.changed("matching")
    return row.id


async def _lease(world: World, call_id: UUID) -> tuple[str, int]:
    """Return the owner of a call's lease, and its epoch."""
    rows = await world.rows("SELECT holder, epoch FROM lease WHERE name = :name", name=f"match:{call_id}")
    return rows[0].holder, rows[0].epoch


async def _ends(world: World, call_id: UUID) -> datetime:
    """Until when the lease of a call holds if nobody prolongs it."""
    rows = await world.rows("SELECT until FROM lease WHERE name = :name", name=f"match:{call_id}")
    return rows[0].until  # type: ignore[no-any-return]  # the column's type


async def _is_over(world: World, moment: datetime) -> bool:
    """Return whether a moment has passed, by the database's clock, by which leases are judged."""
    return bool((await world.rows("SELECT clock_timestamp() > :moment AS over", moment=moment))[0].over)


async def _stands(world: World, application_id: UUID) -> bool:
    return bool(await world.rows("SELECT 1 FROM standing WHERE application_id = :id", id=application_id))


async def _seconds_to_place(world: World, application_id: UUID) -> float:
    """Return how many seconds until an application has its place on the board, or none."""
    started = monotonic()
    await until(lambda: _stands(world, application_id), "it stands on the board")
    return monotonic() - started


async def test_another_instance_serves_a_call_within_ten_seconds(world: World, store_address: str) -> None:
    """After an instance stops, another one matches arrivals in time; the first, waking up, writes nothing."""
    call_id = await stored.fill(world.bus, PEOPLE, MENTORS)
    calls: dict[UUID, worker.HeldCall] = {}
    await worker.match_under_lease(world.bus, call_id, calls)
    other = create_app(Settings(**settings_for(store_address)), background=False).state.service
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(worker.keep_leases_alive(world.bus, calls))
        taking = tasks.create_task(worker.match_live(other))
        first = await _ends(world, call_id)
        await until(lambda: _is_over(world, first), "the first lease would have ended")
        holder, epoch = await _lease(world, call_id)
        assert holder == world.bus.holder, "an idle instance keeps a large call"
        keeping.cancel()
        assert await _seconds_to_place(world, await _arrives(world, call_id, PEOPLE)) < WITHIN
        assert await _lease(world, call_id) == (other.bus.holder, epoch + 1)
        await worker.match_under_lease(world.bus, call_id, calls)
        assert not calls
        await _seconds_to_place(world, await _arrives(world, call_id, PEOPLE + 1))
        assert await _lease(world, call_id) == (other.bus.holder, epoch + 1)
        taking.cancel()
    await other.bus.close()


async def test_a_large_call_is_kept_and_what_was_taken_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases worth keeping are prolonged together, small ones are not; a lost lease drops the state."""
    call_id = await stored.fill(world.bus, 3, 2)
    calls: dict[UUID, worker.HeldCall] = {}
    await worker.match_under_lease(world.bus, call_id, calls)

    async def until() -> object:
        return (await world.rows("SELECT until FROM lease WHERE name = :name", name=f"match:{call_id}"))[0].until

    before = await until()
    await worker.prolong_leases(world.bus, calls)
    assert await until() == before
    monkeypatch.setattr(worker, "KEPT_FROM", 6)
    await worker.prolong_leases(world.bus, calls)
    assert await until() != before
    async with world.bus.transaction("system:tests") as tx:
        await tx.session.execute(text("UPDATE lease SET holder = 'another', epoch = epoch + 1"))
    await worker.prolong_leases(world.bus, calls)
    assert not calls
    assert call_lease.PROLONG_EVERY < call_lease.LEASE_SECONDS / 2
