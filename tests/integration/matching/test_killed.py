"""Two instances are killed in turn in the middle of committing cohorts: is any place given twice?"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.matching.conftest import World

_KILLS = 4


async def _instance(world: World, store_address: str) -> asyncio.subprocess.Process:
    """An instance that is ready to commit."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.matching.committing",
        store_address,
        str(world.call_id),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while (line := await process.stdout.readline()).strip() != b"ready":
            assert line, "the instance ended before it was ready"
    return process


def _go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def test_no_place_is_given_twice_whoever_is_killed(world: World, store_address: str) -> None:
    """Kill after kill, while officers arrive: each has one match, no place is taken twice, what is told stands."""
    await world.call(share_of_offer=100)
    for _ in range(4):
        await world.offer(places=3, group_size=1, periods=[one | {"places_per_week": 5} for one in world.period()])
    first, second = await asyncio.gather(_instance(world, store_address), _instance(world, store_address))
    running = [first, second]
    try:
        for kill in range(_KILLS):
            for country in ("MD", "GE", "AM"):
                await world.officer(country)
            for process in running:
                _go(process)
            # Now at the beginning of a commit, now later: each kill strikes another moment of it.
            await asyncio.sleep(0.02 + 0.05 * kill)
            victim = running.pop(0)
            victim.kill()
            await victim.wait()
            running.append(await _instance(world, store_address))
        _go(running[-1])
        for _ in range(600):
            if len(await world.rows("SELECT 1 FROM match WHERE state = 'proposed'")) == 12:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the instance that was left did not fill the places")
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    over = await world.rows("SELECT seat_id, count(*) AS taken FROM match GROUP BY seat_id HAVING count(*) > 3")
    assert over == []
    twice = await world.rows("SELECT application_id FROM match GROUP BY application_id HAVING count(*) > 1")
    assert twice == []
    proposed = {subject for subject, _ in await world.told("MatchProposed")}
    assert proposed == {str(row.id) for row in await world.rows("SELECT id FROM match")}
    explained = [event for _, event in await world.told("MatchExplained")]
    assert {str(event.match_id) for event in explained} == proposed  # type: ignore[attr-defined]
    runs = await world.rows("SELECT cohort, count(*) AS number FROM run GROUP BY cohort HAVING count(*) > 1")
    assert runs == [], "a cohort was committed twice"
