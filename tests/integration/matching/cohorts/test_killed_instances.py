"""Commits by two instances that are killed in turn: no place is given twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from tests.integration.matching.commit_until_killed import commit
from tests.processes import forked
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from tests.integration.matching.conftest import World

_KILLS = 4


class Instance(NamedTuple):
    """A process that commits, and its control."""

    process: BaseProcess
    pipe: Connection

    def go(self) -> None:
        """Let it start or continue."""
        self.pipe.send("go")

    def kill(self) -> None:
        """Kill it by SIGKILL, and wait for its end."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _instance(world: World, store_address: str) -> Instance:
    """Return an instance that is ready to commit."""
    context = forked("tests.integration.matching.commit_until_killed")
    mine, theirs = context.Pipe()
    process = context.Process(target=commit, args=(store_address, world.call_id, theirs), daemon=True)
    process.start()
    theirs.close()
    assert mine.poll(PATIENCE)
    assert mine.recv() == "ready", "the instance ended before it was ready"
    return Instance(process, mine)


async def test_no_place_is_given_twice_after_kills(world: World, store_address: str) -> None:
    """After repeated kills while officers arrive, each has one match, no place is taken twice, published facts hold."""
    await world.call(share_of_offer=100)
    for _ in range(4):
        await world.offer(
            places=3, group_size=1, periods=[period | {"places_per_week": 5} for period in world.period()]
        )
    running = [await asyncio.to_thread(_instance, world, store_address) for _ in range(2)]
    try:
        for kill in range(_KILLS):
            for country in ("MD", "GE", "AM"):
                await world.officer(country)
            for process in running:
                process.go()
            # Now at the beginning of a commit, now later: each kill strikes another moment of it.
            await asyncio.sleep(0.02 + 0.05 * kill)
            running.pop(0).kill()
            running.append(await asyncio.to_thread(_instance, world, store_address))
        running[-1].go()

        async def full() -> bool:
            return len(await world.rows("SELECT 1 FROM match WHERE state = 'proposed'")) == 12

        await until(full, "the instance that was left fills the places")
    finally:
        for process in running:
            process.kill()
    over = await world.rows("SELECT seat_id, count(*) AS taken FROM match GROUP BY seat_id HAVING count(*) > 3")
    assert over == []
    twice = await world.rows("SELECT application_id FROM match GROUP BY application_id HAVING count(*) > 1")
    assert twice == []
    proposed = {subject for subject, _ in await world.facts("MatchProposed")}
    assert proposed == {str(row.id) for row in await world.rows("SELECT id FROM match")}
    explained = [event for _, event in await world.facts("MatchExplained")]
    assert {str(event.match_id) for event in explained} == proposed
    runs = await world.rows("SELECT cohort, count(*) AS number FROM run GROUP BY cohort HAVING count(*) > 1")
    assert runs == [], "a cohort was committed twice"
