"""Would one more wish or one more place bring a candidate in, answered without matching all anew?

Whoever enters a stable matching sets off a chain of proposals, and a place that falls free a chain of moves; either
ends in a stable matching of the changed market (Blum, Roth & Rothblum, "Vacancy chains and equilibration in
senior-level labor markets", 1997). It need not be the candidates' best one, but the same people have a seat in all of
them (the rural hospitals theorem, which holds for choices like these: Hatfield & Milgrom, "Matching with contracts",
2005), and that is what is asked.
"""

from functools import cached_property

import numpy as np

from services.matching.engine.market import Integers, Market, Row
from services.matching.engine.stable import UNMATCHED, Admissions


class Chains:
    """A stable matching without ceilings, and what changes would lead to; no question changes it."""

    def __init__(self, market: Market, assigned: list[int]) -> None:
        self._market = market
        self._assigned = assigned
        self._settled = Admissions.settled(market, assigned)

    def enters(self, candidate: int, row: Row) -> bool:
        """Whether a candidate without a seat would get one, if his or her row were this one."""
        state = self._settled.copy({candidate: row})
        state.enter([candidate])
        return state.assignment()[candidate] != UNMATCHED

    def moves_up(self, candidate: int, seat: int, places: int, share: int) -> bool:
        """Whether a candidate without a seat would get one, if the seat had these free places and this share."""
        market, state = self._market, self._settled.copy()
        free, shares = list(market.free), list(market.shares)
        free[seat], shares[seat] = places, share
        reached = self._reached.copy()
        now = list(self._assigned)
        open_seats = [seat]
        while open_seats:
            at = open_seats[-1]
            if len(state.held[at]) >= free[at] or (found := self._next(at, reached, state, shares[at])) is None:
                open_seats.pop()
                continue
            pair, one = found
            if one == candidate:
                return True
            if now[one] != UNMATCHED:
                state.leave(now[one], one)
                open_seats.insert(0, now[one])
            state.join(at, int(self._keys[pair]), one)
            now[one], reached[one] = at, self._position[pair]
        return False

    def _next(self, seat: int, reached: Integers, state: Admissions, share: int) -> tuple[int, int] | None:
        """The best candidate (with the pair's number) who wants the seat more than what he or she has reached."""
        column = slice(int(self._columns[seat]), int(self._columns[seat + 1]))
        owners = self._owner[column]
        for at in np.flatnonzero(self._position[column] < reached[owners]):
            one = int(owners[at])
            if state.of_country(seat, one) < share:
                return column.start + int(at), one
        return None

    @cached_property
    def _order(self) -> Integers:
        """The pairs seat by seat, each seat's best candidate first."""
        pairs = self._market.pairs
        return np.lexsort((-pairs.key, pairs.seat))

    @cached_property
    def _columns(self) -> Integers:
        counts = np.bincount(self._market.pairs.seat, minlength=len(self._market.seats))
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])

    @cached_property
    def _owner(self) -> Integers:
        return self._market.pairs.owner[self._order]

    @cached_property
    def _keys(self) -> Integers:
        return self._market.pairs.key[self._order]

    @cached_property
    def _position(self) -> Integers:
        """Where in the order of all pairs each stands: less is more wanted by the same candidate."""
        return self._order

    @cached_property
    def _reached(self) -> Integers:
        """The position of what each candidate has; beyond all for nothing."""
        pairs = self._market.pairs
        reached = np.full(len(self._assigned), len(pairs.seat))
        owner = pairs.owner
        held = np.flatnonzero(np.array(self._assigned, np.int64)[owner] == pairs.seat)
        reached[owner[held]] = held
        return reached
