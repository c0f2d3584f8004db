"""Missing events are noticed by the heads of their owner and sent again, on real stores and a log in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.inbox import missing as missing_module
from shared.bus.inbox.missing import Missing
from shared.bus.log import kafka
from shared.bus.log.heads import BUCKETS, Request
from shared.bus.log.heads import read as read_head
from shared.bus.outbox import upkeep as upkeep_module
from shared.bus.outbox.upkeep import Upkeep
from shared.contracts.topics import HEADS
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed
from tests.simulation.services.log import Log, clients, every_topic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus
    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """A log in memory with all topics, in the place of Kafka."""
    made = Log()
    made.topics |= every_topic()
    for name, client in clients(made).items():
        monkeypatch.setattr(kafka, name, client)
    return made


class Story:
    """An owner's events, and how far a reader has come in them."""

    def __init__(self, owner: Bus, store: Bus, log: Log) -> None:
        self.owner, self.store, self.log = owner, store, log
        self.upkeep, self.missing = Upkeep(owner), Missing(store, Handlers().consumers)

    async def write(self, subject: str, *, lost: bool = False) -> None:
        """Write an event that the log has acknowledged; where it was lost, the log has it no more."""
        async with self.owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)
            await tx.flush()
            await tx.session.execute(text("DELETE FROM outbox"))
        if not lost:
            self.log.append(TopicPartition(TOPIC, partition_of(TOPIC, subject)), subject.encode(), b"{}", [])

    async def apply(self, subject: str) -> None:
        """Apply the next event of a subject, and read its partition to the present end."""
        place = TopicPartition(TOPIC, partition_of(TOPIC, subject))
        async with self.store.transaction("reader") as tx:
            await tx.session.execute(
                text(
                    "INSERT INTO applied_sequence AS a (topic, source, subject, sequence, reacted)"
                    " VALUES (:topic, 'urn:tandem:applications', :subject, 1, 1)"
                    " ON CONFLICT (topic, source, subject) DO UPDATE SET sequence = a.sequence + 1"
                ),
                {"topic": TOPIC, "subject": subject},
            )
            await tx.session.execute(
                text(
                    "INSERT INTO read_position (topic, partition, next_offset) VALUES (:topic, :partition, :end)"
                    " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset"
                ),
                {"topic": TOPIC, "partition": place.partition, "end": self.log.partitions[place].end},
            )

    async def look(self, times: int = 1) -> dict[str, int]:
        """Compare, and return how many events are missing of each topic."""
        for _ in range(times):
            await self.missing.look()
        return {topic: lack.events for topic, lack in self.missing.lacks.items()}

    def requests(self) -> list[Request]:
        """Return what the reader has asked for, in order."""
        found = [read_head(record.key, record.value) for record in self._heads()]
        return [each for each in found if isinstance(each, Request)]

    def heads(self, topic: str = TOPIC) -> int:
        """Return how many heads of a topic were published."""
        found = [read_head(record.key, record.value) for record in self._heads()]
        return len([each for each in found if not isinstance(each, Request) and each and each.topic == topic])

    def _heads(self) -> list[StoredRecord]:
        return list(self.log.partitions[TopicPartition(HEADS.name, 0)].records)


@pytest.fixture
async def story(new_bus: NewBus, log: Log) -> Story:
    """An owner without events and a reader that has read nothing."""
    return Story(await new_bus("applications"), await new_bus("matching"), log)


def subject_in(bucket: int, other_than: str = "") -> str:
    """Return a subject of a bucket of the heads."""
    while True:
        subject = str(new_id())
        if subject != other_than and hashlib.sha256(subject.encode()).digest()[0] % BUCKETS == bucket:
            return subject


async def test_events_that_are_missing_twice_in_a_row_are_requested(story: Story) -> None:
    """A missing event may be on its way; the second time its owner is asked for its bucket, and only then."""
    lost, there = subject_in(7), subject_in(8)
    await story.write(there)
    await story.write(lost, lost=True)
    await story.apply(there)
    await story.upkeep.publish()
    assert (await story.look(), story.requests()) == ({}, [])
    assert await story.look() == {TOPIC: 1}
    (request,) = story.requests()
    assert (request.reader, request.topic, request.buckets) == ("matching", TOPIC, (7,))
    metric = ("tandem_reader_missing", {"service": "matching", "topic": TOPIC})
    assert REGISTRY.get_sample_value(*metric) == 1
    await story.apply(lost)
    assert await story.look() == {}
    assert REGISTRY.get_sample_value(*metric) == 0


async def test_a_topic_that_is_never_read_to_its_end_is_compared(story: Story) -> None:
    """Under constant load, with an unread record at each look, what is missing is noticed."""
    lost, load = subject_in(7), subject_in(8)
    await story.write(load)
    await story.write(lost, lost=True)
    await story.upkeep.publish()
    for _ in range(2):
        assert await story.look() == {}
        await story.apply(load)
        await story.write(load)  # the next one is on its way already
    assert await story.look() == {TOPIC: 1}
    assert len(story.requests()) == 1


async def test_a_head_is_not_compared_before_all_that_it_counts_was_read(story: Story) -> None:
    """Records on their way are not missing, however often the reader looks; on a log that lost its end they are."""
    subject = subject_in(7)
    await story.write(subject)
    await story.write(subject)
    await story.upkeep.publish()
    assert await story.look(3) == {}
    place = TopicPartition(TOPIC, partition_of(TOPIC, subject))
    await story.apply(subject)  # as if the reader had read both and applied one
    story.log.lose(place, 1)
    assert await story.look(2) == {TOPIC: 1}, "read to the end that the log has now"


async def test_a_log_that_lost_its_end_under_load_is_compared_by_its_new_length(story: Story) -> None:
    """Under load the end that a head waited for is not reached again soon; what is missing is noticed before."""
    load = subject_in(8)
    for _ in range(9):
        await story.write(load)
    await story.upkeep.publish()
    assert await story.look() == {}
    story.log.lose(TopicPartition(TOPIC, partition_of(TOPIC, load)), 8)
    for _ in range(3):
        await story.apply(load)
        await story.write(load)  # the reader is never at the end
        found = await story.look()
    assert found == {TOPIC: 6}, "of 9 events 3 were applied"


async def test_an_owner_that_writes_all_the_time_is_not_taken_for_one_that_forgot(story: Story) -> None:
    """A head lacks only what was applied since it was made; those of a restored owner lack older events."""
    subject = subject_in(7)
    for _ in range(4):
        await story.write(subject)
        await story.upkeep.publish()
        await story.write(subject)
        await story.apply(subject)
        await story.apply(subject)
        await story.look()
        assert story.missing.unknown == {}
    for known in (4, 5, 6):
        async with story.owner.transaction("test") as tx:
            await tx.session.execute(text("UPDATE aggregate SET sequence = :known"), {"known": known})
        await story.upkeep.publish()
        await story.look()
    assert story.missing.unknown == {TOPIC: 2}, "8 were applied"


async def test_a_lack_that_newer_events_hide_is_not_asked_for_without_end(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lack that is hidden by newer events of its bucket, and shows again, was asked for all the same."""
    monkeypatch.setattr(upkeep_module, "SLICE", 0)  # an owner whose heads list no subjects yet
    monkeypatch.setattr(missing_module, "PAUSES", (0.0, 10_000.0))
    lost, load = subject_in(7), subject_in(7)
    await story.write(lost, lost=True)
    await story.upkeep.publish()
    assert await story.look(2) == {TOPIC: 1}
    await story.write(load)
    await story.apply(load)
    await story.write(load)  # on its way: the reader is not at the end
    assert await story.look() == {}, "hidden"
    await story.apply(load)
    await story.upkeep.publish()
    assert await story.look(2) == {TOPIC: 1}
    assert len(story.requests()) == 1
    await story.apply(lost)
    assert await story.look() == {}


async def test_newer_events_of_the_bucket_hide_no_lack_for_longer_than_a_round_of_slices(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subject without its newest event is found within one round of slices, while its bucket never lacks events."""
    monkeypatch.setattr(upkeep_module, "SLICE", 2)
    subjects = sorted(subject_in(7) for _ in range(5))
    lost, load = subjects[3], subjects[0]
    for subject in subjects:
        await story.write(subject)
        await story.apply(subject)
    await story.write(lost, lost=True)
    found = []
    for _ in range(4):  # three slices, and one more head after which the last one is compared
        await story.upkeep.publish()
        for _ in range(3):
            await story.write(load)
            await story.apply(load)
            await story.write(load)
            await story.apply(load)
            await story.write(load)  # on its way: the reader is never at the end
            found.append(await story.look())
            await story.apply(load)
    assert {TOPIC: 1} in found
    assert found[-1] == {TOPIC: 1}, "it stays until it is mended, with any later head"
    (request,) = story.requests()
    assert request.buckets == (7,)
    async with leases.hold(story.owner, "relay") as lease:
        assert await story.upkeep.serve(lease) > 0
    await story.apply(lost)
    await story.upkeep.publish()
    await story.write(load)
    assert (await story.look(), len(story.requests())) == ({}, 1)


async def test_a_subject_that_waits_in_the_outbox_is_listed_without_what_waits(story: Story) -> None:
    """A head lists what the log has acknowledged: an event that is still to be sent is not missing anywhere."""
    waits, sent = sorted(subject_in(7) for _ in range(2))
    for subject in (waits, sent):
        await story.write(subject)
        await story.apply(subject)
    async with story.owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), waits)
        await tx.record(endorsed(), new := subject_in(7))
    await story.upkeep.publish()
    assert await story.look(2) == {}
    head = story.missing._log.heads[TOPIC]
    assert (head.subjects, new in head.subjects) == ({waits: 1, sent: 1}, False)


async def test_a_head_lists_subjects_up_to_a_length(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long names make a slice shorter, and the next head goes on where it ended, then at the first subject."""
    monkeypatch.setattr(upkeep_module, "SLICE_CHARACTERS", 80)
    monkeypatch.setattr(upkeep_module, "AGAIN_SECONDS", 0.0)
    subjects = sorted(subject_in(7) for _ in range(3))
    for subject in subjects:
        await story.write(subject)
    listed = []
    for _ in range(3):
        await story.upkeep.publish()
        await story.look()
        listed.append(list(story.missing._log.heads[TOPIC].subjects))
    assert listed == [subjects[:2], subjects[2:], subjects[:2]]


async def test_only_heads_that_have_changed_are_published_and_all_now_and_then(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look without a change publishes nothing; after a while it publishes all heads again."""
    await story.write(subject_in(7))
    await story.upkeep.publish()
    await story.upkeep.publish()
    assert story.heads() == 1
    await story.write(subject_in(7))
    await story.upkeep.publish()
    assert (story.heads(), story.heads("exchange.calls")) == (2, 1)
    monkeypatch.setattr(upkeep_module, "AGAIN_SECONDS", 0.0)
    await story.upkeep.publish()
    assert (story.heads(), story.heads("exchange.calls")) == (3, 2)


async def test_a_missing_topic_is_created_and_its_journal_put_into_the_outbox(story: Story) -> None:
    """The owner creates a topic that was deleted, and only that; all its events are to be sent again."""
    for bucket in (7, 8, 9):
        await story.write(subject_in(bucket))
    story.log.delete(TOPIC)
    async with leases.hold(story.owner, "relay") as lease:
        await story.upkeep.restore(lease)
        assert story.log.topics == every_topic()
        assert await _outbox(story.owner) == 3
        await story.upkeep.restore(lease)
    assert await _outbox(story.owner) == 3


async def test_a_request_is_served_once_and_by_the_relay_alone(story: Story) -> None:
    """A request puts its buckets into the outbox once; who has lost the lease puts nothing there."""
    lost, other = subject_in(7), subject_in(8)
    await story.write(lost, lost=True)
    await story.write(other)
    await story.apply(other)
    await story.upkeep.publish()
    await story.look(2)
    async with leases.hold(story.owner, "relay") as old:
        pass
    with pytest.raises(leases.LeaseLost):
        await Upkeep(story.owner).serve(old)
    assert await _outbox(story.owner) == 0
    async with leases.hold(story.owner, "relay") as lease:
        assert [await story.upkeep.serve(lease) for _ in range(2)] == [1, 0]
    assert await _outbox(story.owner) == 1


async def _outbox(owner: Bus) -> int:
    async with owner.read() as session:
        return int(await session.scalar(text("SELECT count(*) FROM outbox")) or 0)
