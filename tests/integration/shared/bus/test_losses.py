"""Events that are sent again go out in the order of their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.outbox.lost_records import REQUEUE
from shared.contracts.calls import CallClosed
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, endorsed, withdrawn
from tests.simulation.world import Log, SimulatedRelay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus


async def test_the_number_decides_and_not_when_a_transaction_began(new_bus: Callable[..., Awaitable[Bus]]) -> None:
    """A transaction that began first and wrote last has the later event, also when both are sent again."""
    bus, subject = await new_bus("applications"), str(new_id())
    async with bus.transaction("first") as first:
        await first.session.execute(text("SELECT 1"))  # it has begun, and has locked nothing yet
        async with bus.transaction("second") as second:
            await second.record(endorsed(), subject)
        await first.record(withdrawn(), subject)
    async with bus.transaction("system:tests") as tx:
        connection = await driver(tx.session)
        facts = await connection.fetch("SELECT id, type FROM journal ORDER BY sequence")
        began = await connection.fetch("SELECT type FROM journal ORDER BY recorded_at")
        assert [row["type"] for row in began] == [row["type"] for row in facts][::-1], "the case is not the one meant"
        await connection.execute("DELETE FROM outbox")
        await connection.execute(REQUEUE, [row["id"] for row in facts], partition_of(TOPIC, subject))
        sent = await connection.fetch("SELECT sequence FROM outbox ORDER BY position")
    assert [row["sequence"] for row in sent] == [1, 2]


async def test_a_compacted_topic_gets_the_newest_state_of_each_key(new_bus: Callable[..., Awaitable[Bus]]) -> None:
    """After a lost tail the newest state of each key is sent again, and no older one behind it."""
    owner, log = await new_bus("applications"), Log()
    for call in ("one", "other", "one"):
        async with owner.transaction("coordinator") as tx:
            await tx.record(CallClosed.model_validate(dict(CallClosed.example)), call)
    relay = SimulatedRelay(owner, log)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    await relay.send_once(lease)
    ((place, _),) = log.partitions.items()
    log.lose(*place, 3)
    await relay._take_over()
    await relay.send_once(lease)
    sent = [(record.key, dict(record.headers)["ce_sequence"]) for record in log.partitions[place]]
    assert sent == [(b"other", b"1"), (b"one", b"2")]


async def _sent(owner: Bus, log: Log, relay: SimulatedRelay, *, again: bool) -> list[bytes | None]:
    """Return the numbers on the log after the relay has sent what there is, as a new holder or going on."""
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    if again:
        await relay._take_over()
    while await relay.send_once(lease):
        pass
    await leases.release(owner, lease)
    ((_, records),) = log.partitions.items()
    return [dict(record.headers)["ce_sequence"] for record in records]


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_lost_tail_is_sent_again_whole(new_bus: Callable[..., Awaitable[Bus]], lost: int) -> None:
    """A new holder of the lease sends every record beyond the end of the log again, the first one too."""
    owner, log, subject = await new_bus("applications"), Log(), str(new_id())
    relay = SimulatedRelay(owner, log)
    for event in (endorsed(), endorsed(), withdrawn()):
        async with owner.transaction("coordinator") as tx:
            await tx.record(event, subject)
    assert await _sent(owner, log, relay, again=False) == [b"1", b"2", b"3"]
    log.lose(TOPIC, partition_of(TOPIC, subject), lost)
    assert await _sent(owner, log, relay, again=True) == [b"1", b"2", b"3"]


async def test_new_records_in_the_place_of_several_lost_ones_show_all_of_them(
    new_bus: Callable[..., Awaitable[Bus]],
) -> None:
    """Of the acknowledgements of a batch the lowest counts: from its offset on all is sent again."""
    owner, log, subject = await new_bus("applications"), Log(), str(new_id())
    relay = SimulatedRelay(owner, log)
    for lot in range(2):
        for event in (endorsed(), withdrawn()):
            async with owner.transaction("coordinator") as tx:
                await tx.record(event, subject)
        if lot == 0:
            assert await _sent(owner, log, relay, again=True) == [b"1", b"2"]
            log.lose(TOPIC, partition_of(TOPIC, subject), 2)
    assert await _sent(owner, log, relay, again=False) == [b"3", b"4", b"1", b"2"]


async def test_a_new_record_in_the_place_of_a_lost_one_shows_the_loss(new_bus: Callable[..., Awaitable[Bus]]) -> None:
    """Without a new holder, the acknowledgement at an offset that was given before brings the lost record back."""
    owner, log, subject = await new_bus("applications"), Log(), str(new_id())
    relay = SimulatedRelay(owner, log)
    for event in (endorsed(), endorsed()):
        async with owner.transaction("coordinator") as tx:
            await tx.record(event, subject)
    assert await _sent(owner, log, relay, again=True) == [b"1", b"2"]
    log.lose(TOPIC, partition_of(TOPIC, subject), 1)
    async with owner.transaction("coordinator") as tx:
        await tx.record(withdrawn(), subject)
    assert await _sent(owner, log, relay, again=False) == [b"1", b"3", b"2"]
