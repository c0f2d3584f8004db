"""Compute one candidate's row: the feasible seats and their value to both sides, in machine code.

Seats are scored in strips that fit into the cache, and scanned in blocks of 64, the bits of a word.
"""

import numpy as np

from services.matching.engine.kernels.base import (
    ALL,
    NAMED,
    NONE,
    ONE,
    OWN_SHIFT,
    STRIP,
    TIE_BITS,
    TIE_MASK,
    Buffers,
    Bytes,
    Facts,
    Int,
    Long,
    Numbers,
    Short,
    State,
    Word,
    Words,
    compiled,
)

_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@compiled
def buffers(state: State) -> Buffers:
    """Return new buffers, as wide as the rows of a state."""
    short = state.least_short
    return Buffers(
        np.zeros((16, STRIP), np.int8),
        np.zeros(16, np.int64),
        np.zeros(16, np.int64),
        np.zeros(len(short), short.dtype),
        np.zeros(len(short), short.dtype),
        np.zeros(len(short) >> 6, short.dtype),
        np.zeros(state.wish.shape[1], short.dtype),
        np.zeros(state.wish.shape[1], np.int64),
    )


@compiled
def feasible(facts: Facts, low: Int, high: Int, left: Words, funnel: Numbers) -> None:
    """Fill `left[i]` (words of seats that pass all rules) and `funnel[i]` (how many are left before and after each)."""
    width = left.shape[1]
    union = np.empty(width, np.uint64)
    for candidate in range(low, high):
        mine = left[candidate]
        first = facts.bits[facts.start[candidate]]
        total = 0
        for word in range(width):
            mine[word] = first[word]
            total += population(first[word])
        funnel[candidate, 0] = total
        for rule in range(facts.rules):
            begin = facts.allowed_at[candidate * facts.rules + rule]
            end = facts.allowed_at[candidate * facts.rules + rule + 1]
            union[:] = 0
            for at in range(begin, end):
                row = facts.bits[facts.allowed[at]]
                for word in range(width):
                    union[word] |= row[word]
            total = 0
            for word in range(width):
                mine[word] &= union[word]
                total += population(mine[word])
            funnel[candidate, rule + 1] = total


@compiled
def population(word: Word) -> Int:
    """Return how many bits are set (Warren, "Hacker's Delight", 2nd ed. 2012, chapter 5; LLVM knows the pattern)."""
    word = word - ((word >> ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def mixed_hash(own: Word, seat: Word) -> Word:
    """Return the tie-break of a pair, as `Scores.ties` makes it."""
    word = own + seat
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@compiled
def _add(
    first: Bytes, second: Bytes, third: Bytes, fourth: Bytes, weights: tuple[Int, Int, Int, Int], total: Short
) -> None:
    """Add four criteria to a sum, all in the width of the sum, so that a register holds many."""
    short = total.dtype.type
    for_1, for_2, for_3, for_4 = weights
    for seat in range(len(total)):
        value = short(short(first[seat]) * for_1)
        value = short(value + short(short(second[seat]) * for_2))
        value = short(value + short(short(third[seat]) * for_3))
        value = short(value + short(short(fourth[seat]) * for_4))
        total[seat] = short(total[seat] + value)


@compiled
def _weigh(points: Bytes, weights: Long, used: Int, total: Short) -> None:
    """The weighted sum of the first so many criteria, four at a time."""
    short, width = total.dtype.type, len(total)
    total[:] = 0
    for at in range(0, used, 4):
        if weights[at] or weights[at + 1] or weights[at + 2] or weights[at + 3]:
            four = (short(weights[at]), short(weights[at + 1]), short(weights[at + 2]), short(weights[at + 3]))
            _add(
                points[at, :width], points[at + 1, :width], points[at + 2, :width], points[at + 3, :width], four, total
            )


@compiled
def _copy(row: Bytes, to: Bytes) -> None:
    for seat in range(len(row)):
        to[seat] = row[seat]


@compiled
def _greater(row: Bytes, best: Bytes) -> None:
    for seat in range(len(row)):
        best[seat] = max(best[seat], row[seat])


@compiled
def _sum(row: Bytes, count: Bytes) -> None:
    for seat in range(len(row)):
        count[seat] += row[seat]


@compiled
def _up_to(most: Int, count: Bytes) -> None:
    up_to, each = np.int8(most), np.int8(100 // most)
    for seat in range(len(count)):
        count[seat] = min(count[seat], up_to) * each


@compiled
def score(facts: Facts, candidate: Int, room: Buffers) -> None:
    """Compute both sums of a candidate at all seats; they mean nothing if the pair is not feasible."""
    earned_at, earned, table = facts.earned_at, facts.earned, facts.table
    points, applicant, host, preference = room.points, room.applicant, room.host, room.preference
    criteria, counted = len(facts.applicant), facts.counted
    for low in range(0, len(preference), STRIP):
        high = min(len(preference), low + STRIP)
        used = 0
        for criterion in range(criteria):
            begin = earned_at[candidate * criteria + criterion]
            end = earned_at[candidate * criteria + criterion + 1]
            if begin == end or (facts.applicant[criterion] == 0 and facts.host[criterion] == 0):
                continue
            best = points[used, : high - low]
            _copy(table[earned[begin], low:high], best)
            for at in range(begin + 1, end):
                if counted[criterion]:
                    _sum(table[earned[at], low:high], best)
                else:
                    _greater(table[earned[at], low:high], best)
            if counted[criterion]:
                _up_to(counted[criterion], best)
            applicant[used], host[used] = facts.applicant[criterion], facts.host[criterion]
            used += 1
        for idle in range(used, (used + 3) & ~3):
            applicant[idle], host[idle] = 0, 0
        _weigh(points, applicant, used, room.gain[low:high])
        _weigh(points, host, used, preference[low:high])
    for at in range(facts.named_at[candidate], facts.named_at[candidate + 1]):
        preference[facts.named[at]] += facts.named_bit


@compiled
def points_of(
    earned_at: Numbers, earned: Numbers, table: Bytes, counted: Numbers, candidate: Int, seat: Int, points: Bytes
) -> None:
    """Compute the points of one pair by criterion."""
    criteria = len(points)
    for criterion in range(criteria):
        best = np.int64(0)
        for at in range(earned_at[candidate * criteria + criterion], earned_at[candidate * criteria + criterion + 1]):
            value = np.int64(table[earned[at], seat])
            if counted[criterion]:
                best += value
            elif value > best:
                best = value
        if counted[criterion]:
            most = np.int64(counted[criterion])
            best = min(best, most) * (100 // most)
        points[criterion] = best


@compiled
def keys_of(facts: Facts, candidate: Int, seat: Int, points: Bytes) -> tuple[Int, Int]:
    """Return how the candidate and the seat each order the pair.

    Score and tie-break (62 bits), greater is preferred.
    """
    applicant, host, named = facts.applicant, facts.host, facts.named
    points_of(facts.earned_at, facts.earned, facts.table, facts.counted, candidate, seat, points)
    gain, preference = np.int64(0), np.int64(0)
    for criterion in range(len(points)):
        gain += np.int64(applicant[criterion]) * np.int64(points[criterion])
        preference += np.int64(host[criterion]) * np.int64(points[criterion])
    for at in range(facts.named_at[candidate], facts.named_at[candidate + 1]):
        if named[at] == seat:
            preference += facts.named_bit
    mixed = mixed_hash(facts.own_hash[candidate], facts.seat_hash[seat])
    return (gain << TIE_BITS) | np.int64(mixed >> OWN_SHIFT), key_of(facts.named_bit, preference, mixed)


@compiled
def key_of(named_bit: Int, preference: Int, mixed: Word) -> Int:
    """Return the key of a pair for the seat, from its preference and the tie-break."""
    wide = np.int64(preference)
    if wide >= named_bit:
        wide += (np.int64(1) << (NAMED - TIE_BITS)) - named_bit
    return (wide << TIE_BITS) | np.int64(mixed & TIE_MASK)


@compiled
def short_of(named_bit: Int, key: Int) -> Int:
    """Return a key without its tie-break, comparable with the sums of a row."""
    wide = key >> TIE_BITS
    if wide >= np.int64(1) << (NAMED - TIE_BITS):
        wide += named_bit - (np.int64(1) << (NAMED - TIE_BITS))
    return min(wide, 2 * named_bit - 1)


@compiled
def _only(bits: Word, gain: Short) -> None:
    """Put -1 as the gain in a block at seats that are not feasible."""
    short = gain.dtype.type
    for bit in range(64):
        gain[bit] |= short(short((bits >> np.uint64(bit)) & ONE) - short(1))


@compiled
def feasible_only(words: Words, gain: Short) -> None:
    """Put -1 as the gain at seats that are not feasible."""
    for word in range(len(words)):
        if words[word] != ALL:
            _only(words[word], gain[word << 6 : (word + 1) << 6])


@compiled
def greatest(gain: Short, tops: Short) -> None:
    """Compute the greatest of each block, -1 for none."""
    none = gain.dtype.type(NONE)
    for block in range(len(gain) >> 6):
        best = none
        for bit in range(64):
            value = gain[(block << 6) + bit]
            best = max(best, value)
        tops[block] = best
