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
from services.matching.engine.kernels.rows import mixed_hash, population, score

_FEW = 8
"""One pair in so many seats, or fewer, is scored by itself, which is then quicker than the whole row."""


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
    best = np.zeros(width << 6, np.int64)
    for candidate in range(low, high):
        first, last = starts[candidate], starts[candidate + 1]
        at = first
        for word in range(width):
            bits = left[candidate, word]
            while bits:
                seat[at] = (word << 6) + population((bits & (~bits + ONE)) - ONE)
                at += 1
                bits &= bits - ONE
        if (last - first) * _FEW < width << 6:
            _weigh_few(facts, candidate, seat[first:last], weight[first:last], best)
            continue
        score(facts, candidate, room)
        for at in range(facts.named_at[candidate], facts.named_at[candidate + 1]):
            preference[facts.named[at]] -= facts.named_bit
        for at in range(first, last):
            weight[at] = np.int64(gain[seat[at]]) + np.int64(preference[seat[at]]) + 1


@compiled
def _weigh_few(facts: Facts, candidate: Int, seats: Short, weight: Short, best: Long) -> None:
    """Fill the weights of a candidate's pairs at some seats; `best` is room for a number for each."""
    criteria = len(facts.applicant)
    weight[:] = 1
    for criterion in range(criteria):
        both = np.int64(facts.applicant[criterion]) + np.int64(facts.host[criterion])
        begin = facts.earned_at[candidate * criteria + criterion]
        end = facts.earned_at[candidate * criteria + criterion + 1]
        if begin == end or both == 0:
            continue
        most = np.int64(facts.counted[criterion])
        best[: len(seats)] = 0
        for row in range(begin, end):
            earned = facts.table[facts.earned[row]]
            for at in range(len(seats)):
                points = np.int64(earned[seats[at]])
                best[at] = best[at] + points if most else max(best[at], points)
        for at in range(len(seats)):
            weight[at] += both * (min(best[at], most) * (100 // most) if most else best[at])


@compiled
def ties(facts: Facts, owner: Long, seat: Long, tie: Long) -> None:
    """Fill the published tie-breaks of pairs, as keys have them."""
    for at in range(len(owner)):
        tie[at] = np.int64(mixed_hash(facts.own_hash[owner[at]], facts.seat_hash[seat[at]]) & TIE_MASK)
