"""Deferred acceptance over rows that are computed when a candidate proposes, in machine code.

Of a candidate's row only the next few seats are kept, and only those that would still take the candidate: the bar of a
seat never falls, so a seat that would refuse now would refuse later. The result is that of asking all.
"""

import numpy as np

from services.matching.engine.kernels.base import (
    NOBODY_MORE,
    NONE,
    OWN_SHIFT,
    TIE_BITS,
    Buffers,
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
from services.matching.engine.kernels.rows import buffers, feasible_only, greatest, key_of, mixed_hash, score, short_of


@compiled
def surpass(gain: Short, preference: Short, full: Short, share: Short) -> None:
    """Put -1 as the gain at seats whose bar the candidate does not reach."""
    none = gain.dtype.type(NONE)
    for seat in range(len(gain)):
        value = gain[seat] if preference[seat] >= full[seat] else none
        gain[seat] = value if preference[seat] >= share[seat] else none


@compiled
def _floor(tops: Short, few: Int, lowest: Short) -> Int:
    """Return a sum that at least `few` seats reach: the least of the greatest `few` blocks (0 if there are fewer)."""
    found = 0
    for block in range(len(tops)):
        top = tops[block]
        if top < 0 or (found == few and top <= lowest[few - 1]):
            continue
        at = found if found < few else few - 1
        while at > 0 and lowest[at - 1] < top:
            lowest[at] = lowest[at - 1]
            at -= 1
        lowest[at] = top
        found = min(few, found + 1)
    return np.int64(lowest[few - 1]) if found == few else 0


@compiled
def _best(
    gain: Short,
    preference: Short,
    tops: Short,
    floor: Int,
    named_bit: Int,
    mine: Word,
    theirs: Words,
    least: Long,
    least_of: Long,
    own: Long,
    wish: Numbers,
    wish_key: Long,
) -> Int:
    """Return the best seats of a row whose sums reach the floor and that would take the candidate, sorted; how many."""
    found, longest = 0, len(own)
    for block in range(len(tops)):
        if tops[block] < floor:
            continue
        for seat in range(block << 6, (block + 1) << 6):
            if gain[seat] < floor:
                continue
            mixed = mixed_hash(mine, theirs[seat])
            key = key_of(named_bit, preference[seat], mixed)
            if key <= least[seat] or key <= least_of[seat]:
                continue
            wanted = (np.int64(gain[seat]) << TIE_BITS) | np.int64(mixed >> OWN_SHIFT)
            if found == longest:
                if wanted < own[longest - 1]:
                    continue
                found -= 1
            at = found
            while at > 0 and own[at - 1] < wanted:
                own[at], wish[at], wish_key[at] = own[at - 1], wish[at - 1], wish_key[at - 1]
                at -= 1
            own[at], wish[at], wish_key[at] = wanted, seat, key
            found += 1
            if found == longest:
                floor = max(floor, own[longest - 1] >> TIE_BITS)
    return found


@compiled
def refill(facts: Facts, left: Words, state: State, candidate: Int, country: Int, room: Buffers) -> None:
    """Put the best few seats that would still take the candidate, in the order of the wish, into `state.wish`.

    Those that would not are passed over for good: in deferred acceptance the bar of a seat only ever rises.
    """
    own, gain, preference, tops = room.own, room.gain, room.preference, room.tops
    wish, wish_key, longest, named_bit = (
        state.wish[candidate],
        state.wish_key[candidate],
        state.wish.shape[1],
        facts.named_bit,
    )
    least, least_of, mine, theirs = state.least, state.least_of[country], facts.own_hash[candidate], facts.seat_hash
    score(facts, candidate, room)
    surpass(gain, preference, state.least_short, state.least_of_short[country])
    feasible_only(left[candidate], gain)
    greatest(gain, tops)
    floor = _floor(tops, longest, room.lowest)
    found = _best(gain, preference, tops, floor, named_bit, mine, theirs, least, least_of, own, wish, wish_key)
    if found == 0 and floor > 0:
        floor = 0
        found = _best(gain, preference, tops, floor, named_bit, mine, theirs, least, least_of, own, wish, wish_key)
    state.at[candidate] = 0
    state.length[candidate] = found
    state.more[candidate] = 1 if found == longest or floor > 0 else 0


@compiled
def admit(  # noqa: C901 - one loop, in which a call would cost more than it does
    facts: Facts,
    left: Words,
    state: State,
    shares: Numbers,
    country: Numbers,
    free: Numbers,
    entering: Numbers,
    changed: Int,
    wish: Numbers,
    wish_key: Long,
) -> None:
    """Run deferred acceptance: candidates propose until each has a seat or would be taken nowhere.

    `wish` with `wish_key` is the whole list of the candidate `changed` (NONE: nobody's), instead of his or her row.
    """
    room = buffers(state)
    # Parts of a tuple are counted references, so they are taken out of it once, not at every proposal.
    first, size, who, key_at, taken = state.room, state.size, state.who, state.key, state.taken
    least, least_short, least_of, least_of_short = state.least, state.least_short, state.least_of, state.least_of_short
    wishes, wish_keys, placed = state.wish, state.wish_key, state.seat
    following, length, more, named_bit = state.at, state.length, state.more, facts.named_bit
    next_wish = 0
    for person in entering:
        candidate = np.int64(person)
        while candidate != NONE:
            own = country[candidate]
            gone = np.int64(NONE)
            while True:
                if candidate == changed:
                    if next_wish == len(wish):
                        break
                    seat, key = np.int64(wish[next_wish]), wish_key[next_wish]
                    next_wish += 1
                else:
                    at = following[candidate]
                    if at == length[candidate]:
                        if not more[candidate]:
                            break
                        refill(facts, left, state, candidate, own, room)
                        if not length[candidate]:
                            break
                        at = 0
                    seat, key = np.int64(wishes[candidate, at]), wish_keys[candidate, at]
                    following[candidate] = at + 1
                if key > least[seat] and key > least_of[own, seat]:
                    start, end = first[seat], first[seat] + size[seat]
                    gone = _let_in(
                        country, shares[seat], free[seat], start, end, who, key_at, taken[seat], key, candidate
                    )
                    size[seat] += gone == NONE
                    placed[candidate] = seat
                    end = start + size[seat]
                    bar = np.int64(NONE)
                    if end - start >= free[seat]:
                        bar = key_at[start]
                    least[seat], least_short[seat] = bar, short_of(named_bit, bar)
                    bar = bar_of(country, shares[seat], start, end, who, key_at, taken[seat], own)
                    least_of[own, seat], least_of_short[own, seat] = bar, short_of(named_bit, bar)
                    if gone != NONE:
                        placed[gone] = NONE
                        other = country[gone]
                        bar = bar_of(country, shares[seat], start, end, who, key_at, taken[seat], other)
                        least_of[other, seat], least_of_short[other, seat] = bar, short_of(named_bit, bar)
                    break
            candidate = gone


@compiled
def _let_in(
    country: Numbers,
    share: Int,
    free: Int,
    start: Int,
    end: Int,
    who: Numbers,
    key_at: Long,
    taken: Numbers,
    key: Int,
    candidate: Int,
) -> Int:
    """Let a seat take a candidate whom it prefers to one it has; return who must go, or NONE."""
    own, out = country[candidate], np.int64(NONE)
    if taken[own] >= share:
        out = start
        while country[who[out]] != own:
            out += 1
    elif end - start >= free:
        out = start
    gone = np.int64(NONE)
    if out != NONE:
        gone = np.int64(who[out])
        taken[country[gone]] -= 1
        end -= 1
        for at in range(out, end):
            who[at], key_at[at] = who[at + 1], key_at[at + 1]
    at = end
    while at > start and key_at[at - 1] > key:
        who[at], key_at[at] = who[at - 1], key_at[at - 1]
        at -= 1
    who[at], key_at[at] = candidate, key
    taken[own] += 1
    return gone


@compiled
def bar_of(
    country: Numbers, share: Int, start: Int, end: Int, who: Numbers, key_at: Long, taken: Numbers, own: Int
) -> Int:
    """Return the key that one more of a country must exceed because of the country's share; NONE for no bar."""
    if taken[own] < share:
        return np.int64(NONE)
    for at in range(start, end):
        if country[who[at]] == own:
            return key_at[at]
    return np.int64(NOBODY_MORE)
