"""Keep a matching of the highest sum up to date while people, seats and places change.

It has the same slots and methods as `Book` for a stable matching. Prices of the last optimum are kept, so that a change
costs one shortest path (`kernels/exchange.py`); among several best matchings the published tie-breaks decide, as in a
run.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.kernels import exchange
from services.matching.engine.kernels.exchange import GONE, NOWHERE, Exchange
from services.matching.engine.kernels.tie_break_prices import settle
from services.matching.engine.problem.problem import Rules
from services.matching.engine.rules.pairing import Line, Pairing

_BLOCK = 128
_TOO_FAR = 1 << 60
"""Prices below the points have no bound of their own; long before 64 bits are full a run begins anew."""
_NOTHING = np.zeros(0, np.int32)


class Best:
    """The matching of the highest sum over slots of candidates and seats. No share of a country may bind."""

    def __init__(self, pairing: Pairing, people: int, seats: int) -> None:
        self._pairing = pairing
        self._gain = np.zeros((people, seats), np.int32)
        self.state = Exchange(
            worth=np.zeros((people, seats), np.int32),
            worth_by_seat=np.zeros((seats, people), np.int32),
            word=np.zeros(people, np.uint64),
            seat_word=np.zeros(seats, np.uint64),
            at=np.full(people, GONE),
            who=np.full((seats, 1), NOWHERE, np.int32),
            size=np.zeros(seats, np.int64),
            free=np.zeros(seats, np.int64),
            left_a=np.zeros(people, np.int64),
            left_b=np.zeros(people, np.int64),
            price_a=np.zeros(seats, np.int64),
            price_b=np.zeros(seats, np.int64),
        )
        self._reported = np.full(people, NOWHERE)

    @property
    def at(self) -> NDArray[np.int64]:
        """The seat of each slot: NOWHERE for none, GONE for an unused slot."""
        return self.state.at

    def moved(self) -> dict[int, int]:
        """Return those who moved since the last call -> the seat before.

        Raises OverflowError if prices have grown too far.
        """
        state = self.state
        if max(int(np.abs(each).max(initial=0)) for each in (state.left_b, state.price_b)) > _TOO_FAR:
            raise OverflowError("Prices below the points have run away; a run is to begin anew")
        now = np.maximum(state.at, NOWHERE)
        before = {
            candidate: int(self._reported[candidate]) for candidate in np.flatnonzero(now != self._reported).tolist()
        }
        self._reported = now
        return before

    def scores(self, candidate: int, seat: int, _rules: Rules) -> tuple[int, int]:
        """Return the candidate's gain and the seat's preference, of a feasible pair."""
        gain = int(self._gain[candidate, seat])
        return gain, int(self.state.worth[candidate, seat]) - 1 - gain

    def feasible(self, candidate: int) -> int:
        """Return how many seats a candidate could have if nobody else came: fixed pairs have left a place."""
        return int(np.count_nonzero((self.state.worth[candidate] > 0) & (self.state.free > 0)))

    # Who and what there is

    def fits(self, people: int, seats: int, _countries: int) -> bool:
        """Return whether there is room for so many slots; countries take none."""
        return people <= len(self.state.at) and seats <= len(self.state.free)

    def grow(self, people: int, seats: int, _countries: int) -> None:
        """Make room for more slots."""
        wider = Best(self._pairing, people, seats)
        wider._widen(self.state.who.shape[1])
        for name, theirs in (self.state._asdict() | {"gain": self._gain}).items():
            mine = wider._gain if name == "gain" else getattr(wider.state, name)
            mine[tuple(slice(size) for size in theirs.shape)] = theirs
        wider._reported[: len(self._reported)] = self._reported
        vars(self).update(vars(wider))

    def set_row(self, candidate: int, _country: int, line: Line, *, rough: bool = True) -> None:
        """Enter a candidate's worth at all seats; he or she is not in the pool yet.

        Without `rough`, `roughen` is to be called when all rows are entered, which costs less than row by row.
        """
        size, worth, gain = len(line.own), *_of(line, self._pairing.setting.rules)
        self.state.worth[candidate, :size], self._gain[candidate, :size] = worth, gain
        self.state.word[candidate] = self._pairing.candidates.word[candidate]
        if rough:
            self.state.worth_by_seat[:size, candidate] = worth

    def roughen(self, people: int) -> None:
        """Transpose all rows to columns, for so many slots of candidates."""
        state = self.state
        for at in range(0, people, _BLOCK):
            state.worth_by_seat[:, at : at + _BLOCK] = state.worth[at : at + _BLOCK].T

    def set_column(self, seat: int, line: Line) -> None:
        """Enter the worth of all candidates at a seat, which takes nobody yet."""
        size, worth, gain = len(line.own), *_of(line, self._pairing.setting.rules)
        state = self.state
        state.worth[:size, seat], state.worth_by_seat[seat, :size], self._gain[:size, seat] = worth, worth, gain
        state.seat_word[seat] = self._pairing.seats.word[seat]
        exchange.price(state, seat)

    def clear_column(self, seat: int, people: int) -> None:
        """Clear a seat that takes nobody any more; `people` is how many slots of candidates were ever used."""
        state = self.state
        state.worth[:people, seat] = 0
        state.worth_by_seat[seat] = 0
        state.price_a[seat] = state.price_b[seat] = 0

    def set_terms(self, seat: int, free: int, _share: int, _used: dict[int, int], *, bound: bool) -> None:
        """The free places of a seat. Raises ValueError where the share of a country can bind."""
        if bound:
            raise ValueError("The highest sum is followed only where no share of a country can bind")
        self._widen(free)
        self.state.seat_word[seat] = self._pairing.seats.word[seat]
        self.state.free[seat] = free

    def _widen(self, places: int) -> None:
        who = self.state.who
        if places > who.shape[1]:
            more = np.full((len(who), places + places // 4 - who.shape[1]), NOWHERE, np.int32)
            self.state = self.state._replace(who=np.concatenate([who, more], axis=1))

    # What happens

    def start(self, slots: list[int], prices: NDArray[np.int64], matching: list[int] | None = None) -> None:
        """Match all again, from any prices (by slot of the seat): the nearer to the best they are, the faster.

        If the prices prove a matching (a seat for each of the slots), it is taken over as it is.
        """
        state = self.state
        state.price_a[:] = prices
        state.at[slots] = NOWHERE
        if matching is not None:
            seat_of = np.full(len(state.at), NOWHERE)
            seat_of[slots] = matching
            if settle(state, seat_of):
                return
            for slot in slots:
                if state.at[slot] != NOWHERE:
                    exchange.take(state, slot)
            state.price_a[:], state.price_b[:] = prices, 0
        state.at[slots] = GONE
        self.enter(slots)
        for seat in range(len(state.free)):
            exchange.fill(state, seat)

    def enter(self, entering: Iterable[int]) -> None:
        """Let candidates enter, one after the other."""
        state = self.state
        for candidate in entering:
            row = state.worth[candidate]
            exchange.value(state, candidate, row)
            exchange.enter(state, candidate, NOWHERE, row)

    def remove(self, candidate: int) -> int:
        """Take a candidate out of the pool, and return the seat left behind (or NOWHERE)."""
        state = self.state
        seat = int(state.at[candidate])
        if seat != NOWHERE:
            exchange.take(state, candidate)
        state.at[candidate] = GONE
        state.left_a[candidate] = state.left_b[candidate] = 0
        return seat

    def turn_away(self, seat: int) -> list[int]:
        """Empty a seat; return those who had it, who are still to `enter` elsewhere."""
        state = self.state
        gone: list[int] = state.who[seat, : state.size[seat]].tolist()
        for candidate in gone:
            exchange.take(state, candidate)
        return gone

    def improve(self, seat: int) -> int:
        """Fill the free places of a seat (NOWHERE: none); return 0, for there are no rotations here."""
        if seat != NOWHERE:
            exchange.fill(self.state, seat)
        return 0

    def resize(self, seat: int) -> int:
        """Apply another number of places."""
        state = self.state
        while state.size[seat] > state.free[seat]:
            exchange.enter(state, NOWHERE, seat, _NOTHING)
        return self.improve(seat)


def _of(line: Line, rules: Rules) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the worth of pairs (0: not feasible), and the candidate's gain in it."""
    gain, preference = line.all_scores(rules)
    worth = np.where(line.own > 0, gain + preference + 1, 0)
    return worth.astype(np.int32), gain.astype(np.int32)
