"""Test that a load leaves tables equal to those it replaced, and changes nothing when it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import KafkaConnectionError
from asyncpg import InsufficientPrivilegeError
from confluent_kafka import Producer
from sqlalchemy import text

from shared.bus import Bus, Consumers
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.log.envelope import StoredRecord, headers_of
from shared.bus.rebuild import bulk, loading, shadow_tables
from shared.contracts import TOPICS
from shared.contracts.applications import ApplicationEndorsed, ApplicationWithdrawn
from shared.ids import new_id
from shared.runtime.migrate import migrate
from shared.settings import ServiceSettings
from tests.integration.shared.bus.conftest import applied
from tests.support import SERVING, as_owner, owner_of, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    import asyncpg

    from shared.bus import Envelope, Tx
    from shared.bus.log.envelope import Record
    from shared.contracts import Event
    from tests.conftest import Databases

    NewBus = Callable[..., Awaitable[Bus]]

TOPIC = "exchange.applications"
_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_SHAPE = {
    "columns": "SELECT attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attstorage,"
    " pg_get_expr(d.adbin, d.adrelid), col_description(attrelid, attnum) FROM pg_attribute a"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum",
    "constraints": "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = $1::regclass OR confrelid = $1::regclass ORDER BY conname",
    "indexes": "SELECT pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class') FROM pg_index"
    " WHERE indrelid = $1::regclass ORDER BY 1",
    "triggers": "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass ORDER BY 1",
    "itself": "SELECT reloptions, relpersistence, relacl, obj_description(oid, 'pg_class'), relowner"
    " FROM pg_class WHERE oid = $1::regclass",
}


async def _shape(connection: asyncpg.Connection, table: str) -> dict[str, list[tuple[Any, ...]]]:
    quoted = f'public."{table}"'
    return {what: [tuple(row) for row in await connection.fetch(query, quoted)] for what, query in _SHAPE.items()}


@pytest.mark.parametrize("service", ["applications", "matching", "notifications", "reporting"])
async def test_the_twin_of_a_table_is_like_it_in_everything(service: str, postgres: Databases) -> None:
    """Columns, keys, indexes and their names, comments, settings and grants; the planner knows what it holds."""
    url = postgres.new()
    await asyncio.to_thread(migrate, service, as_owner(url), SERVING)
    consumers: Consumers = import_module(f"services.{service}.consumers").consumers
    bus = Bus(service, ServiceSettings(**settings_for(as_owner(url))))
    try:
        async with bus.transaction("system:tests") as tx:
            before = {name: await _shape(await driver(tx.session), name) for name in consumers.projections}
        assert all(found["columns"] and found["indexes"] for found in before.values())
        await loading.replace(bus, consumers, _nothing)
        async with bus.transaction("system:tests") as tx:
            connection = await driver(tx.session)
            assert {name: await _shape(connection, name) for name in consumers.projections} == before
            assert await connection.fetchval("SELECT to_regnamespace($1)", shadow_tables.SCHEMA) is None
            looked_at = "SELECT count(*) FROM pg_class WHERE relname = ANY($1) AND relkind = 'r' AND reltuples >= 0"
            assert await connection.fetchval(looked_at, consumers.projections) == len(consumers.projections)
    finally:
        await bus.close()
        postgres.drop(url)


async def _nothing() -> list[loading.Loaded]:
    return []


class Handlers:
    """A reader that writes down what came; `poison` are subjects at which it raises."""

    def __init__(self, *poison: str) -> None:
        self.poison = poison
        self.consumers = Consumers("matching", projections=("seen",))
        self.consumers.topic(TOPIC, evolve=self.evolve)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came, then raise if one of them is poison."""
        await (await driver(tx.session)).executemany(
            "INSERT INTO seen VALUES ($1, $2, 'evolve')", [(each.subject, each.type) for each in events]
        )
        if any(each.subject in self.poison for each in events):
            raise RuntimeError("cannot be applied")


def _story(subject: str, offset: int = 0) -> list[StoredRecord]:
    """Two events of an application."""
    types: list[type[Event]] = [ApplicationEndorsed, ApplicationWithdrawn]
    return [
        StoredRecord(
            TOPIC,
            partition_of(TOPIC, subject),
            offset + place,
            subject.encode(),
            event.model_validate(dict(event.example)).write(),
            headers_of("applications", new_id(), event.type, subject, _AT, place + 1, subject, None, None),
        )
        for place, event in enumerate(types)
    ]


def _fill(bus: Bus, consumers: Consumers, *batches: Sequence[Record]) -> Callable[[], Awaitable[list[loading.Loaded]]]:
    async def come() -> AsyncIterator[Sequence[Record]]:
        for batch in batches:
            yield batch

    async def fill() -> list[loading.Loaded]:
        return [await loading.fill(bus, consumers, come())]

    return fill


async def test_tables_in_use_stay_until_the_new_ones_are_whole(new_bus: NewBus) -> None:
    """While a load fills its tables everybody reads the old ones; then they read the new ones, and only these."""
    bus, handlers = await new_bus("matching", owner=True), Handlers()
    old, new = str(new_id()), str(new_id())
    await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(old)))
    during: list[tuple[str, str]] = []
    fill = _fill(bus, handlers.consumers, _story(new))

    async def look_then_fill() -> list[loading.Loaded]:
        loaded = await fill()
        during.extend(await applied(bus))
        return loaded

    assert await loading.replace(bus, handlers.consumers, look_then_fill) == 2
    assert {subject for subject, _ in during} == {old}
    assert {subject for subject, _ in await applied(bus)} == {new}
    async with bus.read() as session:
        rows = (await session.execute(text("SELECT subject, sequence, reacted FROM applied_sequence"))).all()
        (at,) = (await session.execute(text("SELECT next_offset FROM read_position WHERE next_offset > 0"))).scalars()
    assert {tuple(row) for row in rows} == {(old, 0, 2), (new, 2, 2)}
    assert at == 2


async def test_a_service_reads_and_writes_tables_that_a_load_has_made(new_bus: NewBus) -> None:
    """The owner of the tables loads; the role of the service has its rights in the new ones, and cannot load."""
    bus, handlers, subject = await new_bus("matching"), Handlers(), str(new_id())
    async with owner_of(bus) as owner:
        await loading.replace(owner, handlers.consumers, _fill(owner, handlers.consumers, _story(subject)))
    async with bus.transaction("system:tests") as tx:
        await tx.session.execute(text("UPDATE seen SET what = 'read' WHERE subject = :one"), {"one": subject})
    assert await applied(bus) == [(subject, "read"), (subject, "read")]
    with pytest.raises(InsufficientPrivilegeError):
        await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(subject)))


@pytest.mark.parametrize("moment", ["before", "between", "after"])
async def test_a_load_that_fails_leaves_the_service_as_it_was(new_bus: NewBus, moment: str) -> None:
    """A process that dies before its first record, in the middle or when all is filled has changed nothing."""
    bus, handlers = await new_bus("matching", owner=True), Handlers()
    old, new = str(new_id()), str(new_id())
    await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(old)))
    async with bus.read() as session:
        before = (
            await session.execute(text("SELECT * FROM applied_sequence, read_position ORDER BY 1, 2, 3, 6, 7"))
        ).all()

    async def dies() -> list[loading.Loaded]:
        if moment != "before":
            await _fill(bus, handlers.consumers, _story(new))()
        if moment == "between":
            await _fill(bus, handlers.consumers, _story(old), _Broken())()
        raise ConnectionResetError("killed")

    with pytest.raises(ConnectionResetError):
        await loading.replace(bus, handlers.consumers, dies)
    assert {subject for subject, _ in await applied(bus)} == {old}
    async with bus.read() as session:
        assert (
            await session.execute(text("SELECT * FROM applied_sequence, read_position ORDER BY 1, 2, 3, 6, 7"))
        ).all() == before
        assert await session.scalar(text("SELECT to_regnamespace(:name)"), {"name": shadow_tables.SCHEMA}) is None
    assert await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(new))) == 2


class _Broken(list[StoredRecord]):
    """A batch on whose way the connection is lost."""

    def __iter__(self) -> Iterator[StoredRecord]:
        raise ConnectionResetError("killed")


async def test_an_autovacuum_of_a_table_in_use_gives_way(
    new_bus: NewBus, postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that goes on for minutes does not keep the new tables from their place."""
    monkeypatch.setattr(shadow_tables, "TRIES", 4)
    bus, handlers, subject = await new_bus("matching", owner=True), Handlers(), str(new_id())
    slow = "ALTER TABLE seen SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
    async with bus.transaction("system:tests") as tx:
        await tx.session.execute(text(slow))
        await tx.session.execute(
            text("INSERT INTO seen SELECT n::text, 'old', 'evolve' FROM generate_series(1, 50000) n")
        )
    often = "ALTER SYSTEM SET autovacuum_naptime = '1s';\nSELECT pg_reload_conf();"
    await asyncio.to_thread(postgres.server.sql, often)
    try:
        await _is_vacuumed(postgres, bus.engine.url.database or "")
        await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(subject)))
    finally:
        await asyncio.to_thread(postgres.server.sql, often.replace("SET", "RESET").replace(" = '1s'", ""))
    assert {subject for subject, _ in await applied(bus)} == {subject}


async def _is_vacuumed(postgres: Databases, database: str) -> None:
    """Wait until an autovacuum of `seen` is under way; only the administrator sees it."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE datname = '{database}' AND query LIKE 'autovacuum: VACUUM% public.seen%'"
    )

    async def begun() -> bool:
        return await asyncio.to_thread(postgres.server.sql, query) != "0"

    await until(begun)


async def test_shadow_tables_of_an_earlier_load_are_removed(new_bus: NewBus) -> None:
    """Half-filled shadow tables of a machine that went down are removed, and the next load starts afresh."""
    bus, handlers = await new_bus("matching", owner=True), Handlers()
    await shadow_tables.build(bus, handlers.consumers.projections, ())
    await _fill(bus, handlers.consumers, _story(str(new_id())))()
    subject = str(new_id())
    await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, _story(subject)))
    assert await applied(bus) == [(subject, "ApplicationEndorsed"), (subject, "ApplicationWithdrawn")]


async def test_an_event_that_fails_is_a_dead_letter_and_the_rest_is_there(new_bus: NewBus) -> None:
    """The batch is done again event by event in the new tables, and the bad one waits for a person."""
    good, bad = str(new_id()), str(new_id())
    bus, handlers = await new_bus("matching", owner=True), Handlers(bad)
    batch = [*_story(good), *_story(bad, 2)]
    await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, batch))
    assert {subject for subject, _ in await applied(bus)} == {good}
    async with bus.read() as session:
        rows = (await session.execute(text("SELECT subject, reason FROM dead_letter ORDER BY sequence"))).all()
    assert [tuple(row) for row in rows] == [(bad, "failed"), (bad, "behind")]


async def test_of_a_batch_that_fails_only_the_part_with_the_bad_event_is_done_again(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halves of it are loaded as ever; what follows the bad event in another half still waits behind it."""
    monkeypatch.setattr(loading, "FEW", 2)
    subjects = [str(new_id()) for _ in range(16)]
    bad = subjects[5]
    bus, handlers = await new_bus("matching", owner=True), Handlers(bad)
    stories = [_story(subject, 2 * place) for place, subject in enumerate(subjects)]
    batch = [story[part] for part in range(2) for story in stories]
    aside: list[int] = []
    fill = _fill(bus, handlers.consumers, batch)

    async def fill_and_look() -> list[loading.Loaded]:
        loaded = await fill()
        aside.extend(len(records) for each in loaded for records in each.odd)
        return loaded

    assert await loading.replace(bus, handlers.consumers, fill_and_look) == 32
    assert aside == [2, 2], "the bad one, and the one that was with it to the last, each with what follows it"
    expected = {(subject, type_) for subject in subjects for type_ in ("ApplicationEndorsed", "ApplicationWithdrawn")}
    assert sorted(await applied(bus)) == sorted((subject, type_) for subject, type_ in expected if subject != bad)
    async with bus.read() as session:
        rows = (await session.execute(text("SELECT subject, reason FROM dead_letter ORDER BY sequence"))).all()
    assert [tuple(row) for row in rows] == [(bad, "failed"), (bad, "behind")]


async def test_a_good_event_before_a_fault_is_not_lost_with_its_batch(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A good event whose subject has a faulty one later is applied, in either half of the batch."""
    monkeypatch.setattr(loading, "FEW", 2)
    subjects = [str(new_id()) for _ in range(16)]
    bad, faulty = subjects[1], subjects[12]
    bus, handlers = await new_bus("matching", owner=True), Handlers(bad)
    stories = [_story(subject, 2 * place) for place, subject in enumerate(subjects)]
    stories[12][1] = replace(stories[12][1], value=b"{")
    batch = [story[part] for part in range(2) for story in stories]
    assert await loading.replace(bus, handlers.consumers, _fill(bus, handlers.consumers, batch)) == 32
    assert (faulty, "ApplicationEndorsed") in await applied(bus)
    async with bus.read() as session:
        rows = (await session.execute(text("SELECT subject, reason FROM dead_letter ORDER BY subject, sequence"))).all()
        (come,) = (
            await session.execute(text("SELECT sequence FROM applied_sequence WHERE subject = :one"), {"one": faulty})
        ).scalars()
    assert {(subject, reason) for subject, reason in rows} >= {(bad, "failed"), (bad, "behind")}
    assert [subject for subject, _ in rows].count(faulty) == 1
    assert come == 1


async def test_whole_partitions_are_read_to_their_end_and_no_further(topics: str) -> None:
    """Each record comes as it was sent; a partition is done where it ended when the load began."""
    settings = ServiceSettings(**settings_for("postgresql://nobody@127.0.0.1:1/none", kafka=topics))
    sent = {
        (TOPIC, 3, b"key", b"value", (("ce_id", b"1"), ("ce_type", b"\xff"))),
        (TOPIC, 3, None, None, ()),
        (TOPIC, 7, b"", b"{}", (("a", b""), ("a", b"twice"))),
    }
    everything = [(TOPIC, number) for number in range(TOPICS[TOPIC].partitions)]
    before = {each[:2]: each.end for each in await asyncio.to_thread(bulk.spans, settings, "reporting", everything)}
    _send(topics, sent)
    wanted = [
        each._replace(first=before[each[:2]])
        for each in await asyncio.to_thread(bulk.spans, settings, "reporting", everything)
    ]
    assert sum(each.records for each in wanted) == len(sent)
    _send(topics, {(TOPIC, 5, b"late", b"value", ())})
    found = [record async for batch in bulk.records_of(settings, "reporting", wanted, 2) for record in batch]
    assert {(r.topic, r.partition, r.key, r.value, tuple(r.headers)) for r in found} == sent
    assert [r.offset - before[r.topic, r.partition] for r in found if r.partition == 3] == [0, 1]


async def test_a_broker_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load without a log ends with an error that names it, instead of with empty tables."""
    monkeypatch.setattr(bulk, "ANSWER_SECONDS", 0.5)
    settings = ServiceSettings(**settings_for("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(KafkaConnectionError):
        await asyncio.to_thread(bulk.spans, settings, "reporting", [(TOPIC, 0)])


def _send(kafka: str, records: set[Any]) -> None:
    sender = Producer({"bootstrap.servers": kafka, "acks": "all", "log_level": 2})
    for topic, partition, key, value, headers in sorted(records, key=repr, reverse=True):
        sender.produce(topic, value, key, partition=partition, headers=list(headers))
    assert sender.flush(30) == 0
