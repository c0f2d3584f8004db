"""Test that a fact is sent when it is committed, not when the relay polls next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from shared.bus.db.journal import PENDING_CHANNEL
from shared.bus.outbox import relay
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import _count, _is, endorsed, running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]


async def test_the_relay_is_woken_by_its_own_process_and_by_others(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that would look by itself in an hour sends what its own process writes, and what another one does."""
    monkeypatch.setattr(relay, "POLL_SECONDS", 3600.0)
    own = await new_bus("applications", kafka=topics)
    other = await new_bus("applications", kafka=topics, database_url=own.settings.database_url.get_secret_value())
    assert own.holder != other.holder
    async with running(relay.Relay(own).run):
        for bus in (own, other, own):
            async with bus.transaction("coordinator") as tx:
                await tx.record(endorsed(), new_id())
            await until(lambda: _is(_count(own, "outbox"), 0))


async def test_a_process_that_relays_does_not_notify(new_bus: NewBus, topics: str) -> None:
    """NOTIFY makes commits wait for each other, so only a process that does not send announces what it has written."""
    own = await new_bus("applications", kafka=topics)
    other = await new_bus("applications", kafka=topics, database_url=own.settings.database_url.get_secret_value())
    heard: list[object] = []
    ear = await asyncpg.connect(own.settings.direct_url)
    await ear.add_listener(PENDING_CHANNEL, lambda *message: heard.append(message[-1]))

    async def write(bus: Bus) -> None:
        async with bus.transaction("coordinator") as tx:
            await tx.record(endorsed(), new_id())

    async def notified(many: int) -> bool:
        return len(heard) == many

    await write(own)
    await until(lambda: notified(1))
    async with running(relay.Relay(own).run):
        await until(lambda: _is(_count(own, "outbox"), 0))
        await until(lambda: _relays(own))
        for _ in range(3):
            await write(own)
        await write(other)
        await until(lambda: notified(2))
        await until(lambda: _is(_count(own, "outbox"), 0))
    await write(own)
    await until(lambda: notified(3))
    await ear.close()
    assert heard == [own.holder, other.holder, own.holder]


async def _relays(bus: Bus) -> bool:
    return bus.relays
