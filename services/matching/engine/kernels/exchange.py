"""Find the chain of changes that raises the sum most when a candidate enters or a place falls free, in machine code.

The least-cost flow of a matching, kept optimal by one shortest path a change: Dijkstra's algorithm over the seats, at
costs reduced by the prices of the last optimum (Edmonds & Karp, "Theoretical improvements in algorithmic efficiency for
network flow problems", 1972; for one change of an optimum: Mills-Tettey, Stentz & Dias, "The dynamic Hungarian
algorithm for the assignment problem with changing costs", 2007).

A worth is two numbers, the points and below them the published tie-break, compared one after the other: any ordered
group serves duality as well as the whole numbers do. So the optimum is the one that a run chooses among all of the
highest sum. Names of pairs of numbers end in `_a` (points) and `_b` (tie-break).

Invariant between two changes: what a pair leaves the candidate (`left`) plus the price of the seat (`price`) is at
least its worth, and exactly its worth for a matched pair; a candidate without a seat is left with nothing; a free place
has no price. By duality the sum is then the highest.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.kernels.base import TIE_MASK, Bytes, Int, Long, Numbers, Word, Words, compiled

NOWHERE = -1
GONE = -2
"""The seat of a slot that nobody has."""

_FAR = np.int64(1 << 62)


class Exchange(NamedTuple):
    """The present matching, and the prices that prove it; the loops change its arrays.

    `worth[i, s]` are the points of a pair (0: not feasible), `worth_by_seat[s, i]` the same, `word` and `seat_word` the
    hashes that tie-breaks are mixed from. `who[s, :size[s]]` have seat s, of `free[s]` places.
    """

    worth: Numbers
    worth_by_seat: Numbers
    word: Words
    seat_word: Words
    at: Long
    who: Numbers
    size: Long
    free: Long
    left_a: Long
    left_b: Long
    price_a: Long
    price_b: Long


class Paths(NamedTuple):
    """The distances to seats: `dist`, through whom (`by`) and from where (`to`), for all that were reached.

    `near[:counts[0]]` are still to be scanned, `order[:counts[1]]` have been (`done`). `end` is the best known end of a
    path: both parts of its length, the seat with a free place, and the candidate who stays without.
    """

    dist_a: Long
    dist_b: Long
    by: Long
    to: Long
    near: Long
    order: Long
    done: Bytes
    counts: Long
    end: Long


@compiled
def tie_of(word: Word, seat_word: Word) -> Int:
    """Return the published tie-break of a pair, on the side of the seat (see `Scores.ties`)."""
    mixed = np.uint64(word + seat_word)
    mixed = np.uint64((mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    mixed = np.uint64((mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    mixed = np.uint64(mixed ^ (mixed >> np.uint64(31)))
    return np.int64(mixed & TIE_MASK)


@compiled
def put(state: Exchange, candidate: Int, seat: Int) -> None:
    """Give a candidate who has none a seat with a free place."""
    state.who[seat, state.size[seat]] = candidate
    state.size[seat] += 1
    state.at[candidate] = seat


@compiled
def take(state: Exchange, candidate: Int) -> None:
    """Take a candidate out of his or her seat."""
    seat = state.at[candidate]
    last = state.size[seat] - 1
    for place in range(last + 1):
        if state.who[seat, place] == candidate:
            state.who[seat, place] = state.who[seat, last]
            break
    state.size[seat] = last
    state.at[candidate] = NOWHERE


@compiled
def value(state: Exchange, candidate: Int, row: Numbers) -> None:
    """Compute what an entering candidate would be left with: the best of the worths of pairs (`row`) above prices."""
    best_a, best_b = np.int64(0), np.int64(0)
    for seat in range(len(row)):
        if row[seat] > 0:
            over = row[seat] - state.price_a[seat]
            if over >= best_a:
                tie = tie_of(state.word[candidate], state.seat_word[seat]) - state.price_b[seat]
                if over > best_a or tie > best_b:
                    best_a, best_b = over, tie
    state.left_a[candidate], state.left_b[candidate] = best_a, best_b


@compiled
def price(state: Exchange, seat: Int) -> None:
    """Compute the price of an empty seat: the most that a pair is worth above what candidates are left with."""
    best_a, best_b = np.int64(0), np.int64(0)
    for candidate in range(len(state.at)):
        worth = state.worth_by_seat[seat, candidate]
        if worth > 0 and state.at[candidate] != GONE:
            over = worth - state.left_a[candidate]
            if over >= best_a:
                tie = tie_of(state.word[candidate], state.seat_word[seat]) - state.left_b[candidate]
                if over > best_a or tie > best_b:
                    best_a, best_b = over, tie
    state.price_a[seat], state.price_b[seat] = best_a, best_b


@compiled
def _paths(seats: Int) -> Paths:
    """Return empty paths: nothing is reached, and no end is known."""
    return Paths(
        np.full(seats, _FAR),
        np.zeros(seats, np.int64),
        np.full(seats, NOWHERE),
        np.full(seats, NOWHERE),
        np.empty(seats, np.int64),
        np.empty(seats, np.int64),
        np.zeros(seats, np.int8),
        np.zeros(2, np.int64),
        np.array([_FAR, 0, NOWHERE, NOWHERE]),
    )


@compiled
def _end(paths: Paths, long_a: Int, long_b: Int, seat: Int, candidate: Int) -> None:
    """Keep this end of a path if it is the best so far."""
    end = paths.end
    if long_a < end[0] or (long_a == end[0] and long_b < end[1]):
        end[0], end[1], end[2], end[3] = long_a, long_b, seat, candidate


@compiled
def _reach(paths: Paths, seat: Int, long_a: Int, long_b: Int, by: Int, to: Int) -> None:
    """Keep this way to a seat if it is the shortest so far."""
    if long_a < paths.dist_a[seat] or (long_a == paths.dist_a[seat] and long_b < paths.dist_b[seat]):
        if paths.dist_a[seat] == _FAR:
            paths.near[paths.counts[0]] = seat
            paths.counts[0] += 1
        paths.dist_a[seat], paths.dist_b[seat], paths.by[seat], paths.to[seat] = long_a, long_b, by, to


@compiled
def _look_at(paths: Paths, seat: Int) -> None:
    paths.done[seat] = 1
    paths.order[paths.counts[1]] = seat
    paths.counts[1] += 1


@compiled
def _nearest(paths: Paths) -> Int:
    """Return the nearest seat not yet scanned; NOWHERE if none is nearer than the best end."""
    near, dist_a, dist_b, count = paths.near, paths.dist_a, paths.dist_b, paths.counts[0]
    if count == 0:
        return NOWHERE
    best = 0
    for place in range(1, count):
        here, other = near[place], near[best]
        if dist_a[here] < dist_a[other] or (dist_a[here] == dist_a[other] and dist_b[here] < dist_b[other]):
            best = place
    seat = near[best]
    paths.counts[0] = count - 1
    near[best] = near[count - 1]
    end = paths.end
    if dist_a[seat] > end[0] or (dist_a[seat] == end[0] and dist_b[seat] >= end[1]):
        return NOWHERE
    return seat


@compiled
def _asks(state: Exchange, paths: Paths, candidate: Int, row: Numbers, from_a: Int, from_b: Int) -> None:
    """Extend a path from a candidate at this distance; to stay without a seat ends it."""
    from_a, from_b = from_a + state.left_a[candidate], from_b + state.left_b[candidate]
    _end(paths, from_a, from_b, NOWHERE, candidate)
    dist_a, most, word = paths.dist_a, paths.end[0], state.word[candidate]
    for seat in range(len(row)):
        long_a = from_a + state.price_a[seat] - row[seat]
        if row[seat] > 0 and long_a <= most and long_a <= dist_a[seat] and not paths.done[seat]:
            long_b = from_b + state.price_b[seat] - tie_of(word, state.seat_word[seat])
            if long_a < most or long_b < paths.end[1]:
                _reach(paths, seat, long_a, long_b, candidate, NOWHERE)


@compiled
def _shift(state: Exchange, paths: Paths, sign: Int) -> None:
    """Raise the price of all that is nearer than the end by the difference (lower it with sign -1); holders pay it."""
    for place in range(paths.counts[1]):
        seat = paths.order[place]
        more_a = sign * (paths.end[0] - paths.dist_a[seat])
        more_b = sign * (paths.end[1] - paths.dist_b[seat])
        state.price_a[seat] += more_a
        state.price_b[seat] += more_b
        for at_place in range(state.size[seat]):
            candidate = state.who[seat, at_place]
            state.left_a[candidate] -= more_a
            state.left_b[candidate] -= more_b


@compiled
def enter(state: Exchange, entering: Int, yielding: Int, row: Numbers) -> None:
    """Let a candidate enter (`entering`, with the worths `row`), or have a seat (`yielding`) give up one it has.

    The moves keep the sum the highest; the other of the two arguments is NOWHERE.
    """
    paths = _paths(len(state.free))
    at = yielding
    if entering != NOWHERE:
        _asks(state, paths, entering, row, 0, 0)
        at = _nearest(paths)
    else:
        paths.dist_a[yielding] = 0
    while at != NOWHERE:
        if at != yielding and state.size[at] < state.free[at]:
            _end(paths, paths.dist_a[at], paths.dist_b[at], at, NOWHERE)
            break
        _look_at(paths, at)
        for place in range(state.size[at]):
            candidate = state.who[at, place]
            _asks(state, paths, candidate, state.worth[candidate], paths.dist_a[at], paths.dist_b[at])
        at = _nearest(paths)
    _shift(state, paths, 1)
    if entering != NOWHERE:
        state.left_a[entering] -= paths.end[0]
        state.left_b[entering] -= paths.end[1]
        state.at[entering] = NOWHERE
    _move_along(state, paths, entering, yielding)


@compiled
def _move_along(state: Exchange, paths: Paths, entering: Int, yielding: Int) -> None:
    """Move everybody on the path to its end on by one, from the end backwards."""
    seat, without = paths.end[2], paths.end[3]
    if without != NOWHERE:
        if without == entering:
            return
        seat = state.at[without]
        take(state, without)
    while seat != yielding:
        candidate = paths.by[seat]
        before = state.at[candidate]
        if before != NOWHERE:
            take(state, candidate)
        put(state, candidate, seat)
        if candidate == entering:
            return
        seat = before


@compiled
def fill(state: Exchange, vacant: Int) -> None:
    """Fill the free places of a seat that have a price, or let them lose it; others move for it."""
    while state.size[vacant] < state.free[vacant] and (
        state.price_a[vacant] > 0 or (state.price_a[vacant] == 0 and state.price_b[vacant] > 0)
    ):
        paths = _paths(len(state.free))
        paths.dist_a[vacant] = 0
        at = vacant
        while at != NOWHERE:
            _look_at(paths, at)
            _wanted(state, paths, at)
            at = _nearest(paths)
        _shift(state, paths, -1)
        # All leave before anybody comes: a seat has room for as many as it has places.
        seat = paths.end[2]
        while seat != vacant:
            take(state, paths.by[seat])
            seat = paths.to[seat]
        seat, comes = paths.end[2], paths.end[3]
        if comes != NOWHERE:
            put(state, comes, seat)
        while seat != vacant:
            put(state, paths.by[seat], paths.to[seat])
            seat = paths.to[seat]


@compiled
def _wanted(state: Exchange, paths: Paths, seat: Int) -> None:
    """Find who could come to a free place; to leave it free ends the path."""
    from_a, from_b = paths.dist_a[seat] + state.price_a[seat], paths.dist_b[seat] + state.price_b[seat]
    _end(paths, from_a, from_b, seat, NOWHERE)
    row, hashed = state.worth_by_seat[seat], state.seat_word[seat]
    for candidate in range(len(row)):
        long_a = from_a + state.left_a[candidate] - row[candidate]
        if row[candidate] <= 0 or long_a > paths.end[0] or state.at[candidate] == GONE:
            continue
        own = state.at[candidate]
        if own == NOWHERE:
            _end(
                paths, long_a, from_b + state.left_b[candidate] - tie_of(state.word[candidate], hashed), seat, candidate
            )
        elif long_a <= paths.dist_a[own] and not paths.done[own]:
            long_b = from_b + state.left_b[candidate] - tie_of(state.word[candidate], hashed)
            if long_a < paths.end[0] or long_b < paths.end[1]:
                _reach(paths, own, long_a, long_b, candidate, seat)
