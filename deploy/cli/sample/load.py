"""Load the sample programme day by day, each person through the JSON API with his or her own token.

The local clock starts 53 weeks back and is moved from day to day; each day's effects are awaited before the next. The
steps of one day rest on those of earlier days only.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from deploy.cli.client import People
from deploy.cli.lag import Lag
from deploy.cli.progress import bar
from deploy.cli.sample import interventions, open_call, oversight, past_call, publication, register, targets
from deploy.cli.sample.context import LoadContext
from deploy.cli.sample.plan import BELARUS_SUSPENDED, CALLS
from deploy.cli.sample.programme import generate
from deploy.cli.system import Failed
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.cli.sample.days import Days
    from deploy.cli.system import System

ENDS = "TANDEM_SAMPLE_ENDS"
"""Names by how many seconds the clock is ahead of real time in the end."""
MORNING = time(9, tzinfo=UTC)
Step = tuple[date, str, "Callable[[LoadContext], Awaitable[None]]"]


def steps(days: Days) -> list[Step]:
    """Return all steps in their order: the day, what is done in words, how."""
    past = [
        (-364, "Organisations, people and partners", register.enter),
        (targets.SET_ON, "Baselines and targets", targets.enter_targets),
        (publication.GROUPED_ON, "Groupings of figures", publication.choose_groupings),
        *past_call.STEPS,
        (publication.FIRST_HALF_ON, "Figures of the applications are published", publication.publish_applications),
        (BELARUS_SUSPENDED, "Belarus is suspended", register.suspend_belarus),
    ]
    recent = [*open_call.STEPS, *interventions.STEPS, *oversight.STEPS, *publication.STEPS, *register.STEPS]
    found = [(days.past(count), words, act) for count, words, act in past]
    found += [(days.recent(count), words, act) for count, words, act in recent]
    return sorted(found, key=lambda step: step[0])


def end() -> datetime:
    """Return the time that the clock shows when all is loaded: now, unless the run has a clock that is ahead."""
    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get(ENDS) or 0))


async def load(system: System, seed: int) -> str | None:
    """Load the programme; return what was loaded, in words, or None if it was loaded before.

    Raises `Failed` outside of a new local run.
    """
    if not system.local or not clock.movable():
        raise Failed("The sample programme can be loaded into a local run only.")
    async with People(system, direct=True) as people:
        # Asked first: to follow the services costs seconds.
        if await _is_loaded(people):
            return None
    async with People(system, direct=True) as people, Lag(system) as lag:
        room = LoadContext(system, people, generate(end().date(), seed), system.env.get("TANDEM_MAIL_URL"))
        if clock.today() > room.programme.days.begins + timedelta(days=1):
            raise Failed(
                "The sample programme begins a year ago, so it needs a new run. Start over with: make clean && make run"
            )
        plan = steps(room.programme.days)
        with bar("The sample programme", len(plan) + 1) as progress:
            for done, (day, words, act) in enumerate(plan):
                progress.at(done, words=words)
                to_day(day)
                await act(room)
                if done + 1 == len(plan) or plan[done + 1][0] != day:
                    await lag.settled()
            progress.at(len(plan), words="Today")
            clock.move(max(timedelta(), end() - clock.now()))
            await lag.settled()
    return room.summary()


async def _is_loaded(people: People) -> bool:
    """Return whether all calls are there, so that the loading went so far. Raises `Failed` when it was cut off."""
    calls = (await people.get("persona-programme", "/applications/api/v1/calls"))["items"]
    if calls and clock.now() < end() - timedelta(days=1):
        raise Failed("Loading was cut off before. Start over with: make clean && make run")
    return len(calls) >= len(CALLS)


def to_day(day: date) -> None:
    """Move the clock to the morning of a day; a moment later if it is past that."""
    wanted = datetime.combine(day, MORNING)
    clock.move(max(wanted - clock.now(), timedelta(seconds=1)))
