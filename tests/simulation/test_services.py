"""All four services, simulated from seeds: whatever goes wrong, they heal by themselves, and nothing happens twice.

First the seeds that have every fault, then as many others as fit into 200 seconds (`README.md`). More seeds:
`python -m tests.simulation --seeds 100000`; what is simulated, and what must hold, is in `services/`.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.settings import plain_address
from tests.planted_bugs.planting import PLANTED_SEED
from tests.simulation.services.budget import Budget
from tests.simulation.services.faults import NAMES
from tests.simulation.services.processes import Process
from tests.simulation.services.run import steps_of
from tests.simulation.services.shrink import shrunk
from tests.simulation.services.stores import Stores, connect, drive
from tests.simulation.services.virtual import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Databases

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "build" / "simulation.log"
OUTPUT_AGAIN = ROOT / "build" / "simulation-again.log"
SEEDS = (7, 10, 11, 12)
"""Seeds that have every fault between them; every run does these, however long they take."""
NEXT = 13
"""The first of the seeds that follow while there is time: the same for every run, so that only a change can fail it."""
SECONDS = "TANDEM_SIMULATION_SECONDS"
"""The environment variable with the seconds in which seeds are begun."""
DEFAULT_SECONDS = "200"
REPEATED = 11
"""The seed that is run in a second process: while processes stall in it, others wait for their locks."""
SHRINK_SECONDS = "300"


@pytest.mark.timeout(1800)  # all the seeds, and what is needed to shrink one that fails
def test_the_services_heal_by_themselves_and_do_nothing_twice(record_property: Callable[[str, object], None]) -> None:
    """After kills, stalls, lost records and wrong clocks all readers have all events once, and nobody repaired.

    The first seed is run twice, and does the same twice. Another one does the same in another process.
    """
    planted = os.environ.get(PLANTED_SEED)
    if planted is None:
        limits = ["--seconds", os.environ.get(SECONDS, DEFAULT_SECONDS), "--shrink-seconds", SHRINK_SECONDS]
        options = ["--seed", *map(str, SEEDS), "--further", str(NEXT), *limits]
    else:
        options = ["--seed", planted, "--tries", "0", "--twice", "0"]
    OUTPUT.parent.mkdir(exist_ok=True)
    returned = _simulate(OUTPUT, options)
    printed = OUTPUT.read_text(encoding="utf-8")
    assert returned == 0, printed
    counted = re.search(r"^(\d+) seeds in (\d+) s, (\d+) of them further ones", printed, re.MULTILINE)
    assert counted is not None, printed
    assert int(counted[1]) - int(counted[3]) == (len(SEEDS) if planted is None else 1), printed
    if planted is None:
        returned = _simulate(OUTPUT_AGAIN, ["--seed", str(REPEATED), "--twice", "0"])
        again = OUTPUT_AGAIN.read_text(encoding="utf-8")
        assert returned == 0, again
        assert _digest(again) == _digest(printed)
    record_property("simulation", f"{counted[0]} (see {OUTPUT.relative_to(ROOT)})")


def _simulate(file: Path, options: list[str]) -> int:
    """Simulate in a process of its own, which writes to `file`; return its exit code."""
    with file.open("w", encoding="utf-8") as output:
        return subprocess.run(
            [sys.executable, "-m", "tests.simulation", *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def _digest(printed: str) -> str:
    """Return the digest of all that happened in the seed that is repeated."""
    found = re.search(rf"^seed {REPEATED}: .* (\w+)$", printed, re.MULTILINE)
    assert found is not None, printed
    return found[1]


IDLE, LONGEST = 20.0, 30.0
"""The seconds that a transaction may be idle, and that it may last, in this test."""
_NAMED = "SELECT $1::text AS idle_in_transaction_session_timeout, $2::text"


@pytest.mark.parametrize("is_stalled", [True, False])
@pytest.mark.parametrize(
    ("named", "steps", "after", "reason"),
    [
        pytest.param(None, 1, IDLE, asyncpg.exceptions.IdleInTransactionSessionTimeoutError, id="idle"),
        pytest.param(("15.0s", "120.0s"), 1, 15.0, asyncpg.exceptions.IdleInTransactionSessionTimeoutError, id="named"),
        pytest.param(None, 4, LONGEST, asyncpg.exceptions.TransactionTimeoutError, id="long"),
    ],
)
def test_the_server_ends_a_transaction_after_virtual_time(
    postgres: Databases,
    tmp_path: Path,
    named: tuple[str, str] | None,
    steps: int,
    after: float,
    reason: type[Exception],
    *,
    is_stalled: bool,
) -> None:
    """Others get its locks then, and a process that stalled reads the server's own reason afterwards."""
    made = postgres.new(postgres.template("idle", _locked_table))
    address = postgres.server.url(made.rpartition("/")[2])
    moment = tmp_path / "clock"
    moment.touch()
    stores, world = Stores(address, moment), World("idle")
    stores.begin(world, IDLE, LONGEST)
    process = Process("first")

    async def take(connection: Any) -> None:
        await connection.execute("UPDATE locked SET taken = taken + 1")

    async def holds() -> Any:
        connection = await connect(stores, address)
        await connection.execute("BEGIN")
        if named is not None:
            await (await connection.prepare(_NAMED)).fetch(*named)
        for step in range(steps):
            if step:
                await asyncio.sleep(9.0)
            await take(connection)
        return connection

    async def waits() -> tuple[float, Exception | None]:
        second = await connect(stores, address)
        before = world.loop.time()
        first = await process.start(holds)
        if is_stalled:
            process.stand(60.0)
        await take(second)
        taken = world.loop.time() - before
        assert first.is_closed() is not is_stalled
        try:
            await first.execute("SELECT 1")
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as wrong:
            return taken, wrong
        return taken, None

    try:
        began = monotonic()
        taken, wrong = world.loop.run_until_complete(waits())
        assert taken == after
        if is_stalled:
            assert isinstance(wrong, asyncpg.ConnectionDoesNotExistError)
            assert type(wrong.__cause__) is reason
        else:
            assert isinstance(wrong, asyncpg.InterfaceError)
        assert stores.expired.total() == 1
        assert monotonic() - began < 10.0
    finally:
        world.loop.close()
        stores.close()


def _locked_table(address: str) -> None:
    async def create() -> None:
        connection = await asyncpg.connect(plain_address(address))
        await connection.execute("CREATE TABLE locked AS SELECT 0 AS taken")
        await connection.close()

    asyncio.run(create())


def test_a_seed_is_begun_only_if_it_would_end_in_time() -> None:
    """Seeds of ten seconds fill half a minute and no more, and a slower one leaves room for fewer."""
    now = [0.0]
    budget = Budget(30.0, clock=lambda: now[0])
    for seconds in (10.0, 10.0, 9.0):
        assert budget.has_room()
        now[0] += seconds
        budget.took(seconds)
    assert not budget.has_room()
    slow = Budget(30.0, clock=lambda: now[0])
    now[0] += 20.0
    slow.took(20.0)
    assert not slow.has_room()
    assert Budget(None).has_room()


def test_a_stop_that_was_left_behind_ends_no_statement() -> None:
    """A loop that stops before its task is done goes on, and ends in time where the task takes longer."""
    loop = asyncio.new_event_loop()
    try:
        loop.call_soon(loop.stop)
        assert drive(loop, loop.create_task(asyncio.sleep(0.02)), 60.0)
        longer = loop.create_task(asyncio.sleep(60.0))
        assert not drive(loop, longer, 0.02)
        longer.cancel()
        assert drive(loop, longer, 60.0)
    finally:
        loop.close()


def test_the_seeds_have_every_fault() -> None:
    """Each fault occurs in the seeds of every run, and a restored owner too."""
    steps = {step.what for seed in SEEDS for step in steps_of(seed)}
    assert {*NAMES, "restore"} <= steps


def test_shrinking_leaves_the_steps_that_matter() -> None:
    """Of many steps those two are left without which it does not fail, in their order."""
    tried: list[int] = []

    def fails(steps: Any) -> bool:
        tried.append(1)
        return {5, 17} <= set(steps)

    assert shrunk(range(24), fails) == [5, 17]
    assert len(tried) <= 40


def test_shrinking_ends_within_its_tries() -> None:
    """Shrinking keeps all steps, and ends, if none can be left out."""
    tried: list[int] = []

    def never(_: object) -> bool:
        tried.append(1)
        return False

    assert shrunk(range(100), never, tries=10) == list(range(100))
    assert len(tried) == 10
