"""Solve and explain a large market without storing its pairs: the columns, swept by the compiled kernels.

A sweep gives the same matching, ranks and blocking pairs as `Pairs`; its memory grows with the people and the bits of
the feasible pairs. Threads share the rows of a sweep if no row depends on another.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import kernels
from services.matching.engine.kernels import NAMED_LONG, NAMED_SHORT, NOBODY_MORE, NONE, Facts, State, Summary
from services.matching.engine.problem.problem import Problem, Rules, Weight
from services.matching.engine.rules import criteria
from services.matching.engine.rules.columns import Columns
from services.matching.engine.rules.scores import hashes

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

WISHES_HELD = 16
"""So many of the next seats of a candidate are found at once."""
_LEAST_ROWS = 256
_LEAST_PAIRS = 1 << 16
"""For fewer pairs than this, to start a thread takes longer than to weigh them."""
_THREADS = max(1, min(4, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a matching: countries of the candidates, free places, shares, and the part used by fixed pairs."""

    country: Sequence[int]
    countries: int
    free: Sequence[int]
    shares: Sequence[int]
    used: Sequence[Mapping[int, int]]


class Sweep:
    """The rows of one market; `funnel[i]` counts the seats left before the first rule and after each."""

    def __init__(self, facts: Facts, limits: Limits, rules: Rules) -> None:
        people, self._words = len(limits.country), facts.bits.shape[1]
        self.facts, self._rules = facts, rules
        self._scored = facts._replace(
            applicant=_weights(rules, len(facts.applicant), "applicant"), host=_weights(rules, len(facts.host), "host")
        )
        self.country = np.array(limits.country, np.int32)
        self._limits, self._free, self._shares = limits, _places(limits), _shares(limits)
        self._changed: tuple[int, Integers, Integers] = NONE, *(np.zeros(0, np.int64),) * 2
        self._last: tuple[tuple[bytes, tuple[int, ...]], Summary] | None = None
        self.left = np.empty((people, self._words), np.uint64)
        self.funnel = np.empty((people, facts.rules + 1), np.int32)
        _in_parts(people, lambda low, high: kernels.feasible(facts, low, high, self.left, self.funnel))

    def with_row(self, candidate: int, seats: Integers, keys: Integers) -> "Sweep":
        """Return a sweep that admits as if a candidate had these seats to ask, best first.

        It serves for nothing else.
        """
        return self._but(_changed=(candidate, seats, keys))

    def with_limits(self, free: Sequence[int], shares: Sequence[int]) -> "Sweep":
        """Return the sweep of the same pairs with other free places (none of them 0 before) and shares."""
        limits = replace(self._limits, free=free, shares=shares)
        return self._but(_limits=limits, _free=_places(limits), _shares=_shares(limits), _last=None)

    def _but(self, **parts: Any) -> "Sweep":
        """Return a copy with some parts changed; the others are shared."""
        other = copy(self)
        vars(other).update(parts)
        return other

    @property
    def feasible_pairs(self) -> int:
        """The number of pairs that meet all hard rules."""
        return int(self.funnel[:, -1].sum(dtype=np.int64))

    def admitted(self, out: Collection[int] = ()) -> State:
        """Run deferred acceptance of all candidates but those in `out`."""
        state = self._state()
        self._admit(state, [candidate for candidate in range(len(self.country)) if candidate not in out], self._changed)
        return state

    def settled(self, assigned: Sequence[int]) -> State:
        """Return the state of an assignment."""
        state = self._state()
        state.seat[:] = assigned
        kernels.settle(self.facts, state, self._shares, self.country, self._free)
        return state

    def enters(self, state: State, candidate: int, seats: Sequence[int], keys: Sequence[int]) -> bool:
        """Return whether a candidate without a seat would get one by asking these, best first.

        The state is not changed.
        """
        trial = State._make(part.copy() for part in state)
        self._admit(trial, [candidate], (candidate, np.array(seats), np.array(keys)))
        return bool(trial.seat[candidate] != NONE)

    def summary(self, assigned: Sequence[int], stopped: Collection[int] = ()) -> Summary:
        """Return the result of an assignment for each candidate; countries in `stopped` may send nobody more."""
        key = (np.array(assigned, np.int32).tobytes(), tuple(sorted(stopped)))
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        state, people = self.settled(assigned), len(self.country)
        halted = np.zeros(self._limits.countries, np.int8)
        halted[list(stopped)] = 1
        numbers = (np.zeros(people, np.int32) for _ in range(5))
        summary = Summary._make((*numbers, np.zeros((people, len(self.facts.applicant)), np.int8)))
        _in_parts(
            people,
            lambda low, high: kernels.summarise(self.facts, self.left, state, self.country, halted, low, high, summary),
        )
        summary = summary._replace(
            gain=self._rules.gain_of(summary.gain),
            preference=self._rules.preference_of(summary.preference),
            points=summary.points[:, : len(criteria.CRITERIA)],
        )
        self._last = (key, summary)
        return summary

    def terms_of(self, assigned: Sequence[int]) -> tuple[Integers, Integers]:
        """Return how each candidate orders his or her seat, and how it orders the candidate; NONE for no seat."""
        wish, key = np.empty(len(self.country), np.int64), np.empty(len(self.country), np.int64)
        kernels.terms_of(self.facts, np.array(assigned, np.int32), wish, key)
        return wish, key

    def weights(self) -> tuple[Integers, NDArray[Any], NDArray[Any]]:
        """Return where the row of each candidate starts, and seat and weight of every feasible pair.

        4 to 8 bytes a pair.
        """
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.funnel[:, -1], dtype=np.int64)])
        short = np.int16 if self.facts.named_bit == kernels.NAMED_SHORT else np.int32
        seat = np.empty(int(starts[-1]), np.int16 if len(self._free) <= np.iinfo(np.int16).max else np.int32)
        weight, like = np.empty(len(seat), short), np.empty(0, short)
        _in_parts(
            len(self.country),
            lambda low, high: kernels.weigh(self._scored, self.left, starts, low, high, seat, weight, like),
            len(seat) // _LEAST_PAIRS,
        )
        return starts, seat, weight

    def ties(self, owner: Integers, seat: Integers) -> Integers:
        """Return the published tie-breaks of some pairs."""
        tie = np.empty(len(owner), np.int64)
        kernels.ties(self.facts, owner, seat, tie)
        return tie

    def sums(self) -> tuple[Integers, Integers]:
        """Return both scores of all feasible pairs, summed up for each candidate."""
        people, state = len(self.country), self._state()
        gain, preference = np.zeros(people, np.int64), np.zeros(people, np.int64)
        _in_parts(people, lambda low, high: kernels.sums(self._scored, self.left, state, low, high, gain, preference))
        return gain, preference

    def pairs(self) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        """Return all feasible pairs, row by row in the order of the wish: starts, seats, keys and both scores."""
        state, starts = (
            self._state(),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(self.funnel[:, -1], dtype=np.int64)]),
        )
        seat, key, gain, preference = (np.empty(int(starts[-1]), np.int64) for _ in range(4))
        _in_parts(
            len(self.country),
            lambda low, high: kernels.fill(
                self.facts, self.left, state, starts, low, high, seat, key, gain, preference
            ),
        )
        return starts, seat, key, self._rules.gain_of(gain), self._rules.preference_of(preference)

    def column(self, seat: int) -> tuple[Integers, Integers, Integers]:
        """Return those for whom a seat is feasible, how each orders it, and how it orders them (greater is better)."""
        wish, key = np.empty(len(self.country), np.int64), np.empty(len(self.country), np.int64)
        kernels.column(self.facts, self.left, seat, wish, key)
        owner = np.flatnonzero(key != NONE)
        return owner, wish[owner], key[owner]

    def _admit(self, state: State, entering: Sequence[int], changed: tuple[int, Integers, Integers]) -> None:
        """Let candidates enter; the list of one (NONE: nobody's) is `changed`."""
        candidate, seats, keys = changed
        kernels.admit(
            self.facts,
            self.left,
            state,
            self._shares,
            self.country,
            self._free,
            np.array(entering, np.int32),
            candidate,
            seats.astype(np.int32),
            keys.astype(np.int64),
        )

    def _state(self) -> State:
        """Return an empty state: no seat is taken, nobody has asked."""
        people, seats, width = len(self.country), len(self._free), self._words * 64
        short = np.int16 if self.facts.named_bit == kernels.NAMED_SHORT else np.int32
        room = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._free, dtype=np.int64)])
        taken = np.zeros((seats, self._limits.countries), np.int32)
        for seat, used in enumerate(self._limits.used):
            for country, count in used.items():
                taken[seat, country] = count
        least = np.full(width, -1, np.int64)
        least[:seats][self._free == 0] = NOBODY_MORE
        least_of = np.full((self._limits.countries, width), -1, np.int64)
        least_of[:, :seats][(taken >= self._shares[:, None]).T] = NOBODY_MORE
        top = np.iinfo(short).max if short is np.int16 else 2 * self.facts.named_bit - 1
        return State(
            room=room,
            size=np.zeros(seats, np.int32),
            who=np.zeros(int(room[-1]) + 1, np.int32),
            key=np.zeros(int(room[-1]) + 1, np.int64),
            taken=taken,
            least=least,
            least_short=np.where(least == NOBODY_MORE, top, NONE).astype(short),
            least_of=least_of,
            least_of_short=np.where(least_of == NOBODY_MORE, top, NONE).astype(short),
            seat=np.full(people, NONE, np.int32),
            wish=np.zeros((people, WISHES_HELD), np.int32),
            wish_key=np.zeros((people, WISHES_HELD), np.int64),
            at=np.zeros(people, np.int32),
            length=np.zeros(people, np.int32),
            more=np.ones(people, np.int8),
        )


def _places(limits: Limits) -> NDArray[np.int32]:
    return np.minimum(np.array(limits.free, np.int64), len(limits.country)).astype(np.int32)


def _shares(limits: Limits) -> NDArray[np.int32]:
    return np.minimum(np.array(limits.shares, np.int64), np.iinfo(np.int32).max).astype(np.int32)


def swept(columns: Columns, problem: Problem, seat_hashes: Words, limits: Limits) -> Sweep | None:
    """Return the sweep of a market; None if points or counts do not fit into a byte (no contract allows such)."""
    try:
        table = columns.narrow_table()
    except OverflowError:
        return None
    if not columns.counts_fit():
        return None
    allowed, earned = columns.allowed().joined(), columns.earned().joined()
    seat_hash = np.zeros(columns.words * 64, np.uint64)
    seat_hash[: len(seat_hashes)] = seat_hashes
    own_hash = hashes(problem.seed, "candidate", [candidate.id for candidate in columns.candidates])
    rules, orders = problem.rules, [term for term in criteria.ORDERS if term.used(problem.rules)]
    counted = [*(measure.up_to for measure in criteria.CRITERIA), *(0 for _ in orders)]
    # The order of either side is a sum too: what `Rules.wanted` makes of all points but the wish, and of the wish.
    applicant = rules.wanted(_weights(rules, len(counted), "applicant"), 0)
    host = rules.valued(_weights(rules, len(counted), "host"), 0)
    for place, term in enumerate(orders, len(criteria.CRITERIA)):
        if term is criteria.WISHED:
            applicant[place] = rules.wanted(0, 1)
        else:
            host[place] = rules.valued(0, 1)
    named_by, named = columns.named()
    start = columns.start
    facts = Facts(
        rules=len(criteria.REQUIREMENTS),
        bits=columns.bits,
        allowed_at=allowed.starts,
        allowed=allowed.rows,
        start=start.astype(np.int32),
        table=table,
        earned_at=earned.starts,
        earned=earned.rows,
        counted=np.array(counted, np.int32),
        applicant=applicant,
        host=host,
        named_at=np.searchsorted(named_by, np.arange(len(own_hash) + 1)).astype(np.int32),
        named=named.astype(np.int32),
        named_bit=NAMED_SHORT if max(rules.widest, rules.widest_choice) < NAMED_SHORT else NAMED_LONG,
        own_hash=own_hash,
        seat_hash=seat_hash,
    )
    return Sweep(facts, limits, rules)


def _weights(rules: Rules, size: int, side: Literal["applicant", "host"]) -> NDArray[np.int32]:
    """Return the weights of a side's criteria; any part after these counts nothing."""
    weights = np.zeros(size, np.int32)
    weights[: len(criteria.CRITERIA)] = [
        getattr(rules.weights.get(measure.criterion, Weight(0, 0)), side) for measure in criteria.CRITERIA
    ]
    return weights


def _in_parts(rows: int, sweep: Callable[[int, int], None], most: int = _THREADS) -> None:
    """Sweep all rows, parts of them at the same time in as many threads as pay, at `most` so many."""
    parts = min(_THREADS, rows // _LEAST_ROWS, most)
    if parts <= 1:
        sweep(0, rows)
        return
    cuts = [rows * part // (4 * parts) for part in range(4 * parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(sweep, cuts[:-1], cuts[1:]))
