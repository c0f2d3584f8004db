"""A broker that comes back without its newest records, or without a topic, while the services run."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata
from confluent_kafka.admin import AdminClient
from prometheus_client import REGISTRY
from sqlalchemy import text

from deploy.kafka.topics import apply
from shared.bus import set_aside
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.inbox import missing
from shared.bus.inbox.reader import Reader
from shared.bus.log import heads, kafka
from shared.bus.outbox import relay as relay_module
from shared.bus.outbox import upkeep
from shared.bus.outbox.lost_records import LostRecords
from shared.bus.outbox.relay import Relay
from shared.bus.outbox.replay import replay
from shared.contracts import TOPICS
from shared.contracts.calls import CallClosed
from shared.ids import new_id
from shared.runtime import service, telemetry
from shared.settings import ServiceSettings
from tests.faults.tails import cut
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import (
    TOPIC,
    Handlers,
    _is,
    endorsed,
    of,
    open_dead_letters,
    running,
    withdrawn,
)
from tests.integration.shared.bus.test_heads import subject_in
from tests.support import settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from deploy.local.kafka import Broker
    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]


def alike(count: int) -> list[str]:
    """Return ids of subjects whose events all lie in one partition."""
    found: list[str] = [str(new_id())]
    while len(found) < count:
        other = str(new_id())
        if partition_of(TOPIC, other) == partition_of(TOPIC, found[0]):
            found.append(other)
    return found


async def write(bus: Bus, *subjects: str) -> None:
    """Write an endorsement of each subject in a transaction of its own."""
    for subject in subjects:
        async with bus.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)


async def sent(bus: Bus, count: int) -> None:
    """Wait until the log has acknowledged so many events, one after the other."""

    async def all_sent() -> bool:
        async with bus.read() as session:
            return bool(await session.scalar(text("SELECT count(*) >= :n FROM sent_record"), {"n": count}))

    await until(all_sent)


async def has_seen(bus: Bus, count: int) -> bool:
    """Return whether the reader has applied so many events."""
    return len(await applied(bus)) >= count


async def on_the_log(broker: Broker, topic: str) -> list[str]:
    """Return the ids of all events of a topic, as the log has them."""
    settings = ServiceSettings(**settings_for("postgresql://nowhere", kafka=broker.bootstrap))
    async with kafka.started(kafka.bare_consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)])
        ids: list[str] = []
        while found := await consumer.getmany(timeout_ms=1000):
            ids += [dict(record.headers)["ce_id"].decode() for records in found.values() for record in records]
        return ids


@pytest.fixture
async def broker(new_broker: Callable[[], Broker]) -> AsyncIterator[Broker]:
    """A broker of this test's own, with all topics."""
    made = new_broker()
    await apply(made.bootstrap)
    yield made
    made.child.kill()


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the log every moment instead of every half a minute."""
    monkeypatch.setattr(relay_module, "LOOK_SECONDS", 0.5)
    monkeypatch.setattr(upkeep, "EVERY_SECONDS", 0.5)
    monkeypatch.setattr(upkeep, "SERVE_SECONDS", 0.2)
    monkeypatch.setattr(upkeep, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(missing, "LOOK_SECONDS", 0.2)
    # The first request may be for the head of an owner of another test, whose topics these are too.
    monkeypatch.setattr(missing, "PAUSES", (0.0, *[1.0] * 200))


async def test_events_written_after_a_lost_tail_reach_a_reader_that_ran_on(new_bus: NewBus, broker: Broker) -> None:
    """The broker loses its newest records under load; new events at their offsets are applied, and none twice.

    Of a compacted topic the log ends with the newest state of each key.
    """
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, calls = Handlers(), CallClosed.topic
    handlers.consumers.topic(calls, evolve=handlers.evolve)
    found = alike(7)
    old, new, written = found[:5], found[5:], list[str]()
    goes_on = True

    async def load() -> None:
        while goes_on:
            written.append(str(new_id()))
            await write(owner, written[-1])
            await close_call(owner, "busy")
            await asyncio.sleep(0.05)

    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        for number, subject in enumerate(old, 1):
            await write(owner, subject)
            await sent(owner, number)
        for key in ("first", "second", "first"):
            await close_call(owner, key)
        await until(lambda: has_seen(store, 8))
        loading = asyncio.create_task(load())
        await until(lambda: has_seen(store, 16), "the load is applied")
        await asyncio.to_thread(broker.child.kill)
        cut(broker.folder, TOPIC, partition_of(TOPIC, old[0]), 3)
        cut(broker.folder, calls, 0, 4)
        await write(owner, *new)
        broker.start()
        await until(lambda: _is(of(store, new[-1]), ["ApplicationEndorsed"]), "the new events are applied")
        goes_on = False
        await loading
        newest = await newest_states(owner, calls)

        async def all_applied() -> bool:
            seen = [subject for subject, what in await applied(store) if what == "ApplicationEndorsed"]
            return sorted(seen) == sorted([*old, *new, *written])

        async def log_is_whole() -> bool:
            return set(newest) <= set(await on_the_log(broker, calls))

        await until(all_applied, "each event is applied once")
        await until(log_is_whole, "the compacted topic has the newest state of each key")
    assert await newest_states(store, calls) == newest


async def close_call(owner: Bus, key: str) -> None:
    """Write a new state of a key of a compacted topic."""
    async with owner.transaction("coordinator") as tx:
        await tx.record(CallClosed.model_validate(dict(CallClosed.example)), key)


async def newest_states(bus: Bus, topic: str) -> list[str]:
    """Return the id of each key's newest event, as the owner has written or a reader has applied it, by key."""
    query = (
        "SELECT DISTINCT ON (aggregateid) id FROM journal WHERE aggregatetype = :topic"
        " ORDER BY aggregateid, sequence DESC"
        if bus.service == "applications"
        else "SELECT ce_id FROM applied_sequence WHERE topic = :topic ORDER BY subject"
    )
    async with bus.read() as session:
        return [str(id_) for id_ in await session.scalars(text(query), {"topic": topic})]


async def test_a_lost_tail_is_sent_again_without_a_later_event(new_bus: NewBus, broker: Broker, quickly: None) -> None:
    """The relay notices by itself what a broker has lost, and readers drop what they have."""
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, subjects = Handlers(), alike(4)
    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        for number, subject in enumerate(subjects, 1):
            await write(owner, subject)
            await sent(owner, number)
        await until(lambda: has_seen(store, 4))
        before = set(await on_the_log(broker, TOPIC))
        await asyncio.to_thread(broker.child.kill)
        cut(broker.folder, TOPIC, partition_of(TOPIC, subjects[0]), 3)
        broker.start()

        async def whole() -> bool:
            return set(await on_the_log(broker, TOPIC)) == before

        await until(whole, "the log has all events again")
    assert sorted(subject for subject, _ in await applied(store)) == sorted(subjects)


async def test_a_deleted_topic_is_created_again_and_filled(new_bus: NewBus, broker: Broker, quickly: None) -> None:
    """The owner creates its topic again with all its events; its readers apply what is new, and nothing twice."""
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, subjects = Handlers(), alike(4)
    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        await write(owner, *subjects[:3])
        await until(lambda: has_seen(store, 3))
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        for deleted in admin.delete_topics([TOPIC]).values():
            deleted.result(30)
        await write(owner, subjects[3])
        await until(lambda: has_seen(store, 4), "the new event is applied")

        async def filled() -> bool:
            return len(set(await on_the_log(broker, TOPIC))) == 4

        await until(filled, "the topic has all events again")
    assert sorted(subject for subject, _ in await applied(store)) == sorted(subjects)


async def acknowledged_and_lost(owner: Bus, subject: str) -> None:
    """Write an event that leaves the outbox and is on no log: others took its place there before anybody looked."""
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject)
        await tx.flush()
        await tx.session.execute(text("DELETE FROM outbox"))


async def listed(store: Bus) -> str:
    """Return what the page of problems says about the topic."""
    async with store.read() as session:
        return {each.subject: each.reason for each in await set_aside.problems(session)}.get(TOPIC, "")


async def test_a_reader_asks_for_what_it_lacks_without_a_later_event(
    new_bus: NewBus, broker: Broker, quickly: None
) -> None:
    """An event that never came is noticed by the owner's head, asked for, and applied; then nothing is missing."""
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, lost, there = Handlers(), str(new_id()), str(new_id())
    await acknowledged_and_lost(owner, lost)
    await write(owner, there)
    reader = Reader(store, handlers.consumers)
    async with running(Relay(owner).run, reader.run):
        await until(lambda: _is(of(store, lost), ["ApplicationEndorsed"]), "the lost event is applied")
        await until(lambda: reader.missing() == {}, "nothing is missing any more")
    assert await of(store, there) == ["ApplicationEndorsed"]


async def test_a_lack_that_newer_events_of_its_bucket_hide_is_applied_under_load(
    new_bus: NewBus, broker: Broker, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subject's newest event never came, its bucket never stands still; it is listed, asked for and applied once."""
    monkeypatch.setattr(upkeep, "SLICE", 2)
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, (busy, *subjects) = Handlers(), sorted(subject_in(7) for _ in range(6))
    lost, written, goes_on = subjects[-1], 0, True

    async def load() -> None:
        nonlocal written
        while goes_on:
            await write(owner, busy)
            written += 1
            await asyncio.sleep(0.02)

    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        await write(owner, *subjects)
        await until(lambda: has_seen(store, len(subjects)))
        loading = asyncio.create_task(load())
        await acknowledged_and_lost(owner, lost)
        await until(
            lambda: _is(of(store, lost), ["ApplicationEndorsed"] * 2), "the lost event is applied", unless=loading
        )
        goes_on = False
        await loading
        await until(lambda: has_seen(store, len(subjects) + 1 + written), "all of the load is applied")
    counted = Counter(subject for subject, _ in await applied(store))
    assert counted == Counter(subjects) + Counter({busy: written, lost: 1})


async def test_a_request_that_could_not_be_served_is_served_later(
    new_bus: NewBus, broker: Broker, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner's database fails while it serves the only request of a reader; the request is not forgotten."""
    monkeypatch.setattr(missing, "PAUSES", (0.0,))
    failed = list[bool]()

    async def failing_once(*given: Any, **options: Any) -> tuple[int, str]:
        if not failed:
            failed.append(True)
            raise ConnectionResetError
        return await replay(*given, **options)

    monkeypatch.setattr(upkeep, "replay", failing_once)
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, lost, there = Handlers(), str(new_id()), str(new_id())
    await acknowledged_and_lost(owner, lost)
    await write(owner, there)
    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        await until(lambda: _is(of(store, lost), ["ApplicationEndorsed"]), "the lost event is applied")
    assert failed


async def test_a_gap_is_asked_for_by_itself(new_bus: NewBus, topics: str, quickly: None) -> None:
    """An event whose predecessor was lost waits, and is applied after it without a person's help."""
    owner, store = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers, subject = Handlers(), str(new_id())
    await acknowledged_and_lost(owner, subject)
    async with owner.transaction("coordinator") as tx:
        await tx.record(withdrawn(), subject)
    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        await until(lambda: _is(of(store, subject), ["ApplicationEndorsed", "ApplicationWithdrawn"]))
    assert await open_dead_letters(store, subject) == []


async def test_requests_end_and_a_person_is_asked(
    new_bus: NewBus, broker: Broker, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lack that its owner does not mend is asked for a few times only, and stands on the page of problems."""
    monkeypatch.setattr(missing, "PAUSES", (0.0, 0.1))
    monkeypatch.setattr(upkeep.Upkeep, "serve", upkeep.Upkeep.publish)  # the owner does not serve
    counts: list[int] = []
    write_records = heads.write

    async def counted(settings: ServiceSettings, service: str, records: list[heads.Request]) -> None:
        counts.append(len(records))
        await write_records(settings, service, records)

    monkeypatch.setattr(missing, "write", counted)
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers = Handlers()
    await acknowledged_and_lost(owner, str(new_id()))
    reader = Reader(store, handlers.consumers)

    async def is_listed() -> bool:
        return "Inform the operator" in await listed(store)

    async with running(Relay(owner).run, reader.run):
        await until(is_listed, "the page of problems says it")
        assert reader.missing()[TOPIC] >= 1
    assert counts == [1, 1]


async def test_missing_events_are_in_metric_readiness_and_problems_until_they_come(
    new_bus: NewBus, broker: Broker, quickly: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its owner does not send again, all three say how much is missing of which topic; then none does."""
    monkeypatch.setattr(telemetry, "configure", lambda *_: None)  # later tests in this process log elsewhere
    serve = upkeep.Upkeep.serve
    monkeypatch.setattr(upkeep.Upkeep, "serve", upkeep.Upkeep.publish)  # the owner does not serve yet
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    for _ in range(2):
        await acknowledged_and_lost(owner, str(new_id()))
    app = service.create(
        "matching", store.settings, place="matching", templates=tmp_path, routers=(), consumers=Handlers().consumers
    )

    async def missing_in_readiness() -> dict[str, int]:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000") as client:
            found: dict[str, int] = (await client.get("/matching/readyz")).json()["missing"]
            return found

    async def both_name(events: int) -> bool:
        metric = REGISTRY.get_sample_value("tandem_reader_missing", {"service": "matching", "topic": TOPIC})
        return metric == events and await missing_in_readiness() == ({TOPIC: events} if events else {})

    async with app.router.lifespan_context(app), running(Relay(owner).run):
        await until(lambda: both_name(2), "metric and readiness say it")
        await until(lambda: listed(store), "the page of problems says it")
        assert "2 events are missing." in await listed(store)
        monkeypatch.setattr(upkeep.Upkeep, "serve", serve)
        await until(lambda: both_name(0), "metric and readiness say it no more")
        await until(lambda: _is(listed(store), ""), "the page of problems says it no more")
    assert len(await applied(store)) == 2


async def test_an_owner_that_was_restored_from_a_backup_is_noticed(
    new_bus: NewBus, broker: Broker, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that knows an event which its owner does not know any more says so, until the owner knows it again."""
    monkeypatch.setattr(upkeep, "AGAIN_SECONDS", 0.5)
    owner = await new_bus("applications", kafka=broker.bootstrap)
    store = await new_bus("matching", kafka=broker.bootstrap)
    handlers, subject = Handlers(), str(new_id())
    reader = Reader(store, handlers.consumers)

    async def knows(number: int) -> None:
        async with owner.transaction("test") as tx:
            changed = text("UPDATE aggregate SET sequence = :number WHERE aggregateid = :subject")
            await tx.session.execute(changed, {"number": number, "subject": subject})

    async def is_listed() -> bool:
        return "restored from a backup" in await listed(store)

    async with running(Relay(owner).run, reader.run):
        await write(owner, subject)
        await until(lambda: _is(of(store, subject), ["ApplicationEndorsed"]))
        assert reader.unknown() == {}
        await knows(0)
        await until(is_listed, "the page of problems says it")
        assert reader.unknown() == {TOPIC: 1}
        assert REGISTRY.get_sample_value("tandem_reader_unknown", {"service": "matching", "topic": TOPIC}) == 1
        await knows(1)
        await until(lambda: reader.unknown() == {}, "the owner knows it again")
        assert REGISTRY.get_sample_value("tandem_reader_unknown", {"service": "matching", "topic": TOPIC}) == 0
        await until(lambda: _is(is_listed(), False))


async def test_a_compacted_loss_resends_the_newest_state_of_each_key(new_bus: NewBus) -> None:
    """Older states of a key stay away: the newest one says all."""
    owner, topic = await new_bus("applications"), CallClosed.topic
    for subject in ("first", "second", "first"):
        async with owner.transaction("coordinator") as tx:
            await tx.record(CallClosed.model_validate(dict(CallClosed.example)), subject)
    async with owner.transaction("test") as tx:
        connection = await driver(tx.session)
        await connection.execute(
            'INSERT INTO sent_record (topic, partition, "offset", journal_id)'
            " SELECT aggregatetype, 0, position, id FROM outbox ORDER BY position"
        )
        await connection.execute("DELETE FROM outbox")
        losses = LostRecords(owner)
        place = TopicPartition(topic, 0)
        losses.remember([RecordMetadata(topic, 0, place, 100, 0, 0, 0)])
        assert await losses.notice(connection, [RecordMetadata(topic, 0, place, 0, 0, 0, 0)]) == 2
        rows = await connection.fetch("SELECT aggregateid, sequence FROM outbox ORDER BY position")
    assert sorted(tuple(row) for row in rows) == [("first", 2), ("second", 1)]
