"""Find the assignment of the highest sum, and the prices that prove it, in machine code.

Candidates enter one after the other. Each takes the shortest path, at costs reduced by the prices so far, that ends at
a free place or where somebody stays without a seat (Jonker & Volgenant, "A shortest augmenting path algorithm for dense
and sparse linear assignment problems", 1987; with several places a seat, Edmonds & Karp, 1972). No share of a country
and no quota may bind.

Invariant: what a pair leaves the candidate (`left`) plus the price of the seat is at least its weight, and exactly its
weight for a matched pair; a candidate who has entered and has no seat is left with nothing; a free place has no price.
No price, no distance and no `left` exceeds the greatest weight, so nothing overflows while that is below 2 to the 60.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.kernels.base import Bytes, Int, Long, Numbers, compiled

NOWHERE = -1
_FAR = np.int64(1 << 62)


class Assignment(NamedTuple):
    """The pairs of each candidate (`starts[i]:starts[i+1]`) and the assignment, which the loops change.

    Seat s has places `room[s]:room[s+1]`, of which the first `size[s]` are taken by `who`.
    """

    starts: Long
    seat: Numbers
    weight: Long
    room: Long
    at: Long
    who: Numbers
    size: Long
    left: Long
    price: Long


class Paths(NamedTuple):
    """The distances of the seats (`_FAR`: not reached), and through whom each was reached.

    `order[:counts[0]]` have been scanned (`done`), `reached[:counts[1]]` have a distance; the heap `near` of
    `counts[2]` entries holds the distances and seats still to scan. `counts[3]` are the pairs read so far. The best end
    so far is in `end`: its length, its free seat (or NOWHERE), and who stays without.
    """

    dist: Long
    by: Numbers
    done: Bytes
    order: Numbers
    reached: Numbers
    near: Long
    near_seat: Numbers
    counts: Long
    end: Long


@compiled
def assign(state: Assignment, effort: Int) -> bool:
    """Let all candidates enter; return False, with nothing of use, if that reads more than so many pairs."""
    seats = len(state.price)
    paths = Paths(
        np.full(seats, _FAR),
        np.empty(seats, np.int32),
        np.zeros(seats, np.int8),
        np.empty(seats, np.int32),
        np.empty(seats, np.int32),
        np.empty(len(state.seat) + 1, np.int64),
        np.empty(len(state.seat) + 1, np.int32),
        np.zeros(4, np.int64),
        np.zeros(3, np.int64),
    )
    for candidate in range(len(state.at)):
        seat = _best(state, candidate)
        if seat == NOWHERE:
            continue
        if state.room[seat] + state.size[seat] < state.room[seat + 1]:
            _put(state, candidate, seat)
            continue
        _search(state, paths, candidate)
        _move_along(state, paths, candidate)
        if paths.counts[3] > effort:
            return False
    return True


@compiled
def _best(state: Assignment, candidate: Int) -> Int:
    """Compute what a candidate is left with of the best pair, and return its seat, one with a free place if there is.

    NOWHERE where nothing is left.
    """
    most, best = np.int64(0), np.int64(NOWHERE)
    for at in range(state.starts[candidate], state.starts[candidate + 1]):
        seat = np.int64(state.seat[at])
        left = state.weight[at] - state.price[seat]
        if left > most or (
            left == most and best != NOWHERE and state.room[seat] + state.size[seat] < state.room[seat + 1]
        ):
            most, best = left, seat
    state.left[candidate] = most
    return best


@compiled
def _search(state: Assignment, paths: Paths, entering: Int) -> None:
    """Find the shortest path of a candidate and adapt the prices of all that is nearer than its end."""
    counts, end = paths.counts, paths.end
    counts[0] = counts[1] = counts[2] = 0
    end[0], end[1], end[2] = state.left[entering], NOWHERE, entering
    _extend(state, paths, entering, 0)
    while True:
        seat = _nearest(paths)
        if seat == NOWHERE:
            break
        paths.done[seat] = 1
        paths.order[counts[0]] = seat
        counts[0] += 1
        for place in range(state.room[seat], state.room[seat] + state.size[seat]):
            _extend(state, paths, np.int64(state.who[place]), paths.dist[seat])
    for number in range(counts[0]):
        seat = np.int64(paths.order[number])
        paths.done[seat] = 0
        more = end[0] - paths.dist[seat]
        if more > 0:
            state.price[seat] += more
            for place in range(state.room[seat], state.room[seat] + state.size[seat]):
                state.left[state.who[place]] -= more
    state.left[entering] -= end[0]
    for number in range(counts[1]):
        paths.dist[paths.reached[number]] = _FAR


@compiled
def _extend(state: Assignment, paths: Paths, candidate: Int, distance: Int) -> None:
    """Extend the paths by the pairs of a candidate at this distance; to stay without a seat ends one."""
    end, counts, dist = paths.end, paths.counts, paths.dist
    base = distance + state.left[candidate]
    if base < end[0]:
        end[0], end[1], end[2] = base, NOWHERE, candidate
    first, last = state.starts[candidate], state.starts[candidate + 1]
    counts[3] += last - first
    for at in range(first, last):
        seat = np.int64(state.seat[at])
        long = base + state.price[seat] - state.weight[at]
        if long >= end[0] or long >= dist[seat] or paths.done[seat]:
            continue
        if dist[seat] == _FAR:
            paths.reached[counts[1]] = seat
            counts[1] += 1
        dist[seat], paths.by[seat] = long, candidate
        if state.room[seat] + state.size[seat] < state.room[seat + 1]:
            end[0], end[1], end[2] = long, seat, NOWHERE
        else:
            _push(paths, long, seat)


@compiled
def _push(paths: Paths, long: Int, seat: Int) -> None:
    near, near_seat, at = paths.near, paths.near_seat, paths.counts[2]
    while at > 0 and near[(at - 1) >> 1] > long:
        above = (at - 1) >> 1
        near[at], near_seat[at] = near[above], near_seat[above]
        at = above
    near[at], near_seat[at] = long, seat
    paths.counts[2] += 1


@compiled
def _nearest(paths: Paths) -> Int:
    """Take the nearest seat not yet scanned out of the heap; NOWHERE if none is nearer than the best end."""
    near, near_seat, counts = paths.near, paths.near_seat, paths.counts
    while counts[2] > 0 and near[0] < paths.end[0]:
        seat = np.int64(near_seat[0])
        counts[2] -= 1
        size, at, below = counts[2], 0, 1
        long, last = near[size], near_seat[size]
        while below < size:
            if below + 1 < size and near[below + 1] < near[below]:
                below += 1
            if near[below] >= long:
                break
            near[at], near_seat[at] = near[below], near_seat[below]
            at, below = below, 2 * below + 1
        near[at], near_seat[at] = long, last
        if not paths.done[seat]:
            return seat
    return np.int64(NOWHERE)


@compiled
def _move_along(state: Assignment, paths: Paths, entering: Int) -> None:
    """Move everybody on the path to its end on by one, from the end backwards."""
    seat, without = paths.end[1], paths.end[2]
    if without == entering:
        return
    if seat == NOWHERE:
        seat = state.at[without]
        _take(state, without)
    while True:
        candidate = np.int64(paths.by[seat])
        before = state.at[candidate]
        if before != NOWHERE:
            _take(state, candidate)
        _put(state, candidate, seat)
        if candidate == entering:
            return
        seat = before


@compiled
def _put(state: Assignment, candidate: Int, seat: Int) -> None:
    state.who[state.room[seat] + state.size[seat]] = candidate
    state.size[seat] += 1
    state.at[candidate] = seat


@compiled
def _take(state: Assignment, candidate: Int) -> None:
    seat = state.at[candidate]
    last = state.room[seat] + state.size[seat] - 1
    for place in range(state.room[seat], last):
        if state.who[place] == candidate:
            state.who[place] = state.who[last]
            break
    state.size[seat] -= 1
    state.at[candidate] = NOWHERE
