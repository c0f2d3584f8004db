"""Keep the engine's state of a call between two matchings and feed it with the changes since.

The state is in memory while the instance has the call's lease. It depends on the facts alone, so another instance
starts with a run from scratch and gets the same result; until the state is ready, each change costs a run. It is
compared now and then with a run in the background; a difference, which must not happen, is logged and counted, and the
follower starts again.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import structlog

from services.matching import metrics
from services.matching.engine.live.follower import Follower
from services.matching.provisional.model.problem import each_kind, from_scratch
from services.matching.provisional.snapshot import KnownRows

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from services.matching.engine.live.follower import Outcome
    from services.matching.engine.problem.problem import Problem
    from services.matching.provisional.model.problem import Facts
    from shared.contracts.codes import ApplicationKind

log = structlog.get_logger(__name__)

CHECK_EVERY = 200
"""After so many followed changes, and after the first, a matching is compared with a run from scratch."""
MOST_PAIRS = 120_000_000
"""An instance keeps no more pairs (candidates times seats) of all its calls in memory: 2.4 GB."""


class CallFollower:
    """The followers of one call, one a kind of application."""

    def __init__(self, check_every: int = CHECK_EVERY) -> None:
        self._check_every = check_every
        self.known = KnownRows()
        self._followers: dict[ApplicationKind, Follower] = {}
        self._unchecked: dict[ApplicationKind, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._equal = True

    @property
    def pairs(self) -> int:
        """The number of pairs kept in memory."""
        return sum(follower.pairs for follower in self._followers.values())

    @property
    def events(self) -> int:
        """The number of changes that were followed one by one."""
        return sum(follower.events for follower in self._followers.values())

    @property
    def runs(self) -> int:
        """The number of runs from scratch."""
        return sum(follower.runs for follower in self._followers.values())

    def forget(self) -> None:
        """Drop the state: the next matching is a run from scratch."""
        self.known = KnownRows()
        self._followers.clear()
        self._unchecked.clear()

    async def match(self, facts: Facts) -> Mapping[ApplicationKind, Outcome]:
        """Return the matching of each kind that the call takes; computed in a thread."""
        started = perf_counter()
        outcomes = await asyncio.to_thread(each_kind, facts, self._find)
        metrics.SECONDS.observe(perf_counter() - started)
        for kind, follower in self._followers.items():
            if follower.waits:
                self._aside(asyncio.to_thread(follower.begin))
            elif self._unchecked[kind] >= self._check_every and (kept := follower.followed) is not None:
                self._unchecked[kind] = 0
                self._aside(self._check(kind, *kept))
        return outcomes

    async def checked(self) -> bool:
        """Wait for background tasks; return whether all checks since the last time found no difference."""
        await asyncio.gather(*self._tasks)
        equal, self._equal = self._equal, True
        return equal

    def _aside(self, what: Coroutine[object, object, None]) -> None:
        """Run a task in the background, beside the next matchings."""
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (wrong := task.exception()) is not None:
            log.error("what was done beside a matching failed; the next one goes without it", exc_info=wrong)

    def _find(self, kind: ApplicationKind, problem: Problem) -> Outcome:
        follower = self._followers.setdefault(kind, Follower(from_scratch))
        self._unchecked.setdefault(kind, self._check_every - 1)
        events, runs = follower.events, follower.runs
        try:
            outcome = follower.follow(problem)
        except Exception:
            log.exception("a change cannot be followed; the call is matched from scratch", call=problem.call_id)
            follower = self._followers[kind] = Follower(from_scratch)
            events = runs = 0
            outcome = follower.follow(problem)
        metrics.FOLLOWED.inc(follower.events - events)
        metrics.SCRATCH.inc(follower.runs - runs)
        self._unchecked[kind] += follower.events - events
        return outcome

    async def _check(self, kind: ApplicationKind, problem: Problem, matching: Mapping[str, str]) -> None:
        """Compare a followed matching with a run from scratch, in the background."""
        scratch = await asyncio.to_thread(_matching, problem)
        metrics.CHECKED.inc()
        if scratch != matching:
            self._equal = False
            metrics.DIFFERED.inc()
            log.error("the matching that was followed is not that of a run from scratch", call=problem.call_id)
            self._followers.pop(kind, None)


def _matching(problem: Problem) -> Mapping[str, str]:
    return from_scratch(problem).matching
