"""Decide whether one more wish or one more place would give a candidate a seat, without a full run.

A candidate who enters a stable matching sets off a chain of proposals, and a place that falls free a chain of moves;
either ends in a stable matching of the changed market (Blum, Roth & Rothblum, "Vacancy chains and equilibration in
senior-level labor markets", 1997). It need not be the candidates' best one, but the same people have a seat in all of
them (the rural hospitals theorem, which holds for choices like these: Hatfield & Milgrom, "Matching with contracts",
2005), and that is the question.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from services.matching.engine.market.market import Column, Integers, Market, Row
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, Admissions

if TYPE_CHECKING:
    from services.matching.engine.kernels import State

_COLUMNS_KEPT = 256


class Chains:
    """A stable matching without ceilings, and the effects of changes; no question changes it."""

    def __init__(self, market: Market, assigned: list[int]) -> None:
        self._market = market
        self._assigned = assigned
        self._columns: dict[int, Column] = {}

    def enters(self, candidate: int, row: Row) -> bool:
        """Return whether a candidate without a seat would get one with this row."""
        if self._market.sweep is not None:
            return self._market.sweep.enters(self._swept, candidate, row.seats, row.keys)
        state = self._settled.copy({candidate: row})
        state.enter([candidate])
        return state.assignment()[candidate] != UNMATCHED

    def moves_up(self, candidate: int, seat: int, places: int, share: int) -> bool:
        """Return whether a candidate without a seat would get one if the seat had these free places and this share."""
        market, state = self._market, self._state.copy()
        free, shares = list(market.free), list(market.shares)
        free[seat], shares[seat] = places, share
        reached = self._reached.copy()
        now = list(self._assigned)
        open_seats = [seat]
        while open_seats:
            at = open_seats[-1]
            if len(state.admitted[at]) >= free[at] or (found := self._next(at, reached, state, shares[at])) is None:
                open_seats.pop()
                continue
            mover, wish, key = found
            if mover == candidate:
                return True
            if now[mover] != UNMATCHED:
                state.leave(now[mover], mover)
                open_seats.insert(0, now[mover])
            state.join(at, key, mover)
            now[mover], reached[mover] = at, wish
        return False

    def _next(self, seat: int, reached: Integers, state: Admissions, share: int) -> tuple[int, int, int] | None:
        """Return the best candidate who wants the seat more than the present one; with the wish and the key."""
        column = self._column(seat)
        for at in np.flatnonzero(column.wish > reached[column.owner]):
            candidate = int(column.owner[at])
            if state.of_country(seat, candidate) < share:
                return candidate, int(column.wish[at]), int(column.key[at])
        return None

    def _column(self, seat: int) -> Column:
        """Return the column of a seat, its best candidate first."""
        if seat not in self._columns:
            if len(self._columns) >= _COLUMNS_KEPT:
                self._columns.clear()
            column = self._market.column(seat)
            order = np.argsort(-column.key)
            self._columns[seat] = Column(column.owner[order], column.wish[order], column.key[order])
        return self._columns[seat]

    @cached_property
    def _swept(self) -> "State":
        assert self._market.sweep is not None
        return self._market.sweep.settled(self._assigned)

    @cached_property
    def _settled(self) -> Admissions:
        return Admissions.settled(self._market, self._assigned)

    @cached_property
    def _state(self) -> Admissions:
        """Return the holders of each seat; nobody proposes in this state."""
        keys = self._market.terms_of(self._assigned).key
        return Admissions.holding(self._market, self._assigned, keys.tolist())

    @cached_property
    def _reached(self) -> Integers:
        """Return how much each candidate wants the present seat; less than any wish if there is none."""
        return self._market.terms_of(self._assigned).wish
