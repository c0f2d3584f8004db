"""Following a call by its changes, with a run from scratch whenever needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.matching import metrics
from services.matching.app import create_app
from services.matching.engine.live.matching import LiveMatching
from services.matching.provisional import call_lease, follower, snapshot, worker
from services.matching.provisional.follower import CallFollower
from services.matching.provisional.model.problem import solve
from services.matching.settings import Settings
from shared.contracts import applications
from shared.contracts.codes import Reason
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from prometheus_client import Counter

    from tests.integration.matching.conftest import World


def _count(counter: Counter) -> float:
    (family,) = counter.collect()
    return next(sample.value for sample in family.samples if sample.name.endswith("_total"))


async def test_changes_are_followed_to_what_a_run_gives(world: World) -> None:
    """Through arrivals, departures, a second offer and a cohort, the followed matching equals a run."""
    await world.call(kinds=["study_visit"])
    await world.offer(places=2)
    first = await world.officer()
    await world.match_calls()
    assert (world.following.runs, world.following.events) == (1, 0)
    for country in ("GE", "AM", "UA"):
        await world.officer(country)
        await world.match_calls()
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), first))
    await world.match_calls()
    await world.offer("DE", places=1)
    await world.match_calls()
    assert world.following.runs == 1
    assert world.following.events == 5
    await world.commit()
    given = await snapshot.load(world.bus, world.call_id)
    assert given is not None
    outcomes = await world.following.match(given.facts)
    for kind, result in solve(given.facts).items():
        assert outcomes[kind].pairs == result.pairs
        assert outcomes[kind].unmatched == result.unmatched


async def test_a_difference_is_counted_and_drops_the_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a run from scratch differs, the state is dropped, and the next matching is a run."""
    await world.call(kinds=["study_visit"])
    await world.offer()
    await world.officer()
    await world.match_calls()
    await world.officer("GE")
    lease = world.lease
    assert lease is not None
    before = _count(metrics.DIFFERED)
    with monkeypatch.context() as patch:
        patch.setattr(follower, "_matching", lambda _: {"somebody": "elsewhere"})
        await worker.match_once(world.bus, world.call_id, lease, world.following)
        assert not await world.following.checked()
    assert _count(metrics.DIFFERED) == before + 1
    assert world.following.pairs == 0
    await world.match_calls()
    assert (world.following.runs, world.following.events) == (1, 0)


async def test_an_event_that_cannot_be_followed_causes_a_full_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that fails in the engine costs a run, not a matching."""
    await world.call(kinds=["study_visit"])
    await world.offer(places=5, group_size=5)
    await world.officer()
    await world.match_calls()
    await world.officer("GE")

    def fails(*_: object) -> None:
        raise RuntimeError("something nobody has thought of")

    with monkeypatch.context() as patch:
        patch.setattr(LiveMatching, "arrive", fails)
        await world.match_calls()
    assert len(await world.rows("SELECT 1 FROM standing WHERE seat_id IS NOT NULL")) == 2
    assert (world.following.runs, world.following.events) == (1, 0)


async def test_an_instance_keeps_no_more_than_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for all calls is limited; the call that was matched longest ago is dropped first."""
    await world.call(kinds=["study_visit"])
    await world.offer()
    await world.officer()
    await world.match_calls()
    given = await snapshot.load(world.bus, world.call_id)
    lease = world.lease
    assert given is not None
    assert lease is not None
    old, new = CallFollower(), CallFollower()
    for each in (old, new):
        await each.match(given.facts)
        await each.checked()
    assert old.pairs == new.pairs == 1
    calls = {world.call_id: worker.HeldCall(lease, old), UUID(int=1): worker.HeldCall(lease, new)}
    worker.drop_oldest(calls)
    assert (old.pairs, new.pairs) == (1, 1)
    monkeypatch.setattr(worker, "MOST_PAIRS", 1)
    worker.drop_oldest(calls)
    assert (old.pairs, new.pairs) == (0, 1)


async def test_the_worker_follows_and_lets_go_with_its_lease(world: World, store_address: str) -> None:
    """From the second round on events are followed; if another instance takes over, the state is dropped."""
    await world.call(kinds=["study_visit"])
    await world.offer(places=5, group_size=5)
    calls: dict[UUID, worker.HeldCall] = {}
    second = create_app(Settings(**settings_for(store_address)), background=False).state.service.bus
    try:
        for country in ("MD", "GE"):
            await world.officer(country)
            await worker.match_under_lease(world.bus, world.call_id, calls)
        following = calls[world.call_id].following
        assert (following.runs, following.events) == (1, 1)
        theirs: dict[UUID, worker.HeldCall] = {}
        await worker.match_under_lease(second, world.call_id, theirs)
        assert not theirs
        name = f"match:{world.call_id}"
        await world.lease_ends(name)
        await world.officer("AM")
        await worker.match_under_lease(second, world.call_id, theirs)
        assert theirs[world.call_id].following.runs == 1
        await worker.match_under_lease(world.bus, world.call_id, calls)
        assert not calls
    finally:
        await second.close()
    assert len(await world.rows("SELECT 1 FROM standing WHERE seat_id IS NOT NULL")) == 3


async def test_rows_read_before_another_instance_had_the_lease_are_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows read while the lease is taken again are used, unless another instance had the lease in between."""
    await world.call(kinds=["study_visit"])
    await world.offer()
    reads = []
    load = snapshot.load

    async def counted(*parts: Any) -> snapshot.Snapshot | None:
        reads.append(parts)
        return await load(*parts)

    monkeypatch.setattr(worker, "load_snapshot", counted)
    calls: dict[UUID, worker.HeldCall] = {}
    for over, holder, expected in ((False, "me", 1), (True, "me", 1), (True, "another", 2)):
        reads.clear()
        if over:
            calls[world.call_id].lease.ends = 0.0
            async with world.bus.transaction("test") as tx:
                await tx.session.execute(text("UPDATE lease SET until = now() - interval '1 second'"))
                if holder == "another":
                    await tx.session.execute(text("UPDATE lease SET holder = 'another', epoch = epoch + 1"))
        await worker.match_under_lease(world.bus, world.call_id, calls, free=False)
        assert len(reads) == expected
        assert calls[world.call_id].lease.sure


async def test_the_lease_is_kept_while_a_call_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading may take longer than a lease, which is prolonged meanwhile."""
    await world.call(kinds=["study_visit"])
    calls: dict[UUID, worker.HeldCall] = {}
    await worker.match_under_lease(world.bus, world.call_id, calls)
    calls[world.call_id].lease.ends = 0.0
    load, goes_on = snapshot.load, asyncio.Event()
    still_held, known = call_lease.still_held, asyncio.Event()

    async def looked(*parts: Any) -> bool:
        calls = await still_held(*parts)
        known.set()
        return calls

    async def slow(*parts: Any) -> snapshot.Snapshot | None:
        await goes_on.wait()
        return await load(*parts)

    monkeypatch.setattr(call_lease, "still_held", looked)
    monkeypatch.setattr(worker, "load_snapshot", slow)
    turn = asyncio.create_task(worker.match_under_lease(world.bus, world.call_id, calls, free=False))
    try:
        await asyncio.wait_for(known.wait(), PATIENCE)
        (before,) = await world.rows("SELECT until FROM lease WHERE name LIKE 'match:%'")
        await worker.prolong_leases(world.bus, calls)
        (after,) = await world.rows("SELECT until FROM lease WHERE name LIKE 'match:%'")
    finally:
        goes_on.set()
        await turn
    assert after.until > before.until


async def test_rows_of_an_interrupted_reading_are_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a reading that failed or was cancelled are complete: the next reading continues from them."""
    await world.call(kinds=["study_visit"])
    officer, offer = await world.officer(), await world.offer()
    known = snapshot.KnownRows()

    def unreadable(*_: object) -> None:
        raise ValueError("unreadable")

    with monkeypatch.context() as broken:
        broken.setattr(snapshot, "_understood", unreadable)
        with pytest.raises(ValueError, match="unreadable"):
            await snapshot.load(world.bus, world.call_id, known)
    given = await snapshot.load(world.bus, world.call_id, known)
    assert given is not None
    assert (set(given.facts.candidates), set(given.facts.places)) == ({officer}, {offer})


async def test_only_rows_that_were_written_are_read_again(world: World) -> None:
    """Unchanged rows are the very objects read before; new, changed and removed rows are noticed."""
    await world.call(kinds=["study_visit"])
    stays, leaves = await world.officer(), await world.officer("GE")
    offer = await world.offer(places=1)
    await world.match_calls()
    known = world.following.known
    first = await snapshot.load(world.bus, world.call_id, known)
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), leaves))
    comes = await world.officer("AM")
    async with world.bus.transaction("test") as tx:
        await tx.session.execute(text("UPDATE seat SET terms = jsonb_set(terms, '{places}', '7')"))
    second = await snapshot.load(world.bus, world.call_id, known)
    assert first is not None
    assert second is not None
    assert first.facts.candidates.keys() == {stays, leaves}
    assert second.facts.candidates.keys() == {stays, comes}
    assert second.facts.candidates[stays] is first.facts.candidates[stays]
    assert second.standings[stays] is first.standings[stays]
    assert getattr(second.facts.places[offer].terms, "places", None) == 7
    afresh = await snapshot.load(world.bus, world.call_id)
    assert afresh is not None
    assert afresh.facts == second.facts
