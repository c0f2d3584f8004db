"""The state of deferred acceptance over slots, ready for the next event.

Every candidate has asked every seat that he or she wants more than the present one, so the matching alone is the state
of deferred acceptance: a rejected candidate goes on from there, and the end is the same as from scratch (McVitie &
Wilson, "The stable marriage problem", 1971). A candidate's next seat is found at once, by one pass over the row,
however many seats would refuse in between.

For each seat and country the book knows the first in line: the best of those who want the seat more than the present
one, whom a vacancy needs. If the share of a country cannot bind, one line for all is enough.
"""

from bisect import insort
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Rules
from services.matching.engine.rules.pairing import Line
from services.matching.engine.rules.scores import TIE_BITS

NOWHERE = -1
"""The seat of a candidate who has none, and the candidate of a line in which nobody stands."""

_NEVER = np.int64(np.iinfo(np.int64).max)

_ARRAYS = ("now", "_rough_now", "at", "_least", "_left", "_line_key", "_line", "_first", "_stale")
_BLOCK = 128
"""Rows turned to columns at once: a few lines of the cache wide."""
_ROUGH_BITS = 32
_CUT = 28
SCORE_BITS = _ROUGH_BITS + _CUT - TIE_BITS
"""The most bits of a candidate's order of seats: with its tie-break it is compared by its upper 32 bits first."""


class Book:
    """Matching, thresholds and lines over slots of candidates and seats."""

    def __init__(self, people: int, seats: int, countries: int) -> None:
        self.own = np.zeros((people, seats), np.int64)
        self.key = np.zeros((people, seats), np.int64)
        self._rough = np.zeros((seats, people), np.uint32)
        self.now = np.full(people, _NEVER)
        """The order of what a candidate has: 0 for none, above all for who is not in the pool."""
        self._rough_now = np.full(people, np.iinfo(np.uint32).max, np.uint32)
        self.at = np.full(people, NOWHERE)
        self.country = np.zeros(people, np.int64)
        self.admitted: list[list[tuple[int, int]]] = [[] for _ in range(seats)]
        self.count: list[dict[int, int]] = [{} for _ in range(seats)]
        self.free = [0] * seats
        self.share = [0] * seats
        self.bound = [False] * seats
        """Whether the share of a country can bind at the seat."""
        self._least = np.full((countries, seats), _NEVER)
        """The key above which a seat takes one more of a country."""
        self._left = np.zeros((countries, seats), bool)
        """Whether fixed pairs have left a place for one of a country."""
        self._line_key = np.full((countries, seats), NOWHERE)
        self._line = np.full((countries, seats), NOWHERE)
        self._first = np.full(seats, NOWHERE)
        self._stale = np.zeros(seats, bool)
        self.before: dict[int, int] = {}
        """Who may have moved since `moved` was asked last -> the seat before."""
        self._worse: dict[int, int] = {}

    def beside(self) -> "Book":
        """Return another book over the same rows, in which no seat has places and nobody is matched."""
        other = Book(len(self.now), len(self.admitted), len(self._least))
        other.own, other.key, other._rough, other.country = self.own, self.key, self._rough, self.country
        return other

    def saved(self) -> dict[str, object]:
        """Return all but the rows as it is now, for `restore`."""
        kept = {name: getattr(self, name).copy() for name in _ARRAYS}
        lists = {name: list(getattr(self, name)) for name in ("free", "share", "bound")}
        return (
            kept
            | lists
            | {
                "admitted": [list(holders) for holders in self.admitted],
                "count": [dict(counts) for counts in self.count],
            }
        )

    def restore(self, saved: dict[str, object]) -> None:
        """Restore a saved state; `saved` is not to be used again."""
        self.__dict__.update(saved)
        self.before.clear()

    # Who and what there is

    def fits(self, people: int, seats: int, countries: int) -> bool:
        """Return whether there is room for so many slots and countries."""
        return people <= len(self.now) and seats <= len(self.admitted) and countries <= len(self._least)

    def grow(self, people: int, seats: int, countries: int) -> None:
        """Make room for more slots and countries."""
        wider = Book(people, seats, countries)
        n, m, k = len(self.now), len(self.admitted), len(self._least)
        wider.own[:n, :m], wider.key[:n, :m], wider._rough[:m, :n] = self.own, self.key, self._rough
        wider.now[:n], wider._rough_now[:n] = self.now, self._rough_now
        wider.at[:n], wider.country[:n] = self.at, self.country
        for mine, theirs in (
            (wider.admitted, self.admitted),
            (wider.count, self.count),
            (wider.free, self.free),
            (wider.share, self.share),
            (wider.bound, self.bound),
        ):
            mine[:m] = theirs  # type: ignore[assignment]  # arrays of several types in one tuple
        wider._stale[:m] = self._stale
        wider._left[:k, :m] = self._left
        wider._left[k:, :m] = np.array(self.free) > 0
        for seat in range(m):
            if self.free[seat]:
                wider._refresh(seat)
        wider._line_key[:k, :m], wider._line[:k, :m], wider._first[:m] = self._line_key, self._line, self._first
        for seat in range(m):
            if not self.bound[seat]:
                wider._line_key[k:, seat] = self._line_key[0, seat]
        self.__dict__.update(wider.__dict__)

    def scores(self, candidate: int, seat: int, rules: Rules) -> tuple[int, int]:
        """Return the candidate's gain and the seat's preference, of a feasible pair."""
        return Line(self.own[candidate, seat], self.key[candidate, seat]).scores(rules)

    def moved(self) -> dict[int, int]:
        """Return those who moved since the last call -> the seat before."""
        moved = {candidate: before for candidate, before in self.before.items() if before != self.at[candidate]}
        self.before.clear()
        return moved

    def set_row(self, candidate: int, country: int, line: Line, *, rough: bool = True) -> None:
        """Enter a candidate's order of all seats; he or she is not in the pool yet.

        Without `rough`, `roughen` is to be called when all rows are entered, which costs less than row by row.
        """
        self.country[candidate] = country
        size = len(line.own)
        self.own[candidate, :size], self.key[candidate, :size] = line.own, line.key
        if rough:
            self._rough[:size, candidate] = _roughly(line.own)

    def roughen(self, people: int) -> None:
        """Make the rough columns ready, for so many slots of candidates."""
        for at in range(0, people, _BLOCK):
            self._rough[:, at : at + _BLOCK] = _roughly(self.own[at : at + _BLOCK]).T

    def set_column(self, seat: int, line: Line) -> None:
        """Enter the order of all candidates at a seat, which takes nobody yet."""
        size = len(line.own)
        self.own[:size, seat], self.key[:size, seat] = line.own, line.key
        self._rough[seat, :size] = _roughly(line.own)

    def clear_column(self, seat: int, people: int) -> None:
        """Clear a seat that takes nobody any more; `people` is how many slots of candidates were ever used."""
        self.own[:people, seat] = 0
        self._rough[seat] = 0
        self._mark(seat)

    def set_terms(self, seat: int, free: int, share: int, used: dict[int, int], *, bound: bool) -> None:
        """Set the free places of a seat, the most of one country, and the share used by fixed pairs."""
        self.free[seat], self.share[seat], self.bound[seat] = free, share, bound
        self._left[:, seat] = free > 0
        for country, number in used.items():
            self._left[country, seat] = free > 0 and number < share
        count = dict(used)
        for _, candidate in self.admitted[seat]:
            own = int(self.country[candidate])
            count[own] = count.get(own, 0) + 1
        self.count[seat] = count
        self._refresh(seat)
        self._mark(seat)

    def settle(self, candidate: int, seat: int) -> None:
        """Give a candidate a seat (or none) in a matching that is known to be the best stable one."""
        if seat == NOWHERE:
            self._stand(candidate, seat, 0)
            return
        self._join(candidate, seat)
        self._refresh(seat)

    # Deferred acceptance

    def enter(self, entering: Iterable[int]) -> None:
        """Let candidates propose, each from the present seat downwards, until each has a seat or has asked all."""
        for each in entering:
            candidate = each
            self._worse.setdefault(candidate, int(self.now[candidate]))
            while True:
                own, now = self.own[candidate], self.now[candidate]
                ask = np.where((self.key[candidate] > self._least[self.country[candidate]]) & (own < now), own, 0)
                seat = int(ask.argmax())
                if not ask[seat]:
                    self._stand(candidate, NOWHERE, 0)
                    break
                gone = self._rejected(seat, int(self.country[candidate]))
                if gone != NOWHERE:
                    self._leave(gone, seat)
                self._join(candidate, seat)
                self._refresh(seat)
                if gone == NOWHERE:
                    break
                candidate = gone
                self._worse.setdefault(candidate, int(self.now[candidate]))
        self._line_up()

    def remove(self, candidate: int) -> int:
        """Take a candidate out of the pool, and return the seat left behind (or NOWHERE)."""
        seat = int(self.at[candidate])
        if seat != NOWHERE:
            self._leave(candidate, seat)
            self._refresh(seat)
        self._stand(candidate, NOWHERE, int(_NEVER))
        return seat

    def feasible(self, candidate: int) -> int:
        """Return how many seats a candidate could have if nobody else came.

        Fixed pairs have left a place and a share.
        """
        return int(np.count_nonzero((self.own[candidate] > 0) & self._left[self.country[candidate]]))

    def choice(self, seat: int) -> set[int]:
        """Return whom a seat would choose under its present terms among its holders and all who want it more."""
        people = self._wanting(seat)
        line = sorted([*self.admitted[seat], *zip(self.key[people, seat].tolist(), people.tolist(), strict=True)])
        count = dict(self.count[seat])
        for _, candidate in self.admitted[seat]:
            count[int(self.country[candidate])] -= 1
        chosen: set[int] = set()
        while line and len(chosen) < self.free[seat]:
            _, candidate = line.pop()
            country = int(self.country[candidate])
            if count.get(country, 0) < self.share[seat]:
                chosen.add(candidate)
                count[country] = count.get(country, 0) + 1
        return chosen

    def turn_away(self, seat: int, kept: Collection[int] = ()) -> list[int]:
        """Empty a seat but for those who are kept; return the others, who are still to `enter` elsewhere."""
        gone = [candidate for _, candidate in self.admitted[seat] if candidate not in kept]
        for candidate in gone:
            self._leave(candidate, seat)
        self._refresh(seat)
        return gone

    # Vacancies

    def vacancy(self, seat: int) -> set[int]:
        """Fill the places of a seat, then those that fall free by it; return those who moved up.

        The chain ends in a stable matching (Blum, Roth & Rothblum, "Vacancy chains and equilibration in senior-level
        labor markets", 1997).
        """
        moved: set[int] = set()
        open_seats = [seat]
        while open_seats:
            at = open_seats[-1]
            candidate = self.wanted(at)
            if candidate == NOWHERE:
                open_seats.pop()
                continue
            left = int(self.at[candidate])
            if left != NOWHERE:
                self._leave(candidate, left)
                self._refresh(left)
                open_seats.insert(0, left)
            self._join(candidate, at)
            self._refresh(at)
            moved.add(candidate)
        return moved

    def replacement(self, candidate: int) -> int:
        """Return who would take the place of a candidate who has one (NOWHERE: nobody)."""
        seat = int(self.at[candidate])
        if self._stale[seat]:
            self._look_up(seat)
        if len(self.admitted[seat]) > self.free[seat]:
            return NOWHERE
        if not self.bound[seat]:
            return int(self._first[seat])
        keys, count, own = self._line_key[:, seat].copy(), self.count[seat], int(self.country[candidate])
        for country, number in count.items():
            if number - (country == own) >= self.share[seat]:
                keys[country] = NOWHERE
        best = int(keys.argmax())
        return NOWHERE if keys[best] == NOWHERE else int(self._line[best, seat])

    def starts(self, seat: int) -> list[int]:
        """Return one candidate of each kind at a seat.

        Candidates replaced by the same other one are of the same kind.
        """
        line = self.admitted[seat]
        if not self.bound[seat]:
            return [candidate for _, candidate in line[:1]]
        return list({int(self.country[candidate]): candidate for _, candidate in line}.values())

    def stale(self) -> list[int]:
        """Return the seats that have holders and whose line must be looked up."""
        return [seat for seat in np.flatnonzero(self._stale).tolist() if self.admitted[seat]]

    def rotate(self, cycle: list[int]) -> None:
        """Let each take the seat of the one before, the first that of the last."""
        seats = [int(self.at[candidate]) for candidate in cycle]
        for candidate, seat in zip(cycle, seats, strict=True):
            self._leave(candidate, seat)
        for candidate, seat in zip([*cycle[1:], cycle[0]], seats, strict=True):
            self._join(candidate, seat)
        for seat in seats:
            self._refresh(seat)

    def wanted(self, seat: int) -> int:
        """Return the best of those who want the seat and whom it would take."""
        if self._stale[seat]:
            self._look_up(seat)
        if not self.bound[seat]:
            return int(self._first[seat]) if self._line_key[0, seat] > self._least[0, seat] else NOWHERE
        keys = np.where(self._line_key[:, seat] > self._least[:, seat], self._line_key[:, seat], NOWHERE)
        best = int(keys.argmax())
        return NOWHERE if keys[best] == NOWHERE else int(self._line[best, seat])

    # Parts

    def _rejected(self, seat: int, country: int) -> int:
        """Return whom a seat gives up when it takes one more of a country.

        The last of that country, or of all, or nobody.
        """
        line = self.admitted[seat]
        if self.count[seat].get(country, 0) >= self.share[seat]:
            return next(other for _, other in line if self.country[other] == country)
        return line[0][1] if len(line) >= self.free[seat] else NOWHERE

    def _join(self, candidate: int, seat: int) -> None:
        insort(self.admitted[seat], (int(self.key[candidate, seat]), candidate))
        country = int(self.country[candidate])
        self.count[seat][country] = self.count[seat].get(country, 0) + 1
        self._stand(candidate, seat, int(self.own[candidate, seat]))

    def _leave(self, candidate: int, seat: int) -> None:
        self.admitted[seat].remove((int(self.key[candidate, seat]), candidate))
        self.count[seat][int(self.country[candidate])] -= 1

    def _stand(self, candidate: int, seat: int, order: int) -> None:
        """Note a candidate's seat; the lines that he or she leads and no longer wants must be looked up."""
        self.before.setdefault(candidate, int(self.at[candidate]))
        better = order > self.now[candidate]
        self.now[candidate], self.at[candidate] = order, seat
        self._rough_now[candidate] = min((order >> 28) + 1, np.iinfo(np.uint32).max)
        if better or order == _NEVER:
            led = self._line[self.country[candidate]] == candidate
            for number in np.flatnonzero(led & (self.own[candidate] <= order)).tolist():
                self._mark(number)

    def _refresh(self, seat: int) -> None:
        """Compute the least key with which each country gets in."""
        line, free, least = self.admitted[seat], self.free[seat], self._least
        if free <= 0:
            least[:, seat] = _NEVER
            return
        least[:, seat] = line[0][0] if len(line) >= free else NOWHERE
        if self.bound[seat]:
            share = self.share[seat]
            for country, number in self.count[seat].items():
                if number >= share:
                    least[country, seat] = next(
                        (key for key, candidate in line if self.country[candidate] == country), int(_NEVER)
                    )

    def _mark(self, seat: int) -> None:
        """Mark the line of a seat to be looked up when it is needed."""
        self._stale[seat] = True
        self._line[:, seat] = NOWHERE
        self._line_key[:, seat] = _NEVER

    def _look_up(self, seat: int) -> None:
        """Find the first of each country, or of all, who want a seat more than the present one."""
        self._stale[seat] = False
        self._line[:, seat] = NOWHERE
        self._line_key[:, seat] = NOWHERE
        self._first[seat] = NOWHERE
        people = self._wanting(seat)
        if not len(people):
            return
        keys = self.key[people, seat]
        if not self.bound[seat]:
            best = int(keys.argmax())
            self._lead(int(people[best]), seat, int(keys[best]))
            return
        order = np.argsort(-keys)
        countries, first = np.unique(self.country[people[order]], return_index=True)
        self._line[countries, seat] = people[order[first]]
        self._line_key[countries, seat] = keys[order[first]]

    def _wanting(self, seat: int) -> NDArray[np.int64]:
        """Return all who want a seat more than the present one."""
        people: NDArray[np.int64] = np.flatnonzero(self._rough[seat] >= self._rough_now)
        wanting: NDArray[np.int64] = people[self.own[people, seat] > self.now[people]]
        return wanting

    def _lead(self, candidate: int, seat: int, key: int) -> None:
        """Put a candidate first in a line that is the same for all countries."""
        self._line[:, seat] = NOWHERE
        self._line[self.country[candidate], seat] = candidate
        self._line_key[:, seat] = key
        self._first[seat] = candidate

    def _line_up(self) -> None:
        """Put those who have less than before in line for what they want now."""
        for candidate, before in self._worse.items():
            own, country = self.own[candidate], self.country[candidate]
            wanted = (own <= before) & (own > self.now[candidate])
            ahead = np.flatnonzero(wanted & (self.key[candidate] > self._line_key[country]))
            for seat in ahead.tolist():
                if self.bound[seat]:
                    self._line[country, seat], self._line_key[country, seat] = candidate, self.key[candidate, seat]
                else:
                    self._lead(candidate, seat, int(self.key[candidate, seat]))
        self._worse.clear()


def _roughly(own: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return orders cut to 32 bits; 0 stays below all that is feasible."""
    return np.where(own > 0, (own >> np.int64(_CUT)) + 1, 0).astype(np.uint32)
