"""A lease as its holder knows it, and the check of its epoch in a transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

LEASE_SECONDS = 15.0
IDLE_SECONDS = 10.0
"""After so long without a statement, or the lease's time, the store ends a transaction under a lease: that of a stopped
process would keep the lease's row locked, and nobody could take over."""
LONGEST_SECONDS = 120.0
"""After so long, or twice the time above if that is longer, the store ends it whatever it does: a process may have
stopped between the parts of one statement, and that does not count as a time without one."""
_MARGIN = 0.2
"""The share of a lease's time in which its holder no longer acts: clocks differ, and an effect takes a moment."""
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed() -> float:
    """Return seconds by this machine's own clock, which nobody sets, and which goes on while the machine sleeps."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class LeaseLost(RuntimeError):
    """Another process has taken over; work done under the lease must not go on, nor be committed."""

    def __str__(self) -> str:
        """Return a sentence that names the lease, with which it was raised."""
        return f"The lease {self.args[0]!r} went to another process."


@dataclass(slots=True)
class Lease:
    """The right to do `name` alone, as long as its epoch is the newest.

    `seconds` is how long it lasts when it is prolonged, `ends` (by `elapsed`) from when on another process may have it.
    """

    name: str
    holder: str
    epoch: int
    seconds: float = field(default=LEASE_SECONDS, compare=False)
    ends: float = field(default=0.0, compare=False)

    @property
    def sure(self) -> bool:
        """True while nobody else can have it, by the holder's own clock alone."""
        return elapsed() < self.ends - _MARGIN * self.seconds


# A time of the transaction that runs already is not set anew; it is switched off first.
_CHECK = text(
    "SELECT set_config('idle_in_transaction_session_timeout', CAST(:idle AS text), true),"
    " set_config('transaction_timeout', '0', true), set_config('transaction_timeout', CAST(:longest AS text), true)"
    " FROM lease"
    " WHERE name = :name AND holder = :holder AND epoch = :epoch FOR SHARE"
)


async def check(session: AsyncSession, lease: Lease) -> None:
    """Lock the lease's row for this transaction; raise `LeaseLost` if another process has taken over.

    A lease that has expired but that nobody else took is still ours: otherwise work that takes longer than a lease
    would be repeated for ever and never be committed.
    """
    idle = max(lease.seconds, IDLE_SECONDS)
    ends = {"idle": f"{idle:.1f}s", "longest": f"{max(2 * idle, LONGEST_SECONDS):.1f}s"}
    mine = {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch, **ends}
    if (await session.execute(_CHECK, mine)).scalar_one_or_none() is None:
        lease.ends = 0.0
        raise LeaseLost(lease.name)
