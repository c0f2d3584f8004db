"""Compute a stable run under countries' ceilings after one change, without repeating all of it.

A ceiling is kept in rounds: all are matched, those beyond it leave the pool, the rest is matched again. The matchings
of these rounds are kept as books (`incremental/book.py`), which follow one candidate with another row, a seat with
other places, or a few who leave or stay exactly. So the rounds of the changed run are repeated in the books, which are
restored afterwards. The result is that of a full run (`tests/unit/matching/engine/test_rounds.py`), at the cost of some
chains.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np

from services.matching.engine.incremental.book import NOWHERE, Book
from services.matching.engine.incremental.rotations import climb
from services.matching.engine.incremental.updates import Terms, improve, resize
from services.matching.engine.market.market import Integers, Market, Pairs
from services.matching.engine.rules.pairing import Line
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, beyond_ceilings, matched
from shared.contracts.codes import Objective

MOST_PAIRS = 5_000_000
"""Of more pairs (candidates times seats) the books would take above 100 MB."""
_RANK = 28
"""A place in a wish stands above the bits that a book's first look leaves out."""
_KEPT = 1_000


@dataclass(slots=True)
class _Round:
    """The matching of one round; `absent` are those who are not in its pool now."""

    book: Book
    absent: set[int]
    left: frozenset[int] = field(init=False)
    """Those who are not in its pool in the run that there was."""

    def __post_init__(self) -> None:
        self.left = frozenset(self.absent)


class Rounds:
    """The rounds of the stable run of a market with ceilings or floors; no question changes it.

    Answers are seats by number (UNMATCHED: none), or None if a floor asks for more than this can tell.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._country: Integers = np.array(market.country, np.int64)
        self._quota = {place: most for place, most in enumerate(market.quota) if most is not None}
        floors, rules = market.problem.rules.floors, market.rules
        ceilings = market.problem.rules.ceilings
        self._floors = {
            place: min(floors[name], ceilings.get(name, floors[name])) - rules.sent[name]
            for place, name in enumerate(market.countries)
            if name in floors
        }
        pairs = market.pairs if market.sweep is None else Pairs(*market.sweep.pairs())
        self._some: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.diff(pairs.starts) > 0
        self._whole = _whole(market, pairs)
        self._rounds = [self._begun(assigned, out) for assigned, out in _run(market)]
        self._apart: tuple[int, Line] | None = None
        self._wider: OrderedDict[tuple[int, int], list[int] | None] = OrderedDict()
        self._raised: dict[tuple[int, int], list[int] | None] = {}

    @staticmethod
    def fit(market: Market) -> bool:
        """Return whether this works for a market: stable, with a ceiling or a floor, and not too large."""
        rules = market.problem.rules
        followed = rules.objective is Objective.STABLE and not rules.exchanges
        bounded = followed and bool(rules.ceilings or rules.floors)
        return bounded and len(market.candidates) * len(market.seats) <= MOST_PAIRS

    def with_row(self, candidate: int, row: Pairs) -> int | None:
        """Return the seat of a candidate with another row."""
        self._set_apart(candidate)
        self._enter_row(candidate, _line(len(self._market.seats), row.seat, row.key))
        before, self._some[candidate] = self._some[candidate], len(row.seat) > 0
        try:
            assigned = self._walked(self._quota, candidate)
        finally:
            self._some[candidate] = before
        return None if assigned is None else assigned[candidate]

    def with_places(self, seat: int, more: int, free: int, share: int) -> list[int] | None:
        """Return everybody's seat if a seat had more places: so many free ones, and this share."""
        key = (seat, more)
        if key not in self._wider:
            self._set_apart(None)
            self._wider[key] = self._walked(self._quota, wider=(seat, self._terms(seat, more, free, share)))
            if len(self._wider) > _KEPT:
                self._wider.popitem(last=False)
        return self._wider[key]

    def more_places(self, seat: int, more: int) -> list[int] | None:
        """Return everybody's seat if a seat had so many more places."""
        return self.with_places(seat, more, *self._widened(seat, more))

    def with_quota(self, candidate: int, more: int = 1) -> list[int] | None:
        """Return everybody's seat if the candidate's country could send more; None if it may send nobody now."""
        country = int(self._country[candidate])
        if self._quota.get(country, 0) <= 0:
            return None
        if (country, more) not in self._raised:
            self._set_apart(None)
            self._raised[country, more] = self._walked(self._quota | {country: self._quota[country] + more})
        return self._raised[country, more]

    def under(self, candidate: int, row: Pairs | None, wider: tuple[int, int] | None, quota: int) -> list[int] | None:
        """Return everybody's seat under several changes at once; with another row only the candidate's counts.

        `wider` is a seat with its number of more places, `quota` how many more the candidate's country could send.
        """
        country = int(self._country[candidate])
        limits = self._quota | ({country: self._quota[country] + quota} if quota else {})
        terms = None if wider is None else (wider[0], self._terms(*wider, *self._widened(*wider)))
        if row is None:
            self._set_apart(None)
            return self._walked(limits, wider=terms)
        self._set_apart(candidate)
        self._enter_row(candidate, _line(len(self._market.seats), row.seat, row.key))
        before, self._some[candidate] = self._some[candidate], len(row.seat) > 0
        try:
            return self._walked(limits, candidate, terms)
        finally:
            self._some[candidate] = before

    def _widened(self, seat: int, more: int) -> tuple[int, int]:
        """Return the free places of a seat with so many more, and the share of one country in them."""
        market = self._market
        wider = replace(market.seats[seat], capacity=market.seats[seat].capacity + more)
        return market.free[seat] + more, market.rules.share_of(wider)

    # Parts

    def _walked(
        self, quota: dict[int, int], alone: int | None = None, wider: tuple[int, Terms] | None = None
    ) -> list[int] | None:
        """Return the matching after all rounds, with other terms of a seat if given; each round is restored afterwards.

        If only the candidate `alone` matters, it may return as soon as it is sure that he or she is out, without all
        other seats.
        """
        kept: list[tuple[_Round, dict[str, Any], set[int]]] = []
        out: set[int] = set()
        try:
            for number in count():
                here = self._rounds[min(number, len(self._rounds) - 1)]
                if number < len(self._rounds):
                    kept.append((here, here.book.saved(), set(here.absent)))
                    if wider is not None:
                        resize(here.book, *wider)
                for candidate in sorted(here.absent ^ out):
                    _toggle(here, candidate)
                beyond = self._beyond(here.book, quota)
                assigned = here.book.at[: len(self._country)]
                if not beyond:
                    return None if self._floor_asks(assigned, out) else assigned.tolist()
                if alone in beyond and not self._floors:
                    break
                out |= beyond
        finally:
            for here, book, absent in kept:
                here.book.restore(book)
                here.absent = absent
        return [UNMATCHED] * len(self._country)

    def _beyond(self, book: Book, quota: dict[int, int]) -> set[int]:
        """Return who leaves the pool next.

        As many as a country is above its ceiling, those whom their seats value least.
        """
        at = book.at[: len(self._country)]
        sent = np.bincount(self._country[at != NOWHERE], minlength=len(self._market.countries))
        beyond: set[int] = set()
        for country, most in quota.items():
            above = int(sent[country]) - max(0, most)
            if above > 0:
                placed = np.flatnonzero((self._country == country) & (at != NOWHERE))
                order = np.lexsort((placed, book.key[placed, at[placed]]))
                beyond.update(placed[order[:above]].tolist())
        return beyond

    def _floor_asks(self, assigned: Integers, out: set[int]) -> bool:
        """Return whether a country is below its floor and has a candidate who might be put before others."""
        for country, least in self._floors.items():
            own = self._country == country
            if np.count_nonzero(own & (assigned != NOWHERE)) < least:
                waiting = np.flatnonzero(own & (assigned == NOWHERE) & self._some).tolist()
                if not out.issuperset(waiting):
                    return True
        return False

    def _set_apart(self, candidate: int | None) -> None:
        """Take a candidate out of all rounds, to enter again with other rows; the one taken out before returns."""
        if self._apart is not None and self._apart[0] == candidate:
            return
        if self._apart is not None:
            returning, line = self._apart
            self._apart = None
            self._enter_row(returning, line)
            for here in self._rounds:
                if returning in here.absent and returning not in here.left:
                    _toggle(here, returning)
        if candidate is not None:
            line = Line(self._whole.own[candidate].copy(), self._whole.key[candidate].copy())
            for here in self._rounds:
                if candidate not in here.absent:
                    _toggle(here, candidate)
            self._apart = candidate, line
        for here in self._rounds:
            climb(here.book, ())  # the lines are looked up once, not in every question

    def _enter_row(self, candidate: int, line: Line) -> None:
        """Enter the row in all rounds."""
        self._whole.set_row(candidate, int(self._country[candidate]), line)

    def _begun(self, assigned: Sequence[int], out: frozenset[int]) -> _Round:
        book = self._whole.beside()
        for seat in range(len(self._market.seats)):
            self._terms(seat).of(book, seat)
        for candidate, seat in enumerate(assigned):
            if candidate not in out:
                book.settle(candidate, seat)
        climb(book, ())
        return _Round(book, set(out))

    def _terms(self, seat: int, more: int = 0, free: int | None = None, share: int | None = None) -> Terms:
        market = self._market
        most = market.shares[seat] if share is None else share
        places = market.seats[seat].capacity + more
        return Terms(market.free[seat] if free is None else free, most, market.used[seat], bound=most < places)


def _toggle(here: _Round, candidate: int) -> None:
    """Let a candidate enter or leave a round."""
    if candidate in here.absent:
        here.absent.discard(candidate)
        here.book.enter([candidate])
    else:
        here.absent.add(candidate)
        improve(here.book, here.book.remove(candidate))
    here.book.before.clear()


def _run(market: Market) -> list[tuple[list[int], frozenset[int]]]:
    """Return the matching of each round, and who has left the pool before."""
    rounds, out = [], frozenset[int]()
    while True:
        assigned, keys = matched(market, out)
        rounds.append((assigned, out))
        beyond = beyond_ceilings(market, assigned, keys)
        if not beyond:
            return rounds
        out |= beyond


def _whole(market: Market, pairs: Pairs) -> Book:
    """Return a book with the rows of all, in which nobody is matched."""
    book = Book(len(market.candidates), len(market.seats), len(market.countries))
    book.country[: len(market.country)] = market.country
    owner = pairs.owner
    before = np.arange(len(owner)) - pairs.starts[owner]
    book.own[owner, pairs.seat] = (len(market.seats) - before) << _RANK
    book.key[owner, pairs.seat] = pairs.key
    book.roughen(len(market.candidates))
    return book


def _line(seats: int, wishes: Integers, keys: Integers) -> Line:
    """Return a row, best seat first, as a line over all seats."""
    own, key = np.zeros(seats, np.int64), np.zeros(seats, np.int64)
    own[wishes] = (seats - np.arange(len(wishes))) << _RANK
    key[wishes] = keys
    return Line(own, key)
