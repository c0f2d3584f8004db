"""A lease ends by the clock that nobody sets, counted from before the store was asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shared.bus.db import lease_epoch, leases

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]

SECONDS = 15.0
ANSWERS_AFTER = 5.0


@pytest.fixture
def slow_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes five seconds for each answer: so much later is each look at the clock."""
    now = 100.0 - ANSWERS_AFTER

    def elapsed() -> float:
        nonlocal now
        now += ANSWERS_AFTER
        return now

    monkeypatch.setattr(lease_epoch, "elapsed", elapsed)


@pytest.mark.usefixtures("slow_store")
async def test_the_time_of_a_lease_counts_from_before_the_store_was_asked(new_bus: NewBus) -> None:
    """The store gives the time before its answer comes, so its holder counts from when it asked."""
    bus = await new_bus("applications")
    lease = await leases.acquire(bus, "work", SECONDS)
    assert lease is not None
    assert lease.ends == 100 + SECONDS
    assert await leases.prolong(bus, [lease]) == {"work"}
    assert lease.ends == 105 + SECONDS


async def test_a_prolongation_that_came_too_late_allows_no_effect(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the store answers only after the time of a lease, its holder does not act, although nobody has taken it."""
    bus, late, prolong = await new_bus("applications"), 0.0, leases.prolong
    lease = await leases.acquire(bus, "work", SECONDS)
    assert lease is not None
    at = lease_epoch.elapsed()

    async def prolong_slowly(bus: Bus, mine: Collection[leases.Lease]) -> set[str]:
        nonlocal late
        still = await prolong(bus, mine)
        late += SECONDS
        return still

    monkeypatch.setattr(lease_epoch, "elapsed", lambda: at + late)
    monkeypatch.setattr(leases, "prolong", prolong_slowly)
    late = SECONDS
    with pytest.raises(leases.LeaseLost):
        await leases.ensure(bus, lease)


async def test_an_old_holder_does_not_give_back_a_lease_that_was_taken_again(new_bus: NewBus) -> None:
    """Work of the same process that ended late gives back its own time, not the one that was taken since."""
    bus = await new_bus("applications")
    old = await leases.acquire(bus, "work", SECONDS)
    assert old is not None
    async with bus.transaction("test") as tx:
        await tx.session.execute(text("UPDATE lease SET until = clock_timestamp()"))
    new = await leases.acquire(bus, "work", SECONDS)
    assert new is not None
    await leases.release(bus, old)
    assert await leases.acquire(bus, "work", SECONDS) is None
    assert await leases.prolong(bus, [new]) == {"work"}


def test_setting_the_clock_of_the_machine_ends_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a lease passes as before while somebody sets the machine's clock."""
    before, wall = lease_epoch.elapsed(), time.time()
    monkeypatch.setattr(time, "time", lambda: wall + 86_400)
    assert 0 <= lease_epoch.elapsed() - before < 60
