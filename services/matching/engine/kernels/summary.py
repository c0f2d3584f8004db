"""Summarise a matching for each candidate and find its blocking pairs, in one more sweep in machine code."""

import numpy as np

from services.matching.engine.kernels.admission import bar_of
from services.matching.engine.kernels.base import (
    NAMED,
    NOBODY_MORE,
    NONE,
    ONE,
    OWN_SHIFT,
    TIE_BITS,
    Bytes,
    Facts,
    Int,
    Long,
    Numbers,
    Short,
    State,
    Summary,
    Word,
    Words,
    compiled,
)
from services.matching.engine.kernels.rows import (
    buffers,
    feasible_only,
    greatest,
    key_of,
    keys_of,
    mixed_hash,
    score,
    short_of,
)


@compiled
def settle(facts: Facts, state: State, shares: Numbers, country: Numbers, free: Numbers) -> None:
    """Give each seat the candidates that `state.seat` says, and set all bars; nobody has asked yet."""
    points = np.empty(len(facts.applicant), np.int8)
    first, size, who, key_at, taken = state.room, state.size, state.who, state.key, state.taken
    for candidate in range(len(state.seat)):
        seat = state.seat[candidate]
        if seat != NONE:
            at = first[seat] + size[seat]
            key = keys_of(facts, candidate, seat, points)[1]
            while at > first[seat] and key_at[at - 1] > key:
                who[at], key_at[at] = who[at - 1], key_at[at - 1]
                at -= 1
            who[at], key_at[at] = candidate, key
            size[seat] += 1
            taken[seat, country[candidate]] += 1
    for seat in range(len(free)):
        start, end = first[seat], first[seat] + size[seat]
        bar = np.int64(NONE)
        if size[seat] >= free[seat]:
            bar = key_at[start] if end > start else np.int64(NOBODY_MORE)
        state.least[seat], state.least_short[seat] = bar, short_of(facts.named_bit, bar)
        for own in range(taken.shape[1]):
            bar = bar_of(country, shares[seat], start, end, who, key_at, taken[seat], own)
            state.least_of[own, seat], state.least_of_short[own, seat] = bar, short_of(facts.named_bit, bar)


@compiled
def summarise(
    facts: Facts, left: Words, state: State, country: Numbers, stopped: Bytes, low: Int, high: Int, summary: Summary
) -> None:
    """Fill `summary` for the candidates from `low` to `high`, of a matching that is settled.

    A candidate without a seat whose country is `stopped` blocks nothing, for no seat may take one more from there.
    """
    room = buffers(state)
    points = summary.points
    for candidate in range(low, high):
        seat, own, wanted = np.int64(state.seat[candidate]), country[candidate], np.int64(NONE)
        if seat != NONE:
            wanted, _ = keys_of(facts, candidate, seat, points[candidate])
        score(facts, candidate, room)
        feasible_only(left[candidate], room.gain)
        greatest(room.gain, room.tops)
        better, first, blocks = _look_above(
            room.gain,
            room.preference,
            room.tops,
            facts.named_bit,
            facts.own_hash[candidate],
            facts.seat_hash,
            state.least,
            state.least_of[own],
            wanted,
            seat == NONE and stopped[own] == 1,
        )
        summary.rank[candidate], summary.blocking[candidate] = better + 1 if seat != NONE else 0, blocks
        summary.first[candidate] = first
        named_seat = seat if seat != NONE else first
        if named_seat != NONE:
            wanted, key = keys_of(facts, candidate, named_seat, points[candidate])
            summary.gain[candidate] = wanted >> TIE_BITS
            summary.preference[candidate] = (key >> TIE_BITS) & ((np.int64(1) << (NAMED - TIE_BITS)) - 1)


@compiled
def _look_above(
    gain: Short,
    preference: Short,
    tops: Short,
    named_bit: Int,
    mine: Word,
    theirs: Words,
    least: Long,
    least_of: Long,
    wanted: Int,
    blocks_nothing: Int,
) -> tuple[Int, Int, Int]:
    """Return how many seats of a row are preferred to the present one, the best of all (NONE.

    Nothing), how many block.
    """
    better, blocks, sum_of = 0, 0, wanted >> TIE_BITS
    best, first = np.int64(NONE), np.int64(NONE)
    for block in range(len(tops)):
        if tops[block] < max(sum_of, 0):
            continue
        for seat in range(block << 6, (block + 1) << 6):
            value = np.int64(gain[seat])
            if value < sum_of or value < 0:
                continue
            barred = blocks_nothing or np.int64(preference[seat]) < short_of(named_bit, least[seat])
            if value > sum_of and value < best >> TIE_BITS and barred:
                better += 1
                continue
            mixed = mixed_hash(mine, theirs[seat])
            wish = (value << TIE_BITS) | np.int64(mixed >> OWN_SHIFT)
            if wish > best:
                best, first = wish, np.int64(seat)
            if wish > wanted:
                better += 1
                key = key_of(named_bit, preference[seat], mixed)
                blocks += not barred and key > least[seat] and key > least_of[seat]
    return better, first, blocks


@compiled
def terms_of(facts: Facts, seat: Numbers, wish: Long, key: Long) -> None:
    """Compute how each candidate orders the present seat, and how it orders the candidate; NONE for no seat."""
    points = np.empty(len(facts.applicant), np.int8)
    for candidate in range(len(seat)):
        wish[candidate], key[candidate] = NONE, NONE
        if seat[candidate] != NONE:
            wish[candidate], key[candidate] = keys_of(facts, candidate, seat[candidate], points)


@compiled
def column(facts: Facts, left: Words, seat: Int, wish: Long, key: Long) -> None:
    """Compute how each candidate orders a seat (`wish`) and how it orders them (`key`); NONE where not feasible."""
    earned_at, earned, own_hash, named_at, named = (
        facts.earned_at,
        facts.earned,
        facts.own_hash,
        facts.named_at,
        facts.named,
    )
    applicant, host, theirs, criteria = facts.applicant, facts.host, facts.seat_hash[seat], len(facts.applicant)
    counted, named_bit, word, bit = facts.counted, facts.named_bit, seat >> 6, np.uint64(seat & 63)
    worth = facts.table[:, seat].copy()
    for candidate in range(len(wish)):
        wish[candidate], key[candidate] = NONE, NONE
        if (left[candidate, word] >> bit) & ONE != ONE:
            continue
        gain, preference, at = np.int64(0), np.int64(0), earned_at[candidate * criteria]
        for criterion in range(criteria):
            best: Int = np.int64(0)
            end = earned_at[candidate * criteria + criterion + 1]
            while at < end:
                value = np.int64(worth[earned[at]])
                best = best + value if counted[criterion] else max(best, value)
                at += 1
            if counted[criterion]:
                best = min(best, counted[criterion]) * (100 // counted[criterion])
            gain += applicant[criterion] * best
            preference += host[criterion] * best
        for place in range(named_at[candidate], named_at[candidate + 1]):
            if named[place] == seat:
                preference += named_bit
        mixed = mixed_hash(own_hash[candidate], theirs)
        wish[candidate] = (gain << TIE_BITS) | np.int64(mixed >> OWN_SHIFT)
        key[candidate] = key_of(named_bit, preference, mixed)


@compiled
def sums(facts: Facts, left: Words, state: State, low: Int, high: Int, gain: Long, preference: Long) -> None:
    """Sum up the gains and preferences of all feasible seats for each candidate from `low` to `high`."""
    room = buffers(state)
    row, other = room.gain, room.preference
    for candidate in range(low, high):
        score(facts, candidate, room)
        feasible_only(left[candidate], row)
        for_one, for_seats = np.int64(0), np.int64(0)
        for seat in range(len(row)):
            if row[seat] >= 0:
                for_one += np.int64(row[seat])
                for_seats += np.int64(other[seat])
        gain[candidate], preference[candidate] = for_one, for_seats


@compiled
def fill(
    facts: Facts,
    left: Words,
    state: State,
    starts: Long,
    low: Int,
    high: Int,
    seat: Long,
    key: Long,
    gain: Long,
    preference: Long,
) -> None:
    """Fill all feasible pairs of the candidates from `low` to `high`, each row in the order of the wish."""
    room = buffers(state)
    row, other, theirs, named_bit = room.gain, room.preference, facts.seat_hash, facts.named_bit
    wish, place = np.empty(len(row), np.int64), np.empty(len(row), np.int64)
    for candidate in range(low, high):
        score(facts, candidate, room)
        feasible_only(left[candidate], row)
        count = 0
        for at in range(len(row)):
            if row[at] >= 0:
                mixed = mixed_hash(facts.own_hash[candidate], theirs[at])
                wish[count] = -((np.int64(row[at]) << TIE_BITS) | np.int64(mixed >> OWN_SHIFT))
                place[count] = at
                count += 1
        order = np.argsort(wish[:count])
        start = starts[candidate]
        for rank in range(count):
            at = place[order[rank]]
            mixed = mixed_hash(facts.own_hash[candidate], theirs[at])
            seat[start + rank] = at
            key[start + rank] = key_of(named_bit, other[at], mixed)
            gain[start + rank] = row[at]
            preference[start + rank] = (key[start + rank] >> TIE_BITS) & ((np.int64(1) << (NAMED - TIE_BITS)) - 1)
