"""Find an optimum over a list of pairs by shortest paths, which give its prices as well, where only places are scarce.

Compiled and made for assignments, they take a small part of the time of a general flow, except where nearly all want
the same seats: there they give up, for a flow.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.kernels.assignment import NOWHERE, Assignment, assign
from services.matching.engine.market.market import Integers

_READS = 50
"""So many times each pair is read on average before the search gives up (lists of a programme need 10 at most)."""
_LEAST_READS = 1_000_000


@dataclass(frozen=True, slots=True)
class Optimum:
    """The seat of each candidate (below 0: none), and the price of a place at each seat."""

    assigned: Integers
    price: Integers


def optimum(starts: Integers, seat: Integers, weight: Integers, free: Integers) -> Optimum | None:
    """Return an assignment of the highest sum of weights (below 2 to the 60), or None if that would take too long.

    The pairs of candidate i are `starts[i]:starts[i+1]`; `free` counts the places of each seat.
    """
    people, seats = len(starts) - 1, len(free)
    room = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.minimum(free, people))])
    state = Assignment(
        starts=starts,
        seat=seat.astype(np.int32),
        weight=weight,
        room=room,
        at=np.full(people, NOWHERE, np.int64),
        who=np.empty(int(room[-1]), np.int32),
        size=np.zeros(seats, np.int64),
        left=np.zeros(people, np.int64),
        price=np.zeros(seats, np.int64),
    )
    if not assign(state, max(_LEAST_READS, _READS * len(seat))):
        return None
    return Optimum(state.at, state.price)
