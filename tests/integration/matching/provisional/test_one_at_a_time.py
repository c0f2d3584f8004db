"""Several instances, restarts and rebuilds: nothing is lost and nothing is done twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.matching.app import create_app
from services.matching.consumers import consumers
from services.matching.provisional import next_in_line
from services.matching.provisional import worker as provisional_worker
from services.matching.settings import Settings
from shared.bus import LeaseLost
from shared.bus.db import leases
from shared.contracts import applications
from shared.contracts.codes import Answer, Party, Reason
from shared.errors import Refused
from shared.ids import new_id
from tests.rebuilding import empty_projections
from tests.support import settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus.log.envelope import StoredRecord
    from tests.integration.matching.conftest import World


async def test_the_worker_matches_within_milliseconds_of_an_event(world: World) -> None:
    """Woken by the database, the worker has the provisional match on the board soon after the event."""
    await world.call()
    await world.offer(places=40, group_size=5)
    worker = asyncio.create_task(provisional_worker.match_live(world.app.state.service))
    try:
        times = []
        for count in range(1, 8):
            await world.officer("MD" if count % 2 else "GE")
            started = perf_counter()

            async def provisional_seen(count: int = count) -> bool:
                return len(await world.rows("SELECT 1 FROM standing WHERE seat_id IS NOT NULL")) == count

            await until(provisional_seen)
            times.append(perf_counter() - started)
        assert median(times) < 0.5, times
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_a_call_that_cannot_be_matched_stops_no_other(world: World) -> None:
    """Unreadable terms affect their own call only: the calls after it are matched."""
    await world.call()
    await world.offer()
    await world.officer()
    async with world.bus.transaction("test") as tx:
        for statement in (
            "INSERT INTO call (id, reference, title, state, terms, changed_at) VALUES (:id, 'x', '', 'y', '{}', now())",
            "INSERT INTO pool (call_id, input_version, matched_version, cohort) VALUES (:id, 1, 0, 0)",
        ):
            await tx.session.execute(text(statement), {"id": UUID(int=1)})
    worker = asyncio.create_task(provisional_worker.match_live(world.app.state.service))
    try:

        async def provisional_seen() -> bool:
            return len(await world.rows("SELECT 1 FROM standing WHERE seat_id IS NOT NULL")) == 1

        await until(provisional_seen)
        assert not worker.done()
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_two_instances_never_offer_one_place_twice(world: World, store_address: str) -> None:
    """One instance matches a call; another whose lease is lost cannot write its result."""
    await world.call()
    await world.offer(places=1)
    first, other = await world.officer(), await world.officer("GE")
    committed = await world.commit()
    ((winner, match_id),) = committed.matches.items()
    await world.clear(match_id, winner)
    await world.answer(match_id, winner, Party.GUEST, Answer.DECLINE)
    second = create_app(Settings(**settings_for(store_address)), background=False)
    bus = second.state.service.bus
    try:
        name = f"match:{world.call_id}"
        first_lease = await leases.acquire(world.bus, name)
        assert first_lease is not None
        assert await leases.acquire(bus, name) is None
        await world.lease_ends(name)
        second_lease = await leases.acquire(bus, name)
        assert second_lease is not None
        with pytest.raises(LeaseLost):
            await next_in_line.promote(world.bus, world.call_id, first_lease)
        assert await next_in_line.promote(bus, world.call_id, second_lease) == 1
        assert await next_in_line.promote(bus, world.call_id, second_lease) == 0
    finally:
        await bus.close()
    proposed = await world.rows("SELECT application_id FROM match WHERE state = 'proposed'")
    assert [row.application_id for row in proposed] == [other if winner == first else first]


async def test_two_commits_at_once_propose_everybody_once(world: World) -> None:
    """After two simultaneous commits each officer has one match, and no place is given twice."""
    await world.call()
    await world.offer(places=3, group_size=5)
    for country in ("MD", "GE", "AM", "UA"):
        await world.officer(country)
    results = await asyncio.gather(world.commit(), world.commit(), return_exceptions=True)
    assert any(not isinstance(result, BaseException) for result in results)
    rows = await world.rows("SELECT application_id FROM match WHERE state = 'proposed'")
    assert len(rows) == len({row.application_id for row in rows}) == 3


async def test_a_duplicate_event_changes_nothing(world: World) -> None:
    """Records delivered twice are dropped; the board is unchanged."""
    await world.call()
    await world.offer()
    application = await world.officer()
    gone = world.feed.record(applications.ApplicationWithdrawn(reason=Reason.OTHER), application)
    await world.feed.apply([gone])
    await world.feed.apply([gone])
    rows = await world.rows("SELECT type FROM activity WHERE type = 'ApplicationWithdrawn'")
    assert len(rows) == 1


async def test_a_rebuild_gives_the_same_store_and_publishes_nothing_again(world: World) -> None:
    """Rebuilt projections are as before; matches stand and no fact is published a second time."""
    records: list[StoredRecord] = []
    apply = world.feed.apply

    async def remember(batch: Sequence[StoredRecord], **options: Any) -> None:
        records.extend(batch)
        await apply(batch, **options)

    world.feed.apply = remember  # type: ignore[assignment, method-assign]  # it hands on all that it gets
    await world.call()
    await world.offer()
    await world.confirmed()
    await world.officer("GE")
    await world.match_calls()
    tables = ("call", "candidate", "seat", "standing", "match", "visit")
    before = [await world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
    (facts,) = await world.rows("SELECT count(*) AS number FROM journal")
    await empty_projections(world.bus, consumers, "carla")
    await apply(records)
    await world.match_calls()
    assert [await world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables] == before
    assert (await world.rows("SELECT count(*) AS number FROM journal"))[0].number == facts.number


async def test_a_moved_matching_refuses_what_was_seen_before(world: World) -> None:
    """A pair that has changed since the coordinator saw it is not committed."""
    await world.call()
    await world.offer()
    application = await world.officer()
    with pytest.raises(Refused):
        await world.commit({application: new_id()})
    assert await world.facts("MatchProposed") == []
