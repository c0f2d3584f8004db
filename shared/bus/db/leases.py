"""Hold leases: the right of one process to send, to match a call or to sweep deadlines.

A lease is a row with a holder, an epoch and an end by the database's clock. A new holder raises the epoch, and every
commit made under the lease checks it, so that a process which slept through its lease cannot write as if it still had
it. (An advisory lock would stay with a stopped process for ever.) A process that was killed is known to be gone on its
own machine: its replacement there takes over at once, any other process at the lease's end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus.db.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.bus import Bus

LEASE_SECONDS = 15.0


class LeaseLost(RuntimeError):
    """Another process has taken over; work done under the lease must not be committed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do `name` alone, as long as its epoch is the newest."""

    name: str
    holder: str
    epoch: int


_TAKE = text(
    "INSERT INTO lease AS l (name, holder, epoch, until)"
    " VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,"
    " epoch = l.epoch + CASE WHEN l.holder = excluded.holder AND l.until > clock_timestamp() THEN 0 ELSE 1 END"
    " WHERE l.holder = excluded.holder OR l.until <= clock_timestamp() OR l.holder = CAST(:gone AS text)"
    " RETURNING epoch"
)


async def acquire(bus: Bus, name: str, seconds: float = LEASE_SECONDS) -> Lease | None:
    """Take or prolong the lease `name` for `seconds`; return None while another process holds it."""
    wanted = {"name": name, "holder": bus.holder, "seconds": seconds}
    async with bus.transaction("system:lease") as tx:
        epoch = (await tx.session.execute(_TAKE, wanted | {"gone": None})).scalar_one_or_none()
        if epoch is None:
            current = await tx.session.scalar(text("SELECT holder FROM lease WHERE name = :name"), {"name": name})
            if current is not None and is_gone(current, bus.holder):
                epoch = (await tx.session.execute(_TAKE, wanted | {"gone": current})).scalar_one_or_none()
    return None if epoch is None else Lease(name, bus.holder, int(epoch))


_PROLONG = text(
    "UPDATE lease SET until = clock_timestamp() + make_interval(secs => :seconds)"
    " FROM unnest(CAST(:names AS text[]), CAST(:epochs AS bigint[])) AS mine(name, epoch)"
    " WHERE lease.name = mine.name AND lease.epoch = mine.epoch AND lease.holder = :holder RETURNING lease.name"
)


async def prolong(bus: Bus, leases: Collection[Lease], seconds: float = LEASE_SECONDS) -> set[str]:
    """Prolong leases of this process, all at once; return the names of those that nobody has taken meanwhile."""
    ordered = sorted(leases, key=lambda lease: lease.name)
    wanted = {"names": [lease.name for lease in ordered], "epochs": [lease.epoch for lease in ordered]}
    async with bus.transaction("system:lease") as tx:
        found = await tx.session.scalars(_PROLONG, wanted | {"holder": bus.holder, "seconds": seconds})
        return set(found)


async def check(session: AsyncSession, lease: Lease) -> None:
    """Lock the lease's row for this transaction; raise `LeaseLost` if another process has taken over.

    A lease that has expired but that nobody else took is still ours: otherwise work that takes longer than a lease
    would be repeated for ever and never be committed.
    """
    epoch = (
        await session.execute(
            text("SELECT 1 FROM lease WHERE name = :name AND holder = :holder AND epoch = :epoch FOR SHARE"),
            {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch},
        )
    ).scalar_one_or_none()
    if epoch is None:
        raise LeaseLost(f"The lease {lease.name!r} went to another process.")


async def release(bus: Bus, lease: Lease) -> None:
    """Give the lease back, so that another process need not wait for its end."""
    async with bus.transaction("system:lease") as tx:
        await tx.session.execute(
            text(
                "UPDATE lease SET until = clock_timestamp(), epoch = epoch + 1"
                " WHERE name = :name AND holder = :holder AND epoch = :epoch"
            ),
            {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch},
        )
