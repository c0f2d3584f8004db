"""Hold leases: the right of one process to send, to match a call or to sweep deadlines.

A lease is a row with a holder, an epoch and an end by the database's clock. Who does not hold it acquires it, which
raises the epoch; its holder only prolongs it. (An advisory lock would stay with a stopped process for ever.) Two things
keep a process that slept through its lease from acting as if it still had it: every commit made under the lease checks
the epoch in its transaction (`check`), and before an effect outside the database the holder looks at its own clock
(`ensure`), by which its right ends earlier than by the database's. A process that was killed is known to be gone on its
own machine: its replacement there takes over at once, any other process at the lease's end.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from shared.bus.db import lease_epoch
from shared.bus.db.lease_epoch import Lease, LeaseLost, check
from shared.bus.db.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from shared.bus.db.bus import Bus

__all__ = ["Lease", "LeaseLost", "acquire", "check", "ensure", "hold", "keep", "prolong", "release"]

log = structlog.get_logger(__name__)

SLOW_SECONDS = 60.0
"""For loops that look every minute or less often: they need not be taken over sooner."""
RETRY_SECONDS = 1.0
_PROLONG_AFTER = 0.3
"""The share of its time after which a lease that is kept is prolonged."""
_TRIES = 3


_HELD = text("SELECT holder, until > clock_timestamp() AS runs FROM lease WHERE name = :name")
_TAKE = text(
    "INSERT INTO lease AS l (name, holder, epoch, until)"
    " VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, epoch = l.epoch + 1"
    " WHERE l.until <= clock_timestamp() OR l.holder = CAST(:gone AS text)"
    " RETURNING epoch"
)
_PROLONG = text(
    "UPDATE lease SET until = clock_timestamp() + make_interval(secs => mine.seconds)"
    " FROM unnest(CAST(:names AS text[]), CAST(:epochs AS bigint[]), CAST(:seconds AS float8[]))"
    " AS mine(name, epoch, seconds)"
    " WHERE lease.name = mine.name AND lease.epoch = mine.epoch AND lease.holder = :holder RETURNING lease.name"
)
_RELEASE = text(
    "UPDATE lease SET until = clock_timestamp(), epoch = epoch + 1"
    " WHERE name = :name AND holder = :holder AND epoch = :epoch"
)


async def acquire(bus: Bus, name: str, seconds: float | None = None) -> Lease | None:
    """Take the lease `name` for `seconds` if nobody holds it; return None while somebody does, this process included.

    Without `seconds` it lasts `LEASE_SECONDS`.
    """
    lasts = lease_epoch.LEASE_SECONDS if seconds is None else seconds
    async with bus.glance() as session:
        row = (await session.execute(_HELD, {"name": name})).one_or_none()
    gone = None if row is None or not is_gone(row.holder, bus.holder) else row.holder
    if row is not None and row.runs and gone is None:
        return None
    before = lease_epoch.elapsed()
    wanted = {"name": name, "holder": bus.holder, "seconds": lasts, "gone": gone}
    async with bus.transaction("system:lease") as tx:
        epoch = (await tx.session.execute(_TAKE, wanted)).scalar_one_or_none()
    return None if epoch is None else Lease(name, bus.holder, int(epoch), lasts, before + lasts)


async def prolong(bus: Bus, leases: Collection[Lease]) -> set[str]:
    """Prolong leases of this process, all at once; return the names of those that nobody has taken meanwhile.

    Also one whose time was over, if nobody took it: what was done under it is still all that was done.
    """
    ordered = sorted(leases, key=lambda lease: lease.name)
    wanted = {
        "names": [lease.name for lease in ordered],
        "epochs": [lease.epoch for lease in ordered],
        "seconds": [lease.seconds for lease in ordered],
        "holder": bus.holder,
    }
    before = lease_epoch.elapsed()
    async with bus.transaction("system:lease") as tx:
        still = set(await tx.session.scalars(_PROLONG, wanted))
    for lease in ordered:
        # At once: what another process has taken is not ours, whatever our own clock says.
        lease.ends = max(lease.ends, before + lease.seconds) if lease.name in still else 0.0
    return still


async def ensure(bus: Bus, lease: Lease) -> None:
    """Return once the lease is surely ours, prolonged if its time is nearly over; for the moment before an effect.

    Raises `LeaseLost` if another process has taken over, or if the store answers too slowly to know.
    """
    for _ in range(_TRIES):
        if lease.sure:
            return
        if lease.name not in await prolong(bus, [lease]):
            break
    if not lease.sure:
        raise LeaseLost(lease.name)


async def release(bus: Bus, lease: Lease) -> None:
    """Give the lease back, so that another process need not wait for its end."""
    lease.ends = 0.0
    async with bus.transaction("system:lease") as tx:
        await tx.session.execute(_RELEASE, {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch})


@asynccontextmanager
async def keep(bus: Bus, lease: Lease) -> AsyncIterator[Lease]:
    """Prolong a lease again and again while the block runs, and release it at the end.

    The block is not interrupted when the lease is lost: `ensure` and `check` raise `LeaseLost` then.
    """
    keeping = asyncio.create_task(_prolong_for_ever(bus, lease), name=f"lease {lease.name}")
    try:
        yield lease
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        try:
            await release(bus, lease)
        except Exception as wrong:
            log.info("a lease was not given back; it ends by itself", lease=lease.name, exc_info=wrong)


@asynccontextmanager
async def hold(bus: Bus, name: str, seconds: float | None = None) -> AsyncIterator[Lease]:
    """Wait for the lease `name`, keep it while the block runs and release it at the end (`acquire`, `keep`)."""
    while (lease := await acquire(bus, name, seconds)) is None:  # noqa: ASYNC110 - another process cannot set an event
        await asyncio.sleep(RETRY_SECONDS)
    async with keep(bus, lease):
        yield lease


async def _prolong_for_ever(bus: Bus, lease: Lease) -> None:
    """Prolong a lease until another process has it; a failure is tried again a moment later."""
    while True:
        await asyncio.sleep(lease.seconds * _PROLONG_AFTER)
        try:
            if lease.name not in await prolong(bus, [lease]):
                log.warning("a lease went to another process", lease=lease.name)
                return
        except Exception as wrong:
            log.warning("a lease could not be prolonged", lease=lease.name, exc_info=wrong)
