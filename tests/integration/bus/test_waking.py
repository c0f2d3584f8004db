"""Is a fact sent when it is committed, and not when the relay looks next?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus import relay
from shared.ids import new_id
from tests.integration.bus.test_chain import _count, _is, endorsed, running, until

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
            await until(lambda: _is(_count(own, "pending"), 0))
