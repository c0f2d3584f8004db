"""How are millions of pairs swept in a fraction of a second? Loops over the columns, compiled to machine code by numba.

A sweep takes one candidate at a time and computes the row of all seats anew from `Facts` whenever it is wanted, which
is quicker than to keep it: nothing here grows with the pairs but the bits that say which are feasible. Seats are taken
in strips that fit into the cache, and within them in blocks of 64, the bits of a word.

Without numba `AVAILABLE` is False, and the engine keeps to numpy (`tests/unit/engine` holds both ways equal).
`python -m services.matching.engine.kernels` compiles ahead; else the first large matching waits for it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

try:
    import numba
except ImportError:  # pragma: no cover - a machine for which numba has no package
    AVAILABLE = False
else:
    AVAILABLE = True

Function = TypeVar("Function", bound=Callable[..., Any])
Words = NDArray[np.uint64]
Long = NDArray[np.int64]
Numbers = NDArray[np.int32]
Bytes = NDArray[np.int8]
Rows = NDArray[np.int8]
Short = NDArray[np.int16] | NDArray[np.int32]

TIE_BITS = 38
NAMED = 62
"""The bit of a key that puts a pre-matched counterpart before all others."""
NAMED_SHORT, NAMED_LONG = 1 << 14, 1 << 24
"""The same bit among sums of 16 bits (where all are below it) or of 32."""
NONE = -1
STRIP = 2048
"""Seats scored at once."""
_TIE_MASK = np.uint64((1 << TIE_BITS) - 1)
_OWN_SHIFT = np.uint64(64 - TIE_BITS)
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NOBODY_MORE = np.iinfo(np.int64).max


def compiled(function: Function) -> Function:
    """The function as machine code, kept on disk between runs; other threads go on while it runs."""
    if not AVAILABLE:
        return function
    return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


class Facts(NamedTuple):
    """What the sweeps read of both sides; `columns.py` makes it.

    `bits` are rows of words; rule r leaves candidate i the union of rows `allowed[allowed_at[i*R+r]:...[i*R+r+1]]`, R
    rules in all. `table` are rows of points (0 to 100), a byte a seat; criterion c gives the greatest of the rows
    `earned[earned_at[i*C+c]:...]`, and `summed`, the one that counts common weeks, 25 for each up to four.
    `applicant` and `host` are the weights. `named[named_at[i]:...]` are seats pre-matched with the candidate.
    """

    rules: int
    bits: Words
    allowed_at: Numbers
    allowed: Numbers
    start: Numbers
    table: Bytes
    earned_at: Numbers
    earned: Numbers
    summed: int
    applicant: Numbers
    host: Numbers
    named_at: Numbers
    named: Numbers
    named_bit: int
    own_hash: Words
    seat_hash: Words


class State(NamedTuple):
    """Whom each seat holds for now, and how far each candidate has asked.

    Seat s holds `who[room[s]:room[s]+size[s]]` with `key`, least first. `least[s]` is the key to be surpassed where the
    seat is full, `least_of[k, s]` where country k has its share; both stand in 32 bits (without ties) beside. `wish`
    and `wish_key` hold the next few seats of a candidate, `at` of `length` asked, `more` 0 if the list ends there.
    """

    room: Long
    size: Numbers
    who: Numbers
    key: Long
    taken: Numbers
    least: Long
    least_short: Short
    least_of: Long
    least_of_short: Short
    seat: Numbers
    wish: Numbers
    wish_key: Long
    at: Numbers
    length: Numbers
    more: Bytes


class Buffers(NamedTuple):
    """Room for one strip of a row: points and weights of its criteria, both sums, the blocks' greatest, the wishes found so far."""

    points: Rows
    applicant: Long
    host: Long
    gain: Short
    preference: Short
    tops: Short
    lowest: Short
    own: Long


@compiled
def _buffers(state: State) -> Buffers:
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
def feasible(facts: Facts, low: int, high: int, left: Words, funnel: Numbers) -> None:
    """Fill `left[i]` (words of seats that pass all rules) and `funnel[i]` (how many are left before and after each)."""
    width = left.shape[1]
    union = np.empty(width, np.uint64)
    for one in range(low, high):
        mine = left[one]
        first = facts.bits[facts.start[one]]
        total = 0
        for word in range(width):
            mine[word] = first[word]
            total += _population(first[word])
        funnel[one, 0] = total
        for rule in range(facts.rules):
            begin = facts.allowed_at[one * facts.rules + rule]
            end = facts.allowed_at[one * facts.rules + rule + 1]
            union[:] = 0
            for at in range(begin, end):
                row = facts.bits[facts.allowed[at]]
                for word in range(width):
                    union[word] |= row[word]
            total = 0
            for word in range(width):
                mine[word] &= union[word]
                total += _population(mine[word])
            funnel[one, rule + 1] = total


@compiled
def _population(word: np.uint64) -> int:
    """How many bits are set (Warren, "Hacker's Delight", 2nd ed. 2012, chapter 5; LLVM knows the pattern)."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _mixed(own: np.uint64, seat: np.uint64) -> np.uint64:
    """The tie-break of a pair, as `Scores.ties` makes it."""
    word = own + seat
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@compiled
def _add(
    first: Bytes, second: Bytes, third: Bytes, fourth: Bytes, weights: tuple[Any, Any, Any, Any], total: Short
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
def _weigh(points: Rows, weights: Long, used: int, total: Short) -> None:
    """The weighted sum of the first so many criteria, four at a time."""
    short, width = total.dtype.type, len(total)
    total[:] = 0
    for at in range(0, used, 4):
        if weights[at] or weights[at + 1] or weights[at + 2] or weights[at + 3]:
            four = (short(weights[at]), short(weights[at + 1]), short(weights[at + 2]), short(weights[at + 3]))
            _add(points[at, :width], points[at + 1, :width], points[at + 2, :width], points[at + 3, :width], four, total)


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
def _weeks(count: Bytes) -> None:
    for seat in range(len(count)):
        count[seat] = min(count[seat], np.int8(4)) * np.int8(25)


@compiled
def _score(facts: Facts, one: int, room: Buffers) -> None:
    """Both sums of a candidate at all seats; they mean nothing where the pair is not feasible."""
    earned_at, earned, table = facts.earned_at, facts.earned, facts.table
    points, applicant, host, preference = room.points, room.applicant, room.host, room.preference
    criteria = len(facts.applicant)
    for low in range(0, len(preference), STRIP):
        high = min(len(preference), low + STRIP)
        used = 0
        for criterion in range(criteria):
            begin = earned_at[one * criteria + criterion]
            end = earned_at[one * criteria + criterion + 1]
            if begin == end or (facts.applicant[criterion] == 0 and facts.host[criterion] == 0):
                continue
            best = points[used, : high - low]
            _copy(table[earned[begin], low:high], best)
            for at in range(begin + 1, end):
                if criterion == facts.summed:
                    _sum(table[earned[at], low:high], best)
                else:
                    _greater(table[earned[at], low:high], best)
            if criterion == facts.summed:
                _weeks(best)
            applicant[used], host[used] = facts.applicant[criterion], facts.host[criterion]
            used += 1
        for idle in range(used, (used + 3) & ~3):
            applicant[idle], host[idle] = 0, 0
        _weigh(points, applicant, used, room.gain[low:high])
        _weigh(points, host, used, preference[low:high])
    for at in range(facts.named_at[one], facts.named_at[one + 1]):
        preference[facts.named[at]] += facts.named_bit


@compiled
def points_of(facts: Facts, one: int, seat: int, points: Bytes) -> None:
    """The points of one pair by criterion."""
    criteria = len(facts.applicant)
    for criterion in range(criteria):
        best = 0
        for at in range(facts.earned_at[one * criteria + criterion], facts.earned_at[one * criteria + criterion + 1]):
            value = np.int64(facts.table[facts.earned[at], seat])
            best = best + value if criterion == facts.summed else max(best, value)
        points[criterion] = min(best, 4) * 25 if criterion == facts.summed else best


@compiled
def keys_of(facts: Facts, one: int, seat: int, points: Bytes) -> tuple[int, int]:
    """How the candidate and the seat each order the pair: score and tie-break (62 bits), greater is preferred."""
    points_of(facts, one, seat, points)
    gain, preference = np.int64(0), np.int64(0)
    for criterion in range(len(points)):
        gain += np.int64(facts.applicant[criterion]) * np.int64(points[criterion])
        preference += np.int64(facts.host[criterion]) * np.int64(points[criterion])
    for at in range(facts.named_at[one], facts.named_at[one + 1]):
        if facts.named[at] == seat:
            preference += facts.named_bit
    mixed = _mixed(facts.own_hash[one], facts.seat_hash[seat])
    return (gain << TIE_BITS) | np.int64(mixed >> _OWN_SHIFT), _key(facts.named_bit, preference, mixed)


@compiled
def _key(named_bit: int, preference: int, mixed: np.uint64) -> int:
    """The key of a pair for the seat, of what it prefers and the tie-break."""
    wide = np.int64(preference)
    if wide >= named_bit:
        wide += (np.int64(1) << (NAMED - TIE_BITS)) - named_bit
    return (wide << TIE_BITS) | np.int64(mixed & _TIE_MASK)


@compiled
def _short(named_bit: int, key: int) -> int:
    """What a key says without its tie-break, as the sums of a row have it."""
    wide = key >> TIE_BITS
    if wide >= np.int64(1) << (NAMED - TIE_BITS):
        wide += named_bit - (np.int64(1) << (NAMED - TIE_BITS))
    return min(wide, 2 * named_bit - 1)


@compiled
def _surpass(gain: Short, preference: Short, full: Short, share: Short) -> None:
    """Put -1 for what is gained at seats that ask for more than they would have."""
    none = gain.dtype.type(NONE)
    for seat in range(len(gain)):
        value = gain[seat] if preference[seat] >= full[seat] else none
        gain[seat] = value if preference[seat] >= share[seat] else none


@compiled
def _only(bits: np.uint64, gain: Short) -> None:
    """Put -1 for what is gained in a block at seats that are not feasible."""
    short = gain.dtype.type
    for bit in range(64):
        gain[bit] |= short(short((bits >> np.uint64(bit)) & _ONE) - short(1))


@compiled
def _feasible_only(words: Words, gain: Short) -> None:
    for word in range(len(words)):
        if words[word] != _ALL:
            _only(words[word], gain[word << 6 : (word + 1) << 6])


@compiled
def _greatest(gain: Short, tops: Short) -> None:
    """The greatest of each block, -1 for none."""
    none = gain.dtype.type(NONE)
    for block in range(len(gain) >> 6):
        best = none
        for bit in range(64):
            value = gain[(block << 6) + bit]
            best = value if value > best else best
        tops[block] = best


@compiled
def _floor(tops: Short, few: int, lowest: Short) -> int:
    """A sum that at least `few` seats reach: the least of the greatest `few` blocks (0 where there are not as many)."""
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
    floor: int,
    named_bit: int,
    mine: np.uint64,
    theirs: Words,
    least: Long,
    least_of: Long,
    own: Long,
    wish: Numbers,
    wish_key: Long,
) -> int:
    """The best seats of a row whose sums reach the floor and that would take the candidate, in order; how many."""
    found, longest = 0, len(own)
    for block in range(len(tops)):
        if tops[block] < floor:
            continue
        for seat in range(block << 6, (block + 1) << 6):
            if gain[seat] < floor:
                continue
            mixed = _mixed(mine, theirs[seat])
            key = _key(named_bit, preference[seat], mixed)
            if key <= least[seat] or key <= least_of[seat]:
                continue
            wanted = (np.int64(gain[seat]) << TIE_BITS) | np.int64(mixed >> _OWN_SHIFT)
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
def refill(facts: Facts, left: Words, state: State, one: int, country: int, room: Buffers) -> None:
    """The best few seats that would still take the candidate, in the order of the wish, into `state.wish`.

    Those that would not are passed over for good: in deferred acceptance what a seat asks only ever rises.
    """
    own, gain, preference, tops = room.own, room.gain, room.preference, room.tops
    wish, wish_key, longest, named_bit = state.wish[one], state.wish_key[one], state.wish.shape[1], facts.named_bit
    least, least_of, mine, theirs = state.least, state.least_of[country], facts.own_hash[one], facts.seat_hash
    _score(facts, one, room)
    _surpass(gain, preference, state.least_short, state.least_of_short[country])
    _feasible_only(left[one], gain)
    _greatest(gain, tops)
    floor = _floor(tops, longest, room.lowest)
    found = _best(gain, preference, tops, floor, named_bit, mine, theirs, least, least_of, own, wish, wish_key)
    if found == 0 and floor > 0:
        floor = 0
        found = _best(gain, preference, tops, floor, named_bit, mine, theirs, least, least_of, own, wish, wish_key)
    state.at[one] = 0
    state.length[one] = found
    state.more[one] = 1 if found == longest or floor > 0 else 0


@compiled
def admit(
    facts: Facts,
    left: Words,
    state: State,
    shares: Numbers,
    country: Numbers,
    free: Numbers,
    entering: Numbers,
    changed: int,
    wish: Numbers,
    wish_key: Long,
) -> None:
    """Deferred acceptance: let candidates propose until each is held or would be taken nowhere.

    The list of the candidate `changed` (NONE: nobody's) is `wish` with `wish_key`, all of it, instead of his or her row.
    """
    room = _buffers(state)
    # Parts of a tuple are counted references, so they are taken out of it once, not at every proposal.
    first, size, who, held, taken = state.room, state.size, state.who, state.key, state.taken
    least, least_short, least_of, least_of_short = state.least, state.least_short, state.least_of, state.least_of_short
    wishes, wish_keys, placed = state.wish, state.wish_key, state.seat
    following, length, more, named_bit = state.at, state.length, state.more, facts.named_bit
    asked = 0
    for person in entering:
        one = np.int64(person)
        while one != NONE:
            own = country[one]
            gone = np.int64(NONE)
            while True:
                if one == changed:
                    if asked == len(wish):
                        break
                    seat, key = np.int64(wish[asked]), wish_key[asked]
                    asked += 1
                else:
                    at = following[one]
                    if at == length[one]:
                        if not more[one]:
                            break
                        refill(facts, left, state, one, own, room)
                        if not length[one]:
                            break
                        at = 0
                    seat, key = np.int64(wishes[one, at]), wish_keys[one, at]
                    following[one] = at + 1
                if key > least[seat] and key > least_of[own, seat]:
                    start, end = first[seat], first[seat] + size[seat]
                    gone = _let_in(country, shares[seat], free[seat], start, end, who, held, taken[seat], key, one)
                    size[seat] += gone == NONE
                    placed[one] = seat
                    end = start + size[seat]
                    bar = np.int64(NONE)
                    if end - start >= free[seat]:
                        bar = held[start]
                    least[seat], least_short[seat] = bar, _short(named_bit, bar)
                    bar = _bar_of(country, shares[seat], start, end, who, held, taken[seat], own)
                    least_of[own, seat], least_of_short[own, seat] = bar, _short(named_bit, bar)
                    if gone != NONE:
                        placed[gone] = NONE
                        other = country[gone]
                        bar = _bar_of(country, shares[seat], start, end, who, held, taken[seat], other)
                        least_of[other, seat], least_of_short[other, seat] = bar, _short(named_bit, bar)
                    break
            one = gone


@compiled
def _let_in(
    country: Numbers,
    share: int,
    free: int,
    start: int,
    end: int,
    who: Numbers,
    held: Long,
    taken: Numbers,
    key: int,
    one: int,
) -> int:
    """A seat that would rather have the candidate than somebody it holds takes him or her; who has to go, or NONE."""
    own, out = country[one], np.int64(NONE)
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
            who[at], held[at] = who[at + 1], held[at + 1]
    at = end
    while at > start and held[at - 1] > key:
        who[at], held[at] = who[at - 1], held[at - 1]
        at -= 1
    who[at], held[at] = one, key
    taken[own] += 1
    return gone


@compiled
def _bar_of(
    country: Numbers, share: int, start: int, end: int, who: Numbers, held: Long, taken: Numbers, own: int
) -> int:
    """The key that one more of a country has to surpass at a seat because of the country's share; NONE for no bar."""
    if taken[own] < share:
        return np.int64(NONE)
    for at in range(start, end):
        if country[who[at]] == own:
            return held[at]
    return np.int64(NOBODY_MORE)


class Told(NamedTuple):
    """What a matching means for each candidate.

    `rank` of the seat among the feasible (0: no seat), `blocking` pairs with it, the `first` choice (NONE: nothing is
    feasible), both sums, and the `points` by criterion, of the seat or else of the first choice.
    """

    rank: Numbers
    blocking: Numbers
    first: Numbers
    gain: Numbers
    preference: Numbers
    points: Bytes


@compiled
def settle(facts: Facts, state: State, shares: Numbers, country: Numbers, free: Numbers) -> None:
    """Let each seat hold whom `state.seat` says, and set all bars; nobody's list is begun."""
    points = np.empty(len(facts.applicant), np.int8)
    first, size, who, held, taken = state.room, state.size, state.who, state.key, state.taken
    for one in range(len(state.seat)):
        seat = state.seat[one]
        if seat != NONE:
            at = first[seat] + size[seat]
            key = keys_of(facts, one, seat, points)[1]
            while at > first[seat] and held[at - 1] > key:
                who[at], held[at] = who[at - 1], held[at - 1]
                at -= 1
            who[at], held[at] = one, key
            size[seat] += 1
            taken[seat, country[one]] += 1
    for seat in range(len(free)):
        start, end = first[seat], first[seat] + size[seat]
        bar = np.int64(NONE)
        if size[seat] >= free[seat]:
            bar = held[start] if end > start else np.int64(NOBODY_MORE)
        state.least[seat], state.least_short[seat] = bar, _short(facts.named_bit, bar)
        for own in range(taken.shape[1]):
            bar = _bar_of(country, shares[seat], start, end, who, held, taken[seat], own)
            state.least_of[own, seat], state.least_of_short[own, seat] = bar, _short(facts.named_bit, bar)


@compiled
def tell(
    facts: Facts, left: Words, state: State, country: Numbers, stopped: Bytes, low: int, high: int, told: Told
) -> None:
    """Fill `told` for the candidates from `low` to `high`, of a matching that is settled.

    Somebody without a seat whose country is `stopped` blocks nothing, for no seat may take one more from there.
    """
    room = _buffers(state)
    gain, preference, tops, named_bit, theirs = room.gain, room.preference, room.tops, facts.named_bit, facts.seat_hash
    rank, block, points = told.rank, told.blocking, told.points
    for one in range(low, high):
        seat, own = np.int64(state.seat[one]), country[one]
        least, least_of, least_short = state.least, state.least_of[own], state.least_short
        wanted, sum_of = np.int64(NONE), np.int64(NONE)
        if seat != NONE:
            wanted, key = keys_of(facts, one, seat, points[one])
            sum_of = wanted >> TIE_BITS
        _score(facts, one, room)
        _feasible_only(left[one], gain)
        _greatest(gain, tops)
        mine, better, blocks = facts.own_hash[one], 0, 0
        best, first = np.int64(NONE), np.int64(NONE)
        blocked = seat == NONE and stopped[own] == 1
        for at in range(len(tops)):
            top = tops[at]
            if top < sum_of or top < 0:
                continue
            leads = top >= best >> TIE_BITS
            for other in range(at << 6, (at + 1) << 6):
                value = np.int64(gain[other])
                if value < sum_of or value < 0:
                    continue
                if value > sum_of and not (leads and value == top) and (
                    preference[other] < least_short[other] or blocked
                ):
                    better += 1
                    continue
                mixed = _mixed(mine, theirs[other])
                wish = (value << TIE_BITS) | np.int64(mixed >> _OWN_SHIFT)
                if wish > best:
                    best, first = wish, np.int64(other)
                if wish > wanted:
                    better += 1
                    key = _key(named_bit, preference[other], mixed)
                    blocks += key > least[other] and key > least_of[other] and not blocked
        rank[one], block[one] = better + 1 if seat != NONE else 0, blocks
        told.first[one] = first
        shown = seat if seat != NONE else first
        if shown == NONE:
            points[one] = 0
            told.gain[one], told.preference[one] = 0, 0
            continue
        wanted, key = keys_of(facts, one, shown, points[one])
        told.gain[one] = wanted >> TIE_BITS
        told.preference[one] = (key >> TIE_BITS) & ((np.int64(1) << (NAMED - TIE_BITS)) - 1)


@compiled
def column(facts: Facts, left: Words, seat: int, wish: Long, key: Long) -> None:
    """How each candidate orders a seat (`wish`) and how the seat orders them (`key`); NONE where not feasible."""
    points = np.empty(len(facts.applicant), np.int8)
    word, bit = seat >> 6, np.uint64(seat & 63)
    for one in range(len(wish)):
        wish[one], key[one] = NONE, NONE
        if (left[one, word] >> bit) & _ONE == _ONE:
            wish[one], key[one] = keys_of(facts, one, seat, points)
