"""List the weight of every feasible pair for the sum of both sides, in machine code."""

import numpy as np

from services.matching.engine.kernels.base import (
    ONE,
    STRIP,
    TIE_MASK,
    Buffers,
    Facts,
    Int,
    Long,
    Short,
    Words,
    compiled,
)
from services.matching.engine.kernels.rows import mixed_hash, score


@compiled
def weigh(
    facts: Facts, left: Words, starts: Long, low: Int, high: Int, seat: Short, weight: Short, like: Short
) -> None:
    """Fill seat and weight of the pairs of the candidates from `low` to `high`, whose rows begin at `starts`.

    A weight is both sums and 1. `like` has the type of the sums, 16 or 32 bits.
    """
    width = left.shape[1]
    room = Buffers(
        np.zeros((16, STRIP), np.int8),
        np.zeros(16, np.int64),
        np.zeros(16, np.int64),
        np.zeros(width << 6, like.dtype),
        np.zeros(width << 6, like.dtype),
        np.zeros(0, like.dtype),
        np.zeros(0, like.dtype),
        np.zeros(0, np.int64),
    )
    gain, preference = room.gain, room.preference
    for candidate in range(low, high):
        score(facts, candidate, room)
        for at in range(facts.named_at[candidate], facts.named_at[candidate + 1]):
            preference[facts.named[at]] -= facts.named_bit
        at = starts[candidate]
        for word in range(width):
            bits = left[candidate, word]
            place = word << 6
            while bits:
                if bits & ONE:
                    seat[at] = place
                    weight[at] = np.int64(gain[place]) + np.int64(preference[place]) + 1
                    at += 1
                bits >>= ONE
                place += 1


@compiled
def ties(facts: Facts, owner: Long, seat: Long, tie: Long) -> None:
    """Fill the published tie-breaks of pairs, as keys have them."""
    for at in range(len(owner)):
        tie[at] = np.int64(mixed_hash(facts.own_hash[owner[at]], facts.seat_hash[seat[at]]) & TIE_MASK)
