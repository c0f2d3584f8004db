"""Load the sample programme day by day, each person through the JSON API with his or her own token.

The local clock starts a year back and is moved from day to day; each day's effects are awaited before the next.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from deploy.cli.client import People
from deploy.cli.lag import Lag
from deploy.cli.progress import bar
from deploy.cli.sample import open_call, past_call, targets
from deploy.cli.sample.context import LoadContext
from deploy.cli.sample.plan import BELARUS_SUSPENDED, Programme
from deploy.cli.sample.programme import generate
from deploy.cli.sample.register import enter, keep_up, suspend_belarus
from deploy.cli.system import Failed
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.cli.system import System

YEAR = timedelta(days=365)
KEPT_UP = -2
"""On this day, counted from the last one, the register is brought up to date."""
MORNING = time(9, tzinfo=UTC)
Step = tuple[int, str, "Callable[[LoadContext], Awaitable[None]]"]


def steps() -> list[Step]:
    """Return all steps by day: (day counted from the last one, what is done in words, how)."""
    return sorted(
        [
            (-364, "Organisations, people and partners", enter),
            (targets.SET_ON, "Baselines and targets", targets.enter_targets),
            *past_call.STEPS,
            (BELARUS_SUSPENDED, "Belarus is suspended", suspend_belarus),
            *open_call.STEPS,
            (KEPT_UP, "Needs, deputies and access", keep_up),
        ],
        key=lambda step: step[0],
    )


async def load(system: System, seed: int) -> str | None:
    """Load the programme; return what was loaded, in words, or None if it was loaded before.

    Raises `Failed` outside of a new local run.
    """
    if not system.local or not clock.movable():
        raise Failed("The sample programme goes into a local run only.")
    async with People(system, direct=True) as people:
        # Asked first: to follow the services costs seconds.
        if await _is_loaded(people):
            return None
    async with People(system, direct=True) as people, Lag(system) as lag:
        chance = random.Random(seed)  # noqa: S311 - no secrets
        room = LoadContext(people, generate(datetime.now(UTC).date(), seed), chance, system.env.get("TANDEM_MAIL_URL"))
        if clock.offset() > -YEAR + timedelta(days=1):
            raise Failed(
                "The sample programme begins a year ago, so it goes into a new run only. "
                "Start over with: make clean && make run"
            )
        plan = steps()
        with bar("The sample programme", len(plan) + 1) as progress:
            for done, (day, words, act) in enumerate(plan):
                progress.at(done, words=words)
                to_day(room.programme, day)
                await act(room)
                await lag.settled()
            progress.at(len(plan), words="Today")
            clock.move(max(timedelta(), -clock.offset()))
            await lag.settled()
    return room.summary()


async def _is_loaded(people: People) -> bool:
    """Return whether both calls are there, so that the loading went so far. Raises `Failed` when only one is."""
    calls = (await people.get("persona-programme", "/applications/api/v1/calls"))["items"]
    if calls and clock.offset() < timedelta(0):
        raise Failed("Loading was cut off before. Start over with: make clean && make run")
    return len(calls) > 1


def to_day(programme: Programme, day: int) -> None:
    """Move the clock to the morning of a day counted from the programme's last; a moment later if it is past that."""
    wanted = datetime.combine(programme.today + timedelta(days=day), MORNING)
    clock.move(max(wanted - clock.now(), timedelta(seconds=1)))
