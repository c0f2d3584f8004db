"""Test that the journal holds each fact once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus import Consumers
from shared.bus.log.envelope import Envelope, read
from shared.contracts.matches import MatchOffered
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import endorsed
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus


async def test_a_reaction_that_is_repeated_is_the_same_fact(new_bus: Callable[..., Awaitable[Bus]]) -> None:
    """A fact of the same cause is in the journal and in the outbox once, however often it is recorded."""
    bus = await new_bus("matching")
    cause, match = read(Feed(bus, Consumers("matching")).record(endorsed(), str(new_id()))), new_id()
    assert isinstance(cause, Envelope)
    offered = MatchOffered.model_validate(dict(MatchOffered.example))
    for times in (1, 2):
        async with bus.transaction("system:matching") as tx:
            for _ in range(times):
                await tx.react(cause, offered, match)
    async with bus.read() as session:
        for table in ("journal", "outbox"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 1
