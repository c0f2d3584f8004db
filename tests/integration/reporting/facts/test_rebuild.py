"""A rebuild in bulk leaves the same tables, positions and dead letters as the reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from services.reporting.consumers import PROJECTIONS, consumers
from shared.bus.log.envelope import StoredRecord
from shared.bus.rebuild import loading
from tests.integration.reporting.world import ident, mentorship, need, world
from tests.support import owner_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.integration.reporting.conftest import House


def _records(house: House) -> list[StoredRecord]:
    """Return records with a payload against contract, an unknown type, a duplicate, a gap, and needs."""
    needs = [need(1, quantity=30), need(2, since="2026-06-01", until="2026-01-01"), need(3), need(1, quantity=5)]
    mended = [need(2, since="2026-01-01", until="2026-06-01"), need(3, since="2027-06-01", until="2026-01-01")]
    events = [*world(8), *mentorship(), *needs, *mended]
    records = [house.feed.record(each.event, each.subject, at=each.at, correlation=each.story) for each in events]
    offset = len(records)
    bad = next(each for each in records if each.topic == "exchange.visits" and each.key == _key("visit", 3))
    strange = next(each for each in records if each.topic == "exchange.outcomes" or each.key == _key("match", 2))
    records[records.index(bad)] = changed(bad, value=b'{"plan": 1}')
    records.append(
        changed(
            strange, offset=offset + 1, ce_type=b"MatchAdmired", ce_sequence=b"2", ce_id=ident("strange").hex.encode()
        )
    )
    records.append(changed(records[4], offset=offset + 2))
    gone = next(each for each in records if each.key == _key("visit", 5))
    records.remove(gone)
    return records


def _key(kind: str, n: int) -> bytes:
    return str(ident(kind, n)).encode()


def changed(
    record: StoredRecord, value: bytes | None = None, offset: int | None = None, **headers: bytes
) -> StoredRecord:
    """Return the same record with another value, offset or headers."""
    return StoredRecord(
        record.topic,
        record.partition,
        record.offset if offset is None else offset,
        record.key,
        record.value if value is None else value,
        [(name, headers.get(name, given)) for name, given in record.headers],
    )


async def _tables(house: House) -> dict[str, list[Any]]:
    """Return the tables of the service: projections, positions of subjects, dead letters and unknown types."""
    found: dict[str, list[Any]] = {}
    queries = {
        table: f'SELECT * FROM "{table}"' for table in PROJECTIONS if table not in {"fact_count", "current_figure"}
    }
    queries["fact_count"] = "SELECT type, sum(facts) FROM fact_count GROUP BY type"
    queries["applied"] = (
        "SELECT topic, source, subject, sequence, ce_id, reacted FROM applied_sequence WHERE sequence > 0"
    )
    queries["dead_letters"] = "SELECT topic, subject, sequence, reason FROM dead_letter WHERE settled_at IS NULL"
    queries["unknown"] = "SELECT topic, type, count FROM unknown_type"
    async with house.app.state.service.bus.read() as session:
        for name, query in queries.items():
            found[name] = sorted(str(tuple(row)) for row in (await session.execute(text(query))).all())
    return found


async def _load(house: House, *shares: Sequence[Sequence[StoredRecord]]) -> None:
    """Load shares of batches at once, each in its own transaction, as the owner of the tables."""

    async def batches(share: Sequence[Sequence[StoredRecord]]) -> AsyncIterator[Sequence[StoredRecord]]:
        for batch in share:
            yield batch

    async def fill_all() -> list[loading.Loaded]:
        return await asyncio.gather(*(loading.fill(owner, consumers, batches(share)) for share in shares))

    async with owner_of(house.app.state.service.bus) as owner:
        await loading.replace(owner, consumers, fill_all)


async def test_a_rebuild_in_bulk_gives_the_tables_of_the_reader(house: House) -> None:
    """The tables are equal for plain events, dead letters, unknown and duplicate events and those behind a gap."""
    records = _records(house)
    await house.feed.apply(records)
    wanted = await _tables(house)
    assert wanted["unknown"]
    assert {row.split("'")[-2] for row in wanted["dead_letters"]} >= {"contract", "gap"}
    halves = [[each for each in records if each.partition % 2 == half] for half in range(2)]
    await _load(house, *([half[start : start + 13] for start in range(0, len(half), 13)] for half in halves))
    assert await _tables(house) == wanted


async def test_a_load_reacts_once_to_new_events(house: House) -> None:
    """Events that came while the service was down are loaded, and cause their reactions once."""
    events = world(1, running=0)
    records = [house.feed.record(each.event, each.subject, at=each.at, correlation=each.story) for each in events]
    await _load(house, [records])
    async with house.app.state.service.bus.read() as session:
        reacted = (await session.execute(text("SELECT subject, sequence, reacted FROM applied_sequence"))).all()
    assert all(row.sequence == row.reacted for row in reacted)
    assert {UUID(row.subject) for row in reacted} >= {ident("visit", 0), ident("application", 0)}


async def test_a_failed_batch_is_applied_event_by_event(house: House) -> None:
    """An event that cannot be written is a dead letter, and those of other subjects in its batch are applied."""
    records = [
        house.feed.record(each.event, each.subject, at=each.at, correlation=each.story) for each in world(2, running=0)
    ]
    await house.feed.apply(records)
    bus = house.app.state.service.bus
    async with owner_of(bus) as owner, owner.transaction("system:tests") as tx:
        await tx.session.execute(text("ALTER TABLE \"case\" ADD CHECK (country <> 'GE') NOT VALID"))
    await _load(house, [records])
    found = await _tables(house)
    assert len(found["case"]) == 1
    assert any("failed" in row for row in found["dead_letters"])
    assert any(str(ident("application", 1)) in row for row in found["fact"])
