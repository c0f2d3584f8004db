"""A log that loses a record of the batch that is being sent, and readers whom its events reach out of order."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from shared.bus import Consumers
from shared.bus.db import leases
from shared.contracts.calls import CallClosed
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, endorsed, note, open_dead_letters, withdrawn
from tests.simulation.world import Log, SimulatedRelay
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from shared.bus import Bus, Envelope, Tx
    from shared.contracts.base import Event

    NewBus = Callable[..., Awaitable[Bus]]

KINDS = (endorsed, withdrawn, endorsed)
NAMES = ["ApplicationEndorsed", "ApplicationWithdrawn", "ApplicationEndorsed"]


class Forgetful(Log):
    """A log that acknowledges the next `forgets` records and loses them at once, so that an offset is given twice."""

    forgets = 0

    def append(self, topic: str, partition: int, *rest: Any) -> int:
        """Append a record; return its offset."""
        offset = super().append(topic, partition, *rest)
        if self.forgets:
            self.forgets -= 1
            self.lose(topic, partition, 1)
        return offset

    @property
    def sequences(self) -> list[bytes | None]:
        """The numbers of the events of the one partition in use."""
        ((_, records),) = self.partitions.items()
        return [dict(record.headers)["ce_sequence"] for record in records]


async def sent_whole(owner: Bus, log: Forgetful, events: Sequence[Event]) -> None:
    """Write these events about one subject and send them until nothing is left."""
    subject = str(new_id())
    for event in events:
        async with owner.transaction("coordinator") as tx:
            await tx.record(event, subject)
    relay = SimulatedRelay(owner, log)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    for _ in range(5):
        await relay.send_once(lease)
    async with owner.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0
        stored = (await session.execute(text('SELECT "offset", journal_id FROM sent_record ORDER BY "offset"'))).all()
        ids = {row.id: row.sequence for row in await session.execute(text("SELECT id, sequence FROM journal"))}
    assert [b"%d" % ids[row.journal_id] for row in stored] == log.sequences, (
        "what was sent is where it was written down"
    )


@pytest.mark.parametrize("forgets", [1, 2, 3])
async def test_a_record_lost_within_its_batch_is_sent_again(new_bus: NewBus, forgets: int) -> None:
    """Two acknowledgements of one batch name one offset: the earlier event is sent again, and the relay goes on."""
    log = Forgetful()
    log.forgets = forgets
    await sent_whole(await new_bus("applications"), log, [kind() for kind in KINDS])
    assert set(log.sequences) == {b"1", b"2", b"3"}


@pytest.mark.parametrize("forgets", [1, 2])
async def test_a_state_lost_within_its_batch_is_not_sent_behind_a_newer_one(new_bus: NewBus, forgets: int) -> None:
    """Of a compacted topic the newest state stays the last, although an older one of the batch was lost."""
    log = Forgetful()
    log.forgets = forgets
    await sent_whole(await new_bus("applications"), log, [CallClosed.model_validate(dict(CallClosed.example))] * 2)
    assert log.sequences[-1] == b"2"


class Reader:
    """A reader that writes down what comes."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.consumers = Consumers("matching", projections=("seen",))
        self.consumers.topic(TOPIC, evolve=self.evolve)
        self.feed = Feed(bus, self.consumers)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came."""
        await note(tx, events, "evolve")


def deliveries() -> Iterator[list[list[int]]]:
    """Return every order of three events, by their places, in every division into batches."""
    for order in permutations(range(3)):
        for cuts in (each for count in range(len(order)) for each in combinations(range(1, len(order)), count)):
            bounds = [0, *cuts, len(order)]
            yield [list(order[first:last]) for first, last in pairwise(bounds)]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("one_by_one", [False, True])
async def test_in_whatever_order_events_come_each_is_applied_once_and_none_stays_aside(
    new_bus: NewBus,
    one_by_one: bool,  # noqa: FBT001 - a parameter of the test
    again: bool,  # noqa: FBT001 - as above
) -> None:
    """Three events in all orders and batches; with `again` they come once more, in order."""
    reader = Reader(await new_bus("matching"))
    for batches in deliveries():
        subject = str(new_id())
        records = [reader.feed.record(kind(), subject) for kind in KINDS]
        for batch in [*batches, [0, 1, 2]] if again else batches:
            await reader.feed.apply([records[place] for place in batch], one_by_one=one_by_one)
        assert [what for each, what in await applied(reader.bus) if each == subject] == NAMES, batches
        assert await open_dead_letters(reader.bus, subject) == [], batches
