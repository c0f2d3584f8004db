"""At most one process has a lease, whatever their clocks do and however long they stand still.

Real processes' parts (`Bus`, `leases`) on a real PostgreSQL whose clock, like that of each process, is simulated: time
passes only where a rule says so.
"""

from __future__ import annotations

import asyncio
import os
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.bus import Bus, bus_tables
from shared.bus.db import lease_epoch, leases
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.support import as_owner, settings_for

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import pytest

    from tests.conftest import Databases

NAME = "work"
# A crystal is wrong by a millionth; these are worse than any, and less than what the margin allows for.
SPEEDS = (1.0, 0.9, 1.1)
metadata = MetaData()
bus_tables(metadata)
_clock_of_database = (
    "CREATE SCHEMA sim",
    "CREATE TABLE sim.clock (now timestamptz NOT NULL)",
    "INSERT INTO sim.clock VALUES (timestamptz '2030-01-01')",
    "CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now FROM sim.clock'",
    "CREATE TABLE public.done (place bigint GENERATED ALWAYS AS IDENTITY, epoch bigint NOT NULL)",
    # Before `pg_catalog`, so that the service's own statements find this clock.
    """DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = sim, pg_catalog, public', current_database());
    END $$""",
)
_address: list[str] = []


def _tables(address: str) -> None:
    async def create() -> None:
        engine = create_async_engine(address, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            for statement in _clock_of_database:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(create())


@dataclass(slots=True)
class Process:
    """A process: its store, how fast its clock goes, and the lease that it believes to have."""

    bus: Bus
    speed: float
    lease: leases.Lease | None = None


_beside: ContextVar[Process | None] = ContextVar("_beside", default=None)
"""The process whose task this is, where another one acts meanwhile."""


class LeaseMachine(RuleBasedStateMachine):
    """Three processes that want one lease, with clocks of their own, stalls, deaths and long transactions."""

    def __init__(self) -> None:
        """Begin with a lease that nobody has had."""
        super().__init__()
        self.loop = asyncio.Runner()
        self.seconds = 0.0
        self.effects: list[int] = []
        self.processes = [Process(self.bus(), speed) for speed in SPEEDS]
        self.acting = self.processes[0]
        lease_epoch.elapsed = self.elapsed
        self.loop.run(self._execute("TRUNCATE lease, done"))

    def bus(self) -> Bus:
        """Return the store of a new process."""
        return Bus("matching", ServiceSettings(**settings_for(_address[0], database_pool=3)))

    def elapsed(self) -> float:
        """Return the time of the process that acts, or of the one that does something beside it, by its own clock."""
        return self.seconds * (_beside.get() or self.acting).speed

    def run(self, process: Process, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in a process; return None, and let it forget its lease, if another has taken it."""
        self.acting = process
        try:
            return self.loop.run(work)
        except leases.LeaseLost:
            process.lease = None
            return None

    def pass_(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.seconds += seconds
        self.loop.run(self._execute("UPDATE sim.clock SET now = now + make_interval(secs => :seconds)", seconds))

    async def _execute(self, statement: str, seconds: float | None = None) -> None:
        async with self.processes[0].bus.engine.begin() as connection:
            await connection.execute(text(statement), {} if seconds is None else {"seconds": seconds})

    async def _epoch(self, process: Process) -> int | None:
        async with process.bus.read() as session:
            epoch: int | None = await session.scalar(text("SELECT epoch FROM lease"))
            return epoch

    @rule(seconds=st.floats(0.1, 40.0))
    def stand_still(self, seconds: float) -> None:
        """Nobody does anything for a while, as if all were stopped."""
        self.pass_(seconds)

    @rule(who=st.integers(0, 2))
    def acquire(self, who: int) -> None:
        """A process tries to take it; the one that holds it does not get it a second time."""
        process = self.processes[who]
        self.acting = process
        before = self.loop.run(self._epoch(process)) or 0
        taken = self.loop.run(leases.acquire(process.bus, NAME))
        if taken is not None:
            assert taken.epoch == before + 1
            assert not any(other.lease is not None and self._sure(other) for other in self.processes)
            process.lease = taken

    def _sure(self, process: Process) -> bool:
        self.acting = process
        return process.lease is not None and process.lease.sure

    @rule(who=st.integers(0, 2))
    def prolong(self, who: int) -> None:
        """Its holder prolongs it also after its end, if and only if nobody has taken it; the epoch stays."""
        process = self.processes[who]
        if process.lease is not None:
            self.acting = process
            ours = self.loop.run(self._epoch(process)) == process.lease.epoch
            assert (NAME in self.loop.run(leases.prolong(process.bus, [process.lease]))) == ours
            assert self.loop.run(self._epoch(process)) is not None
            if not ours:
                assert not self._sure(process)
                process.lease = None

    @rule(who=st.integers(0, 2), takes=st.floats(0.0, 2.0))
    def act(self, who: int, takes: float) -> None:
        """A holder makes sure and has an effect outside, which takes less than the margin; none follows a later one."""
        process = self.processes[who]
        if process.lease is not None:
            epoch = process.lease.epoch
            self.run(process, leases.ensure(process.bus, process.lease))
            if process.lease is not None:
                for other in self.processes:
                    assert other is process or not self._sure(other)
                self.pass_(takes)
                self.effects.append(epoch)

    @rule(who=st.integers(0, 2))
    def commit(self, who: int) -> None:
        """A transaction under the lease is committed exactly if nobody has taken it."""
        process = self.processes[who]
        if process.lease is not None:
            ours = self.loop.run(self._epoch(process)) == process.lease.epoch
            assert self.run(process, self._commit(process, process.lease)) is (True if ours else None)

    async def _commit(self, process: Process, lease: leases.Lease, other: Process | None = None) -> bool:
        """Write under the lease; while the transaction is open its time ends, and another process wants it."""
        taking = None
        async with process.bus.transaction("test", lease) as tx:
            if other is not None:
                taking = asyncio.create_task(self._take_beside(other))
                await _waits_for_a_lock(process.bus, taking)
                assert not taking.done()
            await tx.session.execute(text("INSERT INTO public.done (epoch) VALUES (:epoch)"), {"epoch": lease.epoch})
        if taking is not None and other is not None:
            other.lease = await taking
        return True

    async def _take_beside(self, process: Process) -> leases.Lease | None:
        """Try to take it in a task, by the process's own clock."""
        _beside.set(process)
        return await leases.acquire(process.bus, NAME)

    @rule(who=st.integers(0, 2), further=st.integers(1, 2))
    def commit_slowly(self, who: int, further: int) -> None:
        """While a transaction under the lease is open nobody can take it, even after its end."""
        process = self.processes[who]
        other = self.processes[(who + further) % 3]
        if process.lease is not None and other.lease is None:
            self.pass_(lease_epoch.LEASE_SECONDS + 1)
            self.run(process, self._commit(process, process.lease, other))

    @rule(who=st.integers(0, 2))
    def release(self, who: int) -> None:
        """A holder gives it back; who has lost it takes nothing from the next one."""
        process = self.processes[who]
        if process.lease is not None:
            self.run(process, leases.release(process.bus, process.lease))
            process.lease = None

    @rule(who=st.integers(0, 2))
    def die(self, who: int) -> None:
        """A process ends and another begins in its place, which knows nothing of the lease."""
        process = self.processes[who]
        process.lease = None
        process.bus.holder = f"another@machine/x/{new_id()}"

    @invariant()
    def one_holder(self) -> None:
        """No two processes are sure at a time, and neither effects nor commits of two epochs are mixed."""
        assert sum(self._sure(process) for process in self.processes) <= 1
        assert self.effects == sorted(self.effects)

    def teardown(self) -> None:
        """Compare the order of all commits with that of the epochs."""
        self.loop.run(self._ended())
        self.loop.close()

    async def _ended(self) -> None:
        async with self.processes[0].bus.read() as session:
            epochs = list(await session.scalars(text("SELECT epoch FROM public.done ORDER BY place")))
        for process in self.processes:
            await process.bus.close()
        assert epochs == sorted(epochs)


_LOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def _waits_for_a_lock(bus: Bus, taking: asyncio.Task[Any]) -> None:
    """Return once `taking` waits for another transaction, or has come to its end without that."""
    waits = 0
    while not waits and not taking.done():
        async with bus.glance() as session:
            waits = await session.scalar(_LOCKED) or 0


def test_at_most_one_process_acts_under_a_lease(postgres: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stalls, deaths, wrong clocks and long transactions never let two processes act or commit in turns."""
    monkeypatch.setattr(lease_epoch, "elapsed", lease_epoch.elapsed)  # put back at the end
    address = as_owner(postgres.new())
    _tables(address)
    _address[:] = [address]
    run_state_machine_as_test(
        LeaseMachine,
        settings=settings(
            max_examples=int(os.environ.get("TANDEM_SIMULATIONS", "100")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
