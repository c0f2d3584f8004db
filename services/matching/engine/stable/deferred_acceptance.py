"""Find a stable matching by candidate-proposing deferred acceptance.

Gale & Shapley, "College admissions and the stability of marriage", 1962; many to one: Roth, "The evolution of the labor
market for medical interns and residents", 1984. The result is the best stable one for every candidate, and no candidate
gains by misreporting.

A seat chooses greedily by its own order, skipping candidates beyond the ceiling of their country: type-specific
ceilings of Abdulkadiroğlu & Sönmez, "School choice: a mechanism design approach" (2003). Share and capacity form a
laminar matroid, so the choice is substitutable and obeys the law of aggregate demand (Fleiner, "A fixed-point approach
to stable matchings", 2003), and all of the above still holds.
"""

from bisect import insort
from collections.abc import Collection, Iterable, Mapping

from services.matching.engine.market.market import Market, Row

UNMATCHED = -1


class Admissions:
    """The holders of each seat so far.

    Candidates enter one by one; the end does not depend on the order (McVitie & Wilson, 1971).
    """

    __slots__ = ("_count", "_country", "_free", "_next", "_rows", "_shares", "admitted")

    def __init__(self, market: Market, rows: list[Row] | None = None) -> None:
        self._rows = market.rows if rows is None else rows
        self._country = market.country
        self._free = market.free
        self._shares = market.shares
        self._count = [dict(used) for used in market.used]
        self._next = [0] * len(market.candidates)
        self.admitted: list[list[tuple[int, int]]] = [[] for _ in market.seats]

    @classmethod
    def holding(cls, market: Market, assigned: list[int], keys: list[int]) -> "Admissions":
        """Return the state of an assignment (`keys[i]`: what the seat gives candidate i), in which nobody proposes."""
        state = cls(market, [])
        for candidate, seat in enumerate(assigned):
            if seat != UNMATCHED:
                state.join(seat, keys[candidate], candidate)
        return state

    @classmethod
    def settled(cls, market: Market, assigned: list[int]) -> "Admissions":
        """Return the state of a stable matching in which all have asked every seat that they want more."""
        state = cls(market)
        for candidate, (row, seat) in enumerate(zip(market.rows, assigned, strict=True)):
            at = len(row.seats) if seat == UNMATCHED else row.seats.index(seat)
            state._next[candidate] = min(at + 1, len(row.seats))
            if seat != UNMATCHED:
                state.join(seat, row.keys[at], candidate)
        return state

    def join(self, seat: int, key: int, candidate: int) -> None:
        """Give a seat to one more, without asking it."""
        insort(self.admitted[seat], (key, candidate))
        own = self._country[candidate]
        self._count[seat][own] = self._count[seat].get(own, 0) + 1

    def leave(self, seat: int, candidate: int) -> None:
        """Take a candidate out of a seat."""
        self.admitted[seat] = [pair for pair in self.admitted[seat] if pair[1] != candidate]
        self._count[seat][self._country[candidate]] -= 1

    def of_country(self, seat: int, candidate: int) -> int:
        """Return how many of the candidate's country the seat has, fixed pairs included."""
        return self._count[seat].get(self._country[candidate], 0)

    def copy(self, changed: dict[int, Row] | None = None) -> "Admissions":
        """Return a copy to continue with.

        `changed` gives candidates without a seat another row, with which to enter again.
        """
        other = object.__new__(Admissions)
        other._country, other._free, other._shares = self._country, self._free, self._shares
        other._count = [dict(count) for count in self._count]
        other._next = list(self._next)
        other._rows = list(self._rows)
        for candidate, row in (changed or {}).items():
            other._rows[candidate] = row
            other._next[candidate] = 0
        other.admitted = [list(line) for line in self.admitted]
        return other

    def enter(self, candidates: Iterable[int]) -> None:
        """Let candidates propose, best seat first, until each has a seat or has asked everywhere."""
        rows, following = self._rows, self._next
        for entering in candidates:
            candidate: int | None = entering
            while candidate is not None:
                row, at = rows[candidate], following[candidate]
                if at == len(row.seats):
                    break
                following[candidate] = at + 1
                candidate = self._propose(row.seats[at], row.keys[at], candidate)

    def _propose(self, seat: int, key: int, candidate: int) -> int | None:
        """Let the seat choose among its holders and the new one; return the rejected candidate, if any."""
        line, count, country = self.admitted[seat], self._count[seat], self._country
        own = country[candidate]
        if count.get(own, 0) >= self._shares[seat]:
            worst = next((at for at, (_, other) in enumerate(line) if country[other] == own), None)
            if worst is None or line[worst][0] > key:
                return candidate
            rejected = line.pop(worst)[1]
            insort(line, (key, candidate))
            return rejected
        gone: int | None = None
        if len(line) >= self._free[seat]:
            if not line or line[0][0] > key:
                return candidate
            gone = line.pop(0)[1]
            count[country[gone]] -= 1
        insort(line, (key, candidate))
        count[own] = count.get(own, 0) + 1
        return gone

    def assignment(self) -> list[int]:
        """Return the seat of each candidate, or UNMATCHED."""
        assigned = [UNMATCHED] * len(self._next)
        for seat, line in enumerate(self.admitted):
            for _, candidate in line:
                assigned[candidate] = seat
        return assigned


def admissions(market: Market, out: Collection[int] = ()) -> Admissions:
    """Run deferred acceptance of all candidates but those in `out`."""
    state = Admissions(market)
    state.enter(candidate for candidate in range(len(market.candidates)) if candidate not in out)
    return state


def stable(market: Market) -> tuple[list[int], frozenset[int]]:
    """Return the seats in the candidate-optimal stable matching, and whom a country's ceiling keeps out.

    A ceiling on what a country sends spans all seats, and together with shares no choice of the seats could keep it
    without losing stability; so it is kept before the choice: while a country is above its ceiling, as many as it is
    above leave the pool, those first whom their seats value least (then by the published tie-break), and the rest is
    matched again. The result is stable among those who stay.
    """
    out: set[int] = set()
    while True:
        assigned, keys = matched(market, out)
        beyond = beyond_ceilings(market, assigned, keys)
        if not beyond:
            return assigned, frozenset(out)
        out |= beyond


def matched(market: Market, out: Collection[int]) -> tuple[list[int], dict[int, int]]:
    """Return the seat of each candidate, and (if countries have ceilings) the key that it gives those who have one."""
    sweep = market.nearly or market.sweep
    if sweep is not None:
        swept = sweep.admitted(out)
        keys: dict[int, int] = {}
        if all(most is None for most in market.quota):
            return swept.seat.tolist(), keys
        for start, size in zip(swept.room.tolist(), swept.size.tolist(), strict=False):
            keys.update(
                zip(swept.who[start : start + size].tolist(), swept.key[start : start + size].tolist(), strict=True)
            )
        return swept.seat.tolist(), keys
    state = admissions(market, out)
    return state.assignment(), {candidate: key for keys in state.admitted for key, candidate in keys}


def beyond_ceilings(market: Market, assigned: list[int], keys: Mapping[int, int]) -> set[int]:
    """Return who leaves the pool next, by country."""
    if all(most is None for most in market.quota):
        return set()
    sent: dict[int, list[tuple[int, int]]] = {}
    for candidate, seat in enumerate(assigned):
        if seat != UNMATCHED:
            sent.setdefault(market.country[candidate], []).append((keys[candidate], candidate))
    beyond: set[int] = set()
    for country, placed in sent.items():
        most = market.quota[country]
        if most is not None and len(placed) > most:
            beyond.update(candidate for _, candidate in sorted(placed)[: len(placed) - max(0, most)])
    return beyond
