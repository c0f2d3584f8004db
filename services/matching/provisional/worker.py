"""Keep the provisional matching up to date with the facts: one instance a call, by lease, woken by the database.

Consumers write facts and raise the call's version; the instance with the call's lease reads them in one snapshot,
matches outside any transaction, and writes the changes. A pair that is proposed or further is never touched: the engine
gets it as fixed. If a place fell free, the next in line is proposed first.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import structlog

from services.matching.facts.store import pools as store
from services.matching.facts.store.pools import Standing
from services.matching.lifecycle.store import matches
from services.matching.provisional import call_lease, next_in_line
from services.matching.provisional.follower import MOST_PAIRS, CallFollower
from services.matching.provisional.model.problem import waiting, without_failing
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus import Bus, Lease, LeaseLost, set_aside
from shared.bus.db import leases
from shared.bus.db.transaction import CHANGED_CHANNEL
from shared.bus.set_aside import SetAside, reason_of
from shared.i18n import N_
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from services.matching.engine.live.follower import Outcome
    from services.matching.provisional.snapshot import Snapshot
    from shared.contracts.codes import ApplicationKind
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)

KEPT_FROM = 100_000
"""Pairs (candidates times seats) from which on an instance keeps a call between two changes: below, whoever is first
matches it anew in a moment; above, it would take seconds."""
CALLS, SUBJECTS = N_("Matching of a call"), N_("Applications and places in the matching")
_LOOK_EVERY = 1.0
_WAKES = "matching"


@dataclass(slots=True)
class HeldCall:
    """The lease of a call, the follower of the call, and whether it is being matched."""

    lease: Lease
    following: CallFollower = field(default_factory=CallFollower)
    working: bool = False

    @property
    def worth_keeping(self) -> bool:
        """Return whether the lease is to be prolonged even if nothing has changed."""
        return self.working or self.following.known.pairs >= KEPT_FROM


async def match_live(service: Service) -> None:
    """Match every call whose facts are newer than its matching; a worker of the service.

    Ends when its listening connection is lost; the harness then starts it again.
    """
    calls: dict[UUID, HeldCall] = {}
    aside = SetAside[UUID](service.bus, CALLS)
    keeping = asyncio.create_task(keep_leases_alive(service.bus, calls), name="leases of calls")
    try:
        async with _heard(service.settings.direct_url) as (wake, connection):
            while not connection.is_closed():
                wake.clear()
                async with service.bus.glance() as session:
                    behind = await store.behind(session, clock.today())
                await aside.each(list(behind), partial(_match, service.bus, calls, behind), at_once=1)
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), _LOOK_EVERY)
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        for call in calls.values():
            with suppress(Exception):
                await leases.release(service.bus, call.lease)


async def _match(bus: Bus, calls: dict[UUID, HeldCall], behind: Mapping[UUID, bool], call_ids: Sequence[UUID]) -> int:
    for call_id in call_ids:
        await match_under_lease(bus, call_id, calls, free=behind[call_id])
    return len(call_ids)


async def match_under_lease(bus: Bus, call_id: UUID, calls: dict[UUID, HeldCall], *, free: bool = True) -> None:
    """Match a call if its lease is free; the follower of a call goes with its lease.

    `free` says whether a place may have fallen free, for which the next in line is to be proposed first.
    """
    call, reading = calls.pop(call_id, None), None
    if call is None or not call.lease.sure:
        call, reading = await _take_again(bus, call_id, call, free=free)
        if call is None:
            return
    calls[call_id] = call
    call.working = True
    try:
        if free:
            await next_in_line.promote(bus, call_id, call.lease)
        snapshot = None if reading is None else await reading
        await match_once(bus, call_id, call.lease, call.following, snapshot)
    except LeaseLost:
        calls.pop(call_id, None)
        log.info("another instance matches this call now", call=str(call_id))
    finally:
        call.working = False
    drop_oldest(calls)


async def _take_again(
    bus: Bus, call_id: UUID, call: HeldCall | None, *, free: bool
) -> tuple[HeldCall | None, asyncio.Task[Snapshot | None] | None]:
    """Prolong the lease of a call, or take it if it is free, and start reading the call at the same time.

    Nobody has mostly had the call since this instance had it last, so it may read the changes before it knows. What it
    read before another's turn is of no use.
    """
    if call is None:
        lease = await call_lease.take(bus, call_id)
        return None if lease is None else HeldCall(lease), None
    reading = None if free else asyncio.create_task(load_snapshot(bus, call_id, call.following.known))
    kept = False
    try:
        kept = await call_lease.still_held(bus, call.lease)
    finally:
        if reading is not None and not kept:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    if kept:
        return call, reading
    lease = await call_lease.take(bus, call_id)
    return None if lease is None else HeldCall(lease, call.following), None


async def keep_leases_alive(bus: Bus, calls: dict[UUID, HeldCall]) -> None:
    """Prolong the leases again and again, until cancelled; failures are retried a second later."""
    while True:
        await asyncio.sleep(call_lease.PROLONG_EVERY)
        try:
            await prolong_leases(bus, calls)
        except Exception as wrong:
            log.warning("the leases of calls could not be prolonged", exc_info=wrong)


async def prolong_leases(bus: Bus, calls: dict[UUID, HeldCall]) -> None:
    """Prolong the leases of calls that are being matched or worth keeping.

    Drop those that another instance has taken.
    """
    kept = {call_id: call for call_id, call in calls.items() if call.worth_keeping}
    if not kept:
        return
    still = await leases.prolong(bus, [call.lease for call in kept.values()])
    for call_id, call in kept.items():
        if call.lease.name not in still and not call.working and calls.get(call_id) is call:
            del calls[call_id]
            log.info("another instance matches this call now", call=str(call_id))


def drop_oldest(calls: Mapping[UUID, HeldCall]) -> None:
    """Keep no more in memory than an instance may; the call that was matched last is dropped last."""
    kept = 0
    for call in reversed(list(calls.values())):
        kept += call.following.pairs
        if kept > MOST_PAIRS:
            call.following.forget()


async def match_once(
    bus: Bus, call_id: UUID, lease: Lease, following: CallFollower | None = None, snapshot: Snapshot | None = None
) -> bool:
    """Match a call and write the changes; False while the call is not known. Raises `LeaseLost`.

    `following` is the follower from the last time; without it the call is matched from scratch. `snapshot` is the
    snapshot, if it has just been read.
    """
    following = following or CallFollower()
    snapshot = snapshot or await load_snapshot(bus, call_id, following.known)
    if snapshot is None:
        return False
    if not snapshot.open:
        following.forget()
    snapshot, outcomes = await _matched(following, snapshot)
    rows = await asyncio.to_thread(_standings, snapshot, outcomes)
    await leases.ensure(bus, lease)
    await _write(bus, lease, snapshot, snapshot.standings, rows, version=snapshot.version)
    reasons = await asyncio.to_thread(_reasons, rows, outcomes)
    if reasons:
        await leases.ensure(bus, lease)
        await _write(bus, lease, snapshot, rows, reasons, version=None)
    return True


async def _matched(following: CallFollower, snapshot: Snapshot) -> tuple[Snapshot, Mapping[ApplicationKind, Outcome]]:
    """Return the matching of a call; applications and places with which it fails are set aside, and it goes on."""
    if not snapshot.open:
        return snapshot, {}
    try:
        return snapshot, await following.match(snapshot.facts)
    except Exception as error:
        facts, failing = await asyncio.to_thread(without_failing, snapshot.facts)
        if not failing:
            raise
        log.warning("a matching goes on without what fails", call=str(facts.call_id), failing=len(failing))
        aside = {**snapshot.aside, **dict.fromkeys(failing, reason_of(error))}
        return replace(snapshot, facts=facts, aside=aside), await following.match(facts)


def _standings(snapshot: Snapshot, outcomes: Mapping[ApplicationKind, Outcome]) -> dict[UUID, Standing]:
    """Return the row of every waiting application; an unchanged one is the row that was read."""
    rows: dict[UUID, Standing] = {}
    pairs = {UUID(pair.candidate_id): pair for outcome in outcomes.values() for pair in outcome.pairs}
    for application_id, profile in waiting(snapshot.facts).items() if snapshot.open else ():
        pair, before = pairs.get(application_id), snapshot.standings.get(application_id)
        seat_id = UUID(pair.seat_id) if pair else None
        score, host_score = (pair.gain, pair.preference) if pair else (0, 0)
        stays = before is not None and before.seat_id == seat_id
        if before is not None and stays and (before.score, before.host_score) == (score, host_score):
            rows[application_id] = before
            continue
        rows[application_id] = Standing(
            application_id=application_id,
            call_id=snapshot.facts.call_id,
            kind=profile.kind.value,
            seat_id=seat_id,
            score=score,
            host_score=host_score,
            reason=before.reason if before and stays else ("matched" if pair else None),
            rule=before.rule if before and stays else None,
            feasible=before.feasible if before and stays else None,
            since=before.since if before and stays else clock.now(),
        )
    return rows


def _reasons(rows: Mapping[UUID, Standing], outcomes: Mapping[ApplicationKind, Outcome]) -> dict[UUID, Standing]:
    """Return the rows of those without a seat whose reason has changed."""
    explained: dict[UUID, Standing] = {}
    for outcome in outcomes.values():
        for candidate_id in outcome.unmatched:
            row = rows.get(UUID(candidate_id))
            if row is None or row.seat_id is not None:
                continue
            reason = outcome.reason(candidate_id)
            reason_values = {
                "reason": reason.why.value,
                "rule": reason.rule and reason.rule.value,
                "feasible": reason.feasible,
            }
            if any(getattr(row, name) != value for name, value in reason_values.items()):
                explained[row.application_id] = Standing(**row.model_dump() | reason_values)
    return explained


async def _write(
    bus: Bus,
    lease: Lease,
    snapshot: Snapshot,
    before: Mapping[UUID, Standing],
    rows: Mapping[UUID, Standing],
    *,
    version: int | None,
) -> None:
    """Write the differences from `before`.

    With `version` also remove old rows, and store how far the call is matched.
    """
    call_id = snapshot.facts.call_id
    changed = await asyncio.to_thread(_moved, before, rows)
    async with bus.transaction("system:matching", lease) as tx:
        pool = await store.version(tx.session, call_id, lock=True)
        assert pool is not None
        moved = changed
        if pool.input_version != snapshot.version:
            # Something was committed meanwhile: what has a match by now must not come back to the board.
            still = await matches.still_waiting(tx.session, list(moved))
            moved = {application_id: row for application_id, row in moved.items() if application_id in still}
        gone = before.keys() - rows.keys() if version is not None else set()
        await store.keep_standings(tx.session, list(moved.values()), gone)
        if version is not None:
            pool.matched_version, pool.matched_on = version, snapshot.facts.day
            named = {str(subject): reason for subject, reason in snapshot.aside.items()}
            await set_aside.note(tx.session, SUBJECTS, str(call_id), named)
        if moved or gone:
            await tx.changed("board")


def _moved(before: Mapping[UUID, Standing], rows: Mapping[UUID, Standing]) -> dict[UUID, Standing]:
    return {application_id: row for application_id, row in rows.items() if _differs(before.get(application_id), row)}


def _differs(before: Standing | None, after: Standing) -> bool:
    return before is not after and (before is None or before.model_dump() != after.model_dump())


@asynccontextmanager
async def _heard(url: str) -> AsyncIterator[tuple[asyncio.Event, asyncpg.Connection]]:
    """Return an event that is set when a transaction notifies of changed facts, and the connection that listens."""
    wake = asyncio.Event()

    def heard(_connection: object, _pid: int, _channel: str, name: object) -> None:
        if name == _WAKES:
            wake.set()

    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.add_listener(CHANGED_CHANNEL, heard)
        yield wake, connection
    finally:
        connection.terminate()
