"""Follow a problem that is passed in again after each change: apply the differences, or run from scratch.

The outcome always equals a run from scratch. A run is made if rules, seed or day have changed, if so much has changed
that a run is quicker, and if a ceiling or floor of a country binds, or for the highest sum a share can.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from threading import Lock
from typing import Protocol, TypeVar

from services.matching.engine.explain.receipt import Why
from services.matching.engine.live.matching import LiveMatching, Move, can_follow
from services.matching.engine.matching import Pair, Result
from services.matching.engine.problem.problem import Problem
from services.matching.engine.rules.hard_rules import HardRules
from shared.contracts.codes import HardRule, Objective

_FEW = 50
_ONE_IN = 20
"""So many changes, or one in so many candidates and seats, are followed one by one; above it a run is quicker."""

T = TypeVar("T")
Event = Callable[[], tuple[Move, ...]]


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why a candidate has no seat: the engine's code, the last hard rule, and the number of seats left."""

    why: Why
    rule: HardRule | None
    feasible: int


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a run for a follower: its matching if that can be followed, and the seats' prices if any."""

    problem: Problem
    matching: Mapping[str, str] | None = None
    prices: Mapping[str, int] | None = None


class Outcome(Protocol):
    """The outcome of a matching, followed or run."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs by candidate id."""

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of candidates without a seat, in order."""

    def reason(self, candidate_id: str) -> Reason:
        """Return why a candidate has no seat."""


class Ran:
    """The outcome of a run from scratch."""

    def __init__(self, result: Result) -> None:
        self._result = result

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs by candidate id."""
        return self._result.pairs

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of candidates without a seat, in order."""
        return self._result.unmatched

    def reason(self, candidate_id: str) -> Reason:
        """Return why a candidate has no seat."""
        receipt = self._result.receipt(candidate_id, effort=0)
        rule = next((step.rule for step in receipt.funnel if step.removed and not step.remaining), None)
        return Reason(receipt.why, rule, receipt.feasible)


class Followed:
    """The outcome after events: a view that is valid until the next one."""

    def __init__(self, live: LiveMatching) -> None:
        self._live = live

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs by candidate id."""
        pairs = (self._live.pair_of(candidate_id) for candidate_id in sorted(self._live.pool))
        return tuple(pair for pair in pairs if pair is not None)

    @cached_property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of candidates without a seat, in order."""
        return tuple(
            candidate_id for candidate_id in sorted(self._live.pool) if self._live.seat_of(candidate_id) is None
        )

    @cached_property
    def _rules(self) -> HardRules:
        return HardRules(self._live.problem, tuple(self._live.seats.values()))

    def reason(self, candidate_id: str) -> Reason:
        """Return why a candidate has no seat."""
        feasible = self._live.open_seats(candidate_id)
        if feasible:
            return Reason(Why.OUTRANKED, None, feasible)
        funnel = self._rules.ask(self._live.pool[candidate_id]).funnel()
        rule = next((step.rule for step in funnel if step.removed and not step.remaining), None)
        return Reason(Why.NO_FEASIBLE_SEAT, rule, 0)


class Follower:
    """Follows one problem; `run` is a run from scratch. `events` and `runs` count both ways.

    If `follow` raises, the next call begins with a run. The result of a run is taken up as a state to follow when it is
    needed, or before that by `begin`, which may be called in another thread. For a large call that takes seconds, so
    `follow` does not wait for it: until it is ready each change costs a run, and then the changes since are followed.
    """

    def __init__(self, run: Callable[[Problem], Result]) -> None:
        self._run = run
        self._live: LiveMatching | None = None
        self._found: Found | None = None
        self._alone = Lock()
        self.events = 0
        self.runs = 0

    def follow(self, problem: Problem) -> Outcome:
        """Return the matching of the present problem."""
        if not self._alone.acquire(blocking=False):
            self.runs += 1
            return Ran(self._run(problem))
        try:
            if self._found is not None and not _goes_on(self._found.problem, problem):
                self._found = None
            live = self._taken_up()
            if live is not None and _goes_on(live.problem, problem):
                events = differences(live, problem)
                if len(events) <= max(_FEW, (len(problem.candidates) + len(problem.seats)) // _ONE_IN):
                    return self._led_to(live, problem, events)
            return self._run_again(problem)
        finally:
            self._alone.release()

    @property
    def waits(self) -> bool:
        """Return whether `begin` has something to do."""
        return self._found is not None

    def begin(self) -> None:
        """Take up the result of a run, so that the next call need not."""
        with self._alone:
            self._taken_up()

    @property
    def followed(self) -> tuple[Problem, Mapping[str, str]] | None:
        """Return the followed problem and the matching that events have led to; None if there is none to check."""
        live = self._live
        return (live.problem, live.matching) if live is not None and live.within_quotas() else None

    @property
    def pairs(self) -> int:
        """The number of pairs (candidates times seats) in memory."""
        return 0 if self._live is None else len(self._live.pool) * len(self._live.seats)

    def _taken_up(self) -> LiveMatching | None:
        if self._found is not None:
            found = self._found
            self._found, self._live = None, None
            self._live = LiveMatching(found.problem, found.matching, found.prices)
        return self._live

    def _led_to(self, live: LiveMatching, problem: Problem, events: Sequence[Event]) -> Outcome:
        self._live = None  # what breaks in the middle is not gone on with
        for happen in events:
            happen()
        self._live = live
        if live.within_quotas():
            self.events += len(events)
            return Followed(live)
        self.runs += 1
        return Ran(self._run(problem))

    def _run_again(self, problem: Problem) -> Outcome:
        self.runs += 1
        self._live = None
        result = self._run(problem)
        if can_follow(problem):
            quotas = problem.rules.ceilings or problem.rules.floors
            best = problem.rules.objective is Objective.MOST_GOOD
            self._found = Found(problem, None if quotas else result.matching, result.seat_prices if best else None)
        return Ran(result)


def differences(live: LiveMatching, problem: Problem) -> list[Event]:
    """Return the events that lead from the followed problem to another with the same day, seed and rules."""
    fixed = {pair.candidate_id: pair for pair in problem.fixed}
    pool = {candidate.id: candidate for candidate in problem.candidates if candidate.id not in fixed}
    seats = {seat.id: seat for seat in problem.seats}
    freed = [candidate_id for candidate_id, pair in live.fixed.items() if fixed.get(candidate_id) != pair]
    events: list[Event] = [partial(live.release, candidate_id) for candidate_id in freed]
    # Fixed pairs first, while their candidates still hold the place: then nobody moves for it.
    events += [partial(live.fix, pair) for candidate_id, pair in fixed.items() if live.fixed.get(candidate_id) != pair]
    events += [
        partial(live.leave, candidate_id)
        for candidate_id in live.pool
        if candidate_id not in pool and candidate_id not in fixed
    ]
    events += [partial(live.close, seat_id) for seat_id in live.seats if seat_id not in seats]
    events += _changes(live.seats, seats, live.alter, live.open)
    events += _changes(live.pool, pool, live.change, live.arrive)
    return events


def _changes(
    before: Mapping[str, T],
    after: Mapping[str, T],
    change: Callable[[T], tuple[Move, ...]],
    new: Callable[[T], tuple[Move, ...]],
) -> list[Event]:
    """Return what is new, and what has changed; identical objects are skipped first, which is most of them."""
    events: list[Event] = []
    for name, entry in after.items():
        known = before.get(name)
        if known is None:
            events.append(partial(new, entry))
        elif known is not entry and known != entry:
            events.append(partial(change, entry))
    return events


def _goes_on(first: Problem, second: Problem) -> bool:
    """Return whether the second can be followed from the first: only candidates, seats and fixed pairs may differ."""
    same = (first.call_id, first.day, first.seed, first.rules) == (
        second.call_id,
        second.day,
        second.seed,
        second.rules,
    )
    return same and can_follow(second)
