"""Find prices that prove a matching of the highest sum down to its tie-breaks, from those that prove its points.

A run gives its matching, and the prices of places in points. To continue from there event by event the prices have to
prove the choice among all matchings of the same sum as well.
"""

import numpy as np

from services.matching.engine.kernels.base import Int, Long, Numbers, compiled
from services.matching.engine.kernels.exchange import GONE, NOWHERE, Exchange, price, put, tie_of

_LEAST = -np.int64(1 << 50)
"""The first price of a seat below its points, if those are above 0: lower than any path of tie-breaks leads."""


@compiled
def settle(state: Exchange, seat_of: Long) -> bool:
    """Take over a matching of the highest sum (a seat a candidate) with its prices in points, and find the rest.

    Of the pairs that are tight in points each bounds the price of its seat from below; the least prices above all
    bounds are longest paths (Bellman, "On a routing problem", 1958). False if there are none: the prices prove no
    matching of the highest sum, or the tie-breaks choose another.
    """
    count = 0
    for candidate in range(len(state.at)):
        if state.at[candidate] != GONE:
            count += _leave_with(state, candidate)
            if seat_of[candidate] != NOWHERE:
                put(state, candidate, seat_of[candidate])
    who, seats, more = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int64)
    count = 0
    for candidate in range(len(state.at)):
        if state.at[candidate] != GONE:
            count = _bounds(state, candidate, count, who, seats, more)
    for seat in range(len(state.free)):
        state.price_b[seat] = _LEAST if state.price_a[seat] > 0 else 0
    found = _longest(state, who[:count], seats, more)
    for candidate in range(len(state.at)):
        own = state.at[candidate]
        if own >= 0:
            state.left_b[candidate] = tie_of(state.word[candidate], state.seat_word[own]) - state.price_b[own]
    _price_those_without_places(state)
    return found and _proven(state)


@compiled
def _price_those_without_places(state: Exchange) -> None:
    """Raise the price of seats without places as far as needed, since nobody pays it."""
    for seat in range(len(state.free)):
        if state.free[seat] == 0:
            price(state, seat)


@compiled
def _leave_with(state: Exchange, candidate: Int) -> Int:
    """Store the points that a candidate is left with of the best pair; return how many pairs leave as much."""
    most = np.int64(0)
    for seat in range(len(state.free)):
        if state.worth[candidate, seat] > 0 and state.free[seat] > 0:
            most = max(most, state.worth[candidate, seat] - state.price_a[seat])
    state.left_a[candidate], state.left_b[candidate] = most, 0
    count = 0
    for seat in range(len(state.free)):
        free = state.worth[candidate, seat] > 0 and state.free[seat] > 0
        count += free and state.worth[candidate, seat] - state.price_a[seat] == most
    return count


@compiled
def _bounds(state: Exchange, candidate: Int, count: Int, who: Numbers, seats: Numbers, more: Long) -> Int:
    """Store a candidate's other tight pairs, and how much more of a tie-break each has; return the count."""
    own = state.at[candidate]
    own_tie = np.int64(0) if own == NOWHERE else tie_of(state.word[candidate], state.seat_word[own])
    for seat in range(len(state.free)):
        worth = state.worth[candidate, seat] if state.free[seat] > 0 else 0
        if worth > 0 and worth - state.price_a[seat] == state.left_a[candidate] and seat != own:
            who[count], seats[count] = candidate, seat
            more[count] = tie_of(state.word[candidate], state.seat_word[seat]) - own_tie
            count += 1
    return count


@compiled
def _longest(state: Exchange, who: Numbers, seats: Numbers, more: Long) -> bool:
    """Raise prices until no bound is broken; False if that has no end."""
    for _ in range(len(state.free) + 1):
        changed = False
        for place in range(len(who)):
            own = state.at[who[place]]
            bound = more[place] + (0 if own == NOWHERE else state.price_b[own])
            if bound > state.price_b[seats[place]]:
                state.price_b[seats[place]] = bound
                changed = True
        if not changed:
            return True
    return False


@compiled
def _proven(state: Exchange) -> bool:
    """Return whether the prices prove the matching.

    Nobody is left with less than nothing, or with something and no seat, and no free place has a price.
    """
    for candidate in range(len(state.at)):
        if state.at[candidate] == GONE:
            continue
        own, left_a, left_b = state.at[candidate], state.left_a[candidate], state.left_b[candidate]
        if left_a < 0 or (left_a == 0 and left_b < 0) or (own == NOWHERE and (left_a != 0 or left_b != 0)):
            return False
        if own >= 0 and state.worth[candidate, own] - state.price_a[own] != left_a:
            return False
    for seat in range(len(state.free)):
        if state.size[seat] < state.free[seat] and (state.price_a[seat] != 0 or state.price_b[seat] != 0):
            return False
    return True
